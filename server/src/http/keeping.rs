//! How much of its past a room keeps.

use super::body;
use super::extract::{Asks, InRoom};
use crate::app::App;
use crate::error::Problem;
use crate::log::{Keeping, Room};
use crate::policy::Action;
use axum::Json;
use axum::extract::{Request, State};
use nowcast_shared::error::Code;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Largest body here, in bytes.
const LIMIT: usize = 4 * 1024;

/// The most days that can be asked for: some hundred years.
const MOST_DAYS: u64 = 36_500;

/// The most events and bytes: what every program can count to.
const MOST: u64 = 1 << 53;

/// `GET …/keeping`: how much the room keeps, and what it has.
pub(super) async fn show(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
) -> Result<Json<Value>, Problem> {
    asks.may(&app, Action::Settings, room.name())?;
    describe(&app, &room).await
}

/// `PUT …/keeping`: from now on so much. What is left out stays; null takes a limit away.
pub(super) async fn set(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    request: Request,
) -> Result<Json<Value>, Problem> {
    asks.may(&app, Action::Settings, room.name())?;
    let fields: Map<String, Value> = body::json(request, LIMIT).await?;
    {
        // One after the other, so that of two who set different things neither is undone.
        let _alone = app.log.arranging().lock().await;
        let keeping = changed(room.keeping(), &fields)?;
        app.log.keep(&room, keeping).await?;
    }
    describe(&app, &room).await
}

async fn describe(app: &App, room: &Arc<Room>) -> Result<Json<Value>, Problem> {
    let kept = app.log.kept(room).await?;
    let mut told = json!(room.keeping());
    told["kept"] = json!(kept);
    Ok(Json(told))
}

/// What can be set; and what an answer says beside it, so that one can be changed and sent back.
const FIELDS: [&str; 5] = ["days", "events", "bytes", "statistics", "kept"];

fn changed(mut keeping: Keeping, fields: &Map<String, Value>) -> Result<Keeping, Problem> {
    // A limit that is misspelt would be none.
    if let Some(other) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        let other: String = other.chars().take(40).collect();
        return Err(bad(format!(
            "There is no `{other}` here: it is `days`, `events`, `bytes` or `statistics`."
        )));
    }
    let before = keeping.days.map(u64::from);
    keeping.days = limit(fields, "days", MOST_DAYS, before)?.and_then(|days| days.try_into().ok());
    keeping.events = limit(fields, "events", MOST, keeping.events)?;
    keeping.bytes = limit(fields, "bytes", MOST, keeping.bytes)?;
    match fields.get("statistics") {
        None => {}
        Some(Value::Bool(statistics)) => keeping.statistics = *statistics,
        Some(_) => return Err(bad("`statistics` is true or false.".to_owned())),
    }
    Ok(keeping)
}

/// A limit, if there is one: as it was before, where nothing is said of it.
fn limit(
    fields: &Map<String, Value>,
    field: &str,
    most: u64,
    before: Option<u64>,
) -> Result<Option<u64>, Problem> {
    let value = match fields.get(field) {
        None => return Ok(before),
        Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    let number = value.as_u64().filter(|number| (1..=most).contains(number));
    number.map(Some).ok_or_else(|| {
        bad(format!("`{field}` is a whole number from 1 to {most}, or null for no limit."))
    })
}

fn bad(detail: String) -> Problem {
    Problem::new(Code::BadSettings, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(keeping: Keeping, fields: &Value) -> Result<Keeping, Code> {
        changed(keeping, fields.as_object().unwrap()).map_err(|problem| problem.code)
    }

    #[test]
    fn what_is_left_out_stays_and_null_takes_a_limit_away() {
        let fields =
            json!({"days": 30, "events": 1000, "statistics": false, "kept": {"events": 1}});
        let keeping = put(Keeping::default(), &fields).unwrap();
        assert_eq!((keeping.days, keeping.events, keeping.bytes), (Some(30), Some(1000), None));
        assert!(!keeping.statistics);
        let keeping = put(keeping, &json!({"days": null, "bytes": 5})).unwrap();
        assert_eq!((keeping.days, keeping.events, keeping.bytes), (None, Some(1000), Some(5)));
        assert!(!keeping.statistics);
    }

    #[test]
    fn a_limit_that_is_none_is_refused() {
        for fields in [
            json!({"days": 0}),
            json!({"days": 36_501}),
            json!({"days": -1}),
            json!({"events": 1.5}),
            json!({"events": "10"}),
            json!({"bytes": u64::MAX}),
            json!({"bytes": [1]}),
            json!({"statistics": null}),
            json!({"day": 90}),
        ] {
            assert_eq!(put(Keeping::default(), &fields), Err(Code::BadSettings), "{fields}");
        }
    }
}
