//! What the desk keeps in the browser, and the browser's clock.

use super::draft::Draft;
use crate::dom;
use nowcast_shared::id::RoomName;

fn key(room: &RoomName) -> String {
    format!("nowcast-draft:{room}")
}

/// A browser may refuse to keep anything; then a draft lives as long as the page.
fn storage() -> Option<web_sys::Storage> {
    dom::window().session_storage().ok().flatten()
}

/// Keeps the draft as long as the tab lives.
pub fn keep(room: &RoomName, draft: &Draft) {
    let Some(storage) = storage() else { return };
    let _ = if *draft == Draft::default() {
        storage.remove_item(&key(room))
    } else {
        storage.set_item(&key(room), &draft.to_text())
    };
}

/// The draft that was kept.
pub fn draft(room: &RoomName) -> Option<Draft> {
    Draft::from_text(&storage()?.get_item(&key(room)).ok()??)
}

/// The time of day, to the second.
pub fn clock() -> String {
    let now = js_sys::Date::new_0();
    format!("{:02}:{:02}:{:02}", now.get_hours(), now.get_minutes(), now.get_seconds())
}
