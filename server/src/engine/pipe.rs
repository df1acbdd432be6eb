//! What leaves through a stream that somebody else writes: the body of an event stream, or a
//! WebSocket whose socket could not be taken back.

use super::mailbox::{Mailbox, Message, SessionId};
use super::outbox::{Entry, Full, Outbox};
use super::timers::Millis;
use axum::body::HttpBody;
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http_body_util::BodyExt;
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// The shard's end.
pub struct Pipe(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    waker: AtomicWaker,
}

#[derive(Default)]
struct State {
    outbox: Outbox,
    /// Whether nothing follows.
    over: bool,
    /// Whether the shard waits until all is taken.
    awaited: bool,
}

/// The end that is written to the peer: a response body that is asked for more when the peer took
/// what there was.
pub struct Drain {
    shared: Arc<Shared>,
    mailbox: Option<(Mailbox, SessionId)>,
}

/// Both ends.
pub fn pipe() -> (Pipe, Drain) {
    let shared = Arc::<Shared>::default();
    (Pipe(Arc::clone(&shared)), Drain { shared, mailbox: None })
}

impl Pipe {
    pub(super) fn push(&self, entry: Entry, limit: usize, now: Millis) -> Result<(), Full> {
        self.0.state().outbox.push(entry, limit, now)
    }

    pub(super) fn append(&self, entry: Entry, now: Millis) {
        self.0.state().outbox.append(entry, now);
    }

    pub(super) fn abandon(&self) {
        self.0.state().outbox.abandon();
    }

    /// Nothing follows what waits.
    pub(super) fn end(&self) {
        self.0.state().over = true;
    }

    /// Whether all was taken; where not, the shard hears when it is.
    pub(super) fn is_clear(&self) -> bool {
        let mut state = self.0.state();
        state.awaited = !state.outbox.is_empty();
        !state.awaited
    }

    /// Whether nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.0.state().outbox.is_empty()
    }

    /// Lets the other end know that something waits.
    pub(super) fn flush(&self) {
        self.0.waker.wake();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drain {
    /// Tells the shard when this end is gone.
    pub fn tell(&mut self, mailbox: Mailbox, session: SessionId) {
        self.mailbox = Some((mailbox, session));
    }

    /// What is to be written next; nothing when the session is over.
    pub async fn next(&mut self) -> Option<Bytes> {
        let frame = self.frame().await?;
        frame.ok().and_then(|frame| frame.into_data().ok())
    }

    fn notify(&self, message: impl FnOnce(SessionId) -> Message) {
        if let Some((mailbox, session)) = &self.mailbox {
            mailbox.send(message(*session));
        }
    }
}

impl HttpBody for Drain {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Registered before looking, so that nothing goes unnoticed.
        self.shared.waker.register(context.waker());
        let mut state = self.shared.state();
        if state.outbox.is_empty() {
            return if state.over { Poll::Ready(None) } else { Poll::Pending };
        }
        let awaited = std::mem::take(&mut state.awaited);
        let mut pieces: Vec<Bytes> = state.outbox.take().collect();
        drop(state);
        if awaited {
            self.notify(Message::Drained);
        }
        let joined = if pieces.len() == 1 { pieces.swap_remove(0) } else { pieces.concat().into() };
        Poll::Ready(Some(Ok(Frame::data(joined))))
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.notify(Message::Left);
    }
}
