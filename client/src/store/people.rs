//! Who is here.

use super::set;
use leptos::prelude::*;
use nowcast_shared::signal::{Presence, PresenceState, Transports};

/// How many pages are open in the room.
#[derive(Clone, Copy)]
pub struct People {
    version: RwSignal<u64>,
    /// Open pages, not counting admin pages; `None` until the server has said it.
    pub count: RwSignal<Option<u64>>,
    /// By which way they are connected.
    pub transports: RwSignal<Transports>,
}

impl People {
    pub(super) fn new() -> Self {
        Self {
            version: RwSignal::new(0),
            count: RwSignal::new(None),
            transports: RwSignal::new(Transports::default()),
        }
    }

    /// Begins anew: versions start over when the server does.
    pub(super) fn reset(self, state: &PresenceState) {
        self.version.set(state.version);
        set(self.count, Some(state.count));
        set(self.transports, state.transports);
    }

    /// A connection that resumes hears no snapshot, and its server may count from the beginning.
    pub(super) fn forget_version(self) {
        self.version.set(0);
    }

    /// Takes in a change, unless it is older than what is known.
    pub(super) fn update(self, now: &Presence) {
        if now.version >= self.version.get_untracked() {
            self.version.set(now.version);
            set(self.count, Some(now.count));
            set(self.transports, now.transports);
        }
    }
}
