//! Letting go of what was counted long ago, where a room keeps its past for so many days only; and of
//! what things said, where their events went.

use super::Stats;
use super::bucket::{Level, minute};
use super::tally;
use crate::app::App;
use crate::clock;
use crate::db::{Db, DbError};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often is looked whether something is too old.
const PACE: Duration = Duration::from_mins(10);

/// How many counts go in one transaction at most, and how long the writer is left alone between two.
const BATCH: usize = 500;
const PAUSE: Duration = Duration::from_millis(10);

const DAY: i64 = 86_400_000;

/// From when visits are kept where those before a time go: what stands together with what is to stay
/// stays. Minutes of visits become hours after some days, and hours days.
fn since(before: i64, now: i64) -> i64 {
    let width = match now.saturating_sub(before) / DAY {
        ..2 => super::bucket::MINUTE,
        2..60 => DAY / 24,
        60.. => DAY,
    };
    before.div_euclid(width) * width
}

/// Lets go of what rooms no longer keep, until the server ends.
pub(super) fn begin(app: &App, stats: &Stats) {
    let (app, stats) = (app.downgrade(), stats.clone());
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(PACE);
        loop {
            pace.tick().await;
            let Some(app) = app.upgrade() else { return };
            let db = app.db.clone();
            drop(app);
            match overdue(&db, &stats).await {
                Ok(()) => {}
                Err(DbError::Closed) => return,
                Err(error) => tracing::warn!(%error, "old statistics could not be forgotten"),
            }
        }
    });
}

async fn overdue(db: &Db, stats: &Stats) -> Result<(), DbError> {
    let sql = "SELECT id, json_extract(keeping, '$.days') FROM rooms
               WHERE CASE WHEN json_valid(keeping) THEN
                   coalesce(json_extract(keeping, '$.days'), json_extract(keeping, '$.events'),
                       json_extract(keeping, '$.bytes')) IS NOT NULL END";
    let rooms: Vec<(i64, Option<i64>)> = db
        .read(move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rooms = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rooms.collect()
        })
        .await?;
    for (room, days) in rooms {
        while stats.alone(async || unsay(db, room).await).await? {
            tokio::time::sleep(PAUSE).await;
        }
        let Some(days) = days else { continue };
        let before = clock::now().saturating_sub(days.saturating_mul(DAY));
        while stats.alone(async || some(db, room, before).await).await? {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Forgets some of what things said that are older than the room's log, which nothing can change any
/// more; whether there is more. What was counted of them stays.
pub(super) async fn unsay(db: &Db, room: i64) -> Result<bool, DbError> {
    let sql = "DELETE FROM stats_things WHERE room = ?1 AND id IN (
                   SELECT id FROM stats_things WHERE room = ?1 AND at <
                       (SELECT at FROM events WHERE room = ?1 ORDER BY offset LIMIT 1)
                   LIMIT ?2)";
    let gone = db.write(move |connection| {
        connection.prepare_cached(sql)?.execute(params![room, i64::try_from(BATCH).unwrap_or(0)])
    });
    gone.await.map(|gone| gone > 0)
}

/// Forgets some of what was counted in the minutes before a time in Unix milliseconds; whether there
/// is more.
pub(super) async fn some(db: &Db, room: i64, before: i64) -> Result<bool, DbError> {
    db.write(move |connection| forget(connection, room, minute(before))).await
}

fn forget(connection: &Connection, room: i64, before: i64) -> rusqlite::Result<bool> {
    let mut gone = 0;
    let (mut rows, mut names) = (BTreeMap::new(), BTreeSet::new());
    let mut old = connection.prepare_cached(
        "SELECT bucket, name, count FROM stats_counts
         WHERE room = ? AND what = ? AND level = 0 AND bucket < ? ORDER BY bucket LIMIT ?",
    )?;
    for what in 0..super::happening::WHATS {
        let left = i64::try_from(BATCH - gone).unwrap_or(0);
        let mut found = old.query(params![room, what, before, left])?;
        while let Some(row) = found.next()? {
            let (minute, name, count): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            for level in Level::ALL {
                let key = (what, level.column(), level.bucket(minute), name);
                *rows.entry(key).or_insert(0) -= count;
            }
            names.insert(name);
            gone += 1;
        }
    }
    tally::add(connection, room, &rows)?;
    tally::drop_names(connection, room, names)?;
    let time = before * super::bucket::MINUTE;
    gone += connection
        .prepare_cached(
            "DELETE FROM stats_things WHERE room = ?1 AND id IN
                 (SELECT id FROM stats_things WHERE room = ?1 AND at < ?2 LIMIT ?3)",
        )?
        .execute(params![room, time, i64::try_from(BATCH).unwrap_or(0)])?;
    connection
        .prepare_cached(
            "DELETE FROM stats_results
             WHERE room = ? AND kind IN ('poll', 'question') AND at < ?",
        )?
        .execute(params![room, time])?;
    // Who came, by the same measure.
    let time = since(time, clock::now());
    for (table, kinds) in [
        ("visits_minutes", ""),
        ("visits_names", " AND kind IN ('transport', 'device', 'referrer', 'link')"),
        ("visits_spreads", " AND kind IN ('stay', 'latency')"),
    ] {
        let sql = format!("DELETE FROM {table} WHERE room = ?1{kinds} AND at < ?2");
        connection.prepare_cached(&sql)?.execute(params![room, time])?;
    }
    Ok(gone > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_or_the_day_of_which_something_is_kept_stays_whole() {
        let (hour, minute) = (DAY / 24, DAY / 24 / 60);
        let now = 20_000 * DAY + 7 * hour + 42 * minute;
        assert_eq!(since(now - DAY, now), now - DAY);
        assert_eq!(since(now - 10 * DAY, now), now - 10 * DAY - 42 * minute);
        assert_eq!(since(now - 100 * DAY, now), 19_900 * DAY);
    }
}
