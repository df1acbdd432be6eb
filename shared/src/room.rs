//! What a room is set to.

use serde::{Deserialize, Serialize};

/// Who may do something in a room. Admins always may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Whoever is here.
    #[default]
    Everyone,
    /// Registered users.
    Users,
    /// Only admins.
    Nobody,
}

/// A room's settings, as every page knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Settings {
    /// Who may chat.
    pub chat: Who,
    /// Who may drag pieces.
    pub drag: Who,
    /// The shared variables that pages may write: names, or beginnings of names with a `*` after.
    pub variables: Vec<String>,
    /// Whether only those may come in who have an invitation.
    pub private: bool,
    /// How many seconds lie between two words of the same person, and between two edits of words;
    /// 0 for none.
    pub slow: u32,
    /// Whether an admin has to approve what is said before it is shown.
    pub approval: bool,
}
