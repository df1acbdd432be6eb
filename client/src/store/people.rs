//! Who is here.
//!
//! The server tells all of it, or what changed since a version. A change counts only where the page
//! has that version, so that a leave never beats the join that it belongs to; where it has not, the
//! server tells all of it again.

use super::live::Live;
use super::{set, signal};
use nowcast_shared::id::PublicId;
use nowcast_shared::signal::{NAMED, Person, Presence, PresenceState, Transports};

/// Who is here.
#[derive(Clone, Copy)]
pub struct People(Live<Known>);

#[derive(Clone, Default, PartialEq)]
struct Known {
    version: u64,
    count: Option<u64>,
    transports: Transports,
    /// Those with a name, in the order of their names.
    people: Vec<Person>,
    /// Whether names are told in a room as full as this one.
    told: bool,
    /// The version that changes of `people` have to continue; `None` until all of them are told.
    named: Option<u64>,
}

/// Who came and went, or has another name than before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Who was not here before.
    pub joined: Vec<Person>,
    /// Who is not here any more.
    pub left: Vec<Person>,
    /// Who has another name: the earlier one first.
    pub renamed: Vec<(String, Person)>,
}

impl News {
    /// All of it but what is about this one.
    pub(super) fn without(mut self, id: &PublicId) -> Self {
        self.joined.retain(|person| person.id != *id);
        self.left.retain(|person| person.id != *id);
        self.renamed.retain(|(_, person)| person.id != *id);
        self
    }
}

impl People {
    pub(super) fn new() -> Self {
        Self(signal(Known::default()))
    }

    /// Open pages, not counting admin pages; `None` until the server has said it.
    pub fn count(self) -> Option<u64> {
        self.0.with(|known| known.count)
    }

    /// By which way they are connected.
    pub fn transports(self) -> Transports {
        self.0.with(|known| known.transports)
    }

    /// Those with a name, in the order of their names; `None` in a room where only a count is told.
    pub fn named(self) -> Option<Vec<Person>> {
        self.0.with(|known| known.told.then(|| known.people.clone()))
    }

    /// Begins anew: versions start over when the server does.
    pub(super) fn reset(self, state: PresenceState) {
        let PresenceState { version, count, transports, people } = state;
        let (people, told, named) = (sorted(people), few(count), Some(version));
        set(self.0, Known { version, count: Some(count), transports, people, told, named });
    }

    /// A connection that resumes hears no snapshot, and its server may count from the beginning.
    pub(super) fn forget_version(self) {
        self.0.update(|known| {
            known.version = 0;
            known.named = None;
        });
    }

    /// Takes in a change, unless it is older than what is known, and says what is worth a word.
    pub(super) fn update(self, now: Presence) -> News {
        let mut known = self.0.get_untracked();
        let mut news = News::default();
        if now.version < known.version {
            return news;
        }
        let Presence { version, count, joined, left, since, people, transports } = now;
        if let Some(people) = people {
            known.people = sorted(people);
            known.named = Some(version);
            known.told = few(count);
        } else if since.is_some() && since == known.named {
            known.named = Some(version);
            news = known.change(joined, &left);
        } else if !few(count) {
            known.named = None;
            known.told = false;
            known.people.clear();
        } else if since.is_some() {
            // Something is missing in between.
            known.named = None;
        }
        known.version = version;
        known.count = Some(count);
        known.transports = transports;
        set(self.0, known);
        news
    }
}

impl Known {
    fn change(&mut self, joined: Vec<Person>, left: &[PublicId]) -> News {
        let mut news = News::default();
        for id in left {
            if let Some(place) = self.people.iter().position(|person| person.id == *id) {
                news.left.push(self.people.remove(place));
            }
        }
        for person in joined {
            let known = |other: &&mut Person| other.id == person.id;
            if let Some(known) = self.people.iter_mut().find(known) {
                if known.name != person.name {
                    let before = std::mem::replace(&mut known.name, person.name.clone());
                    news.renamed.push((before, person));
                }
                continue;
            }
            // Who leaves and comes in one breath goes by another name now, or was never gone.
            let back = news.left.iter().position(|gone| gone.id == person.id);
            match back.map(|place| news.left.remove(place)) {
                Some(gone) if gone.name != person.name => {
                    news.renamed.push((gone.name, person.clone()));
                }
                Some(_) => {}
                None => news.joined.push(person.clone()),
            }
            self.people.push(person);
        }
        self.people = sorted(std::mem::take(&mut self.people));
        news
    }
}

/// Whether a room of this size tells names.
fn few(count: u64) -> bool {
    usize::try_from(count).is_ok_and(|count| count <= NAMED)
}

fn sorted(mut people: Vec<Person>) -> Vec<Person> {
    people.sort_by(|one, other| one.name.cmp(&other.name).then_with(|| one.id.cmp(&other.id)));
    people
}

#[cfg(all(test, not(target_arch = "wasm32")))]
#[path = "people_tests.rs"]
mod tests;
