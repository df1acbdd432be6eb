//! One page's connection: the rooms that it is in, and what it may send.
//!
//! The library calls from where it reads, and cannot be made to wait: so what comes in is looked at
//! on the spot, and what has to wait does so in queues with a limit. Whoever is over one is told,
//! and whoever goes on is let go.

use super::handshake;
use super::incoming::{self, Wish};
use super::outgoing::{Moved, command_id, sentence};
use super::outlet;
use super::packet::{self, Kind, Packet};
use super::session::{self, Beginning};
use crate::app::App;
use crate::error::Problem;
use crate::limiter::Limiter;
use engineioxide::{DisconnectReason, Socket};
use nowcast_shared::error::{Code, Reason};
use serde_json::json;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

/// How many rooms one connection can be in.
pub(super) const MOST_ROOMS: usize = 16;

/// How many sessions of one connection may be there at once, also of those that are ending.
const MOST_SESSIONS: usize = 2 * MOST_ROOMS;

/// How long a connection may be in no room.
const LONELY: Duration = Duration::from_secs(15);

/// How long a page has to read why its connection ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long what a page that floods has under way is read and dropped.
const LINGER: Duration = Duration::from_secs(1);

/// How many bytes of a page's commands may wait in one room.
const WAITING: usize = 256 * 1024;

/// How many packets in a row may be refused before the connection ends.
const EXCESS: u32 = 2_000;

/// How many bytes of a namespace are repeated in an answer.
const REPEATED: usize = 80;

/// What the library keeps of a connection for us.
#[derive(Default)]
pub(super) struct Slot(OnceLock<Arc<Connection>>);

impl Slot {
    /// The connection, from when it is open.
    pub(super) fn connection(&self) -> Option<&Arc<Connection>> {
        self.0.get()
    }
}

/// A connection.
pub(super) struct Connection {
    pub(super) app: App,
    state: Mutex<State>,
    /// What is answered on the spot, on its way out.
    answers: mpsc::Sender<String>,
    /// Woken when the page is in no room any more, or in one again.
    changed: Notify,
    /// Whether the connection is to end, and how.
    ending: watch::Sender<Option<Ending>>,
    /// How the connection ended.
    ended: watch::Sender<Option<Ended>>,
}

/// How a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The page knows why.
    Told,
    /// It goes on sending far more than it may.
    Flood,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The page left.
    Left,
    /// It broke.
    Broken,
}

struct State {
    rooms: HashMap<String, Room>,
    /// Tells the sessions in one room from each other.
    sessions: u64,
    /// How many of them are there.
    running: usize,
    /// How many binary messages still belong to what was refused.
    attachments: u32,
    pace: Limiter,
    /// How many packets in a row were refused too fast.
    excess: u32,
    lonely_since: Option<Instant>,
}

/// A room that the page is in, or about to be.
struct Room {
    session: u64,
    /// Absent until the session has begun.
    entrance: Option<Entrance>,
}

/// The way into a session.
struct Entrance {
    /// Frames; the session takes one after the other.
    frames: mpsc::Sender<Vec<u8>>,
    /// How many bytes of them wait.
    waiting: Arc<AtomicUsize>,
    moved: Moved,
}

/// The other end.
pub(super) struct Frames {
    frames: mpsc::Receiver<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
}

impl Frames {
    /// The next frame; nothing when the page has left the room.
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        let frame = self.frames.recv().await?;
        self.waiting.fetch_sub(frame.len(), Ordering::Relaxed);
        Some(frame)
    }
}

impl Connection {
    /// A page has opened a connection.
    pub(super) fn open(app: &App, socket: &Arc<Socket<Slot>>) {
        let limits = &app.limits;
        let (rate, burst) = (limits.command_rate, limits.command_burst);
        let (answers, words) = mpsc::channel(places(app));
        let state = State {
            rooms: HashMap::new(),
            sessions: 0,
            running: 0,
            attachments: 0,
            pace: Limiter::new(rate, burst),
            excess: 0,
            lonely_since: Some(Instant::now()),
        };
        let connection = Arc::new(Self {
            app: app.clone(),
            state: Mutex::new(state),
            answers,
            changed: Notify::new(),
            ending: watch::Sender::new(None),
            ended: watch::Sender::new(None),
        });
        // The library opens each once.
        let _ = socket.data.0.set(Arc::clone(&connection));
        tokio::spawn(drive(connection, Arc::clone(socket), words));
    }

    /// Reads a packet.
    pub(super) fn heard(self: &Arc<Self>, socket: &Arc<Socket<Slot>>, text: &str) {
        // Nothing counts after the end.
        if self.ending.borrow().is_some() {
            return;
        }
        let Packet { kind, namespace, ack, data } = match packet::read(text) {
            Ok(packet) => packet,
            Err(malformed) => {
                return self.refuse("/", None, &Problem::new(Code::BadRequest, malformed.why()));
            }
        };
        match kind {
            Kind::Connect => self.connect(socket, namespace, data),
            // Its session ends when what it sent before is done.
            Kind::Disconnect => self.forget(namespace, None),
            Kind::Event => {
                if let Err(problem) = self.event(socket, namespace, ack, data) {
                    self.refuse(namespace, ack, &problem);
                }
            }
            Kind::Ack | Kind::ConnectError => {
                let detail = "Nobody asked for this answer.";
                self.refuse(namespace, None, &Problem::new(Code::BadRequest, detail));
            }
            Kind::Binary { attachments, ack: is_ack } => {
                self.state().attachments = attachments;
                let detail = "There is no event here that takes binary data.";
                let ack = ack.filter(|_| !is_ack);
                self.refuse(namespace, ack, &Problem::new(Code::BadRequest, detail));
            }
        }
    }

    /// A binary message: of what was refused already, or out of place.
    pub(super) fn heard_binary(&self) {
        if self.ending.borrow().is_some() {
            return;
        }
        let mut state = self.state();
        if state.attachments > 0 {
            state.attachments -= 1;
            let flood = state.costs().is_err();
            drop(state);
            if flood {
                self.flooded();
            }
            return;
        }
        drop(state);
        let detail = "There is no event here that takes binary data.";
        self.refuse("/", None, &Problem::new(Code::BadRequest, detail));
    }

    /// What came was too large to be looked at.
    pub(super) fn heard_too_much(&self, limit: usize) {
        self.refuse("/", None, &Problem::too_large("What was sent", limit));
    }

    fn connect(self: &Arc<Self>, socket: &Arc<Socket<Slot>>, namespace: &str, auth: &str) {
        let entered = (|| {
            let name = handshake::room(namespace)?;
            if auth.len() > self.app.limits.max_frame {
                return Err(Problem::too_large("`auth`", self.app.limits.max_frame));
            }
            let auth = handshake::read(auth)?;
            let mut state = self.state();
            let flood = state.costs().is_err();
            if flood || state.excess > 0 || state.running >= MOST_SESSIONS {
                return Err(crate::command::too_fast());
            }
            if state.rooms.len() >= MOST_ROOMS && !state.rooms.contains_key(namespace) {
                let detail = format!("One connection can be in {MOST_ROOMS} rooms at most.");
                return Err(Problem::new(Code::Conflict, detail));
            }
            if state.rooms.contains_key(namespace) {
                return Ok(None);
            }
            state.sessions += 1;
            let session = state.sessions;
            state.rooms.insert(namespace.to_owned(), Room { session, entrance: None });
            state.lonely_since = None;
            state.running += 1;
            Ok(Some((name, auth, session)))
        })();
        match entered {
            Ok(Some((room, auth, session))) => {
                self.changed.notify_one();
                let (namespace, connection) = (namespace.to_owned(), Arc::clone(self));
                let beginning = Beginning { namespace, session, room, auth };
                tokio::spawn(session::run(connection, Arc::clone(socket), beginning));
            }
            Ok(None) => {
                let detail = "You are in this room already.";
                self.refuse(namespace, None, &Problem::new(Code::Conflict, detail));
            }
            Err(problem) => {
                let refused = packet::connect_error(short(namespace), &problem);
                self.answer([refused]);
            }
        }
    }

    fn event(
        &self,
        socket: &Socket<Slot>,
        namespace: &str,
        ack: Option<u64>,
        arguments: &str,
    ) -> Result<(), Problem> {
        let limit = self.app.limits.max_frame;
        if arguments.len() > limit {
            return Err(Problem::too_large("The event", limit));
        }
        let Wish { command, moves } = incoming::read(arguments)?;
        let mut frame = json!({"t": "command", "command": command});
        if let Some(number) = ack {
            frame["id"] = command_id(socket.id.as_str(), number).into();
        }
        let frame = frame.to_string().into_bytes();
        let mut state = self.state();
        let room = state.rooms.get(namespace);
        let Some(entrance) = room.and_then(|room| room.entrance.as_ref()) else {
            let detail = "You are not in this room: connect to it first.";
            return Err(Problem::new(Code::UnknownRoom, detail));
        };
        let length = frame.len();
        if entrance.waiting.fetch_add(length, Ordering::Relaxed) + length > WAITING
            || entrance.frames.try_send(frame).is_err()
        {
            entrance.waiting.fetch_sub(length, Ordering::Relaxed);
            return Err(crate::command::too_fast());
        }
        if let Some(piece) = moves {
            entrance.moved.note(piece);
        }
        state.excess = 0;
        Ok(())
    }

    /// A session has begun; nothing if the page does not want it any more.
    pub(super) fn joined(&self, namespace: &str, session: u64, moved: &Moved) -> Option<Frames> {
        let mut state = self.state();
        let room = state.rooms.get_mut(namespace).filter(|room| room.session == session)?;
        let (frames, taken) = mpsc::channel(places(&self.app));
        let waiting = Arc::<AtomicUsize>::default();
        let (moved, other) = (moved.clone(), Arc::clone(&waiting));
        room.entrance = Some(Entrance { frames, waiting, moved });
        Some(Frames { frames: taken, waiting: other })
    }

    /// A session is gone.
    pub(super) fn finished(&self) {
        self.state().running -= 1;
    }

    /// The page is not in this room any more, at least not by this session.
    pub(super) fn forget(&self, namespace: &str, session: Option<u64>) {
        let mut state = self.state();
        let room = state.rooms.get(namespace);
        if room.is_none_or(|room| session.is_some_and(|session| session != room.session)) {
            return;
        }
        state.rooms.remove(namespace);
        if state.rooms.is_empty() {
            state.lonely_since = Some(Instant::now());
            self.changed.notify_one();
        }
    }

    /// Tells a page what was refused, and why.
    fn refuse(&self, namespace: &str, ack: Option<u64>, problem: &Problem) {
        self.app.metrics.refused.add(1);
        if self.state().costs().is_err() {
            return self.flooded();
        }
        let code = problem.code.as_str();
        self.answer(packet::refused(short(namespace), ack, code, &problem.detail));
    }

    /// Whoever does not read its answers, and goes on, floods.
    fn answer(&self, packets: impl IntoIterator<Item = String>) {
        for packet in packets {
            if self.answers.try_send(packet).is_err() {
                return self.flooded();
            }
        }
    }

    /// The page goes on sending far more than it may.
    fn flooded(&self) {
        self.ending.send_replace(Some(Ending::Flood));
    }

    /// Ends the connection, as soon as the page has read what it was told.
    pub(super) fn end(&self) {
        self.ending.send_replace(Some(Ending::Told));
    }

    /// What says why the connection ends, where nothing has yet.
    fn goodbyes(&self) -> Vec<String> {
        let of = |reason: Reason| (reason.as_str(), sentence(reason));
        let (code, why) = match *self.ending.borrow() {
            Some(Ending::Told) => return Vec::new(),
            Some(Ending::Flood) => of(Reason::Flooding),
            None if *self.app.stopping.borrow() => of(Reason::Restarting),
            None => (Code::TimedOut.as_str(), "This connection came into no room."),
        };
        let rooms = self.state().rooms.keys().cloned().collect::<Vec<_>>();
        let everywhere = if rooms.is_empty() { vec!["/".to_owned()] } else { rooms };
        everywhere.iter().flat_map(|room| packet::refused(room, None, code, why)).collect()
    }

    /// The library has ended the connection.
    pub(super) fn closed(&self, reason: &DisconnectReason) {
        let left = *reason == DisconnectReason::TransportClose;
        self.ended.send_replace(Some(if left { Ended::Left } else { Ended::Broken }));
        self.state().rooms.clear();
    }

    /// Returns when the library has ended the connection.
    pub(super) async fn ended(&self) -> Ended {
        let mut ended = self.ended.subscribe();
        // The sender is ours and cannot be gone.
        let ended = ended.wait_for(Option::is_some).await;
        ended.ok().and_then(|ended| *ended).unwrap_or(Ended::Broken)
    }

    /// When the connection ends if the page stays in no room.
    fn deadline(&self) -> Option<Instant> {
        let patience = if *self.app.stopping.borrow() { Duration::ZERO } else { LONELY };
        self.state().lonely_since.map(|since| since + patience)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes what an answer costs; an error from where on it is a flood.
    fn costs(&mut self) -> Result<(), ()> {
        self.excess = if self.pace.admit() { 0 } else { self.excess + 1 };
        if self.excess > EXCESS { Err(()) } else { Ok(()) }
    }
}

/// How many packets may wait for a page, or of a page: as many as it may send at once.
fn places(app: &App) -> usize {
    usize::try_from(app.limits.command_burst).unwrap_or(1024).clamp(64, 1024)
}

/// A namespace that may be of any length, as it is repeated.
fn short(namespace: &str) -> &str {
    &namespace[..namespace.floor_char_boundary(REPEATED)]
}

/// Writes what is answered on the spot, and ends the connection when it is time for that.
async fn drive(
    connection: Arc<Connection>,
    socket: Arc<Socket<Slot>>,
    mut words: mpsc::Receiver<String>,
) {
    let mut ending = connection.ending.subscribe();
    let mut stopping = connection.app.stopping.subscribe();
    let mut stops = *stopping.borrow();
    let mut word = None;
    loop {
        let deadline = connection.deadline();
        let lonely = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let speak = async {
            if word.is_none() {
                word = words.recv().await;
            }
            let sent = outlet::send(&socket, word.clone().unwrap_or_default()).await;
            word = None;
            sent
        };
        tokio::select! {
            biased;
            _ = connection.ended() => return,
            _ = ending.wait_for(Option::is_some) => break,
            () = connection.changed.notified() => {}
            _ = stopping.wait_for(|stopping| *stopping), if !stops => stops = true,
            sent = speak => if sent.is_err() { return },
            () = lonely => break,
        }
    }
    let last_words = async {
        for word in word.into_iter().chain(std::iter::from_fn(|| words.try_recv().ok())) {
            outlet::send(&socket, word).await?;
        }
        for word in connection.goodbyes() {
            outlet::send(&socket, word).await?;
        }
        outlet::taken(&socket).await
    };
    let _ = timeout(FAREWELL, last_words).await;
    let flood = matches!(*connection.ending.borrow(), Some(Ending::Flood));
    if flood {
        // What is under way is still read: closing before it is would reset the connection, and
        // could take the reason with it.
        let _ = timeout(LINGER, connection.ended()).await;
    }
    socket.close(DisconnectReason::ClosingServer);
}
