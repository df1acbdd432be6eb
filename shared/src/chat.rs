//! The chat: what people said.

use crate::id::SaidId;
use crate::item::Author;
use crate::offset::Offset;
use serde::{Deserialize, Serialize};

/// Words, as a snapshot or a look back has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Said {
    /// Their name for good.
    pub id: SaidId,
    /// Where they were said in the room's log; an edit does not change it.
    pub offset: Offset,
    /// When, in Unix milliseconds.
    pub at: i64,
    /// Who said it.
    pub by: Author,
    /// What that somebody went by.
    pub name: String,
    /// Plain text.
    pub text: String,
    /// When they were last edited, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<i64>,
}

/// The newest words, in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Chat {
    /// Oldest first; at most [`SNAPSHOT_SAID`].
    #[serde(default)]
    pub said: Vec<Said>,
    /// Whether there are older ones.
    #[serde(default)]
    pub more: bool,
}

/// How many words a snapshot holds at most.
pub const SNAPSHOT_SAID: usize = 50;

/// How long words may be, in characters.
pub const MAX_TEXT: usize = 2_000;

/// How long a name may be, in characters.
pub const MAX_NAME: usize = 40;

/// How long people may change what they said, in milliseconds.
pub const EDITABLE: i64 = 5 * 60 * 1000;
