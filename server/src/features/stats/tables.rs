//! Where what is counted of the log stands.

use crate::db::{Db, DbError};
use crate::store::check::{Part, has_table};
use rusqlite::Connection;

/// Grows when something is counted otherwise than before: then all is counted anew. Also when a text
/// is read otherwise, by this code or by a crate that it asks: what a text said is taken back by
/// reading it once more.
pub(super) const VERSION: i64 = 1;

const TABLES: &str = "
    -- Up to where a room's log is counted, of which life of it, and how. What ended before the minute
    -- `open` is rolled up; of what came to be before `forgotten` (Unix milliseconds), nothing is known.
    CREATE TABLE IF NOT EXISTS stats_rooms (
        room INTEGER PRIMARY KEY REFERENCES rooms (id),
        epoch TEXT NOT NULL,
        offset INTEGER NOT NULL,
        version INTEGER NOT NULL,
        open INTEGER,
        forgotten INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    -- Events that were not counted, by their first and last offset.
    CREATE TABLE IF NOT EXISTS stats_gaps (
        room INTEGER NOT NULL REFERENCES rooms (id),
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (room, first)
    ) STRICT, WITHOUT ROWID;

    -- How often what is counted (kinds, authors, words) came by each name, in a bucket of each size:
    -- by minutes (level 0), ten minutes, hours, quarters of a day, days, all days (5). Part 1 is added
    -- to part 0. See list.rs for what the lists are.
    CREATE TABLE IF NOT EXISTS stats_lists (
        room INTEGER NOT NULL REFERENCES rooms (id),
        what INTEGER NOT NULL,
        level INTEGER NOT NULL,
        bucket INTEGER NOT NULL,
        part INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (room, what, level, bucket, part)
    ) STRICT;

    -- Polls and questions, as they stand.
    CREATE TABLE IF NOT EXISTS stats_outcomes (
        room INTEGER NOT NULL REFERENCES rooms (id),
        kind TEXT NOT NULL,
        at INTEGER NOT NULL,
        id TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (room, kind, at, id)
    ) STRICT, WITHOUT ROWID;
";

/// Makes the tables, if they are not there.
pub(super) async fn prepare(db: &Db) -> Result<(), DbError> {
    db.write(|connection| connection.execute_batch(TABLES)).await
}

/// For who looks whether all is well: nothing is counted that is not in the log.
pub const PART: Part = Part {
    look: |connection| {
        if !has_table(connection, "stats_rooms")? {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT r.name, s.offset, r.head FROM live.stats_rooms AS s {BEYOND}");
        let mut statement = connection.prepare(&sql)?;
        let rooms = statement.query_map([], |row| {
            let (room, offset, head): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(format!("{room}: statistics go up to {offset}, beyond the newest event, {head}"))
        })?;
        rooms.collect()
    },
    // The server counts it anew.
    mend: |connection| {
        let sql = format!(
            "UPDATE live.stats_rooms SET version = 0 WHERE room IN
             (SELECT s.room FROM live.stats_rooms AS s {BEYOND})"
        );
        connection.execute(&sql, []).map(|_| ())
    },
};

/// Of rows `s`, those that say more of a log than there is of it.
const BEYOND: &str = "JOIN live.rooms AS r ON r.id = s.room
    WHERE s.offset > r.head AND s.epoch = r.epoch AND s.version > 0";

/// Forgets all that was counted of a room's log; it is counted anew from what of it is kept.
pub(super) fn reset(connection: &Connection, room: i64) -> rusqlite::Result<()> {
    for table in ["stats_rooms", "stats_gaps", "stats_lists", "stats_outcomes"] {
        connection.execute(&format!("DELETE FROM {table} WHERE room = ?"), [room])?;
    }
    Ok(())
}
