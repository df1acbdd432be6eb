//! Rooms: what they are called and set to.

use super::body;
use super::extract::{Asks, InRoom, Named};
use super::invitation;
use crate::app::App;
use crate::db::DbError;
use crate::door;
use crate::error::Problem;
use crate::log::{Change, Draft, Room};
use crate::policy::Action;
use crate::settings::Patch;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use nowcast_shared::item::Author;
use nowcast_shared::room::Settings;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// How long a title may be, in characters.
const TITLE: usize = 120;

/// Largest body here, in bytes: the longest list of variables fits.
const LIMIT: usize = 16 * 1024;

/// `GET /api/rooms`: every room that the admin is one of.
pub(super) async fn list(State(app): State<App>, asks: Asks) -> Result<Json<Value>, Problem> {
    let rooms = app.log.rooms().await?;
    let viewers = app.hub.viewers();
    let mut told = Vec::with_capacity(rooms.len());
    let mut refused = None;
    for room in rooms {
        if let Err(problem) = asks.may(&app, Action::Settings, &room.name) {
            refused = Some(problem);
            continue;
        }
        told.push(json!({
            "room": room.name,
            "title": room.title,
            "settings": room.settings,
            "viewers": viewers.get(&room.id).copied().unwrap_or_default(),
            "head": room.head,
        }));
    }
    // There is always a room: whoever sees none may see none.
    match refused {
        Some(problem) if told.is_empty() => Err(problem),
        _ => Ok(Json(json!({"rooms": told}))),
    }
}

/// `GET …/rooms/{room}`.
pub(super) async fn show(InRoom(room): InRoom) -> Json<Value> {
    describe(room.name(), &room.title(), &room.settings())
}

fn describe(name: &RoomName, title: &str, settings: &Settings) -> Json<Value> {
    Json(json!({"room": name, "title": title, "settings": settings}))
}

#[derive(Deserialize)]
struct Setting {
    title: Option<String>,
    settings: Option<Value>,
}

/// `PUT …/rooms/{room}`: titles and sets a room, or makes it (201). What is left out stays.
pub(super) async fn set(
    State(app): State<App>,
    Named(name): Named,
    asks: Asks,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    asks.may(&app, Action::Settings, &name)?;
    let Setting { title, settings } = body::json(request, LIMIT).await?;
    let title = title.map(|title| check_title(&title)).transpose()?;
    let patch = settings.map(Patch::read).transpose()?;
    let first = patch.clone().unwrap_or_default().apply(Settings::default());
    let called = title.clone().unwrap_or_else(|| name.to_string());
    let (room, new) = app.log.create_as(&name, &called, &first).await?;
    if new && first.private {
        app.log.invite(&room, Some(invitation::secret())).await?;
    }
    if !new {
        let by = (app.auth.author(&asks.actor), asks.actor.subject());
        // Done to the end, also if whoever asked for it does not wait for the answer.
        let (app, room) = (app.clone(), Arc::clone(&room));
        let arranging = async move { arrange(&app, &room, by, title, patch).await };
        tokio::spawn(arranging).await.map_err(|_| DbError::Closed)??;
    }
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, describe(&name, &room.title(), &room.settings())))
}

/// Changes what is to be new about a room; nothing happens if that is nothing.
async fn arrange(
    app: &App,
    room: &Arc<Room>,
    (by, owner): (Author, String),
    title: Option<String>,
    patch: Option<Patch>,
) -> Result<(), Problem> {
    // One after the other, so that of two who set different things neither is undone.
    let _alone = app.log.arranging().lock().await;
    let title = title.filter(|title| *title != room.title());
    let before = room.settings();
    let settings = patch.map(|patch| patch.apply(before.clone()));
    let settings = settings.filter(|settings| *settings != before);
    let changes = [title.map(|title| Change::Retitle { title }), settings.map(Change::Settings)];
    for change in changes.into_iter().flatten() {
        let draft = Draft { by: by.clone(), owner: owner.clone(), change, once: None };
        app.log.append(room, draft).await?;
    }
    if room.settings().private && !before.private {
        if room.invitation().is_none() {
            app.log.invite(room, Some(invitation::secret())).await?;
        }
        door::clear(app, room);
    }
    Ok(())
}

fn check_title(title: &str) -> Result<String, Problem> {
    let title = title.trim();
    if !(1..=TITLE).contains(&title.chars().count()) || title.chars().any(char::is_control) {
        let detail = format!("A title has 1 to {TITLE} characters on one line.");
        return Err(Problem::new(Code::BadRequest, detail));
    }
    Ok(title.to_owned())
}
