//! Streams from outside that are followed, and what matters of them published into rooms.
//!
//! A source is set ([`wanted`], [`settings`]), kept ([`tables`], its secrets by [`vault`]) and run by a task of
//! its own: [`mod@follow`] hears what comes, [`worker`] deals with it. Read on in this order:
//!
//! - [`map`], with [`expression`], [`html`] and [`moment`]: from a record to an item; [`formats`]:
//!   ready-made maps.
//! - [`sieve`], with [`topics`], [`language`], [`repeats`] and [`cap`]: what is shown of it;
//!   [`reason`]: why the rest is not.
//! - [`queue`]: items that wait for approval. [`status`]: how a source stands.
//! - [`api`], [`webhook`], [`trial`]: how sources are set, what is delivered to them, and what they
//!   would show.

mod api;
mod cap;
mod expression;
pub mod follow;
mod formats;
mod html;
mod language;
mod map;
mod moment;
mod queue;
mod reason;
mod repeats;
mod settings;
mod sieve;
mod status;
mod tables;
mod topics;
mod trial;
mod vault;
mod wanted;
mod webhook;
mod worker;

use crate::app::{App, WeakApp};
use crate::db::{Db, DbError};
use crate::error::Problem;
use crate::limiter::Limiter;
use anyhow::Context;
use axum::routing::{get, post};
use axum::{Extension, Router};
use clap::Args;
use follow::{Target, TargetKind, follow};
use futures_util::FutureExt;
use nowcast_shared::error::Code;
use reason::Counts;
use settings::{Auth, Kind, Settings, TopicsAs};
use sieve::Sieve;
use status::{Phase, Status};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;
use tables::Row;
use tokio::sync::{Notify, Semaphore, broadcast, watch};
use tokio::task::JoinHandle;
use vault::{Locked, Secrets, Vault};
use webhook::Delivery;
use worker::Worker;

/// How many sources there may be.
const MOST: usize = 100;
/// How long a source may take to deal with its last batch when it is to stop.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often counts are noted of what was dropped.
const PACE: Duration = Duration::from_secs(2);
/// The file with the key of the secrets, in the data folder.
const KEY_FILE: &str = "sources.key";

pub use tables::PART;

/// Flags of what is followed outside.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Flags {
    /// Lets sources follow addresses of this machine and of private networks.
    #[arg(long, env = "NOWCAST_ALLOW_PRIVATE_SOURCES")]
    pub allow_private_sources: bool,

    /// The file with the key that secrets of sources are encrypted with, made when the first one is
    /// kept [default: sources.key in the data folder].
    #[arg(long, env = "NOWCAST_SOURCES_KEY", value_name = "FILE")]
    pub sources_key: Option<PathBuf>,
}

/// Starts those that were running; the addresses of all.
///
/// # Errors
/// If what is kept of them cannot be read.
pub async fn start(app: &App, flags: &Flags, folder: &Path) -> anyhow::Result<Router<App>> {
    let key = flags.sources_key.clone().unwrap_or_else(|| folder.join(KEY_FILE));
    let private = flags.allow_private_sources;
    let sources = Sources::open(app, key, private).await.context("The sources cannot be read")?;
    measure(app, &sources);
    Ok(Router::new()
        .route("/api/sources", get(api::list).post(api::make))
        .route("/api/sources/formats", get(api::formats))
        .route("/api/sources/test", post(trial::run))
        .route(
            "/api/sources/{id}",
            get(api::show).put(api::change).delete(api::delete).post(webhook::deliver),
        )
        .route("/api/sources/{id}/start", post(api::set_running::<true>))
        .route("/api/sources/{id}/stop", post(api::set_running::<false>))
        .route("/api/rooms/{room}/queue", get(api::queue).delete(api::turn_all_down))
        .route("/api/rooms/{room}/queue/{id}", post(api::approve).delete(api::turn_down))
        .layer(Extension(sources)))
}

/// All sources.
struct Sources {
    app: WeakApp,
    db: Db,
    vault: Vault,
    /// Whether private addresses may be followed.
    private: bool,
    /// In the order in which they were made.
    all: RwLock<Vec<Arc<Source>>>,
    /// Held by whoever changes one.
    arranging: tokio::sync::Mutex<()>,
    /// One for each trial that may run.
    trials: Semaphore,
    /// One for each delivery that may be on its way.
    deliveries: Arc<Semaphore>,
    /// Turns true when the server stops.
    stopping: watch::Receiver<bool>,
}

/// A source as it is set now. Whoever changes it puts another in its place.
struct Source {
    id: String,
    settings: Settings,
    sealed: Option<Vec<u8>>,
    has_secret: bool,
    /// How it stands: the same for all that stand for it, one after the other.
    status: Arc<Status>,
    /// Whether it is to run.
    running: watch::Sender<bool>,
    /// Held while a batch is dealt with.
    busy: tokio::sync::Mutex<()>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// What was noted of its counts beside its progress.
    noted: Mutex<Counts>,
    /// Deals with what is delivered, if that is what it is for.
    desk: tokio::sync::Mutex<Option<Worker>>,
    /// How many deliveries may come.
    deliveries: Mutex<Limiter>,
    /// One for each delivery that may be on its way.
    arriving: Arc<Semaphore>,
    /// Lets its tests hear what is delivered; they end with it.
    tests: broadcast::Sender<Delivery>,
}

impl Source {
    fn new(row: Row, status: Arc<Status>) -> Arc<Self> {
        let (running, _) = watch::channel(row.running);
        Arc::new(Self {
            id: row.id,
            settings: row.settings,
            sealed: row.sealed,
            has_secret: row.has_secret,
            status,
            running,
            busy: tokio::sync::Mutex::default(),
            task: Mutex::default(),
            noted: Mutex::new(row.counts),
            desk: tokio::sync::Mutex::default(),
            deliveries: Mutex::new(webhook::limiter()),
            arriving: Arc::new(Semaphore::new(webhook::EACH)),
            tests: broadcast::channel(webhook::UNSEEN).0,
        })
    }

    fn is_running(&self) -> bool {
        *self.running.borrow()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something to its end, also if whoever asked for it goes away meanwhile: the server drops what
/// is done for a connection that closes, between two of its steps.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work).await.unwrap_or_else(|_panicked| {
        let detail = "Something went wrong here. Try again in a moment.";
        Err(Problem::new(Code::Internal, detail))
    })
}

impl Sources {
    /// Reads what is kept, and starts what is to run.
    async fn open(app: &App, key: PathBuf, private: bool) -> Result<Arc<Self>, DbError> {
        tables::prepare(&app.db).await?;
        let all = tables::all(&app.db).await?;
        let all = all.into_iter().map(|row| {
            let status = Arc::new(Status::new(row.counts));
            Source::new(row, status)
        });
        let sources = Arc::new(Self {
            app: app.downgrade(),
            db: app.db.clone(),
            vault: Vault::new(key),
            private,
            all: RwLock::new(all.collect()),
            arranging: tokio::sync::Mutex::default(),
            trials: Semaphore::new(trial::AT_ONCE),
            deliveries: Arc::new(Semaphore::new(webhook::AT_ONCE)),
            stopping: app.stopping.subscribe(),
        });
        for source in sources.list().into_iter().filter(|source| source.is_running()) {
            sources.run(source).await;
        }
        tokio::spawn(note_counts(Arc::downgrade(&sources)));
        Ok(sources)
    }

    /// All of them.
    fn list(&self) -> Vec<Arc<Source>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one of this name.
    fn find(&self, id: &str) -> Option<Arc<Source>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|source| source.id == id).cloned()
    }

    /// Whether the source of this name is not to run, and not just about to be changed or started.
    fn is_stopped(&self, id: &str) -> bool {
        let alone = self.arranging.try_lock();
        alone.is_ok() && self.find(id).is_some_and(|source| !source.is_running())
    }

    /// Puts a source in the place of the one of its name, behind all others if there is none; none:
    /// takes that one away.
    fn put(&self, id: &str, source: Option<Arc<Source>>) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let place = all.iter().position(|known| known.id == id);
        match (place, source) {
            (Some(place), Some(source)) => all[place] = source,
            (None, Some(source)) => all.push(source),
            (Some(place), None) => drop(all.remove(place)),
            (None, None) => {}
        }
    }

    /// Its secrets.
    fn secrets(&self, source: &Source) -> Result<Secrets, Locked> {
        let sealed = source.sealed.as_ref();
        sealed.map_or(Ok(Secrets::default()), |sealed| self.vault.open(&source.id, sealed))
    }

    /// Lets a source run.
    async fn run(self: &Arc<Self>, source: Arc<Source>) {
        source.status.begin();
        source.running.send_replace(true);
        let over = Arc::new(Notify::new());
        let begun = self.begin(&source, &over).await;
        let (worker, cursor, secrets) = match begun {
            Ok(begun) => begun,
            Err(why) => return source.status.fail(&why),
        };
        let Some(target) = target(&source.settings, secrets, self.private) else {
            // What is delivered needs nobody who waits for it.
            *source.desk.lock().await = Some(worker);
            return source.status.turn(Phase::Following);
        };
        let task = Task { worker, target, cursor, over, stopping: self.stopping.clone() };
        let known = Arc::clone(&source);
        let handle = tokio::spawn(async move {
            let status = Arc::clone(&known.status);
            if AssertUnwindSafe(task.run(known)).catch_unwind().await.is_err() {
                status.fail("Something went wrong here. Start the source again.");
            }
        });
        *lock(&source.task) = Some(handle);
    }

    /// What a source runs with.
    async fn begin(
        &self,
        source: &Arc<Source>,
        over: &Arc<Notify>,
    ) -> Result<(Worker, Option<String>, Secrets), String> {
        let secrets = self.secrets(source).map_err(|locked| locked.to_string())?;
        let app = self.app.upgrade().ok_or("The server is stopping.")?;
        let unwell = |error: DbError| Problem::from(error).detail.into_owned();
        let room = &source.settings.room;
        if app.log.room(room).await.map_err(unwell)?.is_none() {
            return Err(worker::no_room(room.as_str()));
        }
        let (cursor, names) = tables::position(&self.db, &source.id).await.map_err(unwell)?;
        let sieve = Sieve::new(&source.settings, names)?;
        let (source, over) = (Arc::clone(source), Arc::clone(over));
        let worker = Worker::new(self.app.clone(), self.db.clone(), source, sieve, over);
        Ok((worker, cursor, secrets))
    }

    /// Stops a source, when it has dealt with what it heard.
    async fn halt(&self, source: &Arc<Source>) {
        source.running.send_replace(false);
        let task = lock(&source.task).take();
        if let Some(mut task) = task
            && tokio::time::timeout(PATIENCE, &mut task).await.is_err()
        {
            task.abort();
            let _ = task.await;
        }
        if let Some(mut worker) = source.desk.lock().await.take() {
            worker.note().await;
        }
        source.status.turn(Phase::Stopped);
    }
}

/// Notes now and then what sources dropped since they last noted how far they came.
async fn note_counts(sources: Weak<Sources>) {
    loop {
        tokio::time::sleep(PACE).await;
        let Some(sources) = sources.upgrade() else { return };
        for source in sources.list() {
            let counts = source.status.counts();
            if *lock(&source.noted) == counts {
                continue;
            }
            let progress = tables::Progress { counts, ..tables::Progress::default() };
            match tables::note(&sources.db, &source.id, progress).await {
                Ok(()) => *lock(&source.noted) = counts,
                Err(DbError::Closed) => return,
                // Said where the store failed; tried again the next time.
                Err(_) => {}
            }
        }
    }
}

/// One source at work.
struct Task {
    worker: Worker,
    target: Target,
    cursor: Option<String>,
    over: Arc<Notify>,
    stopping: watch::Receiver<bool>,
}

impl Task {
    /// Until it is told to stop, or cannot go on.
    async fn run(mut self, source: Arc<Source>) {
        let mut running = source.running.subscribe();
        let asked = async {
            tokio::select! {
                _ = running.wait_for(|running| !running) => {}
                _ = self.stopping.wait_for(|stopping| *stopping) => {}
            }
            // Not in the middle of a batch: what became of it would not be counted.
            let _ = tokio::time::timeout(PATIENCE, source.busy.lock()).await;
        };
        tokio::select! {
            () = follow(self.target, self.cursor, &mut self.worker) => {}
            () = self.over.notified() => {}
            () = asked => {}
        }
        self.worker.note().await;
    }
}

/// What is followed; none where things are delivered.
fn target(settings: &Settings, secrets: Secrets, private: bool) -> Option<Target> {
    let kind = match settings.kind {
        Kind::Ndjson => TargetKind::Ndjson,
        Kind::Sse => TargetKind::Sse,
        Kind::WebSocket => TargetKind::WebSocket,
        Kind::Feed => TargetKind::Feed,
        Kind::Webhook => return None,
    };
    let auth = match (&settings.auth, secrets.secret) {
        (Auth::Basic { user }, Some(password)) => {
            Some(follow::Auth::Basic { user: user.clone(), password })
        }
        (Auth::Bearer, Some(token)) => Some(follow::Auth::Bearer(token)),
        _ => None,
    };
    // They were read when they were set.
    let headers = secrets.headers.iter().filter_map(|(name, value)| {
        let mut value = axum::http::HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        Some((name.parse().ok()?, value))
    });
    let is_jetstream =
        settings.format == formats::Format::Jetstream && kind == TargetKind::WebSocket;
    Some(Target {
        kind,
        url: settings.url.clone()?,
        auth,
        headers: headers.collect(),
        topics: settings.topics.clone(),
        topics_as: match settings.topics_as {
            TopicsAs::Query => follow::TopicsAs::Query,
            TopicsAs::Form => follow::TopicsAs::Form,
            TopicsAs::None => follow::TopicsAs::None,
        },
        topics_field: settings.topics_field.clone(),
        // Mastodon's events of other names are no statuses: what was deleted, who was told.
        events: match settings.format {
            formats::Format::Mastodon => vec!["update".to_owned()],
            _ => Vec::new(),
        },
        resume: is_jetstream.then(follow::Resume::jetstream),
        every: settings.every.map(Duration::from_secs),
        private,
        patience: follow::Patience::default(),
    })
}

/// Has the server tell how sources stand.
fn measure(app: &App, sources: &Arc<Sources>) {
    let gauge = |name, help, value: fn(&Source) -> u64| {
        let sources = Arc::downgrade(sources);
        app.metrics.gauge(name, help, move || {
            let all = sources.upgrade().map(|sources| sources.list()).unwrap_or_default();
            let sum: u64 = all.iter().map(|source| value(source)).sum();
            usize::try_from(sum).unwrap_or(usize::MAX)
        });
    };
    gauge("sources", "Sources that are to run.", |source| u64::from(source.is_running()));
    gauge("sources_following", "Sources that hear what is said.", |source| {
        u64::from(source.status.phase() == Phase::Following)
    });
    gauge("sources_failed", "Sources that cannot go on.", |source| {
        u64::from(source.status.phase() == Phase::Failed)
    });
    gauge("sources_seen", "Records that sources heard.", |source| source.status.counts().seen);
    gauge("sources_published", "Items that sources published.", |source| {
        source.status.counts().published
    });
    gauge("sources_dropped", "Records that sources did not show.", |source| {
        source.status.counts().all_dropped()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_is_begun_is_done_also_if_nobody_waits_for_it() {
        let (go, gone) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let mut work = Box::pin(to_its_end(async move {
            let _ = gone.await;
            Ok(done.send(()))
        }));
        assert!(work.as_mut().now_or_never().is_none());
        drop(work);
        go.send(()).unwrap();
        is_done.await.unwrap();
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told() {
        let work = async { if true { panic!("as a test wants it") } else { Ok(()) } };
        assert_eq!(to_its_end(work).await.unwrap_err().code, Code::Internal);
    }
}
