//! The document: all operations, the schemas, what they have in common.

use super::paths::{self, Group};
use super::schemas::own;
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
10 MiB, words 2,000 characters. What goes over a live connection is described in \
[asyncapi.json](/api/asyncapi.json).";

/// All of it.
pub(super) fn document() -> Value {
    let mut schemas = schemas();
    let meanings = meanings(&schemas);
    let meaning = |code: Code| meanings.get(code.as_str()).cloned().unwrap_or_default();
    let groups = paths::groups();
    let tags: Vec<Value> = groups
        .iter()
        .map(|Group { name, description, operations }| {
            // Objects have no order, and readers begin with what matters most.
            let order = operations.iter().map(|one| json!([one.path, one.method]));
            let order: Vec<Value> = order.collect();
            json!({"name": name, "description": description, "x-order": order})
        })
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
