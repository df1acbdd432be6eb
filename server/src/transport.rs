//! Transports: how a request becomes a session. What is sent and when is the engine's business.

pub mod poll;
pub mod sse;
pub mod ws;

use crate::app::App;
use crate::auth::Actor;
use crate::door::{self, Pass};
use crate::engine::inbox::Inbox;
use crate::engine::mailbox::{Mailbox, SessionId};
use crate::engine::member::{Entrant, Way};
use crate::engine::poll::Waiting;
use crate::error::Problem;
use crate::http::extract::{Asks, InRoom, query};
use crate::hub::{Join, Transport};
use crate::log::Room;
use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use nowcast_shared::error::{Code, Reason};
use nowcast_shared::id::PublicId;
use nowcast_shared::offset::Position;
use std::sync::Arc;

/// What every transport reads from its request before the session begins.
pub struct Joining {
    asks: Asks,
    room: InRoom,
    since: Option<Position>,
    counted: bool,
    pass: Pass,
}

impl FromRequestParts<App> for Joining {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let room = InRoom::from_request_parts(parts, app).await;
        Self::read(app, parts, room?)
    }
}

impl Joining {
    /// Reads the rest, where the room is known.
    fn read(app: &App, parts: &Parts, room: InRoom) -> Result<Self, Problem> {
        // A session is more than its head, and joining replaces who was there.
        if parts.method == Method::HEAD {
            let detail = "This address is asked with GET.";
            return Err(Problem::new(Code::MethodNotAllowed, detail));
        }
        if *app.stopping.borrow() {
            let problem = Problem::new(Code::Unavailable, "The server is stopping. Come back.");
            return Err(problem.retry_after(1));
        }
        let asks = Asks::read(app, parts)?;
        // What a browser's own EventSource remembers is newer than the address it was made with.
        let resumed = parts.headers.get("last-event-id").filter(|value| !value.is_empty());
        let since = match resumed {
            Some(value) => Some(value.to_str().unwrap_or_default().to_owned()),
            None => query(&parts.uri, "since")?,
        };
        let since = since.map(|text| text.parse()).transpose().map_err(
            |error: nowcast_shared::offset::BadPosition| {
                Problem::new(Code::BadSince, error.to_string())
            },
        )?;
        let page = query(&parts.uri, "page")?;
        let counted = page.is_none_or(|page| page == "feed");
        let pass = asks.pass(app, parts, room.0.name())?;
        Ok(Self { asks, room, since, counted, pass })
    }

    /// Begins a session that goes `way`.
    fn open(
        self,
        app: &App,
        transport: Transport,
        way: impl FnOnce(&Mailbox, SessionId) -> Way,
    ) -> SessionId {
        app.metrics.sessions.add(1);
        let you = self.you(app);
        let Self { asks, room: InRoom(room), since, counted, pass } = self;
        let Asks { actor, credential, visitor, .. } = asks;
        let shown = pass.clone();
        let join = Join { visitor, transport, counted, pass };
        let entered = Arc::clone(&room);
        let id = app.hub.join(room.id(), join, |mailbox, seat| {
            let id = seat.session();
            let way = way(mailbox, id);
            let inbox = (transport == Transport::WebSocket)
                .then(|| Box::new(Inbox::new(Arc::clone(&room), Arc::clone(seat), credential)));
            Entrant { id, room, since, you, inbox, way }
        });
        stay(app, &entered, &actor, &shown, id);
        id
    }

    /// Begins a session that polls, or goes on with it.
    fn poll(&self, app: &App, waiting: Box<Waiting>) -> (Mailbox, SessionId) {
        let visitor = Arc::clone(&self.asks.visitor);
        let returns = visitor.client.is_some();
        // A poll without a client id is gone with its answer: it is nobody's open page.
        let counted = self.counted && returns;
        let room = Arc::clone(&self.room.0);
        let join = Join { visitor, transport: Transport::Poll, counted, pass: self.pass.clone() };
        let (mailbox, id) = app.hub.poll(room.id(), join, waiting, |_, seat, waiting| {
            app.metrics.sessions.add(1);
            let id = seat.session();
            let (you, since) = (self.you(app), self.since.clone());
            let way = Way::Poll { waiting, returns };
            Entrant { id, room: Arc::clone(&self.room.0), since, you, inbox: None, way }
        });
        stay(app, &self.room.0, &self.asks.actor, &self.pass, id);
        (mailbox, id)
    }

    /// How others see the page.
    fn you(&self, app: &App) -> PublicId {
        app.auth.public_id(&self.asks.actor.subject())
    }
}

/// Looks once more whether a session may be where it is: since it came to the door, the room may
/// have become private, or an admin may have sent it out, before it was among those to be ended.
fn stay(app: &App, room: &Room, actor: &Actor, pass: &Pass, id: SessionId) {
    if let Err(problem) = door::enter(app, room, actor, pass) {
        let blocked = problem.code == Code::Blocked;
        let reason = if blocked { Reason::Blocked } else { Reason::RoomClosed };
        app.hub.close_one(id, reason);
    }
}
