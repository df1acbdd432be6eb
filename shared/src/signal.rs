//! Signals: what happened in a room and is not kept. A page that was away gets only what is so now.

use crate::id::PublicId;
use serde::{Deserialize, Serialize};

/// What is so at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Signal {
    /// Who is here.
    Presence(Presence),
}

/// How many pages are open, and who came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Grows with every change, so that an older state never overwrites a newer one.
    pub version: u64,
    /// Open pages, not counting admin pages.
    pub count: u64,
    /// Who came since the version before.
    #[serde(default)]
    pub joined: Vec<Person>,
    /// Who left since the version before.
    #[serde(default)]
    pub left: Vec<PublicId>,
    /// By which way the counted pages are connected.
    #[serde(default)]
    pub transports: Transports,
}

/// Who is here, in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceState {
    /// See [`Presence::version`].
    pub version: u64,
    /// See [`Presence::count`].
    pub count: u64,
    /// Those with a name.
    #[serde(default)]
    pub people: Vec<Person>,
    /// See [`Presence::transports`].
    #[serde(default)]
    pub transports: Transports,
}

/// Somebody who is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their public id.
    pub id: PublicId,
    /// What they go by.
    pub name: String,
}

/// Counts of open pages by transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transports {
    /// On a WebSocket.
    pub websocket: u64,
    /// On a server-sent event stream.
    pub sse: u64,
    /// On a long poll, or between two of them.
    pub poll: u64,
}
