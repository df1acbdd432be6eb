//! What is kept of a room's past.

use super::{Group, number, object};
use crate::features::openapi::operation::{Access, operation};
use nowcast_shared::error::Code;
use serde_json::{Value, json};

pub(super) fn group() -> Group {
    let keeping = "What any of the three limits lets go of goes: events, and the items and words of \
                   then. What is present stays: stage, variables, title, settings.";
    let operations = vec![
        operation("get", "/api/rooms/{room}/keeping", "getKeeping", "How much a room keeps")
            .says(keeping)
            .in_room()
            .asks(Access::Admin)
            .gives(200, "The limits, and what there is.", &schema(), &example())
            .example("curl -b cookies.txt $SERVER/api/rooms/main/keeping"),
        operation("put", "/api/rooms/{room}/keeping", "setKeeping", "Keep more or less")
            .says("What is left out stays as it is; null takes a limit away. What is to go goes in the background.")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .takes(
                "application/json",
                &json!({"type": "object", "properties": limits()}),
                &json!({"days": 90, "bytes": 1_000_000_000, "statistics": true}),
            )
            .gives(200, "From now on so much.", &schema(), &example())
            .refuses(&[Code::BadSettings])
            .example(
                "curl -b cookies.txt -X PUT --json '{\"days\":90}' \\\n  $SERVER/api/rooms/main/keeping",
            ),
    ];
    Group { name: "Keeping", description: "How much of its past a room keeps.", operations }
}

fn limits() -> Value {
    let limit = |most: u64, of: &str| {
        json!({"type": ["integer", "null"], "minimum": 1, "maximum": most,
            "description": format!("{of}; null: no limit.")})
    };
    json!({
        "days": limit(36_500, "How many days old something gets"),
        "events": limit(1 << 53, "How many of the newest events there are"),
        "bytes": limit(1 << 53, "How many bytes the events have"),
        "statistics": {"type": "boolean", "description": "Whether what happens may be counted."},
    })
}

fn schema() -> Value {
    let kept = object(&[
        ("events", number()),
        ("bytes", number()),
        ("oldest", json!({"type": ["integer", "null"], "description": "Unix milliseconds."})),
        ("head", number()),
    ]);
    let mut schema = json!({"type": "object", "properties": limits(),
        "required": ["days", "events", "bytes", "statistics", "kept"]});
    schema["properties"]["kept"] = kept;
    schema
}

fn example() -> Value {
    json!({"days": 90, "events": null, "bytes": null, "statistics": true,
        "kept": {"events": 1200, "bytes": 482_113, "oldest": 1_790_000_000_000_i64, "head": 45_210}})
}
