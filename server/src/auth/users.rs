//! Users: identities that the owner of the page vouches for, by signed tokens.

use super::User;
use super::jws::Key;
use crate::app::App;
use crate::clock;
use crate::config::UserKeys;
use crate::db::{self, Db, DbError};
use crate::error::Problem;
use crate::name;
use crate::policy::Openness;
use crate::random;
use anyhow::Context;
use nowcast_shared::error::Code;
use nowcast_shared::id::{ClientId, RoomName};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// How long a user's id may be, in characters.
const MAX_ID: usize = 128;

/// How long a token's own name may be, in bytes.
const MAX_JTI: usize = 256;

/// How far the clock of whoever signs tokens may be ahead of ours, in seconds.
const AHEAD: f64 = 60.0;

/// How many tokens that may be used once are remembered without asking the database.
const REMEMBERED: usize = 10_000;

/// What tokens are held against.
pub struct Users {
    key: Key,
    audience: Option<String>,
    /// Tokens that may be used once, and by which page they were.
    used: Mutex<HashMap<String, ClientId>>,
}

/// What a token says (RFC 7519, section 4.1); times are in seconds, perhaps with a fraction.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    name: Option<String>,
    aud: Option<Audience>,
    rooms: Option<Vec<String>>,
    jti: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Users {
    /// The key that was given, if one was.
    fn given(keys: &UserKeys) -> anyhow::Result<Option<Key>> {
        if let Some(path) = &keys.user_public_key {
            let pem = std::fs::read_to_string(path)
                .with_context(|| format!("The user key {} cannot be read", path.display()))?;
            return Key::public(&pem).map(Some);
        }
        keys.user_key.as_deref().map(Key::shared).transpose()
    }

    /// With the keys that were given, else the one in the settings, which is drawn if there is
    /// none.
    pub async fn load(db: &Db, keys: &UserKeys) -> anyhow::Result<Self> {
        let key = match Self::given(keys)? {
            Some(key) => key,
            None => Key::shared(&db.write(drawn).await?)?,
        };
        Ok(Self { key, audience: keys.user_audience.clone(), used: Mutex::default() })
    }

    /// The user that a token is for, and the name of one that may be used once.
    fn read(&self, token: &str, room: Option<&RoomName>) -> Result<(User, Option<Once>), Problem> {
        let invalid = |detail| Problem::new(Code::TokenInvalid, detail);
        let claims = self.key.open(token).map_err(|_| {
            invalid("This user token cannot be read, or is not signed with this server's key.")
        })?;
        let claims: Claims = serde_json::from_slice(&claims)
            .map_err(|_| invalid("A user token says `sub` and `exp`, at least."))?;
        let id = check_id(claims.sub).map_err(invalid)?;
        let name = claims.name.map(|name| name::check(&name)).transpose();
        let name = name.map_err(|_| invalid("The `name` of this user token cannot be shown."))?;
        if claims.jti.as_ref().is_some_and(|jti| !(1..=MAX_JTI).contains(&jti.len())) {
            return Err(invalid("The `jti` of a user token has 1 to 256 bytes."));
        }
        let now = seconds(clock::now());
        let begins = claims.nbf.unwrap_or(0.0);
        // Also what is no number is over.
        if !(claims.exp > now && begins <= now + AHEAD) {
            let detail = "This user token's time is over, or has not begun.";
            return Err(Problem::new(Code::TokenExpired, detail));
        }
        let ours =
            |audience: &String| audience == "nowcast" || Some(audience) == self.audience.as_ref();
        let foreign = match &claims.aud {
            None => false,
            Some(Audience::One(audience)) => !ours(audience),
            Some(Audience::Several(audiences)) => !audiences.iter().any(ours),
        };
        if foreign {
            let detail = "This user token was made for another server.";
            return Err(Problem::new(Code::TokenForeign, detail));
        }
        let elsewhere = claims.rooms.zip(room);
        if elsewhere.is_some_and(|(rooms, room)| !rooms.iter().any(|name| name == room.as_str())) {
            let detail = "This user token was made for another room.";
            return Err(Problem::new(Code::TokenForeign, detail));
        }
        #[expect(clippy::cast_possible_truncation, reason = "too large a number is cut off")]
        let until = (claims.exp * 1000.0) as i64;
        let once = claims.jti.map(|jti| Once { id: jti, until });
        Ok((User { id, name: name.flatten(), until: Some(until) }, once))
    }

    fn remembered(&self, id: &str) -> Option<ClientId> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn remember(&self, id: String, client: ClientId) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= REMEMBERED {
            used.clear();
        }
        used.insert(id, client);
    }
}

/// A token that may be used by one page only.
struct Once {
    id: String,
    until: i64,
}

/// Unix milliseconds as the seconds of a token.
#[expect(clippy::cast_precision_loss, reason = "exact for a hundred thousand years")]
fn seconds(at: i64) -> f64 {
    at as f64 / 1000.0
}

/// What becomes of a token that may be used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is this page's from now on.
    Up,
    /// It stays as it is: the page may yet be refused.
    Not,
}

/// The user that a token is for, in a room if that is asked about, if `client` may use it.
///
/// # Errors
/// `token_invalid`, `token_expired`, `token_foreign`, `token_replayed`.
pub async fn verify(
    app: &App,
    token: &str,
    room: Option<&RoomName>,
    client: Option<&ClientId>,
    how: Use,
) -> Result<User, Problem> {
    let (user, once) = app.users.read(token, room)?;
    let Some(Once { id, until }) = once else { return Ok(user) };
    let replayed = || Problem::new(Code::TokenReplayed, "Another page used this user token.");
    // Whose use it was must be known, or everybody could say that it was theirs.
    let client = client.ok_or_else(|| {
        let detail = "A user token that may be used once needs the page's `client` id.";
        Problem::new(Code::BadClient, detail)
    })?;
    let by = if let Some(by) = app.users.remembered(&id) {
        by
    } else {
        let by = match how {
            Use::Up => Some(used_by(&app.db, id.clone(), client.to_string(), until).await?),
            Use::Not => was_used_by(&app.db, id.clone()).await?,
        };
        let Some(by) = by else { return Ok(user) };
        let by = ClientId::try_from(by).map_err(|_| replayed())?;
        app.users.remember(id, by.clone());
        by
    };
    if by == *client { Ok(user) } else { Err(replayed()) }
}

/// Which page used a token first: this one, if none did before.
async fn used_by(db: &Db, id: String, client: String, until: i64) -> Result<String, DbError> {
    db.write(move |connection| {
        connection.execute(
            "INSERT INTO used_tokens (id, client, expires_at) VALUES (?, ?, ?)
             ON CONFLICT DO NOTHING",
            params![id, client, until],
        )?;
        let sql = "SELECT client FROM used_tokens WHERE id = ?";
        connection.query_row(sql, [id], |row| row.get(0))
    })
    .await
}

/// Which page used a token, if one did.
async fn was_used_by(db: &Db, id: String) -> Result<Option<String>, DbError> {
    let sql = "SELECT client FROM used_tokens WHERE id = ?";
    db.read(move |connection| connection.query_row(sql, [id], |row| row.get(0)).optional()).await
}

/// Forgets which tokens were used that are good for nobody any more.
pub async fn forget_used(db: &Db) -> Result<usize, DbError> {
    let now = clock::now();
    db.write(move |c| c.execute("DELETE FROM used_tokens WHERE expires_at < ?", [now])).await
}

/// The user of a plain id, which counts under `--open` only, and not for pages of other sites.
///
/// # Errors
/// `forbidden`, `foreign_origin`; `bad_request` for an id that no user can have.
pub fn plain(open: Openness, id: String, foreign: bool) -> Result<User, Problem> {
    if open == Openness::Closed {
        let detail = "This server knows users by signed tokens; plain ids are for --open.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if foreign {
        let detail = "This request comes from a page of another site.";
        return Err(Problem::new(Code::ForeignOrigin, detail));
    }
    let id = check_id(id).map_err(|detail| Problem::new(Code::BadRequest, detail))?;
    Ok(User { id, name: None, until: None })
}

/// An id that a user can have.
pub fn check_id(id: String) -> Result<String, &'static str> {
    let good = (1..=MAX_ID).contains(&id.chars().count()) && !id.chars().any(char::is_control);
    if good { Ok(id) } else { Err("A user's id has 1 to 128 characters on one line.") }
}

/// The secret that user tokens are signed with, which is drawn if there is none.
fn drawn(connection: &Connection) -> rusqlite::Result<String> {
    kept(connection)?.map_or_else(|| draw(connection), Ok)
}

fn kept(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT value FROM settings WHERE name = 'user_key'";
    connection.query_row(sql, [], |row| row.get(0)).optional()
}

fn draw(connection: &Connection) -> rusqlite::Result<String> {
    let secret = random::name("ncu_", 48);
    let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES ('user_key', ?)";
    connection.execute(sql, [&secret])?;
    Ok(secret)
}

/// Draws a new secret: user tokens of before are worthless then.
pub async fn new_key(db: &Db) -> anyhow::Result<String> {
    Ok(db.write(draw).await?)
}

/// The secret in the settings of a data folder.
///
/// # Errors
/// If none was drawn yet.
pub fn kept_key(folder: &Path) -> anyhow::Result<String> {
    db::peek(folder, kept)?.ok_or_else(|| {
        anyhow::anyhow!("There is no key for user tokens yet: start the server once.")
    })
}

/// What a token for trying out is to say.
pub struct Trial {
    /// For whom.
    pub user: String,
    /// What they are called.
    pub name: Option<String>,
    /// Where it is good.
    pub room: Option<String>,
    /// For how long.
    pub hours: u32,
    /// Whether one page only may use it.
    pub once: bool,
}

/// Makes a token for trying out.
///
/// # Errors
/// If the key is a public one, or a user cannot be called so.
pub fn new_user_token(folder: &Path, keys: &UserKeys, trial: Trial) -> anyhow::Result<String> {
    let Trial { user, name, room, hours, once } = trial;
    let key = match Users::given(keys)? {
        Some(key) => key,
        None => Key::shared(&kept_key(folder)?)?,
    };
    let until = clock::now() / 1000 + i64::from(hours) * 3600;
    let mut claims = json!({"sub": check_id(user).map_err(anyhow::Error::msg)?, "exp": until});
    if let Some(name) = name {
        let name = name::check(&name).map_err(|problem| anyhow::anyhow!(problem.detail))?;
        claims["name"] = name.into();
    }
    if let Some(room) = room {
        claims["rooms"] = json!([room.parse::<RoomName>()?]);
    }
    if once {
        claims["jti"] = random::name("", 20).into();
    }
    key.sign(&claims).ok_or_else(|| {
        anyhow::anyhow!("The key is a public one: whoever has the private one makes the tokens.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn users() -> Users {
        let key = Key::shared(&"k".repeat(32)).unwrap();
        Users { key, audience: Some("https://news.example".to_owned()), used: Mutex::default() }
    }

    fn read(claims: &Value) -> Result<User, Code> {
        let users = users();
        let room = "main".parse().unwrap();
        let token = users.key.sign(claims).unwrap();
        let read = users.read(&token, Some(&room));
        read.map(|(user, _)| user).map_err(|problem| problem.code)
    }

    fn claims(more: &Value) -> Value {
        let mut claims = json!({"sub": "ana", "exp": clock::now() / 1000 + 60});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    #[test]
    fn a_token_that_says_all_it_can_is_good() {
        let now = clock::now() / 1000;
        let user = read(&claims(&json!({
            "name": " Ana  Maria ", "nbf": now - 5, "aud": ["other", "https://news.example"],
            "rooms": ["main", "other"], "jti": "once", "iat": now, "more": {"of": "anything"},
        })))
        .unwrap();
        assert_eq!((user.id.as_str(), user.name.as_deref()), ("ana", Some("Ana Maria")));
        assert!(user.until.is_some_and(|until| until >= (now + 60) * 1000));
        assert!(read(&claims(&json!({"aud": "nowcast"}))).is_ok());
        assert!(read(&claims(&json!({"exp": 1e300}))).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_token_has_a_name() {
        let now = clock::now() / 1000;
        for (more, code) in [
            (json!({"exp": now - 1}), Code::TokenExpired),
            (json!({"exp": -1e300}), Code::TokenExpired),
            (json!({"nbf": now + 3600}), Code::TokenExpired),
            (json!({"aud": "other"}), Code::TokenForeign),
            (json!({"aud": []}), Code::TokenForeign),
            (json!({"rooms": ["other"]}), Code::TokenForeign),
            (json!({"rooms": []}), Code::TokenForeign),
            (json!({"exp": null}), Code::TokenInvalid),
            (json!({"exp": "soon"}), Code::TokenInvalid),
            (json!({"sub": ""}), Code::TokenInvalid),
            (json!({"sub": "x".repeat(129)}), Code::TokenInvalid),
            (json!({"sub": "a\nb"}), Code::TokenInvalid),
            (json!({"sub": 5}), Code::TokenInvalid),
            (json!({"name": "a\u{202e}b"}), Code::TokenInvalid),
            (json!({"jti": ""}), Code::TokenInvalid),
            (json!({"rooms": "main"}), Code::TokenInvalid),
        ] {
            assert_eq!(read(&claims(&more)).map(|user| user.id), Err(code), "{more}");
        }
        let other = Key::shared(&"x".repeat(32)).unwrap().sign(&claims(&json!({}))).unwrap();
        let problem = users().read(&other, None).map(|_| ()).unwrap_err();
        assert_eq!(problem.code, Code::TokenInvalid);
    }

    #[test]
    fn a_plain_id_counts_only_where_anything_goes() {
        let code = |open, id: &str, foreign| {
            plain(open, id.to_owned(), foreign).map(|user| user.id).map_err(|problem| problem.code)
        };
        assert_eq!(code(Openness::Open, "ana", false), Ok("ana".to_owned()));
        assert_eq!(code(Openness::Open, "ana", true), Err(Code::ForeignOrigin));
        assert_eq!(code(Openness::Open, "", false), Err(Code::BadRequest));
        assert_eq!(code(Openness::Closed, "ana", false), Err(Code::Forbidden));
    }
}
