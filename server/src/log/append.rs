//! Keeping one change: the events table and the projections, in one transaction.

use super::answers::{Once, earlier_answer, file_answer};
use super::apply::Effect;
use super::chat::ChatChange;
use super::stage::StageChange;
use super::variables::VariableChange;
use super::{Refusal, Room, Shared, as_column, from_column, trim};
use crate::clock;
use crate::db::{DbError, Job};
use crate::random;
use crate::record::Record;
use nowcast_shared::event::Event;
use nowcast_shared::id::ItemId;
use nowcast_shared::item::{Author, Item};
use nowcast_shared::offset::Offset;
use nowcast_shared::room::Settings;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

/// JSON that is passed on without being looked into.
pub(super) type Raw = Box<RawValue>;

/// The event, its kind and its JSON, with the name of what it made, if that has one.
pub(super) type Projected = (&'static str, String, Option<String>);

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
    /// Sets the room otherwise.
    Settings(Settings),
    /// Changes the stage.
    Stage(StageChange),
    /// Changes a shared variable.
    Variable(VariableChange),
    /// Changes the chat.
    Chat(ChatChange),
}

/// Where an event stands, for the projections that it changes.
pub(super) struct Place<'a> {
    /// The room's key.
    pub(super) room: i64,
    /// The event's offset, as a column.
    pub(super) offset: i64,
    /// When it is kept, in Unix milliseconds.
    pub(super) at: i64,
    /// Who is shown to have done it.
    pub(super) by: &'a Author,
    /// The subject that owns what it makes.
    pub(super) owner: &'a str,
}

/// A change that is kept.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Where its event stands.
    pub offset: Offset,
    /// When, in Unix milliseconds.
    pub at: i64,
    /// The name of what it made: an item, words.
    pub id: Option<String>,
    /// Whether this is the answer to an earlier request.
    pub repeated: bool,
}

/// Why a change was not kept.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// There is no such item, or not any more.
    #[error("no such item")]
    UnknownItem,
    /// The projection does not allow it.
    #[error("refused: {0}")]
    Refused(Refusal),
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
    log: Arc<Shared>,
    came: Instant,
    result: Option<Result<Kept, AppendError>>,
    outcome: Result<(), DbError>,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// Where a log ends.
struct End {
    /// The offset of the next event.
    offset: i64,
    /// Its time.
    at: i64,
    /// The offset of the oldest event that is kept.
    first: i64,
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
        log: Arc<Shared>,
    ) -> (Self, oneshot::Receiver<Result<Appended, AppendError>>) {
        let (answer, answered) = oneshot::channel();
        let outcome = Err(DbError::Closed);
        let came = Instant::now();
        (Self { room, draft, keep, log, came, result: None, outcome, answer }, answered)
    }

    fn keep(&self, connection: &Connection) -> rusqlite::Result<Result<Kept, AppendError>> {
        let room = self.room.id();
        if let Some(once) = &self.draft.once
            && let Some(answer) = earlier_answer(connection, room, once)?
        {
            return Ok(answer.map(|appended| Kept { appended, new: None }));
        }
        if let Some(refusal) = self.refuse(connection)? {
            return Ok(Err(refusal));
        }
        let end = self.end(connection)?;
        let (offset, at) = (end.offset, end.at);
        let author = json(&self.draft.by)?;
        let (kind, text, id) = self.project(connection, offset, at)?;
        connection
            .prepare_cached(
                "INSERT INTO events (room, offset, at, kind, author, event)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![room, offset, at, kind, author, text])?;
        let first = self.move_end(connection, &end, author.len() + text.len())?;
        if let Some(once) = &self.draft.once {
            file_answer(connection, room, once, id.as_deref(), offset, at)?;
        }
        let record = Record::new(from_column(offset), at, &author, &text).at(self.came);
        let appended = Appended { offset: from_column(offset), at, id, repeated: false };
        Ok(Ok(Kept { appended, new: Some((Arc::new(record), from_column(first))) }))
    }

    /// Why the room as it is does not allow this, if it does not.
    fn refuse(&self, connection: &Connection) -> rusqlite::Result<Option<AppendError>> {
        let room = self.room.id();
        let refusal = match &self.draft.change {
            Change::Edit { item, .. } | Change::Delete { item } => {
                let known = find(connection, room, item)?.is_some();
                return Ok((!known).then_some(AppendError::UnknownItem));
            }
            Change::Publish { .. } | Change::Retitle { .. } | Change::Settings(_) => None,
            Change::Stage(change) => change.refuse(connection, room)?,
            Change::Variable(change) => change.refuse(connection, room)?,
            Change::Chat(change) => change.refuse(connection, (room, &self.draft.owner))?,
        };
        Ok(refusal.map(AppendError::Refused))
    }

    /// The next place in the log.
    fn end(&self, connection: &Connection) -> rusqlite::Result<End> {
        connection.prepare_cached("SELECT head, last_at, first FROM rooms WHERE id = ?")?.query_row(
            [self.room.id()],
            |row| {
                let (head, last_at): (i64, i64) = (row.get(0)?, row.get(1)?);
                // Where the clock was set back, times stand still rather than run backwards.
                let next = head.checked_add(1);
                let offset = next.ok_or(rusqlite::Error::IntegralValueOutOfRange(0, head))?;
                Ok(End { offset, at: last_at.max(clock::now()), first: row.get(2)? })
            },
        )
    }

    /// Takes that place for an event of so many bytes, and lets go of events where there are more
    /// than the server keeps of a room; the offset of the oldest that is still kept.
    fn move_end(&self, connection: &Connection, end: &End, bytes: usize) -> rusqlite::Result<i64> {
        let room = self.room.id();
        let keep = i64::try_from(self.keep).unwrap_or(i64::MAX);
        let mut first = end.first;
        let mut bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if keep > 0 && end.offset - keep + 1 > first {
            let least = self.log.needed(room).map_or(i64::MAX, as_column);
            // Where it kept more before, the rest goes beside publishing.
            first = (end.offset - keep + 1).min(least).min(first + trim::BATCH).max(first);
            bytes -= trim::delete_events(connection, room, first)?;
        }
        connection
            .prepare_cached(
                "UPDATE rooms SET head = ?, last_at = ?, first = ?, bytes = bytes + ? WHERE id = ?",
            )?
            .execute(params![end.offset, end.at, first, bytes, room])?;
        Ok(first)
    }

    /// Changes the projections and gives the event.
    fn project(
        &self,
        connection: &Connection,
        offset: i64,
        at: i64,
    ) -> rusqlite::Result<Projected> {
        let room = self.room.id();
        let place = Place { room, offset, at, by: &self.draft.by, owner: &self.draft.owner };
        match &self.draft.change {
            Change::Publish { kind, data, html } => {
                let item = Item {
                    id: ItemId(random::name_in_order("i", at, 10)),
                    offset: from_column(offset),
                    at,
                    kind: kind.clone(),
                    data: data.clone(),
                    html: html.clone(),
                    by: self.draft.by.clone(),
                    edited_at: None,
                };
                let text = json(&item)?;
                Effect::Publish { item: &item.id, kind, text: &text }.apply(connection, &place)?;
                Ok(("item_published", with_item("item_published", &text), Some(item.id.0)))
            }
            Change::Edit { item, data, html } => {
                let mut edited =
                    find(connection, room, item)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
                edited.data.clone_from(data);
                edited.html.clone_from(html);
                edited.edited_at = Some(at);
                let text = json(&edited)?;
                Effect::Edit { item, text: &text }.apply(connection, &place)?;
                Ok(("item_edited", with_item("item_edited", &text), None))
            }
            Change::Delete { item } => {
                Effect::Delete(item).apply(connection, &place)?;
                let event = Event::<Raw>::ItemDeleted { item: item.clone() };
                Ok(("item_deleted", json(&event)?, None))
            }
            Change::Retitle { title } => {
                Effect::Title(title).apply(connection, &place)?;
                let event = Event::<Raw>::RoomTitled { title: title.clone() };
                Ok(("room_titled", json(&event)?, None))
            }
            Change::Settings(settings) => {
                Effect::Set(settings).apply(connection, &place)?;
                let event = Event::<Raw>::RoomSet { settings: settings.clone() };
                Ok(("room_set", json(&event)?, None))
            }
            Change::Stage(change) => change.project(connection, &place),
            Change::Variable(change) => change.project(connection, &place),
            Change::Chat(change) => change.project(connection, &place),
        }
    }
}

impl Job for Append {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.result = Some(self.keep(connection)?);
        Ok(())
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn done(&mut self, outcome: Result<(), DbError>) {
        if let (Ok(()), Some(Ok(kept))) = (&outcome, &self.result)
            && let Some((record, first)) = &kept.new
        {
            self.room.push(record, *first, &self.draft.change);
            self.log.follower.followed(&self.room, record);
        }
        self.outcome = outcome;
    }

    fn answer(self: Box<Self>) {
        let Self { room, outcome, result, answer, .. } = *self;
        // Whoever is answered may find that nobody uses the room any more.
        drop(room);
        let result = outcome
            .map_err(AppendError::Db)
            .and_then(|()| result.unwrap_or(Err(AppendError::Db(DbError::Closed))));
        // Nobody waits any more if the request was dropped; the event is kept all the same.
        let _ = answer.send(result.map(|kept| kept.appended));
    }
}

fn find(connection: &Connection, room: i64, item: &ItemId) -> rusqlite::Result<Option<Item<Raw>>> {
    let text: Option<String> = connection
        .prepare_cached("SELECT item FROM items WHERE room = ? AND id = ?")?
        .query_row(params![room, item.0], |row| row.get(0))
        .optional()?;
    text.map(|text| parse(&text)).transpose()
}

/// What a column of JSON holds, which nobody but this server writes.
pub(super) fn parse<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// The JSON of an event that carries a whole item, of which `item` is the JSON. An item is the
/// largest part of what is kept: it is written down once for its projection and its event.
fn with_item(kind: &str, item: &str) -> String {
    format!(r#"{{"kind":"{kind}","item":{item}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nowcast_shared::item::Role;

    #[test]
    fn an_event_around_an_items_json_is_what_the_frames_say() {
        let item = Item::<Raw> {
            id: "i1".into(),
            offset: Offset(7),
            at: 5,
            kind: "message".to_owned(),
            data: RawValue::from_string(r#"{"text":"\"Hello\""}"#.to_owned()).unwrap(),
            html: Some("<p>&quot;Hello&quot;</p>".to_owned()),
            by: Author { role: Role::Admin, id: "p1".into(), name: None },
            edited_at: None,
        };
        let text = json(&item).unwrap();
        let published = json(&Event::<Raw>::ItemPublished { item: item.clone() }).unwrap();
        assert_eq!(with_item("item_published", &text), published);
        let edited = json(&Event::<Raw>::ItemEdited { item }).unwrap();
        assert_eq!(with_item("item_edited", &text), edited);
    }
}
