//! What older real-time pages ask (`--compat`): a few plain addresses, for the room `main` alone.
//!
//! - [`feed`]: `GET /real_time_feed` waits for items, `POST /send_feed_item` publishes one.
//! - [`chat`]: `/chat` waits for lines, or says one.
//! - [`push`]: `POST /push` and `POST /`, something for one user.
//! - [`request`]: tokens in all the places where such pages and programs put them.
//! - [`backlog`]: the newest items as such pages read them, each with a time stamp of its own, in
//!   memory; [`stamps`] are kept, so that an item has the same one for good. [`lines`]: the newest
//!   lines of the chat, and which name has had which.
//! - [`follow`]: from the log to these.

mod backlog;
mod chat;
mod feed;
mod follow;
mod lines;
mod push;
mod request;
mod stamps;

use crate::app::App;
use crate::error::Problem;
use crate::log::Room;
use anyhow::Context;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use backlog::Backlog;
use clap::Args;
use lines::Lines;
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use nowcast_shared::offset::Offset;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// How many of the newest items there are if nobody says so.
const ITEMS: usize = 200;

/// The most that can be asked for.
const MOST_ITEMS: u64 = 10_000;

/// What that setting is called where it comes from an older page's own.
const VARIABLE: &str = "ITEMS_BACKLOG";

/// How many requests may wait at once.
const WAITING: usize = 20_000;

/// For how long a request waits for what is kept already to be in memory here.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Flags of the addresses that older real-time pages ask.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Flags {
    /// Answers what older real-time pages ask, at `/real_time_feed`, `/send_feed_item`, `/chat` and
    /// `/push`, for the room main.
    #[arg(long, env = "NOWCAST_COMPAT")]
    pub compat: bool,

    /// How many of the newest items such pages can get; also by the variable `ITEMS_BACKLOG`
    /// [default: 200].
    #[arg(long, env = "NOWCAST_ITEMS_BACKLOG", value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_ITEMS))]
    pub items_backlog: Option<u64>,

    /// How long such a page's request waits for an item, in seconds. Proxies in between must wait
    /// longer.
    #[arg(long, env = "NOWCAST_FEED_WAIT", default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub feed_wait: u64,
}

impl Flags {
    /// The flag, else the variable that older pages have.
    fn items(&self) -> anyhow::Result<usize> {
        let items = match (self.items_backlog, std::env::var_os(VARIABLE)) {
            (Some(items), _) => Some(items),
            (None, Some(text)) if !text.is_empty() => {
                let items = text.to_str().and_then(|text| text.trim().parse().ok());
                let items = items.filter(|items| (1..=MOST_ITEMS).contains(items));
                let wrong = || format!("{VARIABLE} must be a number from 1 to {MOST_ITEMS}");
                Some(items.with_context(wrong)?)
            }
            (None, _) => None,
        };
        Ok(items.map_or(ITEMS, |items| usize::try_from(items).unwrap_or(usize::MAX)))
    }
}

/// What these addresses share.
struct Compat {
    /// `main`.
    room: Arc<Room>,
    backlog: Mutex<Backlog>,
    lines: Mutex<Lines>,
    /// Up to where the log is in memory here.
    followed: watch::Sender<Offset>,
    /// Changes with a new item.
    shown: watch::Sender<()>,
    /// Changes with a new line.
    spoken: watch::Sender<()>,
    /// One for each request that may wait.
    waiting: Semaphore,
    /// How long a request for items waits.
    wait: Duration,
}

/// The addresses, when what they answer from is there.
///
/// # Errors
/// If the flags make no sense or the database cannot be used.
pub async fn start(app: &App, flags: &Flags) -> anyhow::Result<Router<App>> {
    Ok(addresses(Compat::new(app, flags).await?))
}

fn addresses(compat: Arc<Compat>) -> Router<App> {
    Router::new()
        .route("/real_time_feed", get(feed::items))
        .route("/send_feed_item", post(feed::publish))
        .route("/chat", get(chat::chat).post(chat::chat))
        .route("/push", post(push::push))
        .route("/", post(push::push))
        .layer(Extension(compat))
}

impl Compat {
    /// Nothing yet, and up to nothing that happened by now.
    async fn empty(app: &App, flags: &Flags) -> anyhow::Result<Self> {
        let name = RoomName::main();
        let room = app.log.room(&name).await?.context("There is no room main")?;
        Ok(Self {
            followed: watch::Sender::new(room.head()),
            room,
            backlog: Mutex::new(Backlog::new(flags.items()?)),
            lines: Mutex::default(),
            shown: watch::Sender::new(()),
            spoken: watch::Sender::new(()),
            waiting: Semaphore::new(WAITING),
            wait: Duration::from_secs(flags.feed_wait),
        })
    }

    /// All that there is by now, and what comes.
    async fn new(app: &App, flags: &Flags) -> anyhow::Result<Arc<Self>> {
        let compat = Arc::new(Self::empty(app, flags).await?);
        follow::begin(app, &compat).await?;
        let measured = Arc::clone(&compat);
        app.metrics.gauge("compat_waiting", "Requests of older pages that wait.", move || {
            WAITING.saturating_sub(measured.waiting.available_permits())
        });
        Ok(compat)
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when all that was acknowledged before is in memory here, and up to where that is.
    /// Where the store fails, what is there has to do: nothing is lost by that, only later.
    async fn catch_up(&self) -> Offset {
        let head = self.room.head();
        let mut followed = self.followed.subscribe();
        let there = followed.wait_for(|followed| *followed >= head);
        let _ = tokio::time::timeout(CATCH_UP, there).await;
        head
    }

    /// The right to wait.
    fn may_wait(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.waiting.try_acquire().map_err(|_| {
            let detail = "Too many requests wait here already. Try again in a moment.";
            Problem::new(Code::Unavailable, detail).retry_after(5)
        })
    }
}

/// An answer that nobody keeps.
fn answer(kind: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use axum::body::Body;
    use axum::extract::Request;
    use clap::Parser;
    use tower_service::Service;

    /// The status of a request while so many others wait.
    async fn status(others: u32, path: &str) -> u16 {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["nowcast", "--shards", "1", "--compat", "--feed-wait", "1"];
        let config = Config::parse_from(arguments).serve;
        let (app, _) = App::open(folder.path(), &config).await.unwrap();
        let compat = Compat::new(&app, &config.features.compat).await.unwrap();
        let waiting = compat.waiting.acquire_many(others).await.unwrap();
        let mut router = addresses(Arc::clone(&compat)).with_state(app.clone());
        let request = Request::get(path).body(Body::empty()).unwrap();
        let status = router.call(request).await.unwrap().status().as_u16();
        drop(waiting);
        assert_eq!(compat.waiting.available_permits(), WAITING, "nobody waits any more");
        status
    }

    #[tokio::test]
    async fn so_many_requests_wait_and_no_more() {
        let most = u32::try_from(WAITING).unwrap();
        for path in ["/real_time_feed", "/chat?name=Ana"] {
            assert_eq!(status(most - 1, path).await, 200);
            assert_eq!(status(most, path).await, 503);
        }
    }
}
