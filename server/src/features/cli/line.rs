//! What a line says: when, what kind, who, what; separated by tabs.

use super::plain;
use crate::clock;
use nowcast_sdk::Event;
use nowcast_shared::event::Event as Happened;
use nowcast_shared::item::{Item, Role};
use nowcast_shared::signal::Signal;
use serde_json::Value;

/// An event as a line.
pub(super) fn of_event(event: &Event) -> String {
    let who = match &event.event {
        Happened::Said { name, .. } => name.as_str(),
        _ => event.by.name.as_deref().unwrap_or(role(event.by.role)),
    };
    let (kind, what) = happened(&event.event);
    line(event.at, kind, who, &what)
}

/// A signal as a line.
pub(super) fn of_signal(at: i64, signal: &Signal) -> String {
    let (kind, who, what) = match signal {
        Signal::Presence(presence) => ("presence", "", format!("{} here", presence.count)),
        Signal::PieceHeld { piece, by: None, .. } => ("piece_held", "", format!("{piece} is free")),
        Signal::PieceHeld { piece, name, by: Some(by) } => {
            ("piece_held", name.as_deref().unwrap_or(&by.0), piece.to_string())
        }
        Signal::PieceMoving { piece, x, y, by } => {
            ("piece_moving", by.0.as_str(), format!("{piece} {x} {y}"))
        }
        Signal::Typing { name, .. } => ("typing", name.as_str(), String::new()),
        Signal::You { you, name, user } => {
            let user = user.as_deref().unwrap_or_default();
            ("you", name.as_deref().unwrap_or(&you.0), user.to_owned())
        }
        Signal::Held { count } => ("held", "", format!("{count} wait for approval")),
        Signal::Queued { count } => ("queued", "", format!("{count} items wait for approval")),
    };
    line(at, kind, who, &what)
}

/// A push as a line.
pub(super) fn of_push(at: i64, data: &Value) -> String {
    let what = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
    line(at, "push", "", &what)
}

/// An event of a kind that a later server has, as its frame.
pub(super) fn of_unknown(frame: &Value) -> String {
    plain(&frame.to_string())
}

fn line(at: i64, kind: &str, who: &str, what: &str) -> String {
    [&clock::written(at), kind, who, what].map(plain).join("\t")
}

/// What happened: of an item that is new its own kind, else the event's.
fn happened(event: &Happened<Value>) -> (&str, String) {
    match event {
        Happened::ItemPublished { item } => (item.kind.as_str(), summary(item)),
        Happened::ItemEdited { item } => ("item_edited", format!("{} {}", item.id, summary(item))),
        Happened::ItemDeleted { item } => ("item_deleted", item.to_string()),
        Happened::RoomTitled { title } => ("room_titled", title.clone()),
        Happened::RoomSet { settings } => {
            ("room_set", serde_json::to_string(settings).unwrap_or_default())
        }
        Happened::Said { text, .. } => ("said", text.clone()),
        Happened::SaidEdited { id, text } => ("said_edited", format!("{id} {text}")),
        Happened::SaidDeleted { id } => ("said_deleted", id.to_string()),
        Happened::PiecePut { piece } => {
            ("piece_put", format!("{} {} {} {}", piece.id, piece.kind, piece.x, piece.y))
        }
        Happened::PieceMoved { piece, x, y } => ("piece_moved", format!("{piece} {x} {y}")),
        Happened::PieceRemoved { piece } => ("piece_removed", piece.to_string()),
        Happened::VariableSet { name, value, .. } => ("variable_set", format!("{name} {value}")),
        Happened::VariableUnset { name } => ("variable_unset", name.clone()),
    }
}

/// The words of an item that people would read out.
fn summary(item: &Item<Value>) -> String {
    let fields: &[&str] = match item.kind.as_str() {
        "message" => &["text"],
        "link" => &["title", "url"],
        "image" => &["alt", "url"],
        "post" => &["user", "text", "picture", "url"],
        _ => &[],
    };
    let words = fields.iter().filter_map(|field| item.data[field].as_str());
    let words: Vec<_> = words.filter(|text| !text.is_empty()).collect();
    if words.is_empty() { item.data.to_string() } else { words.join(" ") }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Publisher => "publisher",
        Role::User => "user",
        Role::Viewer => "viewer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nowcast_shared::item::Author;
    use nowcast_shared::offset::Offset;
    use serde_json::json;

    fn published(kind: &str, data: Value) -> String {
        let by = Author { role: Role::Publisher, id: "pTicker".into(), name: None };
        let item = Item {
            id: "i1".into(),
            offset: Offset(1),
            at: 0,
            kind: kind.to_owned(),
            data,
            html: None,
            by: by.clone(),
            edited_at: None,
        };
        let event = Happened::ItemPublished { item };
        of_event(&Event { offset: Offset(1), at: 1_795_282_404_999, by, event })
    }

    #[test]
    fn a_line_says_when_what_kind_who_and_what() {
        let line = published("message", json!({"text": "Doors **open**"}));
        assert_eq!(line, "2026-11-21T17:33:24Z\tmessage\tpublisher\tDoors **open**");
        let line = published("link", json!({"url": "https://example.org", "title": "There"}));
        assert!(line.ends_with("\tlink\tpublisher\tThere https://example.org"), "{line}");
        let line = published("custom", json!({"goals": [1, 2]}));
        assert!(line.ends_with("\tcustom\tpublisher\t{\"goals\":[1,2]}"), "{line}");
    }

    #[test]
    fn what_strangers_write_does_not_steer_a_terminal() {
        let text = "a\nb\tc\u{1b}[2Jd\u{202e}e\u{85}f\u{2028}\u{61c}g";
        let line = published("message", json!({"text": text}));
        assert!(line.ends_with("\ta b c [2Jde f g"), "{line:?}");
        // JSON has no escapes for those beyond ASCII.
        let text = "\u{9b}2J\u{7f}\u{202e}\u{61c}x";
        let frame = of_unknown(&json!({"t": "event", "event": {"kind": "new", "text": text}}));
        let steers = |character: char| character.is_control() || !character.is_ascii();
        assert!(!frame.contains(steers) && frame.contains(" 2J x"), "{frame:?}");
    }
}
