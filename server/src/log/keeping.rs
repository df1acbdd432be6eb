//! How much of its past a room keeps. What is present stays in any case: the stage, the variables,
//! what the room is called and set to.

use super::{Log, Room, from_column};
use crate::db::DbError;
use nowcast_shared::offset::Offset;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Milliseconds of a day.
const DAY: i64 = 24 * 3600 * 1000;

/// How much of its past a room keeps: what any of these lets go of goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keeping {
    /// How many days old something gets.
    pub days: Option<u32>,
    /// How many of the newest events there are.
    pub events: Option<u64>,
    /// How many bytes the events have, as they are on the wire.
    pub bytes: Option<u64>,
    /// Whether what happens may be counted.
    pub statistics: bool,
}

impl Default for Keeping {
    /// All of it.
    fn default() -> Self {
        Self { days: None, events: None, bytes: None, statistics: true }
    }
}

impl Keeping {
    /// From its column; what cannot be read lets go of nothing.
    pub(super) fn read(column: Option<&str>) -> Self {
        column.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Whether anything ever goes.
    pub(super) fn is_limited(&self) -> bool {
        self.days.is_some() || self.events.is_some() || self.bytes.is_some()
    }

    /// What happened before this moment goes, in Unix milliseconds.
    pub(super) fn since(&self, now: i64) -> Option<i64> {
        self.days.map(|days| now.saturating_sub(DAY.saturating_mul(days.into())))
    }
}

/// What a room has of its past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// How many events.
    pub events: u64,
    /// How many bytes these have.
    pub bytes: u64,
    /// When the oldest happened, in Unix milliseconds.
    pub oldest: Option<i64>,
    /// Where the newest event stands, or stood.
    pub head: Offset,
}

impl Log {
    /// What the room has of its past.
    pub async fn kept(&self, room: &Arc<Room>) -> Result<Kept, DbError> {
        let id = room.id();
        let sql =
            "SELECT head, first, bytes, (SELECT at FROM events WHERE room = id AND offset = first)
                   FROM rooms WHERE id = ?";
        self.db
            .read(move |connection| {
                connection.prepare_cached(sql)?.query_row([id], |row| {
                    let (head, first): (i64, i64) = (row.get(0)?, row.get(1)?);
                    let bytes: i64 = row.get(2)?;
                    Ok(Kept {
                        events: u64::try_from(head - first + 1).unwrap_or(0),
                        bytes: u64::try_from(bytes).unwrap_or(0),
                        oldest: row.get(3)?,
                        head: from_column(head),
                    })
                })
            })
            .await
    }

    /// From now on the room keeps so much. What is to go goes soon after.
    pub async fn keep(&self, room: &Arc<Room>, keeping: Keeping) -> Result<(), DbError> {
        let id = room.id();
        let text = (keeping != Keeping::default())
            .then(|| serde_json::to_string(&keeping).unwrap_or_default());
        let sql = "UPDATE rooms SET keeping = ? WHERE id = ?";
        self.db.write(move |connection| connection.execute(sql, params![text, id])).await?;
        room.keep(keeping);
        self.less.notify_one();
        Ok(())
    }
}
