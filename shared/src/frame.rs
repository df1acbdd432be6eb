//! Frames: the envelopes on the wire, one enum per direction. The same on every transport.

use crate::chat::Chat;
use crate::command::Command;
use crate::error::{Code, Reason};
use crate::event::Logged;
use crate::id::{CommandId, PublicId, RoomName};
use crate::item::Item;
use crate::offset::{Epoch, Offset};
use crate::room::Settings;
use crate::signal::{PresenceState, Signal};
use crate::stage::Piece;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this contract that `welcome` names.
pub const PROTOCOL: u32 = 1;

/// The WebSocket subprotocol that carries it.
pub const SUBPROTOCOL: &str = "nowcast.v1";

/// From the server to a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ServerFrame"))]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerFrame<J, V = J> {
    /// The first frame of a session: where it begins.
    Welcome(Welcome<J, V>),
    /// Something happened and is kept.
    Event(Logged<J, V>),
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
        /// Whether what was said waits for approval.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
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
        data: V,
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Welcome"))]
pub struct Welcome<J, V = J> {
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
    pub snapshot: Option<Snapshot<J, V>>,
    /// Whether the server runs with `--open`: anyone may publish.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Whether the server counts what links are clicked, where nobody minds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counts: bool,
}

/// A room as it is at one offset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Snapshot"))]
pub struct Snapshot<J, V = J> {
    /// What the room is called.
    #[serde(default)]
    pub title: String,
    /// The newest items, oldest first; at most [`SNAPSHOT_ITEMS`].
    pub items: Vec<Item<J>>,
    /// Whether there are older items than these.
    #[serde(default)]
    pub more: bool,
    /// The stage's pieces.
    #[serde(default)]
    pub pieces: Vec<Piece>,
    /// Shared variables.
    #[serde(default = "BTreeMap::<String, Variable<V>>::new")]
    pub variables: BTreeMap<String, Variable<V>>,
    /// The newest words of the chat.
    #[serde(default)]
    pub chat: Chat,
    /// What the room is set to.
    #[serde(default)]
    pub settings: Settings,
    /// Who is here.
    #[serde(default)]
    pub presence: PresenceState,
}

/// A shared variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Variable"))]
pub struct Variable<V> {
    /// Any JSON.
    pub value: V,
    /// Grows with every change: where the last one stands in the log.
    pub version: u64,
}

/// How many items a snapshot holds at most.
pub const SNAPSHOT_ITEMS: usize = 50;

/// From a page to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PageFrame"))]
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
