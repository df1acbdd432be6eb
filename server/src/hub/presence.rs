//! What pages are told of who is here: all of it, or what changed since they were told last.

use super::people::People;
use crate::encoded::Encoded;
use crate::engine::mailbox::{Presence as Versioned, Signal};
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::PublicId;
use nowcast_shared::signal::{self as shared, Person, PresenceState};
use std::collections::HashMap;

/// What the room was told last.
#[derive(Default)]
pub(super) struct Announced {
    version: u64,
    /// Names by id; absent of a crowd, and before anything was told.
    named: Option<HashMap<PublicId, String>>,
}

/// The frame that tells all of it.
pub fn whole(state: PresenceState) -> String {
    let PresenceState { version, count, people, transports } = state;
    frame(shared::Presence { people: Some(people), ..told(version, count, transports) })
}

fn told(version: u64, count: u64, transports: shared::Transports) -> shared::Presence {
    shared::Presence { version, count, transports, ..Default::default() }
}

fn frame(presence: shared::Presence) -> String {
    let signal = shared::Signal::Presence(presence);
    // Signals hold nothing that JSON cannot write.
    serde_json::to_string(&ServerFrame::<()>::Signal { signal }).unwrap_or_default()
}

impl Announced {
    /// What is new, if anything is.
    pub(super) fn news(&mut self, people: &People) -> Option<Signal> {
        if self.version == people.version() {
            return None;
        }
        let version = people.version();
        let since = std::mem::replace(&mut self.version, version);
        let state = people.state();
        let now: HashMap<_, _> =
            state.people.iter().cloned().map(|Person { id, name }| (id, name)).collect();
        let crowd = people.is_crowd();
        let before = std::mem::replace(&mut self.named, (!crowd).then_some(now));
        let count = told(version, state.count, state.transports);
        let all = whole(state.clone());
        let news = match (before, &self.named) {
            (Some(before), Some(now)) => {
                let is_new = |person: &&Person| before.get(&person.id) != Some(&person.name);
                let joined = state.people.iter().filter(is_new).cloned().collect();
                let mut left: Vec<_> =
                    before.into_keys().filter(|id| !now.contains_key(id)).collect();
                left.sort();
                frame(shared::Presence { joined, left, since: Some(since), ..count })
            }
            // Of a crowd a count is all there is to tell: who was told the last one, or came then,
            // knows no names.
            (None, None) => frame(count),
            // The first of a crowd, or the first after it.
            _ => all.clone(),
        };
        let presence = Some(Versioned { version, since, whole: Encoded::new(&[&all]) });
        Some(Signal { key: None, encoded: Encoded::new(&[&news]), presence, except: None })
    }
}

#[cfg(test)]
mod tests;
