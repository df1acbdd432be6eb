//! Commands: what a page or a program may ask for.

use crate::id::{ItemId, PieceId, PublicId, SaidId};
use crate::item::NewItem;
use crate::stage::PieceChange;
use serde::{Deserialize, Serialize};

/// A request to change a room. It becomes an event or a signal, or is rejected with a reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Command"))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command<J> {
    /// Shows a new item. Becomes `item_published`.
    Publish {
        /// What to show.
        item: NewItem<J>,
    },
    /// Changes an item's data; its kind stays. Becomes `item_edited`.
    Edit {
        /// Which one.
        item: ItemId,
        /// The whole new data.
        data: J,
    },
    /// Takes an item from the feed. Becomes `item_deleted`.
    Delete {
        /// Which one.
        item: ItemId,
    },
    /// Says something in the chat. Becomes `said`, or waits for approval.
    Say {
        /// What.
        text: String,
        /// What to go by; for programs, which have no name that the server knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Says it otherwise. Becomes `said_edited`.
    EditSaid {
        /// Which words.
        said: SaidId,
        /// What they are now.
        text: String,
    },
    /// Takes words back. Becomes `said_deleted`.
    DeleteSaid {
        /// Which words.
        said: SaidId,
    },
    /// Somebody is writing. Becomes the signal `typing`.
    Typing {},
    /// Puts a piece on the stage, or changes one; what is left out stays. Becomes `piece_put`.
    Put {
        /// Which one.
        piece: PieceId,
        /// What is new about it.
        #[serde(flatten)]
        change: PieceChange,
    },
    /// Takes a piece off the stage. Becomes `piece_removed`.
    Remove {
        /// Which one.
        piece: PieceId,
    },
    /// Asks for the lease of a piece. Becomes the signal `piece_held`.
    Grab {
        /// Which one.
        piece: PieceId,
    },
    /// Moves a piece that is held, or free. Becomes the signal `piece_moving`.
    Move {
        /// Which one.
        piece: PieceId,
        /// See [`crate::stage::Piece::x`].
        x: f64,
        /// See [`crate::stage::Piece::y`].
        y: f64,
    },
    /// Leaves a piece where it is now. Becomes `piece_moved`.
    Drop {
        /// Which one.
        piece: PieceId,
        /// See [`crate::stage::Piece::x`].
        x: f64,
        /// See [`crate::stage::Piece::y`].
        y: f64,
    },
    /// Gives a shared variable a value. Becomes `variable_set`.
    Set {
        /// Which one.
        name: String,
        /// Any JSON.
        value: J,
        /// Only if this is its version; 0: only if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
    },
    /// Takes a shared variable away. Becomes `variable_unset`.
    Unset {
        /// Which one.
        name: String,
        /// Only if this is its version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
    },
    /// Goes by a name from now on. Becomes part of `presence`.
    Name {
        /// Which; empty for none.
        name: String,
    },
    /// Says which user this is.
    Register {
        /// Signed by the owner of the page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// A plain id, under `--open`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// Lets somebody say nothing for a while.
    Mute {
        /// Whom.
        person: PublicId,
        /// For how long; for good if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
    },
    /// Lets somebody speak again.
    Unmute {
        /// Whom.
        person: PublicId,
    },
    /// Sends somebody out of the room.
    Block {
        /// Whom.
        person: PublicId,
    },
    /// Lets somebody come back.
    Unblock {
        /// Whom.
        person: PublicId,
    },
}

/// The `kind` of every command, to tell an unknown one from a malformed one.
pub const KINDS: [&str; 20] = [
    "publish",
    "edit",
    "delete",
    "say",
    "edit_said",
    "delete_said",
    "typing",
    "put",
    "remove",
    "grab",
    "move",
    "drop",
    "set",
    "unset",
    "name",
    "register",
    "mute",
    "unmute",
    "block",
    "unblock",
];
