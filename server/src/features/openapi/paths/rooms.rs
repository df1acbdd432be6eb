//! Rooms: what they are called and set to, who is in them.

use super::{Group, list, number, object, of};
use crate::features::openapi::operation::{Access, operation};
use nowcast_shared::error::Code;
use serde_json::{Value, json};

pub(super) fn group() -> Group {
    let invitation = "The link that lets people into a private room; null where there is none.";
    let operations = vec![
        operation("get", "/api/rooms", "listRooms", "All rooms")
            .says("Those that whoever asks is an admin of.")
            .asks(Access::Admin)
            .gives(
                200,
                "The rooms.",
                &object(&[("rooms", list(&json!({"allOf": [of("Room"),
                    object(&[("viewers", number()), ("head", number())])]})))]),
                &json!({"rooms": [listed()]}),
            )
            .example("curl -b cookies.txt $SERVER/api/rooms"),
        operation("get", "/api/rooms/{room}", "getRoom", "A room")
            .in_room()
            .asks(Access::Anybody)
            .gives(200, "What it is called and set to.", &of("Room"), &room())
            .example("curl $SERVER/api/rooms/main"),
        operation("put", "/api/rooms/{room}", "setRoom", "Make or change a room")
            .says("What is left out stays as it is.")
            .asks(Access::Admin)
            .changes()
            .takes(
                "application/json",
                &json!({
                    "type": "object",
                    "properties": {
                        "title": {"type": ["string", "null"], "description": "1 to 120 characters on one line."},
                        "settings": {"anyOf": [of("SettingsPatch"), {"type": "null"}]},
                    },
                }),
                &json!({"title": "Finals", "settings": {"chat": "users", "slow": 5}}),
            )
            .gives(200, "Changed.", &of("Room"), &room())
            .gives(201, "Made.", &of("Room"), &room())
            .refuses(&[Code::BadRoom, Code::BadSettings, Code::Conflict])
            .example(
                "curl -b cookies.txt -X PUT --json '{\"title\":\"Finals\"}' \\\n  $SERVER/api/rooms/finals",
            ),
        operation("get", "/api/rooms/{room}/invitation", "getInvitation", "The invitation")
            .says(invitation)
            .in_room()
            .asks(Access::Admin)
            .gives(200, "The invitation.", &of("Invitation"), &example())
            .example("curl -b cookies.txt $SERVER/api/rooms/main/invitation"),
        operation("post", "/api/rooms/{room}/invitation", "renewInvitation", "A new invitation")
            .says("The old one lets nobody in any more, and who came by it leaves.")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .gives(200, "The new one.", &of("Invitation"), &example())
            .example("curl -b cookies.txt -X POST $SERVER/api/rooms/main/invitation"),
        operation("delete", "/api/rooms/{room}/invitation", "withdrawInvitation", "Withdraw the invitation")
            .says("Nobody is invited any more.")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .gives_nothing(204, "It is withdrawn.")
            .example("curl -b cookies.txt -X DELETE $SERVER/api/rooms/main/invitation"),
        operation("get", "/api/rooms/{room}/people", "listPeople", "Who is here")
            .says("Everybody with a name, and who was muted or blocked.")
            .in_room()
            .asks(Access::Admin)
            .gives(
                200,
                "The people, and what was done to some.",
                &object(&[
                    ("people", list(&json!({"allOf": [of("Person"), {"properties": {
                        "user": {"type": "string", "description": "As whom they are registered."}}}]}))),
                    ("sanctions", list(&of("Sanction"))),
                ]),
                &json!({"people": [{"id": "p7c1d9e2", "name": "Bo", "user": "bo@club"}],
                    "sanctions": [{"person": "p1a2b3c4", "kind": "mute", "name": "Cem", "until": 1_790_000_600_000_i64}]}),
            )
            .example("curl -b cookies.txt $SERVER/api/rooms/main/people"),
    ];
    Group { name: "Rooms", description: "Each room is a live page of its own.", operations }
}

fn room() -> Value {
    json!({"room": "main", "title": "Finals", "settings": {"chat": "everyone", "drag": "everyone",
        "variables": ["score"], "private": false, "slow": 0, "approval": false}})
}

fn listed() -> Value {
    let mut room = room();
    room["viewers"] = 3.into();
    room["head"] = 45.into();
    room
}

fn example() -> Value {
    json!({"invitation": "h3k9x2m4", "url": "/r/main?invitation=h3k9x2m4"})
}
