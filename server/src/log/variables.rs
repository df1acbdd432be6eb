//! Shared variables, as the log has them.

use super::append::{Place, Projected, Raw, json};
use super::apply::Effect;
use super::{Log, Refusal, Room, as_column, from_column};
use crate::db::DbError;
use nowcast_shared::event::Event;
use nowcast_shared::frame::Variable;
use nowcast_shared::offset::Offset;
use nowcast_shared::variable::{MOST_BYTES, MOST_NAMES};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::Arc;

/// What has to be so for a variable to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Anything,
    /// It is there.
    Some,
    /// It is not there.
    Nothing,
    /// It has this version.
    Version(Offset),
}

impl Expect {
    fn holds(self, version: Option<i64>) -> bool {
        match self {
            Self::Anything => true,
            Self::Some => version.is_some(),
            Self::Nothing => version.is_none(),
            Self::Version(expected) => version == Some(as_column(expected)),
        }
    }
}

/// A change of a variable.
pub enum VariableChange {
    /// Gives it a value.
    Set {
        /// Which one.
        name: String,
        /// JSON.
        value: Raw,
        /// If what is so.
        expect: Expect,
    },
    /// Takes it away.
    Unset {
        /// Which one.
        name: String,
        /// If what is so.
        expect: Expect,
    },
}

impl VariableChange {
    /// Why the room as it is does not allow this, if it does not.
    pub(super) fn refuse(
        &self,
        connection: &Connection,
        room: i64,
    ) -> rusqlite::Result<Option<Refusal>> {
        let (name, expect) = match self {
            Self::Set { name, expect, .. } | Self::Unset { name, expect } => (name, *expect),
        };
        let version = version(connection, room, name)?;
        if !expect.holds(version) {
            return Ok(Some(Refusal::VersionMismatch));
        }
        Ok(match self {
            Self::Unset { .. } => version.is_none().then_some(Refusal::UnknownVariable),
            Self::Set { value, .. } => {
                let (names, bytes) = others(connection, room, name)?;
                let bytes = bytes + name.len() + value.get().len();
                let full = names + 1 > MOST_NAMES || bytes > MOST_BYTES;
                full.then_some(Refusal::VariablesFull)
            }
        })
    }

    /// Changes the projection and gives the event.
    pub(super) fn project(
        &self,
        connection: &Connection,
        place: &Place<'_>,
    ) -> rusqlite::Result<Projected> {
        match self {
            Self::Set { name, value, .. } => {
                Effect::Assign { name, value: value.get() }.apply(connection, place)?;
                let (name, version) = (name.clone(), from_column(place.offset).0);
                let event = Event::<(), &RawValue>::VariableSet { name, value, version };
                Ok(("variable_set", json(&event)?, None))
            }
            Self::Unset { name, .. } => {
                Effect::Unset(name).apply(connection, place)?;
                let event = Event::<()>::VariableUnset { name: name.clone() };
                Ok(("variable_unset", json(&event)?, None))
            }
        }
    }
}

impl Log {
    /// A shared variable, its value as JSON.
    pub async fn variable(
        &self,
        room: &Arc<Room>,
        name: String,
    ) -> Result<Option<Variable<String>>, DbError> {
        let id = room.id();
        self.db.read(move |connection| find(connection, id, &name)).await
    }

    /// All shared variables, as a JSON object.
    pub async fn variables(&self, room: &Arc<Room>) -> Result<String, DbError> {
        let id = room.id();
        self.db.read(move |connection| snapshot(connection, id)).await
    }
}

fn version(connection: &Connection, room: i64, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT version FROM variables WHERE room = ? AND name = ?")?
        .query_row(params![room, name], |row| row.get(0))
        .optional()
}

/// Has a variable have a value, of the version that its place is.
pub(super) fn assign(
    connection: &Connection,
    place: &Place<'_>,
    name: &str,
    value: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO variables (room, name, value, version) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![place.room, name, value, place.offset])
        .map(|_| ())
}

/// How many variables there are beside this one, and their names' and values' bytes.
fn others(connection: &Connection, room: i64, name: &str) -> rusqlite::Result<(usize, usize)> {
    let (names, bytes): (i64, i64) = connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(octet_length(name) + octet_length(value)), 0)
             FROM variables WHERE room = ? AND name <> ?",
        )?
        .query_row(params![room, name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((usize::try_from(names).unwrap_or(0), usize::try_from(bytes).unwrap_or(0)))
}

/// One variable.
fn find(
    connection: &Connection,
    room: i64,
    name: &str,
) -> rusqlite::Result<Option<Variable<String>>> {
    connection
        .prepare_cached("SELECT value, version FROM variables WHERE room = ? AND name = ?")?
        .query_row(params![room, name], |row| {
            Ok(Variable { value: row.get(0)?, version: from_column(row.get(1)?).0 })
        })
        .optional()
}

/// The JSON of the variables.
pub(super) fn snapshot(connection: &Connection, room: i64) -> rusqlite::Result<String> {
    let mut statement =
        connection.prepare_cached("SELECT name, value, version FROM variables WHERE room = ?")?;
    let variables = statement.query_map([room], |row| {
        let (name, value): (String, String) = (row.get(0)?, row.get(1)?);
        let version = from_column(row.get(2)?).0;
        Ok(format!(r#"{}:{{"value":{value},"version":{version}}}"#, Value::from(name)))
    })?;
    Ok(format!("{{{}}}", variables.collect::<rusqlite::Result<Vec<_>>>()?.join(",")))
}
