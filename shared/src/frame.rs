//! Frames: the envelopes on the wire, one enum per direction. The same on every transport.

use crate::command::Command;
use crate::error::{Code, Reason};
use crate::event::Logged;
use crate::id::{CommandId, PublicId, RoomName};
use crate::item::Item;
use crate::offset::{Epoch, Offset};
use crate::signal::{PresenceState, Signal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this contract that `welcome` names.
pub const PROTOCOL: u32 = 1;

/// The WebSocket subprotocol that carries it.
pub const SUBPROTOCOL: &str = "nowcast.v1";

/// From the server to a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerFrame<J> {
    /// The first frame of a session: where it begins.
    Welcome(Welcome<J>),
    /// Something happened and is kept.
    Event(Logged<J>),
    /// Something happened and is not kept.
    Signal {
        /// What.
        signal: Signal,
    },
    /// A command took effect.
    Ack {
        /// Which one; absent if it had no id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<CommandId>,
        /// Where the event it made stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<Offset>,
    },
    /// A command, or a frame that could not be read, had no effect.
    Reject {
        /// Which one; null if that could not be read.
        command: Option<CommandId>,
        /// For programs.
        code: Code,
        /// For people.
        message: String,
    },
    /// For this user alone.
    Push {
        /// Its name.
        id: String,
        /// Whatever was sent.
        data: J,
    },
    /// The answer to a ping; on SSE also a sign of life.
    Pong,
    /// The last frame of a session.
    Goodbye {
        /// Why it ends.
        reason: Reason,
        /// Whether to come back.
        reconnect: bool,
    },
}

/// How a session begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome<J> {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// Where the page is.
    pub room: RoomName,
    /// How others see it.
    pub you: PublicId,
    /// The log's life.
    pub epoch: Epoch,
    /// The events from `offset + 1` on follow.
    pub offset: Offset,
    /// Whether they continue what the page had.
    pub recovered: bool,
    /// The room as of `offset`, if they do not.
    pub snapshot: Option<Snapshot<J>>,
    /// Whether the server runs with `--open`: anyone may publish.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// A room as it is at one offset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot<J> {
    /// What the room is called.
    #[serde(default)]
    pub title: String,
    /// The newest items, oldest first; at most [`SNAPSHOT_ITEMS`].
    pub items: Vec<Item<J>>,
    /// Whether there are older items than these.
    #[serde(default)]
    pub more: bool,
    /// The stage's pieces; none yet.
    #[serde(default = "Vec::new")]
    pub pieces: Vec<J>,
    /// Shared variables; none yet.
    #[serde(default = "BTreeMap::new")]
    pub variables: BTreeMap<String, J>,
    /// Who is here.
    #[serde(default)]
    pub presence: PresenceState,
}

/// How many items a snapshot holds at most.
pub const SNAPSHOT_ITEMS: usize = 50;

/// From a page to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum PageFrame<J> {
    /// Asks for something.
    Command {
        /// To match the answer with; a repeat with the same id takes effect once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<CommandId>,
        /// What.
        command: Command<J>,
    },
    /// Asks whether the server is there.
    Ping,
}
