//! What happened in a room, counted: of its log, and of who came.
//!
//! - [`count`]: reads what is new of the logs beside the writer. An event is a [`happening`], of
//!   which the [`text`] and the [`emoji`] count too; many of them make a [`tally`]. That is kept in
//!   the [`tables`] as [`list`]s of names by [`bucket`]s of time, of which small ones are rolled up
//!   to larger ones ([`rollup`]). [`forget`]: what is too old goes.
//! - [`read`]: what came of it in a span, each question by a few lists that are added up.
//!   [`figures`]: all answers together.
//! - [`questions`]: each by itself, to be measured.
//! - [`http`]: what is answered to programs; [`csv`]: a table for other programs.
//! - [`report`]: the page, with charts. [`calendar`]: times as people read them.
//! - [`visits`]: who came; [`viewers`]: what of that is answered.

mod bucket;
mod calendar;
mod count;
mod csv;
mod emoji;
mod figures;
mod forget;
mod happening;
mod http;
mod list;
pub mod questions;
mod read;
mod report;
mod rollup;
mod tables;
mod tally;
mod text;
mod viewers;

pub mod visits;

use crate::app::App;
use crate::db::DbError;
use crate::log::{Follower, Room};
use crate::record::Record;
use axum::routing::get;
use axum::{Extension, Router};
use clap::Args;
use nowcast_shared::offset::Offset;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, watch};

pub use tables::PART;

/// Flags of what is counted.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Flags {
    /// Counts nothing: no statistics are collected.
    #[arg(long, env = "NOWCAST_NO_STATISTICS")]
    pub no_statistics: bool,
}

/// What counting and reading share; a clone is another handle to the same.
#[derive(Clone)]
struct Stats {
    /// Changes when there is something new in any log.
    happened: watch::Receiver<()>,
    /// Up to where each room's log is counted: what is not has to stay in the log.
    positions: Arc<RwLock<HashMap<i64, i64>>>,
    /// Held by whoever changes what is counted.
    alone: Arc<Mutex<()>>,
    /// Whether anything is counted.
    collects: bool,
}

impl Stats {
    /// Tells of what is new from now on.
    fn news(&self) -> watch::Receiver<()> {
        let mut news = self.happened.clone();
        news.mark_unchanged();
        news
    }

    /// A room is counted up to there.
    fn counted(&self, room: i64, offset: i64) {
        let mut positions = self.positions.write().unwrap_or_else(PoisonError::into_inner);
        positions.insert(room, offset);
    }

    /// Does something while nobody else changes what is counted.
    async fn alone<T>(&self, work: impl AsyncFnOnce() -> Result<T, DbError>) -> Result<T, DbError> {
        let _alone = self.alone.lock().await;
        work().await
    }
}

/// Rings when there is something new in a log.
struct Bell {
    rang: AtomicBool,
    happened: watch::Sender<()>,
}

impl Follower for Bell {
    fn followed(&self, _: &Arc<Room>, _: &Arc<Record>) {
        self.rang.store(true, Ordering::Relaxed);
    }

    fn gathered(&self) {
        if self.rang.swap(false, Ordering::Relaxed) {
            self.happened.send_replace(());
        }
    }
}

/// Starts counting; the addresses where it is read.
///
/// # Errors
/// If what is counted already cannot be read.
pub async fn start(app: &App, flags: &Flags, grace: u64) -> anyhow::Result<Router<App>> {
    let collects = !flags.no_statistics;
    tables::prepare(&app.db).await?;
    count::pause(&app.db, !collects).await?;
    let happened = watch::Sender::new(());
    let positions = Arc::new(RwLock::new(count::positions(&app.db).await?));
    let needed = Arc::clone(&positions);
    let stats =
        Stats { happened: happened.subscribe(), positions, alone: Arc::default(), collects };
    if collects {
        app.log.need(Box::new(move |room| {
            let positions = needed.read().unwrap_or_else(PoisonError::into_inner);
            let next = positions.get(&room).map_or(1, |counted| counted + 1);
            u64::try_from(next).ok().map(Offset)
        }));
        app.follow(Arc::new(Bell { rang: AtomicBool::new(false), happened }));
        count::begin(app, &stats);
        forget::begin(app, &stats);
    }
    let router = Router::new()
        .route("/api/rooms/{room}/stats", get(http::show))
        .route("/api/rooms/{room}/stats/{table}", get(http::table))
        .route("/statistics", get(report::main))
        .route("/r/{room}/statistics", get(report::of))
        .layer(Extension(stats));
    let visits = visits::start(app, Duration::from_millis(grace), collects).await?;
    Ok(router.merge(visits))
}

#[cfg(test)]
mod tests;
