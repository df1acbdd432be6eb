//! The handles that everything shares, and how they are tied together.

use crate::assets::Assets;
use crate::auth::users::{self, Users};
use crate::auth::{self, Auth, DrawnCredentials};
use crate::buttons;
use crate::clock;
use crate::command;
use crate::config::{Limits, Serve};
use crate::db::{Db, DbError};
use crate::engine::Engine;
use crate::epochs;
use crate::http::cors::Origins;
use crate::hub::Hub;
use crate::limiter::Rates;
use crate::log::{Follower, Log, Room};
use crate::metrics::Metrics;
use crate::policy::Openness;
use crate::pushes::{self, PushNames};
use crate::record::Record;
use crate::settings;
use crate::stage::Stages;
use crate::stage::leases::Terms;
use crate::uploads::Uploads;
use crate::watch::Watchers;
use anyhow::Context;
use nowcast_shared::id::RoomName;
use nowcast_shared::offset::Offset;
use std::fs::File;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// How long lies between two announcements of who came and left, at least.
const PACE: Duration = Duration::from_secs(1);

/// How long it takes until is looked again for what rooms no longer keep, if nobody says that they
/// are to keep less.
const TRIM: Duration = Duration::from_secs(10);

/// How long the answers to idempotent requests are kept, in milliseconds.
const ANSWER_LIFE: i64 = 24 * 3600 * 1000;

/// The server's state; a clone is another handle to the same.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// A handle that does not keep the server alive: for what works on its own beside it.
#[derive(Clone)]
pub struct WeakApp(Weak<Parts>);

impl WeakApp {
    /// The server, if it is still there.
    pub fn upgrade(&self) -> Option<App> {
        self.0.upgrade().map(App)
    }
}

/// How far `--open` reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It was not given.
    Nowhere,
    /// Given once: whoever is on this machine.
    Loopback,
    /// Given twice: anybody, on pages of any site.
    Everywhere,
}

/// What [`App`] leads to.
pub struct Parts {
    /// What happened, kept.
    pub log: Log,
    /// Who is connected.
    pub hub: Arc<Hub>,
    /// Who holds which piece.
    pub stages: Arc<Stages>,
    /// Who is who.
    pub auth: Auth,
    /// What user tokens are held against.
    pub users: Users,
    /// Until which name pushes may be named without asking.
    pub push_names: PushNames,
    /// The database, for what is not the log's: display buttons.
    pub db: Db,
    /// Uploaded pictures.
    pub uploads: Uploads,
    /// The pages' files.
    pub assets: Assets,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Sizes and rates.
    pub limits: Limits,
    /// How fast pages may send commands over HTTP.
    pub rates: Rates,
    /// How often others are told that somebody is writing.
    pub typing: Rates,
    /// Whether credentials count.
    pub open: Openness,
    /// Whether `X-Forwarded-For` counts.
    pub trust_proxy: bool,
    /// Whose pages may read what is answered.
    pub origins: Origins,
    /// How far `--open` reaches.
    reach: Reach,
    /// Who watches who comes and goes.
    pub watchers: Watchers,
    /// Who follows the logs beside the hub.
    followers: Followers,
    /// What is served beside the core.
    offered: RwLock<Vec<&'static str>>,
    /// Turns true when the server begins to stop.
    pub stopping: watch::Sender<bool>,
    /// Held as long as this server works on the folder.
    _lock: File,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Drop for Parts {
    /// Nobody can reach the server any more, so its threads end.
    fn drop(&mut self) {
        self.hub.wake();
        self.stages.wake();
    }
}

impl App {
    /// Opens the data folder, which is made if it is not there, and starts what works on its own.
    ///
    /// # Errors
    /// If the folder cannot be used, or another server works on it.
    pub async fn open(
        folder: &Path,
        config: &Serve,
    ) -> anyhow::Result<(Self, Option<DrawnCredentials>)> {
        let shards = config.shards.map_or_else(cores, usize::from);
        let engine = Engine::new(shards).context("The delivery threads cannot be made")?;
        Self::open_with(folder, config, engine).await
    }

    /// The same, with this engine.
    pub(crate) async fn open_with(
        folder: &Path,
        config: &Serve,
        engine: Engine,
    ) -> anyhow::Result<(Self, Option<DrawnCredentials>)> {
        let lock = claim(folder)?;
        // What may fail comes before the first credentials, which are shown only once.
        let uploads = Uploads::open(folder, config.limits.max_upload)
            .with_context(|| format!("{} cannot be used", folder.join("uploads").display()))?;
        let assets = Assets::open(config.assets.as_deref())?;
        let db = Db::open(folder).with_context(|| {
            format!("The database {} cannot be used", folder.join("nowcast.db").display())
        })?;
        epochs::begin(&db, config.durability).await?;
        let drawn =
            auth::first_run(&db, config.admin_password.as_deref(), config.publish_token.as_deref())
                .await?;
        let users = Users::load(&db, &config.user_keys).await?;
        let grace = Duration::from_millis(config.presence_grace);
        let hub = Arc::new(Hub::new(engine.mailboxes(), grace));
        let push_names = PushNames::load(&db).await?;
        hub.push_after(push_names.before());
        let metrics = Arc::new(Metrics::default());
        let followers = Followers::default();
        let follower = Arc::new(FanOut {
            hub: Arc::clone(&hub),
            metrics: Arc::clone(&metrics),
            others: Arc::clone(&followers),
        });
        let log = Log::new(db.clone(), config.keep_events, config.limits.tail, follower);
        let (main, _) = log.create(&RoomName::main(), "Nowcast").await?;
        if drawn.is_some() {
            buttons::make_examples(&db, main.id()).await?;
        }
        let Limits { lease, move_rate, move_burst, .. } = config.limits;
        let terms = Terms {
            life: Duration::from_millis(lease),
            each: Duration::from_secs(1) / move_rate.max(1),
            burst: move_burst,
        };
        let stages = Stages::new(Arc::clone(&hub), terms);
        let parts = Parts {
            log,
            stages: Arc::new(stages),
            hub,
            auth: Auth::load(db.clone()).await?,
            users,
            push_names,
            uploads,
            assets,
            metrics,
            db,
            limits: config.limits.clone(),
            rates: Rates::new(config.limits.command_rate, config.limits.command_burst),
            typing: Rates::new(1, 1),
            open: if config.open > 0 { Openness::Open } else { Openness::Closed },
            reach: match config.open {
                0 => Reach::Nowhere,
                1 => Reach::Loopback,
                _ => Reach::Everywhere,
            },
            origins: Origins::new(&config.allow_origin),
            trust_proxy: config.trust_proxy,
            watchers: Watchers::default(),
            followers,
            offered: RwLock::default(),
            stopping: watch::Sender::new(false),
            _lock: lock,
        };
        let app = Self(Arc::new(parts));
        engine
            .start(&app.downgrade(), config.limits.outbox)
            .context("The delivery threads cannot be started")?;
        tokio::spawn(announce(Arc::downgrade(&app.0)));
        tokio::spawn(settle(Arc::downgrade(&app.0)));
        tokio::spawn(tidy(Arc::downgrade(&app.0)));
        let idle = Duration::from_secs(config.room_idle);
        tokio::spawn(evict(Arc::downgrade(&app.0), idle));
        Ok((app, drawn))
    }

    /// Begins to let go of what rooms no longer keep, now that everybody has said what they need.
    pub fn begin_to_trim(&self) {
        tokio::spawn(trim(Arc::downgrade(&self.0)));
    }

    /// Keeps what is queued; nothing can be written afterwards.
    pub async fn close(&self) {
        if let Err(error) = epochs::ended_well(&self.db).await {
            tracing::warn!(%error, "the end could not be noted");
        }
        self.db.close().await;
    }

    /// From now on this is handed each event too, after the hub.
    pub fn follow(&self, follower: Arc<dyn Follower>) {
        self.followers.write().unwrap_or_else(PoisonError::into_inner).push(follower);
    }

    /// From now on pages are told that this is served too: what is not, they do not lead to.
    pub fn offer(&self, name: &'static str) {
        self.offered.write().unwrap_or_else(PoisonError::into_inner).push(name);
    }

    /// What is served beside the core, by the names that it goes by.
    pub fn offered(&self) -> Vec<&'static str> {
        self.offered.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A handle that does not keep the server alive.
    pub fn downgrade(&self) -> WeakApp {
        WeakApp(Arc::downgrade(&self.0))
    }

    /// How far `--open` reaches.
    pub fn openness(&self) -> Reach {
        self.reach
    }

    /// Whether the server runs with `--open`.
    pub fn is_open(&self) -> bool {
        self.open == Openness::Open
    }
}

/// Who follows the logs beside the hub: features. They hold no handle to the server.
type Followers = Arc<RwLock<Vec<Arc<dyn Follower>>>>;

/// Hands the log's events to the hub, then to the others.
struct FanOut {
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
    others: Followers,
}

impl FanOut {
    fn tell(&self, tell: impl Fn(&Arc<dyn Follower>)) {
        self.others.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(tell);
    }
}

impl Follower for FanOut {
    fn followed(&self, room: &Arc<Room>, record: &Arc<Record>) {
        self.metrics.events.add(1);
        self.hub.deliver(room.id(), record);
        self.tell(|other| other.followed(room, record));
    }

    fn gathered(&self) {
        self.hub.flush();
        self.tell(|other| other.gathered());
    }

    fn let_go(&self, room: i64, before: Offset) {
        self.tell(|other| other.let_go(room, before));
    }
}

/// Makes a folder that only this user can look into, if there is none.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the folder and takes it for this process.
pub fn claim(folder: &Path) -> anyhow::Result<File> {
    private_folder(folder)
        .with_context(|| format!("The data folder {} cannot be made", folder.display()))?;
    let path = folder.join("nowcast.lock");
    let lock = File::create(&path)
        .with_context(|| format!("The data folder {} cannot be written", folder.display()))?;
    lock.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => anyhow::anyhow!(
            "Another Nowcast works on the data folder {}. Stop it, or use another with --data DIR.",
            folder.display()
        ),
        std::fs::TryLockError::Error(error) => error.into(),
    })?;
    Ok(lock)
}

/// Tells pages who came and left, at most once a second, the first at once.
async fn announce(app: Weak<Parts>) {
    // Until somebody comes there is nobody to wait for.
    let mut rest = Duration::MAX;
    loop {
        let Some(hub) = app.upgrade().map(|app| Arc::clone(&app.hub)) else { return };
        let _ = tokio::time::timeout(rest, hub.changed()).await;
        let next = hub.tick();
        drop(hub);
        tokio::time::sleep(PACE).await;
        rest = next.map_or(Duration::MAX, |next| next.saturating_sub(PACE));
    }
}

/// Lets go of rooms that nobody has used for `idle`, or up to twice as long, and of those who were
/// there.
async fn evict(app: Weak<Parts>, idle: Duration) {
    loop {
        tokio::time::sleep(idle).await;
        let Some(app) = app.upgrade() else { return };
        let gone = app.log.evict();
        app.rates.forget();
        app.typing.forget();
        if gone > 0 {
            tracing::debug!(rooms = gone, "let go of");
        }
    }
}

/// Tells and ends what is due on the stages.
async fn settle(app: Weak<Parts>) {
    loop {
        let Some(stages) = app.upgrade().map(|app| Arc::clone(&app.stages)) else { return };
        stages.ripe().await;
        drop(stages);
        let Some(app) = app.upgrade().map(App) else { return };
        app.stages.due().into_iter().for_each(|left| command::settle(&app, left));
    }
}

/// Lets go of what rooms no longer keep of their past.
async fn trim(app: Weak<Parts>) {
    loop {
        let Some(app) = app.upgrade() else { return };
        match app.log.trim().await {
            Ok(()) => {}
            Err(DbError::Closed) => return,
            Err(error) => tracing::warn!(%error, "what rooms no longer keep could not go yet"),
        }
        let less = app.log.less();
        drop(app);
        let _ = tokio::time::timeout(TRIM, less.notified()).await;
    }
}

/// Lets go of what nobody will come back for.
async fn tidy(app: Weak<Parts>) {
    let mut hours = tokio::time::interval(Duration::from_hours(1));
    loop {
        hours.tick().await;
        let Some(app) = app.upgrade() else { return };
        let slow = 1000 * i64::from(settings::MAX_SLOW);
        if let Err(error) = app.log.forget_spoke(clock::now() - slow).await {
            tracing::warn!(%error, "when people spoke could not be forgotten");
        }
        if let Err(error) = app.log.forget_mutes().await {
            tracing::warn!(%error, "mutes that are over could not be forgotten");
        }
        if let Err(error) = app.log.forget_answers(clock::now() - ANSWER_LIFE).await {
            tracing::warn!(%error, "old answers could not be forgotten");
        }
        if let Err(error) = pushes::tidy(&app.db, &app.hub).await {
            tracing::warn!(%error, "old pushes could not be forgotten");
        }
        if let Err(error) = users::forget_used(&app.db).await {
            tracing::warn!(%error, "used tokens could not be forgotten");
        }
    }
}

/// How many cores this process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
