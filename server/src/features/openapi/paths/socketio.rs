//! Where pages speak Socket.IO.

use super::Group;
use crate::features::openapi::operation::operation;
use nowcast_shared::error::Code;

pub(super) fn group() -> Group {
    let operations = [
        ("get", "/socket.io/", "socketIo", "Socket.IO: a poll, or the WebSocket"),
        ("post", "/socket.io/", "socketIoSend", "Socket.IO: what a polling page sends"),
        ("get", "/socket.io", "socketIoBare", "The same"),
        ("post", "/socket.io", "socketIoSendBare", "The same"),
        ("get", "/socket.io/{file}", "socketIoFile", "No script is served here"),
    ];
    let operations = operations.map(|(method, path, id, summary)| {
        let this = operation(method, path, id, summary).refuses(&[
            Code::BadQuery,
            Code::BadRequest,
            Code::NotFound,
            Code::TooLarge,
            Code::MethodNotAllowed,
            Code::Unavailable,
        ]);
        if path.ends_with("{file}") {
            return this;
        }
        this.says("Spoken by `socket.io-client` 3 and 4; the namespaces are the rooms.")
            .gives_nothing(101, "The WebSocket is open.")
            .gives_other(200, "Packets.", "text/plain")
            .gives_other(400, "As Engine.IO refuses, or a problem.", "application/json")
    });
    Group {
        name: "Socket.IO",
        description: "For pages that speak Socket.IO.",
        operations: operations.into(),
    }
}
