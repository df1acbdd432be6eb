//! Who is in a room: persons, not pages. A person has one tab or more, leaves some seconds after
//! the last of them, and keeps a name meanwhile.

use super::Transport;
use super::names::{Claim, Names};
use crate::clock;
use crate::engine::mailbox::SessionId;
use nowcast_shared::id::PublicId;
use nowcast_shared::signal::{NAMED, Person, PresenceState, Transports};
use std::collections::HashMap;
use std::time::Instant;

/// Everybody in a room.
pub(super) struct People {
    here: HashMap<PublicId, Somebody>,
    names: Names,
    version: u64,
    transports: Transports,
}

#[derive(Default)]
struct Somebody {
    /// Their pages, in the order in which they came, with the way of those that count.
    pages: Vec<(SessionId, Option<Transport>)>,
    /// The way by which they count; also for a while after the last page that did.
    counted: Option<Transport>,
    claim: Option<Claim>,
    /// What they go by.
    name: Option<String>,
    /// When they have left, unless they come back before.
    leaves: Option<Instant>,
}

impl Default for People {
    fn default() -> Self {
        Self::after(0)
    }
}

impl People {
    /// Nobody. Versions go on from where an earlier life of the room, or of the server, can have
    /// been: pages that come back know those. `version` is the newest of this server's; a crowd
    /// that comes and goes counts faster than the clock.
    pub(super) fn after(version: u64) -> Self {
        Self {
            here: HashMap::new(),
            names: Names::default(),
            version: u64::try_from(clock::now()).unwrap_or(0).max(version),
            transports: Transports::default(),
        }
    }
}

/// How many go by each way.
fn of(transports: &mut Transports, way: Transport) -> &mut u64 {
    match way {
        Transport::WebSocket => &mut transports.websocket,
        Transport::Sse => &mut transports.sse,
        Transport::Poll => &mut transports.poll,
        Transport::Bridge => &mut transports.bridge,
    }
}

impl People {
    /// A page of somebody is open. `way` is absent for one that does not count.
    pub(super) fn join(&mut self, who: &PublicId, page: SessionId, way: Option<Transport>) {
        let somebody = self.here.entry(who.clone()).or_default();
        somebody.pages.push((page, way));
        // A page that does not count changes nothing, also not that somebody is about to leave.
        if way.is_some() {
            somebody.leaves = None;
            self.count_by(who, way);
        }
    }

    /// A page of somebody is gone; whether that somebody has left at `leaves`, unless another page
    /// comes before.
    pub(super) fn leave(&mut self, who: &PublicId, page: SessionId, leaves: Instant) -> bool {
        let Some(somebody) = self.here.get_mut(who) else { return false };
        somebody.pages.retain(|(open, _)| *open != page);
        if let Some(way) = somebody.last() {
            self.count_by(who, Some(way));
            return false;
        }
        somebody.leaves = Some(leaves);
        true
    }

    /// Lets somebody go for whom it is time; whether there was somebody.
    pub(super) fn let_go(&mut self, who: &PublicId, now: Instant) -> bool {
        let Some(somebody) = self.here.get(who) else { return false };
        if somebody.leaves.is_none_or(|leaves| leaves > now) {
            return false;
        }
        self.forget(who);
        true
    }

    /// Somebody is gone at once, but for pages that do not count.
    pub(super) fn forget(&mut self, who: &PublicId) {
        self.count_by(who, None);
        let Some(somebody) = self.here.get_mut(who) else { return };
        somebody.leaves = None;
        if somebody.pages.is_empty() {
            if let Some(name) = &somebody.name {
                self.names.release(name);
            }
            self.here.remove(who);
        }
    }

    /// Somebody is to go by a name, or by none. Says who has to give way to an admin, and is called
    /// otherwise, too.
    pub(super) fn name(
        &mut self,
        who: &PublicId,
        claim: Option<Claim>,
        reserved: &dyn Fn(&str) -> bool,
    ) -> Option<PublicId> {
        let known = self.here.get(who).and_then(|somebody| somebody.claim.as_ref());
        // It stays what it is, also where it had to be told apart.
        if known == claim.as_ref() {
            return None;
        }
        let old = self.here.get(who).and_then(|somebody| somebody.name.clone());
        if let Some(old) = &old {
            self.names.release(old);
        }
        let mut displaced = None;
        let name = claim.as_ref().map(|claim| match claim {
            Claim::Own(name) => {
                displaced = self.displace(name, reserved);
                self.names.take(who, name, &|_| false)
            }
            Claim::Wish(name) | Claim::Given(name) => self.names.take(who, name, reserved),
        });
        let Some(somebody) = self.here.get_mut(who) else { return displaced };
        somebody.claim = claim;
        if somebody.name != name {
            somebody.name = name;
            self.version += u64::from(somebody.counted.is_some());
        }
        displaced
    }

    /// A name is an admin's from now on: whoever went by it goes by another. Says who.
    pub(super) fn displace(
        &mut self,
        name: &str,
        reserved: &dyn Fn(&str) -> bool,
    ) -> Option<PublicId> {
        let who = self.names.holder(name)?.clone();
        let somebody = self.here.get_mut(&who)?;
        let claim = somebody.claim.clone()?;
        if matches!(claim, Claim::Own(_)) {
            return None;
        }
        self.names.release(name);
        let folded = crate::name::fold(name);
        let reserved = |name: &str| name == folded || reserved(name);
        somebody.name = Some(self.names.take(&who, claim.name(), &reserved));
        self.version += u64::from(somebody.counted.is_some());
        Some(who)
    }

    /// What somebody asked to be called.
    pub(super) fn claim(&self, who: &PublicId) -> Option<&Claim> {
        self.here.get(who)?.claim.as_ref()
    }

    /// What somebody goes by.
    pub(super) fn name_of(&self, who: &PublicId) -> Option<&str> {
        self.here.get(who)?.name.as_deref()
    }

    /// The name that somebody would get who has no page here.
    pub(super) fn free(&self, wanted: &str, reserved: &dyn Fn(&str) -> bool) -> String {
        self.names.free(wanted, reserved)
    }

    /// Somebody's pages.
    pub(super) fn pages(&self, who: &PublicId) -> Vec<SessionId> {
        let pages = self.here.get(who).map_or(&[][..], |somebody| &somebody.pages);
        pages.iter().map(|(page, _)| *page).collect()
    }

    /// Whether nobody is here, nor about to come back.
    pub(super) fn is_empty(&self) -> bool {
        self.here.is_empty()
    }

    /// How many are here; each counts once.
    pub(super) fn count(&self) -> u64 {
        let Transports { websocket, sse, poll, bridge } = self.transports;
        websocket + sse + poll + bridge
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Whether there are so many that only a count is told.
    pub(super) fn is_crowd(&self) -> bool {
        self.count() > NAMED as u64
    }

    /// Everybody who counts and has a name, by their ids; nobody of a crowd.
    pub(super) fn named(&self) -> Vec<Person> {
        if self.is_crowd() {
            return Vec::new();
        }
        let named = self.here.iter().filter(|(_, somebody)| somebody.counted.is_some());
        let mut named: Vec<_> = named
            .filter_map(|(id, somebody)| {
                Some(Person { id: id.clone(), name: somebody.name.clone()? })
            })
            .collect();
        named.sort_by(|one, other| one.id.cmp(&other.id));
        named
    }

    /// As a snapshot tells it.
    pub(super) fn state(&self) -> PresenceState {
        PresenceState {
            version: self.version,
            count: self.count(),
            people: self.named(),
            transports: self.transports,
        }
    }

    /// Counts somebody by this way, or no more.
    fn count_by(&mut self, who: &PublicId, way: Option<Transport>) {
        let Some(somebody) = self.here.get_mut(who) else { return };
        let before = std::mem::replace(&mut somebody.counted, way);
        if before == way {
            return;
        }
        if let Some(before) = before {
            let count = of(&mut self.transports, before);
            *count = count.saturating_sub(1);
        }
        if let Some(way) = way {
            *of(&mut self.transports, way) += 1;
        }
        self.version += 1;
    }
}

impl Somebody {
    /// The way of the newest page that counts.
    fn last(&self) -> Option<Transport> {
        self.pages.iter().rev().find_map(|(_, way)| *way)
    }
}
