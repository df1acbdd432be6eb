//! Many items in one request, for programs that have many: kept in their order, in few commits.

use super::body;
use super::extract::{Asks, InRoom};
use crate::app::App;
use crate::command::{self, Key, Keyed, MAX_KEY};
use crate::error::Problem;
use crate::policy::Action;
use axum::Json;
use axum::extract::{Request, State};
use nowcast_shared::error::Code;
use nowcast_shared::item::NewItem;
use serde_json::{Value, json};

/// Largest body, in bytes.
const LIMIT: usize = 2 * 1024 * 1024;

/// How many items there may be in one request.
const MOST: usize = 256;

/// `POST …/items/batch`: `{"items":[{"kind","data","key"?}]}`; what came of each, in the same order:
/// `{"id","offset","at","repeated"}`, or `{"code","detail"}` as a request of its own would be refused.
pub(super) async fn publish(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let asks = asks.within(&app, &room)?;
    // Before the body is read: strangers do not get to send much.
    asks.may(&app, Action::Publish, room.name())?;
    let body = body::value(request, LIMIT).await?;
    let Some(items) = body.get("items").and_then(Value::as_array) else {
        return Err(Problem::new(Code::BadRequest, "Send {\"items\":[{\"kind\":…,\"data\":…}]}."));
    };
    if items.len() > MOST {
        let detail = format!("At most {MOST} items fit into a request.");
        return Err(Problem::new(Code::BadRequest, detail));
    }
    let items = items.iter().map(|item| read(&asks, item)).collect();
    let done = command::publish_all(&app, &room, &asks.caller(), items).await?;
    let told = done.into_iter().map(|done| match done {
        Ok(kept) => json!({"id": kept.id, "offset": kept.offset, "at": kept.at,
            "repeated": kept.repeated}),
        Err(problem) => json!({"code": problem.code, "detail": problem.detail}),
    });
    Ok(Json(json!({"items": told.collect::<Vec<_>>()})))
}

/// One of them, with its idempotency key if it has one.
fn read(asks: &Asks, item: &Value) -> Result<Keyed, Problem> {
    let key = match item.get("key") {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) if is_key(key) => Some(Key::idempotency(&asks.actor, key)),
        Some(_) => {
            let detail = format!("A `key` is text of 1 to {MAX_KEY} printable characters.");
            return Err(Problem::new(Code::BadKey, detail));
        }
    };
    match (item.get("kind"), item.get("data")) {
        (Some(Value::String(kind)), Some(data)) => {
            Ok((NewItem { kind: kind.clone(), data: data.clone() }, key))
        }
        _ => Err(Problem::new(Code::BadRequest, "An item has a `kind` and `data`.")),
    }
}

/// Whether it could stand in a header as well.
fn is_key(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.len())
        && key.trim().len() == key.len()
        && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
