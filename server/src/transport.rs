//! Transports: bytes only. What is sent and when is the session's business.

pub mod poll;
pub mod sse;
pub mod ws;

use crate::app::App;
use crate::error::Problem;
use crate::http::extract::{Asks, InRoom, query};
use crate::hub::Transport;
use crate::session::{Hello, Inbox, Session};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use nowcast_shared::error::Code;
use nowcast_shared::offset::Position;
use std::time::Duration;

/// How long a page that does not read may take to hear why its session ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// What every transport reads from its request before the session begins.
pub struct Joining {
    asks: Asks,
    room: InRoom,
    since: Option<Position>,
    counted: bool,
}

impl FromRequestParts<App> for Joining {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if *app.stopping.borrow() {
            let problem = Problem::new(Code::Unavailable, "The server is stopping. Come back.");
            return Err(problem.retry_after(1));
        }
        let room = InRoom::from_request_parts(parts, app).await?;
        let asks = Asks::from_request_parts(parts, app).await?;
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
        Ok(Self { asks, room, since, counted })
    }
}

impl Joining {
    /// Begins the session.
    fn open(self, app: &App, transport: Transport) -> (Session, Option<Inbox>) {
        app.metrics.sessions.add(1);
        let Self { asks, room: InRoom(room), since, counted } = self;
        let Asks { actor, credential, client } = asks;
        let hello = Hello { since, client, counted };
        let session = Session::open(app, room, transport, &actor, hello);
        let inbox = session.inbox(credential);
        (session, inbox)
    }
}
