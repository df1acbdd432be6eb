//! What older pages ask, and Socket.IO.

use super::{Group, text};
use crate::features::openapi::operation::{Access, Operation, operation};
use crate::features::openapi::schemas::user;
use nowcast_shared::error::Code;
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn group() -> Group {
    let operations = vec![
        posting(operation("post", "/send_feed_item", "sendFeedItem", "Publish by a form"))
            .says(
                "`type` names the kind; an unknown one makes a custom item of all fields.",
            )
            .shared("idempotencyKey")
            .takes(FORM, &fields(&[]), &json!({"type": "message", "text": "Hello"}))
            .takes("multipart/form-data", &fields(&[]), &json!({"type": "message", "text": "Hello"}))
            .gives(200, "Published.", &json!({"type": "object"}), &json!({}))
            .refuses(&[
                Code::UnknownKind,
                Code::BadItem,
                Code::BadUrl,
                Code::BadKey,
                Code::IdempotencyMismatch,
            ])
            .example("curl --data 'type=message&text=Hello' \"$SERVER/send_feed_item?token=$TOKEN\""),
        operation("get", "/real_time_feed", "realTimeFeed", "Wait for items")
            .says("The items that are newer than `since`, oldest first; waits until there is one, or a minute.")
            .asks(Access::Anybody)
            .refuses(&ROOM)
            .refuses(&[Code::MethodNotAllowed, Code::NotFound])
            .query("since", &text(), "The `timestamp` of the last item that one has; without, now.")
            .gives(
                200,
                "The posted fields and `timestamp`.",
                &json!({"type": "array", "items": {"type": "object"}}),
                &json!([{"type": "message", "text": "Hello", "timestamp": 1_790_000_000_000_i64}]),
            )
            .example("curl \"$SERVER/real_time_feed?since=0\""),
        chatting(operation("get", "/chat", "oldChat", "Wait for lines, or say one"))
            .example("curl \"$SERVER/chat?name=Bo\""),
        chatting(operation("post", "/chat", "oldSay", "Say a line"))
            .takes(FORM, &fields(&[]), &json!({"name": "Bo", "message": "Hello"}))
            .example("curl --data 'name=Bo&message=Hello' \"$SERVER/chat?token=$TOKEN\""),
        pushing(operation("post", "/push", "oldPush", "Push to one user"))
            .example("curl --data 'destination=bo@club&data=Ready' \"$SERVER/push?token=$TOKEN\""),
        pushing(operation("post", "/", "oldPushAtRoot", "The same"))
            .example("curl --data 'destination=bo@club&data=Ready' \"$SERVER/?token=$TOKEN\""),
    ];
    Group {
        name: "Old pages",
        description: "What older real-time pages ask, for the room `main`; only with `--compat`.",
        operations,
    }
}

pub(super) fn socketio() -> Group {
    let operations = [
        ("get", "/socket.io/", "socketIo", "Socket.IO: a poll, or the WebSocket"),
        ("post", "/socket.io/", "socketIoSend", "Socket.IO: what a polling page sends"),
        ("get", "/socket.io", "socketIoBare", "The same"),
        ("post", "/socket.io", "socketIoSendBare", "The same"),
        ("get", "/socket.io/{file}", "socketIoFile", "No script is served here"),
    ];
    let operations = operations.map(|(method, path, id, summary)| {
        let this = operation(method, path, id, summary).refuses(&[
            Code::BadQuery,
            Code::BadRequest,
            Code::NotFound,
            Code::TooLarge,
            Code::MethodNotAllowed,
            Code::Unavailable,
        ]);
        if path.ends_with("{file}") {
            return this;
        }
        this.says("Spoken by `socket.io-client` 3 and 4; the namespaces are the rooms.")
            .gives_nothing(101, "The WebSocket is open.")
            .gives_other(200, "Packets.", "text/plain")
            .gives_other(400, "As Engine.IO refuses, or a problem.", "application/json")
    });
    Group {
        name: "Socket.IO",
        description: "For pages that speak Socket.IO.",
        operations: operations.into(),
    }
}

/// What coming into the room may be refused for.
const ROOM: [Code; 4] = [Code::UnknownRoom, Code::NotInvited, Code::Blocked, Code::Forbidden];

fn fields(needed: &[&str]) -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}, "required": needed})
}

/// What is posted needs a token, wherever it stands.
fn posting(operation: Operation) -> Operation {
    operation
        .asks(Access::Scope("publish"))
        .changes()
        .refuses(&ROOM)
        .query(
            "token",
            &text(),
            "The token, also as a header, as `Authorization: Bearer`, or as a field.",
        )
        .refuses(&[Code::BadForm, Code::TooLarge, Code::RateLimited])
        // Without `--compat`, these addresses are not there.
        .refuses(&[Code::MethodNotAllowed, Code::NotFound])
}

fn chatting(operation: Operation) -> Operation {
    posting(operation)
        .says(
            "With a `message` it is said. Without, what was said since this name asked the last time, \
             a line `name : message` each; empty after 4.5 s.",
        )
        .query("name", &text(), "Who one is.")
        .query("message", &text(), "What is said.")
        .gives_other(200, "The lines, perhaps none.", "text/plain")
        .refuses(&[
            Code::BadName,
            Code::BadSaid,
            Code::Muted,
            Code::SlowMode,
            Code::BadUtf8,
            Code::UnsupportedType,
            Code::Unavailable,
            Code::MethodNotAllowed,
        ])
}

fn pushing(operation: Operation) -> Operation {
    posting(operation)
        .takes(
            FORM,
            &json!({"allOf": [fields(&["destination", "data"]), {"properties": {"destination": user()}}]}),
            &json!({"destination": "bo@club", "data": "Ready"}),
        )
        .gives_other(200, "Pushed, also if nobody was reached.", "text/plain")
        .refuses(&[Code::PushesFull])
}
