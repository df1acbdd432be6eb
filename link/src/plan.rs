//! What the link does next. A pure state machine: what happened and the time go in, what to do
//! comes out, and [`Plan::wake_at`] says when it wants to be asked again.
//!
//! - A WebSocket first. A way that does not open, or is cut twice within seconds, gives way to the
//!   next: server-sent events, then long polling. When that fails too, it waits and starts over.
//! - A way is *open* only when the server's `welcome` (or a poll's answer) has come through: some
//!   proxies take a connection and then say nothing.
//! - On a lower way it tries a WebSocket in the background. The page keeps what it has until the
//!   new one is welcome; then the old one is left. The server tells the old one that it was
//!   replaced, perhaps before the new one's welcome is here, and that must not stop the page.

use crate::backoff::Backoff;
pub use crate::plan_words::{Conn, Do, Input, Millis, Refusal, Return, Status, Way};
use nowcast_shared::error::Reason;

const OPENING: Millis = 5_000;
const BRIEF: Millis = 5_000;
const PING_EVERY: Millis = 20_000;
const PONG_WITHIN: Millis = 10_000;
const PONG_WITHIN_AFTER_SLEEP: Millis = 3_000;
const EVENT_SOURCE_SILENCE: Millis = 45_000;
const LONG_POLL_SILENCE: Millis = 40_000;
const TRIAL_FIRST: Millis = 30_000;
const TRIAL_LONGEST: Millis = 300_000;
const TRIAL_SOON: Millis = 3_000;
const RESTART: Millis = 1_000;
/// How long a request of this page may be under way before it reaches the server after all.
const OVERTAKEN: Millis = 30_000;
/// How often in a row a page takes a connection back that it lost to itself.
const TAKEN_BACK: u8 = 3;
/// After how long a page that was turned away looks again: the room may have been made.
const TURNED_AWAY: Millis = 30_000;
/// A server that asks for more patience than this is asked sooner.
const MOST_PATIENCE: Millis = 60_000;
/// An interruption that is over sooner than this is not worth a word.
const UNNOTICED: Millis = 700;

/// The connection that the page lives on.
#[derive(Debug)]
enum Main {
    Waiting { until: Millis },
    Opening { conn: Conn, until: Millis },
    Open { conn: Conn, since: Millis, heard: Millis, ping_at: Millis, dead_at: Option<Millis> },
    Stopped,
}

/// The attempt, beside it, to get back to a WebSocket.
#[derive(Debug)]
enum Trial {
    Off,
    Waiting { until: Millis },
    Opening { conn: Conn, until: Millis },
}

/// See the module.
pub struct Plan {
    main: Main,
    trial: Trial,
    /// The way that is in use or tried next.
    way: Way,
    /// Where a WebSocket that was reached from a lower way falls back to when it is cut early.
    back: Option<Way>,
    /// How often in a row this way was cut early.
    cuts: u8,
    /// How many rounds through all ways failed.
    rounds: u32,
    /// When this page last asked for a connection.
    asked: Millis,
    /// How often in a row it took a connection back that it lost to itself.
    taken_back: u8,
    trial_wait: Millis,
    /// A WebSocket opened before, so the way is probably free again soon.
    proven: bool,
    status: Status,
    /// When the page fell off its last open connection.
    lost: Option<Millis>,
    conns: u32,
    backoff: Backoff,
    todo: Vec<Do>,
}

impl Plan {
    /// A plan that waits for [`Input::Start`]. The seed spreads pages out in time.
    pub fn new(seed: u32) -> Self {
        Self {
            main: Main::Stopped,
            trial: Trial::Off,
            way: Way::WebSocket,
            back: None,
            cuts: 0,
            rounds: 0,
            asked: 0,
            taken_back: 0,
            trial_wait: TRIAL_FIRST,
            proven: false,
            status: Status::Connecting,
            lost: None,
            conns: 0,
            backoff: Backoff::new(seed),
            todo: Vec::new(),
        }
    }

    /// Takes in what happened and says what to do, in this order.
    pub fn handle(&mut self, now: Millis, input: Input) -> Vec<Do> {
        match input {
            Input::Start => {
                // One that was turned away may have changed what it says of itself.
                let turned_away = matches!(self.status, Status::Refused(_)) && !self.is_open();
                if matches!(self.main, Main::Stopped) || turned_away {
                    if let Some(conn) = self.main_conn() {
                        self.todo.push(Do::Close(conn));
                    }
                    self.status = Status::Connecting;
                    self.lost = None;
                    self.open(now, Way::WebSocket);
                }
            }
            Input::Stop => self.stop(Status::Connecting),
            Input::Tick => {}
            Input::Opened(conn) => self.opened(now, conn),
            Input::Alive(conn) => self.alive(now, conn),
            Input::Lost(conn) | Input::Broken(conn) => self.fell(now, conn),
            Input::Later(conn, after) => self.lost_for(now, conn, after),
            Input::Goodbye(conn, reason, back) => self.goodbye(now, conn, reason, back),
            Input::Refused(conn, refusal) => {
                if self.main_conn() == Some(conn) {
                    let asked = refusal.retry_after.unwrap_or(0).saturating_mul(1_000);
                    self.stop(Status::Refused(refusal));
                    self.way = Way::WebSocket;
                    let wait = self.backoff.around(TURNED_AWAY).max(asked.min(MOST_PATIENCE));
                    self.main = Main::Waiting { until: now + wait };
                }
            }
            Input::Visible => self.visible(now),
            Input::Online => self.online(now),
        }
        self.due(now);
        self.settle(now);
        std::mem::take(&mut self.todo)
    }

    /// When to come back with [`Input::Tick`], if nothing happens before.
    pub fn wake_at(&self) -> Option<Millis> {
        let main = match self.main {
            Main::Waiting { until } | Main::Opening { until, .. } => Some(until),
            Main::Open { ping_at, dead_at, .. } => {
                Some(dead_at.map_or(ping_at, |at| at.min(ping_at)))
            }
            Main::Stopped => None,
        };
        let trial = match self.trial {
            Trial::Waiting { until } if self.is_open() => Some(until),
            Trial::Opening { until, .. } => Some(until),
            _ => None,
        };
        let word = match self.status {
            Status::Live(_) => self.lost.map(|lost| lost + UNNOTICED),
            _ => None,
        };
        [main, trial, word].into_iter().flatten().min()
    }

    /// How it stands.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The connection whose frames count.
    pub fn main_conn(&self) -> Option<Conn> {
        match self.main {
            Main::Opening { conn, .. } | Main::Open { conn, .. } => Some(conn),
            _ => None,
        }
    }

    /// The connection that the server has welcomed, and by which way it came.
    pub fn open_conn(&self) -> Option<(Conn, Way)> {
        match self.main {
            Main::Open { conn, .. } => Some((conn, self.way)),
            _ => None,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.main, Main::Open { .. })
    }

    fn trial_conn(&self) -> Option<(Conn, Millis)> {
        match self.trial {
            Trial::Opening { conn, until } => Some((conn, until)),
            _ => None,
        }
    }

    fn conn(&mut self) -> Conn {
        self.conns += 1;
        Conn(self.conns)
    }

    fn open(&mut self, now: Millis, way: Way) {
        let conn = self.conn();
        self.way = way;
        self.asked = now;
        self.main = Main::Opening { conn, until: now + OPENING };
        self.todo.push(Do::Open(conn, way));
    }

    fn opened(&mut self, now: Millis, conn: Conn) {
        if self.trial_conn().is_some_and(|(trial, _)| trial == conn) {
            if let Some(old) = self.main_conn() {
                self.todo.push(Do::Close(old));
            }
            self.trial = Trial::Off;
            self.back = Some(self.way);
            self.way = Way::WebSocket;
            self.cuts = 0;
        } else {
            match self.main {
                Main::Opening { conn: opening, .. } if opening == conn => {}
                _ => return self.alive(now, conn),
            }
            // Where it opened once, what ends it is more likely the server than the way.
            self.proven |= self.way == Way::WebSocket;
            if self.way != Way::WebSocket && matches!(self.trial, Trial::Off) {
                let wait = if self.proven { TRIAL_SOON } else { self.trial_wait };
                self.try_socket_after(now, wait);
            }
        }
        if self.way == Way::WebSocket {
            self.trial = Trial::Off;
        }
        self.main = Main::Open {
            conn,
            since: now,
            heard: now,
            ping_at: now + self.patience(),
            dead_at: None,
        };
    }

    /// How long an open connection is left in peace: until the next ping, or, where a page cannot
    /// ask, until silence means that it is dead.
    fn patience(&self) -> Millis {
        match self.way {
            Way::WebSocket => PING_EVERY,
            Way::EventSource => EVENT_SOURCE_SILENCE,
            Way::LongPoll => LONG_POLL_SILENCE,
        }
    }

    fn alive(&mut self, now: Millis, conn: Conn) {
        let patience = self.patience();
        let socket = self.way == Way::WebSocket;
        if let Main::Open { conn: main, heard, ping_at, dead_at, .. } = &mut self.main
            && *main == conn
        {
            *heard = now;
            *dead_at = None;
            if !socket {
                *ping_at = now + patience;
            }
        }
    }

    /// A connection is gone, or could not be opened, and the server asks for this patience.
    fn lost_for(&mut self, now: Millis, conn: Conn, after: Millis) {
        if after == 0 || self.main_conn() != Some(conn) {
            return self.fell(now, conn);
        }
        // Not the way is at fault, so that the next would fare no better, nor would the trial.
        let trial = self.trial_conn().map(|(conn, _)| conn);
        self.todo.extend([Some(conn), trial].into_iter().flatten().map(Do::Close));
        self.trial = Trial::Off;
        self.leave(now);
        let wait = after.min(MOST_PATIENCE) + self.backoff.after(self.rounds) / 2;
        self.rounds += 1;
        self.main = Main::Waiting { until: now + wait };
    }

    /// A connection is gone, or of no more use.
    fn fell(&mut self, now: Millis, conn: Conn) {
        let lived = match self.main {
            Main::Open { since, .. } => now - since,
            _ => 0,
        };
        self.fell_after(now, conn, lived);
    }

    /// A connection said nothing for too long. One that fell silent right after it opened counts
    /// as cut early: there are proxies that pass the first bytes and keep the others.
    fn fell_silent(&mut self, now: Millis, conn: Conn) {
        let lived = match self.main {
            Main::Open { since, heard, .. } => heard - since,
            _ => 0,
        };
        self.fell_after(now, conn, lived);
    }

    fn fell_after(&mut self, now: Millis, conn: Conn, lived: Millis) {
        if self.trial_conn().is_some_and(|(trial, _)| trial == conn) {
            return self.trial_failed(now);
        }
        if self.main_conn() != Some(conn) {
            return;
        }
        self.todo.push(Do::Close(conn));
        // The server may have ended it in favour of the trial, whose welcome is on its way.
        if let Some((_, until)) = self.trial_conn() {
            self.leave(now);
            self.main = Main::Waiting { until };
            return;
        }
        if !self.is_open() {
            return self.next_way(now);
        }
        self.leave(now);
        if lived >= BRIEF {
            self.lasted();
            return self.open(now, self.way);
        }
        self.cuts += 1;
        if self.cuts < 2 && self.back.is_none() {
            return self.open(now, self.way);
        }
        if self.way == Way::WebSocket {
            self.proven = false;
        }
        self.next_way(now);
    }

    /// The connection that ends now did its work: what was held against its way is forgotten.
    fn lasted(&mut self) {
        self.cuts = 0;
        self.rounds = 0;
        self.taken_back = 0;
        if self.way == Way::WebSocket {
            self.proven = true;
            self.back = None;
            self.trial_wait = TRIAL_FIRST;
        }
    }

    fn leave(&mut self, now: Millis) {
        if self.is_open() {
            self.lost = Some(now);
        }
    }

    fn next_way(&mut self, now: Millis) {
        self.cuts = 0;
        match (self.way, self.back.take()) {
            (Way::WebSocket, back) => {
                if back.is_some() {
                    self.trial_wait = (self.trial_wait * 2).min(TRIAL_LONGEST);
                }
                self.open(now, back.unwrap_or(Way::EventSource));
            }
            (Way::EventSource, _) => self.open(now, Way::LongPoll),
            (Way::LongPoll, _) => {
                self.trial = Trial::Off;
                self.way = Way::WebSocket;
                self.main = Main::Waiting { until: now + self.backoff.after(self.rounds) };
                self.rounds += 1;
            }
        }
    }

    fn goodbye(&mut self, now: Millis, conn: Conn, reason: Reason, back: Return) {
        if self.main_conn() != Some(conn)
            || (reason == Reason::Replaced && self.trial_conn().is_some())
        {
            return self.fell(now, conn);
        }
        // Nobody else knows this page's id: one of its own requests, given up long ago, reached the
        // server after the one that it lives on.
        let by_itself = reason == Reason::Replaced && now - self.asked < OVERTAKEN;
        if by_itself && self.taken_back < TAKEN_BACK {
            self.taken_back += 1;
            self.todo.push(Do::Close(conn));
            self.leave(now);
            return self.open(now, self.way);
        }
        if back == Return::Unwanted {
            return self.stop(Status::Ended(reason));
        }
        if reason == Reason::Restarting {
            if let Main::Open { since, .. } = self.main
                && now - since >= BRIEF
            {
                self.lasted();
            }
            // All pages hear this at once; they should not all knock at once.
            self.todo.push(Do::Close(conn));
            self.leave(now);
            self.main = Main::Waiting { until: now + self.backoff.around(RESTART) };
            return;
        }
        self.fell(now, conn);
    }

    fn stop(&mut self, status: Status) {
        let trial = self.trial_conn().map(|(conn, _)| conn);
        self.todo.extend([self.main_conn(), trial].into_iter().flatten().map(Do::Close));
        self.main = Main::Stopped;
        self.trial = Trial::Off;
        self.status = status;
    }

    fn visible(&mut self, now: Millis) {
        match &mut self.main {
            Main::Waiting { .. } => self.now_again(now),
            Main::Open { conn, ping_at, dead_at, .. } if self.way == Way::WebSocket => {
                let within = now + PONG_WITHIN_AFTER_SLEEP;
                self.todo.push(Do::Ping(*conn));
                *ping_at = now + PING_EVERY;
                *dead_at = Some(dead_at.map_or(within, |at| at.min(within)));
            }
            // Signs of life come every 15 or 25 seconds here; this one is overdue.
            Main::Open { conn, heard, .. } if now - *heard > LONG_POLL_SILENCE - PONG_WITHIN => {
                let conn = *conn;
                self.todo.push(Do::Close(conn));
                self.leave(now);
                self.open(now, self.way);
            }
            _ => {}
        }
    }

    fn online(&mut self, now: Millis) {
        match self.main {
            Main::Waiting { .. } => self.now_again(now),
            // It was begun on a network that is no more.
            Main::Opening { conn, .. } => {
                self.todo.push(Do::Close(conn));
                self.now_again(now);
            }
            Main::Open { conn, .. } if self.way != Way::WebSocket => {
                self.todo.push(Do::Close(conn));
                self.leave(now);
                self.open(now, self.way);
                self.trial_wait = TRIAL_FIRST;
                if matches!(self.trial, Trial::Waiting { .. }) {
                    self.try_socket_after(now, TRIAL_SOON);
                }
            }
            Main::Open { .. } => self.visible(now),
            Main::Stopped => {}
        }
    }

    fn now_again(&mut self, now: Millis) {
        self.rounds = 0;
        match self.trial_conn() {
            None => self.open(now, self.way),
            Some((_, until)) => self.main = Main::Waiting { until },
        }
    }

    fn try_socket_after(&mut self, now: Millis, wait: Millis) {
        self.trial = Trial::Waiting { until: now + self.backoff.around(wait) };
    }

    fn trial_failed(&mut self, now: Millis) {
        if let Some((conn, _)) = self.trial_conn() {
            self.todo.push(Do::Close(conn));
        }
        // What held before the last attempts does not hold any more.
        self.proven = false;
        self.try_socket_after(now, self.trial_wait);
        self.trial_wait = (self.trial_wait * 2).min(TRIAL_LONGEST);
        if let Main::Waiting { until } = &mut self.main {
            *until = now;
        }
    }

    /// Does what the time asks for.
    fn due(&mut self, now: Millis) {
        match self.trial {
            Trial::Waiting { until } if now >= until && self.is_open() => {
                let conn = self.conn();
                self.trial = Trial::Opening { conn, until: now + OPENING };
                self.asked = now;
                self.todo.push(Do::Open(conn, Way::WebSocket));
            }
            Trial::Opening { until, .. } if now >= until => self.trial_failed(now),
            _ => {}
        }
        match &mut self.main {
            Main::Waiting { until } if now >= *until => self.open(now, self.way),
            Main::Opening { conn, until } if now >= *until => {
                let conn = *conn;
                self.fell(now, conn);
            }
            Main::Open { conn, dead_at: Some(dead_at), .. } if now >= *dead_at => {
                let conn = *conn;
                self.fell_silent(now, conn);
            }
            Main::Open { conn, ping_at, dead_at, .. } if now >= *ping_at => {
                let conn = *conn;
                if self.way == Way::WebSocket {
                    *ping_at = now + PING_EVERY;
                    *dead_at = dead_at.or(Some(now + PONG_WITHIN));
                    self.todo.push(Do::Ping(conn));
                } else {
                    self.fell_silent(now, conn);
                }
            }
            _ => {}
        }
    }

    /// Finds the word for how it stands.
    fn settle(&mut self, now: Millis) {
        if self.is_open() {
            self.lost = None;
            self.status = Status::Live(self.way);
        } else if matches!(self.status, Status::Live(_))
            && self.lost.is_none_or(|lost| now >= lost + UNNOTICED)
        {
            self.status = Status::Reconnecting;
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
