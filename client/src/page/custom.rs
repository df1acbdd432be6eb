//! Items that are any JSON: as a table, unless a script beside the page shows them.

use super::embed;
use super::part::{built, make};
use super::table;
use crate::read::{get, parse};
use crate::write;
use leptos::prelude::*;
use nowcast_shared::item::{Body, Item};
use wasm_bindgen::JsValue;

/// A custom item, offered to scripts first.
pub fn offered(item: &Item<Body>) -> AnyView {
    let json = write::item(item);
    built("", move |place| {
        let item = parse(&json).unwrap_or(JsValue::NULL);
        // A new one each time, so that what a script left on the last is not in the way.
        let element = make("div", "custom");
        match embed::offer(&item, &element) {
            Some(taken) => drop(StoredValue::new_local(taken)),
            None => table::fill(&element, &get(&item, "data")),
        }
        // It fails for no element that was just made.
        let _ = place.append_child(&element);
    })
}

/// The data of a custom item as a table, for previews.
pub fn shown(json: &str) -> AnyView {
    let json = json.to_owned();
    built("custom", move |place| {
        table::fill(place, &parse(&json).unwrap_or(JsValue::NULL));
    })
}
