//! What a page reads about who is here.

use super::{get, list, text, whole};
use nowcast_shared::id::PublicId;
use nowcast_shared::signal::{Person, Presence, PresenceState, Transports};
use wasm_bindgen::prelude::*;

fn person(value: &JsValue) -> Option<Person> {
    Some(Person { id: PublicId(text(value, "id")?), name: text(value, "name")? })
}

/// Reads who is here, in a snapshot.
pub(super) fn state(value: &JsValue) -> PresenceState {
    PresenceState {
        version: whole(value, "version").unwrap_or_default(),
        count: whole(value, "count").unwrap_or_default(),
        people: list(value, "people", person),
        transports: transports(value),
    }
}

/// Reads who came and went.
pub(super) fn presence(value: &JsValue) -> Option<Presence> {
    Some(Presence {
        version: whole(value, "version")?,
        count: whole(value, "count")?,
        joined: list(value, "joined", person),
        left: list(value, "left", |id| id.as_string().map(PublicId)),
        since: whole(value, "since"),
        people: get(value, "people").is_array().then(|| list(value, "people", person)),
        transports: transports(value),
    })
}

fn transports(value: &JsValue) -> Transports {
    let ways = get(value, "transports");
    let count = |name| whole(&ways, name).unwrap_or_default();
    Transports {
        websocket: count("websocket"),
        sse: count("sse"),
        poll: count("poll"),
        bridge: count("bridge"),
    }
}
