//! Signals: what happened in a room and is not kept. A page that was away gets only what is so now.

use crate::id::{PieceId, PublicId};
use serde::{Deserialize, Serialize};

/// What is so at the moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Signal {
    /// Who is here.
    Presence(Presence),
    /// Somebody has the lease of a piece, or nobody.
    PieceHeld {
        /// Which one.
        piece: PieceId,
        /// Who; null: it is free.
        by: Option<PublicId>,
        /// What that somebody goes by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A piece is on its way.
    PieceMoving {
        /// Which one.
        piece: PieceId,
        /// See [`crate::stage::Piece::x`].
        x: f64,
        /// See [`crate::stage::Piece::y`].
        y: f64,
        /// Who moves it.
        by: PublicId,
    },
    /// Somebody is writing in the chat.
    Typing {
        /// Who.
        by: PublicId,
        /// What that somebody goes by.
        name: String,
    },
    /// To this page alone: how others see it, since that changed.
    You {
        /// Its public id.
        you: PublicId,
        /// What it goes by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// As which user it is registered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
    /// To admin pages alone: how many words wait for approval.
    Held {
        /// How many.
        count: u64,
    },
    /// To admin pages alone: how many items wait for approval.
    Queued {
        /// How many.
        count: u64,
    },
}

/// How many pages are open, and who came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Presence {
    /// Grows with every change, so that an older state never overwrites a newer one.
    pub version: u64,
    /// Open pages, not counting admin pages.
    pub count: u64,
    /// Who came since the version before; who was here already goes by another name now.
    #[serde(default)]
    pub joined: Vec<Person>,
    /// Who left since the version before.
    #[serde(default)]
    pub left: Vec<PublicId>,
    /// The version that `joined` and `left` are relative to; absent where neither tells anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Everybody with a name, where this is not relative to anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<Vec<Person>>,
    /// By which way the counted pages are connected.
    #[serde(default)]
    pub transports: Transports,
}

/// Who is here, in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

impl PresenceState {
    /// Takes in what came after it; false where that is old, or continues something else, so that
    /// nothing changed.
    pub fn apply(&mut self, news: &Presence) -> bool {
        if news.version <= self.version || news.since.is_some_and(|since| since != self.version) {
            return false;
        }
        if let Some(people) = &news.people {
            self.people.clone_from(people);
        }
        let gone = |person: &Person| {
            news.left.contains(&person.id) || news.joined.iter().any(|new| new.id == person.id)
        };
        self.people.retain(|person| !gone(person));
        self.people.extend(news.joined.iter().cloned());
        (self.version, self.count, self.transports) = (news.version, news.count, news.transports);
        true
    }
}

/// Somebody who is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Person {
    /// Their public id.
    pub id: PublicId,
    /// What they go by.
    pub name: String,
}

/// Counts of open pages by transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Transports {
    /// On a WebSocket.
    pub websocket: u64,
    /// On a server-sent event stream.
    pub sse: u64,
    /// On a long poll, or between two of them.
    pub poll: u64,
    /// By another protocol: Socket.IO. Left out where there are none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub bridge: u64,
}

// In WebAssembly a reference is smaller than this number.
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")
)]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// In rooms with more people than this only a count is told.
pub const NAMED: usize = 200;
