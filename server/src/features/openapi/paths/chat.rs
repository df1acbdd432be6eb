//! The chat over plain HTTP.

use super::items::published;
use super::{Group, list, number, object, of, text};
use crate::features::openapi::operation::{Access, Operation, operation};
use nowcast_shared::error::Code;
use serde_json::{Value, json};

pub(super) fn group() -> Group {
    let mut operations = vec![
        operation("post", "/api/rooms/{room}/chat", "say", "Say something")
            .says("A line as text, a form, or JSON. Who says it is the actor, by the `name`.")
            .in_room()
            .asks(Access::Anybody)
            .changes()
            .shared("client")
            .shared("person")
            .shared("name")
            .shared("userToken")
            .shared("userId")
            .shared("idempotencyKey")
            .takes("text/plain", &text(), &json!("Hello"))
            .takes("application/json", &say(), &json!({"text": "Hello", "name": "Bo"}))
            .takes(
                "application/x-www-form-urlencoded",
                &say(),
                &json!({"text": "Hello", "name": "Bo"}),
            )
            .takes("multipart/form-data", &say(), &json!({"text": "Hello", "name": "Bo"}))
            .gives(201, "It is said.", &of("Published"), &published())
            .gives(200, "It was said before, with the same key.", &of("Published"), &published())
            .gives(
                202,
                "It waits for approval.",
                &object(&[("held", json!({"const": true}))]),
                &json!({"held": true}),
            )
            .refuses(&[
                Code::BadSaid,
                Code::BadName,
                Code::Muted,
                Code::SlowMode,
                Code::BadKey,
                Code::IdempotencyMismatch,
                Code::RateLimited,
                Code::Forbidden,
            ])
            .example("curl -H 'Content-Type: text/plain' --data 'Hello' \\\n  \"$SERVER/api/rooms/main/chat?name=Bo&person=somebody-with-curl\""),
        operation("get", "/api/rooms/{room}/chat", "listSaid", "Look back at what was said")
            .says("Older words, newest first.")
            .in_room()
            .asks(Access::Anybody)
            .query("before", &number(), "Words before this offset; without, the newest.")
            .query(
                "limit",
                &json!({"type": "integer", "minimum": 0, "default": 50}),
                "How many at most: 1 to 200.",
            )
            .gives(
                200,
                "The words, and whether there are older ones.",
                &object(&[("said", list(&of("Said"))), ("more", json!({"type": "boolean"}))]),
                &json!({"said": [{"id": "s8d2k1", "offset": 43, "at": 1_790_000_000_000_i64,
                    "by": {"role": "viewer", "id": "p7c1d9e2"}, "name": "Bo", "text": "Hello"}],
                    "more": false}),
            )
            .example("curl \"$SERVER/api/rooms/main/chat?limit=10\""),
        operation("get", "/api/rooms/{room}/chat/lines", "waitForLines", "Wait for what is said")
            .says(
                "Plain text, a line `name: text` each. Waits until there is one, or `wait` seconds. \
                 The header `Nowcast-Next` says from where to go on.",
            )
            .in_room()
            .asks(Access::Anybody)
            .query("since", &of("Position"), "As the last answer's `Nowcast-Next`; without, from now on.")
            .query(
                "wait",
                &json!({"type": "integer", "minimum": 0, "default": 25}),
                "How many seconds to wait at most; never more than 55.",
            )
            .gives_other(200, "The lines, perhaps none.", "text/plain")
            .with_headers(
                200,
                &[
                    ("Nowcast-Next", "The `since` of the next request."),
                    ("Nowcast-Recovered", "`false` where `since` could not be continued: these are the newest."),
                ],
            )
            .refuses(&[Code::BadSince])
            .example("curl -D - \"$SERVER/api/rooms/main/chat/lines?wait=0\""),
    ];
    operations.extend(held());
    Group { name: "Chat", description: "What people say, also with nothing but curl.", operations }
}

fn say() -> Value {
    json!({
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "What is said: plain text, at most 2,000 characters."},
            "name": {"type": ["string", "null"], "description": "What a program says it as."},
        },
        "required": ["text"],
    })
}

/// What an admin looks at before it is said.
fn held() -> Vec<Operation> {
    let held = json!({"id": "s8d2k1", "at": 1_790_000_000_000_i64, "name": "Bo",
        "by": {"role": "viewer", "id": "p7c1d9e2"}, "text": "Hello"});
    vec![
        operation("get", "/api/rooms/{room}/chat/held", "listHeld", "Words that wait for approval")
            .in_room()
            .asks(Access::Admin)
            .gives(
                200,
                "Oldest first.",
                &object(&[("held", list(&of("Held")))]),
                &json!({"held": [held]}),
            )
            .example("curl -b cookies.txt $SERVER/api/rooms/main/chat/held"),
        operation("post", "/api/rooms/{room}/chat/held/{held}", "approve", "Approve words")
            .says("They are said now.")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .gives(201, "They are said.", &of("Published"), &published())
            .refuses(&[Code::UnknownSaid])
            .example("curl -b cookies.txt -X POST $SERVER/api/rooms/main/chat/held/$HELD"),
        operation("delete", "/api/rooms/{room}/chat/held/{held}", "turnDown", "Turn words down")
            .says("They are never said.")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .gives_nothing(204, "They are gone.")
            .refuses(&[Code::UnknownSaid])
            .example("curl -b cookies.txt -X DELETE $SERVER/api/rooms/main/chat/held/$HELD"),
    ]
}
