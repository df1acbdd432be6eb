//! RSS, Atom and JSON Feed: looked at again and again, at the pace that they ask for.
//!
//! - [`entries`]: the entries of a document, as JSON.
//! - [`pace`]: when to look again.
//! - [`known`]: what was seen already, which is the cursor.

pub mod entries;
pub mod known;
pub mod pace;

use super::batch::Batch;
use super::client::Client;
use super::failure::Failure;
use super::{Course, FollowState, Listener, MOST_FEED, Target, again};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use known::Known;
use pace::Pace;
use reqwest::{Response, StatusCode};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout};

const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "application/feed+json, application/atom+xml, application/rss+xml, application/json;q=0.9, \
     application/xml;q=0.9, text/xml;q=0.9, */*;q=0.8",
);

/// Looks again and again, until that fails; why it did.
pub(super) async fn follow(
    client: &Client,
    target: &Target,
    cursor: &mut Option<String>,
    course: &mut Course,
    listener: &mut impl Listener,
) -> Failure {
    let mut known = Known::read(cursor.as_deref());
    let mut pace = Pace::default();
    loop {
        let answer = match client.open(target, None, &asking(&known)).await {
            Ok(answer) => answer,
            Err(failure) => return failure,
        };
        let max_age = answer
            .headers()
            .get(CACHE_CONTROL)
            .and_then(|value| value.to_str().ok().and_then(pace::max_age));
        let mut batch = Batch::default();
        if answer.status() != StatusCode::NOT_MODIFIED {
            let (etag, modified) = (text(&answer, &ETAG), text(&answer, &LAST_MODIFIED));
            let read = match document(answer, target).await {
                Ok(read) => read,
                Err(failure) => return failure,
            };
            pace = read.pace;
            known.take(read.entries, etag, modified, &mut batch);
        }
        pace.max_age = max_age;
        if course.since.is_none() {
            course.since = Some(Instant::now());
            listener.state(FollowState::Following).await;
        }
        course.heard = true;
        batch.hand_over(cursor, listener).await;
        let wait = target.every.unwrap_or_else(|| pace.wait(SystemTime::now()));
        let wait = wait.max(Duration::from_secs(1));
        // Feeds that are followed from many places are not asked by all of them at once.
        tokio::time::sleep(wait.mul_f64(1.0 + 0.05 * again::draw())).await;
    }
}

/// Asks for news alone.
fn asking(known: &Known) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, ACCEPTED);
    for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.modified)] {
        let value = value.as_ref().and_then(|value| HeaderValue::from_str(value).ok());
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    headers
}

fn text(answer: &Response, name: &HeaderName) -> Option<String> {
    let value = answer.headers().get(name)?.to_str().ok()?;
    // It is kept; nobody needs one that is longer.
    (value.len() <= 512).then(|| value.to_owned())
}

/// Reads the whole document, as far as it may go.
async fn document(mut answer: Response, target: &Target) -> Result<entries::Document, Failure> {
    let mut body = Vec::new();
    let base = answer.url().to_string();
    loop {
        let read = timeout(target.patience.answer, answer.chunk()).await;
        let read = read.map_err(|_elapsed| Failure::Unanswered)?;
        match read.map_err(|error| Failure::of(&error))? {
            Some(bytes) if body.len() + bytes.len() > MOST_FEED => {
                let most = MOST_FEED / (1024 * 1024);
                return Err(Failure::Unreadable(format!("The feed has more than {most} MiB.")));
            }
            Some(bytes) => body.extend_from_slice(&bytes),
            None => break,
        }
    }
    // It takes a while, and what strangers wrote should not end more than this reading of it.
    let reading = tokio::task::spawn_blocking(move || entries::read(&body, &base));
    reading.await.unwrap_or(None).ok_or_else(|| {
        Failure::Unreadable("There is no feed at this address that can be read.".to_owned())
    })
}
