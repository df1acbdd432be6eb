//! Private rooms by invitation: the link, and what opening it does.

use super::admin::is_secure;
use super::extract::{Asks, InRoom, query};
use crate::app::App;
use crate::assets;
use crate::db::DbError;
use crate::door::{self, Pass};
use crate::error::Problem;
use crate::log::Room;
use crate::policy::Action;
use crate::random;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use nowcast_shared::id::RoomName;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many random characters an invitation has, of five bits each.
const LENGTH: usize = 32;

/// A new secret.
pub(super) fn secret() -> String {
    random::name("", LENGTH)
}

/// `GET …/invitation`: the link that lets people in; null where there is none.
pub(super) async fn show(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
) -> Result<Json<Value>, Problem> {
    asks.may(&app, Action::Settings, room.name())?;
    Ok(describe(&room))
}

/// `POST …/invitation`: a new link. The old one lets nobody in any more, and who came by it leaves.
pub(super) async fn renew(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
) -> Result<Json<Value>, Problem> {
    asks.may(&app, Action::Settings, room.name())?;
    invite(&app, &room, Some(secret())).await?;
    Ok(describe(&room))
}

/// `DELETE …/invitation`: nobody is invited any more.
pub(super) async fn withdraw(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
) -> Result<StatusCode, Problem> {
    asks.may(&app, Action::Settings, room.name())?;
    invite(&app, &room, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the invitation, to the end also if whoever asked for it does not wait for the answer.
async fn invite(app: &App, room: &Arc<Room>, secret: Option<String>) -> Result<(), Problem> {
    let (app, room) = (app.clone(), Arc::clone(room));
    let inviting = async move {
        let _alone = app.log.arranging().lock().await;
        app.log.invite(&room, secret).await?;
        door::clear(&app, &room);
        Ok::<_, DbError>(())
    };
    Ok(tokio::spawn(inviting).await.map_err(|_| DbError::Closed)??)
}

fn describe(room: &Room) -> Json<Value> {
    let secret = room.invitation();
    let url = secret.as_ref().map(|secret| format!("/r/{}?invitation={secret}", room.name()));
    Json(json!({"invitation": secret, "url": url}))
}

/// `GET /r/{room}`: the page. With an invitation, which the browser remembers if it is good, it is
/// asked for once more without: nobody copies the secret out of the address, or leaves it there.
pub(super) async fn page(
    State(app): State<App>,
    Path(name): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(shown) = query(&uri, "invitation")? else {
        return Ok(assets::page(State(app), method, uri, headers).await);
    };
    let Ok(name) = name.parse::<RoomName>() else {
        return Ok(assets::page(State(app), method, uri, headers).await);
    };
    let location = HeaderValue::try_from(without_invitation(&name, &uri));
    let location = location.unwrap_or(HeaderValue::from_static("/"));
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Whether there is such a room is nobody's business who has no invitation to it.
    if let Some(room) = app.log.room(&name).await?
        && Pass::invited(&shown).is_invited(&room)
        && let Ok(cookie) =
            HeaderValue::try_from(door::set_cookie(&name, &shown, is_secure(&headers)))
    {
        out.insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The same address with the rest of its query.
fn without_invitation(room: &RoomName, uri: &Uri) -> String {
    let pairs = uri.query().unwrap_or_default().split('&');
    let kept = pairs.filter(|pair| pair.split('=').next() != Some("invitation"));
    let kept = kept.filter(|pair| !pair.is_empty()).collect::<Vec<_>>().join("&");
    if kept.is_empty() { format!("/r/{room}") } else { format!("/r/{room}?{kept}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_query_stays() {
        let room = "side".parse().unwrap();
        for (from, to) in [
            ("/r/side?invitation=k", "/r/side"),
            ("/r/side?name=Ana&invitation=k&theme=dark", "/r/side?name=Ana&theme=dark"),
            ("/r/side?invitation=a&invitation=b&&x", "/r/side?x"),
        ] {
            assert_eq!(without_invitation(&room, &from.parse().unwrap()), to);
        }
    }
}
