//! The door of a room: who may come in, and speak there. Asked in one place for all of a room's
//! addresses (`InRoom`), once more when a session has joined, and for every command.

use crate::app::App;
use crate::auth::{Actor, Hash, Visitor};
use crate::error::Problem;
use crate::log::{FOR_GOOD, Kind, Room};
use crate::policy;
use axum::http::{HeaderMap, header};
use nowcast_shared::error::{Code, Reason};
use nowcast_shared::id::{PublicId, RoomName};
use sha2::{Digest, Sha256};

/// The cookie that holds the invitation to one room.
const COOKIE: &str = "nowcast_invitation";

/// How long an invitation is remembered by a browser, in seconds: 180 days.
const LIFE: u32 = 180 * 24 * 3600;

/// By which right a session is in its room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// An admin, or a program whose token is good for the room: needs no invitation.
    pub trusted: bool,
    /// An admin, whom nobody sends out.
    pub admin: bool,
    /// The login that makes it one, if that does.
    pub login: Option<Box<Hash>>,
    /// The page of an admin at work, who is told what waits there.
    pub desk: bool,
    /// The invitation that it showed, if any.
    pub invitation: Option<Box<str>>,
}

impl Pass {
    /// What this actor has to show in this room.
    pub fn new(actor: &Actor, room: &RoomName, invitation: Option<String>) -> Self {
        Self {
            trusted: policy::is_trusted(actor, room),
            admin: policy::is_admin(actor, room),
            login: actor.login().copied().map(Box::new),
            desk: false,
            invitation: invitation.map(String::into_boxed_str),
        }
    }

    /// What somebody has to show who has an invitation and nothing else.
    pub fn invited(invitation: &str) -> Self {
        Self { invitation: Some(invitation.into()), ..Self::default() }
    }

    /// Whether it lets into this room.
    fn is_good(&self, room: &Room) -> bool {
        !room.settings().private || self.trusted || self.is_invited(room)
    }

    /// Whether its invitation is the one to this room.
    pub fn is_invited(&self, room: &Room) -> bool {
        // Of two hashes nobody learns how far they agree from how long comparing them takes.
        let hash = |text: &str| Sha256::digest(text.as_bytes());
        match (room.invitation(), self.invitation.as_deref()) {
            (Some(secret), Some(shown)) => hash(&secret) == hash(shown),
            _ => false,
        }
    }
}

/// May somebody who shows this come in, or stay?
///
/// # Errors
/// `blocked` for whom an admin sent out, `not_invited` where an invitation is asked for.
pub fn enter(app: &App, room: &Room, actor: &Actor, pass: &Pass) -> Result<(), Problem> {
    if !room.is_guarded() {
        return Ok(());
    }
    not_blocked(app, room, actor)?;
    if pass.is_good(room) {
        return Ok(());
    }
    let detail = "This room is private. Open it by its invitation link.";
    Err(Problem::new(Code::NotInvited, detail))
}

/// Refuses whom an admin sent out of the room.
pub fn not_blocked(app: &App, room: &Room, actor: &Actor) -> Result<(), Problem> {
    match found(app, room, actor, Kind::Block) {
        None => Ok(()),
        Some(_) => Err(Problem::new(Code::Blocked, "An admin sent you out of this room.")),
    }
}

/// Refuses whom an admin muted.
pub fn not_muted(app: &App, room: &Room, actor: &Actor) -> Result<(), Problem> {
    match found(app, room, actor, Kind::Mute) {
        None => Ok(()),
        Some(FOR_GOOD) => Err(Problem::new(Code::Muted, "An admin muted you in this room.")),
        Some(until) => {
            let left = until.saturating_sub(crate::clock::now());
            let seconds = u64::try_from(left).unwrap_or(0).div_ceil(1000).max(1);
            let detail = format!("An admin muted you in this room, for another {seconds} s.");
            Err(Problem::new(Code::Muted, detail).retry_after(seconds))
        }
    }
}

fn found(app: &App, room: &Room, actor: &Actor, kind: Kind) -> Option<i64> {
    // Nobody has to be told from others where nobody was muted or blocked.
    if !room.has_sanctions() || policy::is_admin(actor, room.name()) {
        return None;
    }
    room.sanctioned(&ids(app, actor), kind)
}

/// The public ids that an actor has, or has had before saying more of itself.
fn ids(app: &App, actor: &Actor) -> Vec<PublicId> {
    let subjects = match actor {
        Actor::Admin { .. } | Actor::Token(_) => vec![actor.subject()],
        Actor::User(visitor) | Actor::Viewer(visitor) | Actor::Foreign(visitor) => {
            visitor.subjects()
        }
    };
    subjects.iter().map(|subject| app.auth.public_id(subject)).collect()
}

/// Whether this person is a page of this room's that cannot be sent out.
pub fn is_admin(app: &App, room: &Room, person: &PublicId) -> bool {
    *person == app.auth.public_id("admin")
        || app.hub.any(room.id(), |visitor, pass| pass.admin && is(app, visitor, person))
}

fn is(app: &App, visitor: &Visitor, person: &PublicId) -> bool {
    visitor.subjects().iter().any(|subject| app.auth.public_id(subject) == *person)
}

/// Sends somebody out: their sessions end, and are told not to come back.
pub fn send_out(app: &App, room: &Room, person: &PublicId) {
    app.hub.close_some(room.id(), Reason::Blocked, |visitor, pass| {
        !pass.admin && is(app, visitor, person)
    });
}

/// Sends those out who have no invitation that is good, where one is asked for.
pub fn clear(app: &App, room: &Room) {
    app.hub.close_some(room.id(), Reason::RoomClosed, |_, pass| !pass.is_good(room));
}

/// The `Set-Cookie` value that remembers an invitation.
pub fn set_cookie(room: &RoomName, secret: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!(
        "{COOKIE}={secret}; Path=/api/rooms/{room}; Max-Age={LIFE}; HttpOnly; SameSite=Lax{secure}"
    )
}

/// The invitation that a browser remembers.
pub fn remembered(headers: &HeaderMap) -> Option<String> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| name.trim() == COOKIE).map(|(_, value)| value.trim().to_owned())
}
