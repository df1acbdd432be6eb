//! The loop of a shard: wait, read, gather, write, look at the clock.

use super::batch::Item;
use super::deliver::Answer;
use super::inbox::encode;
use super::mailbox::{Mailbox, Message, WOKEN};
use super::member::{Leaving, Member, Times};
use super::timers::{Millis, Timers};
use crate::app::{App, WeakApp};
use crate::log::Room;
use crate::websocket;
use mio::event::Event;
use mio::{Events, Poll};
use nowcast_shared::error::Reason;
use nowcast_shared::frame::ServerFrame;
use slab::Slab;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How often a shard looks once more whether others have something for it, before it writes.
const ROUNDS: usize = 4;

/// How many bytes of events are gathered at most before they are written.
const BATCH: usize = 256 * 1024;

/// How many sockets that are ready a turn looks at.
const EVENTS: usize = 1024;

/// How many bytes one read takes at most.
const BUFFER: usize = 64 * 1024;

pub(super) struct Shard {
    pub(super) poll: Poll,
    pub(super) mailbox: Mailbox,
    pub(super) runtime: Handle,
    app: WeakApp,
    pub(super) members: Slab<Member>,
    /// Where a session is among the members.
    pub(super) keys: HashMap<u64, usize>,
    pub(super) rooms: HashMap<i64, Share>,
    pub(super) timers: Timers,
    pub(super) times: Times,
    began: Instant,
    pub(super) now: Millis,
    /// How many bytes may wait for a session.
    pub(super) limit: usize,
    /// Sessions with something to send.
    pub(super) dirty: Vec<usize>,
    /// Sessions from which more is to be read.
    pub(super) unread: Vec<usize>,
    /// Sessions to forget.
    pub(super) gone: Vec<usize>,
    /// Rooms with something due.
    pub(super) due: Vec<i64>,
    /// How many bytes of events are due.
    pub(super) due_bytes: usize,
    /// Why nobody can join any more.
    pub(super) closed: Option<Reason>,
    pub(super) buffer: Vec<u8>,
    messages: Vec<Message>,
    /// To polls that are answered with a whole batch.
    pub(super) answers: Vec<Answer>,
}

/// A shard's share of a room.
pub(super) struct Share {
    pub(super) room: Arc<Room>,
    /// Its sessions here.
    pub(super) members: Vec<usize>,
    /// What is due.
    pub(super) items: Vec<Item>,
    /// Sessions that wait for a snapshot which somebody makes.
    pub(super) waiting: Vec<u64>,
}

impl Shard {
    pub(super) fn new(
        poll: Poll,
        mailbox: Mailbox,
        app: WeakApp,
        limit: usize,
        times: Times,
    ) -> Self {
        Self {
            poll,
            mailbox,
            runtime: Handle::current(),
            app,
            members: Slab::new(),
            keys: HashMap::new(),
            rooms: HashMap::new(),
            timers: Timers::default(),
            times,
            began: Instant::now(),
            now: 0,
            limit,
            dirty: Vec::new(),
            unread: Vec::new(),
            gone: Vec::new(),
            due: Vec::new(),
            due_bytes: 0,
            closed: None,
            buffer: vec![0; BUFFER],
            messages: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Runs until the app is gone.
    ///
    /// # Errors
    /// If the system does not let it wait for its sockets.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            match self.poll.poll(&mut events, self.patience()) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            let Some(app) = self.app.upgrade() else { return Ok(()) };
            self.turn(&app, &events);
        }
    }

    /// How long there is nothing to do unless something happens.
    fn patience(&self) -> Option<Duration> {
        if !self.unread.is_empty() || !self.due.is_empty() {
            return Some(Duration::ZERO);
        }
        let next = self.timers.next()?;
        let elapsed = self.began.elapsed();
        Some(Duration::from_millis(next).saturating_sub(elapsed))
    }

    fn turn(&mut self, app: &App, events: &Events) {
        self.now = Millis::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX);
        for key in std::mem::take(&mut self.unread) {
            self.readable(app, key);
        }
        for event in events {
            if event.token() != WOKEN {
                self.ready(app, event);
            }
        }
        self.gather(app);
        self.deliver(app);
        self.answer_polls();
        self.flush(app);
        // Signs of life that came may still be unread.
        if events.iter().count() < EVENTS {
            self.look(app);
        }
        // Looking may have left something to say.
        self.flush(app);
        self.forget(app);
    }

    fn ready(&mut self, app: &App, event: &Event) {
        let key = event.token().0;
        // A socket that is gone may have had something to say in the same round.
        if !self.members.contains(key) {
            return;
        }
        if event.is_writable() {
            self.mark(key);
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.readable(app, key);
        }
    }

    /// Takes all that is due. Whoever is about to bring more gets the chance to do it first: what
    /// comes together is written together. Nothing waits if nobody else is running.
    fn gather(&mut self, app: &App) {
        for _ in 0..ROUNDS {
            if !self.take(app) {
                break;
            }
            thread::yield_now();
        }
        self.mailbox.rest();
        self.take(app);
    }

    /// Does what the mailbox asks for; false if it was empty.
    fn take(&mut self, app: &App) -> bool {
        let mut messages = std::mem::take(&mut self.messages);
        let missed = self.mailbox.take(&mut messages);
        let any = !messages.is_empty() || !missed.is_empty();
        for message in messages.drain(..) {
            self.handle(app, message);
        }
        // What came before them goes first.
        for room in missed {
            self.catch_up_all(app, room);
        }
        self.messages = messages;
        any
    }

    fn handle(&mut self, app: &App, message: Message) {
        match message {
            Message::Event(room, record) => {
                self.due_bytes += record.size();
                self.add(room, Item::Event(record));
                if self.due_bytes >= BATCH {
                    self.deliver(app);
                }
            }
            Message::Signal(room, signal) => self.add(room, Item::Signal(signal)),
            Message::Tell(id, tell) => {
                if let Some(key) = self.key(id) {
                    self.tell(app, key, tell);
                }
            }
            Message::Forget(id, last) => self.forget_pushes(id, last),
            Message::Join(entrant) => self.join(app, *entrant),
            Message::Poll(id, waiting) => self.poll_again(app, id, waiting),
            Message::Hung(id, number) => self.hung(id, number),
            Message::Left(id) => {
                if let Some(key) = self.key(id) {
                    self.let_go(key);
                }
            }
            Message::Leaves(id) => {
                if let Some(key) = self.key(id) {
                    self.leave(app, key, Leaving::Closed(websocket::close::NORMAL));
                }
            }
            Message::Drained(id) => {
                if let Some(key) = self.key(id) {
                    self.advance(app, key);
                }
            }
            Message::Received(id, mut bytes, more) => {
                if let Some(key) = self.key(id) {
                    self.received(app, key, &mut bytes);
                    self.hold_back(key, more);
                }
            }
            Message::Answered(id, inbox, answer) => {
                if let Some(key) = self.key(id) {
                    self.answered(app, key, inbox, answer.as_deref());
                }
            }
            Message::Read(id, after, records) => {
                if let Some(key) = self.key(id) {
                    self.fetched(app, key, after, records);
                }
            }
            Message::Snapshot(room, snapshot) => self.begin_waiting(app, room, snapshot.as_deref()),
            Message::Close(id, reason) => {
                if let Some(key) = self.key(id) {
                    self.close(app, key, reason);
                }
            }
            Message::CloseAll(reason) => {
                self.closed = Some(reason);
                let all: Vec<_> = self.members.iter().map(|(key, _)| key).collect();
                for key in all {
                    self.close(app, key, reason);
                }
            }
        }
    }

    fn add(&mut self, room: i64, item: Item) {
        let Some(share) = self.rooms.get_mut(&room) else { return };
        if share.items.is_empty() {
            self.due.push(room);
        }
        share.items.push(item);
    }

    pub(super) fn key(&self, id: u64) -> Option<usize> {
        self.keys.get(&id).copied()
    }

    /// Puts a session on the list of those with something to send.
    pub(super) fn mark(&mut self, key: usize) {
        let member = &mut self.members[key];
        if !std::mem::replace(&mut member.dirty, true) {
            self.dirty.push(key);
        }
    }

    /// Forgets a session at the end of this turn; until then its slot stays.
    pub(super) fn let_go(&mut self, key: usize) {
        let member = &mut self.members[key];
        if !std::mem::replace(&mut member.gone, true) {
            self.gone.push(key);
        }
    }

    /// Asks for a look at a session when its time comes.
    pub(super) fn arm(&mut self, key: usize) {
        let member = &mut self.members[key];
        let at = member.deadline(&self.times);
        self.timers.arm(&mut member.cold.armed, at, key, member.cold.id);
    }
}

/// The JSON of a goodbye.
pub(super) fn goodbye(reason: Reason) -> bytes::Bytes {
    encode(&ServerFrame::Goodbye { reason, reconnect: reason.reconnect() })
}
