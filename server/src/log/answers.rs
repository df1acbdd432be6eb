//! The answers to requests that may be repeated, so that each takes effect once.

use super::{AppendError, Appended, Log, from_column};
use crate::db::DbError;
use rusqlite::{Connection, OptionalExtension, params};

/// The name of a request that may be repeated.
pub struct Once {
    /// Whose; keys of different actors have nothing to do with each other.
    pub actor: String,
    /// The idempotency key or the command id.
    pub key: String,
    /// SHA-256 of what is asked for.
    pub fingerprint: [u8; 32],
}

impl Log {
    /// Forgets the answers of idempotent requests from before `before`, in Unix milliseconds.
    pub async fn forget_answers(&self, before: i64) -> Result<usize, DbError> {
        self.db
            .write(move |connection| {
                connection.execute("DELETE FROM answers WHERE at < ?", [before])
            })
            .await
    }
}

/// The answer to an earlier request of this name, if there was one.
pub(super) fn earlier_answer(
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
                id: row.get(1)?,
                offset: from_column(row.get(2)?),
                at: row.get(3)?,
                repeated: true,
            };
            Ok(if same { Ok(appended) } else { Err(AppendError::Mismatch) })
        })
        .optional()
}

/// Files the answer to a request that may be repeated.
pub(super) fn file_answer(
    connection: &Connection,
    room: i64,
    once: &Once,
    id: Option<&str>,
    offset: i64,
    at: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO answers (room, actor, key, fingerprint, item, offset, at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![room, once.actor, once.key, once.fingerprint, id, offset, at])
        .map(|_| ())
}
