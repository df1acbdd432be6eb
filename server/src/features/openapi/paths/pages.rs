//! What keeps a page live, and what it asks for.

use super::{Group, of, text};
use crate::features::openapi::operation::{Access, Operation, operation};
use nowcast_shared::error::Code;
use serde_json::json;

/// What a command may be refused for, beside what is wrong with who asks.
const COMMAND: [Code; 29] = [
    Code::UnknownKind,
    Code::BadItem,
    Code::BadUrl,
    Code::TooLarge,
    Code::UnknownItem,
    Code::BadPiece,
    Code::UnknownPiece,
    Code::PieceLocked,
    Code::PieceHeld,
    Code::StageFull,
    Code::BadVariable,
    Code::UnknownVariable,
    Code::VariablesFull,
    Code::VersionMismatch,
    Code::BadSaid,
    Code::UnknownSaid,
    Code::TooLate,
    Code::Muted,
    Code::SlowMode,
    Code::BadName,
    Code::UnknownPerson,
    Code::IdempotencyMismatch,
    Code::RateLimited,
    Code::Conflict,
    Code::TokenInvalid,
    Code::TokenExpired,
    Code::TokenReplayed,
    Code::TokenForeign,
    Code::NotFound,
];

pub(super) fn group() -> Group {
    let operations = vec![
        joining(operation("get", "/api/rooms/{room}/ws", "webSocket", "Open a WebSocket"))
            .says(
                "Subprotocol `nowcast.v1`; text frames, one JSON frame each, in both directions. \
                 What the frames are is in [asyncapi.json](/api/asyncapi.json).",
            )
            .gives_nothing(101, "It is open.")
            .refuses(&[Code::UpgradeRequired]),
        joining(operation("get", "/api/rooms/{room}/sse", "eventStream", "Open an event stream"))
            .says(
                "The server's frames as server-sent events: the `id` of an event is its position, from \
                 which a stream resumes by `Last-Event-ID`.",
            )
            .header("Last-Event-ID", &of("Position"), "As `since`; newer than that.")
            .gives_other(200, "The stream.", "text/event-stream")
            .example(
                "curl -N --max-time 1 \"$SERVER/api/rooms/main/sse\"",
            ),
        joining(operation("get", "/api/rooms/{room}/poll", "poll", "Wait for news"))
            .says(
                "A long poll: answers at once with what is due, else as soon as something is, else \
                 after `wait` seconds. The next poll has the answer's `next` as its `since`.",
            )
            .query(
                "wait",
                &json!({"type": "integer", "minimum": 0, "default": 25}),
                "How many seconds to wait at most; never more than 55.",
            )
            .gives(
                200,
                "The frames that are due, perhaps none.",
                &of("Polled"),
                &json!({"frames": [{"t": "event", "offset": 42, "at": 1_790_000_000_000_i64,
                    "by": {"role": "admin", "id": "p7c1d9e2"},
                    "event": {"kind": "item_deleted", "item": "i4k2m9x7p1qz"}}], "next": "e5kqx:42"}),
            )
            .example("curl \"$SERVER/api/rooms/main/poll?wait=0\""),
        operation("post", "/api/rooms/{room}/commands", "runCommand", "Give a command")
            .says(
                "For pages on an event stream or long poll (with the page's `client`), and for \
                 programs: edit, delete, say, put pieces on the stage, moderate. The body is a frame \
                 as pages send it; its `t` may be left out. A repeat with the same `id` by the same \
                 client takes effect once.",
            )
            .in_room()
            .asks(Access::Anybody)
            .changes()
            .shared("client")
            .shared("person")
            .shared("name")
            .shared("userToken")
            .shared("userId")
            .takes(
                "application/json",
                &of("CommandBody"),
                &json!({"command": {"kind": "say", "text": "Hello"}}),
            )
            .gives(
                200,
                "It took effect, or waits for approval.",
                &of("ServerFrame"),
                &json!({"t": "ack", "offset": 43}),
            )
            .refuses(&COMMAND)
            .example(
                "curl --json '{\"command\":{\"kind\":\"say\",\"text\":\"Hello\"}}' \\\n  \"$SERVER/api/rooms/main/commands?client=a-page-made-of-curl\"",
            ),
    ];
    Group {
        name: "Live",
        description: "Three transports with the same frames and the same promises, and commands.",
        operations,
    }
}

/// What the three transports have in common.
fn joining(operation: Operation) -> Operation {
    operation
        .in_room()
        .asks(Access::Anybody)
        .query(
            "since",
            &of("Position"),
            "What the page has seen; what it missed follows. Without, it gets a snapshot.",
        )
        .shared("client")
        .shared("person")
        .shared("name")
        .shared("userToken")
        .shared("userId")
        .query(
            "page",
            &text(),
            "`feed` (so if it is left out) is counted as a viewer; others are not.",
        )
        .query("pushed", &text(), "The last push that the page has seen; newer ones come again.")
        .query("from", &text(), "The host of the page that led to this one, for statistics.")
        .query(
            "dnt",
            &text(),
            "`1` where nobody wants to be tracked, as the headers `DNT` and `Sec-GPC`.",
        )
        .refuses(&[Code::BadSince, Code::BadRequest, Code::RateLimited])
}
