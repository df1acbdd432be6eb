//! Letting go of what was counted long ago, where a room keeps its past for so many days only.

use super::bucket::{Level, minute, size};
use super::rollup::{self, Rollup};
use super::{Stats, count};
use crate::app::App;
use crate::clock;
use crate::db::{Db, DbError};
use rusqlite::{Connection, params};
use std::time::Duration;

/// How often is looked whether something is too old.
const PACE: Duration = Duration::from_mins(10);

/// How long the writer is left alone between two days that go.
const PAUSE: Duration = Duration::from_millis(10);

const DAY: i64 = 86_400_000;

/// From when visits are kept where those before a time go: what stands together with what is to stay
/// stays. Names and spreads of minutes become hours after some days, and hours days.
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
                   json_extract(keeping, '$.days') IS NOT NULL END";
    let rooms: Vec<(i64, i64)> = db
        .read(move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rooms = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rooms.collect()
        })
        .await?;
    for (room, days) in rooms {
        let before = clock::now().saturating_sub(days.saturating_mul(DAY));
        while stats.alone(async || some(db, room, before).await).await? {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Forgets some of what was counted in the minutes before a time in Unix milliseconds; whether there
/// is more.
pub(super) async fn some(db: &Db, room: i64, before: i64) -> Result<bool, DbError> {
    let before = minute(before);
    let (until, kept) = db
        .read(move |connection| {
            let moment = connection.transaction()?;
            let counted = rollup::counted(&moment, room)?;
            // A day at once at most.
            let day = (Level::Day.bucket(counted.start) + 1) * size(Level::Day);
            let until = if counted.is_empty() { before } else { before.min(day) };
            let mut rollup = Rollup::new(&moment, room);
            if !counted.is_empty() && counted.start < until {
                rollup.forget(&counted, count::open(&moment, room)?, until)?;
            }
            Ok((until, rollup.end()))
        })
        .await?;
    db.write(move |connection| {
        kept.write(connection, room)?;
        count::forgotten(connection, room, until)?;
        forget(connection, room, until * super::bucket::MINUTE)
    })
    .await?;
    Ok(until < before)
}

/// Forgets what is known of the time before.
fn forget(connection: &Connection, room: i64, time: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM stats_outcomes
             WHERE room = ? AND kind IN ('poll', 'question') AND at < ?",
        )?
        .execute(params![room, time])?;
    // Who came, by the same measure.
    let whole = since(time, clock::now());
    for (table, kinds, time) in [
        ("visits_minutes", "", time),
        ("visits_names", " AND kind IN ('transport', 'device', 'referrer', 'link')", whole),
        ("visits_spreads", " AND kind IN ('stay', 'latency')", whole),
    ] {
        let sql = format!("DELETE FROM {table} WHERE room = ?1{kinds} AND at < ?2");
        connection.prepare_cached(&sql)?.execute(params![room, time])?;
    }
    Ok(())
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
