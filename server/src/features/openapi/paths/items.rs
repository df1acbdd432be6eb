//! Publishing and the feed's past.

use super::{Group, list, number, object, of};
use crate::features::openapi::operation::{Access, Operation, operation};
use nowcast_shared::error::Code;
use serde_json::{Value, json};

/// What an item may be refused for.
const ITEM: [Code; 4] = [Code::UnknownKind, Code::BadItem, Code::BadUrl, Code::TooLarge];

pub(super) fn group() -> Group {
    let operations = vec![
        operation("post", "/api/rooms/{room}/items", "publish", "Publish an item")
            .says(
                "It is on every open page of the room before the answer is read. The kinds and their \
                 data:\n\n\
                 - `message`: `text`, in Markdown.\n\
                 - `link`: `url`, perhaps `title` and `description`.\n\
                 - `image`: `url` (or an upload's path) and `alt`, perhaps `width` and `height`.\n\
                 - `post`, what somebody said elsewhere: `text` or `picture`, perhaps `user`, \
                 `source`, `url` (the way there), `alt`, `width` and `height`.\n\
                 - `custom`: any JSON but `null`.\n\n\
                 Fields that a kind does not know are kept. A form's field `kind` or `type` names the \
                 kind; all other fields become the data, as text.\n\nWith an `Idempotency-Key` a repeat takes \
                 effect once: it gets the first answer again, as 200.",
            )
            .in_room()
            .asks(Access::Scope("publish"))
            .changes()
            .shared("client")
            .shared("idempotencyKey")
            .takes(
                "application/json",
                &of("NewItem"),
                &json!({"kind": "message", "data": {"text": "The doors are **open**"}}),
            )
            .takes(
                "application/x-www-form-urlencoded",
                &form(),
                &json!({"kind": "message", "text": "The doors are open"}),
            )
            .takes(
                "multipart/form-data",
                &form(),
                &json!({"kind": "message", "text": "The doors are open"}),
            )
            .gives(201, "Published.", &of("Published"), &published())
            .gives(200, "It was published before, with the same key.", &of("Published"), &published())
            .refuses(&ITEM)
            .refuses(&[Code::BadKey, Code::IdempotencyMismatch, Code::RateLimited])
            .example(
                "curl -H \"Authorization: Bearer $TOKEN\" \\\n  --json '{\"kind\":\"message\",\"data\":{\"text\":\"The doors are **open**\"}}' \\\n  $SERVER/api/rooms/main/items",
            ),
        many(),
        operation("get", "/api/rooms/{room}/items", "listItems", "Look back")
            .says("Older items, newest first. Items that were deleted are not there any more.")
            .in_room()
            .asks(Access::Anybody)
            .query("before", &number(), "Items before this offset; without, the newest.")
            .query(
                "limit",
                &json!({"type": "integer", "minimum": 0, "default": 50}),
                "How many at most: 1 to 200.",
            )
            .gives(
                200,
                "The items, and whether there are older ones.",
                &object(&[("items", list(&of("Item"))), ("more", json!({"type": "boolean"}))]),
                &json!({"items": [item()], "more": false}),
            )
            .example("curl \"$SERVER/api/rooms/main/items?limit=10\""),
        operation("post", "/api/rooms/{room}/preview", "preview", "Look at an item without publishing it")
            .says("What would be kept, and a message's Markdown as the HTML that pages show.")
            .in_room()
            .asks(Access::Scope("publish"))
            .changes()
            .takes(
                "application/json",
                &of("NewItem"),
                &json!({"kind": "message", "data": {"text": "*Soon*"}}),
            )
            .gives(
                200,
                "The item as it would be.",
                &object(&[
                    ("kind", json!({"type": "string"})),
                    ("data", json!({})),
                    ("html", json!({"type": ["string", "null"]})),
                ]),
                &json!({"kind": "message", "data": {"text": "*Soon*"}, "html": "<p><em>Soon</em></p>\n"}),
            )
            .refuses(&ITEM)
            .example(
                "curl -H \"Authorization: Bearer $TOKEN\" \\\n  --json '{\"kind\":\"message\",\"data\":{\"text\":\"*Soon*\"}}' \\\n  $SERVER/api/rooms/main/preview",
            ),
        operation("post", "/api/rooms/{room}/uploads", "upload", "Upload a picture")
            .says(
                "PNG, JPEG, GIF, WebP or AVIF: the bytes as the body, or a form with one file. The \
                 address in the answer goes into an item's data.",
            )
            .in_room()
            .asks(Access::Scope("publish"))
            .changes()
            .takes_bytes("application/octet-stream")
            .takes_bytes("image/*")
            .takes_bytes("multipart/form-data")
            .gives(
                201,
                "Kept.",
                &of("Upload"),
                &json!({"url": "/uploads/4f1c0e9a7d2b3856.png", "width": 640, "height": 480}),
            )
            .refuses(&[Code::NotAnImage, Code::BadForm])
            .example(
                "curl -H \"Authorization: Bearer $TOKEN\" --data-binary @picture.png \\\n  $SERVER/api/rooms/main/uploads",
            ),
        operation("get", "/uploads/{name}", "showUpload", "A picture")
            .says("It never changes: the name is made of the content.")
            .gives_other(200, "The picture.", "image/*")
            .refuses(&[Code::NotFound, Code::Internal]),
    ];
    Group {
        name: "Items",
        description: "What a feed shows. Editing and deleting are [commands](#runCommand).",
        operations,
    }
}

/// Many items by one request.
fn many() -> Operation {
    operation("post", "/api/rooms/{room}/items/batch", "publishMany", "Publish many items")
            .says(
                "They are kept in their order. The answer says of each, in the same order, where it \
                 stands, or why it was refused; the others are published all the same. A `key` is what \
                 `Idempotency-Key` is for one. At most 256 items, of 2 MiB together.",
            )
            .in_room()
            .asks(Access::Scope("publish"))
            .changes()
            .shared("client")
            .takes(
                "application/json",
                &object(&[("items", list(&json!({"description":
                "As one alone, perhaps with a `key` of 1 to 128 printable characters."})))]),
                &json!({"items": [{"kind": "message", "data": {"text": "One"}, "key": "file-1"},
                    {"kind": "message", "data": {"text": "Two"}}]}),
            )
            .gives(
                200,
                "What came of each.",
                &object(&[("items", list(&json!({"anyOf": [
                    {"allOf": [of("Published"), object(&[("repeated", json!({"type": "boolean"}))])]},
                    object(&[("code", json!({"type": "string"})), ("detail", json!({"type": "string"}))]),
                ]})))]),
                &json!({"items": [{"id": "i8k2m4p6", "offset": 45, "at": 1_790_000_000_000_i64,
                    "repeated": false}, {"code": "bad_item", "detail": "`text` is missing or empty."}]}),
            )
            .refuses(&[Code::TooLarge])
            .example(
                "curl -H \"Authorization: Bearer $TOKEN\" \\\n  --json '{\"items\":[{\"kind\":\"message\",\"data\":{\"text\":\"One\"}}]}' \\\n  $SERVER/api/rooms/main/items/batch",
            )
}

fn form() -> Value {
    json!({
        "type": "object",
        "description": "`kind` or `type` names the kind; all other fields become its data.",
        "additionalProperties": {"type": "string"},
    })
}

pub(super) fn published() -> Value {
    json!({"id": "i4k2m9x7p1qz", "offset": 42, "at": 1_790_000_000_000_i64})
}

pub(super) fn item() -> Value {
    json!({
        "id": "i4k2m9x7p1qz", "offset": 42, "at": 1_790_000_000_000_i64, "kind": "post",
        "data": {"user": "Ana", "text": "Kick-off", "source": "Mastodon", "url": "https://social.example/@ana/1"},
        "by": {"role": "publisher", "id": "p7c1d9e2", "name": "Newsdesk"},
    })
}
