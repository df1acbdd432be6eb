//! One page's connection: the rooms that it is in, and what it may send.
//!
//! The library calls from where it reads, and cannot be made to wait: so what comes in is looked at
//! on the spot, and what has to wait does so in queues with a limit. Whoever is over one is told,
//! and whoever goes on is let go.

mod drive;
mod entrance;
mod rooms;

use super::handshake;
use super::incoming::{self, Wish};
use super::outgoing::{command_id, own_command_id};
use super::packet::{self, Kind, Packet};
use super::session::{self, Beginning};
use crate::app::App;
use crate::engine::FAR_TOO_LARGE;
use crate::error::Problem;
use crate::limiter::Limiter;
use engineioxide::{DisconnectReason, Socket};
use nowcast_shared::error::Code;
use rooms::{Leaving, Room};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

pub(super) use entrance::Frames;

/// How many rooms one connection can be in.
pub(super) const MOST_ROOMS: usize = 16;

/// How many sessions of one connection may be there at once, also of those that are ending.
const MOST_SESSIONS: usize = 2 * MOST_ROOMS;

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
    /// Those that the page has left and that still carry out what it sent before, the last of each
    /// room.
    leaving: HashMap<String, Leaving>,
    /// Counts the commands whose answer matters here alone.
    own_commands: u64,
    /// How many binary messages still belong to what was refused.
    attachments: u32,
    pace: Limiter,
    /// How many packets in a row were refused too fast.
    excess: u32,
    lonely_since: Option<Instant>,
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
            leaving: HashMap::new(),
            own_commands: 0,
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
        tokio::spawn(drive::drive(connection, Arc::clone(socket), words));
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
            Kind::Disconnect => self.leave(namespace),
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
            let (present, gone) = oneshot::channel();
            state.rooms.insert(namespace.to_owned(), Room { session, entrance: None, gone });
            state.lonely_since = None;
            state.running += 1;
            let before = state.leaving.remove(namespace).map(|leaving| leaving.gone);
            let namespace = namespace.to_owned();
            Ok(Some(Beginning { namespace, session, room: name, auth, before, present }))
        })();
        match entered {
            Ok(Some(beginning)) => {
                self.changed.notify_one();
                tokio::spawn(session::run(Arc::clone(self), Arc::clone(socket), beginning));
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
        let Wish { command, step } = incoming::read(arguments)?;
        let mut state = self.state();
        let connection = socket.id.as_str();
        let id = match ack {
            Some(number) => Some(command_id(connection, number)),
            // What becomes of it says whose moves are no news.
            None if step.is_some() => {
                state.own_commands += 1;
                Some(own_command_id(connection, state.own_commands))
            }
            None => None,
        };
        let mut frame = json!({"t": "command", "command": command});
        if let Some(id) = &id {
            frame["id"] = id.as_str().into();
        }
        let frame = frame.to_string().into_bytes();
        // Written anew, some numbers are longer; what is far too large would have no answer.
        if frame.len() > limit.saturating_mul(FAR_TOO_LARGE) {
            return Err(Problem::too_large("The event", limit));
        }
        let room = state.rooms.get(namespace);
        let Some(entrance) = room.and_then(|room| room.entrance.as_ref()) else {
            let detail = "You are not in this room: connect to it first.";
            return Err(Problem::new(Code::UnknownRoom, detail));
        };
        entrance.send(frame, id.as_deref().zip(step))?;
        state.excess = 0;
        Ok(())
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
