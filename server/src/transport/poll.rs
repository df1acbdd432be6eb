//! Long polls: a request that waits for news.

use super::Joining;
use crate::app::App;
use crate::engine::poll::{Hanging, Waiting};
use crate::error::Problem;
use crate::http::extract::{InRoom, number};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a poll waits if it does not say, and at most, in seconds.
const WAIT: (u64, u64) = (25, 55);

/// How often a poll tries anew whose page's place went while it came.
const TRIES: usize = 3;

/// Tells polls apart.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// `GET …/poll`: answers with what is due, else when something is, else after `wait` seconds.
pub async fn poll(State(app): State<App>, uri: Uri, joining: Joining) -> Result<Response, Problem> {
    wait(&app, &uri, joining).await
}

/// The same, for a request that did not come through the router.
pub async fn answer(app: &App, parts: &Parts, room: &RoomName) -> Result<Response, Problem> {
    let joining = Joining::read(app, parts, InRoom::read(app, parts, room).await?).await?;
    wait(app, &parts.uri, joining).await
}

async fn wait(app: &App, uri: &Uri, joining: Joining) -> Result<Response, Problem> {
    let wait = Duration::from_secs(number(uri, "wait")?.unwrap_or(WAIT.0).min(WAIT.1));
    for _ in 0..TRIES {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { number, since: joining.since.clone(), again: None, wait, answer };
        let (mailbox, id) = joining.poll(app, Box::new(waiting));
        let mut hanging = Hanging { poll: Some((mailbox, id, number)) };
        let body = answered.await;
        hanging.poll = None;
        if let Ok(body) = body {
            let json = HeaderValue::from_static("application/json");
            return Ok(([(header::CONTENT_TYPE, json)], body).into_response());
        }
    }
    Err(Problem::new(Code::Unavailable, "The poll could not be let in. Try again.").retry_after(1))
}
