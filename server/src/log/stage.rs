//! The stage, as the log has it: pieces and where they were left.

use super::append::{Place, Projected, json};
use super::apply::Effect;
use super::{Log, Refusal, Room, from_column};
use crate::db::DbError;
use nowcast_shared::event::Event;
use nowcast_shared::id::PieceId;
use nowcast_shared::stage::{MOST_PIECES, Piece, PieceChange};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::sync::Arc;

/// A change of the stage, of which only what the room decides is still to be checked.
pub enum StageChange {
    /// Puts a piece, or changes it.
    Put {
        /// Which one.
        piece: PieceId,
        /// What is new.
        change: PieceChange,
    },
    /// Takes a piece off.
    Remove {
        /// Which one.
        piece: PieceId,
    },
    /// Leaves a piece somewhere.
    Move {
        /// Which one.
        piece: PieceId,
        /// Where: [`Piece::x`] and [`Piece::y`].
        place: (f64, f64),
        /// Whether a lock does not matter.
        over_locks: bool,
    },
    /// What somebody else's hold of a piece does not allow: refused, unless it is a repeat of what
    /// took effect before.
    Held,
}

impl StageChange {
    /// Why the room as it is does not allow this, if it does not.
    pub(super) fn refuse(
        &self,
        connection: &Connection,
        room: i64,
    ) -> rusqlite::Result<Option<Refusal>> {
        Ok(match self {
            Self::Put { piece, change } => {
                let known = find(connection, room, piece)?;
                if known.is_none() && count(connection, room)? >= MOST_PIECES {
                    return Ok(Some(Refusal::StageFull));
                }
                let put = after(known, piece, change);
                put.is_none_or(|put| !is_whole(&put)).then_some(Refusal::IncompletePiece)
            }
            Self::Remove { piece } => {
                find(connection, room, piece)?.is_none().then_some(Refusal::UnknownPiece)
            }
            Self::Move { piece, over_locks, .. } => match find(connection, room, piece)? {
                None => Some(Refusal::UnknownPiece),
                Some(piece) => (piece.locked && !over_locks).then_some(Refusal::PieceLocked),
            },
            Self::Held => Some(Refusal::PieceHeld),
        })
    }

    /// Changes the projection and gives the event.
    pub(super) fn project(
        &self,
        connection: &Connection,
        at: &Place<'_>,
    ) -> rusqlite::Result<Projected> {
        let gone = || rusqlite::Error::QueryReturnedNoRows;
        let (kind, event) = match self {
            Self::Put { piece, change } => {
                let known = find(connection, at.room, piece)?;
                let piece = after(known, piece, change).ok_or_else(gone)?;
                Effect::Put(&piece).apply(connection, at)?;
                ("piece_put", Event::<()>::PiecePut { piece })
            }
            Self::Remove { piece } => {
                Effect::Remove(piece).apply(connection, at)?;
                ("piece_removed", Event::PieceRemoved { piece: piece.clone() })
            }
            Self::Move { piece, place: (x, y), .. } => {
                Effect::Move { piece, place: (*x, *y) }.apply(connection, at)?;
                ("piece_moved", Event::PieceMoved { piece: piece.clone(), x: *x, y: *y })
            }
            Self::Held => return Err(gone()),
        };
        Ok((kind, json(&event)?, None))
    }
}

impl Log {
    /// Has memory know the room's pieces, so that [`Room::spot`] can tell of them.
    pub async fn load_stage(&self, room: &Arc<Room>) -> Result<(), DbError> {
        while room.lacks_stage() {
            let id = room.id();
            let read = move |connection: &mut Connection| {
                // One transaction, so that head and pieces are of the same moment.
                let transaction = connection.transaction()?;
                let head = transaction
                    .prepare_cached("SELECT head FROM rooms WHERE id = ?")?
                    .query_row([id], |row| row.get(0))?;
                Ok((from_column(head), Spots::load(&transaction, id)?))
            };
            let (head, spots) = self.db.read(read).await?;
            room.keep_stage(head, spots);
        }
        Ok(())
    }
}

/// The piece after a change; nothing if it would be new without looking like anything.
fn after(known: Option<Piece>, id: &PieceId, change: &PieceChange) -> Option<Piece> {
    let new = || change.look.clone().map(|look| Piece::new(id.clone(), look));
    let mut piece = known.or_else(new)?;
    change.apply(&mut piece);
    Some(piece)
}

/// Whether there is something to be seen.
fn is_whole(piece: &Piece) -> bool {
    match piece.kind.as_str() {
        "image" => piece.url.is_some(),
        "text" => !piece.text.trim().is_empty(),
        _ => true,
    }
}

fn count(connection: &Connection, room: i64) -> rusqlite::Result<usize> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM pieces WHERE room = ?")?
        .query_row([room], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

fn find(connection: &Connection, room: i64, piece: &PieceId) -> rusqlite::Result<Option<Piece>> {
    let text: Option<String> = connection
        .prepare_cached("SELECT piece FROM pieces WHERE room = ? AND id = ?")?
        .query_row(params![room, piece.as_str()], |row| row.get(0))
        .optional()?;
    text.map(|text| read(&text)).transpose()
}

fn read(text: &str) -> rusqlite::Result<Piece> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// Leaves a piece somewhere.
pub(super) fn go(
    connection: &Connection,
    room: i64,
    piece: &PieceId,
    (x, y): (f64, f64),
) -> rusqlite::Result<()> {
    let Some(mut moved) = find(connection, room, piece)? else { return Ok(()) };
    (moved.x, moved.y) = (x, y);
    put(connection, room, &moved)
}

/// Has a piece be as it is here.
pub(super) fn put(connection: &Connection, room: i64, piece: &Piece) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO pieces (room, id, piece) VALUES (?, ?, ?)")?
        .execute(params![room, piece.id.as_str(), json(piece)?])?;
    Ok(())
}

/// The JSON of the pieces, the lowest first.
pub(super) fn snapshot(connection: &Connection, room: i64) -> rusqlite::Result<String> {
    let mut statement = connection
        .prepare_cached("SELECT piece FROM pieces WHERE room = ? ORDER BY piece ->> '$.z', id")?;
    let pieces = statement.query_map([room], |row| row.get::<_, String>(0))?;
    Ok(format!("[{}]", pieces.collect::<rusqlite::Result<Vec<_>>>()?.join(",")))
}

/// Where a piece was left, as far as it matters for who moves it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// [`Piece::x`] and [`Piece::y`].
    pub place: (f64, f64),
    /// [`Piece::locked`].
    pub locked: bool,
}

impl From<&Piece> for Spot {
    fn from(piece: &Piece) -> Self {
        Self { place: (piece.x, piece.y), locked: piece.locked }
    }
}

/// What memory knows of a room's pieces, so that moving one asks no disk.
#[derive(Default)]
pub(super) struct Spots(HashMap<PieceId, Spot>);

impl Spots {
    /// As the database has them.
    fn load(connection: &Connection, room: i64) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare_cached("SELECT piece FROM pieces WHERE room = ?")?;
        let mut rows = statement.query([room])?;
        let mut spots = Self::default();
        while let Some(row) = rows.next()? {
            let piece = read(row.get_ref(0)?.as_str()?)?;
            spots.0.insert(piece.id.clone(), Spot::from(&piece));
        }
        Ok(spots)
    }

    pub(super) fn get(&self, piece: &PieceId) -> Option<Spot> {
        self.0.get(piece).copied()
    }

    /// Takes in a change that was just committed.
    pub(super) fn apply(&mut self, change: &StageChange) {
        match change {
            StageChange::Put { piece, change } => {
                let new = || Spot::from(&Piece::new(piece.clone(), String::new()));
                let spot = self.0.entry(piece.clone()).or_insert_with(new);
                spot.place.0 = change.x.unwrap_or(spot.place.0);
                spot.place.1 = change.y.unwrap_or(spot.place.1);
                spot.locked = change.locked.unwrap_or(spot.locked);
            }
            StageChange::Remove { piece } => {
                self.0.remove(piece);
            }
            StageChange::Move { piece, place, .. } => {
                if let Some(spot) = self.0.get_mut(piece) {
                    spot.place = *place;
                }
            }
            StageChange::Held => {}
        }
    }
}
