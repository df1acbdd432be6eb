//! Reading back: events that a page missed, items of the past.

use super::{Log, Room, as_column, from_column};
use crate::db::DbError;
use crate::record::Record;
use nowcast_shared::id::ItemId;
use nowcast_shared::offset::{Offset, Position};
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;

/// How many bytes of events one read gives at most, about.
pub(super) const CHUNK: usize = 256 * 1024;

/// How many bytes of items one page of them holds, about.
pub(super) const PAGE: usize = 512 * 1024;

/// An item as far as it matters for who may change it.
pub struct ItemHead {
    /// See [`nowcast_shared::item::Item::kind`].
    pub kind: String,
    /// The subject that published it.
    pub owner: String,
}

/// Why events could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log begins later: the page needs a snapshot.
    #[error("the log does not reach back that far")]
    Gone,
    /// The database did not answer.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Log {
    /// Whether the log can continue from `since`.
    pub fn covers(&self, room: &Room, since: &Position) -> bool {
        room.covers(since)
    }

    /// Some of the events after `after`, in order; none if there are no newer ones.
    ///
    /// # Errors
    /// [`ReadError::Gone`] if events after `after` are no longer kept.
    pub async fn read(
        &self,
        room: &Arc<Room>,
        after: Offset,
    ) -> Result<Vec<Arc<Record>>, ReadError> {
        if let Some(records) = room.recent(after)? {
            return Ok(records);
        }
        let id = room.id();
        let records = self.db.read(move |connection| events(connection, id, after)).await?;
        // Memory said that there are some: where there are none, they went a moment ago.
        if records.first().is_none_or(|record| record.offset != after.next()) {
            return Err(ReadError::Gone);
        }
        Ok(records)
    }

    /// Items before an offset (or the newest), newest first, as a JSON array, and whether there
    /// are more.
    pub async fn items(
        &self,
        room: &Arc<Room>,
        before: Option<Offset>,
        limit: usize,
    ) -> Result<(String, bool), DbError> {
        self.page(ITEMS, room, before, limit).await
    }

    /// What `sql` selects of the room before an offset (or the newest), newest first, as a JSON
    /// array, and whether there is more.
    pub(super) async fn page(
        &self,
        sql: &'static str,
        room: &Arc<Room>,
        before: Option<Offset>,
        limit: usize,
    ) -> Result<(String, bool), DbError> {
        let (id, before) = (room.id(), before.map_or(i64::MAX, as_column));
        let read = move |connection: &mut Connection| {
            newest_before(connection, sql, id, before, limit, PAGE)
        };
        let (rows, more) = self.db.read(read).await?;
        Ok((format!("[{}]", rows.join(",")), more))
    }

    /// What is to be known of an item before it is changed.
    pub async fn item(&self, room: &Arc<Room>, item: &ItemId) -> Result<Option<ItemHead>, DbError> {
        let (id, item) = (room.id(), item.clone());
        self.db
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT kind, owner FROM items WHERE room = ? AND id = ?")?
                    .query_row(params![id, item.0], |row| {
                        Ok(ItemHead { kind: row.get(0)?, owner: row.get(1)? })
                    })
                    .optional()
            })
            .await
    }
}

fn events(connection: &Connection, room: i64, after: Offset) -> rusqlite::Result<Vec<Arc<Record>>> {
    let mut statement = connection.prepare_cached(
        "SELECT offset, at, author, event FROM events WHERE room = ? AND offset > ?
         ORDER BY offset LIMIT 1000",
    )?;
    let mut rows = statement.query(params![room, as_column(after)])?;
    let (mut records, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let (author, event) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str()?);
        let record = Record::new(from_column(row.get(0)?), row.get(1)?, author, event);
        bytes += record.size();
        records.push(Arc::new(record));
        if bytes >= CHUNK {
            break;
        }
    }
    Ok(records)
}

/// Items before an offset.
pub(super) const ITEMS: &str =
    "SELECT item FROM items WHERE room = ? AND offset < ? ORDER BY offset DESC LIMIT ?";

/// What `sql` selects of `room` before an offset, at most a `limit`; newest first, and whether
/// there is more.
pub(super) fn newest_before(
    connection: &Connection,
    sql: &str,
    room: i64,
    before: i64,
    limit: usize,
    most_bytes: usize,
) -> rusqlite::Result<(Vec<String>, bool)> {
    let mut statement = connection.prepare_cached(sql)?;
    // One more than asked for tells whether there are more.
    let most = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
    let mut rows = statement.query(params![room, before, most])?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if items.len() == limit || bytes > most_bytes {
            return Ok((items, true));
        }
        let item: String = row.get(0)?;
        bytes += item.len();
        items.push(item);
    }
    Ok((items, false))
}
