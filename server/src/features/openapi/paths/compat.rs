//! What older pages ask.

use super::{Group, text};
use crate::features::openapi::operation::{ALWAYS, Access, Operation, operation};
use crate::features::openapi::schemas::user;
use nowcast_shared::error::Code;
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn group() -> Group {
    let operations = vec![
        posting(operation("post", "/send_feed_item", "sendFeedItem", "Publish by a form"), "publish")
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
            .refuses(&ALWAYS)
            .refuses(&[Code::MethodNotAllowed, Code::NotFound])
            .query("token", &text(), TOKEN)
            .query("invitation", &text(), "Lets into a private room.")
            .query("since", &text(), "The `timestamp` of the last item that one has; without, now.")
            .gives(
                200,
                "The posted fields and `timestamp`.",
                &json!({"type": "array", "items": {"type": "object"}}),
                &json!([{"type": "message", "text": "Hello", "timestamp": 1_790_000_000_000_i64}]),
            )
            .example("curl \"$SERVER/real_time_feed?since=0\""),
        chatting(operation("get", "/chat", "oldChat", "Wait for lines, or say one"))
            .asks(Access::Anybody)
            .query("invitation", &text(), "Lets into a private room.")
            .example("curl \"$SERVER/chat?name=Bo\""),
        chatting(operation("post", "/chat", "oldSay", "Say a line"))
            .asks(Access::Scope("publish"))
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

/// What coming into the room may be refused for.
const ROOM: [Code; 4] = [Code::UnknownRoom, Code::NotInvited, Code::Blocked, Code::Forbidden];

fn fields(needed: &[&str]) -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}, "required": needed})
}

const TOKEN: &str = "The token, also as a header, as `Authorization: Bearer`, or as a field.";

/// What is posted needs a token with this scope, wherever it stands.
fn posting(operation: Operation, scope: &'static str) -> Operation {
    changing(operation).asks(Access::Scope(scope))
}

fn changing(operation: Operation) -> Operation {
    operation
        .changes()
        .refuses(&ROOM)
        .refuses(&ALWAYS)
        .query("token", &text(), TOKEN)
        .refuses(&[Code::BadForm, Code::TooLarge, Code::RateLimited])
        // Without `--compat`, these addresses are not there.
        .refuses(&[Code::MethodNotAllowed, Code::NotFound])
}

fn chatting(operation: Operation) -> Operation {
    changing(operation)
        .says(
            "With a `message` it is said, which needs a token with the scope `publish`. Without, what was said since this name asked the last time, \
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
    posting(operation, "push")
        .takes(
            FORM,
            &json!({"allOf": [fields(&["destination", "data"]), {"properties": {"destination": user()}}]}),
            &json!({"destination": "bo@club", "data": "Ready"}),
        )
        .gives_other(200, "Pushed, also if nobody was reached.", "text/plain")
        .refuses(&[Code::PushesFull])
}
