//! Who may come into a room and speak there: its invitation, and who was muted or blocked.

use super::{Log, Room, held};
use crate::clock;
use crate::db::DbError;
use nowcast_shared::id::PublicId;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// How many people may be muted or blocked in a room, so that memory for them is bounded.
const MOST: i64 = 10_000;

/// What was done to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// They say nothing.
    Mute,
    /// They stay out.
    Block,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Block => "block",
        }
    }
}

/// Somebody who was muted or blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sanction {
    /// Who.
    pub person: PublicId,
    /// What.
    pub kind: Kind,
    /// What they went by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Until when, in Unix milliseconds; for good if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// The end of what is for good, in Unix milliseconds.
pub const FOR_GOOD: i64 = i64::MAX;

/// All sanctions of a room and when they end; few rooms have any.
#[derive(Debug, Default)]
pub struct Sanctions {
    until: HashMap<(PublicId, Kind), i64>,
    /// Whether anybody is to stay out: asked for every request.
    block: bool,
}

impl Sanctions {
    /// Until when this was done to this person, if it is still so; see [`FOR_GOOD`].
    pub fn find(&self, person: &PublicId, kind: Kind) -> Option<i64> {
        let until = self.until.get(&(person.clone(), kind)).copied();
        until.filter(|until| *until > clock::now())
    }

    /// Whether anybody is to stay out.
    pub(super) fn block(&self) -> bool {
        self.block
    }
}

impl Log {
    /// Does this to somebody, in the place of what was done before. What waits of somebody who is
    /// blocked is dropped. False if there are as many as may be.
    pub async fn sanction(&self, room: &Arc<Room>, sanction: Sanction) -> Result<bool, DbError> {
        let id = room.id();
        let _alone = self.arranging.lock().await;
        let done = self.db.write(move |connection| {
            tidy(connection, id)?;
            let count: i64 = connection
                .prepare_cached(
                    "SELECT count(*) FROM sanctions
                     WHERE room = ? AND NOT (person = ? AND kind = ?)",
                )?
                .query_row(params![id, sanction.person.0, sanction.kind.as_str()], |row| {
                    row.get(0)
                })?;
            if count >= MOST {
                return Ok(None);
            }
            let Sanction { person, kind, name, until } = sanction;
            let name =
                name.map_or_else(|| last_name(connection, id, &person), |name| Ok(Some(name)))?;
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO sanctions (room, person, kind, name, until, at)
                     VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![id, person.0, kind.as_str(), name, until, clock::now()])?;
            if kind == Kind::Block {
                held::drop_of(connection, id, &person)?;
            }
            sanctions(connection, id).map(Some)
        });
        let done = done.await?;
        let kept = done.is_some();
        if let Some(sanctions) = done {
            room.sanction(sanctions);
        }
        Ok(kept)
    }

    /// Takes it back; whether it was so.
    pub async fn pardon(
        &self,
        room: &Arc<Room>,
        person: PublicId,
        kind: Kind,
    ) -> Result<bool, DbError> {
        let id = room.id();
        let _alone = self.arranging.lock().await;
        let sql = "DELETE FROM sanctions WHERE room = ? AND person = ? AND kind = ?";
        let done = self.db.write(move |connection| {
            let gone = connection.execute(sql, params![id, person.0, kind.as_str()])?;
            Ok((gone > 0, sanctions(connection, id)?))
        });
        let (gone, sanctions) = done.await?;
        room.sanction(sanctions);
        Ok(gone)
    }

    /// Everybody who is muted or blocked in the room.
    pub async fn sanctions(&self, room: &Arc<Room>) -> Result<Vec<Sanction>, DbError> {
        let id = room.id();
        let sql = "SELECT person, kind, name, until FROM sanctions
                   WHERE room = ? AND (until IS NULL OR until > ?) ORDER BY at, person";
        self.db
            .read(move |connection| {
                let mut statement = connection.prepare_cached(sql)?;
                let rows = statement.query_map(params![id, clock::now()], |row| {
                    let block = row.get_ref(1)?.as_str()? == Kind::Block.as_str();
                    Ok(Sanction {
                        person: PublicId(row.get(0)?),
                        kind: if block { Kind::Block } else { Kind::Mute },
                        name: row.get(2)?,
                        until: row.get(3)?,
                    })
                })?;
                rows.collect()
            })
            .await
    }

    /// Forgets, in every room, what is over.
    pub async fn forget_mutes(&self) -> Result<usize, DbError> {
        let sql = "DELETE FROM sanctions WHERE until <= ?";
        self.db.write(move |connection| connection.execute(sql, [clock::now()])).await
    }

    /// Gives the room another invitation, or none.
    pub async fn invite(&self, room: &Arc<Room>, secret: Option<String>) -> Result<(), DbError> {
        let id = room.id();
        let row = secret.clone();
        let sql = "UPDATE rooms SET invitation = ? WHERE id = ?";
        self.db.write(move |connection| connection.execute(sql, params![row, id])).await?;
        room.invite(secret);
        Ok(())
    }
}

/// The sanctions of a room, if it has any.
pub(super) fn sanctions(
    connection: &Connection,
    room: i64,
) -> rusqlite::Result<Option<Box<Sanctions>>> {
    let mut statement =
        connection.prepare_cached("SELECT person, kind, until FROM sanctions WHERE room = ?")?;
    let rows = statement.query_map([room], |row| {
        let block = row.get_ref(1)?.as_str()? == Kind::Block.as_str();
        let kind = if block { Kind::Block } else { Kind::Mute };
        let until = row.get::<_, Option<i64>>(2)?.unwrap_or(FOR_GOOD);
        Ok(((PublicId(row.get(0)?), kind), until))
    })?;
    let until: HashMap<(_, Kind), _> = rows.collect::<rusqlite::Result<_>>()?;
    let block = until.keys().any(|(_, kind)| *kind == Kind::Block);
    Ok((!until.is_empty()).then(|| Box::new(Sanctions { until, block })))
}

/// Forgets what is over.
fn tidy(connection: &Connection, room: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM sanctions WHERE room = ? AND until <= ?")?
        .execute(params![room, clock::now()])
        .map(|_| ())
}

/// What somebody went by who said something not long ago.
fn last_name(
    connection: &Connection,
    room: i64,
    person: &PublicId,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT said ->> '$.name' FROM
                 (SELECT said, offset FROM said WHERE room = ? ORDER BY offset DESC LIMIT 1000)
             WHERE said ->> '$.by.id' = ? ORDER BY offset DESC LIMIT 1",
        )?
        .query_row(params![room, person.0], |row| row.get(0))
        .optional()
}
