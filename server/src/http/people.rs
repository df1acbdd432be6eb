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
    let mut people: Vec<_> = app
        .hub
        .people(room.id())
        .into_iter()
        .filter(|(_, visitor)| visitor.name.is_some())
        .map(|(id, visitor)| match &visitor.user {
            Some(user) => json!({"id": id, "name": visitor.name, "user": user.id}),
            None => json!({"id": id, "name": visitor.name}),
        })
        .collect();
    people.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
    Ok(Json(json!({"people": people, "sanctions": app.log.sanctions(&room).await?})))
}
