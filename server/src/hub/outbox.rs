//! What waits for one session, bounded in bytes.

use crate::record::Record;
use bytes::Bytes;
use nowcast_shared::error::Reason;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Something for a session to send.
#[derive(Debug)]
pub enum Outgoing {
    /// An event; its frame is shared by all who get it.
    Event(Arc<Record>),
    /// A signal; a newer one with the same key takes its place.
    Signal {
        /// What it tells about.
        key: &'static str,
        /// The frame.
        frame: Bytes,
    },
    /// For this session alone: an answer.
    Reply(Bytes),
    /// The last thing: why the session ends.
    Goodbye(Reason),
}

impl Outgoing {
    fn bytes(&self) -> usize {
        match self {
            Self::Event(record) => record.frame.len(),
            Self::Signal { frame, .. } | Self::Reply(frame) => frame.len(),
            Self::Goodbye(_) => 0,
        }
    }
}

pub(super) struct Outbox {
    state: Mutex<State>,
    /// Woken when something is queued or the session is closed.
    due: Notify,
    /// Woken when the session is closed, for a writer that is stuck.
    ended: Notify,
    limit: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Outgoing>,
    bytes: usize,
    listening: bool,
    closed: Option<Reason>,
}

impl Outbox {
    pub(super) fn new(limit: usize) -> Self {
        Self { state: Mutex::default(), due: Notify::new(), ended: Notify::new(), limit }
    }

    pub(super) fn listen(&self, listening: bool) {
        self.state().listening = listening;
    }

    /// False if this was what the session could no longer take.
    pub(super) fn push(&self, outgoing: Outgoing) -> bool {
        let mut state = self.state();
        let wanted = state.listening || !matches!(outgoing, Outgoing::Event(_));
        if state.closed.is_some() || !wanted {
            return true;
        }
        if let Outgoing::Signal { key, .. } = &outgoing {
            state.drop_signal(key);
        }
        state.bytes += outgoing.bytes();
        // One that is larger than the limit by itself still goes to a session that keeps up.
        if state.bytes > self.limit && !state.queue.is_empty() {
            drop(state);
            self.close(Reason::SlowConsumer);
            return false;
        }
        state.queue.push_back(outgoing);
        drop(state);
        self.due.notify_one();
        true
    }

    /// The first reason counts. What is queued is dropped: the log has it.
    pub(super) fn close(&self, reason: Reason) {
        let mut state = self.state();
        if state.closed.is_some() {
            return;
        }
        state.closed = Some(reason);
        state.queue.clear();
        state.bytes = 0;
        state.queue.push_back(Outgoing::Goodbye(reason));
        drop(state);
        self.due.notify_one();
        self.ended.notify_one();
    }

    pub(super) fn take_now(&self) -> Vec<Outgoing> {
        let mut state = self.state();
        state.bytes = 0;
        let queue = std::mem::take(&mut state.queue);
        queue.into()
    }

    pub(super) async fn take(&self) -> Vec<Outgoing> {
        loop {
            let due = self.due.notified();
            let queue = self.take_now();
            if !queue.is_empty() {
                return queue;
            }
            due.await;
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed.is_some()
    }

    pub(super) async fn closed(&self) -> Reason {
        loop {
            let ended = self.ended.notified();
            if let Some(reason) = self.state().closed {
                return reason;
            }
            ended.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn drop_signal(&mut self, wanted: &str) {
        let same = |outgoing: &Outgoing| matches!(outgoing, Outgoing::Signal { key, .. } if *key == wanted);
        if let Some(index) = self.queue.iter().position(same)
            && let Some(old) = self.queue.remove(index)
        {
            self.bytes -= old.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(text: &'static str) -> Outgoing {
        Outgoing::Signal { key: "presence", frame: Bytes::from_static(text.as_bytes()) }
    }

    #[test]
    fn of_signals_only_the_newest_waits() {
        let outbox = Outbox::new(100);
        outbox.push(signal("old"));
        outbox.push(signal("new"));
        match &outbox.take_now()[..] {
            [Outgoing::Signal { frame, .. }] => assert_eq!(&frame[..], b"new"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn many_replaced_signals_do_not_fill_it() {
        let outbox = Outbox::new(10);
        (0..1000).for_each(|_| assert!(outbox.push(signal("12345678"))));
    }

    #[test]
    fn nothing_follows_a_goodbye() {
        let outbox = Outbox::new(100);
        outbox.push(Outgoing::Reply(Bytes::from_static(b"a")));
        outbox.close(Reason::Restarting);
        outbox.close(Reason::Replaced);
        outbox.push(Outgoing::Reply(Bytes::from_static(b"b")));
        assert!(matches!(outbox.take_now()[..], [Outgoing::Goodbye(Reason::Restarting)]));
    }
}
