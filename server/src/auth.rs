//! Who asks: from a request's credential to an [`Actor`].
//!
//! Three kinds of credential: the admin's session cookie, a program's bearer token, none. Who has
//! none is the [`Visitor`] that the page is known as. The server stamps what follows from them;
//! nothing that a frame says about its sender counts.

mod actor;
mod attempts;
mod credentials;
mod jws;
mod owners;
pub mod users;

pub use actor::{Actor, Scope, Token, User, Visitor};
pub use credentials::{
    DrawnCredentials, first_run, list_tokens, new_password, new_token, revoke_token,
};
pub use owners::Owners;

use crate::clock;
use crate::db::{Db, DbError};
use crate::error::Problem;
use crate::name;
use crate::random;
use argon2::Argon2;
use argon2::password_hash::{PasswordVerifier, phc::PasswordHash};
use attempts::Attempts;
use axum::http::{HeaderMap, header};
use nowcast_shared::error::Code;
use nowcast_shared::id::PublicId;
use nowcast_shared::item::Author;
use rusqlite::params;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// The cookie that holds an admin's session.
pub const COOKIE: &str = "nowcast_session";

/// How long a login is good for, in milliseconds: 30 days.
const LOGIN_LIFE: i64 = 30 * 24 * 3600 * 1000;

/// SHA-256 of a secret with at least 128 random bits; such need no slow hash.
pub type Hash = [u8; 32];

/// A request's credential, kept by a session: it is looked up anew for every command, so that a
/// logout ends what open pages may do.
#[derive(Clone, Debug, Default)]
pub struct Credential {
    bearer: Option<Hash>,
    cookie: Option<Hash>,
    foreign: bool,
}

/// Whose page asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// One of this very server's, or a program.
    Ours,
    /// Another site's, which has its own rights if it has any.
    Foreign,
    /// Another site's, which may do what anybody may.
    Guest,
    /// Ours to the browser, but under a name that somebody else may have given this address: a
    /// login there is one, the rights that `--open` gives are not had.
    Rebound,
}

impl Credential {
    /// Reads `Authorization` and `Cookie`; the cookie does not count for pages of other sites.
    pub fn read(headers: &HeaderMap, site: Site) -> Result<Self, Problem> {
        let bearer = match headers.get(header::AUTHORIZATION) {
            None => None,
            Some(value) => Some(hash(bearer(value.as_bytes())?)),
        };
        let ours = matches!(site, Site::Ours | Site::Rebound);
        let cookie = ours.then(|| cookie(headers)).flatten().map(hash);
        Ok(Self { bearer, cookie, foreign: matches!(site, Site::Foreign | Site::Rebound) })
    }

    /// Whether a page of another site asks, without a token of its own.
    pub fn is_foreign(&self) -> bool {
        self.foreign && self.bearer.is_none()
    }
}

fn bearer(value: &[u8]) -> Result<&[u8], Problem> {
    let scheme = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
    scheme.map(|_| value[7..].trim_ascii()).filter(|token| !token.is_empty()).ok_or_else(|| {
        Problem::new(Code::Unauthorized, "Send the token as Authorization: Bearer TOKEN.")
    })
}

fn cookie(headers: &HeaderMap) -> Option<&[u8]> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| name.trim() == COOKIE).map(|(_, value)| value.trim().as_bytes())
}

/// See [`Auth::public_id`].
fn public_id(secret: &str, subject: &str) -> PublicId {
    let digest = Sha256::new().chain_update(secret).chain_update(subject).finalize();
    PublicId(random::spell("p", &digest[..10]))
}

fn hash(secret: &[u8]) -> Hash {
    Sha256::digest(secret).into()
}

/// All credentials, in memory; the database has only hashes of them.
pub struct Auth {
    db: Db,
    known: RwLock<Known>,
    password: String,
    secret: String,
    attempts: Attempts,
    /// Hashing a password takes much memory and time on purpose: two at once are enough.
    verifying: Semaphore,
}

#[derive(Default)]
struct Known {
    tokens: HashMap<Hash, Arc<Token>>,
    logins: HashMap<Hash, Login>,
}

struct Login {
    name: String,
    expires_at: i64,
}

impl Auth {
    /// Reads what is known from the database.
    pub async fn load(db: Db) -> anyhow::Result<Self> {
        let (password, secret, known) = db
            .read(|connection| {
                let setting = |name: &str| {
                    let sql = "SELECT value FROM settings WHERE name = ?";
                    connection.query_row(sql, [name], |row| row.get::<_, String>(0))
                };
                Ok((setting("password")?, setting("secret")?, credentials::load(connection)?))
            })
            .await?;
        let (attempts, verifying) = (Attempts::default(), Semaphore::new(2));
        Ok(Self { db, known: RwLock::new(known), password, secret, attempts, verifying })
    }

    /// Who has this credential; without one, or with an old cookie, whoever the page is known as.
    ///
    /// # Errors
    /// `unauthorized` for a bearer token that is not known.
    pub fn actor(&self, credential: &Credential, visitor: &Arc<Visitor>) -> Result<Actor, Problem> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bearer) = &credential.bearer {
            return known
                .tokens
                .get(bearer)
                .cloned()
                .map(Actor::Token)
                .ok_or_else(|| Problem::new(Code::Unauthorized, "This token is not known here."));
        }
        let login = credential.cookie.and_then(|hash| known.logins.get_key_value(&hash));
        Ok(match login.filter(|(_, login)| login.expires_at > clock::now()) {
            Some((hash, login)) => Actor::Admin { name: login.name.clone(), login: *hash },
            None if visitor.user.is_some() => Actor::User(Arc::clone(visitor)),
            None if credential.is_foreign() => Actor::Foreign(Arc::clone(visitor)),
            None => Actor::Viewer(Arc::clone(visitor)),
        })
    }

    /// Says whether a name, folded, is an admin's or a program's, so that nobody may choose it.
    pub fn reserved(&self) -> impl Fn(&str) -> bool {
        |folded| {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let now = clock::now();
            let logins = known.logins.values().filter(|login| login.expires_at > now);
            let mut names = logins
                .map(|login| &login.name)
                .chain(known.tokens.values().map(|token| &token.name));
            names.any(|name| name::fold(name) == folded)
        }
    }

    /// How others see this actor.
    pub fn author(&self, actor: &Actor) -> Author {
        let (id, name) = (self.public_id(&actor.subject()), actor.name().map(str::to_owned));
        Author { role: actor.role(), id, name }
    }

    /// The public id of a subject: stays the same, tells nothing about it.
    pub fn public_id(&self, subject: &str) -> PublicId {
        public_id(&self.secret, subject)
    }

    /// Checks the password; the secret of a new login, for the cookie.
    pub async fn login(
        &self,
        password: String,
        name: String,
        from: IpAddr,
    ) -> Result<String, Problem> {
        self.attempts.begin(from).map_err(|wait| {
            Problem::new(
                Code::RateLimited,
                format!("Too many wrong passwords. Try again in {wait} seconds."),
            )
            .retry_after(wait)
        })?;
        if !self.verify(password).await? {
            return Err(Problem::new(Code::WrongPassword, "That is not the password."));
        }
        self.attempts.succeeded(from);
        let secret = random::name("", 32);
        let hash = hash(secret.as_bytes());
        let expires_at = clock::now() + LOGIN_LIFE;
        self.keep_login(hash, name, expires_at).await?;
        Ok(secret)
    }

    async fn verify(&self, password: String) -> Result<bool, Problem> {
        let patience = Duration::from_secs(5);
        let permit = tokio::time::timeout(patience, self.verifying.acquire()).await;
        let Ok(Ok(_permit)) = permit else {
            let problem = Problem::new(Code::RateLimited, "Too many logins at once. Try again.");
            return Err(problem.retry_after(5));
        };
        let stored = self.password.clone();
        let verify = move || {
            PasswordHash::new(&stored).is_ok_and(|stored| {
                Argon2::default().verify_password(password.as_bytes(), &stored).is_ok()
            })
        };
        Ok(tokio::task::spawn_blocking(verify).await.unwrap_or(false))
    }

    /// Changes what an admin goes by.
    pub async fn rename(&self, login: Hash, name: String) -> Result<(), DbError> {
        let row = name.clone();
        let sql = "UPDATE logins SET name = ? WHERE hash = ?";
        self.db.write(move |connection| connection.execute(sql, params![row, login])).await?;
        // A logout that came between stays one.
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(login) = known.logins.get_mut(&login) {
            login.name = name;
        }
        Ok(())
    }

    async fn keep_login(&self, hash: Hash, name: String, expires_at: i64) -> Result<(), DbError> {
        let row = name.clone();
        self.db
            .write(move |connection| {
                let sql = "INSERT OR REPLACE INTO logins (hash, name, expires_at) VALUES (?, ?, ?)";
                connection.execute(sql, params![hash, row, expires_at])
            })
            .await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.logins.insert(hash, Login { name, expires_at });
        Ok(())
    }

    /// Ends a login, also if whoever asked for it does not wait for the answer.
    pub async fn logout(&self, login: Hash) -> Result<(), DbError> {
        self.known.write().unwrap_or_else(PoisonError::into_inner).logins.remove(&login);
        let db = self.db.clone();
        let sql = "DELETE FROM logins WHERE hash = ?";
        let forget = async move { db.write(move |c| c.execute(sql, [login])).await };
        tokio::spawn(forget).await.map_err(|_| DbError::Closed)?.map(|_| ())
    }
}

/// The `Set-Cookie` value that carries a login, or with an empty secret ends it.
pub fn set_cookie(secret: &str, secure: bool) -> String {
    let life = if secret.is_empty() { 0 } else { LOGIN_LIFE / 1000 };
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={secret}; Path=/; Max-Age={life}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_cookie_is_found_among_others_and_only_where_it_is_trusted() {
        let headers = headers(header::COOKIE, "a=b; nowcast_session=xyz; c=d");
        assert_eq!(cookie(&headers), Some(&b"xyz"[..]));
        assert!(Credential::read(&headers, Site::Ours).unwrap().cookie.is_some());
        let foreign = Credential::read(&headers, Site::Foreign).unwrap();
        assert!(foreign.cookie.is_none() && foreign.is_foreign());
        let rebound = Credential::read(&headers, Site::Rebound).unwrap();
        assert!(rebound.cookie.is_some() && rebound.is_foreign());
        let guest = Credential::read(&headers, Site::Guest).unwrap();
        assert!(guest.cookie.is_none() && !guest.is_foreign());
    }

    #[test]
    fn an_authorization_that_is_no_bearer_token_is_refused() {
        for bad in ["Basic abc", "Bearer", "Bearer ", "Bearer   "] {
            let headers = headers(header::AUTHORIZATION, bad);
            let problem = Credential::read(&headers, Site::Ours).unwrap_err();
            assert_eq!(problem.code, Code::Unauthorized, "{bad}");
        }
        assert_eq!(bearer(b"bearer  abc ").unwrap(), b"abc");
    }
}
