//! A page: opened over one of three transports, then read.

use std::io::Write as _;

use anyhow::{Result, anyhow, bail};
use mio::{Registry, Token};

use crate::frame::{self, Kind};
use crate::http;
use crate::marker::Markers;
use crate::options::Transport;
use crate::tally::Tally;
use crate::target::{self, Meaning, Position, Target};
use crate::wire::{BUFFER, Wire};

/// One page.
pub(crate) struct Page {
    wire: Wire,
    number: usize,
    /// From where it asks.
    since: String,
    state: State,
    /// How many publishes it has got.
    pub got: u64,
}

/// How far a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    /// The request is sent; its answer's head is awaited.
    Asked,
    /// The stream is there; what opens the page is awaited.
    Joining,
    Open,
}

/// What pages share while they read.
pub(crate) struct Shared {
    pub target: Target,
    pub transport: Transport,
    pub tally: Tally,
    pub markers: Markers,
    pub buffer: Box<[u8]>,
    /// How many pages are open.
    pub open: usize,
    /// How many frames have come that were no publish: presence, greetings.
    pub others: u64,
    /// The newest position that a page of ours was welcomed at.
    pub welcomed: Option<Position>,
    /// How many pages were told that they go on from where they were.
    pub recovered: u64,
}

impl Page {
    /// Connects; asks for the page, from `since` on, when the poll says that it is writable.
    pub(crate) fn connect(
        shared: &Shared,
        number: usize,
        since: String,
        registry: &Registry,
    ) -> Result<Self> {
        let wire = Wire::connect(shared.target.address, registry, Token(number))?;
        Ok(Self { wire, number, since, state: State::Connecting, got: 0 })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// The connection is there.
    pub(crate) fn connected(&mut self, shared: &mut Shared) -> Result<()> {
        if self.state != State::Connecting {
            return Ok(());
        }
        let ask = shared.target.ask(self.number, shared.transport, &self.since);
        self.wire.send(ask.as_bytes())?;
        self.state = State::Asked;
        // The first long poll of a server without greetings waits: nothing will tell.
        if shared.transport == Transport::Poll && shared.target.opens_at_once() {
            self.state.open(shared);
        }
        Ok(())
    }

    /// Reads what has come.
    pub(crate) fn read(&mut self, shared: &mut Shared) -> Result<()> {
        let mut buffer = std::mem::take(&mut shared.buffer);
        let result = match shared.transport {
            Transport::Ws => self.read_frames(shared, &mut buffer),
            Transport::Sse => self.read_events(shared, &mut buffer),
            Transport::Poll => self.read_answers(shared, &mut buffer),
        };
        shared.buffer = buffer;
        result.map_err(|error| error.context(format!("page {}", self.number)))
    }

    fn read_frames(&mut self, shared: &mut Shared, buffer: &mut [u8]) -> Result<()> {
        let Self { wire, state, got, .. } = self;
        wire.read(buffer, |stream, bytes| {
            let mut taken = 0;
            if *state == State::Asked {
                let Some(length) = upgraded(bytes, 101)? else { return Ok(0) };
                taken = length;
                *state = State::Joining;
                if shared.target.opens_at_once() {
                    state.open(shared);
                }
            }
            // One look at the clock for all that one read brought.
            let now = shared.tally.now();
            while let Some(frame) = frame::first(&bytes[taken..])
                .map_err(|wrong| anyhow!("what came is not a server's frame: {wrong:?}"))?
            {
                taken += frame.length;
                match frame.kind {
                    Kind::Data => {}
                    Kind::Ping => {
                        stream.write_all(&frame::from_page(Kind::Pong, frame.payload))?;
                        continue;
                    }
                    Kind::Pong => continue,
                    Kind::Close => {
                        let why = frame.payload.get(2..).unwrap_or_default();
                        bail!("the server closes: {}", String::from_utf8_lossy(why));
                    }
                }
                if *state == State::Open
                    && let Some(number) = shared.markers.first(frame.payload)
                {
                    *got += 1;
                    shared.tally.deliver(number, now, frame.payload.len());
                    continue;
                }
                match shared.target.meaning(frame.payload) {
                    Meaning::Open if *state != State::Open => {
                        state.open(shared);
                        shared.welcome(frame.payload);
                    }
                    Meaning::Say(text) => {
                        stream.write_all(&frame::from_page(Kind::Data, text))?;
                    }
                    _ => shared.others += 1,
                }
            }
            Ok(taken)
        })
    }

    fn read_events(&mut self, shared: &mut Shared, buffer: &mut [u8]) -> Result<()> {
        let Self { wire, state, got, .. } = self;
        wire.read(buffer, |_, bytes| {
            let mut taken = 0;
            if *state == State::Asked {
                let Some(length) = upgraded(bytes, 200)? else { return Ok(0) };
                taken = length;
                *state = State::Joining;
                if shared.target.opens_at_once() {
                    state.open(shared);
                }
            }
            let now = shared.tally.now();
            // A server writes an event as a whole into one chunk, whatever else is in that.
            while let Some((data, rest)) = http::chunk(&bytes[taken..])? {
                taken = bytes.len() - rest.len();
                if *state != State::Open && shared.target.meaning(data) == Meaning::Open {
                    state.open(shared);
                    shared.welcome(data);
                    continue;
                }
                let Shared { markers, tally, .. } = shared;
                let before = *got;
                markers.each(data, |number| {
                    *got += 1;
                    tally.deliver(number, now, data.len());
                });
                shared.others += u64::from(*got == before);
            }
            Ok(taken)
        })
    }

    fn read_answers(&mut self, shared: &mut Shared, buffer: &mut [u8]) -> Result<()> {
        let Self { wire, state, got, number, .. } = self;
        wire.read(buffer, |stream, bytes| {
            let Some(answer) = http::answer(bytes)? else { return Ok(0) };
            let now = shared.tally.now();
            if answer.status != 200 && answer.status != 304 {
                let body = String::from_utf8_lossy(&answer.body);
                bail!("a poll was answered with {}: {}", answer.status, body.trim());
            }
            if *state == State::Open {
                let Shared { markers, tally, .. } = shared;
                let size = answer.body.len();
                markers.each(&answer.body, |number| {
                    *got += 1;
                    tally.deliver(number, now, size);
                });
            } else {
                state.open(shared);
            }
            let since = shared.target.after(&answer).unwrap_or_default();
            let again = shared.target.ask(*number, Transport::Poll, &since);
            stream.write_all(again.as_bytes())?;
            Ok(answer.length)
        })
    }
}

impl State {
    fn open(&mut self, shared: &mut Shared) {
        *self = Self::Open;
        shared.open += 1;
    }
}

impl Shared {
    pub(crate) fn new(target: Target, transport: Transport) -> Self {
        Self {
            target,
            transport,
            tally: Tally::new(),
            markers: Markers::new(),
            buffer: vec![0; BUFFER].into(),
            open: 0,
            others: 0,
            welcomed: None,
            recovered: 0,
        }
    }

    fn welcome(&mut self, payload: &[u8]) {
        self.welcomed = target::welcomed_at(payload);
        let recovered = memchr::memmem::find(payload, br#""recovered":true"#).is_some();
        self.recovered += u64::from(recovered);
    }
}

/// The length of the head of an answer that has to have this status; `None` while it is not there.
fn upgraded(bytes: &[u8], status: u16) -> Result<Option<usize>> {
    let Some(head) = http::head(bytes)? else { return Ok(None) };
    if head.status != status {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(600)]);
        bail!("{status} was expected, and this came: {text}");
    }
    Ok(Some(head.length))
}
