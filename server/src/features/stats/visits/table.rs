//! What was counted, kept: sums by minute, some later by hour and by day, and nobody's name. Who is here
//! is kept as well, until the visit is over, so that it is not counted twice if the server ends
//! meanwhile.

use super::present::Open;
use super::tally::{NAMES, OTHERS, Tally};
use crate::db::{Db, DbError};
use nowcast_shared::id::PublicId;
use rusqlite::{Connection, OptionalExtension, params};
#[cfg(test)]
use std::collections::HashMap;

/// Makes the tables, if they are not there.
pub(super) async fn prepare(db: &Db) -> Result<(), DbError> {
    let sql = "-- Viewers of a room by minute; `last` is how many there were at its end.
               CREATE TABLE IF NOT EXISTS visits_minutes (
                   room INTEGER NOT NULL REFERENCES rooms (id),
                   at INTEGER NOT NULL,
                   joins INTEGER NOT NULL,
                   leaves INTEGER NOT NULL,
                   peak INTEGER NOT NULL,
                   last INTEGER NOT NULL,
                   reconnects INTEGER NOT NULL,
                   clicks INTEGER NOT NULL,
                   PRIMARY KEY (room, at)
               ) STRICT, WITHOUT ROWID;
               -- Transports, devices, hosts that led here, links that were clicked.
               CREATE TABLE IF NOT EXISTS visits_names (
                   room INTEGER NOT NULL REFERENCES rooms (id),
                   kind TEXT NOT NULL,
                   at INTEGER NOT NULL,
                   name TEXT NOT NULL,
                   count INTEGER NOT NULL,
                   about TEXT,
                   PRIMARY KEY (room, kind, at, name)
               ) STRICT, WITHOUT ROWID;
               -- How long visits and deliveries took, in buckets that grow with the value.
               CREATE TABLE IF NOT EXISTS visits_spreads (
                   room INTEGER NOT NULL REFERENCES rooms (id),
                   kind TEXT NOT NULL,
                   at INTEGER NOT NULL,
                   bucket INTEGER NOT NULL,
                   count INTEGER NOT NULL,
                   PRIMARY KEY (room, kind, at, bucket)
               ) STRICT, WITHOUT ROWID;
               -- Up to when names and spreads of minutes are summed up by hours and by days.
               CREATE TABLE IF NOT EXISTS visits_merged (
                   room INTEGER NOT NULL REFERENCES rooms (id),
                   width INTEGER NOT NULL,
                   until INTEGER NOT NULL,
                   PRIMARY KEY (room, width)
               ) STRICT, WITHOUT ROWID;
               -- Who is here, until they leave.
               CREATE TABLE IF NOT EXISTS visits_open (
                   room INTEGER NOT NULL REFERENCES rooms (id),
                   who TEXT NOT NULL,
                   began INTEGER NOT NULL,
                   PRIMARY KEY (room, who)
               ) STRICT, WITHOUT ROWID;
               -- When that was looked at last.
               CREATE TABLE IF NOT EXISTS visits_alive (
                   one INTEGER PRIMARY KEY CHECK (one = 1),
                   at INTEGER NOT NULL
               ) STRICT;
               -- Where counting was turned off a moment before the server ended.
               UPDATE visits_minutes SET last = 0
               WHERE last > 0 AND (room, at) IN (
                   SELECT id, (SELECT max(at) FROM visits_minutes WHERE room = rooms.id)
                   FROM rooms WHERE CASE WHEN json_valid(keeping)
                       THEN json_extract(keeping, '$.statistics') = 0 END);
               DELETE FROM visits_open
               WHERE room IN (
                   SELECT id FROM rooms WHERE CASE WHEN json_valid(keeping)
                       THEN json_extract(keeping, '$.statistics') = 0 END)";
    db.write(move |connection| connection.execute_batch(sql)).await
}

/// Who was here when the server ended.
pub(super) struct Left {
    /// Those who are known.
    pub(super) open: Vec<Open>,
    /// How many of a room are not.
    pub(super) quiet: Vec<(i64, u64)>,
    /// When that was so.
    pub(super) alive: i64,
}

/// Who was here when the server ended; nothing where it never ran.
pub(super) fn left(connection: &Connection) -> rusqlite::Result<Option<Left>> {
    let alive =
        connection.query_row("SELECT at FROM visits_alive", [], |row| row.get(0)).optional()?;
    let Some(alive) = alive else { return Ok(None) };
    let mut statement = connection.prepare("SELECT room, who, began FROM visits_open")?;
    let read = |row: &rusqlite::Row<'_>| {
        let who: String = row.get(1)?;
        Ok(Open { room: row.get(0)?, who: PublicId::from(who.as_str()), began: row.get(2)? })
    };
    let open: Vec<Open> = statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    let sql = "SELECT id, last - (SELECT count(*) FROM visits_open WHERE room = id)
               FROM (SELECT id, (SELECT last FROM visits_minutes WHERE room = rooms.id
                                 ORDER BY at DESC LIMIT 1) AS last FROM rooms)
               WHERE last > 0";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    let mut quiet = Vec::new();
    for row in rows {
        let (room, count) = row?;
        if let Ok(count @ 1..) = u64::try_from(count) {
            quiet.push((room, count));
        }
    }
    Ok(Some(Left { open, quiet, alive }))
}

/// Forgets who was here when the server ended, where nothing is counted any more.
pub(super) fn forget(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM visits_open", []).map(|_| ())
}

/// Keeps what was counted.
pub(super) fn keep(connection: &Connection, tally: &Tally, alive: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO visits_minutes (room, at, joins, leaves, peak, last, reconnects, clicks)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET joins = joins + excluded.joins,
                   leaves = leaves + excluded.leaves, peak = max(peak, excluded.peak),
                   last = excluded.last, reconnects = reconnects + excluded.reconnects,
                   clicks = clicks + excluded.clicks";
    let mut statement = connection.prepare_cached(sql)?;
    for ((room, at), minute) in &tally.minutes {
        let [joins, leaves, peak, last, reconnects, clicks] = [
            minute.joins,
            minute.leaves,
            minute.peak,
            minute.last,
            minute.reconnects,
            minute.clicks,
        ]
        .map(column);
        statement.execute(params![room, at, joins, leaves, peak, last, reconnects, clicks])?;
    }
    for ((room, of, at, name), named) in &tally.names {
        let name = free(connection, *room, of.as_str(), *at, name)?;
        let about = named.about.as_deref().filter(|_| name != OTHERS);
        add_name(connection, (*room, of.as_str(), *at), name, column(named.count), about)?;
    }
    let sql = "INSERT INTO visits_spreads (room, kind, at, bucket, count) VALUES (?, ?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET count = count + excluded.count";
    let mut statement = connection.prepare_cached(sql)?;
    for ((room, measure, at), spread) in &tally.spreads {
        for (bucket, count) in spread {
            statement.execute(params![room, measure.as_str(), at, bucket, column(*count)])?;
        }
    }
    for ((room, who), began) in &tally.visits {
        match began {
            Some(began) => connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO visits_open (room, who, began) VALUES (?, ?, ?)",
                )?
                .execute(params![room, who.0, began])?,
            None => connection
                .prepare_cached("DELETE FROM visits_open WHERE room = ? AND who = ?")?
                .execute(params![room, who.0])?,
        };
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO visits_alive (one, at) VALUES (1, ?)")?
        .execute([alive])?;
    Ok(())
}

/// Counts a name so often, in a minute, an hour or a day.
pub(super) fn add_name(
    connection: &Connection,
    (room, kind, at): (i64, &str, i64),
    name: &str,
    count: i64,
    about: Option<&str>,
) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO visits_names (room, kind, at, name, count, about) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET count = count + excluded.count,
                   about = coalesce(excluded.about, about)";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![room, kind, at, name, count, about]).map(|_| ())
}

/// The name under which this one is counted: itself, if there is room for one more or it is there.
fn free<'a>(
    connection: &Connection,
    room: i64,
    kind: &str,
    at: i64,
    name: &'a str,
) -> rusqlite::Result<&'a str> {
    let sql = "SELECT count(*), total(name = ?4) FROM visits_names
               WHERE room = ?1 AND kind = ?2 AND at = ?3";
    let (names, known): (i64, f64) = connection
        .prepare_cached(sql)?
        .query_row(params![room, kind, at, name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let fits = known > 0.0 || usize::try_from(names).unwrap_or(0) < NAMES;
    Ok(if fits { name } else { OTHERS })
}

/// How many rows there are of each table, for tests of what stays small.
#[cfg(test)]
pub(super) fn rows(connection: &Connection) -> HashMap<&'static str, i64> {
    let tables = ["visits_minutes", "visits_names", "visits_spreads", "visits_open"];
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        (table, connection.query_row(&sql, [], |row| row.get(0)).unwrap())
    };
    tables.map(count).into()
}

fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
