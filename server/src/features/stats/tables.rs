//! Where what is counted of the log stands.

use crate::db::{Db, DbError};
use rusqlite::Connection;

/// Grows when something is counted otherwise than before: then all is counted anew.
pub(super) const VERSION: i64 = 1;

const TABLES: &str = "
    -- Up to where a room's log is counted, of which life of it, and how.
    CREATE TABLE IF NOT EXISTS stats_rooms (
        room INTEGER PRIMARY KEY REFERENCES rooms (id),
        epoch TEXT NOT NULL,
        offset INTEGER NOT NULL,
        version INTEGER NOT NULL
    ) STRICT;

    -- What is counted by a name: kinds, authors, words.
    CREATE TABLE IF NOT EXISTS stats_names (
        id INTEGER PRIMARY KEY,
        room INTEGER NOT NULL REFERENCES rooms (id),
        text TEXT NOT NULL,
        UNIQUE (room, text)
    ) STRICT;

    -- How often, in a bucket of each size: by minutes (level 0), ten minutes, hours, days, all (4).
    CREATE TABLE IF NOT EXISTS stats_counts (
        room INTEGER NOT NULL REFERENCES rooms (id),
        what INTEGER NOT NULL,
        level INTEGER NOT NULL,
        bucket INTEGER NOT NULL,
        name INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (room, what, level, bucket, name)
    ) STRICT, WITHOUT ROWID;

    -- The most frequent first. What came once is not worth a place.
    CREATE INDEX IF NOT EXISTS stats_counts_most
        ON stats_counts (room, what, level, bucket, count DESC, name)
        WHERE count > 1 AND level > 0;

    -- What an item or words in the chat added to the counts that stand for what is there: taken
    -- back when they change or go.
    CREATE TABLE IF NOT EXISTS stats_things (
        room INTEGER NOT NULL REFERENCES rooms (id),
        id TEXT NOT NULL,
        at INTEGER NOT NULL,
        counted TEXT NOT NULL,
        PRIMARY KEY (room, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS stats_things_by_age ON stats_things (room, at);

    -- Polls and questions, as they stand.
    CREATE TABLE IF NOT EXISTS stats_results (
        room INTEGER NOT NULL REFERENCES rooms (id),
        kind TEXT NOT NULL,
        at INTEGER NOT NULL,
        id TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (room, kind, at, id)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX IF NOT EXISTS stats_results_by_id ON stats_results (room, id);
";

/// Makes the tables, if they are not there.
pub(super) async fn prepare(db: &Db) -> Result<(), DbError> {
    db.write(|connection| connection.execute_batch(TABLES)).await
}

/// Forgets all that was counted of a room's log; it is counted anew from what of it is kept.
pub(super) fn reset(connection: &Connection, room: i64) -> rusqlite::Result<()> {
    for table in ["stats_rooms", "stats_counts", "stats_things", "stats_results", "stats_names"] {
        connection.execute(&format!("DELETE FROM {table} WHERE room = ?"), [room])?;
    }
    Ok(())
}
