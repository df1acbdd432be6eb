//! Who owns what has only a public id: where a log is read anew that says no more.

use super::public_id;
use nowcast_shared::id::PublicId;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;

/// The subjects that are known without anybody asking, by their public ids.
pub struct Owners(HashMap<PublicId, String>);

impl Owners {
    /// The admin, and the programs with tokens.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(connection: &Connection) -> rusqlite::Result<Self> {
        Self::load_from(connection, "main")
    }

    /// The same, from a database that is attached by this name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load_from(connection: &Connection, name: &str) -> rusqlite::Result<Self> {
        let sql = format!("SELECT value FROM {name}.settings WHERE name = 'secret'");
        let secret: Option<String> = connection.query_row(&sql, [], |row| row.get(0)).optional()?;
        let Some(secret) = secret else { return Ok(Self(HashMap::new())) };
        let sql = format!("SELECT 'token:' || id FROM {name}.tokens");
        let mut statement = connection.prepare(&sql)?;
        let tokens = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>();
        let subjects = tokens?.into_iter().chain(["admin".to_owned(), "anyone".to_owned()]);
        Ok(Self(subjects.map(|subject| (public_id(&secret, &subject), subject)).collect()))
    }

    /// Who that is. Of whom no more is known, nobody is: only admins change what they own.
    pub fn of(&self, id: &PublicId) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| format!("public:{id}"))
    }
}
