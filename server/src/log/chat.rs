//! The chat, as the log has it.

use super::Refusal;
use super::append::{Place, Projected};
use rusqlite::Connection;

/// A change of the chat.
pub enum ChatChange {}

impl ChatChange {
    /// Why the room as it is does not allow this, if it does not.
    pub(super) fn refuse(
        &self,
        _connection: &Connection,
        _room: i64,
    ) -> rusqlite::Result<Option<Refusal>> {
        match *self {}
    }

    /// Changes the projection and gives the event.
    pub(super) fn project(
        &self,
        _connection: &Connection,
        _place: &Place<'_>,
    ) -> rusqlite::Result<Projected> {
        match *self {}
    }
}

/// The JSON of the newest words.
pub(super) fn snapshot(_connection: &Connection, _room: i64) -> rusqlite::Result<String> {
    Ok("{\"said\":[],\"more\":false}".to_owned())
}
