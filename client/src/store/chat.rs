//! The chat: what was said, what this page is saying, who is writing, who came and went.
//!
//! Words have a signal of their own, so that an edit redraws those words alone. Older ones come by
//! request while events keep coming; what happens to words in between is remembered and done again
//! to the answer, which may be from before.

use super::feed::Older;
use super::live::Live;
use super::people::News;
use super::{set, signal};
use crate::dom;
use leptos::prelude::*;
use nowcast_shared::chat::{Chat as Newest, Said};
use nowcast_shared::id::{PublicId, SaidId};
use nowcast_shared::item::Author;
use nowcast_shared::offset::Offset;

/// Something that somebody said.
#[derive(Clone)]
pub struct Entry {
    /// The key of its place in the page's list.
    pub key: u64,
    /// Which words.
    pub id: SaidId,
    /// Where they were said.
    pub offset: Offset,
    /// When they were said, in Unix milliseconds.
    pub at: i64,
    /// When they were said, by this page's own clock as far as it knows.
    pub heard: i64,
    /// Who said them.
    pub by: Author,
    /// What that somebody went by.
    pub name: String,
    /// The words as they are now.
    pub words: ArcRwSignal<Words>,
}

/// What was said, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Plain text.
    pub text: String,
    /// When it was last edited, in Unix milliseconds.
    pub edited_at: Option<i64>,
}

/// Words of this page that the server has not shown yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mine {
    /// Which of this page's words.
    pub number: u64,
    /// What.
    pub text: String,
    /// Whether an admin has to approve them.
    pub held: bool,
    /// Where they will be in the log, once that is known.
    offset: Option<Offset>,
}

/// Somebody is writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typist {
    /// Who.
    pub id: PublicId,
    /// What that somebody goes by.
    pub name: String,
    /// Until when that is believed, by this page's clock.
    pub until: i64,
}

/// People came, went, or changed their names, between two words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its key; another one whenever it says something else.
    pub key: u64,
    /// The words before it.
    pub after: Offset,
    /// By this page's clock.
    at: i64,
    /// Who came.
    pub joined: Vec<String>,
    /// Who went.
    pub left: Vec<String>,
    /// Who has another name, the earlier one first.
    pub renamed: Vec<(String, String)>,
}

/// A request for older words under way.
#[derive(Debug)]
pub struct Request {
    /// Words before these are asked for.
    pub before: Offset,
    generation: u32,
}

/// See the module.
#[derive(Clone, Copy)]
pub struct Chat {
    /// Oldest first.
    pub said: Live<Vec<Entry>>,
    /// What lies before the first.
    pub older: Live<Older>,
    /// What this page is saying, in that order.
    pub mine: Live<Vec<Mine>>,
    /// Who is writing, the longest first.
    pub typists: Live<Vec<Typist>>,
    /// Who came and went.
    pub notes: Live<Vec<Note>>,
    /// Up to where the reader has had the words in view.
    pub seen: Live<Option<Offset>>,
    /// Whether it is known what was said.
    pub ready: Live<bool>,
    hidden: StoredValue<Hidden>,
}

/// What no view looks at.
#[derive(Default)]
struct Hidden {
    /// Grows whenever the list begins anew.
    generation: u32,
    /// How many keys were given.
    keys: u64,
    /// What happened to words that are not in the list while older ones were under way.
    meanwhile: Vec<(SaidId, Option<Words>)>,
}

/// Beyond this many words the oldest are dropped while the reader is at the end.
const MOST: usize = 400;
const KEPT: usize = 200;
/// How long somebody is believed to be writing, in milliseconds.
const WRITING: i64 = 5_000;
/// Who comes within this time of another is named in the same breath, in milliseconds.
const BREATH: i64 = 60_000;
/// So many notes are kept.
const NOTES: usize = 30;

impl Chat {
    pub(super) fn new() -> Self {
        Self {
            said: signal(Vec::new()),
            older: signal(Older::End),
            mine: signal(Vec::new()),
            typists: signal(Vec::new()),
            notes: signal(Vec::new()),
            seen: signal(None),
            ready: signal(false),
            hidden: StoredValue::new(Hidden::default()),
        }
    }

    fn key(self) -> u64 {
        let mut key = 0;
        self.hidden.update_value(|hidden| {
            hidden.keys += 1;
            key = hidden.keys;
        });
        key
    }

    fn entry(self, said: Said, heard: i64) -> Entry {
        let Said { id, offset, at, by, name, text, edited_at } = said;
        let words = ArcRwSignal::new(Words { text, edited_at });
        Entry { key: self.key(), id, offset, at, heard, by, name, words }
    }

    /// Takes a whole new list. Words that are in both keep their place on the page.
    pub(crate) fn replace(self, newest: Newest) {
        let old = self.said.get_untracked();
        let mut entries = Vec::with_capacity(newest.said.len());
        for said in newest.said {
            let known = old.iter().find(|entry| entry.id == said.id && entry.offset == said.offset);
            if let Some(entry) = known {
                entry.put(Words { text: said.text, edited_at: said.edited_at });
                entries.push(entry.clone());
            } else {
                let at = said.at;
                entries.push(self.entry(said, at));
            }
        }
        self.hidden.update_value(|hidden| {
            hidden.generation += 1;
            hidden.meanwhile.clear();
        });
        let first = entries.first().map_or(Offset(0), |entry| entry.offset);
        let last = entries.last().map_or(Offset(0), |entry| entry.offset);
        // A room that began anew counts from the beginning.
        self.seen.update(|seen| *seen = seen.filter(|seen| *seen <= last));
        self.notes.update(|notes| notes.retain(|note| (first..=last).contains(&note.after)));
        self.mine.update(|mine| mine.retain(|mine| !mine.is_among(&entries)));
        self.said.set(entries);
        set(self.older, if newest.more { Older::More } else { Older::End });
        set(self.ready, true);
    }

    /// Somebody said something; `own`: this page's person.
    pub(super) fn say(self, said: Said, own: bool) {
        if self.said.with_untracked(|all| all.iter().any(|entry| entry.id == said.id)) {
            return;
        }
        self.typists.update(|typists| typists.retain(|typist| typist.id != said.by.id));
        if own {
            self.mine.update(|mine| {
                let same = |mine: &Mine| match mine.offset {
                    Some(offset) => offset == said.offset,
                    None => mine.text == said.text,
                };
                if let Some(place) = mine.iter().position(same) {
                    mine.remove(place);
                }
            });
        }
        let entry = self.entry(said, dom::now());
        self.said.update(|all| {
            // They come in order, so that this is the end.
            let place = all.partition_point(|other| other.offset < entry.offset);
            all.insert(place, entry);
        });
    }

    /// Words are other words now.
    pub(super) fn edit(self, id: &SaidId, words: Words) {
        match self.find(id) {
            Some(entry) => entry.put(words),
            None => self.remember(id, Some(words)),
        }
    }

    /// Words are gone.
    pub(super) fn delete(self, id: &SaidId) {
        match self.find(id) {
            Some(_) => self.said.update(|all| all.retain(|entry| entry.id != *id)),
            None => self.remember(id, None),
        }
    }

    fn remember(self, id: &SaidId, words: Option<Words>) {
        if self.older.get_untracked() == Older::Loading {
            self.hidden.update_value(|hidden| hidden.meanwhile.push((id.clone(), words)));
        }
    }

    /// The words with this name, if they are in the list.
    pub fn find(self, id: &SaidId) -> Option<Entry> {
        self.said.with_untracked(|all| all.iter().find(|entry| entry.id == *id).cloned())
    }

    /// Begins to load older words; `None` if there are none, or some are on the way.
    pub fn ask_older(self) -> Option<Request> {
        if matches!(self.older.get_untracked(), Older::Loading | Older::End) {
            return None;
        }
        let before = self.said.with_untracked(|all| all.first().map(|entry| entry.offset))?;
        self.older.set(Older::Loading);
        let mut generation = 0;
        self.hidden.update_value(|hidden| {
            // The answer knows what happened before it was asked for.
            hidden.meanwhile.clear();
            generation = hidden.generation;
        });
        Some(Request { before, generation })
    }

    /// Takes in the answer: words newest first, and whether there are more; or why not.
    #[expect(clippy::needless_pass_by_value, reason = "a request has one answer")]
    pub fn got_older(self, request: Request, answer: Result<(Vec<Said>, bool), String>) {
        if request.generation != self.hidden.with_value(|hidden| hidden.generation) {
            return;
        }
        let (said, more) = match answer {
            Ok(page) => page,
            Err(detail) => return self.older.set(Older::Failed(detail)),
        };
        let mut older = Vec::with_capacity(said.len());
        for said in said.into_iter().rev().filter(|said| said.offset < request.before) {
            let at = said.at;
            older.push(self.entry(said, at));
        }
        let mut meanwhile = Vec::new();
        self.hidden.update_value(|hidden| meanwhile = std::mem::take(&mut hidden.meanwhile));
        for (id, words) in meanwhile {
            match words {
                None => older.retain(|entry| entry.id != id),
                Some(words) => {
                    if let Some(entry) = older.iter().find(|entry| entry.id == id) {
                        entry.put(words);
                    }
                }
            }
        }
        self.said.update(|all| drop(all.splice(..0, older)));
        self.older.set(if more { Older::More } else { Older::End });
    }

    /// Drops the oldest of very many words; they can be loaded again.
    pub fn trim(self) {
        if self.said.with_untracked(Vec::len) > MOST {
            self.hidden.update_value(|hidden| hidden.generation += 1);
            self.said.update(|all| drop(all.drain(..all.len() - KEPT)));
            self.older.set(Older::More);
        }
    }

    /// This page begins to say something; the number is for what comes of it.
    pub fn begin(self, text: String) -> u64 {
        let number = self.key();
        self.mine.update(|mine| mine.push(Mine { number, text, held: false, offset: None }));
        number
    }

    /// The server has it. Words that are in the log are shown by their event.
    pub fn taken(self, number: u64, offset: Option<Offset>, held: bool) {
        self.mine.update(|mine| {
            if let Some(mine) = mine.iter_mut().find(|mine| mine.number == number) {
                mine.held = held;
                mine.offset = offset;
            }
        });
        let here = |mine: &Mine| self.said.with_untracked(|all| mine.is_among(all));
        self.mine.update(|mine| mine.retain(|mine| !here(mine)));
    }

    /// The server would not have it, or nobody waits for it any more.
    pub fn forget(self, number: u64) {
        self.mine.update(|mine| mine.retain(|mine| mine.number != number));
    }

    /// Somebody is writing.
    pub(super) fn writes(self, id: PublicId, name: String) {
        let until = dom::now() + WRITING;
        self.typists.update(|typists| match typists.iter_mut().find(|typist| typist.id == id) {
            Some(typist) => (typist.name, typist.until) = (name, until),
            None => typists.push(Typist { id, name, until }),
        });
    }

    /// Whoever has not written for a while is not writing any more.
    pub fn rest(self, now: i64) {
        if self.typists.with_untracked(|all| all.iter().any(|typist| typist.until <= now)) {
            self.typists.update(|all| all.retain(|typist| typist.until > now));
        }
    }

    /// Notes who came and went. Those of one breath share a note, so that a crowd is one line.
    pub(super) fn note(self, news: News) {
        if news == News::default() {
            return;
        }
        let now = dom::now();
        let after = self.said.with_untracked(|all| all.last().map_or(Offset(0), |it| it.offset));
        let mut notes = self.notes.get_untracked();
        let breath = |note: &Note| note.after == after && now - note.at < BREATH;
        let mut note = match notes.pop_if(|note| breath(note)) {
            Some(note) => note,
            None => Note {
                key: 0,
                after,
                at: now,
                joined: Vec::new(),
                left: Vec::new(),
                renamed: Vec::new(),
            },
        };
        for person in news.left {
            // Somebody who was there for a moment is not worth a word.
            match note.joined.iter().position(|name| *name == person.name) {
                Some(place) => drop(note.joined.remove(place)),
                None => note.left.push(person.name),
            }
        }
        for person in news.joined {
            match note.left.iter().position(|name| *name == person.name) {
                Some(place) => drop(note.left.remove(place)),
                None => note.joined.push(person.name),
            }
        }
        for (before, person) in news.renamed {
            match note.joined.iter_mut().find(|name| **name == before) {
                Some(name) => *name = person.name,
                None => note.renamed.push((before, person.name)),
            }
        }
        note.key = self.key();
        notes.push(note);
        if notes.len() > NOTES {
            notes.remove(0);
        }
        self.notes.set(notes);
    }

    /// How many words of others came after `seen`, and how many of them are meant for `me`.
    pub fn unseen(self, seen: Offset, me: &PublicId, meant: impl Fn(&str) -> bool) -> (u64, u64) {
        let (mut count, mut mine) = (0, 0);
        self.said.with(|all| {
            let new = all.iter().rev().take_while(|entry| entry.offset > seen);
            for entry in new.filter(|entry| entry.by.id != *me) {
                count += 1;
                mine += u64::from(entry.words.with_untracked(|words| meant(&words.text)));
            }
        });
        (count, mine)
    }

    /// Where the newest words stand. Reading it tracks the list.
    pub fn newest(self) -> Offset {
        self.said.with(|all| all.last().map_or(Offset(0), |entry| entry.offset))
    }
}

impl Entry {
    fn put(&self, words: Words) {
        if self.words.with_untracked(|now| *now != words) {
            self.words.set(words);
        }
    }
}

impl Mine {
    fn is_among(&self, entries: &[Entry]) -> bool {
        self.offset.is_some_and(|offset| entries.iter().any(|entry| entry.offset == offset))
    }
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
