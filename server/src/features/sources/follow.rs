//! Following something outside: records come in, connections break, and all of it begins again.
//!
//! [`follow`] is the whole of it for the caller: it connects to a [`Target`], hands what it hears to
//! a [`Listener`] in the order in which it came, and connects again as the service asks, until it is
//! dropped or the service refuses for good. Read on in this order:
//!
//! - [`guard`]: which addresses may be connected to, asked at the moment of connecting.
//! - [`client`]: one request, with its redirects.
//! - [`lines`], [`events`]: NDJSON and SSE without IO, and `stream`, which feeds them.
//! - `socket`: WebSocket. `feed`: RSS, Atom and JSON Feed, and when to look again.
//! - [`again`]: when to connect again. `failure`: what went wrong, as a person reads it.
//!
//! Everything is bounded: a record by [`MOST_RECORD`], a batch by [`MOST_BATCH`] records, a feed by
//! [`MOST_FEED`]. Nothing more is read while a batch is dealt with, so that whoever sends faster
//! than that is slowed down by TCP.

pub mod again;
mod batch;
pub mod client;
pub mod events;
mod failure;
pub mod feed;
pub mod guard;
pub mod lines;
mod socket;
mod stream;
#[cfg(test)]
mod tests;

use crate::clock;
use again::{Again, Next};
use axum::http::{HeaderName, HeaderValue};
use client::Client;
use failure::Failure;
use guard::{Guard, System};
use serde_json::Value;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// The bytes that one record may have: a line, an event, a message.
pub const MOST_RECORD: usize = 1024 * 1024;
/// The records that are handed over at once.
pub const MOST_BATCH: usize = 256;
/// The bytes that a feed may have, unpacked.
pub const MOST_FEED: usize = 8 * 1024 * 1024;

/// What is followed, and how.
#[derive(Clone, Debug)]
pub struct Target {
    /// What is spoken there.
    pub kind: TargetKind,
    /// Where it is: `http:` and `https:`, for a WebSocket also `ws:` and `wss:`.
    pub url: Url,
    /// Who asks. Not said to another origin that the service redirects to.
    pub auth: Option<Auth>,
    /// Sent with every request, but not to another origin that the service redirects to.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the service is asked for, joined by commas.
    pub topics: Vec<String>,
    /// How it is asked.
    pub topics_as: TopicsAs,
    /// The name of the query parameter or form field.
    pub topics_field: String,
    /// How a stream without positions of its own is resumed.
    pub resume: Option<Resume>,
    /// The names of the events that are records, of SSE; all are if there are none.
    pub events: Vec<String>,
    /// The time between two looks at a feed; without it, the feed's own pace.
    pub every: Option<Duration>,
    /// Whether addresses of this machine and of private networks may be followed.
    pub private: bool,
    /// How long anything may take.
    pub patience: Patience,
}

impl Target {
    /// What is at this address, followed as a stranger does.
    pub fn new(kind: TargetKind, url: Url) -> Self {
        Self {
            kind,
            url,
            auth: None,
            headers: Vec::new(),
            topics: Vec::new(),
            topics_as: TopicsAs::None,
            topics_field: String::new(),
            resume: None,
            events: Vec::new(),
            every: None,
            private: false,
            patience: Patience::default(),
        }
    }
}

/// What an outside service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// JSON values, one a line, in the body of an answer that does not end.
    Ndjson,
    /// Server-sent events whose data is JSON.
    Sse,
    /// A WebSocket whose messages are JSON.
    WebSocket,
    /// RSS, Atom or JSON Feed.
    Feed,
}

/// Who asks.
#[derive(Clone)]
pub enum Auth {
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token.
    Bearer(String),
}

/// Passwords and tokens do not end up in logs.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
        })
    }
}

/// How topics are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicsAs {
    /// As a query parameter.
    Query,
    /// As a field of a form, which makes the request a POST.
    Form,
    /// Not at all.
    None,
}

/// How a stream is resumed whose records say where they stand, as Jetstream's do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The JSON pointer to a record's position, a string or a number.
    pub pointer: String,
    /// The query parameter that says from where to go on.
    pub field: String,
}

impl Resume {
    /// As Bluesky's Jetstream does it.
    pub fn jetstream() -> Self {
        Self { pointer: "/time_us".to_owned(), field: "cursor".to_owned() }
    }
}

/// How long anything may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection is made, TLS included.
    pub connect: Duration,
    /// Until an answer begins; for a feed, until its next bytes.
    pub answer: Duration,
    /// Without a byte from a stream, keep-alives included.
    pub silence: Duration,
    /// Before the first try after a failure; it doubles from there.
    pub again: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            answer: Duration::from_secs(30),
            silence: Duration::from_secs(90),
            again: Duration::from_secs(1),
        }
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// What it says. An entry of a feed is `{"id","title","url","text","html","author","published",
    /// "picture","language","categories"}`: `published` in Unix milliseconds, what is unknown absent.
    pub json: Value,
    /// Where to go on once this record, and all before it, are dealt with: what [`follow`] takes.
    pub cursor: Option<String>,
}

/// Who is told what is heard.
pub trait Listener: Send {
    /// These records came, in this order. Nothing more is read until this returns.
    fn heard(&mut self, batch: Vec<Heard>) -> impl Future<Output = ()> + Send;

    /// So many records could not be read, and were skipped.
    fn malformed(&mut self, count: u64);

    /// How it stands now.
    fn state(&mut self, state: FollowState) -> impl Future<Output = ()> + Send;
}

/// How following stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowState {
    /// A connection is being made.
    Connecting,
    /// The service answers; a feed stays in this state between two looks.
    Following,
    /// The next try comes later.
    Waiting {
        /// When, in Unix milliseconds.
        until_ms: i64,
        /// Why, as a sentence.
        why: String,
    },
    /// Nothing more is tried.
    Failed {
        /// Why, as a sentence.
        why: String,
    },
}

/// Follows a target from this position until it is dropped, or [`FollowState::Failed`] was told.
pub async fn follow(target: Target, cursor: Option<String>, listener: &mut impl Listener) {
    let guard = Guard::new(target.private, Arc::new(System));
    follow_behind(guard, target, cursor, listener).await;
}

/// As [`follow`], to where this guard lets it.
async fn follow_behind(
    guard: Guard,
    target: Target,
    mut cursor: Option<String>,
    listener: &mut impl Listener,
) {
    let client = match Client::new(guard, target.patience) {
        Ok(client) => client,
        Err(why) => return listener.state(FollowState::Failed { why }).await,
    };
    let mut again = Again::new(target.patience.again);
    loop {
        listener.state(FollowState::Connecting).await;
        let mut course = Course::default();
        let failure = once(&client, &target, &mut cursor, &mut course, listener).await;
        let why = failure.to_string();
        match again.after(&failure, &course) {
            Next::Fail => return listener.state(FollowState::Failed { why }).await,
            Next::Wait(wait) => {
                let until_ms = clock::now().saturating_add(millis(wait));
                listener.state(FollowState::Waiting { until_ms, why }).await;
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// How one connection went, for what comes after it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Course {
    /// When the service began to answer as it should.
    pub since: Option<Instant>,
    /// Whether anything was heard.
    pub heard: bool,
    /// How long the service asked to wait before the next connection.
    pub retry: Option<Duration>,
}

/// Follows until the connection ends; why it did.
async fn once(
    client: &Client,
    target: &Target,
    cursor: &mut Option<String>,
    course: &mut Course,
    listener: &mut impl Listener,
) -> Failure {
    match target.kind {
        TargetKind::Ndjson | TargetKind::Sse => {
            stream::follow(client, target, cursor, course, listener).await
        }
        TargetKind::WebSocket => socket::follow(client, target, cursor, course, listener).await,
        TargetKind::Feed => feed::follow(client, target, cursor, course, listener).await,
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
