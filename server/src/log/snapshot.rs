//! A room as of one moment, for pages that begin with that.

use super::read::{ITEMS, newest_before};
use super::{Log, Room, append, chat, from_column, row, stage, variables};
use crate::db::DbError;
use crate::websocket::deflate;
use bytes::Bytes;
use nowcast_shared::frame::SNAPSHOT_ITEMS;
use nowcast_shared::offset::Offset;
use rusqlite::Connection;
use std::sync::{Arc, OnceLock};

/// From how many bytes on compressing a snapshot takes milliseconds.
const HEAVY: usize = 64 * 1024;

/// A room as of one offset, encoded but for what is not kept (presence).
#[derive(Debug)]
pub struct Snapshot {
    /// Complete as of here.
    pub offset: Offset,
    /// The fields of the snapshot object, without its braces.
    pub fields: Bytes,
    /// The same as a compressed block.
    deflated: OnceLock<Bytes>,
}

impl Snapshot {
    fn new(offset: Offset, fields: String) -> Self {
        Self { offset, fields: fields.into(), deflated: OnceLock::new() }
    }

    /// Whether the compressed fields are there, or quickly made.
    pub fn is_light(&self) -> bool {
        self.deflated.get().is_some() || self.fields.len() < HEAVY
    }

    /// The fields as a block of a compressed WebSocket message; made once.
    pub fn deflated(&self) -> &Bytes {
        self.deflated.get_or_init(|| deflate::block(&self.fields).into())
    }
}

impl Log {
    /// The room as it is now, encoded once for all who ask at the same offset.
    pub async fn snapshot(&self, room: &Arc<Room>) -> Result<Arc<Snapshot>, DbError> {
        if let Some(snapshot) = room.current_snapshot() {
            return Ok(snapshot);
        }
        // Many pages that join at once wait for one of them to do the work.
        let _alone = room.snapshots().lock().await;
        if let Some(snapshot) = room.current_snapshot() {
            return Ok(snapshot);
        }
        let id = room.id();
        let life = room.life();
        let snapshot = Arc::new(self.db.read(move |connection| read(connection, id)).await?);
        room.keep_snapshot(&snapshot, life);
        Ok(snapshot)
    }
}

fn read(connection: &mut Connection, room: i64) -> rusqlite::Result<Snapshot> {
    // One transaction, so that head and items are of the same moment.
    let transaction = connection.transaction()?;
    let (head, title, settings): (i64, String, String) = transaction
        .prepare_cached("SELECT head, title, settings FROM rooms WHERE id = ?")?
        .query_row([room], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (mut items, more) =
        newest_before(&transaction, ITEMS, room, i64::MAX, SNAPSHOT_ITEMS, usize::MAX)?;
    items.reverse();
    let fields = format!(
        r#""title":{},"items":[{}],"more":{more},"pieces":{},"variables":{},"chat":{},"settings":{}"#,
        serde_json::Value::from(title),
        items.join(","),
        stage::snapshot(&transaction, room)?,
        variables::snapshot(&transaction, room)?,
        chat::snapshot(&transaction, room)?,
        append::json(&row::settings(&settings))?,
    );
    Ok(Snapshot::new(from_column(head), fields))
}
