//! What a page knows, as signals: views read them and are redrawn by themselves.
//!
//! - [`feed`]: the items. [`people`]: who is here. [`stage`]: the pieces.
//! - [`apply`]: how frames change all of it.
//!
//! Handles are `Copy`; the signals live as long as the owner under which the store was made.

pub mod apply;
pub mod feed;
pub mod people;
pub mod stage;

use crate::link::plan::Status;
use feed::Feed;
use leptos::prelude::*;
use nowcast_shared::room::Settings;
use people::People;
use stage::Stage;

/// Everything that a page knows about its room.
#[derive(Clone, Copy)]
pub struct Store {
    /// The items, and how far the page is in the room's log.
    pub feed: Feed,
    /// Who is here.
    pub people: People,
    /// The pieces that people drag.
    pub stage: Stage,
    /// What the room is set to.
    pub settings: RwSignal<Settings>,
    /// What the room is called; empty until the server has said it.
    pub title: RwSignal<String>,
    /// Whether anyone may publish here (`--open`).
    pub open: RwSignal<bool>,
    /// How the connection stands.
    pub status: RwSignal<Status>,
    /// Whether the browser has a network at all.
    pub online: RwSignal<bool>,
}

impl Store {
    /// An empty store, before the first word of the server.
    pub fn new() -> Self {
        Self {
            feed: Feed::new(),
            people: People::new(),
            stage: Stage::new(),
            settings: signal(Settings::default()),
            title: signal(String::new()),
            open: signal(false),
            status: signal(Status::Connecting),
            online: signal(true),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes a signal. Written once here, so that it is compiled once for each type and not at every use.
#[inline(never)]
pub(crate) fn signal<T: Send + Sync + 'static>(value: T) -> RwSignal<T> {
    RwSignal::new(value)
}

/// Sets a signal only where that changes something, so that nothing is redrawn in vain.
pub(crate) fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|now| *now != value) {
        signal.set(value);
    }
}
