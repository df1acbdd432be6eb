//! Pushes: something for one user alone.

use super::body::{self, Kind};
use super::extract::Asks;
use crate::app::App;
use crate::auth::users;
use crate::error::Problem;
use crate::policy::may_push;
use crate::pushes::{self, Push};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use nowcast_shared::error::Code;
use nowcast_shared::id::{BadId, RoomName};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Wanted {
    destination: String,
    data: Value,
    room: Option<String>,
    #[serde(default)]
    store: bool,
}

/// `POST /api/push`: 202 with how many sessions were reached.
pub(super) async fn push(
    State(app): State<App>,
    asks: Asks,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    // Before the body is read: strangers do not get to send much.
    may_push(&asks.actor, None, app.open)?;
    let Wanted { destination, data, room, store } = read(request, app.limits.max_form).await?;
    let room = room.map(|room| room.parse::<RoomName>()).transpose();
    let room = room.map_err(|error: BadId| Problem::new(Code::BadRoom, error.to_string()))?;
    may_push(&asks.actor, Some(room.as_ref()), app.open)?;
    let user =
        users::check_id(destination).map_err(|detail| Problem::new(Code::BadRequest, detail))?;
    let data = data.to_string();
    if data.len() > app.limits.max_item {
        return Err(Problem::too_large("The data", app.limits.max_item));
    }
    let room = match room {
        None => None,
        Some(name) => {
            let room = app.log.room(&name).await?.ok_or_else(|| {
                Problem::new(Code::UnknownRoom, format!("There is no room called {name}."))
            })?;
            Some(room.id())
        }
    };
    let delivered = pushes::push(&app, Push { user, room, data, store }).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"delivered": delivered}))))
}

/// JSON, or a form, whose data is text.
async fn read(request: Request, limit: usize) -> Result<Wanted, Problem> {
    match body::kind(request.headers()) {
        Kind::Json => body::json(request, limit).await,
        Kind::Form | Kind::Multipart => {
            let mut fields = body::form(request, limit).await?;
            let store = match text(&mut fields, "store").as_deref() {
                None | Some("" | "false" | "0") => false,
                Some("true" | "1" | "on") => true,
                Some(_) => {
                    let detail = "`store` is `true` or `false`.";
                    return Err(Problem::new(Code::BadRequest, detail));
                }
            };
            let lacks = |field: &str| {
                Problem::new(Code::BadRequest, format!("The form lacks a field `{field}`."))
            };
            Ok(Wanted {
                destination: text(&mut fields, "destination")
                    .ok_or_else(|| lacks("destination"))?,
                data: text(&mut fields, "data").ok_or_else(|| lacks("data"))?.into(),
                room: text(&mut fields, "room").filter(|room| !room.is_empty()),
                store,
            })
        }
        Kind::Other => Err(Problem::new(
            Code::UnsupportedType,
            "Send a form, or JSON with Content-Type: application/json.",
        )),
    }
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}
