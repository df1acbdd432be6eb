//! The description of the frames that the server gives out at `/api/asyncapi.json`, held against
//! every frame that a page of the tests gets, and every one that the server takes from it.

use jsonschema::Validator;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::schema::asyncapi;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The document, as a server of this version gives it out.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| asyncapi::document(env!("CARGO_PKG_VERSION")));

/// What holds a frame against its message, by the frame's tag; made once.
static FRAMES: LazyLock<HashMap<&'static str, Validator>> = LazyLock::new(|| {
    let tags = asyncapi::SERVER_FRAMES.into_iter().chain(asyncapi::PAGE_FRAMES);
    tags.map(|tag| (tag, validator(&format!("/components/messages/{tag}/payload")))).collect()
});

/// What holds JSON against the schema at this place of the document.
///
/// # Panics
/// When there is none.
pub fn validator(place: &str) -> Validator {
    assert!(DOCUMENT.pointer(place).is_some(), "there is nothing at {place}");
    let schema = json!({"$ref": format!("#{place}"), "components": DOCUMENT["components"]});
    jsonschema::draft7::new(&schema).expect("the document's schemas are schemas")
}

/// Makes sure that this is a frame as it is described.
///
/// # Panics
/// When it is not.
pub fn check(frame: &Value) {
    let tag = frame["t"].as_str().unwrap_or_default();
    let described =
        FRAMES.get(tag).unwrap_or_else(|| panic!("no message describes frames like {frame}"));
    if let Err(error) = described.validate(frame) {
        panic!("{frame} is not what is described: {error} at {}", error.instance_path());
    }
}

/// Makes sure that this is all that the server sent, so that what is described is all there is.
///
/// # Panics
/// When there is more to `frame` than to `read`.
pub fn check_whole(frame: &Value, read: &ServerFrame<Value>) {
    let written = serde_json::to_value(read).expect("a frame can be written");
    assert_eq!(*frame, written, "the server says more than is described, or otherwise");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn event() -> Value {
        let by = json!({"role": "admin", "id": "pAna"});
        let event = json!({"kind": "item_deleted", "item": "i1"});
        json!({"t": "event", "offset": 7, "at": 1, "by": by, "event": event})
    }

    #[test]
    fn a_frame_as_described_passes() {
        check(&event());
        check_whole(&event(), &ServerFrame::deserialize(event()).unwrap());
        check(&json!({"t": "command", "id": "k1", "command": {"kind": "delete", "item": "i1"}}));
    }

    #[test]
    #[should_panic(expected = "is not what is described")]
    fn a_field_of_another_type_does_not_pass() {
        let mut wrong = event();
        wrong["offset"] = json!("7");
        check(&wrong);
    }

    #[test]
    #[should_panic(expected = "is not what is described")]
    fn an_unknown_kind_of_event_does_not_pass() {
        let mut wrong = event();
        wrong["event"]["kind"] = json!("item_eaten");
        check(&wrong);
    }

    #[test]
    #[should_panic(expected = "no message describes")]
    fn an_unknown_frame_does_not_pass() {
        check(&json!({"t": "dance"}));
    }

    #[test]
    #[should_panic(expected = "says more than is described")]
    fn a_field_that_nobody_described_does_not_pass() {
        let mut wrong = event();
        wrong["secret"] = json!(true);
        check_whole(&wrong, &ServerFrame::deserialize(&wrong).unwrap());
    }
}
