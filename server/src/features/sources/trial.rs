//! What a source would show: the next records, with what would become of each. Nothing is published.

use super::follow::{FollowState, Heard, Listener, Target, follow};
use super::reason::Reason;
use super::settings::Kind;
use super::sieve::Sieve;
use super::wanted::{self, Wanted};
use super::webhook::Delivery;
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
use tokio::sync::broadcast::{self, error::RecvError};

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
    let kept = match given.get("id").and_then(Value::as_str) {
        Some(id) => Some(api::find(&app, &sources, &asks, id)?),
        None => None,
    };
    let wanted = match &kept {
        Some(source) => api::check_change(&sources, source, given)?,
        None => wanted::check(given, None)?,
    };
    let Wanted { settings, secrets, .. } = wanted;
    api::admin(&app, &asks, &settings.room)?;
    let busy = || {
        Problem::new(Code::RateLimited, "Other sources are being tested. Try again in a moment.")
    };
    let _place = sources.trials.try_acquire().map_err(|_| busy().retry_after(5))?;
    let bad = |why: String| Problem::new(Code::BadSource, why);
    let sieve = Sieve::new(&settings, Vec::new()).map_err(bad)?;
    let kept = kept.filter(|source| source.settings.kind == Kind::Webhook);
    let heard = match (target(&settings, secrets, sources.private), kept) {
        (Some(target), _) => Outside::Followed(Box::new(target)),
        (None, Some(source)) => Outside::Delivered(source.tests.subscribe()),
        (None, None) => {
            let why = "Save this webhook first, stopped if you like: it has no address yet that \
                       anything could be delivered to.";
            return Ok(Json(Seen::default().tell(Some(why), false)));
        }
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
    let listening = async {
        match heard {
            Outside::Followed(target) => follow(*target, None, &mut trial).await,
            Outside::Delivered(deliveries) => trial.receive(deliveries).await,
        }
    };
    let timed_out = tokio::select! {
        () = listening => false,
        () = full.notified() => false,
        () = tokio::time::sleep(PATIENCE) => true,
    };
    Ok(Json(trial.seen.tell(trial.error.as_deref(), timed_out)))
}

/// Where the next records come from.
enum Outside {
    /// It is followed.
    Followed(Box<Target>),
    /// They are delivered, to the source as it is kept: with the secret that is kept.
    Delivered(broadcast::Receiver<Delivery>),
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
    /// Looks at these, as many as are wanted; whether there were enough by then.
    async fn look_at(&mut self, records: impl Iterator<Item = (&Value, Option<&str>)>) -> bool {
        for (record, name) in records {
            if self.seen.items.len() == self.count {
                break;
            }
            let item = self.look(record, name).await;
            self.seen.items.push(item);
        }
        self.seen.items.len() == self.count
    }

    /// Looks at what is delivered.
    async fn receive(&mut self, mut deliveries: broadcast::Receiver<Delivery>) {
        self.seen.connected = true;
        loop {
            match deliveries.recv().await {
                Ok(Delivery::Records(records)) => {
                    let records = records.iter().map(|(record, name)| (record, name.as_deref()));
                    if self.look_at(records).await {
                        return;
                    }
                }
                Ok(Delivery::Malformed) => self.seen.malformed += 1,
                // They come faster than they can be looked at: those that come now will do.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => {
                    let why = "The source was changed or deleted meanwhile. Test it again.";
                    self.error = Some(why.to_owned());
                    return;
                }
            }
        }
    }

    async fn look(&mut self, record: &Value, name: Option<&str>) -> Value {
        let now = Instant::now();
        let sifted = self.sieve.sift(record, name, now);
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
        if self.look_at(batch.iter().map(|heard| (&heard.json, None))).await {
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
