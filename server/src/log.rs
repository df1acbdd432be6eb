//! The log: a room's events in order, kept before anybody sees them.
//!
//! [`Log::append`] keeps a change and answers with its offset; whoever follows the log is handed
//! each event after its commit, in offset order. [`Log::read`] and [`Log::snapshot`] serve pages
//! that join, from memory where they can.
//!
//! - `append`: keeping a change, and by `answers` a repeated one once. What an event does to the
//!   projections: `apply`, with `stage`, `variables`, `chat` and `held`; beside the log: `door`.
//! - `keeping`: how much of its past a room keeps; `trim`: letting go of the rest.
//! - `past`: events read again; `archive`: a log as lines, out and in; `verify`: whether the
//!   projections are what the log makes of them.
//! - `rooms`: which rooms are in memory; `room`: what of each is; `row`: as the database has them.
//! - `read` and `snapshot`: what pages are given.

mod answers;
mod append;
mod apply;
pub mod archive;
mod chat;
mod door;
mod held;
mod keeping;
mod past;
mod read;
mod room;
mod rooms;
mod row;
mod snapshot;
mod stage;
mod trim;
mod variables;
pub mod verify;

pub use answers::Once;
pub use append::{AppendError, Appended, Change, Draft};
pub use chat::{ChatChange, SaidHead};
pub use door::{FOR_GOOD, Kind, Sanction, Sanctions};
pub use held::{Held, Hold};
pub use keeping::{Keeping, Kept};
pub use read::{ItemHead, ReadError};
pub use room::Room;
pub use row::Listed;
pub use snapshot::Snapshot;
pub use stage::{Spot, StageChange};
pub use variables::{Expect, VariableChange};

use crate::db::{Db, DbError};
use crate::record::Record;
use nowcast_shared::offset::Offset;
use rooms::Rooms;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Mutex, Notify};

/// Is handed each event after its commit, in offset order, on the writer's thread: must not block.
pub trait Follower: Send + Sync {
    /// This event is kept.
    fn followed(&self, room: &Arc<Room>, record: &Arc<Record>);

    /// Everything of this commit has been handed over, which may be nothing. Those who asked for
    /// it are answered after this.
    fn gathered(&self);

    /// Of the room (by its key), items and words from before this offset are no longer kept.
    fn let_go(&self, _room: i64, _before: Offset) {}
}

/// Says from which event on somebody still needs a room's log (by its key), if from any.
pub type Need = dyn Fn(i64) -> Option<Offset> + Send + Sync;

/// All rooms' logs.
pub struct Log {
    db: Db,
    shared: Arc<Shared>,
    keep: u64,
    tail: usize,
    arranging: Mutex<()>,
    /// Rings when some room is to keep less.
    less: Arc<Notify>,
}

/// What jobs on the writer's thread work with.
struct Shared {
    rooms: RwLock<Rooms>,
    follower: Arc<dyn Follower>,
    needs: RwLock<Vec<Box<Need>>>,
}

impl Shared {
    /// From which event on somebody still needs the room's log.
    fn needed(&self, room: i64) -> Option<Offset> {
        let needs = self.needs.read().unwrap_or_else(PoisonError::into_inner);
        needs.iter().filter_map(|need| need(room)).min()
    }
}

/// Why the room as it is does not allow a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such piece.
    #[error("no such piece")]
    UnknownPiece,
    /// Nobody but an admin may move the piece.
    #[error("the piece is locked")]
    PieceLocked,
    /// Somebody else holds the piece.
    #[error("the piece is held")]
    PieceHeld,
    /// Of the piece nothing would be to be seen.
    #[error("the piece lacks something")]
    IncompletePiece,
    /// There are as many pieces as may be.
    #[error("the stage is full")]
    StageFull,
    /// There is no such variable.
    #[error("no such variable")]
    UnknownVariable,
    /// The variable has another version.
    #[error("another version")]
    VersionMismatch,
    /// There are as many variables, or as much in them, as may be.
    #[error("the variables are full")]
    VariablesFull,
    /// There are no such words.
    #[error("no such words")]
    UnknownSaid,
    /// Whoever says this said something a moment ago, in slow mode.
    #[error("too soon in slow mode")]
    SlowMode {
        /// For how long to wait.
        seconds: u64,
    },
    /// As many words of one owner wait for approval as may.
    #[error("too many words of one owner wait for approval")]
    HeldShare,
    /// As many words wait for approval as may.
    #[error("too many words wait for approval")]
    HeldFull,
}

impl Log {
    /// The logs kept in `db`. `keep` is how many events a room keeps (0: all), `tail` how many
    /// bytes of the newest stay in memory for each room.
    pub fn new(db: Db, keep: u64, tail: usize, follower: Arc<dyn Follower>) -> Self {
        let told = Arc::clone(&follower);
        db.after_commits(move || told.gathered());
        let (rooms, needs) = (RwLock::default(), RwLock::default());
        let shared = Arc::new(Shared { rooms, follower, needs });
        let (arranging, less) = (Mutex::default(), Arc::new(Notify::new()));
        Self { db, shared, keep, tail, arranging, less }
    }

    /// From now on no event goes that this says is needed: for who reads the log beside the writer
    /// and must have had all of it. Asked on the writer's thread: must not block.
    pub fn need(&self, need: Box<Need>) {
        self.shared.needs.write().unwrap_or_else(PoisonError::into_inner).push(need);
    }

    /// Keeps a change and answers where it stands. When this returns, it is committed and the
    /// follower has been handed the event.
    pub async fn append(&self, room: &Arc<Room>, draft: Draft) -> Result<Appended, AppendError> {
        self.queue(room, draft).await?.await
    }

    /// Queues a change; what comes back is ready as [`Self::append`] is. What is queued first is
    /// kept first, and many at once share commits.
    pub async fn queue(
        &self,
        room: &Arc<Room>,
        draft: Draft,
    ) -> Result<impl Future<Output = Result<Appended, AppendError>> + use<>, AppendError> {
        let shared = Arc::clone(&self.shared);
        let (job, answered) = append::Append::new(Arc::clone(room), draft, self.keep, shared);
        self.db.submit(Box::new(job)).await?;
        Ok(async { answered.await.map_err(|_| AppendError::Db(DbError::Closed))? })
    }
}

/// Offsets are stored as SQLite's signed integers; a log does not reach 2^63.
fn as_column(offset: Offset) -> i64 {
    i64::try_from(offset.0).unwrap_or(i64::MAX)
}

fn from_column(column: i64) -> Offset {
    Offset(u64::try_from(column).unwrap_or(0))
}

#[cfg(test)]
mod tests;
