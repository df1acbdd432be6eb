//! Items: waiting for them, and publishing one.

use super::backlog::{CUSTOM, Stamp, TYPE};
use super::request::{self, Posted};
use super::{Compat, answer};
use crate::app::App;
use crate::command::{self, Key};
use crate::error::Problem;
use crate::http::items::idempotency_key;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use nowcast_shared::command::Command;
use nowcast_shared::error::Code;
use nowcast_shared::item::{KINDS, NewItem};
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::time::Instant;

const JSON: &str = "application/json";

/// `GET /real_time_feed?since=`: the items that are newer, oldest first, as a JSON array; waits if
/// there are none.
pub(super) async fn items(
    State(app): State<App>,
    Extension(compat): Extension<Arc<Compat>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    if parts.method == Method::HEAD {
        return Err(Problem::new(Code::MethodNotAllowed, "This address is asked with GET."));
    }
    let reader = request::reader(&parts)?;
    request::enter(&app, &reader).await?;
    let deadline = Instant::now() + compat.wait;
    // Before anything is looked at: what is shown from now on is noticed.
    let mut shown = compat.shown.subscribe();
    let now = compat.catch_up().await;
    let since = request::query(&parts.uri, "since").ok().flatten();
    let since: Option<Stamp> = since.and_then(|since| since.trim().parse().ok());
    let since = since.unwrap_or_else(|| compat.backlog().through(now));
    let mut stopping = app.stopping.subscribe();
    let mut waiting = None;
    loop {
        shown.mark_unchanged();
        if let Some(newer) = compat.backlog().after(since) {
            return Ok(array(newer));
        }
        if waiting.is_none() {
            waiting = Some(compat.may_wait()?);
        }
        let more = tokio::select! {
            changed = shown.changed() => changed.is_ok(),
            () = tokio::time::sleep_until(deadline) => false,
            _ = stopping.wait_for(|stopping| *stopping) => false,
        };
        if !more {
            return Ok(answer(JSON, "[]"));
        }
        // Whoever waits may have been sent out meanwhile.
        request::enter(&app, &reader).await?;
    }
}

/// An answer of these pieces, which nobody copies: slow readers share them.
fn array(pieces: Vec<Bytes>) -> Response {
    let length: usize = pieces.iter().map(Bytes::len).sum();
    let pieces = stream::iter(pieces.into_iter().map(Ok::<_, Infallible>));
    let mut response = answer(JSON, Body::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// `POST /send_feed_item`: a form; its field `type` names the kind of the item.
pub(super) async fn publish(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let posted = Posted::read(&app, request, |asks| request::publishes(&app, asks)).await?;
    let Posted { asks, room, parts, fields } = posted;
    let key = idempotency_key(&parts.headers)?.map(|key| Key::idempotency(&asks.actor, &key));
    let command = Command::Publish { item: item(fields)? };
    command::run(&app, &room, &asks.caller(), command, key).await?;
    Ok(answer(JSON, "{}"))
}

/// The item that a form asks for: of a kind of ours, or whatever it is.
fn item(mut fields: Map<String, Value>) -> Result<NewItem<Value>, Problem> {
    let kind = fields.get(TYPE).and_then(Value::as_str);
    let known = kind.filter(|kind| *kind != CUSTOM && KINDS.contains(kind)).map(str::to_owned);
    if let Some(kind) = known {
        fields.remove(TYPE);
        return Ok(NewItem { kind, data: fields.into() });
    }
    if fields.is_empty() {
        return Err(Problem::new(Code::BadItem, "The form is empty: there is nothing to show."));
    }
    Ok(NewItem { kind: CUSTOM.to_owned(), data: fields.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(fields: Value) -> Option<(String, Value)> {
        let Value::Object(fields) = fields else { return None };
        item(fields).ok().map(|item| (item.kind, item.data))
    }

    #[test]
    fn the_type_names_the_kind_and_what_is_none_of_ours_stays_as_it_is() {
        let message = made(json!({"type": "message", "text": "A"}));
        assert_eq!(message, Some(("message".to_owned(), json!({"text": "A"}))));
        for fields in [
            json!({"type": "weather", "degrees": "7"}),
            json!({"type": "custom", "a": "b"}),
            json!({"a": "b"}),
            json!({"type": ""}),
        ] {
            assert_eq!(made(fields.clone()), Some(("custom".to_owned(), fields)));
        }
        assert_eq!(made(json!({})), None);
    }
}
