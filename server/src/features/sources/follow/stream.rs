//! Answers that do not end: NDJSON.

use super::batch::Batch;
use super::client::Client;
use super::failure::Failure;
use super::lines::{Line, Lines};
use super::{Course, FollowState, Listener, MOST_RECORD, Target};
use axum::http::HeaderMap;
use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

/// Follows until the answer ends; why it did.
pub(super) async fn follow(
    client: &Client,
    target: &Target,
    _cursor: &mut Option<String>,
    course: &mut Course,
    listener: &mut impl Listener,
) -> Failure {
    let mut answer = match client.open(target, &HeaderMap::new()).await {
        Ok(answer) => answer,
        Err(failure) => return failure,
    };
    course.since = Some(Instant::now());
    listener.state(FollowState::Following).await;
    let mut lines = Lines::new(MOST_RECORD);
    let mut batch = Batch::default();
    let silence = target.patience.silence;
    loop {
        let mut read = match timeout(silence, answer.chunk()).await {
            Ok(read) => read,
            Err(_elapsed) => return Failure::Silent(silence),
        };
        // What is there already goes with it: fewer and larger batches cost less to deal with.
        let end = loop {
            match read {
                Ok(Some(bytes)) => lines.feed(&bytes, &mut |line| match line {
                    Line::Whole(line) if line.trim_ascii().is_empty() => {}
                    Line::Whole(line) => match serde_json::from_slice(line) {
                        Ok(json) => batch.push(json, None),
                        Err(_malformed) => batch.malformed(),
                    },
                    Line::TooLong => batch.malformed(),
                }),
                Ok(None) => break Some(Failure::Ended),
                Err(error) => break Some(Failure::of(&error)),
            }
            if batch.is_full() {
                break None;
            }
            match answer.chunk().now_or_never() {
                Some(more) => read = more,
                None => break None,
            }
        };
        course.heard |= batch.hand_over(listener).await;
        if let Some(failure) = end {
            return failure;
        }
    }
}
