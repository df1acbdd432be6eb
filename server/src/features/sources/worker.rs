//! What is done with what a source hears: sifted, checked, published or put into the queue, counted,
//! and noted how far it came.
//!
//! A batch is published as one: its items are queued together, so that they share commits. Only what
//! was dealt with is noted as done; what comes twice after a crash is known by its name.

use super::Source;
use super::follow::{FollowState, Heard, Listener};
use super::queue::{self, Hold, Outcome};
use super::reason::Reason;
use super::repeats::Name;
use super::sieve::Sieve;
use super::status::Phase;
use super::tables::{self, Progress};
use crate::app::{App, WeakApp};
use crate::db::{Db, DbError};
use crate::error::Problem;
use crate::item::{self, Content};
use crate::log::{AppendError, Change, Draft, Once, Room};
use futures_util::future::join_all;
use nowcast_shared::error::Code;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How often it is noted how far a source came that publishes nothing.
const PACE: Duration = Duration::from_secs(1);
/// How long to wait until the store is asked again that took nothing.
const AGAIN: Duration = Duration::from_secs(1);
/// After how many records others may have the thread.
const TURN: usize = 32;
/// After how many new names the oldest are forgotten.
const MANY: usize = 1000;

/// What became of some records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Published.
    pub(super) published: u64,
    /// Waiting for approval.
    pub(super) held: u64,
    /// Neither.
    pub(super) dropped: u64,
}

/// Works for one source.
pub(super) struct Worker {
    app: WeakApp,
    db: Db,
    source: Arc<Source>,
    sieve: Sieve,
    progress: Progress,
    noted: Instant,
    names: usize,
    /// Told when there is no going on.
    over: Arc<Notify>,
}

/// A record that is to be shown.
struct Passed {
    content: Content,
    name: Option<Name>,
}

/// Why there is no going on.
#[derive(Debug)]
pub(super) enum Over {
    /// The server ends.
    Ending,
    /// The source failed, as its state says.
    Failed,
}

impl Worker {
    /// For this source, where it was.
    pub(super) fn new(
        app: WeakApp,
        db: Db,
        source: Arc<Source>,
        sieve: Sieve,
        over: Arc<Notify>,
    ) -> Self {
        let noted = Instant::now();
        Self { app, db, source, sieve, progress: Progress::default(), noted, names: 0, over }
    }

    /// Deals with these records. Each may have a name beside what it says.
    pub(super) async fn take(
        &mut self,
        records: &[(Value, Option<String>)],
    ) -> Result<Tally, Over> {
        let app = self.app.upgrade().ok_or(Over::Ending)?;
        let room = self.room(&app).await?;
        let mut passed = Vec::new();
        let mut dropped = 0;
        for (place, (record, id)) in records.iter().enumerate() {
            match self.sift(&app, record, id.as_deref()).await {
                Ok(one) => passed.push(one),
                Err(reason) => {
                    dropped += 1;
                    self.source.status.count(|counts| counts.drop(reason, 1));
                }
            }
            if place % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
        }
        let mut tally = if passed.is_empty() {
            Tally::default()
        } else if self.source.settings.approval {
            self.hold(&app, &room, passed).await?
        } else {
            self.publish(&app, &room, passed).await?
        };
        tally.dropped += dropped;
        let is_due = self.noted.elapsed() >= PACE;
        if is_due || tally.published + tally.held > 0 {
            self.note().await;
        }
        Ok(tally)
    }

    /// The room, as long as there is one.
    async fn room(&self, app: &App) -> Result<Arc<Room>, Over> {
        let name = &self.source.settings.room;
        loop {
            match app.log.room(name).await {
                Ok(Some(room)) => return Ok(room),
                Ok(None) => {
                    self.source.status.fail(&no_room(name.as_str()));
                    return Err(Over::Failed);
                }
                Err(error) => self.wait(&error).await?,
            }
        }
    }

    async fn sift(
        &mut self,
        app: &App,
        record: &Value,
        id: Option<&str>,
    ) -> Result<Passed, Reason> {
        let now = Instant::now();
        let sifted = self.sieve.sift(record, id, now);
        let said = sifted.as_ref().ok().and_then(|sifted| sifted.mapped.at);
        self.source.status.hear(1, said);
        let mut sifted = sifted?;
        let item = std::mem::replace(&mut sifted.mapped.item.data, Value::Null);
        let kind = sifted.mapped.item.kind.clone();
        let new = nowcast_shared::item::NewItem { kind, data: item };
        let content =
            item::check(new, app.limits.max_item).await.map_err(|problem| refused(&problem))?;
        self.sieve.note(&mut sifted, now);
        Ok(Passed { content, name: sifted.name })
    }

    /// Publishes these in their order. What the store does not take is tried again until it does:
    /// nothing more is read meanwhile.
    async fn publish(
        &mut self,
        app: &App,
        room: &Arc<Room>,
        passed: Vec<Passed>,
    ) -> Result<Tally, Over> {
        let by = queue::author(app, &self.source.id, &self.source.settings.name);
        let owner = queue::owner(&self.source.id);
        let mut tally = Tally::default();
        let mut refused = 0;
        let mut left = passed;
        loop {
            let appends = left.iter().map(|Passed { content, name }| {
                let Content { kind, data, html } = content;
                let change =
                    Change::Publish { kind: kind.clone(), data: data.clone(), html: html.clone() };
                let once = name.map(|name| Once {
                    actor: owner.clone(),
                    key: format!("outside:{}", crate::hex(&name)),
                    // The first that was said under a name is what is shown.
                    fingerprint: [0; 32],
                });
                let draft = Draft { by: by.clone(), owner: owner.clone(), change, once };
                app.log.append(room, draft)
            });
            let outcomes = join_all(appends).await;
            let mut again = Vec::new();
            let mut why = None;
            for (one, outcome) in left.into_iter().zip(outcomes) {
                match outcome {
                    Ok(appended) if appended.repeated => tally.dropped += 1,
                    Ok(_) => tally.published += 1,
                    Err(AppendError::Db(error)) => {
                        why = Some(error);
                        again.push(one);
                        continue;
                    }
                    Err(_) => refused += 1,
                }
                self.progress.names.extend(one.name);
            }
            let Some(error) = why else { break };
            left = again;
            self.wait(&error).await?;
        }
        self.source.status.count(|counts| {
            counts.published += tally.published;
            counts.drop(Reason::Repeat, tally.dropped);
            counts.drop(Reason::Refused, refused);
        });
        tally.dropped += refused;
        Ok(tally)
    }

    /// Puts these into the queue.
    async fn hold(
        &mut self,
        app: &App,
        room: &Arc<Room>,
        passed: Vec<Passed>,
    ) -> Result<Tally, Over> {
        let (id, title) = (&self.source.id, &self.source.settings.name);
        let copy = |one: &Passed| {
            let Content { kind, data, html } = &one.content;
            let content = Content { kind: kind.clone(), data: data.clone(), html: html.clone() };
            Hold { content, name: one.name }
        };
        let Outcome { waiting, full, repeated } = loop {
            match queue::hold(app, room, id, title, passed.iter().map(copy).collect()).await {
                Ok(outcome) => break outcome,
                Err(error) => self.wait(&error).await?,
            }
        };
        self.source.status.count(|counts| {
            counts.held += waiting;
            counts.drop(Reason::Queue, full);
            counts.drop(Reason::Repeat, repeated);
        });
        self.names += passed.len();
        Ok(Tally { published: 0, held: waiting, dropped: full + repeated })
    }

    /// The store took nothing. Whoever is heard waits with us.
    async fn wait(&self, error: &DbError) -> Result<(), Over> {
        if matches!(error, DbError::Closed) {
            return Err(Over::Ending);
        }
        let phase = self.source.status.phase();
        let problem = Problem::from(error.clone());
        self.source.status.wait(None, &problem.detail);
        tokio::time::sleep(AGAIN).await;
        self.source.status.turn(phase);
        Ok(())
    }

    /// Notes how far it came. What cannot be noted now is noted the next time.
    pub(super) async fn note(&mut self) {
        self.noted = Instant::now();
        self.names += self.progress.names.len();
        self.progress.forget = self.names >= MANY;
        self.progress.counts = self.source.status.counts();
        match tables::note(&self.db, &self.source.id, self.progress.clone()).await {
            Ok(()) => {
                self.names = if self.progress.forget { 0 } else { self.names };
                self.progress = Progress::default();
            }
            Err(error) => {
                tracing::warn!(source = %self.source.id, %error, "how far a source came was not noted");
                self.names -= self.progress.names.len();
                let most = super::repeats::MOST_NAMES;
                let over = self.progress.names.len().saturating_sub(most);
                self.progress.names.drain(..over);
            }
        }
    }
}

/// The room of a source is not there.
pub(super) fn no_room(name: &str) -> String {
    format!("There is no room called {name}.")
}

/// The reason of an item that cannot be made.
pub(super) fn refused(problem: &Problem) -> Reason {
    if problem.code == Code::BadItem { Reason::Unmapped } else { Reason::Refused }
}

impl Listener for Worker {
    async fn heard(&mut self, batch: Vec<Heard>) {
        // Whoever wants it to stop waits until the batch is dealt with.
        let source = Arc::clone(&self.source);
        let busy = source.busy.lock().await;
        let cursor = batch.iter().rev().find_map(|heard| heard.cursor.clone());
        let records: Vec<_> = batch.into_iter().map(|heard| (heard.json, None)).collect();
        // Before it is noted, and only if all of it is dealt with.
        let before = self.progress.cursor.take();
        self.progress.cursor = cursor.or(before.clone());
        if self.take(&records).await.is_err() {
            self.progress.cursor = before;
            drop(busy);
            self.over.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn malformed(&mut self, count: u64) {
        self.source.status.malformed(count);
    }

    async fn state(&mut self, state: FollowState) {
        let status = &self.source.status;
        match state {
            FollowState::Connecting => status.turn(Phase::Connecting),
            FollowState::Following => status.turn(Phase::Following),
            FollowState::Waiting { until_ms, why } => {
                status.wait(Some(until_ms), &why);
                self.note().await;
            }
            FollowState::Failed { why } => status.fail(&why),
        }
    }
}
