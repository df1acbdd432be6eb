//! The document: all operations, the schemas, what they have in common.

use super::paths::{self, Group};
use nowcast_shared::error::Code;
use nowcast_shared::schema::schemas;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const INTRODUCTION: &str = "\
A live page that you control. What is published by one request is on every open page at once.

**Who asks.** Programs send `Authorization: Bearer` with a token, which has scopes (`publish`, `push`, \
`admin`) and rooms. An admin's browser has the cookie of its login. Registered users send their user \
token as `token`. Everybody else is a viewer. Under `--open` anybody may do most of it.

**Refusals** are problem documents (RFC 9457) with a stable `code` for programs and a `detail` for \
people; see [the codes](#codes). Unknown fields are left alone, in both directions. Times are Unix \
milliseconds.

**Limits**, unless set otherwise: an item 64 KiB, a form 128 KiB, a frame of a page 16 KiB, a picture \
8 MiB, words 2,000 characters. What goes over a live connection is described in \
[asyncapi.json](/api/asyncapi.json).";

/// All of it.
pub(super) fn document() -> Value {
    let mut schemas = schemas();
    let meanings = meanings(&schemas);
    let meaning = |code: Code| meanings.get(code.as_str()).cloned().unwrap_or_default();
    let groups = paths::groups();
    let tags: Vec<Value> = groups
        .iter()
        .map(|Group { name, description, .. }| json!({"name": name, "description": description}))
        .collect();
    let mut paths = Map::new();
    for Group { name, operations, .. } in groups {
        for operation in operations {
            let (path, method) = (operation.path, operation.method);
            paths.entry(path).or_insert_with(|| json!({}))[method] =
                operation.into_value(name, meaning);
        }
    }
    schemas.extend(own());
    let codes: Vec<Value> = Code::ALL
        .iter()
        .map(|&code| json!({"code": code, "status": code.status(), "description": meaning(code)}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Nowcast",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": parameters(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A program's token."},
                "session": {
                    "type": "apiKey", "in": "cookie", "name": crate::auth::COOKIE,
                    "description": "An admin's session, from logging in.",
                },
            },
        },
        "x-codes": codes,
    })
}

/// What codes mean, as their type says it.
fn meanings(schemas: &Map<String, Value>) -> HashMap<String, String> {
    let all = schemas.get("Code").and_then(|code| code["oneOf"].as_array());
    let pairs = all.into_iter().flatten().filter_map(|one| {
        Some((one["const"].as_str()?.to_owned(), one["description"].as_str()?.to_owned()))
    });
    pairs.collect()
}

fn parameters() -> Value {
    let query = |name: &str, schema: Value, description: &str| json!({"name": name, "in": "query", "description": description, "schema": schema});
    let of = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let text = || json!({"type": "string"});
    json!({
        "room": {
            "name": "room", "in": "path", "required": true, "schema": of("RoomName"),
            "description": "The room: 1 to 64 of `a-z`, `0-9` and `-`.", "example": "main",
        },
        "invitation": query("invitation", text(), "Lets into a private room."),
        "client": query(
            "client",
            of("ClientId"),
            "Made up by a page once and kept across its connections: a secret of that page.",
        ),
        "person": query(
            "person",
            of("PersonId"),
            "Made up by a browser or program once: pages with the same one are one person.",
        ),
        "name": query("name", text(), "What the person would go by."),
        "userToken": query("token", text(), "A user token."),
        "userId": query("id", text(), "A user's plain id; only under `--open`."),
        "idempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "minLength": 1, "maxLength": 128},
            "description": "Made up by the program: a repeat with the same one takes effect once. Kept for a day.",
        },
    })
}

/// Schemas of what only HTTP has.
fn own() -> Map<String, Value> {
    let of = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let text = || json!({"type": "string"});
    let said = |description: &str| json!({"type": "string", "description": description});
    let moment = || json!({"type": "integer", "description": "Unix milliseconds."});
    let object = |description: &str, fields: Value, required: &[&str]| json!({"type": "object", "description": description, "properties": fields, "required": required});
    Map::from_iter(
        [
            (
                "Problem",
                object(
                    "Why a request was refused (RFC 9457).",
                    json!({
                        "type": {"const": "about:blank"},
                        "title": said("The status in words."),
                        "status": {"type": "integer", "minimum": 400, "maximum": 599},
                        "code": of("Code"),
                        "detail": said("For people: what is wrong, and what to do."),
                    }),
                    &["type", "title", "status", "code", "detail"],
                ),
            ),
            (
                "Published",
                object(
                    "What was kept, and where.",
                    json!({
                        "id": {"type": ["string", "null"], "description": "Its name for good."},
                        "offset": of("Offset"),
                        "at": moment(),
                    }),
                    &["id", "offset", "at"],
                ),
            ),
            (
                "CommandBody",
                json!({
                    "description": "A frame as pages send it; its `t` may be left out.",
                    "anyOf": [of("PageFrame"), object("A command.", json!({
                        "id": of("CommandId"), "command": of("Command")}), &["command"])],
                }),
            ),
            (
                "Polled",
                object(
                    "The answer to a poll.",
                    json!({"frames": {"type": "array", "items": of("ServerFrame")}, "next": of("Position")}),
                    &["frames", "next"],
                ),
            ),
            (
                "Upload",
                object(
                    "A picture that was kept.",
                    json!({
                        "url": said("Where it is served."),
                        "width": {"type": "integer", "description": "In pixels."},
                        "height": {"type": "integer", "description": "In pixels."},
                    }),
                    &["url", "width", "height"],
                ),
            ),
            (
                "Room",
                object(
                    "A room.",
                    json!({"room": of("RoomName"), "title": text(), "settings": of("Settings")}),
                    &["room", "title", "settings"],
                ),
            ),
            ("SettingsPatch", settings_patch()),
            (
                "Invitation",
                object(
                    "What lets people into a private room.",
                    json!({
                        "invitation": {"type": ["string", "null"], "description": "A secret."},
                        "url": {"type": ["string", "null"], "description": "The link with it."},
                    }),
                    &["invitation", "url"],
                ),
            ),
            (
                "Sanction",
                object(
                    "What was done to somebody.",
                    json!({
                        "person": of("PublicId"),
                        "kind": {"enum": ["mute", "block"]},
                        "name": text(),
                        "until": {"type": "integer", "description": "Unix milliseconds; for good if absent."},
                    }),
                    &["person", "kind"],
                ),
            ),
            (
                "Held",
                object(
                    "Words that wait for approval.",
                    json!({
                        "id": of("SaidId"), "at": moment(), "by": of("Author"), "name": text(),
                        "text": text(), "said": of("SaidId"),
                    }),
                    &["id", "at", "by", "name", "text"],
                ),
            ),
            (
                "NewPush",
                object(
                    "Something for one user.",
                    json!({
                        "destination": said("The user's id."),
                        "data": {"description": "Any JSON."},
                        "room": {"type": ["string", "null"], "description": "In this room alone."},
                        "store": {"type": "boolean", "description": "Keep it until the user comes."},
                    }),
                    &["destination", "data"],
                ),
            ),
            (
                "Me",
                object(
                    "Who the server takes you for.",
                    json!({
                        "role": of("Role"),
                        "id": of("PublicId"),
                        "name": {"type": ["string", "null"]},
                        "may": {"type": "array", "items": {"enum": ["publish", "upload", "edit", "delete", "buttons", "settings"]}},
                        "open": {"type": "boolean", "description": "Whether the server runs with `--open`."},
                    }),
                    &["role", "id", "name", "may", "open"],
                ),
            ),
            ("Face", object("What a display button says and shows.", face(), &["label", "item"])),
            (
                "Button",
                json!({
                    "description": "A display button.",
                    "allOf": [of("Face"), {"properties": {"id": text()}, "required": ["id"]}],
                }),
            ),
        ]
        .map(|(name, schema)| (name.to_owned(), schema)),
    )
}

fn settings_patch() -> Value {
    let who = json!({"enum": ["everyone", "users", "nobody", null]});
    json!({
        "type": "object",
        "description": "What is to be new about a room's settings.",
        "properties": {
            "chat": who,
            "drag": who,
            "variables": {"type": ["array", "null"], "items": {"type": "string"}, "maxItems": 64},
            "private": {"type": ["boolean", "null"]},
            "slow": {"type": ["integer", "null"], "minimum": 0, "maximum": 3600},
            "approval": {"type": ["boolean", "null"]},
        },
    })
}

fn face() -> Value {
    json!({
        "label": {"type": "string", "minLength": 1, "description": "1 to 60 characters on one line."},
        "color": {"enum": crate::buttons::COLORS, "default": "ink"},
        "item": {"$ref": "#/components/schemas/NewItem"},
    })
}
