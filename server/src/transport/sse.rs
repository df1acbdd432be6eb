//! Server-sent events (<https://html.spec.whatwg.org/#server-sent-events>).

use super::{FAREWELL, Joining};
use crate::app::App;
use crate::connection::Peer;
use crate::hub::{Ending, Transport};
use crate::session::{self, Due, Session};
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::oneshot;

/// After how much silence a sign of life is sent. A comment would do for proxies, but scripts do
/// not see those; this frame they do.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// `GET …/sse`: a stream of frames, events with their position as id.
pub async fn connect(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    joining: Joining,
) -> Response {
    let (session, _) = joining.open(&app, Transport::Sse);
    let (streaming, streamed) = oneshot::channel::<Infallible>();
    if let Some(ending) = session.ending() {
        tokio::spawn(see_off(ending, streamed, peer));
    }
    let chunks = stream::unfold(Some((session, streaming)), |state| async {
        let (mut session, streaming) = state?;
        let due = match tokio::time::timeout(HEARTBEAT, session.next()).await {
            Ok(due) => due,
            Err(_) => vec![Due::Frame(Bytes::from_static(br#"{"t":"pong"}"#))],
        };
        let (chunk, over) = encode(&session, due);
        Some((Ok::<_, Infallible>(chunk), (!over).then_some((session, streaming))))
    });
    let fixed = HeaderValue::from_static;
    let headers = [
        (header::CONTENT_TYPE, fixed("text/event-stream")),
        (header::CACHE_CONTROL, fixed("no-cache, no-transform")),
        // Asks nginx not to hold the stream back.
        (header::HeaderName::from_static("x-accel-buffering"), fixed("no")),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

/// A page that does not read keeps the stream from being asked for the goodbye. It gets some time
/// to read on; then its connection is reset.
async fn see_off(ending: Ending, mut streamed: oneshot::Receiver<Infallible>, peer: Peer) {
    tokio::select! {
        _ = &mut streamed => return,
        _ = ending.reached() => {}
    }
    if tokio::time::timeout(FAREWELL, streamed).await.is_err() {
        peer.cut();
    }
}

/// The bytes for all that is due, and whether the session is over.
fn encode(session: &Session, due: Vec<Due>) -> (Bytes, bool) {
    let mut over = due.is_empty();
    let mut chunk = Vec::new();
    for due in due {
        match due {
            Due::Event(record) => {
                let position = session.position_at(record.offset);
                chunk.extend_from_slice(format!("id: {position}\ndata: ").as_bytes());
                chunk.extend_from_slice(&record.frame);
            }
            Due::Frame(frame) => {
                chunk.extend_from_slice(b"data: ");
                chunk.extend_from_slice(&frame);
            }
            Due::Goodbye(reason) => {
                chunk.extend_from_slice(b"data: ");
                chunk.extend_from_slice(&session::goodbye(reason));
                over = true;
            }
        }
        chunk.extend_from_slice(b"\n\n");
    }
    (chunk.into(), over)
}
