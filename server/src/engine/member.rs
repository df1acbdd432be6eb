//! A session as its shard holds it.

use super::batch::Format;
use super::inbox::Inbox;
use super::mailbox::SessionId;
use super::outbox::{Entry, Full, Outbox};
use super::pipe::Pipe;
use super::poll::{Polls, Waiting};
use super::timers::{Millis, NEVER};
use crate::connection::Peer;
use crate::log::Room;
use crate::websocket::Decoder;
use bytes::Bytes;
use mio::net::TcpStream;
use nowcast_shared::id::PublicId;
use nowcast_shared::offset::{Offset, Position};
use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};
use std::sync::Arc;
use tokio::sync::oneshot;

/// A session that begins.
pub struct Entrant {
    /// Its name, given by the hub.
    pub id: SessionId,
    /// Where.
    pub room: Arc<Room>,
    /// What the page has seen.
    pub since: Option<Position>,
    /// How others see the page.
    pub you: PublicId,
    /// What the page sends comes in here, if it comes over this connection.
    pub inbox: Option<Box<Inbox>>,
    /// The way to the page.
    pub way: Way,
}

/// The way to a page that joins.
pub enum Way {
    /// A WebSocket with its socket.
    Socket {
        /// Non-blocking.
        stream: std::net::TcpStream,
        /// What was read from it already.
        received: Bytes,
        /// Whether permessage-deflate was agreed on.
        deflate: bool,
    },
    /// A WebSocket whose bytes somebody else reads and writes.
    Tunnel {
        /// The way out.
        pipe: Pipe,
        /// Whether permessage-deflate was agreed on.
        deflate: bool,
    },
    /// An event stream.
    EventStream {
        /// The way out.
        pipe: Pipe,
        /// To be rid of a page that does not read.
        peer: Peer,
    },
    /// Long polls, of which this is the first.
    Poll {
        /// It.
        waiting: Box<Waiting>,
        /// Whether the page said who it is, so that the next poll finds this session.
        returns: bool,
    },
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was sent. Whether it continues what it had.
    New {
        /// The log covers what it says it has seen.
        resumes: bool,
    },
    /// Nothing was sent; somebody makes the snapshot that it begins with.
    Awaiting,
    /// Somebody reads from the disk what it lacks.
    Fetching,
    /// The log has events that it lacks.
    Behind,
    /// It gets what comes.
    Live,
    /// A page on long polls, between two of them.
    Away,
    /// It gets nothing more but what waits.
    Over,
}

/// What carries a session's bytes.
pub(super) enum Carrier {
    /// Its own socket. Only one that is full has an outbox.
    Socket { stream: TcpStream, outbox: Option<Box<Outbox>> },
    /// Somebody else's stream. The peer can be cut if it is an event stream's; a tunnel brings more
    /// when `more` is dropped.
    Pipe { pipe: Pipe, peer: Option<Peer>, more: Option<oneshot::Sender<()>> },
    /// Answers to polls.
    Polls(Box<Polls>),
}

/// One session.
#[expect(clippy::struct_excessive_bools, reason = "each is a note of its own, not a state")]
pub(super) struct Member {
    pub(super) cursor: Offset,
    pub(super) stage: Stage,
    pub(super) format: Format,
    /// Whether it is on the list of those with something to send.
    pub(super) dirty: bool,
    /// Whether a ping was sent that is not answered.
    pub(super) asked: bool,
    /// Whether nothing is read from it until its commands are done.
    pub(super) paused: bool,
    /// Whether it is to be forgotten at the end of this turn.
    pub(super) gone: bool,
    pub(super) carrier: Carrier,
    /// Its place in the room's list.
    pub(super) place: usize,
    pub(super) id: SessionId,
    pub(super) room: Arc<Room>,
    pub(super) you: PublicId,
    pub(super) decoder: Decoder,
    /// Absent while a command is carried out.
    pub(super) inbox: Option<Box<Inbox>>,
    /// Frames that wait for the command before them.
    pub(super) pending: VecDeque<Bytes>,
    /// The newest presence that it was told.
    pub(super) presence: u64,
    /// When it gave the last sign of life, or was asked for one.
    pub(super) heard: Millis,
    /// When the last bytes left.
    pub(super) wrote: Millis,
    /// How it is ending.
    pub(super) ending: Option<Ending>,
    /// When its timer goes off.
    pub(super) armed: Millis,
}

/// The end of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// When the connection is ended, come what may.
    pub(super) deadline: Millis,
    /// Whether the last byte left.
    pub(super) told: bool,
}

/// The socket is broken.
pub(super) struct Broken;

impl Member {
    pub(super) fn new(entrant: Entrant, resumes: bool, now: Millis) -> (Self, Bytes) {
        let Entrant { id, room, since, you, inbox, way } = entrant;
        let mut before = Bytes::new();
        let mut compressed = false;
        let (carrier, format) = match way {
            Way::Socket { stream, received, deflate } => {
                (before, compressed) = (received, deflate);
                let stream = TcpStream::from_std(stream);
                (Carrier::Socket { stream, outbox: None }, websocket(deflate))
            }
            Way::Tunnel { pipe, deflate } => {
                compressed = deflate;
                (Carrier::Pipe { pipe, peer: None, more: None }, websocket(deflate))
            }
            Way::EventStream { pipe, peer } => {
                (Carrier::Pipe { pipe, peer: Some(peer), more: None }, Format::EventStream)
            }
            Way::Poll { waiting, returns } => {
                let mut polls = Polls::new(returns);
                polls.waiting = Some(waiting);
                (Carrier::Polls(Box::new(polls)), Format::Poll)
            }
        };
        let member = Self {
            cursor: since.filter(|_| resumes).map_or(Offset(0), |since| since.offset),
            stage: Stage::New { resumes },
            format,
            dirty: false,
            asked: false,
            paused: false,
            gone: false,
            carrier,
            place: 0,
            id,
            room,
            you,
            decoder: Decoder::new(compressed),
            inbox,
            pending: VecDeque::new(),
            presence: 0,
            heard: now,
            wrote: now,
            ending: None,
            armed: NEVER,
        };
        (member, before)
    }

    /// What the page has seen when it has got all that it was given.
    pub(super) fn position(&self) -> Position {
        Position { epoch: self.room.epoch().clone(), offset: self.cursor }
    }

    /// Queues a frame; a page that is too far behind cannot take it.
    pub(super) fn push(&mut self, entry: Entry, limit: usize) -> Result<(), Full> {
        match &mut self.carrier {
            Carrier::Socket { outbox, .. } => outbox.get_or_insert_default().push(entry, limit),
            Carrier::Pipe { pipe, .. } => pipe.push(entry, limit),
            Carrier::Polls(polls) => polls.due.push(entry, limit),
        }
    }

    /// Queues what the session has to begin or go on with, whatever its length.
    pub(super) fn append(&mut self, entry: Entry) {
        match &mut self.carrier {
            Carrier::Socket { outbox, .. } => outbox.get_or_insert_default().append(entry),
            Carrier::Pipe { pipe, .. } => pipe.append(entry),
            Carrier::Polls(polls) => polls.due.append(entry),
        }
    }

    /// Drops what waits, as far as the stream stays readable.
    pub(super) fn abandon(&mut self) {
        match &mut self.carrier {
            Carrier::Socket { outbox: Some(outbox), .. } => outbox.abandon(),
            Carrier::Socket { outbox: None, .. } => {}
            Carrier::Pipe { pipe, .. } => pipe.abandon(),
            Carrier::Polls(polls) => polls.due = Outbox::default(),
        }
    }

    /// Whether nothing waits for it.
    pub(super) fn is_clear(&self) -> bool {
        match &self.carrier {
            Carrier::Socket { outbox, .. } => outbox.is_none(),
            Carrier::Pipe { pipe, .. } => pipe.is_clear(),
            Carrier::Polls(polls) => polls.due.is_empty(),
        }
    }

    /// Sends what waits, as far as the socket takes it.
    pub(super) fn flush(&mut self, now: Millis) -> Result<(), Broken> {
        match &mut self.carrier {
            Carrier::Socket { stream, outbox: slot } => {
                let Some(outbox) = slot else { return Ok(()) };
                while !outbox.is_empty() {
                    let mut slices = [IoSlice::new(&[]); 32];
                    let count = outbox.slices(&mut slices);
                    match stream.write_vectored(&slices[..count]) {
                        Ok(0) => return Err(Broken),
                        Ok(sent) => {
                            outbox.advance(sent);
                            self.wrote = now;
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(_) => return Err(Broken),
                    }
                }
                // Idle sessions hold no buffers.
                *slot = None;
            }
            Carrier::Pipe { pipe, .. } => {
                self.wrote = now;
                pipe.flush();
            }
            Carrier::Polls(_) => {}
        }
        Ok(())
    }

    /// When to look at it again.
    pub(super) fn deadline(&self, times: &Times) -> Millis {
        if let Some(ending) = &self.ending {
            return ending.deadline;
        }
        match &self.carrier {
            // How long it waits counts from when nothing is due.
            Carrier::Polls(polls) if polls.waiting.is_some() && self.stage != Stage::Live => NEVER,
            Carrier::Polls(polls) => polls.deadline,
            Carrier::Pipe { .. } if self.format == Format::EventStream => {
                self.wrote + times.heartbeat
            }
            Carrier::Socket { outbox: Some(_), .. } => {
                self.liveness(times).min(self.wrote + times.stall)
            }
            Carrier::Socket { .. } | Carrier::Pipe { .. } => self.liveness(times),
        }
    }

    fn liveness(&self, times: &Times) -> Millis {
        self.heard + if self.asked { times.patience } else { times.ping }
    }
}

/// How long things may take, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Silence after which a WebSocket is asked for a sign of life.
    pub(super) ping: Millis,
    /// How long it has for one.
    pub(super) patience: Millis,
    /// Silence after which an event stream is sent a sign of life. A comment would do for proxies,
    /// but scripts do not see those; this frame they do.
    pub(super) heartbeat: Millis,
    /// How long a socket may take no byte of what waits.
    pub(super) stall: Millis,
    /// How long a page that does not read may take to hear why its session ends.
    pub(super) farewell: Millis,
    /// How long the other side may take to close after a goodbye. Closing while it still sends
    /// would reset the connection and could take the goodbye with it.
    pub(super) closing: Millis,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            ping: 25_000,
            patience: 8_000,
            heartbeat: 15_000,
            stall: 30_000,
            farewell: 5_000,
            closing: 1_000,
        }
    }
}

fn websocket(deflate: bool) -> Format {
    if deflate { Format::Deflated } else { Format::WebSocket }
}
