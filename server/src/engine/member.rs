//! A session as its shard holds it.

use super::batch::Format;
use super::inbox::{Inbox, Pace};
use super::mailbox::{SessionId, Tell};
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
use std::time::{Duration, Instant};
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
    /// Whether somebody wants to know how long things take to this page, and may.
    pub measured: bool,
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
    /// Within this process, for whoever speaks another protocol with the page and looks for signs
    /// of life itself.
    Bridge {
        /// The way out: lines of JSON.
        pipe: Pipe,
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

/// Somebody else's stream.
pub(super) struct Piped {
    pub(super) pipe: Pipe,
    /// Of an event stream: to be rid of it.
    pub(super) peer: Option<Peer>,
    /// Of a tunnel or a bridge: it brings more when this is dropped.
    pub(super) more: Option<oneshot::Sender<()>>,
}

/// What carries a session's bytes.
pub(super) enum Carrier {
    /// Its own socket. Only one that is full has an outbox.
    Socket { stream: TcpStream, outbox: Option<Box<Outbox>> },
    /// Somebody else's stream.
    Pipe(Box<Piped>),
    /// Answers to polls.
    Polls(Box<Polls>),
}

/// One session. What every delivery looks at is together, in as little memory as can be: a round
/// over thousands of sessions is a round over as many cache lines.
pub(super) struct Member {
    pub(super) cursor: Offset,
    pub(super) stage: Stage,
    pub(super) format: Format,
    /// Whether it is on the list of those with something to send.
    pub(super) dirty: bool,
    /// Whether it is to be forgotten at the end of this turn.
    pub(super) gone: bool,
    pub(super) carrier: Carrier,
    pub(super) cold: Box<Cold>,
}

/// The rest of a session.
pub(super) struct Cold {
    pub(super) id: SessionId,
    pub(super) room: Arc<Room>,
    pub(super) you: PublicId,
    /// Its place in the room's list.
    pub(super) place: usize,
    pub(super) decoder: Decoder,
    /// Absent while a command is carried out.
    pub(super) inbox: Option<Box<Inbox>>,
    /// How fast it sends.
    pub(super) pace: Pace,
    /// Frames that wait for the command before them.
    pub(super) pending: VecDeque<Bytes>,
    /// Bytes that were read and wait until those are done.
    pub(super) unfed: Vec<u8>,
    /// How the page left, while a command of its was carried out.
    pub(super) leaving: Option<Leaving>,
    /// Whether nothing is read from it until its commands are done.
    pub(super) paused: bool,
    /// The presence that it was told last; 0 if it may have missed one.
    pub(super) presence: u64,
    /// What is for it alone and came before its welcome.
    pub(super) tells: Vec<Arc<Tell>>,
    /// Whether it does not know who holds which piece, or may know it wrong.
    pub(super) outdated: bool,
    /// When it gave the last sign of life, or was asked for one.
    pub(super) heard: Millis,
    /// Whether a ping was sent that is not answered.
    pub(super) asked: bool,
    /// Absent where nobody wants to know it.
    pub(super) trip: Option<Trip>,
    /// When the last bytes left, of those that had to wait.
    pub(super) wrote: Millis,
    /// How it is ending.
    pub(super) ending: Option<Ending>,
    /// When its timer goes off.
    pub(super) armed: Millis,
}

/// How long it takes to a page and back, by the pings that are sent anyway.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trip {
    /// When a ping was sent that is not answered.
    asked: Option<Instant>,
    /// How long the last one took.
    took: Duration,
}

impl Trip {
    /// A ping is sent.
    pub(super) fn begin(&mut self) {
        self.asked = Some(Instant::now());
    }

    /// It came back.
    pub(super) fn end(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.took = asked.elapsed();
        }
    }

    /// The way there: half of it.
    pub(super) fn there(self) -> Duration {
        self.took / 2
    }
}

/// How a page leaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leaving {
    /// With a close frame of this code.
    Closed(u16),
    /// It ended the connection.
    Gone,
}

/// The outbox of a socket. From when it is there, time counts until bytes leave.
fn begin<'a>(
    slot: &'a mut Option<Box<Outbox>>,
    cold: &mut Cold,
    now: Millis,
) -> &'a mut Box<Outbox> {
    slot.get_or_insert_with(|| {
        cold.wrote = now;
        Box::default()
    })
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
    pub(super) fn new(entrant: Entrant, resumes: bool, pace: Pace, now: Millis) -> (Self, Bytes) {
        let Entrant { id, room, since, you, inbox, measured, way } = entrant;
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
                (piped(pipe, None), websocket(deflate))
            }
            Way::EventStream { pipe, peer } => (piped(pipe, Some(peer)), Format::EventStream),
            Way::Bridge { pipe } => (piped(pipe, None), Format::Lines),
            Way::Poll { waiting, returns } => {
                let mut polls = Polls::new(returns);
                polls.waiting = Some(waiting);
                (Carrier::Polls(Box::new(polls)), Format::Poll)
            }
        };
        let cursor = since.filter(|_| resumes).map_or(Offset(0), |since| since.offset);
        let cold = Cold {
            id,
            room,
            you,
            place: 0,
            decoder: Decoder::new(compressed),
            inbox,
            pace,
            pending: VecDeque::new(),
            unfed: Vec::new(),
            leaving: None,
            paused: false,
            presence: 0,
            tells: Vec::new(),
            outdated: true,
            heard: now,
            asked: false,
            trip: measured.then(Trip::default),
            wrote: now,
            ending: None,
            armed: NEVER,
        };
        let member = Self {
            cursor,
            stage: Stage::New { resumes },
            format,
            dirty: false,
            gone: false,
            carrier,
            cold: Box::new(cold),
        };
        (member, before)
    }

    /// What the page has seen when it has got all that it was given.
    pub(super) fn position(&self) -> Position {
        Position { epoch: self.cold.room.epoch().clone(), offset: self.cursor }
    }

    /// Queues a frame; a page that is too far behind cannot take it.
    pub(super) fn push(&mut self, entry: Entry, limit: usize, now: Millis) -> Result<(), Full> {
        match &mut self.carrier {
            Carrier::Socket { outbox, .. } => {
                begin(outbox, &mut self.cold, now).push(entry, limit, now)
            }
            Carrier::Pipe(piped) => piped.pipe.push(entry, limit, now),
            Carrier::Polls(polls) => polls.due.push(entry, limit, now),
        }
    }

    /// Queues what the session has to begin or go on with, whatever its length.
    pub(super) fn append(&mut self, entry: Entry, now: Millis) {
        match &mut self.carrier {
            Carrier::Socket { outbox, .. } => {
                begin(outbox, &mut self.cold, now).append(entry, now);
            }
            Carrier::Pipe(piped) => piped.pipe.append(entry, now),
            Carrier::Polls(polls) => polls.due.append(entry, now),
        }
    }

    /// Drops what waits, as far as the stream stays readable.
    pub(super) fn abandon(&mut self) {
        match &mut self.carrier {
            Carrier::Socket { outbox: Some(outbox), .. } => outbox.abandon(),
            Carrier::Socket { outbox: None, .. } => {}
            Carrier::Pipe(piped) => piped.pipe.abandon(),
            Carrier::Polls(polls) => polls.due = Outbox::default(),
        }
    }

    /// Whether nothing waits for it.
    pub(super) fn is_clear(&self) -> bool {
        match &self.carrier {
            Carrier::Socket { outbox, .. } => outbox.is_none(),
            Carrier::Pipe(piped) => piped.pipe.is_clear(),
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
                            self.cold.wrote = now;
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(_) => return Err(Broken),
                    }
                }
                // Idle sessions hold no buffers.
                *slot = None;
            }
            Carrier::Pipe(piped) => {
                self.cold.wrote = now;
                piped.pipe.flush();
            }
            Carrier::Polls(_) => {}
        }
        Ok(())
    }

    /// When to look at it again.
    pub(super) fn deadline(&self, times: &Times) -> Millis {
        if let Some(ending) = &self.cold.ending {
            return ending.deadline;
        }
        match &self.carrier {
            // How long it waits counts from when nothing is due.
            Carrier::Polls(polls) if polls.waiting.is_some() && self.stage != Stage::Live => NEVER,
            Carrier::Polls(polls) => polls.deadline,
            Carrier::Pipe(_) if self.format == Format::EventStream => {
                self.cold.wrote + times.heartbeat
            }
            Carrier::Pipe(_) if self.format == Format::Lines => NEVER,
            // What it is asked waits behind the rest.
            Carrier::Socket { outbox: Some(_), .. } => self.cold.wrote + times.stall,
            Carrier::Socket { .. } | Carrier::Pipe(_) => self.liveness(times),
        }
    }

    fn liveness(&self, times: &Times) -> Millis {
        self.cold.heard + if self.cold.asked { times.patience } else { times.ping }
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
    /// How long a page that left may take to close the connection.
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

fn piped(pipe: Pipe, peer: Option<Peer>) -> Carrier {
    Carrier::Pipe(Box::new(Piped { pipe, peer, more: None }))
}

fn websocket(deflate: bool) -> Format {
    if deflate { Format::Deflated } else { Format::WebSocket }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_delivery_looks_at_is_one_cache_line() {
        // The slab puts a word before each.
        assert!(size_of::<Member>() <= 56, "{}", size_of::<Member>());
    }
}
