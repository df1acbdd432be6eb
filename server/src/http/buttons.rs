//! Display buttons over HTTP.

use super::body;
use super::extract::{Asks, InRoom};
use crate::app::App;
use crate::buttons::{self, Face};
use crate::error::Problem;
use crate::policy::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use nowcast_shared::error::Code;
use nowcast_shared::id::ButtonId;
use serde::Deserialize;
use serde_json::{Value, json};

fn unknown() -> Problem {
    Problem::new(Code::UnknownButton, "There is no such button here, or it was deleted.")
}

/// `GET …/buttons`: whoever may publish may click them.
pub(super) async fn list(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
) -> Result<Json<Value>, Problem> {
    asks.may(&app, Action::Publish, room.name())?;
    Ok(Json(json!({"buttons": buttons::all(&app.db, room.id()).await?})))
}

/// `POST …/buttons`.
pub(super) async fn make(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    request: Request,
) -> Result<(StatusCode, Json<buttons::Button>), Problem> {
    asks.may(&app, Action::Buttons, room.name())?;
    let face: Face = body::json(request, app.limits.max_form).await?;
    let face = face.check(app.limits.max_item).await?;
    match buttons::make(&app.db, room.id(), face).await? {
        Some(button) => Ok((StatusCode::CREATED, Json(button))),
        None => Err(Problem::new(Code::Conflict, "This room has as many buttons as it may.")),
    }
}

/// `PUT …/buttons/{button}`.
pub(super) async fn change(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    Path((_, button)): Path<(String, String)>,
    request: Request,
) -> Result<Json<buttons::Button>, Problem> {
    asks.may(&app, Action::Buttons, room.name())?;
    let face: Face = body::json(request, app.limits.max_form).await?;
    let face = face.check(app.limits.max_item).await?;
    let button = buttons::change(&app.db, room.id(), ButtonId(button), face).await?;
    button.map(Json).ok_or_else(unknown)
}

/// `DELETE …/buttons/{button}`.
pub(super) async fn remove(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    Path((_, button)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    asks.may(&app, Action::Buttons, room.name())?;
    let gone = buttons::remove(&app.db, room.id(), ButtonId(button)).await?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}

#[derive(Deserialize)]
struct Order {
    order: Vec<ButtonId>,
}

/// `PUT …/buttons` with `{"order":[…]}`.
pub(super) async fn order(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    request: Request,
) -> Result<Json<Value>, Problem> {
    asks.may(&app, Action::Buttons, room.name())?;
    let Order { order } = body::json(request, 16 * 1024).await?;
    Ok(Json(json!({"buttons": buttons::order(&app.db, room.id(), order).await?})))
}
