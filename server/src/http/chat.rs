//! The chat over plain HTTP: say, look back, wait for lines; words that wait for approval.

use super::body::{self, Kind};
use super::extract::{Asks, InRoom, number, query};
use super::items::{idempotency_key, json_text, look_back};
use crate::app::App;
use crate::command::{self, Done, Key};
use crate::error::Problem;
use crate::log::{Appended, Room};
use crate::policy::Action;
use crate::words;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use nowcast_shared::chat::Said;
use nowcast_shared::command::Command;
use nowcast_shared::error::Code;
use nowcast_shared::id::SaidId;
use nowcast_shared::offset::{Offset, Position};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a request for lines waits if it does not say, and at most, in seconds.
const WAIT: (u64, u64) = (25, 55);

/// Says from where to ask for the next lines.
const NEXT: &str = "nowcast-next";

/// Says that what was asked for cannot be continued: these lines are the newest.
const RECOVERED: &str = "nowcast-recovered";

/// What is said, as a form or JSON.
#[derive(Deserialize)]
struct Say {
    text: String,
    name: Option<String>,
}

/// `POST …/chat`: 201 with `{"id","offset","at"}`, 200 with the same for a repeat, or 202 with
/// `{"held":true}`.
pub(super) async fn say(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    uri: Uri,
    request: Request,
) -> Result<Response, Problem> {
    let asks = asks.within(&app, &room)?;
    asks.may(&app, Action::Chat(room.settings().chat), room.name())?;
    if asks.actor.is_limited() && !app.rates.admit(&asks.actor.subject()) {
        return Err(command::too_fast());
    }
    let key = idempotency_key(request.headers())?.map(|key| Key::idempotency(&asks.actor, &key));
    let Say { text, name } = read(request, &uri, app.limits.max_frame).await?;
    let command = Command::Say { text, name };
    match command::run(&app, &room, &asks.caller(), command, key).await? {
        Done::Kept(appended) => {
            let new = !appended.repeated;
            let status = if new { StatusCode::CREATED } else { StatusCode::OK };
            Ok((status, Json(told(appended))).into_response())
        }
        Done::Told | Done::Held => {
            Ok((StatusCode::ACCEPTED, Json(json!({"held": true}))).into_response())
        }
    }
}

fn told(Appended { id, offset, at, .. }: Appended) -> Value {
    json!({"id": id, "offset": offset, "at": at})
}

/// What is said: JSON, a form, or just text.
async fn read(request: Request, uri: &Uri, limit: usize) -> Result<Say, Problem> {
    match body::kind(request.headers()) {
        Kind::Json => body::json(request, limit).await,
        Kind::Form | Kind::Multipart => {
            let mut fields = body::form(request, limit).await?;
            let mut field = |name| match fields.remove(name) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            };
            let (text, name) = (field("text"), field("name"));
            let text = text.ok_or_else(|| {
                let detail = "The form lacks a field `text`. A line by itself is sent as \
                              Content-Type: text/plain.";
                Problem::new(Code::BadSaid, detail)
            })?;
            Ok(Say { text, name })
        }
        Kind::Other if is_plain(request.headers()) => {
            let text = body::bytes(request.into_body(), limit).await?;
            let text = std::str::from_utf8(&text)
                .map_err(|_| Problem::new(Code::BadUtf8, "The body is not UTF-8."))?;
            Ok(Say { text: text.to_owned(), name: query(uri, "name")? })
        }
        Kind::Other => {
            Err(Problem::new(Code::UnsupportedType, "Send a line as text/plain, a form, or JSON."))
        }
    }
}

/// Whether the body is text, or does not say what it is.
fn is_plain(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let mime = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    mime.is_none_or(|mime| mime.is_empty() || mime.eq_ignore_ascii_case("text/plain"))
}

/// `GET …/chat?before=&limit=`: `{"said":[…],"more":…}`, newest first.
pub(super) async fn list(
    State(app): State<App>,
    InRoom(room): InRoom,
    uri: Uri,
) -> Result<Response, Problem> {
    let (before, limit) = look_back(&uri)?;
    let (said, more) = app.log.said(&room, before, limit).await?;
    Ok(json_text(format!(r#"{{"said":{said},"more":{more}}}"#)))
}

/// `GET …/chat/lines?since=&wait=`: what was said since, a line `name: text` each; waits if that is
/// nothing. No name that people or programs choose has a colon, so nobody writes another's line.
pub(super) async fn lines(
    State(app): State<App>,
    InRoom(room): InRoom,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let uri = &parts.uri;
    if parts.method == Method::HEAD {
        return Err(Problem::new(Code::MethodNotAllowed, "This address is asked with GET."));
    }
    let wait = Duration::from_secs(number(uri, "wait")?.unwrap_or(WAIT.0).min(WAIT.1));
    let since: Option<Position> = query(uri, "since")?
        .map(|since| since.parse())
        .transpose()
        .map_err(|error: nowcast_shared::offset::BadPosition| {
            Problem::new(Code::BadSince, error.to_string())
        })?;
    // Before anything is read: what is said from now on is noticed.
    let mut spoken = room.spoken();
    let head = room.head();
    let after = match since {
        None => head,
        Some(since) if since.epoch == *room.epoch() && since.offset <= head => since.offset,
        // Nothing can be continued: as a page begins with the newest words, so does this.
        Some(_) => {
            let said = app.log.newest_said(&room).await?;
            return Ok(written(&room, &said, head, false));
        }
    };
    let mut stopping = app.stopping.subscribe();
    let deadline = Instant::now() + wait;
    loop {
        spoken.mark_unchanged();
        let head = room.head().max(after);
        let said = app.log.said_after(&room, after).await?;
        if !said.is_empty() {
            return Ok(written(&room, &said, head, true));
        }
        let more = tokio::select! {
            // The room is held here, so its end cannot come.
            _ = spoken.changed() => true,
            () = tokio::time::sleep_until(deadline) => false,
            _ = stopping.wait_for(|stopping| *stopping) => false,
        };
        if !more {
            return Ok(written(&room, &[], head, true));
        }
        // Whoever waits may have been sent out meanwhile.
        InRoom::read(&app, &parts, room.name()).await?;
    }
}

/// Lines, and from where to go on: after the last of them, or after `head` if there is none.
fn written(room: &Arc<Room>, said: &[Said], head: Offset, recovered: bool) -> Response {
    let offset = said.last().map_or(head, |said| said.offset);
    let next = Position { epoch: room.epoch().clone(), offset }.to_string();
    let lines: String = said.iter().map(words::line).collect();
    let kind = "text/plain; charset=utf-8".to_owned();
    let mut response =
        ([(header::CONTENT_TYPE.as_str(), kind), (NEXT, next)], lines).into_response();
    if !recovered {
        let no = axum::http::HeaderValue::from_static("false");
        response.headers_mut().insert(RECOVERED, no);
    }
    response
}

/// `GET …/chat/held`: `{"held":[…]}`, oldest first.
pub(super) async fn held(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
) -> Result<Json<Value>, Problem> {
    asks.may(&app, Action::Moderate, room.name())?;
    Ok(Json(json!({"held": app.log.held(&room).await?})))
}

/// `POST …/chat/held/{held}`: they are said now. As for what is said at once, 201.
pub(super) async fn approve(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    Path((_, held)): Path<(String, String)>,
) -> Result<Response, Problem> {
    asks.may(&app, Action::Moderate, room.name())?;
    let appended = command::chat::approve(&app, &room, &SaidId(held)).await?;
    Ok((StatusCode::CREATED, Json(told(appended))).into_response())
}

/// `DELETE …/chat/held/{held}`: they are never said.
pub(super) async fn turn_down(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    Path((_, held)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    asks.may(&app, Action::Moderate, room.name())?;
    command::chat::turn_down(&app, &room, &SaidId(held)).await?;
    Ok(StatusCode::NO_CONTENT)
}
