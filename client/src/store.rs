//! What a page knows, as signals: views read them and are redrawn by themselves.
//!
//! - [`feed`]: the items. [`stage`]: the pieces. [`people`]: who is here. [`me`]: who this page is.
//! - [`apply`]: how frames change all of it.
//!
//! Handles are `Copy`; the signals live as long as the owner under which the store was made. The
//! [`Parts`] themselves, some hundred bytes, stay for ever: a page makes one store, a desk one for
//! each login.

pub mod apply;
pub mod feed;
pub mod me;
pub mod people;
pub mod stage;

use crate::link::plan::Status;
use feed::Feed;
use leptos::prelude::*;
use me::Me;
use nowcast_shared::room::Settings;
use people::People;
use stage::Stage;
use std::ops::Deref;

/// Everything that a page knows about its room. One pointer, however much that is: it is in every
/// closure of every view.
#[derive(Clone, Copy)]
pub struct Store(&'static Parts);

impl Deref for Store {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        self.0
    }
}

/// What a store is made of.
pub struct Parts {
    /// The items, and how far the page is in the room's log.
    pub feed: Feed,
    /// Who is here.
    pub people: People,
    /// The pieces that people drag.
    pub stage: Stage,
    /// What the room is set to.
    pub settings: RwSignal<Settings>,
    /// Who this page is.
    pub me: Me,
    /// What the room is called; empty until the server has said it.
    pub title: RwSignal<String>,
    /// Whether anyone may publish here (`--open`).
    pub open: RwSignal<bool>,
    /// How the connection stands.
    pub status: RwSignal<Status>,
    /// The last push that the page has seen.
    pub pushed: StoredValue<Option<String>>,
    /// Whether the browser has a network at all.
    pub online: RwSignal<bool>,
}

impl Store {
    /// An empty store, before the first word of the server.
    pub fn new() -> Self {
        let parts = Parts {
            feed: Feed::new(),
            people: People::new(),
            stage: Stage::new(),
            settings: signal(Settings::default()),
            me: Me::new(),
            title: signal(String::new()),
            open: signal(false),
            status: signal(Status::Connecting),
            pushed: StoredValue::new(None),
            online: signal(true),
        };
        Self(Box::leak(Box::new(parts)))
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
