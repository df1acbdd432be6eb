//! What the schemas and the description of the frames promise to programs.

mod described;

use described::{document, error};
use nowcast_shared::error::{Code, Reason};
use nowcast_shared::{command, schema};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn schema_of(name: &str) -> &'static Value {
    &document()["components"]["schemas"][name]
}

/// The constants of an enum of names, or of the tags of an enum's variants.
fn names(of: &str) -> Vec<String> {
    let variants = schema_of(of)["oneOf"].as_array().expect("one of several");
    let name = |variant: &Value| {
        let variant = match variant["$ref"].as_str() {
            Some(place) => schema_of(place.rsplit('/').next().unwrap_or_default()),
            None => variant,
        };
        let fields = &variant["properties"];
        let tag = [&variant["const"], &fields["t"]["const"], &fields["kind"]["const"]];
        tag.iter().find_map(|tag| tag.as_str()).expect("a constant").to_owned()
    };
    variants.iter().map(name).collect()
}

#[test]
fn every_code_reason_and_kind_is_described() {
    assert_eq!(names("Code"), Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>());
    let reasons: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(names("Reason"), reasons);
    assert_eq!(names("Command"), command::KINDS);
    assert_eq!(names("ServerFrame"), schema::asyncapi::SERVER_FRAMES);
    assert_eq!(names("PageFrame"), schema::asyncapi::PAGE_FRAMES);
    insta::assert_snapshot!(names("Event").join(" "), @"item_published item_edited item_deleted room_titled room_set said said_edited said_deleted piece_put piece_moved piece_removed variable_set variable_unset");
    insta::assert_snapshot!(names("Signal").join(" "), @"presence piece_held piece_moving typing you held queued");
    let text = document()["info"]["description"].as_str().unwrap();
    for reason in Reason::ALL {
        assert!(text.contains(&format!("| {} | `{reason}` |", reason.close_code())), "{reason}");
    }
    for code in Code::ALL {
        assert!(text.contains(&format!("| `{code}` | {} |", code.status())), "{code}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_nothing_is_left_over() {
    fn references(of: &Value, found: &mut BTreeSet<String>) {
        match of {
            Value::Object(fields) => {
                if let Some(Value::String(place)) = fields.get("$ref") {
                    found.insert(place.clone());
                }
                fields.values().for_each(|inner| references(inner, found));
            }
            Value::Array(list) => list.iter().for_each(|inner| references(inner, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    references(document(), &mut found);
    for place in &found {
        let pointer = place.strip_prefix('#').expect("a place in this document");
        assert!(document().pointer(pointer).is_some(), "{place} is nowhere");
    }
    for name in document()["components"]["messages"].as_object().unwrap().keys() {
        assert!(found.contains(&format!("#/components/messages/{name}")), "{name} is never sent");
    }
}

#[test]
fn every_frame_of_a_way_is_one_that_its_operation_carries() {
    for (name, operation) in document()["operations"].as_object().unwrap() {
        let messages = operation["messages"].as_array().unwrap();
        assert!(!messages.is_empty(), "{name}");
        for message in messages {
            let place = message["$ref"].as_str().unwrap();
            let channel = operation["channel"]["$ref"].as_str().unwrap();
            assert!(place.starts_with(&format!("{channel}/messages/")), "{name}: {place}");
        }
    }
}

#[test]
fn what_is_no_frame_is_no_frame_to_the_schemas_either() {
    let by = json!({"role": "admin", "id": "pAna"});
    let event = json!({"kind": "item_deleted", "item": "i1"});
    let good = json!({"t": "event", "offset": 1, "at": 1, "by": by, "event": event});
    assert_eq!(error("ServerFrame", &good), None);
    let changed = |field: &str, value: Value| {
        let mut frame = good.clone();
        frame[field] = value;
        frame
    };
    for bad in [
        json!({}),
        json!({"t": "dance"}),
        json!({"t": "event"}),
        changed("offset", json!("1")),
        changed("offset", json!(-1)),
        changed("at", json!(1.5)),
        changed("by", json!({"role": "king", "id": "pAna"})),
        changed("event", json!({"kind": "item_eaten", "item": "i1"})),
        changed("event", json!({"kind": "item_deleted"})),
        json!({"t": "ack", "command": null}),
        json!({"t": "reject", "code": "forbidden", "message": "No."}),
        json!({"t": "reject", "command": "k1", "code": "because", "message": "No."}),
        json!({"t": "goodbye", "reason": "bored", "reconnect": true}),
    ] {
        assert!(error("ServerFrame", &bad).is_some(), "{bad} is taken for a frame");
    }
    for bad in [
        json!({"t": "welcome"}),
        json!({"t": "command"}),
        json!({"t": "command", "command": {"kind": "explode"}}),
        json!({"t": "command", "command": {"kind": "publish", "item": {"kind": "message"}}}),
        json!({"t": "command", "command": {"kind": "move", "piece": "no piece", "x": 0, "y": 0}}),
        json!({"t": "command", "command": {"kind": "set", "name": "a", "value": 1, "version": -1}}),
    ] {
        assert!(error("PageFrame", &bad).is_some(), "{bad} is taken for a frame");
    }
    let poll = json!({"frames": [good], "next": "e1:1"});
    assert_eq!(error("PollAnswer", &poll), None);
    assert!(error("PollAnswer", &json!({"frames": [], "next": "1"})).is_some());
}

#[test]
fn what_a_later_version_adds_is_let_through() {
    let pong = json!({"t": "pong", "from_the_future": {"deep": [1, null]}});
    assert_eq!(error("ServerFrame", &pong), None);
}
