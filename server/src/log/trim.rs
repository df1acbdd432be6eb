//! Letting go of the past: the oldest events of a room, and the items and words of then, some at a
//! time, so that who publishes meanwhile waits for no more than that.

use super::keeping::Keeping;
use super::{Log, Shared, as_column, from_column};
use crate::clock;
use crate::db::{DbError, Job};
use nowcast_shared::id::RoomName;
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// How many events, items or words go in one transaction at most.
pub(super) const BATCH: i64 = 500;

/// How long the writer is left alone between two of these.
const PAUSE: Duration = Duration::from_millis(5);

/// The projections that stand for the past, with the column where their time is.
const PAST: [(&str, &str); 2] = [("items", "item"), ("said", "said")];

impl Log {
    /// Rings when some room is to keep less.
    pub fn less(&self) -> Arc<Notify> {
        Arc::clone(&self.less)
    }

    /// Lets go of what rooms no longer keep, and gives the disk back what that leaves free.
    pub async fn trim(&self) -> Result<(), DbError> {
        let keep = i64::try_from(self.keep).unwrap_or(i64::MAX);
        for (id, name) in self.db.read(move |connection| overdue(connection, keep)).await? {
            loop {
                let (answer, more) = oneshot::channel();
                let (log, name) = (Arc::clone(&self.shared), name.clone());
                let outcome = Err(DbError::Closed);
                let job = Trim { id, name, keep, log, done: Done::default(), outcome, answer };
                self.db.submit(Box::new(job)).await?;
                if !more.await.map_err(|_| DbError::Closed)?? {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        self.db.give_back().await
    }
}

/// The rooms that have something to let go of, perhaps.
fn overdue(connection: &Connection, keep: i64) -> rusqlite::Result<Vec<(i64, RoomName)>> {
    let sql = "SELECT id, name FROM rooms
               WHERE keeping IS NOT NULL OR (?1 > 0 AND head - first >= ?1)";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([keep], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let mut due = Vec::new();
    for row in rows {
        let (id, name) = row?;
        // Only names that addresses can hold were ever taken.
        let name = name.parse().map_err(|_| rusqlite::Error::InvalidQuery)?;
        if Limits::read(connection, id, keep, None)?.look(connection)?.is_something() {
            due.push((id, name));
        }
    }
    Ok(due)
}

/// A room's log, and what is to stay of it.
struct Limits {
    room: i64,
    head: i64,
    first: i64,
    bytes: i64,
    keeping: Keeping,
    /// What happened before goes, in Unix milliseconds.
    since: i64,
    /// The newest event that is one too many for the room, and for the server.
    beyond: (i64, i64),
    /// The event from which on somebody needs the log.
    needed: i64,
}

/// What is to go: all before these offsets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Goes {
    /// Of the log.
    first: Option<i64>,
    /// Of each projection of the past.
    past: [Option<i64>; 2],
}

impl Goes {
    fn is_something(&self) -> bool {
        self.first.is_some() || self.past.iter().any(Option::is_some)
    }
}

impl Limits {
    fn read(
        connection: &Connection,
        room: i64,
        keep: i64,
        needed: Option<i64>,
    ) -> rusqlite::Result<Self> {
        let sql = "SELECT head, first, bytes, keeping FROM rooms WHERE id = ?";
        connection.prepare_cached(sql)?.query_row([room], |row| {
            let head: i64 = row.get(0)?;
            let keeping = Keeping::read(row.get_ref(3)?.as_str_or_null()?);
            let beyond = |events: Option<i64>| events.map_or(0, |events| head - events);
            let events = keeping.events.map(|events| i64::try_from(events).unwrap_or(i64::MAX));
            Ok(Self {
                room,
                head,
                first: row.get(1)?,
                bytes: row.get(2)?,
                since: keeping.since(clock::now()).unwrap_or(i64::MIN),
                beyond: (beyond(events), beyond((keep > 0).then_some(keep))),
                needed: needed.unwrap_or(i64::MAX),
                keeping,
            })
        })
    }

    /// What is to go next.
    fn look(&self, connection: &Connection) -> rusqlite::Result<Goes> {
        let first = self.look_at_events(connection)?;
        let mut goes = Goes { first, past: [None; 2] };
        if self.keeping.is_limited() {
            for (index, (table, column)) in PAST.into_iter().enumerate() {
                let first = first.unwrap_or(self.first);
                goes.past[index] = self.look_at_past(connection, (table, column), first)?;
            }
        }
        Ok(goes)
    }

    /// Where the log is to begin, if that is later than it does.
    fn look_at_events(&self, connection: &Connection) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT offset, at, octet_length(author) + octet_length(event) FROM events
                   WHERE room = ? AND offset >= ? ORDER BY offset LIMIT ?";
        let most =
            self.keeping.bytes.map_or(i64::MAX, |most| i64::try_from(most).unwrap_or(i64::MAX));
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([self.room, self.first, BATCH])?;
        let (mut first, mut bytes) = (self.first, self.bytes);
        while let Some(row) = rows.next()? {
            let (offset, at, size): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let goes = at < self.since
                || bytes > most
                || offset <= self.beyond.0
                || offset <= self.beyond.1;
            if !goes || offset >= self.needed {
                break;
            }
            (first, bytes) = (offset + 1, bytes - size);
        }
        Ok((first > self.first).then_some(first.min(self.head + 1)))
    }

    /// Before which offset a projection is to have nothing, where it has. Only what the log no
    /// longer has is looked at; and of that the server's own limit lets nothing go.
    fn look_at_past(
        &self,
        connection: &Connection,
        (table, column): (&str, &str),
        first: i64,
    ) -> rusqlite::Result<Option<i64>> {
        let sql = format!(
            "SELECT offset, {column} ->> '$.at' FROM {table} WHERE room = ? AND offset < ?
             ORDER BY offset LIMIT ?"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([self.room, first, BATCH])?;
        let mut before = None;
        while let Some(row) = rows.next()? {
            let (offset, at): (i64, i64) = (row.get(0)?, row.get(1)?);
            let too_large = self.keeping.bytes.is_some();
            if at >= self.since && offset > self.beyond.0 && !too_large {
                break;
            }
            before = Some(offset + 1);
        }
        Ok(before)
    }
}

/// Deletes the events of a room before this one, with what they replaced; how many bytes the events
/// had.
pub(super) fn delete_events(
    connection: &Connection,
    room: i64,
    first: i64,
) -> rusqlite::Result<i64> {
    let sum = "SELECT coalesce(sum(octet_length(author) + octet_length(event)), 0) FROM events
               WHERE room = ? AND offset < ?";
    let bytes = connection.prepare_cached(sum)?.query_row([room, first], |row| row.get(0))?;
    for sql in [
        "DELETE FROM events WHERE room = ? AND offset < ?",
        "DELETE FROM replaced WHERE room = ? AND offset < ?",
    ] {
        connection.prepare_cached(sql)?.execute([room, first])?;
    }
    Ok(bytes)
}

/// Lets go of some of a room's past.
struct Trim {
    id: i64,
    name: RoomName,
    keep: i64,
    log: Arc<Shared>,
    done: Done,
    outcome: Result<(), DbError>,
    /// Whether there is more to do.
    answer: oneshot::Sender<Result<bool, DbError>>,
}

/// What went.
#[derive(Default)]
struct Done {
    something: bool,
    /// Where the log begins.
    first: i64,
    /// Before which offset items and words go, if some do.
    past: Option<i64>,
}

impl Job for Trim {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let needed = self.log.needed(self.id).map(as_column);
        let limits = Limits::read(connection, self.id, self.keep, needed).optional()?;
        let Some(limits) = limits else { return Ok(()) };
        let goes = limits.look(connection)?;
        self.done = Done {
            something: goes.is_something(),
            first: goes.first.unwrap_or(limits.first),
            past: goes.past.into_iter().flatten().max(),
        };
        if let Some(first) = goes.first {
            let bytes = delete_events(connection, self.id, first)?;
            connection
                .prepare_cached("UPDATE rooms SET first = ?, bytes = bytes - ? WHERE id = ?")?
                .execute(params![first, bytes, self.id])?;
        }
        for ((table, _), before) in PAST.into_iter().zip(goes.past) {
            if let Some(before) = before {
                let sql = format!("DELETE FROM {table} WHERE room = ? AND offset < ?");
                connection.prepare_cached(&sql)?.execute([self.id, before])?;
            }
        }
        Ok(())
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn done(&mut self, outcome: Result<(), DbError>) {
        if outcome.is_ok() && self.done.something {
            let first = from_column(self.done.first);
            let mut rooms = self.log.rooms.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(room) = rooms.changed(&self.name) {
                room.let_go(first);
            }
            drop(rooms);
            if let Some(past) = self.done.past {
                self.log.follower.let_go(self.id, from_column(past));
            }
        }
        self.outcome = outcome;
    }

    fn answer(self: Box<Self>) {
        let more = self.outcome.map(|()| self.done.something);
        // Nobody waits any more if the server ends; what went is gone all the same.
        let _ = self.answer.send(more);
    }
}
