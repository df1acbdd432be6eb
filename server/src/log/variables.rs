//! Shared variables, as the log has them.

use super::Refusal;
use super::append::{Place, Projected};
use rusqlite::Connection;

/// A change of a variable.
pub enum VariableChange {}

impl VariableChange {
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

/// The JSON of the variables.
pub(super) fn snapshot(_connection: &Connection, _room: i64) -> rusqlite::Result<String> {
    Ok("{}".to_owned())
}
