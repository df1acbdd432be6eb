//! What an event does to the projections: the one place where they change. The writer comes through
//! here when it keeps an event; so does whoever reads the log anew, and has the same.

use super::append::{Place, json};
use super::{chat, stage, variables};
use nowcast_shared::id::{ItemId, PieceId, SaidId};
use nowcast_shared::room::Settings;
use nowcast_shared::stage::Piece;
use rusqlite::{Connection, Result, params};

/// What one event does.
pub(super) enum Effect<'e> {
    /// An item is there; `text` is its JSON.
    Publish { item: &'e ItemId, kind: &'e str, text: &'e str },
    /// An item is another.
    Edit { item: &'e ItemId, text: &'e str },
    /// An item is gone.
    Delete(&'e ItemId),
    /// The room is called something else.
    Title(&'e str),
    /// The room is set otherwise.
    Set(&'e Settings),
    /// Words are there.
    Say { said: &'e SaidId, name: &'e str, text: &'e str },
    /// Words are other words.
    Reword { said: &'e SaidId, text: &'e str },
    /// Words are gone.
    Unsay(&'e SaidId),
    /// A piece is there, or looks different.
    Put(&'e Piece),
    /// A piece is somewhere else.
    Move { piece: &'e PieceId, place: (f64, f64) },
    /// A piece is gone.
    Remove(&'e PieceId),
    /// A variable has a value, which is JSON.
    Assign { name: &'e str, value: &'e str },
    /// A variable is gone.
    Unset(&'e str),
}

impl Effect<'_> {
    /// Does it. What is to change and is not there any more stays away: the log may begin later.
    pub(super) fn apply(&self, connection: &Connection, place: &Place<'_>) -> Result<()> {
        let room = place.room;
        let run = |sql, values: &[&dyn rusqlite::ToSql]| {
            connection.prepare_cached(sql)?.execute(values).map(|_| ())
        };
        self.remember(connection, place)?;
        match self {
            Self::Publish { item, kind, text } => run(
                "INSERT INTO items (room, offset, id, kind, owner, item) VALUES (?, ?, ?, ?, ?, ?)",
                params![room, place.offset, item.0, kind, place.owner, text],
            ),
            Self::Edit { item, text } => run(
                "UPDATE items SET item = ? WHERE room = ? AND id = ?",
                params![text, room, item.0],
            ),
            Self::Delete(item) => {
                run("DELETE FROM items WHERE room = ? AND id = ?", params![room, item.0])
            }
            Self::Title(title) => {
                run("UPDATE rooms SET title = ? WHERE id = ?", params![title, room])
            }
            Self::Set(settings) => {
                run("UPDATE rooms SET settings = ? WHERE id = ?", params![json(settings)?, room])
            }
            Self::Say { said, name, text } => chat::say(connection, place, said, name, text),
            Self::Reword { said, text } => chat::reword(connection, place, said, text),
            Self::Unsay(said) => {
                run("DELETE FROM said WHERE room = ? AND id = ?", params![room, said.0])
            }
            Self::Put(piece) => stage::put(connection, room, piece),
            Self::Move { piece, place } => stage::go(connection, room, piece, *place),
            Self::Remove(piece) => {
                run("DELETE FROM pieces WHERE room = ? AND id = ?", params![room, piece.as_str()])
            }
            Self::Assign { name, value } => variables::assign(connection, place, name, value),
            Self::Unset(name) => {
                run("DELETE FROM variables WHERE room = ? AND name = ?", params![room, name])
            }
        }
    }

    /// Keeps beside the event what it changes or takes away, so that whoever counted that can take
    /// it back. Where that is not there any more, there is nothing to keep.
    fn remember(&self, connection: &Connection, place: &Place<'_>) -> Result<()> {
        let (sql, id) = match self {
            Self::Edit { item, .. } | Self::Delete(item) => (
                "INSERT INTO replaced (room, offset, was)
                 SELECT room, ?, item FROM items WHERE room = ? AND id = ?",
                &item.0,
            ),
            Self::Reword { said, .. } | Self::Unsay(said) => (
                "INSERT INTO replaced (room, offset, was)
                 SELECT room, ?, said FROM said WHERE room = ? AND id = ?",
                &said.0,
            ),
            _ => return Ok(()),
        };
        connection.prepare_cached(sql)?.execute(params![place.offset, place.room, id]).map(|_| ())
    }
}
