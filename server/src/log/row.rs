//! Rooms as the database has them.

use super::door::{self, Sanctions};
use super::{Keeping, from_column};
use crate::record::Record;
use nowcast_shared::id::RoomName;
use nowcast_shared::offset::Offset;
use nowcast_shared::room::Settings;
use rusqlite::{Connection, OptionalExtension};
use std::collections::VecDeque;
use std::sync::Arc;

/// A room's row.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) settings: Settings,
    pub(super) invitation: Option<String>,
    pub(super) sanctions: Option<Box<Sanctions>>,
    pub(super) epoch: String,
    pub(super) head: Offset,
    pub(super) first: Offset,
    pub(super) keeping: Keeping,
}

pub(super) fn load(connection: &Connection, name: &RoomName) -> rusqlite::Result<Option<Row>> {
    let sql = "SELECT id, title, epoch, head, first, settings, invitation, keeping FROM rooms WHERE name = ?";
    connection
        .prepare_cached(sql)?
        .query_row([name.as_str()], |row| {
            let id = row.get(0)?;
            Ok(Row {
                id,
                title: row.get(1)?,
                epoch: row.get(2)?,
                head: from_column(row.get(3)?),
                first: from_column(row.get(4)?),
                settings: settings(row.get_ref(5)?.as_str()?),
                invitation: row.get(6)?,
                sanctions: door::sanctions(connection, id)?,
                keeping: Keeping::read(row.get_ref(7)?.as_str_or_null()?),
            })
        })
        .optional()
}

/// A room as a list of them has it.
pub struct Listed {
    /// Its key.
    pub id: i64,
    /// Its name in addresses.
    pub name: RoomName,
    /// What people call it.
    pub title: String,
    /// What it is set to.
    pub settings: Settings,
    /// Where its newest event stands.
    pub head: Offset,
}

pub(super) fn list(connection: &mut Connection) -> rusqlite::Result<Vec<Listed>> {
    let sql = "SELECT id, name, title, settings, head FROM rooms ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let rooms = statement.query_map([], |row| {
        let name = row.get_ref(1)?.as_str()?.parse();
        // Only names that addresses can hold were ever taken.
        let name = name.map_err(|_| rusqlite::Error::InvalidQuery)?;
        Ok(Listed {
            id: row.get(0)?,
            name,
            title: row.get(2)?,
            settings: settings(row.get_ref(3)?.as_str()?),
            head: from_column(row.get(4)?),
        })
    })?;
    rooms.collect()
}

/// A room's settings from their column; what cannot be read is as if it were not set.
pub(super) fn settings(column: &str) -> Settings {
    serde_json::from_str(column).unwrap_or_default()
}

/// The newest events, oldest first, up to about `limit` bytes: what most pages that come back after
/// a restart have missed.
pub(super) fn newest(
    connection: &Connection,
    row: &Row,
    limit: usize,
) -> rusqlite::Result<VecDeque<Arc<Record>>> {
    let mut statement = connection.prepare_cached(
        "SELECT offset, at, author, event FROM events WHERE room = ? ORDER BY offset DESC",
    )?;
    let mut rows = statement.query([row.id])?;
    let (mut records, mut bytes, mut due) = (VecDeque::new(), 0, row.head);
    while let Some(row) = rows.next()? {
        let (author, event) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str()?);
        let record = Record::new(from_column(row.get(0)?), row.get(1)?, author, event);
        bytes += record.size();
        // The tail has no gaps.
        if bytes > limit || record.offset != due {
            break;
        }
        due = Offset(due.0.saturating_sub(1));
        records.push_front(Arc::new(record));
    }
    Ok(records)
}
