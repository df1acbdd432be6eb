//! Who is here.

use super::{set, signal};
use leptos::prelude::*;
use nowcast_shared::signal::{Presence, PresenceState, Transports};

/// How many pages are open in the room.
#[derive(Clone, Copy)]
pub struct People(RwSignal<Known>);

#[derive(Clone, Copy, Default, PartialEq)]
struct Known {
    version: u64,
    count: Option<u64>,
    transports: Transports,
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

    /// Begins anew: versions start over when the server does.
    pub(super) fn reset(self, state: &PresenceState) {
        let PresenceState { version, count, transports, .. } = *state;
        set(self.0, Known { version, count: Some(count), transports });
    }

    /// A connection that resumes hears no snapshot, and its server may count from the beginning.
    pub(super) fn forget_version(self) {
        self.0.update(|known| known.version = 0);
    }

    /// Takes in a change, unless it is older than what is known.
    pub(super) fn update(self, now: &Presence) {
        if self.0.with_untracked(|known| now.version >= known.version) {
            let Presence { version, count, transports, .. } = *now;
            set(self.0, Known { version, count: Some(count), transports });
        }
    }
}
