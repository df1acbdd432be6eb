//! What a page knows, as signals: views read them and are redrawn by themselves.
//!
//! - [`feed`]: the items. [`stage`]: the pieces. [`people`]: who is here. [`me`]: who this page is.
//! - [`chat`]: what people say. [`variables`]: what server and pages share. [`notices`]: what is for
//!   this user alone.
//! - [`apply`]: how frames change all of it.
//!
//! Handles are `Copy`; the signals live as long as the owner under which the store was made. The
//! [`Parts`] themselves, some hundred bytes, stay for ever: a page makes one store, a desk one for
//! each login.

pub mod apply;
pub mod chat;
pub mod feed;
pub mod live;
pub mod me;
pub mod notices;
pub mod people;
pub mod stage;
pub mod variables;

use crate::link::plan::Status;
use crate::read::Json;
use chat::Chat;
use feed::Feed;
use leptos::prelude::*;
use live::Live;
use me::Me;
use notices::Notices;
use nowcast_shared::frame::Variable;
use nowcast_shared::room::Settings;
use people::People;
use stage::Stage;
use std::collections::BTreeMap;
use std::ops::Deref;
use variables::Variables;

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
    pub settings: Live<Settings>,
    /// Who this page is.
    pub me: Me,
    /// What the room is called; empty until the server has said it.
    pub title: Live<String>,
    /// Whether anyone may publish here (`--open`).
    pub open: Live<bool>,
    /// Whether the server counts which links are opened.
    pub counts: Live<bool>,
    /// How the connection stands.
    pub status: Live<Status>,
    /// What people say.
    pub chat: Chat,
    /// What server and pages share.
    pub variables: Variables,
    /// What is for this user alone.
    pub notices: Notices,
    /// Who else wants to hear of it; see [`Parts::tell`].
    listener: StoredValue<fn(News<'_>)>,
    /// Whether the browser has a network at all.
    pub online: Live<bool>,
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
            counts: signal(false),
            status: signal(Status::Connecting),
            chat: Chat::new(),
            variables: Variables::new(),
            notices: Notices::new(),
            listener: StoredValue::new(|_| {}),
            online: signal(true),
        };
        Self(Box::leak(Box::new(parts)))
    }
}

/// What scripts beside the page, or the desk, may want to hear of.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// Something came for this user alone.
    Push {
        /// Its name.
        id: &'a str,
        /// Whatever was sent.
        data: &'a Json,
    },
    /// A shared variable has a value, or none any more.
    Variable {
        /// Which one.
        name: &'a str,
        /// What, if it has one.
        variable: Option<&'a Variable<Json>>,
    },
    /// These are all the variables.
    Variables(&'a BTreeMap<String, Variable<Json>>),
    /// So many words wait for approval; only admin pages are told.
    Held(u64),
    /// So many items wait for approval; only admin pages are told.
    Queued(u64),
}

impl Parts {
    /// Has somebody told of the news.
    pub fn listen(&self, listener: fn(News<'_>)) {
        self.listener.set_value(listener);
    }

    fn tell(&self, news: News<'_>) {
        let listener = self.listener.get_value();
        listener(news);
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes a value that views follow.
pub(crate) fn signal<T: Send + Sync + 'static>(value: T) -> Live<T> {
    Live::new(value)
}

/// Sets a signal only where that changes something, so that nothing is redrawn in vain.
pub(crate) fn set<T: PartialEq + Send + Sync + 'static>(signal: Live<T>, value: T) {
    if signal.with_untracked(|now| *now != value) {
        signal.set(value);
    }
}
