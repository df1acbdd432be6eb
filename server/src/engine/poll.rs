//! A page on long polls: its place stays between two of them.

use super::mailbox::{Mailbox, Message, SessionId, Tell};
use super::outbox::Outbox;
use super::timers::{Millis, NEVER};
use crate::push_id::PushId;
use bytes::Bytes;
use nowcast_shared::offset::{Epoch, Offset, Position};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a page may take between two polls before it has left, in milliseconds.
pub(super) const GRACE: Millis = 30_000;

/// A poll that came.
pub struct Waiting {
    /// Tells it from other polls of the same page.
    pub number: u64,
    /// What the page has seen.
    pub since: Option<Position>,
    /// The newest push that the page has seen, and those after it that this session was given
    /// already: the answer that held them may be lost.
    pub again: Option<(PushId, Vec<Arc<Tell>>)>,
    /// How long it waits if nothing is due.
    pub wait: Duration,
    /// Where the answer goes: the body.
    pub answer: oneshot::Sender<Bytes>,
}

/// The shard's side of a page on long polls.
pub(super) struct Polls {
    /// The poll that waits for news.
    pub(super) waiting: Option<Box<Waiting>>,
    /// What the next answer begins with: JSON of frames.
    pub(super) due: Outbox,
    /// Whether the page said who it is and may come back.
    pub(super) returns: bool,
    /// When the poll is answered with nothing, or, between two polls, when the page has left.
    pub(super) deadline: Millis,
}

impl Polls {
    pub(super) fn new(returns: bool) -> Self {
        Self { waiting: None, due: Outbox::default(), returns, deadline: NEVER }
    }

    /// Answers the poll with a goodbye alone. What is due stays, and the page goes on from where it
    /// said it was.
    pub(super) fn refuse(&mut self, goodbye: &[u8]) {
        let Some(waiting) = self.waiting.take() else { return };
        let next = waiting.since.as_ref().map(Position::to_string).unwrap_or_default();
        let goodbye = String::from_utf8_lossy(goodbye);
        let body = format!(r#"{{"frames":[{goodbye}],"next":"{next}"}}"#);
        // Whoever is gone does not need it.
        let _ = waiting.answer.send(body.into());
    }

    /// Answers the poll with what is due. Where the request is gone, only signals stay due for the
    /// next: that says what the page has seen, and events are given to it from there.
    pub(super) fn answer(&mut self, next: &Position) {
        let Some(waiting) = self.waiting.take() else { return };
        let body = body(self.due.frames(), &next.epoch, next.offset);
        match waiting.answer.send(body) {
            Ok(()) => self.due = Outbox::default(),
            Err(_) => self.due.keep_signals(),
        }
    }
}

/// `{"frames":[…],"next":"…"}`.
pub(super) fn body<'a>(
    frames: impl IntoIterator<Item = &'a Bytes>,
    epoch: &Epoch,
    offset: Offset,
) -> Bytes {
    let mut body = Vec::from(*br#"{"frames":["#);
    for (index, frame) in frames.into_iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(frame);
    }
    body.extend_from_slice(format!(r#"],"next":"{epoch}:{offset}"}}"#).as_bytes());
    body.into()
}

/// Tells the shard when the request of a poll is gone before its answer.
pub struct Hanging {
    /// Which poll; nothing once it is answered.
    pub poll: Option<(Mailbox, SessionId, u64)>,
}

impl Drop for Hanging {
    fn drop(&mut self) {
        if let Some((mailbox, session, number)) = self.poll.take() {
            mailbox.send(Message::Hung(session, number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outbox::Entry;
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn what_a_lost_answer_held_is_not_given_twice() {
        let mut polls = Polls::new(true);
        let signal = Bytes::from_static(br#"{"t":"signal"}"#);
        polls.due.append(Bytes::from_static(br#"{"t":"event"}"#).into(), 0);
        polls.due.append(Entry::signal(signal.clone(), Some(Cow::Borrowed("presence"))), 0);
        let (answer, answered) = oneshot::channel();
        drop(answered);
        let wait = Duration::from_secs(1);
        polls.waiting =
            Some(Box::new(Waiting { number: 1, since: None, again: None, wait, answer }));

        polls.answer(&Position { epoch: Epoch("e1".to_owned()), offset: Offset(1) });
        let left: Vec<_> = polls.due.frames().cloned().collect();
        assert_eq!(left, [signal], "the next poll says whether it has seen the event");
    }

    #[tokio::test]
    async fn a_poll_that_is_refused_goes_on_from_where_it_was() {
        let mut polls = Polls::new(true);
        polls.due.append(Bytes::from_static(br#"{"t":"event"}"#).into(), 0);
        let (answer, answered) = oneshot::channel();
        let (wait, since) = (Duration::from_secs(1), "e1:5".parse().ok());
        polls.waiting = Some(Box::new(Waiting { number: 1, since, again: None, wait, answer }));
        polls.refuse(br#"{"t":"goodbye"}"#);
        assert_eq!(answered.await.unwrap(), br#"{"frames":[{"t":"goodbye"}],"next":"e1:5"}"#[..]);
        assert!(!polls.due.is_empty(), "nobody was given it");
    }
}
