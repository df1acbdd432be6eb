//! The AsyncAPI description of the frames: which address carries which, in which direction.

use super::{PATH, schemas};
use crate::error::{Code, Reason};
use crate::frame::{PROTOCOL, SUBPROTOCOL};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The version of AsyncAPI that the document follows.
const VERSION: &str = "3.0.0";

/// What the server sends, by the tag of the frame.
pub const SERVER_FRAMES: [&str; 8] =
    ["welcome", "event", "signal", "ack", "reject", "push", "pong", "goodbye"];

/// What a page sends, by the tag of the frame.
pub const PAGE_FRAMES: [&str; 2] = ["command", "ping"];

/// The document; `version` is the server's.
pub fn document(version: &str) -> Value {
    json!({
        "asyncapi": VERSION,
        "info": {
            "title": "Nowcast",
            "version": version,
            "description": introduction(),
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "websocket": channel(
                "ws",
                &format!("A WebSocket, subprotocol `{SUBPROTOCOL}`: text frames, one JSON frame each."),
                &[&SERVER_FRAMES[..], &PAGE_FRAMES].concat(),
                json!({"ws": {"method": "GET", "query": query(false), "bindingVersion": "0.1.0"}}),
            ),
            "eventStream": channel(
                "sse",
                "Server-sent events: the frame is the `data`; the `id` of an event is its position, \
                 from which a stream resumes by `Last-Event-ID`.",
                &["welcome", "event", "signal", "push", "pong", "goodbye"],
                json!({}),
            ),
            "longPoll": channel(
                "poll",
                "Long poll: answers at once with what is due, else as soon as something is, else \
                 after `wait` seconds. The next poll has the answer's `next` as its `since`.",
                &["poll"],
                json!({}),
            ),
            "commands": channel(
                "commands",
                "Commands of pages on an event stream or long poll (with the page's `client`), and of \
                 programs. The `t` may be left out. What a `reject` would say is a problem document \
                 (RFC 9457) with the same `code` here.",
                &["command", "ping", "ack", "pong", "problem"],
                json!({}),
            ),
        },
        "operations": {
            "sendOverWebSocket": operation("send", "websocket", &SERVER_FRAMES, json!({})),
            "receiveOverWebSocket": operation("receive", "websocket", &PAGE_FRAMES, json!({})),
            "sendOverEventStream": operation(
                "send",
                "eventStream",
                &["welcome", "event", "signal", "push", "pong", "goodbye"],
                http("GET", &query(false)),
            ),
            "answerPoll": operation("send", "longPoll", &["poll"], http("GET", &query(true))),
            "receiveCommand": receive_command(),
        },
        "components": {"messages": messages(), "schemas": all_schemas()},
    })
}

fn introduction() -> String {
    let mut text = format!(
        "The frames of protocol {PROTOCOL}, the same over a WebSocket, server-sent events and long \
         polls. A session begins with `welcome`; its events continue what the page has seen, each \
         offset once and in order, or it brings a snapshot. Fields and kinds that a program does not \
         know are to be ignored. What is asked and answered over HTTP is described at \
         `/api/openapi.json`.\n\n\
         A session ends with `goodbye`, on a WebSocket also with a close code:\n\n\
         | code | reason | come back |\n|---|---|---|\n"
    );
    for reason in Reason::ALL {
        let back = if reason.reconnect() { "yes" } else { "no" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {} | `{reason}` | {back} |", reason.close_code());
    }
    text.push_str("\nCodes of refusals, with the HTTP status where it is an answer:\n\n");
    text.push_str("| code | status |\n|---|---|\n");
    for code in Code::ALL {
        let _ = writeln!(text, "| `{code}` | {} |", code.status());
    }
    text
}

fn channel(end: &str, description: &str, frames: &[&str], bindings: Value) -> Value {
    let messages = frames.iter().map(|frame| ((*frame).to_owned(), reference("messages", frame)));
    let mut channel = json!({
        "address": format!("/api/rooms/{{room}}/{end}"),
        "description": description,
        "parameters": {
            "room": {"description": "The room: 1 to 64 of `a-z`, `0-9` and `-`.", "default": "main"},
        },
        "messages": messages.collect::<Map<_, _>>(),
    });
    if bindings != json!({}) {
        channel["bindings"] = bindings;
    }
    channel
}

fn operation(action: &str, channel: &str, frames: &[&str], bindings: Value) -> Value {
    let of_channel =
        |frame: &&str| json!({"$ref": format!("#/channels/{channel}/messages/{frame}")});
    let mut operation = json!({
        "action": action,
        "channel": {"$ref": format!("#/channels/{channel}")},
        "messages": frames.iter().map(of_channel).collect::<Vec<_>>(),
    });
    if bindings != json!({}) {
        operation["bindings"] = bindings;
    }
    operation
}

fn receive_command() -> Value {
    let query = fields(&[("client", "The page's own id.", string("ClientId"))]);
    let mut operation = operation("receive", "commands", &PAGE_FRAMES, http("POST", &query));
    let answers = ["ack", "pong", "problem"]
        .map(|frame| json!({"$ref": format!("#/channels/commands/messages/{frame}")}));
    operation["reply"] = json!({"channel": {"$ref": "#/channels/commands"}, "messages": answers});
    operation
}

fn http(method: &str, query: &Value) -> Value {
    json!({"http": {"method": method, "query": query, "bindingVersion": "0.3.0"}})
}

fn string(schema: &str) -> Value {
    reference("schemas", schema)
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// The query of the three transports.
fn query(polls: bool) -> Value {
    let text = || json!({"type": "string"});
    let mut query = fields(&[
        ("since", "What the page has seen; without, it gets a snapshot.", string("Position")),
        (
            "client",
            "Made up by the page once and kept across its connections: a secret of that page.",
            string("ClientId"),
        ),
        (
            "person",
            "Made up by the browser or program once: pages with the same one are one person.",
            string("PersonId"),
        ),
        ("name", "What the person would go by.", text()),
        ("token", "A user token.", text()),
        ("id", "A user's plain id; only under `--open`.", text()),
        ("invitation", "Opens a private room.", text()),
        (
            "page",
            "`feed` is counted as an open page, `admin` (the desk) and `probe` are not.",
            json!({"type": "string", "enum": ["feed", "admin", "probe"], "default": "feed"}),
        ),
        (
            "pushed",
            "The id of the newest push that the page has seen; 0: it was here and has seen none.",
            text(),
        ),
    ]);
    if polls {
        query["properties"]["wait"] = json!({
            "description": "For how many seconds to wait for news.",
            "type": "integer", "minimum": 0, "maximum": 55, "default": 25,
        });
    }
    query
}

fn fields(fields: &[(&str, &str, Value)]) -> Value {
    let properties = fields.iter().map(|(name, description, schema)| {
        // What stands beside a reference does not count in draft 7.
        let mut described =
            if schema.get("$ref").is_some() { json!({"allOf": [schema]}) } else { schema.clone() };
        described["description"] = (*description).into();
        ((*name).to_owned(), described)
    });
    json!({"type": "object", "properties": properties.collect::<Map<_, _>>()})
}

fn messages() -> Map<String, Value> {
    let message = |name: &str, schema: &str| json!({"name": name, "contentType": "application/json", "payload": string(schema)});
    let frames = SERVER_FRAMES.iter().chain(&PAGE_FRAMES);
    let frames =
        frames.map(|tag| ((*tag).to_owned(), message(tag, &format!("{}Frame", super::camel(tag)))));
    let mut messages: Map<_, _> = frames.collect();
    messages.insert("poll".to_owned(), message("poll", "PollAnswer"));
    let mut problem = message("problem", "Problem");
    problem["contentType"] = "application/problem+json".into();
    messages.insert("problem".to_owned(), problem);
    messages
}

fn all_schemas() -> Map<String, Value> {
    let mut all = schemas();
    let reference = |name: &str| json!({"$ref": format!("#{PATH}/{name}")});
    all.insert(
        "PollAnswer".to_owned(),
        json!({
            "description": "The answer to a poll.",
            "type": "object",
            "properties": {
                "frames": {"type": "array", "items": reference("ServerFrame")},
                "next": {
                    "description": "Where the next poll goes on.",
                    "allOf": [reference("Position")],
                },
            },
            "required": ["frames", "next"],
        }),
    );
    all.insert(
        "Problem".to_owned(),
        json!({
            "description": "A refusal, as RFC 9457 has it.",
            "type": "object",
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "code": reference("Code"),
                "detail": {"description": "For people.", "type": "string"},
            },
            "required": ["type", "title", "status", "code", "detail"],
        }),
    );
    all
}
