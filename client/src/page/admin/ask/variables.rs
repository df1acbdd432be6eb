//! Shared variables. (They are set and deleted by commands.)

use super::at;
use crate::api::{self, Problem};
use crate::page::admin::variables::known::Known;
use crate::read::{self, Json};
use js_sys::{Array, Object};
use nowcast_shared::frame::Variable;
use nowcast_shared::id::RoomName;
use std::collections::BTreeMap;
use wasm_bindgen::{JsCast, JsValue};

/// The variables of a room as they are now.
pub async fn variables(room: &RoomName) -> Result<BTreeMap<String, Variable<Json>>, Problem> {
    let answer = api::get(&at(room, "/vars")).await?;
    Ok(read_variables(&read::get(&answer, "variables")))
}

/// Reads variables by their names; what cannot be read is left out.
pub fn read_variables(value: &JsValue) -> BTreeMap<String, Variable<Json>> {
    let Some(object) = value.dyn_ref::<Object>() else { return BTreeMap::new() };
    let entries = Object::entries(object);
    let pairs = entries.iter().filter_map(|pair| {
        let pair: Array = pair.dyn_into().ok()?;
        Some((pair.get(0).as_string()?, read_variable(&pair.get(1))?))
    });
    pairs.collect()
}

fn read_variable(value: &JsValue) -> Option<Variable<Json>> {
    Some(Variable {
        value: Json(js_sys::JSON::stringify(&read::get(value, "value")).ok()?.into()),
        version: read::whole(value, "version")?,
    })
}

/// Takes in what a frame says about variables; whether it says something.
pub fn hear(known: &mut Known, frame: &JsValue) -> bool {
    let event = read::get(frame, "event");
    match (read::text(frame, "t").as_deref(), read::text(&event, "kind").as_deref()) {
        (Some("welcome"), _) => {
            let snapshot = read::get(frame, "snapshot");
            let offset = read::whole(frame, "offset").filter(|_| snapshot.is_object());
            offset.is_some_and(|offset| {
                known.begin(offset, read_variables(&read::get(&snapshot, "variables")));
                true
            })
        }
        (Some("event"), Some("variable_set")) => {
            let variable = read::text(&event, "name").zip(read_variable(&event));
            variable.is_some_and(|(name, variable)| known.set(name, variable))
        }
        (Some("event"), Some("variable_unset")) => {
            let gone = read::text(&event, "name").zip(read::whole(frame, "offset"));
            gone.is_some_and(|(name, at)| known.unset(&name, at))
        }
        _ => false,
    }
}
