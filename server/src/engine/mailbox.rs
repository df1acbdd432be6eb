//! What the rest of the server tells a shard, and how the shard is woken.

use super::inbox::Inbox;
use super::member::Entrant;
use super::poll::Waiting;
use crate::encoded::Encoded;
use crate::log::{ReadError, Snapshot};
use crate::push_id::PushId;
use crate::record::Record;
use bytes::Bytes;
use mio::{Poll, Token, Waker};
use nowcast_shared::error::Reason;
use nowcast_shared::offset::Offset;
use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Names a session for as long as the server runs.
pub type SessionId = u64;

/// How many bytes of events may wait for a shard that is busy. What comes on top is left to the
/// log: sessions notice that they miss it and read it there.
const MOST: usize = 8 * 1024 * 1024;

/// The token under which a shard's poll reports that it was woken.
pub(super) const WOKEN: Token = Token(usize::MAX);

/// Something for a shard to do.
pub enum Message {
    /// An event for the sessions of a room.
    Event(i64, Arc<Record>),
    /// A signal for the sessions of a room.
    Signal(i64, Arc<Signal>),
    /// Something for one session, which it gets after its welcome.
    Tell(SessionId, Arc<Tell>),
    /// Pushes up to this one are not for who a session is of now.
    Forget(SessionId, PushId),
    /// A session begins.
    Join(Box<Entrant>),
    /// A page polls again.
    Poll(SessionId, Box<Waiting>),
    /// The request of the poll with this number is gone.
    Hung(SessionId, u64),
    /// The other end of a pipe is gone.
    Left(SessionId),
    /// A page behind a bridge says that it leaves.
    Leaves(SessionId),
    /// A pipe that was full is empty.
    Drained(SessionId),
    /// What a stream that is read elsewhere brought. Dropping the sender asks for more.
    Received(SessionId, Vec<u8>, oneshot::Sender<()>),
    /// A command was carried out; the session may go on with the next.
    Answered(SessionId, Box<Inbox>, Option<Bytes>),
    /// Events after an offset, which a session had to have read from the disk.
    Read(SessionId, Offset, Result<Vec<Arc<Record>>, ReadError>),
    /// The snapshot that sessions of a room wait for.
    Snapshot(i64, Option<Arc<Snapshot>>),
    /// A session is to end.
    Close(SessionId, Reason),
    /// All are to end, also those that would still join.
    CloseAll(Reason),
}

/// Something to tell the sessions of a room that is not kept.
pub struct Signal {
    /// What it tells about; a newer one takes the place of one that still waits. Without, each
    /// counts.
    pub key: Option<Cow<'static, str>>,
    /// The frame.
    pub encoded: Encoded,
    /// Of who is here: what it continues.
    pub presence: Option<Presence>,
    /// Whoever caused it is not told.
    pub except: Option<SessionId>,
}

/// What a signal about who is here continues.
pub struct Presence {
    /// Who was told this version or a later one does not need it.
    pub version: u64,
    /// Whoever was told something else than this version before needs the whole.
    pub since: u64,
    /// The frame that tells all of it.
    pub whole: Encoded,
}

/// Something for one session alone.
pub struct Tell {
    /// The frame.
    pub encoded: Encoded,
    /// Of a push: which.
    pub push: Option<PushId>,
}

/// Reaches a shard; clones reach the same.
#[derive(Clone)]
pub struct Mailbox(Arc<Shared>);

struct Shared {
    letters: Mutex<Letters>,
    waker: Waker,
    /// Whether the shard was woken and did not look yet.
    woken: AtomicBool,
}

#[derive(Default)]
struct Letters {
    queue: Vec<Message>,
    /// Of the events in the queue.
    bytes: usize,
    /// Rooms of which events were left out.
    missed: HashSet<i64>,
    /// Whether events were left without waking.
    left: bool,
}

impl Mailbox {
    pub(super) fn new(poll: &Poll) -> io::Result<Self> {
        let waker = Waker::new(poll.registry(), WOKEN)?;
        Ok(Self(Arc::new(Shared {
            letters: Mutex::default(),
            waker,
            woken: AtomicBool::new(false),
        })))
    }

    /// Leaves an event; [`Self::flush`] has to follow. In offset order for each room.
    pub fn leave_event(&self, room: i64, record: &Arc<Record>) {
        let mut letters = self.letters();
        if letters.bytes > MOST {
            letters.missed.insert(room);
            letters.left = true;
            return;
        }
        letters.bytes += record.size();
        letters.queue.push(Message::Event(room, Arc::clone(record)));
        letters.left = true;
    }

    /// Wakes the shard if events were left for it.
    pub fn flush(&self) {
        let left = std::mem::take(&mut self.letters().left);
        if left {
            self.wake();
        }
    }

    /// Leaves a message and wakes the shard.
    pub fn send(&self, message: Message) {
        self.letters().queue.push(message);
        self.wake();
    }

    /// Wakes the shard, if nobody did yet.
    pub fn wake(&self) {
        if !self.0.woken.swap(true, Ordering::AcqRel)
            && let Err(error) = self.0.waker.wake()
        {
            tracing::error!(%error, "a shard cannot be woken");
        }
    }

    /// Takes all messages, and the rooms of which events were left out.
    pub(super) fn take(&self, into: &mut Vec<Message>) -> HashSet<i64> {
        let mut letters = self.letters();
        letters.bytes = 0;
        std::mem::swap(&mut letters.queue, into);
        std::mem::take(&mut letters.missed)
    }

    /// From now on the shard has to be woken: it is about to look for the last time.
    pub(super) fn rest(&self) {
        self.0.woken.store(false, Ordering::Release);
    }

    /// Whether no other handle leads here.
    #[cfg(test)]
    pub(super) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.0.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
