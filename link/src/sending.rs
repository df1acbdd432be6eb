//! Commands on their way to the server: which of them go out now, and which answer is whose.
//!
//! A command has an id and is kept until its answer is here. What was under way when a connection
//! broke goes out again over the next one with the same id, so that it takes effect once whether or
//! not it had arrived. A hint (somebody writes, a piece is on its way) has no id and no answer: of
//! each kind only the newest waits, and none waits for a connection.

use crate::plan::{Conn, Millis, Way};
use nowcast_shared::offset::Offset;

/// A command took effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Where the event stands that it made.
    pub offset: Option<Offset>,
    /// Whether it waits for approval.
    pub held: bool,
}

/// How long a command may wait for its answer, over however many connections.
const PATIENCE: Millis = 60_000;
/// After how long a request that did not get through is made again.
const AGAIN: Millis = 2_000;

/// By which way a command was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Not,
    Over(Conn),
    ByRequest,
}

struct Waiting<T> {
    id: String,
    frame: String,
    sent: Sent,
    until: Millis,
    then: T,
}

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Send {
    /// This frame over the open socket.
    Frame(String),
    /// This frame as a request; its end has to be told to [`Sending::request_ended`] or
    /// [`Sending::request_failed`].
    Request(Option<String>, String),
}

/// What is on its way; a `T` is what is to be told of the answer.
pub struct Sending<T> {
    prefix: String,
    made: u64,
    waiting: Vec<Waiting<T>>,
    /// By what they are about.
    hints: Vec<(String, String)>,
    /// Requests go out one after the other, or they would overtake each other.
    requesting: bool,
    not_before: Millis,
}

impl<T> Sending<T> {
    /// Nothing is on its way. All ids begin with this. The server remembers for long what a client
    /// has asked for by which id, so whoever keeps its client's id when it begins anew needs another
    /// prefix each time.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            made: 0,
            waiting: Vec::new(),
            hints: Vec::new(),
            requesting: false,
            not_before: 0,
        }
    }

    /// A name for the next command.
    pub fn name(&mut self) -> String {
        self.made += 1;
        format!("{}{}", self.prefix, self.made)
    }

    /// Takes a command in; its frame has to have the id in it.
    pub fn add(&mut self, now: Millis, id: String, frame: String, then: T) {
        self.waiting.push(Waiting { id, frame, sent: Sent::Not, until: now + PATIENCE, then });
    }

    /// Takes a hint in, in place of an older one about the same.
    pub fn hint(&mut self, about: String, frame: String) {
        self.hints.retain(|(known, _)| *known != about);
        self.hints.push((about, frame));
    }

    /// What to send now over the connection that is open.
    pub fn due(&mut self, now: Millis, open: Option<(Conn, Way)>) -> Vec<Send> {
        let hints = std::mem::take(&mut self.hints);
        let Some((conn, way)) = open else {
            return Vec::new();
        };
        if way == Way::WebSocket {
            let lost = |waiting: &&mut Waiting<T>| match waiting.sent {
                Sent::Not => true,
                Sent::Over(earlier) => earlier != conn,
                Sent::ByRequest => false,
            };
            let commands = self.waiting.iter_mut().filter(lost).map(|waiting| {
                waiting.sent = Sent::Over(conn);
                waiting.frame.clone()
            });
            let mut frames: Vec<Send> = commands.map(Send::Frame).collect();
            frames.extend(hints.into_iter().map(|(_, frame)| Send::Frame(frame)));
            return frames;
        }
        // They wait for the requests before them.
        self.hints = hints;
        if self.requesting || now < self.not_before {
            return Vec::new();
        }
        // What went over a socket that is gone may not have arrived.
        let next = self.waiting.iter_mut().find(|waiting| waiting.sent != Sent::ByRequest);
        let send = match next {
            Some(waiting) => {
                waiting.sent = Sent::ByRequest;
                Send::Request(Some(waiting.id.clone()), waiting.frame.clone())
            }
            None if self.hints.is_empty() => return Vec::new(),
            None => Send::Request(None, self.hints.remove(0).1),
        };
        self.requesting = true;
        vec![send]
    }

    /// A frame could not be sent: its connection is about to end.
    pub fn not_sent(&mut self, frame: &str) {
        self.waiting
            .iter_mut()
            .filter(|waiting| waiting.frame == frame)
            .for_each(|waiting| waiting.sent = Sent::Not);
    }

    /// A request was answered.
    pub fn request_ended(&mut self) {
        self.requesting = false;
    }

    /// A request did not get through, and is made again; not before so many seconds, if the server
    /// said so.
    pub fn request_failed(&mut self, now: Millis, id: Option<&str>, retry_after: Option<u64>) {
        self.requesting = false;
        let asked = retry_after.unwrap_or(0).saturating_mul(1_000);
        self.not_before = now + asked.clamp(AGAIN, PATIENCE);
        let this = self.waiting.iter_mut().find(|waiting| Some(&*waiting.id) == id);
        if let Some(waiting) = this {
            waiting.sent = Sent::Not;
        }
    }

    /// Whose answer this is; `None` if nobody waits for it any more.
    pub fn answered(&mut self, id: &str) -> Option<T> {
        let place = self.waiting.iter().position(|waiting| waiting.id == id)?;
        Some(self.waiting.remove(place).then)
    }

    /// Those that have waited too long, or all of them.
    pub fn give_up(&mut self, now: Option<Millis>) -> Vec<T> {
        let mut given_up = Vec::new();
        let mut kept = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            if now.is_none_or(|now| waiting.until <= now) {
                given_up.push(waiting.then);
            } else {
                kept.push(waiting);
            }
        }
        self.waiting = kept;
        given_up
    }

    /// When to look again, if nothing happens before.
    pub fn wake_at(&self, now: Millis) -> Option<Millis> {
        let end = self.waiting.iter().map(|waiting| waiting.until).min()?;
        Some(if self.not_before > now { end.min(self.not_before) } else { end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Conn = Conn(1);
    const SECOND: Conn = Conn(2);

    /// Whoever waits for the answer is known by the frame.
    fn add(sending: &mut Sending<String>, now: Millis, text: &str) -> String {
        let id = sending.name();
        sending.add(now, id.clone(), text.to_owned(), text.to_owned());
        id
    }

    fn frames(texts: &[&str]) -> Vec<Send> {
        texts.iter().map(|text| Send::Frame((*text).to_owned())).collect()
    }

    #[test]
    fn what_waits_goes_out_in_order_and_once_over_one_socket() {
        let mut sending = Sending::new("k");
        add(&mut sending, 0, "a");
        add(&mut sending, 0, "b");
        assert_eq!(sending.due(0, None), []);
        assert_eq!(sending.due(0, Some((FIRST, Way::WebSocket))), frames(&["a", "b"]));
        assert_eq!(sending.due(0, Some((FIRST, Way::WebSocket))), []);
    }

    #[test]
    fn what_was_under_way_goes_out_again_over_the_next_connection() {
        let mut sending = Sending::new("k");
        let id = add(&mut sending, 0, "a");
        add(&mut sending, 0, "b");
        sending.due(0, Some((FIRST, Way::WebSocket)));
        assert_eq!(sending.answered(&id).as_deref(), Some("a"));
        assert!(sending.answered(&id).is_none(), "a second answer is for nobody");
        assert_eq!(sending.due(0, Some((SECOND, Way::WebSocket))), frames(&["b"]));
        let third = Some((Conn(3), Way::EventSource));
        assert_eq!(sending.due(0, third), [Send::Request(Some("k2".into()), "b".into())]);
    }

    #[test]
    fn requests_go_one_after_the_other_and_again_when_they_did_not_get_through() {
        let mut sending = Sending::new("k");
        let open = Some((FIRST, Way::LongPoll));
        add(&mut sending, 0, "a");
        add(&mut sending, 0, "b");
        let first = Send::Request(Some("k1".into()), "a".into());
        assert_eq!(sending.due(0, open), std::slice::from_ref(&first));
        assert_eq!(sending.due(0, open), []);
        sending.request_failed(10, Some("k1"), None);
        assert_eq!(sending.due(11, open), [], "not at once");
        assert_eq!(sending.wake_at(11), Some(10 + AGAIN));
        assert_eq!(sending.due(10 + AGAIN, open), [first]);
        sending.request_ended();
        sending.answered("k1");
        assert_eq!(sending.due(3_000, open), [Send::Request(Some("k2".into()), "b".into())]);
        // A socket that opens meanwhile does not send it a second time.
        assert_eq!(sending.due(3_001, Some((SECOND, Way::WebSocket))), []);
    }

    #[test]
    fn a_request_is_not_made_again_before_the_server_wants_it() {
        let mut sending = Sending::new("k");
        let open = Some((FIRST, Way::LongPoll));
        add(&mut sending, 0, "a");
        let request = sending.due(0, open);
        sending.request_failed(0, Some("k1"), Some(10));
        assert_eq!(sending.due(9_999, open), []);
        assert_eq!(sending.wake_at(1), Some(10_000));
        assert_eq!(sending.due(10_000, open), request);
        // Nor is it put off for ever.
        sending.request_failed(10_000, Some("k1"), Some(u64::MAX));
        assert_eq!(sending.due(10_000 + PATIENCE, open), request);
    }

    #[test]
    fn ids_are_those_of_one_beginning() {
        let mut sending = Sending::<()>::new("x-");
        assert_eq!([sending.name(), sending.name()], ["x-1", "x-2"]);
    }

    #[test]
    fn of_hints_the_newest_goes_out_and_none_waits_for_a_connection() {
        let mut sending = Sending::new("k");
        sending.hint("typing".into(), "t1".into());
        assert_eq!(sending.due(0, None), []);
        assert_eq!(sending.due(0, Some((FIRST, Way::WebSocket))), []);
        let open = Some((FIRST, Way::EventSource));
        add(&mut sending, 0, "a");
        sending.due(0, open);
        for move_of in ["x1", "x2"] {
            sending.hint("x".into(), move_of.into());
        }
        assert_eq!(sending.due(0, open), []);
        sending.answered("k1");
        sending.request_ended();
        assert_eq!(sending.due(0, open), [Send::Request(None, "x2".into())]);
    }

    #[test]
    fn nothing_waits_for_ever() {
        let mut sending = Sending::new("k");
        add(&mut sending, 0, "a");
        add(&mut sending, 5, "b");
        assert_eq!(sending.wake_at(0), Some(PATIENCE));
        assert_eq!(sending.give_up(Some(PATIENCE)).len(), 1);
        assert_eq!(sending.give_up(None).len(), 1);
        assert_eq!(sending.wake_at(0), None);
    }
}
