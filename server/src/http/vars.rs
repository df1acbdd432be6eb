//! Shared variables over HTTP. The version of one is its `ETag`, so that programs compare and set
//! with `If-Match` and `If-None-Match` (RFC 9110, section 13).

use super::body;
use super::extract::{Asks, InRoom};
use super::items::idempotency_key;
use crate::app::App;
use crate::command::{self, Done, Key, variables};
use crate::error::Problem;
use crate::log::{Expect, Once};
use axum::extract::{Path, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use nowcast_shared::error::Code;
use nowcast_shared::offset::Offset;
use nowcast_shared::variable::MOST_BYTES;
use serde_json::{Value, json};

fn unknown() -> Problem {
    Problem::new(Code::UnknownVariable, "There is no such variable.")
}

/// `GET …/vars`: `{"variables":{name:{"value","version"}}}`.
pub(super) async fn list(
    State(app): State<App>,
    InRoom(room): InRoom,
) -> Result<Response, Problem> {
    let body = format!(r#"{{"variables":{}}}"#, app.log.variables(&room).await?);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// `GET …/vars/{name}`: the value; 304 to who has this version.
pub(super) async fn show(
    State(app): State<App>,
    InRoom(room): InRoom,
    Path((_, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    variables::check_name(&name)?;
    let variable = app.log.variable(&room, name).await?.ok_or_else(unknown)?;
    let tag = tag(Offset(variable.version));
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| {
        known.to_str().unwrap_or_default().split(',').any(|known| {
            let known = known.trim();
            known == "*" || known.trim_start_matches("W/").as_bytes() == tag.as_bytes()
        })
    });
    let tag = (header::ETAG, tag);
    if known {
        return Ok((StatusCode::NOT_MODIFIED, [tag]).into_response());
    }
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(([json, tag], variable.value).into_response())
}

/// `PUT …/vars/{name}` with the value as JSON: 201 if it is new, else 200; `{"version"}`.
pub(super) async fn set(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    Path((_, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let asks = asks.within(&app, &room)?;
    let caller = asks.caller();
    // Before the body is read: strangers do not get to send much.
    variables::allowed(&app, &room, &caller, &name)?;
    limit(&app, &asks)?;
    let (key, expect) = (idempotency_key(request.headers())?, expect(request.headers())?);
    let value = body::value(request, MOST_BYTES).await?;
    let once = once(&asks, key, &json!(["set", name, value, format!("{expect:?}")]));
    let new = app.log.variable(&room, name.clone()).await?.is_none();
    let done = variables::set(&app, &room, &caller, (name, value), expect, once).await?;
    let Done::Kept(appended) = done else { return Err(nothing_kept()) };
    let status = if new && !appended.repeated { StatusCode::CREATED } else { StatusCode::OK };
    let body = axum::Json(json!({"version": appended.offset}));
    Ok((status, [(header::ETAG, tag(appended.offset))], body).into_response())
}

/// `DELETE …/vars/{name}`.
pub(super) async fn unset(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    Path((_, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let asks = asks.within(&app, &room)?;
    let caller = asks.caller();
    limit(&app, &asks)?;
    let (key, expect) = (idempotency_key(&headers)?, expect(&headers)?);
    let once = once(&asks, key, &json!(["unset", name, format!("{expect:?}")]));
    variables::unset(&app, &room, &caller, name, expect, once).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A strong validator: the version, quoted.
fn tag(version: Offset) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// The same rate as for commands: it is one.
fn limit(app: &App, asks: &Asks) -> Result<(), Problem> {
    if asks.actor.is_limited() && !app.rates.admit(&asks.actor.subject()) {
        return Err(command::too_fast());
    }
    Ok(())
}

fn once(asks: &Asks, key: Option<String>, asked: &Value) -> Option<Once> {
    Some(Key::idempotency(&asks.actor, &key?).once(command::digest(asked)))
}

fn nothing_kept() -> Problem {
    Problem::new(Code::Internal, "Something went wrong here. Try again.")
}

/// What `If-Match` and `If-None-Match` ask for.
fn expect(headers: &HeaderMap) -> Result<Expect, Problem> {
    let text =
        |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
    let bad = |detail| Err(Problem::new(Code::BadRequest, detail));
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(Expect::Anything),
        (Some("*"), None) => Ok(Expect::Some),
        (None, Some("*")) => Ok(Expect::Nothing),
        (Some(tag), None) => {
            let version = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            match version.and_then(|version| version.parse().ok()) {
                Some(version) => Ok(Expect::Version(Offset(version))),
                None => bad("`If-Match` is `*` or one version in quotes, as `ETag` had it."),
            }
        }
        (None, Some(_)) => bad("`If-None-Match` is `*` where something is changed."),
        (Some(_), Some(_)) => bad("Give `If-Match` or `If-None-Match`, not both."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_versions_or_anything() {
        let read = |name: HeaderName, value: &str| {
            expect(&HeaderMap::from_iter([(name, value.parse().unwrap())]))
        };
        assert_eq!(expect(&HeaderMap::new()), Ok(Expect::Anything));
        assert_eq!(read(header::IF_MATCH, "*"), Ok(Expect::Some));
        assert_eq!(read(header::IF_NONE_MATCH, " * "), Ok(Expect::Nothing));
        assert_eq!(read(header::IF_MATCH, "\"42\""), Ok(Expect::Version(Offset(42))));
        for bad in ["42", "\"x\"", "", "W/\"42\"", "\"1\", \"2\"", "\"-1\""] {
            assert_eq!(read(header::IF_MATCH, bad).unwrap_err().code, Code::BadRequest, "{bad}");
        }
        assert!(read(header::IF_NONE_MATCH, "\"42\"").is_err());
    }
}
