//! Words that wait for approval: beside the log until an admin lets them in.

use super::answers::{Once, earlier_answer, file_answer};
use super::append::{json, parse};
use super::chat::{editing, new_id, spoken, too_soon};
use super::{AppendError, Appended, Log, Refusal, Room};
use crate::clock;
use crate::db::DbError;
use nowcast_shared::id::{PublicId, SaidId};
use nowcast_shared::item::Author;
use nowcast_shared::offset::Offset;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use std::sync::Arc;

/// How many words may wait in a room.
const MOST: i64 = 500;

/// How many of these may be one owner's, so that nobody takes all the places.
const SHARE: i64 = 20;

/// Words that are to wait.
pub struct Hold {
    /// Who is shown to have said them.
    pub by: Author,
    /// The subject that owns them.
    pub owner: String,
    /// What that somebody goes by.
    pub name: String,
    /// What was said.
    pub text: String,
    /// The words that they are to replace, if any.
    pub said: Option<SaidId>,
    /// How many seconds lie between two words of theirs, or two edits; 0 for none.
    pub slow: u32,
    /// Makes a repeat take effect once.
    pub once: Option<Once>,
}

/// Words that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// What they will be called.
    pub id: SaidId,
    /// When they were said, in Unix milliseconds.
    pub at: i64,
    /// Who said them.
    pub by: Author,
    /// What that somebody went by.
    pub name: String,
    /// Plain text.
    pub text: String,
    /// The words that they are to replace, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<SaidId>,
    /// The subject that owns them.
    #[serde(skip)]
    pub owner: String,
}

impl Log {
    /// Lets words wait; an edit in the place of one of the same words that waits already. The answer has the offset 0, unless it is that to an earlier request which
    /// did not have to wait.
    pub async fn hold(&self, room: &Arc<Room>, hold: Hold) -> Result<Appended, AppendError> {
        let id = room.id();
        self.db.write(move |connection| keep(connection, id, &hold)).await?
    }

    /// The words that wait, oldest first.
    pub async fn held(&self, room: &Arc<Room>) -> Result<Vec<Held>, DbError> {
        let id = room.id();
        self.db
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT id, at, author, name, text, said, owner FROM held WHERE room = ?
                     ORDER BY id",
                )?;
                statement.query_map([id], read)?.collect()
            })
            .await
    }

    /// The words of this name that wait.
    pub async fn held_words(
        &self,
        room: &Arc<Room>,
        held: &SaidId,
    ) -> Result<Option<Held>, DbError> {
        let (id, held) = (room.id(), held.clone());
        self.db
            .read(move |connection| {
                let sql = "SELECT id, at, author, name, text, said, owner FROM held
                           WHERE room = ? AND id = ?";
                connection.prepare_cached(sql)?.query_row(params![id, held.0], read).optional()
            })
            .await
    }

    /// How many words wait.
    pub async fn count_held(&self, room: &Arc<Room>) -> Result<u64, DbError> {
        let id = room.id();
        let count = self.db.read(move |connection| count(connection, id)).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Drops words that wait; whether they were there.
    pub async fn drop_held(&self, room: &Arc<Room>, held: &SaidId) -> Result<bool, DbError> {
        let (id, held) = (room.id(), held.clone());
        let sql = "DELETE FROM held WHERE room = ? AND id = ?";
        self.db.write(move |connection| Ok(connection.execute(sql, params![id, held.0])? > 0)).await
    }
}

fn keep(
    connection: &Connection,
    room: i64,
    hold: &Hold,
) -> rusqlite::Result<Result<Appended, AppendError>> {
    if let Some(once) = &hold.once
        && let Some(answer) = earlier_answer(connection, room, once)?
    {
        return Ok(answer);
    }
    let whose = match &hold.said {
        None => hold.owner.clone(),
        Some(_) => editing(&hold.owner),
    };
    if let Some(refusal) = too_soon(connection, room, &whose, hold.slow)? {
        return Ok(Err(AppendError::Refused(refusal)));
    }
    if let Some(refusal) = full(connection, room, hold)? {
        return Ok(Err(AppendError::Refused(refusal)));
    }
    if let Some(said) = &hold.said {
        drop_edits(connection, room, said)?;
    }
    let at = clock::now();
    let id = new_id(at);
    let said = hold.said.as_ref().map(|said| &said.0);
    connection
        .prepare_cached(
            "INSERT INTO held (room, id, said, at, owner, author, name, text)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            room,
            id.0,
            said,
            at,
            hold.owner,
            json(&hold.by)?,
            hold.name,
            hold.text
        ])?;
    spoken(connection, room, &whose, hold.slow, at)?;
    if let Some(once) = &hold.once {
        file_answer(connection, room, once, Some(&id.0), 0, at)?;
    }
    Ok(Ok(Appended { offset: Offset(0), at, id: Some(id.0), repeated: false }))
}

/// Why there is no place for these words, if there is none.
fn full(connection: &Connection, room: i64, hold: &Hold) -> rusqlite::Result<Option<Refusal>> {
    let said = hold.said.as_ref().map(|said| &said.0);
    let (all, own): (i64, i64) = connection
        .prepare_cached(
            // An edit takes the place of the one that it replaces.
            "SELECT count(*), count(*) FILTER (WHERE owner = ?2) FROM held
             WHERE room = ?1 AND (?3 IS NULL OR said IS NOT ?3)",
        )?
        .query_row(params![room, hold.owner, said], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(if own >= SHARE {
        Some(Refusal::HeldShare)
    } else {
        (all >= MOST).then_some(Refusal::HeldFull)
    })
}

/// Drops what was to replace words: they are gone, or are something newer.
pub(super) fn drop_edits(
    connection: &Connection,
    room: i64,
    said: &SaidId,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM held WHERE room = ? AND said = ?")?
        .execute(params![room, said.0])
        .map(|_| ())
}

/// Drops what somebody said that waits.
pub(super) fn drop_of(
    connection: &Connection,
    room: i64,
    person: &PublicId,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM held WHERE room = ? AND author ->> '$.id' = ?")?
        .execute(params![room, person.0])
        .map(|_| ())
}

fn count(connection: &Connection, room: i64) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT count(*) FROM held WHERE room = ?")?
        .query_row([room], |row| row.get(0))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Held> {
    Ok(Held {
        id: SaidId(row.get(0)?),
        at: row.get(1)?,
        by: parse(row.get_ref(2)?.as_str()?)?,
        name: row.get(3)?,
        text: row.get(4)?,
        said: row.get::<_, Option<String>>(5)?.map(SaidId),
        owner: row.get(6)?,
    })
}
