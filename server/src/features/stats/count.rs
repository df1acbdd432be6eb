//! Counting the logs, beside the writer: what is new is read and added up in batches, and kept with
//! the position up to which it goes in one transaction. So every event counts once, also when the
//! server is killed in between.

use super::Stats;
use super::bucket::MINUTE;
use super::happening::{self, Before, Thing};
use super::rollup::{Kept, Rollup};
use super::tables::{self, VERSION};
use super::tally::Tally;
use crate::app::App;
use crate::db::{Db, DbError, Job};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How many events, and how many bytes of them, one batch has at most: that is in memory at once.
const EVENTS: usize = 2_000;
const BYTES: usize = 1024 * 1024;

/// While events come in, counting rests for so many times as long as it worked: it costs whoever
/// publishes no more than this part.
const REST: u32 = 32;

/// How long it rests at least, and at most.
const LEAST: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(30);

/// How long what comes is gathered, so that it is counted together.
const GATHER: Duration = Duration::from_millis(250);

/// How long nothing has to happen for it to be quiet.
const QUIET: Duration = Duration::from_millis(10);

/// How long to wait before the store is asked again that did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Up to where a room is counted, as the table has it.
#[derive(Clone)]
struct Position {
    epoch: String,
    offset: i64,
    version: i64,
    /// What ended before this minute is rolled up.
    open: Option<i64>,
    /// Of what came to be before this time nothing is known.
    forgotten: i64,
}

impl Position {
    /// Where this version has counted to.
    fn counted(epoch: &str, offset: i64, open: Option<i64>) -> Self {
        Self { epoch: epoch.to_owned(), offset, version: VERSION, open, forgotten: 0 }
    }
}

/// Events that were read and added up, not yet kept.
struct Batch {
    /// Before the first of them; none where nothing was counted.
    from: Option<i64>,
    /// Where they begin: what is between is not in the log any more.
    first: i64,
    /// Where the last stands.
    to: i64,
    epoch: String,
    open: Option<i64>,
    tally: Tally,
    lists: Kept,
}

/// What there is to do in a room.
enum Due {
    Nothing,
    /// What was counted is of another log, or was counted otherwise.
    Reset,
    /// The room is not to be counted: on to the end.
    Skip,
    Count(Box<Batch>),
}

/// Counts what there is, and from now on what is new, until the server ends.
pub(super) fn begin(app: &App, stats: &Stats) {
    let (app, stats) = (app.downgrade(), stats.clone());
    tokio::spawn(async move {
        loop {
            let Some(app) = app.upgrade() else { return };
            let db = app.db.clone();
            let mut news = stats.news();
            drop(app);
            match turn(&db, &stats).await {
                // There may be more, in any room.
                Ok(true) => continue,
                Ok(false) => {}
                Err(DbError::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, "statistics wait for the store");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            }
            drop(db);
            // Ends with the server, which holds the other end.
            if news.changed().await.is_err() {
                return;
            }
            tokio::time::sleep(GATHER).await;
        }
    });
}

/// Counts some of each room of which not all is counted, so that a busy one keeps no other waiting;
/// whether there was any.
pub(super) async fn turn(db: &Db, stats: &Stats) -> Result<bool, DbError> {
    let (mut any, mut failed) = (false, None);
    for room in rooms(db).await? {
        let (begun, mut news) = (Instant::now(), stats.news());
        let to = match stats.alone(async || some(db, room).await).await {
            Ok(Some(to)) => to,
            Ok(None) => continue,
            // One room that cannot be counted keeps no other waiting.
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        any = true;
        stats.counted(room, to);
        let rest = (begun.elapsed() * REST).clamp(LEAST, MOST);
        // Where nobody publishes there is nobody to be slowed down.
        if tokio::time::timeout(QUIET, news.changed()).await.is_ok() {
            tokio::time::sleep(rest).await;
        }
    }
    failed.map_or(Ok(any), Err)
}

/// The rooms of which not all is counted.
async fn rooms(db: &Db) -> Result<Vec<i64>, DbError> {
    db.read(|connection| {
        let sql = "SELECT rooms.id
                   FROM rooms LEFT JOIN stats_rooms ON stats_rooms.room = rooms.id
                   WHERE stats_rooms.room IS NULL AND rooms.head > 0
                       OR rooms.head <> stats_rooms.offset OR rooms.epoch <> stats_rooms.epoch
                       OR stats_rooms.version <> ?";
        let mut statement = connection.prepare_cached(sql)?;
        let rooms = statement.query_map([VERSION], |row| row.get(0))?;
        rooms.collect()
    })
    .await
}

/// Counts some of what is new in a room; up to where it is counted now, unless nothing was new.
pub(super) async fn some(db: &Db, room: i64) -> Result<Option<i64>, DbError> {
    match db.read(move |connection| due(connection, room)).await? {
        Due::Nothing => Ok(None),
        Due::Reset => {
            db.write(move |connection| tables::reset(connection, room)).await?;
            Ok(Some(0))
        }
        Due::Skip => db.write(move |connection| skip_to_end(connection, room)).await.map(Some),
        Due::Count(batch) => {
            let (from, to) = (batch.from.unwrap_or(0), batch.to);
            let (answer, answered) = oneshot::channel();
            let outcome = Err(DbError::Closed);
            db.submit(Box::new(Keep { room, batch, kept: false, outcome, answer })).await?;
            let kept = answered.await.map_err(|_| DbError::Closed)??;
            Ok(Some(if kept { to } else { from }))
        }
    }
}

/// Reads and adds up what comes next, and says what is to be kept then: so that the writer, for which
/// everybody waits who publishes, has nothing to do but to keep that.
fn due(connection: &mut Connection, room: i64) -> rusqlite::Result<Due> {
    // One moment: the log and what is counted of it belong together.
    let moment = connection.transaction()?;
    let known = position(&moment, room)?;
    let (epoch, head): (String, i64) = moment
        .prepare_cached("SELECT epoch, head FROM rooms WHERE id = ?")?
        .query_row([room], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if !counts(&moment, room)? {
        let there = known.as_ref().is_some_and(|it| it.offset == head && it.epoch == epoch);
        return Ok(if there { Due::Nothing } else { Due::Skip });
    }
    // Another epoch alone is the same log, in a copy of the database or after a crash.
    let is_other = |known: &Position| known.version != VERSION || known.offset > head;
    if known.as_ref().is_some_and(is_other) {
        return Ok(Due::Reset);
    }
    let renamed = known.as_ref().is_some_and(|known| known.epoch != epoch);
    let from = known.as_ref().map(|known| known.offset);
    let forgotten = known.as_ref().map_or(0, |known| known.forgotten);
    let mut statement = moment.prepare_cached(
        "SELECT offset, at, kind, event FROM events WHERE room = ? AND offset > ? ORDER BY offset",
    )?;
    let mut rows = statement.query(params![room, from.unwrap_or(0)])?;
    let (mut tally, mut first, mut to, mut events, mut bytes) =
        (Tally::default(), None, None, 0, 0);
    while events < EVENTS
        && bytes < BYTES
        && let Some(row) = rows.next()?
    {
        // What is damaged counts nothing.
        let text = |column| row.get_ref(column).map(|text| text.as_str().unwrap_or_default());
        let (offset, kind, event) = (row.get(0)?, text(2)?, text(3)?);
        let begins = *first.get_or_insert(offset);
        let happening = happening::read(kind, event);
        let was = match happening.thing {
            Some(Thing::Changed(_) | Thing::Gone) => replaced(&moment, room, offset)?,
            _ => None,
        };
        let before = match was.as_deref().and_then(|was| happening::before(kind, was)) {
            // What is not in the log any more was not read.
            Some(before) if (from.unwrap_or(0) + 1..begins).contains(&before.offset) => {
                Some((before, false))
            }
            Some(before) => {
                let is_counted = is_counted(&moment, room, forgotten, &before)?;
                Some((before, is_counted))
            }
            None => None,
        };
        bytes += was.as_ref().map_or(0, String::len);
        tally.take(row.get(1)?, happening, before);
        to = Some(offset);
        events += 1;
        bytes += event.len();
    }
    // Of what is not in the log any more, nothing can be counted.
    let to = to.or((renamed || head > from.unwrap_or(0)).then_some(head));
    let Some(to) = to else { return Ok(Due::Nothing) };
    let before = known.and_then(|known| known.open);
    let open = before.max(tally.until);
    let mut rollup = Rollup::new(&moment, room);
    if let Some(until) = open {
        rollup.count(&tally.lists(), before.or_else(|| tally.since()).unwrap_or(until), until)?;
    }
    let (first, lists) = (first.unwrap_or(to + 1), rollup.end());
    Ok(Due::Count(Box::new(Batch { from, first, to, epoch, open, tally, lists })))
}

/// What an event replaced.
fn replaced(connection: &Connection, room: i64, offset: i64) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT was FROM replaced WHERE room = ? AND offset = ?")?
        .query_row([room, offset], |row| {
            Ok(row.get_ref(0)?.as_str().unwrap_or_default().to_owned())
        })
        .optional()
}

/// Whether what stood there was counted and is not forgotten.
fn is_counted(
    connection: &Connection,
    room: i64,
    forgotten: i64,
    before: &Before<'_>,
) -> rusqlite::Result<bool> {
    if before.at < forgotten {
        return Ok(false);
    }
    let gap: Option<i64> = connection
        .prepare_cached(
            "SELECT last FROM stats_gaps WHERE room = ? AND first <= ? ORDER BY first DESC LIMIT 1",
        )?
        .query_row([room, before.offset], |row| row.get(0))
        .optional()?;
    Ok(gap.is_none_or(|last| last < before.offset))
}

/// Whether a room is to be counted.
fn counts(connection: &Connection, room: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT CASE WHEN json_valid(keeping)
                 THEN coalesce(json_extract(keeping, '$.statistics'), 1) ELSE 1 END
             FROM rooms WHERE id = ?",
        )?
        .query_row([room], |row| row.get(0))
}

/// The writer's job that keeps a batch.
struct Keep {
    room: i64,
    batch: Box<Batch>,
    kept: bool,
    outcome: Result<(), DbError>,
    /// Whether it was kept.
    answer: oneshot::Sender<Result<bool, DbError>>,
}

impl Job for Keep {
    /// Nothing happens if somebody else was there first, or counting was turned off meanwhile.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let Batch { from, first, to, epoch, open, tally, lists } = self.batch.as_ref();
        let known = position(connection, self.room)?.map(|known| known.offset);
        self.kept = known == *from && counts(connection, self.room)?;
        if !self.kept {
            return Ok(());
        }
        lists.write(connection, self.room)?;
        tally.write_outcomes(connection, self.room)?;
        leave_out(connection, self.room, from.unwrap_or(0) + 1, first - 1)?;
        move_to(connection, self.room, &Position::counted(epoch, *to, *open))
    }

    fn done(&mut self, outcome: Result<(), DbError>) {
        self.outcome = outcome;
    }

    /// So that what is published in the same commit needs no savepoint.
    fn is_repeatable(&self) -> bool {
        true
    }

    fn answer(self: Box<Self>) {
        let _ = self.answer.send(self.outcome.map(|()| self.kept));
    }
}

fn position(connection: &Connection, room: i64) -> rusqlite::Result<Option<Position>> {
    connection
        .prepare_cached(
            "SELECT epoch, offset, version, open, forgotten FROM stats_rooms WHERE room = ?",
        )?
        .query_row([room], |row| {
            Ok(Position {
                epoch: row.get(0)?,
                offset: row.get(1)?,
                version: row.get(2)?,
                open: row.get(3)?,
                forgotten: row.get(4)?,
            })
        })
        .optional()
}

fn move_to(connection: &Connection, room: i64, to: &Position) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO stats_rooms (room, epoch, offset, version, open) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET epoch = excluded.epoch, offset = excluded.offset,
                 version = excluded.version, open = excluded.open",
        )?
        .execute(params![room, to.epoch, to.offset, to.version, to.open])
        .map(|_| ())
}

/// Notes that events from `first` to `last` are not counted, if there are any: what changes of them
/// afterwards is not, either.
fn leave_out(connection: &Connection, room: i64, first: i64, last: i64) -> rusqlite::Result<()> {
    if first > last {
        return Ok(());
    }
    let grown = connection
        .prepare_cached("UPDATE stats_gaps SET last = ? WHERE room = ? AND last = ?")?
        .execute([last, room, first - 1])?;
    if grown == 0 {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO stats_gaps (room, first, last) VALUES (?, ?, ?)",
            )?
            .execute([room, first, last])?;
    }
    Ok(())
}

/// Goes on to the end of a room's log without counting it; where that is.
fn skip_to_end(connection: &Connection, room: i64) -> rusqlite::Result<i64> {
    let (epoch, head): (String, i64) = connection
        .prepare_cached("SELECT epoch, head FROM rooms WHERE id = ?")?
        .query_row([room], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(known) = position(connection, room)? else {
        leave_out(connection, room, 1, head)?;
        move_to(connection, room, &Position::counted(&epoch, head, None))?;
        return Ok(head);
    };
    // What was counted of it before is not what stands there any more.
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO stats_gaps (room, first, last)
             SELECT ?1, was ->> '$.offset', was ->> '$.offset' FROM replaced
             WHERE room = ?1 AND offset > ?2 AND json_valid(was) AND was ->> '$.offset' <= ?2
                 AND NOT EXISTS (SELECT 1 FROM stats_gaps AS gap WHERE gap.room = ?1
                     AND was ->> '$.offset' BETWEEN gap.first AND gap.last)",
        )?
        .execute([room, known.offset])?;
    leave_out(connection, room, known.offset + 1, head)?;
    // What was counted of another log, or otherwise, stays until it is counted anew.
    let version = if known.offset > head { 0 } else { known.version };
    move_to(connection, room, &Position { epoch, offset: head, version, ..known })?;
    Ok(head)
}

/// Up to what minute a room is rolled up.
pub(super) fn open(connection: &Connection, room: i64) -> rusqlite::Result<i64> {
    Ok(position(connection, room)?.and_then(|known| known.open).unwrap_or(0))
}

/// Notes that nothing is known of what came to be before a minute.
pub(super) fn forgotten(connection: &Connection, room: i64, before: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE stats_rooms SET forgotten = max(forgotten, ?) WHERE room = ?")?
        .execute([before.saturating_mul(MINUTE), room])
        .map(|_| ())
}

/// Up to where each room is counted.
pub(super) async fn positions(db: &Db) -> Result<HashMap<i64, i64>, DbError> {
    db.read(|connection| {
        let mut statement = connection.prepare("SELECT room, offset FROM stats_rooms")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    })
    .await
}

/// Notes that nothing is counted by this server. What happened before the next one that counts is
/// not counted afterwards, either.
pub(super) async fn pause(db: &Db, pauses: bool) -> Result<(), DbError> {
    db.write(move |connection| {
        if pauses {
            let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES ('statistics', 'off')";
            return connection.execute(sql, []).map(|_| ());
        }
        let sql = "DELETE FROM settings WHERE name = 'statistics'";
        if connection.execute(sql, [])? > 0 {
            let mut statement = connection.prepare("SELECT id FROM rooms WHERE head > 0")?;
            let rooms = statement.query_map([], |row| row.get(0))?;
            for room in rooms.collect::<rusqlite::Result<Vec<i64>>>()? {
                skip_to_end(connection, room)?;
            }
        }
        Ok(())
    })
    .await
}
