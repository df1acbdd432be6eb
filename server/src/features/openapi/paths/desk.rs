//! What the admin page asks for, and pushes.

use super::{Group, list, object, of, text};
use crate::features::openapi::operation::{Access, operation};
use crate::features::openapi::schemas::user;
use nowcast_shared::error::Code;
use serde_json::{Value, json};

pub(super) fn push() -> Group {
    let form = json!({
        "type": "object",
        "properties": {
            "destination": user(),
            "data": {"type": "string"},
            "room": {"type": "string"},
            "store": {"enum": ["true", "1", "on", "false", "0", ""]},
        },
        "required": ["destination", "data"],
    });
    let operations = vec![
        operation("post", "/api/push", "push", "Push to one user")
            .says(
                "Reaches the pages that are registered under the user's id, in all rooms or in one. \
                 0 sessions are no error; with `store` it is kept until the user comes.",
            )
            .asks(Access::Scope("push"))
            .changes()
            .takes(
                "application/json",
                &of("NewPush"),
                &json!({"destination": "bo@club", "data": {"text": "Your table is ready"}}),
            )
            .takes(
                "application/x-www-form-urlencoded",
                &form,
                &json!({"destination": "bo@club", "data": "Your table is ready"}),
            )
            .takes("multipart/form-data", &form, &json!({"destination": "bo@club", "data": "Ready"}))
            .gives(
                202,
                "How many sessions it reached.",
                &object(&[("delivered", super::number())]),
                &json!({"delivered": 2}),
            )
            .refuses(&[Code::BadRoom, Code::UnknownRoom, Code::PushesFull, Code::RateLimited])
            .example(
                "curl -H \"Authorization: Bearer $TOKEN\" \\\n  --json '{\"destination\":\"bo@club\",\"data\":{\"text\":\"Your table is ready\"}}' \\\n  $SERVER/api/push",
            ),
    ];
    Group { name: "Push", description: "Something for one user alone.", operations }
}

pub(super) fn group() -> Group {
    let operations = vec![
        operation("post", "/api/login", "logIn", "Log in")
            .says("The answer's cookie is an admin's session. Few wrong passwords are let in a minute.")
            .changes()
            .takes(
                "application/json",
                &json!({
                    "type": "object",
                    "properties": {
                        "password": {"type": "string"},
                        "name": {"type": ["string", "null"], "description": "What to be called."},
                    },
                    "required": ["password"],
                }),
                &json!({"password": "correct horse", "name": "Ana"}),
            )
            .gives_nothing(204, "Logged in.")
            .with_headers(204, &[("Set-Cookie", "`nowcast_session`")])
            .refuses(&[Code::WrongPassword, Code::RateLimited])
            .example(
                "curl -c cookies.txt --json \"{\\\"password\\\":\\\"$PASSWORD\\\"}\" $SERVER/api/login",
            ),
        operation("post", "/api/logout", "logOut", "Log out")
            .asks(Access::Anybody)
            .changes()
            .gives_nothing(204, "Logged out; also for who was not logged in.")
            .example("curl -b cookies.txt -X POST $SERVER/api/logout"),
        operation("get", "/api/me", "getMe", "Who one is")
            .says("Who the server takes you for, and what you may in the room `main`.")
            .asks(Access::Anybody)
            .shared("client")
            .shared("userToken")
            .shared("userId")
            .gives(200, "You.", &of("Me"), &me())
            .example("curl -H \"Authorization: Bearer $TOKEN\" $SERVER/api/me"),
        operation("put", "/api/me", "renameMe", "Be called otherwise")
            .asks(Access::Admin)
            .changes()
            .takes("application/json", &object(&[("name", text())]), &json!({"name": "Ana"}))
            .gives(200, "You.", &of("Me"), &me())
            .example("curl -b cookies.txt -X PUT --json '{\"name\":\"Ana\"}' $SERVER/api/me"),
        operation("get", "/api/rooms/{room}/buttons", "listButtons", "Display buttons")
            .in_room()
            .asks(Access::Scope("publish"))
            .gives(200, "In their order.", &buttons(), &json!({"buttons": [button()]}))
            .example("curl -b cookies.txt $SERVER/api/rooms/main/buttons"),
        operation("post", "/api/rooms/{room}/buttons", "makeButton", "Make a display button")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .takes("application/json", &of("Face"), &face())
            .gives(201, "Made; the last one.", &of("Button"), &button())
            .refuses(&[Code::Conflict, Code::UnknownKind, Code::BadItem, Code::BadUrl])
            .example(
                "curl -b cookies.txt \\\n  --json '{\"label\":\"Doors\",\"color\":\"green\",\"item\":{\"kind\":\"message\",\"data\":{\"text\":\"Doors open\"}}}' \\\n  $SERVER/api/rooms/main/buttons",
            ),
        operation("put", "/api/rooms/{room}/buttons", "orderButtons", "Put display buttons in order")
            .says("Those that are not named come after, as they were.")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .takes(
                "application/json",
                &object(&[("order", list(&text()))]),
                &json!({"order": ["b3k9x2"]}),
            )
            .gives(200, "All of them, as they are now.", &buttons(), &json!({"buttons": [button()]}))
            .example("curl -b cookies.txt -X PUT --json \"{\\\"order\\\":[\\\"$BUTTON\\\"]}\" \\\n  $SERVER/api/rooms/main/buttons"),
        operation("put", "/api/rooms/{room}/buttons/{button}", "changeButton", "Change a display button")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .takes("application/json", &of("Face"), &face())
            .gives(200, "Changed.", &of("Button"), &button())
            .refuses(&[Code::UnknownButton, Code::UnknownKind, Code::BadItem, Code::BadUrl])
            .example(
                "curl -b cookies.txt -X PUT \\\n  --json '{\"label\":\"Doors\",\"item\":{\"kind\":\"custom\",\"data\":{\"doors\":\"open\"}}}' \\\n  $SERVER/api/rooms/main/buttons/$BUTTON",
            ),
        operation("delete", "/api/rooms/{room}/buttons/{button}", "deleteButton", "Delete a display button")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .gives_nothing(204, "It is gone.")
            .refuses(&[Code::UnknownButton])
            .example("curl -b cookies.txt -X DELETE $SERVER/api/rooms/main/buttons/$BUTTON"),
    ];
    Group { name: "Desk", description: "Logging in, and display buttons.", operations }
}

fn me() -> Value {
    json!({"role": "publisher", "id": "p7c1d9e2", "name": "Newsdesk",
        "may": ["publish", "upload", "edit", "delete"], "open": false,
        "features": ["asyncapi", "openapi", "socketio", "sources", "stats"]})
}

fn face() -> Value {
    json!({"label": "Doors", "color": "green",
        "item": {"kind": "message", "data": {"text": "Doors open"}}})
}

fn button() -> Value {
    let mut button = face();
    button["id"] = "b3k9x2".into();
    button
}

fn buttons() -> Value {
    object(&[("buttons", list(&of("Button")))])
}
