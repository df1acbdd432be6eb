//! The chat, as the log has it: what was said, and when somebody last spoke.

use super::append::{Place, Projected, Raw, json, parse};
use super::apply::Effect;
use super::read::newest_before;
use super::{Log, Refusal, Room, as_column, from_column, held};
use crate::clock;
use crate::db::DbError;
use crate::random;
use nowcast_shared::chat::{SNAPSHOT_SAID, Said};
use nowcast_shared::event::Event;
use nowcast_shared::id::SaidId;
use nowcast_shared::offset::Offset;
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;

/// How many words a program that waits for lines is given at once, and about how many bytes.
const LINES: (usize, usize) = (200, 64 * 1024);

/// A change of the chat.
pub enum ChatChange {
    /// Says something.
    Say {
        /// What whoever says it goes by.
        name: String,
        /// What.
        text: String,
        /// How many seconds lie between two words of theirs; 0 for none.
        slow: u32,
        /// As what it waited for approval, if it did.
        held: Option<SaidId>,
    },
    /// Says it otherwise.
    Edit {
        /// Which words.
        said: SaidId,
        /// What they are now.
        text: String,
        /// How many seconds lie between two edits of theirs; 0 for none.
        slow: u32,
        /// As what that waited for approval, if it did.
        held: Option<SaidId>,
    },
    /// Takes words back.
    Delete {
        /// Which.
        said: SaidId,
    },
}

/// Words as far as it matters for who may change them.
pub struct SaidHead {
    /// The subject that said them.
    pub owner: String,
    /// When, in Unix milliseconds.
    pub at: i64,
    /// What that somebody went by.
    pub name: String,
}

impl ChatChange {
    /// Why the room as it is does not allow this, if it does not.
    pub(super) fn refuse(
        &self,
        connection: &Connection,
        place: (i64, &str),
    ) -> rusqlite::Result<Option<Refusal>> {
        let (room, owner) = place;
        let (held, said) = match self {
            Self::Say { held, .. } => (held.as_ref(), None),
            Self::Edit { held, said, .. } => (held.as_ref(), Some(said)),
            Self::Delete { said } => (None, Some(said)),
        };
        if let Some(held) = held
            && !exists(connection, "SELECT 1 FROM held WHERE room = ? AND id = ?", room, held)?
        {
            return Ok(Some(Refusal::UnknownSaid));
        }
        if let Some(said) = said
            && !exists(connection, "SELECT 1 FROM said WHERE room = ? AND id = ?", room, said)?
        {
            return Ok(Some(Refusal::UnknownSaid));
        }
        match self {
            Self::Say { slow, .. } => too_soon(connection, room, owner, *slow),
            Self::Edit { slow, .. } => too_soon(connection, room, &editing(owner), *slow),
            Self::Delete { .. } => Ok(None),
        }
    }

    /// Changes the projection and gives the event.
    pub(super) fn project(
        &self,
        connection: &Connection,
        place: &Place<'_>,
    ) -> rusqlite::Result<Projected> {
        match self {
            Self::Say { name, text, slow, held } => {
                let id = match held {
                    Some(held) => held.clone(),
                    None => new_id(place.at),
                };
                Effect::Say { said: &id, name, text }.apply(connection, place)?;
                spoken(connection, place.room, place.owner, *slow, place.at)?;
                approved(connection, place.room, held.as_ref())?;
                let (name, text) = (name.clone(), text.clone());
                let event = Event::<Raw>::Said { id: id.clone(), name, text };
                Ok(("said", json(&event)?, Some(id.0)))
            }
            Self::Edit { said: id, text, slow, held: _ } => {
                Effect::Reword { said: id, text }.apply(connection, place)?;
                spoken(connection, place.room, &editing(place.owner), *slow, place.at)?;
                // The one that was approved, or one that is older than this.
                held::drop_edits(connection, place.room, id)?;
                let event = Event::<Raw>::SaidEdited { id: id.clone(), text: text.clone() };
                Ok(("said_edited", json(&event)?, Some(id.0.clone())))
            }
            Self::Delete { said } => {
                Effect::Unsay(said).apply(connection, place)?;
                held::drop_edits(connection, place.room, said)?;
                let event = Event::<Raw>::SaidDeleted { id: said.clone() };
                Ok(("said_deleted", json(&event)?, Some(said.0.clone())))
            }
        }
    }
}

impl Log {
    /// Words before an offset (or the newest), newest first, as a JSON array, and whether there
    /// are more.
    pub async fn said(
        &self,
        room: &Arc<Room>,
        before: Option<Offset>,
        limit: usize,
    ) -> Result<(String, bool), DbError> {
        self.page(SAID, room, before, limit).await
    }

    /// The newest words, oldest first; as many as a snapshot has.
    pub async fn newest_said(&self, room: &Arc<Room>) -> Result<Vec<Said>, DbError> {
        let id = room.id();
        self.db
            .read(move |connection| {
                let (said, _) =
                    newest_before(connection, SAID, id, i64::MAX, SNAPSHOT_SAID, LINES.1)?;
                said.iter().rev().map(|said| parse(said)).collect()
            })
            .await
    }

    /// Words after an offset, oldest first; so many that they fit into an answer.
    pub async fn said_after(&self, room: &Arc<Room>, after: Offset) -> Result<Vec<Said>, DbError> {
        let id = room.id();
        self.db
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT said FROM said WHERE room = ? AND offset > ? ORDER BY offset LIMIT ?",
                )?;
                let most = i64::try_from(LINES.0).unwrap_or(i64::MAX);
                let mut rows = statement.query(params![id, as_column(after), most])?;
                let (mut said, mut bytes) = (Vec::new(), 0);
                while let Some(row) = rows.next()?
                    && bytes < LINES.1
                {
                    let text = row.get_ref(0)?.as_str()?;
                    bytes += text.len();
                    said.push(parse(text)?);
                }
                Ok(said)
            })
            .await
    }

    /// What is to be known of words before they are changed.
    pub async fn said_head(
        &self,
        room: &Arc<Room>,
        said: &SaidId,
    ) -> Result<Option<SaidHead>, DbError> {
        let (id, said) = (room.id(), said.clone());
        self.db
            .read(move |connection| {
                let row: Option<(String, String)> = connection
                    .prepare_cached("SELECT owner, said FROM said WHERE room = ? AND id = ?")?
                    .query_row(params![id, said.0], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                let head = |(owner, text): (String, String)| {
                    parse::<Said>(&text).map(|said| SaidHead {
                        owner,
                        at: said.at,
                        name: said.name,
                    })
                };
                row.map(head).transpose()
            })
            .await
    }

    /// Forgets when people spoke who did so before `before`, in Unix milliseconds.
    pub async fn forget_spoke(&self, before: i64) -> Result<usize, DbError> {
        self.db
            .write(move |connection| connection.execute("DELETE FROM spoke WHERE at < ?", [before]))
            .await
    }
}

/// Has words be there.
pub(super) fn say(
    connection: &Connection,
    place: &Place<'_>,
    id: &SaidId,
    name: &str,
    text: &str,
) -> rusqlite::Result<()> {
    let said = Said {
        id: id.clone(),
        offset: from_column(place.offset),
        at: place.at,
        by: place.by.clone(),
        name: name.to_owned(),
        text: text.to_owned(),
        edited_at: None,
    };
    connection
        .prepare_cached("INSERT INTO said (room, offset, id, owner, said) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![place.room, place.offset, id.0, place.owner, json(&said)?])
        .map(|_| ())
}

/// Has words be other words.
pub(super) fn reword(
    connection: &Connection,
    place: &Place<'_>,
    id: &SaidId,
    text: &str,
) -> rusqlite::Result<()> {
    let Some(mut said) = find(connection, place.room, id)? else { return Ok(()) };
    text.clone_into(&mut said.text);
    said.edited_at = Some(place.at);
    connection
        .prepare_cached("UPDATE said SET said = ? WHERE room = ? AND offset = ?")?
        .execute(params![json(&said)?, place.room, as_column(said.offset)])
        .map(|_| ())
}

/// A new name for words.
pub(super) fn new_id(at: i64) -> SaidId {
    SaidId(random::name_in_order("s", at, 10))
}

/// As whom somebody waits between two edits in slow mode. These have a pause of their own: a slip
/// can be corrected at once, but nobody says one thing after the other by editing.
pub(super) fn editing(owner: &str) -> String {
    // No subject begins like this.
    format!("edit:{owner}")
}

/// Whether this person has to wait, in slow mode.
pub(super) fn too_soon(
    connection: &Connection,
    room: i64,
    owner: &str,
    slow: u32,
) -> rusqlite::Result<Option<Refusal>> {
    if slow == 0 {
        return Ok(None);
    }
    let last: Option<i64> = connection
        .prepare_cached("SELECT at FROM spoke WHERE room = ? AND owner = ?")?
        .query_row(params![room, owner], |row| row.get(0))
        .optional()?;
    let Some(last) = last else { return Ok(None) };
    // Where the clock was set back, nobody waits for longer than the room says.
    let wait = (last + i64::from(slow) * 1000 - clock::now()).min(i64::from(slow) * 1000);
    let seconds = u64::try_from(wait).unwrap_or(0).div_ceil(1000);
    Ok((seconds > 0).then_some(Refusal::SlowMode { seconds }))
}

/// Remembers that this person spoke, if the room is in slow mode.
pub(super) fn spoken(
    connection: &Connection,
    room: i64,
    owner: &str,
    slow: u32,
    at: i64,
) -> rusqlite::Result<()> {
    if slow == 0 {
        return Ok(());
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO spoke (room, owner, at) VALUES (?, ?, ?)")?
        .execute(params![room, owner, at])
        .map(|_| ())
}

/// Words that were approved wait no more.
fn approved(connection: &Connection, room: i64, held: Option<&SaidId>) -> rusqlite::Result<()> {
    let Some(held) = held else { return Ok(()) };
    connection
        .prepare_cached("DELETE FROM held WHERE room = ? AND id = ?")?
        .execute(params![room, held.0])
        .map(|_| ())
}

fn exists(connection: &Connection, sql: &str, room: i64, id: &SaidId) -> rusqlite::Result<bool> {
    connection.prepare_cached(sql)?.exists(params![room, id.0])
}

fn find(connection: &Connection, room: i64, said: &SaidId) -> rusqlite::Result<Option<Said>> {
    let text: Option<String> = connection
        .prepare_cached("SELECT said FROM said WHERE room = ? AND id = ?")?
        .query_row(params![room, said.0], |row| row.get(0))
        .optional()?;
    text.map(|text| parse(&text)).transpose()
}

const SAID: &str =
    "SELECT said FROM said WHERE room = ? AND offset < ? ORDER BY offset DESC LIMIT ?";

/// The JSON of the newest words.
pub(super) fn snapshot(connection: &Connection, room: i64) -> rusqlite::Result<String> {
    let (mut said, more) =
        newest_before(connection, SAID, room, i64::MAX, SNAPSHOT_SAID, usize::MAX)?;
    said.reverse();
    Ok(format!(r#"{{"said":[{}],"more":{more}}}"#, said.join(",")))
}
