//! Answers that do not end: NDJSON and SSE.

use super::batch::Batch;
use super::client::Client;
use super::events::{Events, Told};
use super::failure::Failure;
use super::lines::{Line, Lines};
use super::{Course, FollowState, Listener, MOST_RECORD, Target, TargetKind};
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use futures_util::FutureExt;
use reqwest::Response;
use tokio::time::{Instant, timeout};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Follows until the answer ends; why it did.
pub(super) async fn follow(
    client: &Client,
    target: &Target,
    cursor: &mut Option<String>,
    course: &mut Course,
    listener: &mut impl Listener,
) -> Failure {
    let mut format = Format::new(target, cursor.as_deref());
    let opened = client.open(target, cursor.as_deref(), &format.headers(cursor.as_deref())).await;
    let mut answer = match opened.and_then(|answer| format.check(answer)) {
        Ok(answer) => answer,
        Err(failure) => return failure,
    };
    course.since = Some(Instant::now());
    listener.state(FollowState::Following).await;
    let mut batch = Batch::default();
    let silence = target.patience.silence;
    loop {
        let Ok(read) = timeout(silence, answer.chunk()).await else {
            return Failure::Silent(silence);
        };
        let more = || answer.chunk().now_or_never();
        let end = batch.fill(read, more, |read, batch| match read {
            Ok(Some(bytes)) => {
                format.feed(&bytes, target, batch, course);
                None
            }
            Ok(None) => {
                format.finish(target, batch);
                Some(Failure::Ended)
            }
            Err(error) => Some(Failure::of(&error)),
        });
        course.heard |= batch.hand_over(cursor, listener).await;
        if let Some(failure) = end {
            return failure;
        }
    }
}

/// How the bytes are read.
enum Format {
    Lines(Lines),
    Events(Box<Events>),
}

impl Format {
    fn new(target: &Target, cursor: Option<&str>) -> Self {
        match target.kind {
            TargetKind::Sse => {
                let id = cursor.map(str::to_owned);
                Self::Events(Box::new(Events::resumed(MOST_RECORD, id)))
            }
            _ => Self::Lines(Lines::new(MOST_RECORD)),
        }
    }

    /// What the request says of the format, and of where to go on.
    fn headers(&self, cursor: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Self::Events(_) = self {
            headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
            let id = cursor.and_then(|id| HeaderValue::from_bytes(id.as_bytes()).ok());
            if let Some(id) = id {
                headers.insert(LAST_EVENT_ID, id);
            }
        }
        headers
    }

    /// A page for people, such as a form to sign in, is no stream.
    fn check(&self, answer: Response) -> Result<Response, Failure> {
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let fits = match self {
            Self::Lines(_) => !kind.eq_ignore_ascii_case("text/html"),
            Self::Events(_) => kind.eq_ignore_ascii_case("text/event-stream"),
        };
        if fits {
            return Ok(answer);
        }
        let kind: String = kind.chars().take(80).collect();
        Err(Failure::Unusable(match self {
            Self::Lines(_) => "The service answers with a web page, not with JSON.".to_owned(),
            Self::Events(_) if kind.is_empty() => {
                "The service does not answer with events.".to_owned()
            }
            Self::Events(_) => format!("The service answers with {kind}, not with events."),
        }))
    }

    fn feed(&mut self, bytes: &[u8], target: &Target, batch: &mut Batch, course: &mut Course) {
        match self {
            Self::Lines(lines) => lines.feed(bytes, &mut |line| take(line, target, batch)),
            Self::Events(events) => events.feed(bytes, &mut |told| match told {
                Told::Event { name, data, id } => {
                    let wanted =
                        target.events.is_empty() || target.events.iter().any(|event| event == name);
                    if wanted {
                        batch.json_at(data.as_bytes(), id.map(str::to_owned));
                    }
                }
                Told::Retry(time) => course.retry = Some(time),
                Told::TooLong => batch.malformed(),
            }),
        }
    }

    /// The answer ended as it should. An event that was not ended is none, says the standard.
    fn finish(&mut self, target: &Target, batch: &mut Batch) {
        if let Self::Lines(lines) = self {
            lines.finish(&mut |line| take(line, target, batch));
        }
    }
}

fn take(line: Line<'_>, target: &Target, batch: &mut Batch) {
    match line {
        Line::Whole(line) if line.trim_ascii().is_empty() => {}
        Line::Whole(line) => batch.json(line, target.resume.as_ref()),
        Line::TooLong => batch.malformed(),
    }
}
