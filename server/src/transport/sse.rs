//! Server-sent events (<https://html.spec.whatwg.org/#server-sent-events>).

use super::Joining;
use crate::app::App;
use crate::connection::Peer;
use crate::engine::member::Way;
use crate::engine::pipe::pipe;
use crate::hub::Transport;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// `GET …/sse`: a stream of frames, events with their position as id.
pub async fn connect(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    joining: Joining,
) -> Response {
    let (pipe, mut drain) = pipe();
    joining.open(&app, Transport::Sse, |mailbox, id| {
        drain.tell(mailbox.clone(), id);
        Way::EventStream { pipe, peer }
    });
    let fixed = HeaderValue::from_static;
    let headers = [
        (header::CONTENT_TYPE, fixed("text/event-stream")),
        (header::CACHE_CONTROL, fixed("no-cache, no-transform")),
        // Asks nginx not to hold the stream back.
        (header::HeaderName::from_static("x-accel-buffering"), fixed("no")),
    ];
    (headers, Body::new(drain)).into_response()
}
