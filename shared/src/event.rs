//! Events: what happened in a room and is kept.

use crate::id::ItemId;
use crate::item::{Author, Item};
use crate::offset::Offset;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event<J> {
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
}

/// An event with its place in the log: what `{"t":"event"}` carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logged<J> {
    /// Its place: the one before plus one.
    pub offset: Offset,
    /// When it was kept, in Unix milliseconds.
    pub at: i64,
    /// Who did it.
    pub by: Author,
    /// What happened.
    pub event: Event<J>,
}
