//! What a page keeps for its next load: where it was in the log, the newest items and the pieces of
//! the stage, in the browser's session storage. So a reload shows them at once and then resumes like any
//! connection that was cut.
//!
//! Storage is a convenience. It may be full, forbidden, or hold anything: then the page begins
//! like a first visit.

use crate::dom::{self, Listener, Timer};
use crate::page::part::effect;
use crate::store::Store;
use crate::stored::Shelf;
use crate::{read, write};
use leptos::prelude::*;
use nowcast_shared::chat::SNAPSHOT_SAID;
use nowcast_shared::frame::SNAPSHOT_ITEMS;
use nowcast_shared::id::{PublicId, RoomName};
use nowcast_shared::offset::Offset;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// Under what name a room is kept. The number is that of the format.
fn name(room: &RoomName) -> String {
    format!("nowcast.2.{room}")
}

/// Fills an empty store with what was kept, and says whether there was something.
pub fn restore(room: &RoomName, store: Store) -> bool {
    Shelf::Tab.get(&name(room)).is_some_and(|text| restore_text(&text, store))
}

/// As [`restore`], from a text that may be anything.
pub fn restore_text(text: &str, store: Store) -> bool {
    read::parse(text).is_some_and(|kept| restore_value(&kept, store))
}

/// As [`restore`], from a value that may be anything.
pub fn restore_value(kept: &JsValue, store: Store) -> bool {
    let Some(position) = read::position(kept, "position") else {
        return false;
    };
    let mut items = read::list(kept, "items", read::item);
    // Newest first and nothing from after the position; what is not is not from this page.
    let mut last = position.offset.next();
    items.retain(|item| {
        let fits = item.offset < last;
        last = last.min(item.offset);
        fits
    });
    store.title.set(read::text(kept, "title").unwrap_or_default());
    store.open.set(read::truth(kept, "open"));
    store.counts.set(read::truth(kept, "counts"));
    store.me.id.set(PublicId(read::text(kept, "you").unwrap_or_default()));
    store.settings.set(read::settings(&read::get(kept, "settings")));
    store.chat.replace(read::chat::chat(&read::get(kept, "chat")));
    store.chat.seen.set(read::whole(kept, "seen").map(Offset));
    store.variables.replace(read::chat::variables(&read::get(kept, "variables")));
    if let Some(pushed) = read::text(kept, "pushed") {
        store.notices.restore(pushed);
    }
    store.stage.restore(read::list(kept, "pieces", read::piece));
    store.feed.restore(position, items, read::truth(kept, "more"));
    true
}

/// What to keep of a store; `None` before the server has said where the page is.
pub fn text(store: Store) -> Option<String> {
    use crate::store::feed::Older;
    let position = store.feed.position()?;
    let (items, cut) = store.feed.entries.with_untracked(|entries| {
        let newest = entries.iter().take(SNAPSHOT_ITEMS);
        let items = newest.map(|entry| entry.item.with_untracked(write::item));
        (write::array(items), entries.len() > SNAPSHOT_ITEMS)
    });
    let pieces = store.stage.pieces.get_untracked();
    let pieces = write::array(pieces.iter().map(|on| on.piece.with_untracked(write::piece)));
    let more = cut || store.feed.older.get_untracked() != Older::End;
    let kept = write::Object::new()
        .text("position", &position.to_string())
        .text("title", &store.title.get_untracked())
        .flag("open", store.open.get_untracked())
        .flag("counts", store.counts.get_untracked())
        .flag("more", more)
        .json("pieces", &pieces)
        .json("items", &items)
        .text("you", &store.me.id.get_untracked().0)
        .json("settings", &store.settings.with_untracked(write::settings))
        .json("chat", &chat(store))
        .number_if("seen", store.chat.seen.get_untracked().map(|seen| seen.0))
        .json("variables", &store.variables.with(write::variables))
        .text_if("pushed", store.notices.last().as_deref());
    Some(kept.end())
}

/// The newest words.
fn chat(store: Store) -> String {
    use crate::store::feed::Older;
    store.chat.said.with_untracked(|all| {
        let cut = all.len().saturating_sub(SNAPSHOT_SAID);
        let more = cut > 0 || store.chat.older.get_untracked() != Older::End;
        let said = all[cut..].iter().map(write::said);
        write::Object::new().json("said", &write::array(said)).flag("more", more).end()
    })
}

fn save(room: &RoomName, store: Store) {
    if let Some(text) = text(store) {
        // Where it does not fit, an old position with its items is still true.
        Shelf::Tab.put(&name(room), &text);
    }
}

/// Changes are gathered this long before they are saved, in milliseconds: only a page that dies
/// without a word depends on it.
const SAVE_AFTER: f64 = 5_000.0;

/// Keeps the store from now on: some seconds after a change, and when the page is put away.
pub fn keep(room: RoomName, store: Store) {
    let room = Rc::new(room);
    let later = room.clone();
    let timer = Timer::new(move || save(&later, store));
    let hurry = {
        let timer = timer.clone();
        move || {
            if timer.is_set() {
                timer.stop();
                save(&room, store);
            }
        }
    };
    let hidden = hurry.clone();
    Listener::on(&dom::window(), "pagehide", move |_| hurry()).forever();
    Listener::on(&dom::document(), "visibilitychange", move |_| hidden()).forever();
    effect(move || {
        if store.feed.changes.get() > 0 && !timer.is_set() {
            timer.after(SAVE_AFTER);
        }
    });
}
