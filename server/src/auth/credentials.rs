//! Making credentials: on the first run, and when one is lost. Only hashes are stored.

use super::{Hash, Known, Login, Scope, Token, hash};
use crate::clock;
use crate::db::Db;
use crate::random;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use nowcast_shared::id::RoomName;
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;

/// The first credentials; shown once. What was given and not drawn is not shown.
#[derive(Default)]
pub struct DrawnCredentials {
    /// The admin's.
    pub password: Option<String>,
    /// A program's.
    pub token: Option<String>,
}

/// Makes the first credentials of an empty database; `None` if it has them already.
///
/// # Errors
/// If a given credential is too short, or the database does not keep them.
pub async fn first_run(
    db: &Db,
    password: Option<&str>,
    token: Option<&str>,
) -> anyhow::Result<Option<DrawnCredentials>> {
    let known = db
        .read(|connection| {
            let sql = "SELECT 1 FROM settings WHERE name = 'password'";
            connection.query_row(sql, [], |_| Ok(())).optional()
        })
        .await?;
    if known.is_some() {
        if password.is_some() || token.is_some() {
            tracing::info!(
                "this is not the first start: the password and the token in the settings are not \
                 looked at; `nowcast password` and `nowcast token` draw new ones"
            );
        }
        return Ok(None);
    }
    check(password, 8, "The admin password")?;
    check(token, 16, "The publish token")?;
    let mut drawn = DrawnCredentials::default();
    let password = password
        .map_or_else(|| drawn.password.insert(random::password()).clone(), ToOwned::to_owned);
    let token = token.map_or_else(|| drawn.token.insert(new_secret()).clone(), ToOwned::to_owned);
    let password = hash_password(password).await?;
    let secret = random::name("", 32);
    db.write(move |connection| {
        set(connection, "password", &password)?;
        set(connection, "secret", &secret)?;
        insert_token(connection, &token, "Newsdesk", "publish,push", None)
    })
    .await?;
    Ok(Some(drawn))
}

/// Draws a new admin password; every login ends.
pub async fn new_password(db: &Db) -> anyhow::Result<String> {
    let password = random::password();
    let hash = hash_password(password.clone()).await?;
    db.write(move |connection| {
        set(connection, "password", &hash)?;
        connection.execute("DELETE FROM logins", [])
    })
    .await?;
    Ok(password)
}

/// Draws a new token.
///
/// # Errors
/// If a scope or a room name does not exist.
pub async fn new_token(
    db: &Db,
    scopes: String,
    rooms: Option<String>,
    name: String,
) -> anyhow::Result<String> {
    for scope in scopes.split(',') {
        anyhow::ensure!(
            Scope::from_name(scope).is_some(),
            "There is no scope {scope:?}: it is publish, push or admin."
        );
    }
    let name = name.trim().to_owned();
    anyhow::ensure!(
        !name.is_empty() && !name.chars().any(char::is_control),
        "The name has at least one character, on one line."
    );
    for room in rooms.iter().flat_map(|rooms| rooms.split(',')) {
        room.parse::<RoomName>()?;
    }
    let token = new_secret();
    let secret = token.clone();
    db.write(move |connection| insert_token(connection, &secret, &name, &scopes, rooms.as_deref()))
        .await?;
    Ok(token)
}

/// The tokens, a line each: id, name, scopes, rooms.
pub async fn list_tokens(db: &Db) -> anyhow::Result<String> {
    let lines = db
        .read(|connection| {
            let sql = "SELECT id, name, scopes, coalesce(rooms, 'all rooms') FROM tokens
                       ORDER BY created_at";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                let (id, name): (String, String) = (row.get(0)?, row.get(1)?);
                let (scopes, rooms): (String, String) = (row.get(2)?, row.get(3)?);
                Ok(format!("{id}  {name}  {scopes}  {rooms}"))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })
        .await?;
    Ok(if lines.is_empty() { "There are no tokens.".to_owned() } else { lines.join("\n") })
}

/// Makes a token worthless; says so.
///
/// # Errors
/// If there is no such token.
pub async fn revoke_token(db: &Db, id: String) -> anyhow::Result<String> {
    let wanted = id.clone();
    let sql = "DELETE FROM tokens WHERE id = ?";
    let gone = db.write(move |connection| connection.execute(sql, [wanted])).await?;
    anyhow::ensure!(gone > 0, "There is no token {id:?}: `nowcast tokens` lists them.");
    Ok(format!("The token {id} is worthless now."))
}

fn new_secret() -> String {
    random::name("nct_", 32)
}

fn check(given: Option<&str>, least: usize, what: &str) -> anyhow::Result<()> {
    let long_enough = given.is_none_or(|given| given.trim().chars().count() >= least);
    anyhow::ensure!(long_enough, "{what} is too short: it has {least} characters or more.");
    Ok(())
}

async fn hash_password(password: String) -> anyhow::Result<String> {
    let hash =
        move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string());
    tokio::task::spawn_blocking(hash)
        .await?
        .map_err(|error| anyhow::anyhow!("The password could not be hashed: {error}"))
}

fn set(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<usize> {
    let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)";
    connection.execute(sql, [name, value])
}

fn insert_token(
    connection: &Connection,
    secret: &str,
    name: &str,
    scopes: &str,
    rooms: Option<&str>,
) -> rusqlite::Result<usize> {
    connection.execute(
        "INSERT INTO tokens (hash, id, name, scopes, rooms, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        params![hash(secret.as_bytes()), random::name("t", 9), name, scopes, rooms, clock::now()],
    )
}

/// All credentials that are good now.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<Known> {
    let mut statement = connection.prepare("SELECT hash, id, name, scopes, rooms FROM tokens")?;
    let tokens = statement.query_map([], |row| {
        let scopes: String = row.get(3)?;
        let rooms: Option<String> = row.get(4)?;
        let token = Token {
            id: row.get(1)?,
            name: row.get(2)?,
            scopes: scopes.split(',').filter_map(Scope::from_name).collect(),
            rooms: rooms
                .map(|rooms| rooms.split(',').filter_map(|room| room.parse().ok()).collect()),
        };
        Ok((row.get::<_, Hash>(0)?, Arc::new(token)))
    })?;
    let tokens = tokens.collect::<rusqlite::Result<_>>()?;
    let mut statement =
        connection.prepare("SELECT hash, name, expires_at FROM logins WHERE expires_at > ?")?;
    let logins = statement.query_map([clock::now()], |row| {
        Ok((row.get::<_, Hash>(0)?, Login { name: row.get(1)?, expires_at: row.get(2)? }))
    })?;
    let logins = logins.collect::<rusqlite::Result<_>>()?;
    Ok(Known { tokens, logins })
}
