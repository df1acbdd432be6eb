//! Events: what happened in a room and is kept.

use crate::id::{ItemId, PieceId, SaidId};
use crate::item::{Author, Item};
use crate::offset::Offset;
use crate::room::Settings;
use crate::stage::Piece;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Event"))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event<J, V = J> {
    /// An item is new in the feed.
    ItemPublished {
        /// The item.
        item: Item<J>,
    },
    /// An item looks different.
    ItemEdited {
        /// As it is now, whole.
        item: Item<J>,
    },
    /// An item is gone.
    ItemDeleted {
        /// Which one.
        item: ItemId,
    },
    /// The room is called something else.
    RoomTitled {
        /// What.
        title: String,
    },
    /// The room is set otherwise.
    RoomSet {
        /// As it is now, whole.
        settings: Settings,
    },
    /// Somebody said something in the chat.
    Said {
        /// The words' name.
        id: SaidId,
        /// What that somebody goes by.
        name: String,
        /// Plain text.
        text: String,
    },
    /// Words are other words now.
    SaidEdited {
        /// Which.
        id: SaidId,
        /// What they are.
        text: String,
    },
    /// Words are gone.
    SaidDeleted {
        /// Which.
        id: SaidId,
    },
    /// A piece is on the stage, or looks different.
    PiecePut {
        /// As it is now, whole.
        piece: Piece,
    },
    /// A piece is somewhere else, and free.
    PieceMoved {
        /// Which one.
        piece: PieceId,
        /// See [`Piece::x`].
        x: f64,
        /// See [`Piece::y`].
        y: f64,
    },
    /// A piece is gone.
    PieceRemoved {
        /// Which one.
        piece: PieceId,
    },
    /// A shared variable has a value.
    VariableSet {
        /// Which one.
        name: String,
        /// What.
        value: V,
        /// Grows with every change: where this event stands in the log.
        version: u64,
    },
    /// A shared variable is gone.
    VariableUnset {
        /// Which one.
        name: String,
    },
}

/// An event with its place in the log: what `{"t":"event"}` carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Logged"))]
pub struct Logged<J, V = J> {
    /// Its place: the one before plus one.
    pub offset: Offset,
    /// When it was kept, in Unix milliseconds.
    pub at: i64,
    /// Who did it.
    pub by: Author,
    /// What happened.
    pub event: Event<J, V>,
}
