//! Long polls: a request that waits for news.

use super::Joining;
use crate::app::App;
use crate::error::Problem;
use crate::http::extract::number;
use crate::hub::Transport;
use crate::session::{self, Due};
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// How long a poll waits if it does not say, and at most, in seconds.
const WAIT: (u64, u64) = (25, 55);

/// `GET …/poll`: answers with what is due, else when something is, else after `wait` seconds.
pub async fn poll(State(app): State<App>, uri: Uri, joining: Joining) -> Result<Response, Problem> {
    let wait = Duration::from_secs(number(&uri, "wait")?.unwrap_or(WAIT.0).min(WAIT.1));
    let (mut session, _) = joining.open(&app, Transport::Poll);
    let mut due = session.missed().await;
    if due.is_empty() {
        due = tokio::time::timeout(wait, session.next()).await.unwrap_or_default();
    }
    let next = session.position();
    // Gives the place back before the answer goes out: the next poll may be quick.
    drop(session);
    let mut body = Vec::from(*br#"{"frames":["#);
    for (index, due) in due.into_iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        match due {
            Due::Event(record) => body.extend_from_slice(&record.frame),
            Due::Frame(frame) => body.extend_from_slice(&frame),
            Due::Goodbye(reason) => body.extend_from_slice(&session::goodbye(reason)),
        }
    }
    body.extend_from_slice(format!(r#"],"next":"{next}"}}"#).as_bytes());
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
