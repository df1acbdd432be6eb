//! What pages tell of themselves, to be counted.

use super::{Group, object, text};
use crate::features::openapi::operation::{Access, operation};
use nowcast_shared::error::Code;
use serde_json::json;

pub(super) fn group() -> Group {
    let operations = vec![
        operation("post", "/api/rooms/{room}/clicks", "countClick", "Count a click on a link")
            .says(
                "For pages: somebody opened a link of an item. It is counted where the page is in the \
                 room and the item really leads there; not for whoever asks not to be tracked \
                 (`DNT: 1`, `Sec-GPC: 1`), nor where statistics are off. The answer is the same then.",
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
                &object(&[("item", text()), ("url", text())]),
                &json!({"item": "i4k2m9x7p1qz", "url": "https://example.org/"}),
            )
            .gives_nothing(204, "It is counted, or nothing is to be counted.")
            .refuses(&[Code::UnknownItem, Code::BadUrl, Code::RateLimited]),
    ];
    Group {
        name: "Statistics from pages",
        description: "What viewers' pages tell, beside where they come from when they join.",
        operations,
    }
}
