//! The chat: waiting for lines, and saying one. Who speaks here is whoever the name says, and is
//! muted, slowed down and held by that.

use super::request::{self, Posted};
use super::{Compat, answer};
use crate::app::App;
use crate::auth::{Actor, Visitor};
use crate::command::{self, Caller};
use crate::door;
use crate::error::Problem;
use crate::name;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use nowcast_shared::command::Command;
use nowcast_shared::error::Code;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a request for lines waits.
const WAIT: Duration = Duration::from_millis(4_500);

const TEXT: &str = "text/plain; charset=utf-8";

/// `/chat?name=&message=`: says something; without a message, what was said since this name asked
/// the last time.
pub(super) async fn chat(
    State(app): State<App>,
    Extension(compat): Extension<Arc<Compat>>,
    request: Request,
) -> Result<Response, Problem> {
    match *request.method() {
        Method::HEAD => {
            Err(Problem::new(Code::MethodNotAllowed, "This address is asked with GET or POST."))
        }
        Method::GET if request::query(request.uri(), "message")?.is_none() => {
            let (parts, _) = request.into_parts();
            lines(&app, &compat, &parts).await
        }
        _ => say(&app, &compat, request).await,
    }
}

/// Waits for lines, and answers with all that there are.
async fn lines(app: &App, compat: &Compat, parts: &Parts) -> Result<Response, Problem> {
    let name = named(request::query(&parts.uri, "name")?)?;
    let reader = request::reader(parts)?;
    request::enter(app, &reader).await?;
    door::not_blocked(app, &compat.room, &speaker(app, compat, &name))?;
    let deadline = Instant::now() + WAIT;
    let mut spoken = compat.spoken.subscribe();
    compat.listen(&name)?;
    compat.catch_up().await;
    let mut stopping = app.stopping.subscribe();
    let mut waiting = None;
    loop {
        spoken.mark_unchanged();
        if let Some(lines) = compat.lines().take(&name, Instant::now()) {
            return Ok(answer(TEXT, lines));
        }
        if waiting.is_none() {
            waiting = Some(compat.may_wait()?);
        }
        let more = tokio::select! {
            changed = spoken.changed() => changed.is_ok(),
            () = tokio::time::sleep_until(deadline) => false,
            _ = stopping.wait_for(|stopping| *stopping) => false,
        };
        if !more {
            return Ok(answer(TEXT, ""));
        }
        // Whoever waits may have been sent out meanwhile.
        request::enter(app, &reader).await?;
        door::not_blocked(app, &compat.room, &speaker(app, compat, &name))?;
    }
}

/// Says something, as this name.
async fn say(app: &App, compat: &Compat, request: Request) -> Result<Response, Problem> {
    let posted = Posted::read(app, request, |asks| request::publishes(app, asks)).await?;
    let name = named(posted.field("name")?)?;
    let Some(text) = posted.field("message")? else {
        return Err(Problem::new(Code::BadSaid, "Say something by `message`."));
    };
    let actor = speaker(app, compat, &name);
    if !app.rates.admit(&actor.subject()) {
        return Err(command::too_fast());
    }
    // Its own lines are for it too.
    compat.listen(&name)?;
    let caller = Caller { actor: &actor, client: None, session: None };
    let command = Command::Say { text, name: None };
    command::run(app, &posted.room, &caller, command, None).await?;
    Ok(answer(TEXT, ""))
}

fn named(name: Option<String>) -> Result<String, Problem> {
    let name = name.map(|name| name::check(&name)).transpose()?.flatten();
    name.ok_or_else(|| Problem::new(Code::BadName, "Say who you are by `name`."))
}

/// Whoever goes by this name here: a person of their own, known by nothing else.
pub(super) fn speaker(app: &App, compat: &Compat, name: &str) -> Actor {
    let secret = app.auth.public_id(&format!("compat:{}", name::fold(name)));
    let person = format!("compat-{secret}").try_into().ok();
    // Nobody speaks as somebody who is there, nor as an admin.
    let name = app.hub.free_name(compat.room.id(), name, &app.auth.reserved());
    Actor::Viewer(Arc::new(Visitor { person, name: Some(name), ..Visitor::default() }))
}

impl Compat {
    /// This name asks: its queue begins now, if it had none.
    pub(super) fn listen(&self, name: &str) -> Result<(), Problem> {
        let listening = self.lines().listen(name, self.room.head(), Instant::now());
        listening.map_err(|_| {
            let detail = "Too many names listen here already. Try again in a few minutes.";
            Problem::new(Code::Unavailable, detail).retry_after(60)
        })
    }
}
