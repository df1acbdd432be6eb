//! Items: publish, look back, preview.

use super::body::{self, Kind};
use super::extract::{Asks, InRoom, number};
use crate::app::App;
use crate::command::{self, Done, Key, MAX_KEY};
use crate::error::Problem;
use crate::item;
use crate::log::Appended;
use crate::policy::Action;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use nowcast_shared::command::Command;
use nowcast_shared::error::Code;
use nowcast_shared::item::NewItem;
use nowcast_shared::offset::Offset;
use serde::Serialize;
use serde_json::{Value, json};

/// How many items a look back gives if it does not say, and at most.
const LIMIT: (u64, u64) = (50, 200);

/// What a publisher is told.
#[derive(Serialize)]
struct Published {
    id: Option<String>,
    offset: Offset,
    at: i64,
}

/// `POST …/items`: 201 with `{"id","offset","at"}`, or 200 with the same for a repeat.
pub(super) async fn publish(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    request: Request,
) -> Result<Response, Problem> {
    let asks = asks.within(&app, &room)?;
    // Before the body is read: strangers do not get to send much.
    asks.may(&app, Action::Publish, room.name())?;
    let key = idempotency_key(request.headers())?.map(|key| Key::idempotency(&asks.actor, &key));
    let item = read(request, app.limits.max_form).await?;
    let command = Command::Publish { item };
    let done = command::run(&app, &room, &asks.caller(), command, key).await?;
    let Done::Kept(appended) = done else {
        return Err(Problem::new(Code::Internal, "Something went wrong here. Try again."));
    };
    let status = if appended.repeated { StatusCode::OK } else { StatusCode::CREATED };
    let Appended { offset, at, id, .. } = appended;
    Ok((status, axum::Json(Published { id, offset, at })).into_response())
}

/// An item from JSON or from a form.
async fn read(request: Request, limit: usize) -> Result<NewItem<Value>, Problem> {
    match body::kind(request.headers()) {
        Kind::Json => body::json(request, limit).await,
        Kind::Form | Kind::Multipart => {
            let mut fields = body::form(request, limit).await?;
            let kind = fields.remove("kind").or_else(|| fields.remove("type"));
            match kind {
                Some(Value::String(kind)) => Ok(NewItem { kind, data: fields.into() }),
                _ => Err(Problem::new(
                    Code::BadItem,
                    "The form lacks a field `kind`. For JSON, send Content-Type: application/json.",
                )),
            }
        }
        Kind::Other => Err(Problem::new(
            Code::UnsupportedType,
            "Send a form, or JSON with Content-Type: application/json.",
        )),
    }
}

/// The request's `Idempotency-Key`, if it has one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim();
    if !(1..=MAX_KEY).contains(&key.len()) {
        let detail = format!("An Idempotency-Key has 1 to {MAX_KEY} printable characters.");
        return Err(Problem::new(Code::BadKey, detail));
    }
    Ok(Some(key.to_owned()))
}

/// `GET …/items?before=&limit=`: `{"items":[…],"more":…}`, newest first.
pub(super) async fn list(
    State(app): State<App>,
    InRoom(room): InRoom,
    uri: Uri,
) -> Result<Response, Problem> {
    let (before, limit) = look_back(&uri)?;
    let (items, more) = app.log.items(&room, before, limit).await?;
    Ok(json_text(format!(r#"{{"items":{items},"more":{more}}}"#)))
}

/// Up to where a look back goes, and how far: `?before=` an offset, `&limit=`.
pub(super) fn look_back(uri: &Uri) -> Result<(Option<Offset>, usize), Problem> {
    let before = number(uri, "before")?.map(Offset);
    let limit = number(uri, "limit")?.unwrap_or(LIMIT.0).clamp(1, LIMIT.1);
    Ok((before, usize::try_from(limit).unwrap_or(1)))
}

/// An answer that is JSON already.
pub(super) fn json_text(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// `POST …/preview`: the item as it would be shown.
pub(super) async fn preview(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    request: Request,
) -> Result<Response, Problem> {
    asks.may(&app, Action::Publish, room.name())?;
    let new: NewItem<Value> = body::json(request, app.limits.max_form).await?;
    let content = item::check(new, app.limits.max_item).await?;
    let body = json!({"kind": content.kind, "data": content.data, "html": content.html});
    Ok(axum::Json(body).into_response())
}
