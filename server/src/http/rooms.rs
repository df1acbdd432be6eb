//! Rooms: what they are called.

use super::body;
use super::extract::{Asks, InRoom, Named};
use crate::app::App;
use crate::error::Problem;
use crate::log::{Change, Draft};
use crate::policy::Action;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use nowcast_shared::error::Code;
use serde::Deserialize;
use serde_json::{Value, json};

/// How long a title may be, in characters.
const TITLE: usize = 120;

/// `GET …/rooms/{room}`.
pub(super) async fn show(InRoom(room): InRoom) -> Json<Value> {
    Json(json!({"room": room.name(), "title": room.title()}))
}

#[derive(Deserialize)]
struct Setting {
    title: String,
}

/// `PUT …/rooms/{room}`: titles a room, or makes it (201).
pub(super) async fn set(
    State(app): State<App>,
    Named(name): Named,
    asks: Asks,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    asks.may(&app, Action::Settings, &name)?;
    let Setting { title } = body::json(request, 4 * 1024).await?;
    let title = title.trim().to_owned();
    if !(1..=TITLE).contains(&title.chars().count()) || title.chars().any(char::is_control) {
        let detail = format!("A title has 1 to {TITLE} characters on one line.");
        return Err(Problem::new(Code::BadRequest, detail));
    }
    let body = Json(json!({"room": name, "title": title}));
    let (room, new) = app.log.create(&name, &title).await?;
    if new {
        return Ok((StatusCode::CREATED, body));
    }
    if room.title() != title {
        let draft = Draft {
            by: app.auth.author(&asks.actor),
            owner: asks.actor.subject(),
            change: Change::Retitle { title },
            once: None,
        };
        app.log.append(&room, draft).await?;
    }
    Ok((StatusCode::OK, body))
}
