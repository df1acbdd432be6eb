//! Who comes: visits, where they come from, what they click, how long events take to them. Read in
//! this order:
//!
//! - `present`: who is here; joins, leaves, reconnects. `tally`: what was counted and is not kept
//!   yet. `histogram`: how values spread.
//! - `table`: what is kept; `merge`: how it stays small. `clicks`: links that were clicked.
//! - `read`: what was counted, for a span.
//!
//! Pages say what they say to the core's [`Watcher`]; a task keeps the sums once a second. What is
//! kept is numbers: no address of anybody, and no name for longer than a visit.

mod clicks;
mod histogram;
mod merge;
mod present;
mod read;
mod table;
mod tally;

pub use read::{
    At, Count, Latency, Link, Span, Step, Took, Totals, Viewers, latency, links, reconnects,
    totals, viewers, widened,
};

use crate::app::{App, WeakApp};
use crate::clock;
use crate::db::{Db, DbError};
use crate::engine::mailbox::SessionId;
use crate::log::Room;
use crate::watch::{Joined, Watcher};
use axum::routing::post;
use axum::{Extension, Router};
use histogram::BUCKETS;
use present::{Moment, Present};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tally::{Measure, Tally};

/// How long lies between two times that sums are kept.
const PACE: Duration = Duration::from_secs(1);

/// How often is kept that somebody is here, where nothing else is to be kept.
const ALIVE: Duration = Duration::from_secs(20);

/// How often is looked whether minutes are to become hours.
const MERGE: Duration = Duration::from_hours(1);

/// What is counted of who comes.
pub struct Visits {
    present: Mutex<Present>,
    /// How long events took, by room and bucket, since that was looked at last.
    took: Mutex<HashMap<i64, Box<[u32; BUCKETS]>>>,
}

/// Begins to count, unless that is off; the address where clicks are told.
///
/// # Errors
/// If what is counted already cannot be read.
pub async fn start(app: &App, grace: Duration, collects: bool) -> anyhow::Result<Router<App>> {
    table::prepare(&app.db).await?;
    let visits = Arc::new(Visits::new(grace));
    if collects {
        let left = app.db.read(|connection| table::left(connection)).await?;
        if let Some(left) = left {
            visits.present().restore(left.open, &left.quiet, left.alive, now());
        }
        app.watchers.watch(Arc::clone(&visits) as Arc<dyn Watcher>);
        tokio::spawn(keep(app.downgrade(), Arc::clone(&visits)));
    } else {
        app.db.write(table::forget).await?;
    }
    Ok(Router::new()
        .route("/api/rooms/{room}/clicks", post(clicks::click))
        .layer(Extension(visits)))
}

/// Makes the tables, if they are not there.
pub(super) async fn prepare(db: &Db) -> Result<(), DbError> {
    table::prepare(db).await
}

/// What it is now.
fn now() -> Moment {
    Moment { at: clock::now(), instant: Instant::now() }
}

impl Visits {
    fn new(grace: Duration) -> Self {
        Self { present: Mutex::new(Present::new(grace)), took: Mutex::default() }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was counted since the last time, and whether anybody is here.
    fn take(&self, now: Moment) -> (Tally, bool) {
        let took = std::mem::take(&mut *self.took.lock().unwrap_or_else(PoisonError::into_inner));
        let mut present = self.present();
        present.forget(|room| !room.counts(), now.at);
        present.tick(now);
        for (room, buckets) in took {
            for (bucket, count) in (0..).zip(buckets.iter()).filter(|(_, count)| **count > 0) {
                present.tally.value(room, Measure::Latency, now.at, bucket, u64::from(*count));
            }
        }
        (std::mem::take(&mut present.tally), !present.is_empty())
    }

    /// Keeps what was counted; what cannot be kept is for the next time.
    async fn keep(&self, app: &App, tally: Tally, alive: i64) -> Result<(), DbError> {
        let tally = Arc::new(tally);
        let kept = Arc::clone(&tally);
        let written = app.db.write(move |connection| table::keep(connection, &kept, alive)).await;
        if written.is_err()
            && let Some(tally) = Arc::into_inner(tally)
        {
            self.present().tally.take_back(tally);
        }
        written
    }
}

impl Watcher for Visits {
    fn counts(&self, room: &Room) -> bool {
        room.counts()
    }

    fn joined(&self, room: &Arc<Room>, joined: &Joined<'_>) {
        self.present().join(room, joined, now());
    }

    fn left(&self, session: SessionId) {
        self.present().leave(session, now());
    }

    fn delivered(&self, room: &Room, took: Duration) {
        let bucket = histogram::bucket(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let mut all = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets = all.entry(room.id()).or_insert_with(|| Box::new([0; BUCKETS]));
        buckets[usize::from(bucket)] = buckets[usize::from(bucket)].saturating_add(1);
    }
}

/// Keeps what was counted, once a second where there is something, until the server is gone.
async fn keep(app: WeakApp, visits: Arc<Visits>) {
    let (mut kept, mut merged) = (Instant::now(), None::<Instant>);
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let Some(app) = app.upgrade() else { return };
        let moment = now();
        let (tally, anybody) = visits.take(moment);
        if !tally.is_empty() || anybody && kept.elapsed() >= ALIVE {
            kept = moment.instant;
            match visits.keep(&app, tally, moment.at).await {
                Ok(()) => {}
                Err(DbError::Closed) => return,
                Err(error) => tracing::warn!(%error, "what was counted waits for the store"),
            }
        }
        if merged.is_none_or(|at| at.elapsed() >= MERGE) {
            merged = Some(moment.instant);
            // Beside this task, for it may take long where there is much.
            let db = app.db.clone();
            tokio::spawn(async move {
                if let Err(error) = merge::merge(&db, moment.at).await {
                    tracing::warn!(%error, "what was counted long ago could not be summed up");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
