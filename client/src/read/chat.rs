//! What a page reads about the chat, the shared variables, and what is sent to it alone.

use super::{Frame, Json, author, get, list, moment, offset, text, truth, whole};
use js_sys::Object;
use nowcast_shared::chat::{Chat, Said};
use nowcast_shared::event::Event;
use nowcast_shared::frame::{ServerFrame, Variable};
use nowcast_shared::id::{PublicId, SaidId};
use nowcast_shared::item::Body;
use nowcast_shared::signal::Signal;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

/// Any value as JSON again.
fn json(value: &JsValue) -> Json {
    // `undefined` has none.
    super::json(value).unwrap_or_else(|| Json("null".into()))
}

/// Reads words as a snapshot or a look back has them.
pub fn said(value: &JsValue) -> Option<Said> {
    let by = author(&get(value, "by"));
    Some(Said {
        id: SaidId(text(value, "id")?),
        offset: offset(value, "offset")?,
        at: moment(value, "at")?,
        name: text(value, "name").unwrap_or_default(),
        by,
        text: text(value, "text")?,
        edited_at: moment(value, "edited_at"),
    })
}

/// Reads the newest words.
pub fn chat(value: &JsValue) -> Chat {
    Chat { said: list(value, "said", said), more: truth(value, "more") }
}

/// Reads what happened in the chat or to a variable.
pub(super) fn event(kind: &str, value: &JsValue) -> Option<Event<Body, Json>> {
    let id = || text(value, "id").map(SaidId);
    Some(match kind {
        "said" => Event::Said {
            id: id()?,
            name: text(value, "name").unwrap_or_default(),
            text: text(value, "text")?,
        },
        "said_edited" => Event::SaidEdited { id: id()?, text: text(value, "text")? },
        "said_deleted" => Event::SaidDeleted { id: id()? },
        "variable_set" => Event::VariableSet {
            name: text(value, "name")?,
            value: json(&get(value, "value")),
            version: whole(value, "version")?,
        },
        "variable_unset" => Event::VariableUnset { name: text(value, "name")? },
        _ => return None,
    })
}

/// Reads who writes, and how others see this page.
pub(super) fn signal(kind: &str, value: &JsValue) -> Option<Signal> {
    Some(match kind {
        "typing" => Signal::Typing {
            by: PublicId(text(value, "by")?),
            name: text(value, "name").unwrap_or_default(),
        },
        "you" => Signal::You {
            you: PublicId(text(value, "you")?),
            name: text(value, "name"),
            user: text(value, "user"),
        },
        "held" => Signal::Held { count: whole(value, "count")? },
        "queued" => Signal::Queued { count: whole(value, "count")? },
        _ => return None,
    })
}

/// Reads all shared variables.
pub fn variables(value: &JsValue) -> BTreeMap<String, Variable<Json>> {
    let Some(object) = value.dyn_ref::<Object>() else {
        return BTreeMap::new();
    };
    let names = Object::keys(object);
    let read = |name: String| {
        let variable = get(value, &name);
        let version = whole(&variable, "version")?;
        Some((name, Variable { value: json(&get(&variable, "value")), version }))
    };
    names.iter().filter_map(|name| name.as_string()).filter_map(read).collect()
}

/// Reads what is for this user alone.
pub(super) fn push(value: &JsValue) -> Option<Frame> {
    Some(ServerFrame::Push { id: text(value, "id")?, data: json(&get(value, "data")) })
}
