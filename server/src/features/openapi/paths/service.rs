//! For whoever runs it, and files.

use super::Group;
use crate::features::openapi::operation::{Operation, operation};
use nowcast_shared::error::Code;
use serde_json::json;

pub(super) fn group() -> Group {
    let operations = vec![
        operation("get", "/healthz", "isAlive", "Is it alive?")
            .gives_other(200, "`ok`", "text/plain")
            .example("curl $SERVER/healthz"),
        operation("get", "/readyz", "isReady", "Does it take and keep something?")
            .gives_other(200, "`ready`", "text/plain")
            .refuses(&[
                Code::Unavailable,
                Code::StoreFull,
                Code::StoreLocked,
                Code::StoreReadOnly,
                Code::StoreFailed,
            ])
            .example("curl $SERVER/readyz"),
        operation("get", "/metrics", "getMetrics", "Counters")
            .gives_other(200, "As Prometheus reads them.", "text/plain")
            .example("curl $SERVER/metrics"),
        operation("get", "/api/openapi.json", "getOpenApi", "This document")
            .gives(200, "OpenAPI 3.1.", &json!({"type": "object"}), &json!({"openapi": "3.1.0"}))
            .example("curl $SERVER/api/openapi.json"),
        operation("get", "/api/docs", "readDocs", "This document as a page")
            .gives_other(200, "HTML.", "text/html")
            .example("curl $SERVER/api/docs"),
        operation("get", "/api/asyncapi.json", "getAsyncApi", "What the frames are")
            .gives(200, "AsyncAPI 3.0.", &json!({"type": "object"}), &json!({"asyncapi": "3.0.0"}))
            .example("curl $SERVER/api/asyncapi.json"),
    ];
    Group { name: "Service", description: "For whoever runs it.", operations }
}

pub(super) fn files() -> Group {
    let pages = [
        ("/", "feedPage", "The feed of the room `main`"),
        ("/index.html", "indexPage", "The same"),
        ("/admin", "adminPage", "The desk of the room `main`"),
        ("/admin/", "adminPageSlash", "The same"),
        ("/r/{room}/admin", "roomAdminPage", "The desk of a room"),
    ];
    let rooms = [
        ("/r/{room}", "roomPage", "The feed of a room"),
        ("/r/{room}/", "roomPageSlash", "The same"),
    ];
    let scripts = [
        ("/nowcast.js", "sdkModule", "The library for JavaScript, an ES module"),
        ("/nowcast.classic.js", "sdkScript", "The same, for a classic script"),
        ("/embed.js", "embedScript", "`<nowcast-feed>`, for any page"),
    ];
    let pages = pages.map(|(path, id, summary)| page(path, id, summary));
    let rooms = rooms.map(|(path, id, summary)| {
        page(path, id, summary)
            .shared("invitation")
            .gives_nothing(303, "The same without its invitation, which a cookie has now.")
            .refuses(&[Code::BadQuery, Code::StoreFailed])
    });
    let scripts = scripts.map(|(path, id, summary)| {
        operation("get", path, id, summary)
            .gives_other(200, "JavaScript.", "text/javascript")
            .gives_nothing(304, "One has it already.")
            .refuses(&[Code::NotFound])
    });
    let operations = pages.into_iter().chain(rooms).chain(scripts).collect();
    Group { name: "Pages", description: "What browsers open.", operations }
}

fn page(path: &'static str, id: &str, summary: &str) -> Operation {
    operation("get", path, id, summary)
        .gives_other(200, "HTML.", "text/html")
        .gives_nothing(304, "One has it already.")
        .gives_other(503, "The pages are not in this binary.", "text/html")
}
