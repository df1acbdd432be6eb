//! Keeping one change: the events table and the projections, in one transaction.

use super::{Follower, Room, as_column, from_column};
use crate::clock;
use crate::db::{DbError, Job};
use crate::random;
use crate::record::Record;
use nowcast_shared::event::Event;
use nowcast_shared::id::ItemId;
use nowcast_shared::item::{Author, Item};
use nowcast_shared::offset::Offset;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::value::RawValue;
use std::sync::Arc;
use tokio::sync::oneshot;

/// JSON that is passed on without being looked into.
type Raw = Box<RawValue>;

/// A change that is allowed and well-formed, not yet kept.
pub struct Draft {
    /// Who is shown to have done it.
    pub by: Author,
    /// The subject that owns what it makes.
    pub owner: String,
    /// What.
    pub change: Change,
    /// Makes a repeat take effect once.
    pub once: Option<Once>,
}

/// What a draft does.
pub enum Change {
    /// Shows a new item.
    Publish {
        /// Its kind.
        kind: String,
        /// Its data, JSON.
        data: Raw,
        /// Its Markdown as safe HTML.
        html: Option<String>,
    },
    /// Gives an item new data.
    Edit {
        /// Which one.
        item: ItemId,
        /// The new data, JSON.
        data: Raw,
        /// Its Markdown as safe HTML.
        html: Option<String>,
    },
    /// Takes an item away.
    Delete {
        /// Which one.
        item: ItemId,
    },
    /// Calls the room something else.
    Retitle {
        /// What.
        title: String,
    },
}

/// The name of a request that may be repeated.
pub struct Once {
    /// Whose; keys of different actors have nothing to do with each other.
    pub actor: String,
    /// The idempotency key or the command id.
    pub key: String,
    /// SHA-256 of what is asked for.
    pub fingerprint: [u8; 32],
}

/// A change that is kept.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Where its event stands.
    pub offset: Offset,
    /// When, in Unix milliseconds.
    pub at: i64,
    /// The item it published.
    pub item: Option<ItemId>,
    /// Whether this is the answer to an earlier request.
    pub repeated: bool,
}

/// Why a change was not kept.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// There is no such item, or not any more.
    #[error("no such item")]
    UnknownItem,
    /// The key was used for something else.
    #[error("the key was used for another request")]
    Mismatch,
    /// The database did not do it.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The job that does it.
pub(super) struct Append {
    room: Arc<Room>,
    draft: Draft,
    keep: u64,
    follower: Arc<dyn Follower>,
    result: Option<Result<Kept, AppendError>>,
    outcome: Result<(), DbError>,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
}

struct Kept {
    appended: Appended,
    /// Absent if nothing new happened.
    new: Option<(Arc<Record>, Offset)>,
}

impl Append {
    pub(super) fn new(
        room: Arc<Room>,
        draft: Draft,
        keep: u64,
        follower: Arc<dyn Follower>,
    ) -> (Self, oneshot::Receiver<Result<Appended, AppendError>>) {
        let (answer, answered) = oneshot::channel();
        let outcome = Err(DbError::Closed);
        (Self { room, draft, keep, follower, result: None, outcome, answer }, answered)
    }

    fn keep(&self, connection: &Connection) -> rusqlite::Result<Result<Kept, AppendError>> {
        let room = self.room.id();
        if let Some(once) = &self.draft.once
            && let Some(answer) = earlier_answer(connection, room, once)?
        {
            return Ok(answer.map(|appended| Kept { appended, new: None }));
        }
        if let Change::Edit { item, .. } | Change::Delete { item } = &self.draft.change
            && find(connection, room, item)?.is_none()
        {
            return Ok(Err(AppendError::UnknownItem));
        }
        let now = clock::now();
        // Where the clock was set back, times stand still rather than run backwards.
        let (offset, at): (i64, i64) = connection
            .prepare_cached(
                "UPDATE rooms SET head = head + 1, last_at = max(last_at, ?) WHERE id = ?
                 RETURNING head, last_at",
            )?
            .query_row(params![now, room], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (event, item) = self.project(connection, offset, at)?;
        let author = json(&self.draft.by)?;
        let text = json(&event)?;
        connection
            .prepare_cached(
                "INSERT INTO events (room, offset, at, kind, author, event)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![room, offset, at, kind(&event), author, text])?;
        if let Some(once) = &self.draft.once {
            connection
                .prepare_cached(
                    "INSERT INTO answers (room, actor, key, fingerprint, item, offset, at)
                     VALUES (?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    room,
                    once.actor,
                    once.key,
                    once.fingerprint,
                    item.as_ref().map(|item| &item.0),
                    offset,
                    at
                ])?;
        }
        let first = self.shorten(connection, offset)?;
        let record = Record::new(from_column(offset), at, &author, &text);
        let appended = Appended { offset: from_column(offset), at, item, repeated: false };
        Ok(Ok(Kept { appended, new: Some((Arc::new(record), first)) }))
    }

    /// Changes the projections and gives the event, with the id of a new item.
    fn project(
        &self,
        connection: &Connection,
        offset: i64,
        at: i64,
    ) -> rusqlite::Result<(Event<Raw>, Option<ItemId>)> {
        let room = self.room.id();
        match &self.draft.change {
            Change::Publish { kind, data, html } => {
                let item = Item {
                    id: ItemId(random::name("i", 13)),
                    offset: from_column(offset),
                    at,
                    kind: kind.clone(),
                    data: data.clone(),
                    html: html.clone(),
                    by: self.draft.by.clone(),
                    edited_at: None,
                };
                connection
                    .prepare_cached(
                        "INSERT INTO items (room, offset, id, kind, owner, item)
                         VALUES (?, ?, ?, ?, ?, ?)",
                    )?
                    .execute(params![
                        room,
                        offset,
                        item.id.0,
                        kind,
                        self.draft.owner,
                        json(&item)?
                    ])?;
                let id = item.id.clone();
                Ok((Event::ItemPublished { item }, Some(id)))
            }
            Change::Edit { item, data, html } => {
                let mut edited =
                    find(connection, room, item)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
                edited.data.clone_from(data);
                edited.html.clone_from(html);
                edited.edited_at = Some(at);
                connection
                    .prepare_cached("UPDATE items SET item = ? WHERE room = ? AND offset = ?")?
                    .execute(params![json(&edited)?, room, as_column(edited.offset)])?;
                Ok((Event::ItemEdited { item: edited }, None))
            }
            Change::Delete { item } => {
                connection
                    .prepare_cached("DELETE FROM items WHERE room = ? AND id = ?")?
                    .execute(params![room, item.0])?;
                Ok((Event::ItemDeleted { item: item.clone() }, None))
            }
            Change::Retitle { title } => {
                connection
                    .prepare_cached("UPDATE rooms SET title = ? WHERE id = ?")?
                    .execute(params![title, room])?;
                Ok((Event::RoomTitled { title: title.clone() }, None))
            }
        }
    }

    /// Lets go of events beyond the number to keep; the offset of the oldest that is left.
    fn shorten(&self, connection: &Connection, head: i64) -> rusqlite::Result<Offset> {
        let room = self.room.id();
        let keep = i64::try_from(self.keep).unwrap_or(i64::MAX);
        if keep > 0 && head > keep {
            let first = head - keep + 1;
            connection
                .prepare_cached("DELETE FROM events WHERE room = ? AND offset < ?")?
                .execute(params![room, first])?;
            connection
                .prepare_cached("UPDATE rooms SET first = max(first, ?) WHERE id = ?")?
                .execute(params![first, room])?;
        }
        connection
            .prepare_cached("SELECT first FROM rooms WHERE id = ?")?
            .query_row([room], |row| row.get(0))
            .map(from_column)
    }
}

impl Job for Append {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.result = Some(self.keep(connection)?);
        Ok(())
    }

    fn done(&mut self, outcome: Result<(), DbError>) {
        if let (Ok(()), Some(Ok(kept))) = (&outcome, &self.result)
            && let Some((record, first)) = &kept.new
        {
            let title = match &self.draft.change {
                Change::Retitle { title } => Some(title.as_str()),
                _ => None,
            };
            self.room.push(record, *first, title);
            self.follower.followed(&self.room, record);
        }
        self.outcome = outcome;
    }

    fn answer(self: Box<Self>) {
        let Self { outcome, result, answer, .. } = *self;
        let result = outcome
            .map_err(AppendError::Db)
            .and_then(|()| result.unwrap_or(Err(AppendError::Db(DbError::Closed))));
        // Nobody waits any more if the request was dropped; the event is kept all the same.
        let _ = answer.send(result.map(|kept| kept.appended));
    }
}

fn earlier_answer(
    connection: &Connection,
    room: i64,
    once: &Once,
) -> rusqlite::Result<Option<Result<Appended, AppendError>>> {
    connection
        .prepare_cached(
            "SELECT fingerprint, item, offset, at FROM answers
             WHERE room = ? AND actor = ? AND key = ?",
        )?
        .query_row(params![room, once.actor, once.key], |row| {
            let same = row.get_ref(0)?.as_blob()? == once.fingerprint;
            let appended = Appended {
                item: row.get::<_, Option<String>>(1)?.map(ItemId),
                offset: from_column(row.get(2)?),
                at: row.get(3)?,
                repeated: true,
            };
            Ok(if same { Ok(appended) } else { Err(AppendError::Mismatch) })
        })
        .optional()
}

fn find(connection: &Connection, room: i64, item: &ItemId) -> rusqlite::Result<Option<Item<Raw>>> {
    let text: Option<String> = connection
        .prepare_cached("SELECT item FROM items WHERE room = ? AND id = ?")?
        .query_row(params![room, item.0], |row| row.get(0))
        .optional()?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// The name of an event's kind, as a column to search by.
fn kind(event: &Event<Raw>) -> &'static str {
    match event {
        Event::ItemPublished { .. } => "item_published",
        Event::ItemEdited { .. } => "item_edited",
        Event::ItemDeleted { .. } => "item_deleted",
        Event::RoomTitled { .. } => "room_titled",
    }
}
