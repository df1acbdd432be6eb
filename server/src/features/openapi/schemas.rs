//! Schemas of what only HTTP has.

use serde_json::{Map, Value, json};

/// By their names.
pub(super) fn own() -> Map<String, Value> {
    let all = requests().into_iter().chain(rooms());
    all.map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn said(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn moment() -> Value {
    json!({"type": "integer", "description": "Unix milliseconds."})
}

fn object(description: &str, fields: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "description": description, "properties": fields, "required": required})
}

/// What is asked and answered everywhere.
fn requests() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Problem",
            object(
                "Why a request was refused (RFC 9457).",
                &json!({
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
                &json!({
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
                "anyOf": [of("PageFrame"), object("A command.", &json!({
                    "id": of("CommandId"), "command": of("Command")}), &["command"])],
            }),
        ),
        (
            "Polled",
            object(
                "The answer to a poll.",
                &json!({"frames": {"type": "array", "items": of("ServerFrame")}, "next": of("Position")}),
                &["frames", "next"],
            ),
        ),
        (
            "Upload",
            object(
                "A picture that was kept.",
                &json!({
                    "url": said("Where it is served."),
                    "width": {"type": "integer", "description": "In pixels."},
                    "height": {"type": "integer", "description": "In pixels."},
                }),
                &["url", "width", "height"],
            ),
        ),
    ]
}

/// Rooms, and who is in them.
fn rooms() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Room",
            object(
                "A room.",
                &json!({"room": of("RoomName"), "title": text(), "settings": of("Settings")}),
                &["room", "title", "settings"],
            ),
        ),
        ("SettingsPatch", settings_patch()),
        (
            "Invitation",
            object(
                "What lets people into a private room.",
                &json!({
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
                &json!({
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
                &json!({
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
                &json!({
                    "destination": user(),
                    "data": {"description": "Any JSON."},
                    "room": {"anyOf": [of("RoomName"), {"type": "null"}], "description": "In this room alone."},
                    "store": {"type": "boolean", "description": "Keep it until the user comes."},
                }),
                &["destination", "data"],
            ),
        ),
        (
            "Me",
            object(
                "Who the server takes you for.",
                &json!({
                    "role": of("Role"),
                    "id": of("PublicId"),
                    "name": {"type": ["string", "null"]},
                    "may": {"type": "array", "items": {"enum": ["publish", "upload", "edit", "delete", "buttons", "settings"]}},
                    "open": {"type": "boolean", "description": "Whether the server runs with `--open`."},
                    "features": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "What this server is built with and serves: `asyncapi`, `compat`, `openapi`, `socketio`, `sources`, `stats`.",
                    },
                }),
                &["role", "id", "name", "may", "open", "features"],
            ),
        ),
        ("Face", object("What a display button says and shows.", &face(), &["label", "item"])),
        (
            "Button",
            json!({
                "description": "A display button.",
                "allOf": [of("Face"), {"properties": {"id": text()}, "required": ["id"]}],
            }),
        ),
    ]
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

/// A user's id.
pub(super) fn user() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[^\u0000-\u001f\u007f]+$", "description": "The user's id."})
}
