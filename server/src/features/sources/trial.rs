//! What a source would show: the next records, with what would become of each. Nothing is published.

use super::follow::{FollowState, Heard, Listener, follow};
use super::reason::Reason;
use super::settings::Wanted;
use super::sieve::Sieve;
use super::worker::refused;
use super::{Sources, api, target};
use crate::app::App;
use crate::error::Problem;
use crate::http::body;
use crate::http::extract::{Asks, number};
use crate::item::{self, Content};
use axum::extract::{Request, State};
use axum::{Extension, Json};
use nowcast_shared::error::Code;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How many trials may run at once.
pub(super) const AT_ONCE: usize = 4;
/// How many records a trial shows, if it does not say, and at most.
const COUNT: (u64, u64) = (5, 50);
/// How long it waits for them.
const PATIENCE: Duration = Duration::from_secs(15);
/// How large a record may be that is shown as it came, in bytes.
const MOST_RECORD: usize = 16 * 1024;

/// `POST /api/sources/test?count=5`, with the settings of a source as the body.
pub(super) async fn run(
    State(app): State<App>,
    Extension(sources): Extension<Arc<Sources>>,
    asks: Asks,
    request: Request,
) -> Result<Json<Value>, Problem> {
    api::somewhere(&app, &asks)?;
    let count = number(request.uri(), "count")?.unwrap_or(COUNT.0).clamp(1, COUNT.1);
    let given = body::value(request, api::LIMIT).await?;
    let wanted = match given.get("id").and_then(Value::as_str).map(str::to_owned) {
        Some(id) => api::check_change(&sources, &*api::find(&app, &sources, &asks, &id)?, given)?,
        None => super::settings::check(given, None)?,
    };
    let Wanted { settings, secrets, .. } = wanted;
    api::admin(&app, &asks, &settings.room)?;
    let busy = || {
        Problem::new(Code::RateLimited, "Other sources are being tested. Try again in a moment.")
    };
    let _place = sources.trials.try_acquire().map_err(|_| busy().retry_after(5))?;
    let bad = |why: String| Problem::new(Code::BadSource, why);
    let sieve = Sieve::new(&settings, Vec::new()).map_err(bad)?;
    let Some(target) = target(&settings, secrets, sources.private) else {
        let why = "A webhook is delivered to: start the source, have something delivered, and look at its state.";
        return Ok(Json(Seen::default().tell(Some(why), false)));
    };
    let full = Arc::new(Notify::new());
    let mut trial = Trial {
        app,
        sieve,
        approval: settings.approval,
        count: usize::try_from(count).unwrap_or(1),
        seen: Seen::default(),
        error: None,
        full: Arc::clone(&full),
    };
    let timed_out = tokio::select! {
        () = follow(target, None, &mut trial) => false,
        () = full.notified() => false,
        () = tokio::time::sleep(PATIENCE) => true,
    };
    Ok(Json(trial.seen.tell(trial.error.as_deref(), timed_out)))
}

/// What a trial heard.
#[derive(Default)]
struct Seen {
    connected: bool,
    malformed: u64,
    items: Vec<Value>,
}

impl Seen {
    fn tell(self, error: Option<&str>, timed_out: bool) -> Value {
        json!({
            "connected": self.connected,
            "seen": self.items.len(),
            "malformed": self.malformed,
            "items": self.items,
            "error": error,
            "timed_out": timed_out,
        })
    }
}

/// Listens for a while.
struct Trial {
    app: App,
    sieve: Sieve,
    approval: bool,
    count: usize,
    seen: Seen,
    error: Option<String>,
    /// Told when there is no more to hear.
    full: Arc<Notify>,
}

impl Trial {
    async fn look(&mut self, record: &Value) -> Value {
        let now = Instant::now();
        let sifted = self.sieve.sift(record, None, now);
        let (mapped, mut why) = match sifted {
            Ok(mut sifted) => {
                self.sieve.note(&mut sifted, now);
                (Some(sifted.mapped), None)
            }
            Err(reason) => (self.sieve.map(record), Some(reason)),
        };
        let content = match mapped {
            Some(mapped) => item::check(mapped.item, self.app.limits.max_item).await,
            None => Err(Problem::new(Code::BadItem, "")),
        };
        let content = match content {
            Ok(content) => Some(content),
            Err(problem) => {
                why = why.or(Some(refused(&problem)));
                None
            }
        };
        let would = match why {
            Some(_) => "drop",
            None if self.approval => "hold",
            None => "publish",
        };
        let why = why.map(Reason::as_str);
        match content {
            Some(Content { kind, data, html }) => {
                json!({"kind": kind, "data": data, "html": html, "would": would, "why": why})
            }
            None => {
                json!({"kind": null, "data": short(record), "html": null, "would": would, "why": why})
            }
        }
    }
}

/// A record as it came, unless it is too large to be looked at.
fn short(record: &Value) -> Value {
    let text = record.to_string();
    if text.len() <= MOST_RECORD {
        return record.clone();
    }
    text.chars().take(MOST_RECORD / 4).collect::<String>().into()
}

impl Listener for Trial {
    async fn heard(&mut self, batch: Vec<Heard>) {
        for Heard { json, .. } in batch {
            if self.seen.items.len() == self.count {
                break;
            }
            let item = self.look(&json).await;
            self.seen.items.push(item);
        }
        if self.seen.items.len() == self.count {
            self.full.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn malformed(&mut self, count: u64) {
        self.seen.malformed += count;
    }

    async fn state(&mut self, state: FollowState) {
        match state {
            FollowState::Connecting => {}
            FollowState::Following => self.seen.connected = true,
            FollowState::Waiting { why, .. } | FollowState::Failed { why } => {
                // One look has to do: what does not answer now is to be said now.
                self.error = Some(why);
                self.full.notify_one();
                std::future::pending::<()>().await;
            }
        }
    }
}
