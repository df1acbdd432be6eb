//! Who is in a room, and who was muted or blocked there.

use super::extract::{Asks, InRoom};
use crate::app::App;
use crate::error::Problem;
use crate::policy::Action;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

/// `GET …/people`: `{"people":[…],"sanctions":[…]}`.
pub(super) async fn list(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
) -> Result<Json<Value>, Problem> {
    asks.may(&app, Action::Moderate, room.name())?;
    let people = app.hub.presence(room.id()).people;
    Ok(Json(json!({"people": people, "sanctions": app.log.sanctions(&room).await?})))
}
