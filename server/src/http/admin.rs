//! Logging in and out, and who one is.

use super::body;
use super::extract::{Asks, Ours};
use crate::app::App;
use crate::auth::{Actor, set_cookie};
use crate::connection::Peer;
use crate::error::Problem;
use crate::policy::{Action, may};
use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::IpAddr;

/// Largest body here, in bytes.
const LIMIT: usize = 4 * 1024;

/// How long a name may be, in characters.
const NAME: usize = 60;

#[derive(Deserialize)]
struct Login {
    password: String,
    name: Option<String>,
}

/// `POST /api/login`: 204 and the cookie.
pub(super) async fn login(
    State(app): State<App>,
    _: Ours,
    ConnectInfo(from): ConnectInfo<Peer>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let secure = is_secure(&headers);
    let from = visitor(&app, from.address.ip(), &headers);
    let Login { password, name } = body::json(request, LIMIT).await?;
    let name = name.map(|name| check_name(&name)).transpose()?.flatten();
    let name = name.unwrap_or_else(|| "Host".to_owned());
    let secret = app.auth.login(password, name.clone(), from).await?;
    app.hub.displace(&name, &app.auth.reserved());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, set_cookie(&secret, secure))])
        .into_response())
}

/// `POST /api/logout`: 204, also for who was not logged in.
pub(super) async fn logout(
    State(app): State<App>,
    headers: HeaderMap,
    _: Ours,
    asks: Asks,
) -> Result<Response, Problem> {
    if let Actor::Admin { login, .. } = asks.actor {
        let done = app.auth.logout(login).await;
        // Whatever became of the row: memory does not know the login any more.
        app.hub.close_login(&login);
        done?;
    }
    let cookie = set_cookie("", is_secure(&headers));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// `GET /api/me`.
pub(super) async fn me(State(app): State<App>, asks: Asks) -> Json<Value> {
    Json(describe(&app, &asks.actor))
}

#[derive(Deserialize)]
struct Rename {
    name: String,
}

/// `PUT /api/me`: changes what an admin goes by.
pub(super) async fn rename(
    State(app): State<App>,
    asks: Asks,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let Actor::Admin { login, .. } = asks.actor else {
        return Err(Problem::new(Code::Unauthorized, "Log in to change your name."));
    };
    let Rename { name } = body::json(request, LIMIT).await?;
    let name = check_name(&name)?
        .ok_or_else(|| Problem::new(Code::BadRequest, "A name has at least one character."))?;
    app.auth.rename(login, name.clone()).await?;
    app.hub.displace(&name, &app.auth.reserved());
    Ok(Json(describe(&app, &Actor::Admin { name, login })))
}

/// A name without blanks around it and with single ones within, so that nobody goes by one that
/// looks the same; `None` for an empty one.
fn check_name(name: &str) -> Result<Option<String>, Problem> {
    if name.trim().chars().count() > NAME || name.chars().any(char::is_control) {
        let detail = format!("A name has at most {NAME} characters on one line.");
        return Err(Problem::new(Code::BadRequest, detail));
    }
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok((!name.is_empty()).then_some(name))
}

fn describe(app: &App, actor: &Actor) -> Value {
    let author = app.auth.author(actor);
    // What a token may do in other rooms is told when it tries.
    let main = RoomName::main();
    let rights = [
        (&["publish", "upload"][..], Action::Publish),
        (&["edit", "delete"], Action::Change { owner: &actor.subject() }),
        (&["buttons"], Action::Buttons),
        (&["settings"], Action::Settings),
    ];
    let may: Vec<&str> = rights
        .iter()
        .filter(|(_, action)| may(actor, *action, &main, app.open).is_ok())
        .flat_map(|(names, _)| names.iter().copied())
        .collect();
    json!({
        "role": author.role,
        "id": author.id,
        "name": author.name,
        "may": may,
        "open": app.is_open(),
        "features": app.offered(),
    })
}

/// The visitor's address: behind a proxy that is trusted, the one that it saw.
fn visitor(app: &App, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    let last =
        forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.filter(|_| app.trust_proxy).unwrap_or(peer)
}

/// Whether the browser came by TLS, which ends at a proxy before us. Believing it can only make
/// the cookie stricter.
pub(super) fn is_secure(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto") == Some(&HeaderValue::from_static("https"))
}
