//! Shared variables.

use super::{Group, number, object, of, text};
use crate::features::openapi::operation::{Access, operation};
use nowcast_shared::error::Code;
use serde_json::{Value, json};

const SET: [Code; 7] = [
    Code::BadVariable,
    Code::VersionMismatch,
    Code::VariablesFull,
    Code::BadKey,
    Code::IdempotencyMismatch,
    Code::RateLimited,
    Code::Forbidden,
];

pub(super) fn group() -> Group {
    let version = "The version, in quotes.";
    let operations = vec![
        operation("get", "/api/rooms/{room}/vars", "listVariables", "All variables")
            .in_room()
            .asks(Access::Anybody)
            .gives(
                200,
                "By their names.",
                &object(&[(
                    "variables",
                    json!({"type": "object", "additionalProperties": of("Variable")}),
                )]),
                &json!({"variables": {"score": {"value": {"home": 2, "away": 1}, "version": 44}}}),
            )
            .example("curl $SERVER/api/rooms/main/vars"),
        operation("get", "/api/rooms/{room}/vars/{name}", "getVariable", "A variable")
            .in_room()
            .asks(Access::Anybody)
            .header("If-None-Match", &text(), "The version that one has, in quotes: 304 if it is still that one.")
            .gives(200, "Its value.", &json!({}), &json!({"home": 2, "away": 1}))
            .with_headers(200, &[("ETag", version)])
            .gives_nothing(304, "It has this version still.")
            .refuses(&[Code::BadVariable, Code::UnknownVariable])
            .example("curl -D - $SERVER/api/rooms/main/vars/score"),
        operation("put", "/api/rooms/{room}/vars/{name}", "setVariable", "Set a variable")
            .says(
                "The body is the value: any JSON. With `If-Match` it is set only if it still has that \
                 version, with `If-None-Match: *` only if it is new. Pages may set those that the room's \
                 settings list.",
            )
            .in_room()
            .asks(Access::Scope("publish"))
            .changes()
            .shared("client")
            .shared("userToken")
            .shared("userId")
            .shared("idempotencyKey")
            .header("If-Match", &tag(), "`*`, or a version in quotes.")
            .header("If-None-Match", &json!({"const": "*"}), "`*`")
            .takes("application/json", &json!({}), &json!({"home": 2, "away": 1}))
            .gives(200, "Set.", &object(&[("version", number())]), &json!({"version": 45}))
            .gives(201, "Set, and new.", &object(&[("version", number())]), &json!({"version": 44}))
            .with_headers(200, &[("ETag", version)])
            .with_headers(201, &[("ETag", version)])
            .refuses(&SET)
            .example(
                "curl -b cookies.txt -X PUT --json '{\"home\":2,\"away\":1}' \\\n  $SERVER/api/rooms/main/vars/score",
            ),
        operation("delete", "/api/rooms/{room}/vars/{name}", "unsetVariable", "Delete a variable")
            .in_room()
            .asks(Access::Scope("publish"))
            .changes()
            .shared("client")
            .shared("userToken")
            .shared("userId")
            .shared("idempotencyKey")
            .header("If-Match", &tag(), "`*`, or a version in quotes.")
            .gives_nothing(204, "It is gone.")
            .refuses(&SET)
            .refuses(&[Code::UnknownVariable])
            .example("curl -b cookies.txt -X DELETE $SERVER/api/rooms/main/vars/score"),
    ];
    Group {
        name: "Variables",
        description: "Small named values that pages and programs see alike.",
        operations,
    }
}

/// A version as a header has it, or any.
fn tag() -> Value {
    json!({"type": "string", "pattern": r#"^(\*|"[0-9]+")$"#})
}
