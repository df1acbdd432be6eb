//! Transports: how a request becomes a session. What is sent and when is the engine's business.

pub mod bridge;
pub mod poll;
pub mod sse;
pub mod ws;

use crate::app::App;
use crate::arrival::Arrival;
use crate::auth::Actor;
use crate::door::{self, Pass};
use crate::engine::inbox::Inbox;
use crate::engine::mailbox::{Mailbox, SessionId};
use crate::engine::member::{Entrant, Way};
use crate::engine::poll::Waiting;
use crate::error::Problem;
use crate::http::extract::{Asks, InRoom, query};
use crate::hub::{Join, Seat, Transport};
use crate::log::Room;
use crate::push_id::{BadPushId, PushId};
use crate::pushes;
use crate::watch::Joined;
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
    /// The newest push that the page has seen.
    pushed: Option<PushId>,
    pass: Pass,
    /// Where the page comes from, if somebody wants to know.
    arrival: Option<Arrival>,
}

impl FromRequestParts<App> for Joining {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let room = InRoom::from_request_parts(parts, app).await;
        Self::read(app, parts, room?).await
    }
}

impl Joining {
    /// Reads the rest, where the room is known.
    async fn read(app: &App, parts: &Parts, room: InRoom) -> Result<Self, Problem> {
        // A session is more than its head, and joining replaces who was there.
        if parts.method == Method::HEAD {
            let detail = "This address is asked with GET.";
            return Err(Problem::new(Code::MethodNotAllowed, detail));
        }
        if *app.stopping.borrow() {
            let problem = Problem::new(Code::Unavailable, "The server is stopping. Come back.");
            return Err(problem.retry_after(1));
        }
        let asks = Asks::read(app, parts, Some(room.0.name())).await?;
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
        let counted = page.as_deref().is_none_or(|page| page == "feed");
        // Who reads with a program's token is a program.
        let counted = counted && !matches!(asks.actor, Actor::Token(_));
        let pushed = query(&parts.uri, "pushed")?.map(|text| text.parse()).transpose();
        let pushed = pushed.map_err(|_: BadPushId| {
            Problem::new(Code::BadQuery, "`pushed` is the id of a push, or 0.")
        })?;
        let mut pass = asks.pass(app, parts, room.0.name())?;
        pass.desk = pass.admin && page.as_deref() == Some("admin");
        let mut arrival = None;
        if counted && app.watchers.count(&room.0) {
            let (from, dnt) = (query(&parts.uri, "from")?, query(&parts.uri, "dnt")?);
            arrival = Some(Arrival::read(&parts.headers, from.as_deref(), dnt.as_deref()));
        }
        Ok(Self { asks, room, since, counted, pushed, pass, arrival })
    }

    /// Begins a session that goes `way`.
    fn open(
        mut self,
        app: &App,
        transport: Transport,
        way: impl FnOnce(&Mailbox, SessionId) -> Way,
    ) -> SessionId {
        app.metrics.sessions.add(1);
        self.asks.be_somebody(app);
        let room = Arc::clone(&self.room.0);
        let (join, reserved) = (self.join(app, transport), app.auth.reserved());
        let id = app.hub.join(room.id(), join, &reserved, |mailbox, seat| {
            let way = way(mailbox, seat.session());
            let inbox = transport.is_two_way().then(|| {
                let credential = self.asks.credential.clone();
                Box::new(Inbox::new(Arc::clone(&room), Arc::clone(seat), credential))
            });
            self.note(app, seat, transport);
            self.entrant(app, seat, inbox, way)
        });
        self.begun(app, id, true);
        id
    }

    /// Begins a session that polls, or goes on with it.
    fn poll(&self, app: &App, waiting: Box<Waiting>) -> (Mailbox, SessionId) {
        let returns = self.asks.visitor.client.is_some();
        let (join, reserved) = (self.join(app, Transport::Poll), app.auth.reserved());
        let (mailbox, id, new) =
            app.hub.poll(self.room.0.id(), join, &reserved, waiting, |_, seat, waiting| {
                app.metrics.sessions.add(1);
                self.note(app, seat, Transport::Poll);
                self.entrant(app, seat, None, Way::Poll { waiting, returns })
            });
        self.begun(app, id, new);
        (mailbox, id)
    }

    fn join(&self, app: &App, transport: Transport) -> Join {
        let visitor = Arc::clone(&self.asks.visitor);
        // A poll without a client id is gone with its answer: it is nobody's open page.
        let returns = visitor.client.is_some();
        Join {
            who: returns.then(|| self.you(app)),
            claim: self.asks.actor.claim(),
            transport,
            counted: self.counted && returns,
            pushed: self.pushed,
            pass: self.pass.clone(),
            visitor,
        }
    }

    fn entrant(&self, app: &App, seat: &Arc<Seat>, inbox: Option<Box<Inbox>>, way: Way) -> Entrant {
        let (room, since) = (Arc::clone(&self.room.0), self.since.clone());
        let measured = self.arrival.as_ref().is_some_and(|arrival| !arrival.quiet);
        Entrant { id: seat.session(), room, since, you: self.you(app), inbox, measured, way }
    }

    /// Lets whoever watches know, before the session can end.
    fn note(&self, app: &App, seat: &Seat, transport: Transport) {
        let visitor = seat.visitor();
        if let (Some(arrival), Some(watcher), Some(client)) =
            (&self.arrival, app.watchers.get(), &visitor.client)
        {
            let (session, who, resumes) = (seat.session(), &self.you(app), self.since.is_some());
            let joined = Joined { session, who, client, transport, resumes, arrival };
            watcher.joined(&self.room.0, &joined);
        }
    }

    /// What has to come after a session has joined.
    fn begun(&self, app: &App, session: SessionId, new: bool) {
        stay(app, &self.room.0, &self.asks.actor, &self.pass, session);
        self.stay_logged_in(app, session);
        if new {
            // What was pushed while nobody was here.
            self.look_up_pushes(app, session);
        }
    }

    /// Looks once more whether the login is still one: it may have ended before the session was
    /// among those that end with it.
    fn stay_logged_in(&self, app: &App, session: SessionId) {
        let Some(login) = self.asks.actor.login() else { return };
        let actor = app.auth.actor(&self.asks.credential, &self.asks.visitor);
        if !actor.is_ok_and(|actor| actor.login() == Some(login)) {
            app.hub.close_one(session, Reason::Reauthorize);
        }
    }

    fn look_up_pushes(&self, app: &App, session: SessionId) {
        pushes::look_up(app, &self.room.0, session, &self.asks.visitor, self.pushed);
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
