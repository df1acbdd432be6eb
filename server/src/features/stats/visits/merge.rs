//! Keeping what is counted small: names and spreads of minutes that are long over become those of
//! hours, and later of days. Minutes themselves stay, since they are numbers alone: viewers, joins,
//! leaves, clicks and reconnects are told to the minute however long ago they were.

use super::table::add_name;
use super::tally::{MINUTE, Measure, NAMES, OTHERS, Of};
use crate::db::{Db, DbError};
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// After how long minutes become hours, and hours days.
const STEPS: [Step; 2] = [Step { age: 2 * DAY, width: HOUR }, Step { age: 60 * DAY, width: DAY }];

/// How many hours, or days, are made in one transaction, and how long the writer is left alone
/// between two: who publishes meanwhile waits for no more than that.
const BATCH: i64 = 6;
const PAUSE: Duration = Duration::from_millis(5);

const NAMED: [Of; 4] = [Of::Transport, Of::Device, Of::Referrer, Of::Link];
const SPREAD: [Measure; 2] = [Measure::Stay, Measure::Latency];

#[derive(Clone, Copy)]
struct Step {
    age: i64,
    width: i64,
}

impl Step {
    /// Up to when is summed up: whole ones alone, so that none is made twice of different minutes.
    fn end(self, now: i64) -> i64 {
        (now - self.age).div_euclid(self.width) * self.width
    }
}

/// Sums up what is long over, a little at a time.
pub(super) async fn merge(db: &Db, now: i64) -> Result<(), DbError> {
    for step in STEPS {
        // Looked for beside the writer, which has work only where there is something.
        for room in db.read(move |connection| due(connection, step, now)).await? {
            while db.write(move |connection| some(connection, room, step, now)).await? {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Ok(())
}

/// The rooms of which something is to be summed up.
fn due(connection: &Connection, step: Step, now: i64) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM rooms")?;
    let all = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut rooms = Vec::new();
    for room in all {
        if next(connection, room, step)?.is_some_and(|at| at < step.end(now)) {
            rooms.push(room);
        }
    }
    Ok(rooms)
}

/// Up to when a room is summed up by steps of a width.
fn until(connection: &Connection, room: i64, width: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT until FROM visits_merged WHERE room = ? AND width = ?")?
        .query_row([room, width], |row| row.get(0))
        .optional()
}

/// When the first is of what is not summed up.
fn next(connection: &Connection, room: i64, step: Step) -> rusqlite::Result<Option<i64>> {
    let until = until(connection, room, step.width)?.unwrap_or(i64::MIN);
    let mut first: Option<i64> = None;
    let kinds = NAMED.iter().map(|of| ("visits_names", of.as_str()));
    for (table, kind) in kinds.chain(SPREAD.iter().map(|of| ("visits_spreads", of.as_str()))) {
        let sql = format!(
            "SELECT at FROM {table} WHERE room = ? AND kind = ? AND at >= ? ORDER BY at LIMIT 1"
        );
        let at: Option<i64> = connection
            .prepare_cached(&sql)?
            .query_row(params![room, kind, until], |row| row.get(0))
            .optional()?;
        first = first.into_iter().chain(at).min();
    }
    Ok(first)
}

/// Sums up some of a room; whether there is more.
fn some(connection: &Connection, room: i64, step: Step, now: i64) -> rusqlite::Result<bool> {
    let end = step.end(now);
    let Some(first) = next(connection, room, step)?.filter(|at| *at < end) else {
        return Ok(false);
    };
    let begin = first.div_euclid(step.width) * step.width;
    let end = end.min(begin + BATCH * step.width);
    let mut at = begin;
    while at < end {
        for of in NAMED {
            names(connection, (room, of.as_str()), at, step.width)?;
        }
        for measure in SPREAD {
            spread(connection, (room, measure.as_str()), at, step.width)?;
        }
        at += step.width;
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO visits_merged (room, width, until) VALUES (?, ?, ?)",
        )?
        .execute([room, step.width, end])?;
    Ok(true)
}

/// Makes one of the names of a span, of which the most frequent stay.
fn names(
    connection: &Connection,
    (room, kind): (i64, &str),
    begin: i64,
    width: i64,
) -> rusqlite::Result<()> {
    let span = params![room, kind, begin, begin + width];
    let sql = "SELECT name, sum(count), max(about) FROM visits_names
               WHERE room = ? AND kind = ? AND at >= ? AND at < ? GROUP BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let mut names: Vec<(String, i64, Option<String>)> =
        statement.query_map(span, read)?.collect::<rusqlite::Result<_>>()?;
    names.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let sql = "DELETE FROM visits_names WHERE room = ? AND kind = ? AND at >= ? AND at < ?";
    connection.prepare_cached(sql)?.execute(span)?;
    for (place, (name, count, about)) in names.iter().enumerate() {
        let (name, about) =
            if place < NAMES { (name.as_str(), about.as_deref()) } else { (OTHERS, None) };
        add_name(connection, (room, kind, begin), name, *count, about)?;
    }
    Ok(())
}

/// Makes one of the spreads of a span.
fn spread(
    connection: &Connection,
    (room, kind): (i64, &str),
    begin: i64,
    width: i64,
) -> rusqlite::Result<()> {
    let span = params![room, kind, begin, begin + width];
    let sql = "SELECT bucket, sum(count) FROM visits_spreads
               WHERE room = ? AND kind = ? AND at >= ? AND at < ? GROUP BY bucket";
    let mut statement = connection.prepare_cached(sql)?;
    let buckets: Vec<(i64, i64)> = statement
        .query_map(span, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let sql = "DELETE FROM visits_spreads WHERE room = ? AND kind = ? AND at >= ? AND at < ?";
    connection.prepare_cached(sql)?.execute(span)?;
    let sql = "INSERT INTO visits_spreads (room, kind, at, bucket, count) VALUES (?, ?, ?, ?, ?)";
    let mut insert = connection.prepare_cached(sql)?;
    for (bucket, count) in buckets {
        insert.execute(params![room, kind, begin, bucket, count])?;
    }
    Ok(())
}

/// A span of a room, widened to what names and spreads are kept of: whole hours, or days, where
/// minutes were summed up.
pub(super) fn widened(
    connection: &Connection,
    room: i64,
    (mut from, mut to): (i64, i64),
) -> rusqlite::Result<(i64, i64)> {
    for Step { width, .. } in STEPS {
        let Some(until) = until(connection, room, width)? else { continue };
        if from < until {
            from = from.div_euclid(width) * width;
        }
        if to < until {
            to = (to + width - 1).div_euclid(width) * width;
        }
    }
    Ok((from, to))
}
