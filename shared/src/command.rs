//! Commands: what a page or a program may ask for.

use crate::id::ItemId;
use crate::item::NewItem;
use serde::{Deserialize, Serialize};

/// A request to change a room. It becomes an event or a signal, or is rejected with a reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
}

/// The `kind` of every command, to tell an unknown one from a malformed one.
pub const KINDS: [&str; 3] = ["publish", "edit", "delete"];
