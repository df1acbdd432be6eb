//! A room's log as lines, as on the wire: out of a database, and into one.
//!
//! Out and in again it is the same, byte for byte. What comes in is held against all that a line of
//! a log has to be: it may come from anywhere, and pages show what it says.

mod allowed;

use super::append::Place;
use super::past::Past;
use super::{Keeping, as_column, from_column};
use crate::clock;
use crate::json;
use crate::random;
use crate::record::Record;
use nowcast_shared::event::Event;
use nowcast_shared::id::{PublicId, RoomName};
use nowcast_shared::item::Author;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;
use serde_json::value::RawValue;

/// How much later than now an event may be said to have happened, in milliseconds: the clocks of
/// two machines differ, and what comes after it is never earlier.
const AHEAD: i64 = 24 * 3600 * 1000;

/// The largest offset: browsers count exactly to 2⁵³, and the room is to go on for a while.
const MOST_OFFSET: i64 = (1 << 53) - (1 << 40);

/// A room's log, as far as it is kept.
pub struct Span {
    /// Its key.
    room: i64,
    /// The offset of the oldest event.
    pub first: i64,
    /// The offset of the newest.
    pub head: i64,
}

/// The log of the room of this name, if there is one.
pub fn span(connection: &Connection, name: &RoomName) -> rusqlite::Result<Option<Span>> {
    let sql = "SELECT id, first, head FROM rooms WHERE name = ?";
    connection
        .query_row(sql, [name.as_str()], |row| {
            Ok(Span { room: row.get(0)?, first: row.get(1)?, head: row.get(2)? })
        })
        .optional()
}

/// Gives each event of the log in order: its offset, its time, its author and itself (both JSON).
///
/// # Errors
/// Those of the database, or of `give`, which ends it.
pub fn each<E: From<rusqlite::Error>>(
    connection: &Connection,
    span: &Span,
    mut give: impl FnMut(i64, i64, &str, &str) -> Result<(), E>,
) -> Result<(), E> {
    let sql = "SELECT offset, at, author, event FROM events WHERE room = ? ORDER BY offset";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([span.room])?;
    while let Some(row) = rows.next()? {
        let (author, event) = (row.get_ref(2)?, row.get_ref(3)?);
        let text = |value: rusqlite::types::ValueRef<'_>| {
            value.as_str().map(str::to_owned).map_err(rusqlite::Error::from)
        };
        give(row.get(0)?, row.get(1)?, &text(author)?, &text(event)?)?;
    }
    Ok(())
}

/// Why a line does not become part of a log.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What is wrong about it.
    #[error("{0}")]
    Line(String),
    /// The database did not do it.
    #[error("the database: {0}")]
    Db(#[from] rusqlite::Error),
}

fn refuse<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Line(why.into()))
}

/// A log that is put into a room, line by line, within a transaction of the caller's.
pub struct Restore<'c> {
    connection: &'c Connection,
    owners: Box<dyn Fn(&PublicId) -> String + 'c>,
    room: i64,
    /// Of the first line.
    first: Option<i64>,
    /// Of the line before.
    last: (i64, i64),
    bytes: i64,
    now: i64,
}

/// What a line is.
#[derive(Deserialize)]
struct Line<'l> {
    t: &'l str,
    offset: i64,
    at: i64,
    #[serde(borrow)]
    by: &'l RawValue,
    #[serde(borrow)]
    event: &'l RawValue,
}

impl<'c> Restore<'c> {
    /// Into the room of this name, which is made if it is not there.
    ///
    /// # Errors
    /// If something happened in the room already.
    pub fn begin(
        connection: &'c Connection,
        name: &RoomName,
        owners: impl Fn(&PublicId) -> String + 'c,
    ) -> Result<Self, Refused> {
        // As a server calls it that makes it; the log says what it was called later.
        let title = if *name == RoomName::main() { "Nowcast" } else { name.as_str() };
        connection.execute(
            "INSERT INTO rooms (name, title, epoch, created_at) VALUES (?1, ?2, '', ?3)
             ON CONFLICT DO NOTHING",
            params![name.as_str(), title, clock::now()],
        )?;
        let sql = "SELECT id, head FROM rooms WHERE name = ?";
        let (room, head): (i64, i64) =
            connection.query_row(sql, [name.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if head > 0 {
            return refuse(format!(
                "the room {name} has {head} events already: choose a room in which nothing happened"
            ));
        }
        let (owners, now) = (Box::new(owners), clock::now());
        Ok(Self { connection, owners, room, first: None, last: (0, 0), bytes: 0, now })
    }

    /// Takes the next line, without its line break.
    ///
    /// # Errors
    /// If it is not the next line of a log.
    pub fn take(&mut self, line: &str) -> Result<(), Refused> {
        if let Err(problem) = json::read(line) {
            return refuse(problem.detail.into_owned());
        }
        let Ok(Line { t: "event", offset, at, by, event }) = serde_json::from_str(line) else {
            return refuse("this is no event as `nowcast export` writes it");
        };
        let past = match (serde_json::from_str::<Author>(by.get()), Past::read(event.get())) {
            (Ok(author), Ok(past)) => (author, past),
            (Err(error), _) => return refuse(format!("its author cannot be read: {error}")),
            (_, Err(error)) => return refuse(format!("its event cannot be read: {error}")),
        };
        let (author, past) = past;
        self.in_place(offset, at)?;
        if let Some(why) = past.misplaced(offset, at) {
            return refuse(why);
        }
        let record = Record::new(from_column(offset), at, by.get(), event.get());
        if record.encoded.json() != line.as_bytes() {
            return refuse("it is written otherwise than `nowcast export` does, or says more");
        }
        allowed::check(&past, &author)?;
        self.is_the_same(&past)?;
        let owner = (self.owners)(&author.id);
        let place = Place { room: self.room, offset, at, by: &author, owner: &owner };
        past.effect().apply(self.connection, &place).map_err(|error| match error {
            rusqlite::Error::SqliteFailure(error, _)
                if error.code == rusqlite::ErrorCode::ConstraintViolation =>
            {
                Refused::Line("something of this name is there already".to_owned())
            }
            error => error.into(),
        })?;
        self.connection
            .prepare_cached(
                "INSERT INTO events (room, offset, at, kind, author, event)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![self.room, offset, at, past.kind(), by.get(), event.get()])?;
        self.bytes += i64::try_from(by.get().len() + event.get().len()).unwrap_or(i64::MAX);
        self.first.get_or_insert(offset);
        self.last = (offset, at);
        Ok(())
    }

    /// Whether an item that is edited says of itself what it said when it was published.
    fn is_the_same(&self, past: &Past) -> Result<(), Refused> {
        let (Event::ItemEdited { .. }, Some(Ok(item))) = (&past.event, past.item()) else {
            return Ok(());
        };
        let known: Option<(i64, i64, String)> = self
            .connection
            .prepare_cached(
                "SELECT offset, item ->> '$.at', kind FROM items WHERE room = ? AND id = ?",
            )?
            .query_row(params![self.room, item.id.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let said = (as_column(item.offset), item.at, item.kind);
        if known.is_some_and(|known| known != said) {
            return refuse("its item is said to be of another time, place or kind than it was");
        }
        Ok(())
    }

    /// Whether a line may stand where it does.
    fn in_place(&self, offset: i64, at: i64) -> Result<(), Refused> {
        let (last, last_at) = self.last;
        if offset < 1 {
            return refuse("offsets begin with 1");
        }
        if offset > MOST_OFFSET {
            return refuse("no log is so long");
        }
        if self.first.is_some() && offset != last + 1 {
            let due = last + 1;
            return refuse(format!("its offset is {offset}, and {due} comes next"));
        }
        if at < last_at {
            return refuse("it happened before the line before it");
        }
        if at > self.now + AHEAD {
            return refuse("it is said to happen in the future");
        }
        Ok(())
    }

    /// Has the room go on from there; how many events it has now. It gets a new epoch: no page that
    /// was in any room before can take these events for others.
    ///
    /// # Errors
    /// If there was no line.
    pub fn end(self) -> Result<u64, Refused> {
        let Some(first) = self.first else { return refuse("there is no event in it") };
        let (head, last_at) = self.last;
        self.connection.execute(
            "UPDATE rooms SET head = ?, first = ?, last_at = ?, bytes = ?, epoch = ? WHERE id = ?",
            params![head, first, last_at, self.bytes, random::name("e", 9), self.room],
        )?;
        Ok(u64::try_from(head - first + 1).unwrap_or(0))
    }

    /// What the room keeps of its past.
    ///
    /// # Errors
    /// Those of the database.
    pub fn keeping(&self) -> rusqlite::Result<Keeping> {
        let sql = "SELECT keeping FROM rooms WHERE id = ?";
        self.connection
            .query_row(sql, [self.room], |row| Ok(Keeping::read(row.get_ref(0)?.as_str_or_null()?)))
    }
}
