//! The hub: which sessions are in which room, and which shard holds them.
//!
//! This is the narrow door behind which fan-out happens: the log's follower calls
//! [`Hub::deliver`], a transport lets a session in by [`Hub::join`] or [`Hub::poll`], and the
//! [engine](crate::engine) does the rest. Who is here follows from who is joined.

mod presence;
mod seat;

pub use seat::Seat;

use crate::auth::Visitor;
use crate::door::Pass;
use crate::encoded::Encoded;
use crate::engine::mailbox::{Mailbox, Message, SessionId, Signal};
use crate::engine::member::Entrant;
use crate::engine::poll::Waiting;
use crate::record::Record;
use nowcast_shared::error::Reason;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::ClientId;
use nowcast_shared::signal::{self as shared, PresenceState};
use presence::Presence;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// By which way a session is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// `…/ws`
    WebSocket,
    /// `…/sse`
    Sse,
    /// `…/poll`
    Poll,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Sse, Self::Poll];

    /// Its name in counts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::Poll => "poll",
        }
    }
}

/// Who joins.
pub struct Join {
    /// What is known of the page; a second session with the same client id replaces the first.
    pub visitor: Arc<Visitor>,
    /// By which way.
    pub transport: Transport,
    /// Whether it counts as an open page.
    pub counted: bool,
    /// By which right it is here.
    pub pass: Pass,
}

/// All rooms with somebody in them. Rooms are named by the log's key.
pub struct Hub {
    rooms: Mutex<HashMap<i64, Room>>,
    shards: Vec<Mailbox>,
    next: AtomicU64,
    /// Woken when somebody came or left.
    changed: Notify,
    /// Sessions closed because they did not read.
    slow: AtomicU64,
    /// How many sessions there are, also of those that were replaced and are not gone yet.
    sessions: watch::Sender<u64>,
}

#[derive(Default)]
struct Room {
    members: HashMap<SessionId, Member>,
    clients: HashMap<ClientId, SessionId>,
    presence: Presence,
    /// How many sessions each shard has.
    shares: Vec<usize>,
}

struct Member {
    transport: Transport,
    counted: bool,
    client: Option<ClientId>,
    seat: Arc<Seat>,
    pass: Pass,
}

impl Hub {
    /// A hub for these shards, of which there is at least one.
    pub fn new(shards: Vec<Mailbox>) -> Self {
        Self {
            rooms: Mutex::default(),
            shards,
            next: AtomicU64::new(1),
            changed: Notify::new(),
            slow: AtomicU64::new(0),
            sessions: watch::Sender::new(0),
        }
    }

    /// Leaves an event for every session of the room; [`Self::flush`] has to follow. In offset
    /// order, after the commit.
    pub fn deliver(&self, room: i64, record: &Arc<Record>) {
        let rooms = self.rooms();
        let Some(state) = rooms.get(&room) else { return };
        state.mailboxes(&self.shards).for_each(|shard| shard.leave_event(room, record));
    }

    /// Lets the shards have what was left for them.
    pub fn flush(&self) {
        self.shards.iter().for_each(Mailbox::flush);
    }

    /// Wakes whoever works beside the server, so that they find it gone.
    pub fn wake(&self) {
        self.shards.iter().for_each(Mailbox::wake);
        self.changed.notify_one();
    }

    /// Lets a session in, with what `entrant` makes of its name.
    pub fn join(
        &self,
        room: i64,
        join: Join,
        entrant: impl FnOnce(&Mailbox, &Arc<Seat>) -> Entrant,
    ) -> SessionId {
        let mut rooms = self.rooms();
        self.enter(&mut rooms, room, join, |mailbox, seat| Box::new(entrant(mailbox, seat)))
    }

    /// Hands a poll to the place that its page has from the last one, or lets it in.
    pub fn poll(
        &self,
        room: i64,
        join: Join,
        waiting: Box<Waiting>,
        entrant: impl FnOnce(&Mailbox, &Arc<Seat>, Box<Waiting>) -> Entrant,
    ) -> (Mailbox, SessionId) {
        let mut rooms = self.rooms();
        let place = join.visitor.client.as_ref().and_then(|client| {
            let state = rooms.get(&room)?;
            let id = state.clients.get(client)?;
            (state.members.get(id)?.transport == Transport::Poll).then_some(*id)
        });
        if let Some(id) = place {
            self.shard(id).send(Message::Poll(id, waiting));
            return (self.shard(id).clone(), id);
        }
        let id = self.enter(&mut rooms, room, join, |mailbox, seat| {
            Box::new(entrant(mailbox, seat, waiting))
        });
        (self.shard(id).clone(), id)
    }

    fn enter(
        &self,
        rooms: &mut HashMap<i64, Room>,
        room: i64,
        join: Join,
        entrant: impl FnOnce(&Mailbox, &Arc<Seat>) -> Box<Entrant>,
    ) -> SessionId {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let state = rooms.entry(room).or_default();
        state.shares.resize(self.shards.len(), 0);
        let Join { visitor, transport, counted, pass } = join;
        let client = visitor.client.clone();
        if let Some(client) = &client
            && let Some(earlier) = state.clients.get(client).copied()
        {
            state.remove(earlier, self.index(earlier));
            self.shard(earlier).send(Message::Close(earlier, Reason::Replaced));
        }
        if let Some(client) = &client {
            state.clients.insert(client.clone(), id);
        }
        state.presence.join(counted, transport);
        let seat = Arc::new(Seat::new(id, visitor));
        let member = Member { transport, counted, client, seat: Arc::clone(&seat), pass };
        state.members.insert(id, member);
        state.shares[self.index(id)] += 1;
        self.sessions.send_modify(|count| *count += 1);
        // Under the lock: what is told to a session must not reach its shard before itself.
        let shard = self.shard(id);
        shard.send(Message::Join(entrant(shard, &seat)));
        self.changed.notify_one();
        id
    }

    /// A session is gone; called once for each, by its shard.
    pub fn leave(&self, room: i64, id: SessionId) {
        let mut rooms = self.rooms();
        if let Some(state) = rooms.get_mut(&room) {
            state.remove(id, self.index(id));
        }
        drop(rooms);
        self.sessions.send_modify(|count| *count -= 1);
        self.changed.notify_one();
    }

    /// The place of the page with this client id.
    pub fn seat(&self, room: i64, client: &ClientId) -> Option<Arc<Seat>> {
        let rooms = self.rooms();
        let state = rooms.get(&room)?;
        Some(Arc::clone(&state.members.get(state.clients.get(client)?)?.seat))
    }

    /// Who is in the room.
    pub fn presence(&self, room: i64) -> PresenceState {
        self.rooms().get(&room).map(|room| room.presence.state()).unwrap_or_default()
    }

    /// How many viewers each room has, of those that anybody was in.
    pub fn viewers(&self) -> HashMap<i64, u64> {
        let rooms = self.rooms();
        rooms.iter().map(|(id, room)| (*id, room.presence.state().count)).collect()
    }

    /// The frame that tells who is in the room, with its version.
    pub fn presence_frame(&self, room: i64) -> Option<(u64, String)> {
        let rooms = self.rooms();
        let presence = &rooms.get(&room)?.presence;
        Some((presence.state().version, presence.frame()?))
    }

    /// Tells the rooms where somebody came or left, once; to be called at most once a second.
    pub fn announce(&self) {
        for (room, state) in self.rooms().iter_mut() {
            let Some((version, frame)) = state.presence.announcement() else { continue };
            // Whoever joined last knows it from the snapshot.
            let signal = Arc::new(Signal {
                key: Some(Cow::Borrowed("presence")),
                encoded: Encoded::new(&[&frame]),
                version: Some(version),
                except: None,
            });
            state.tell(&self.shards, *room, &signal);
        }
    }

    /// Tells everybody in a room something that is not kept, but not the page that caused it. A
    /// newer signal takes the place of one with the same key that a slow page did not take yet.
    pub fn signal(
        &self,
        room: i64,
        key: impl Into<Cow<'static, str>>,
        signal: &shared::Signal,
        by: Option<&ClientId>,
    ) {
        let rooms = self.rooms();
        let Some(state) = rooms.get(&room) else { return };
        let frame = ServerFrame::<()>::Signal { signal: signal.clone() };
        // Signals hold nothing that JSON cannot write.
        let frame = serde_json::to_string(&frame).unwrap_or_default();
        let except = by.and_then(|client| state.clients.get(client)).copied();
        let (key, encoded) = (Some(key.into()), Encoded::new(&[&frame]));
        let signal = Arc::new(Signal { key, encoded, version: None, except });
        state.tell(&self.shards, room, &signal);
    }

    /// The page behind a session that is its present one.
    pub fn client(&self, room: i64, id: SessionId) -> Option<ClientId> {
        self.rooms().get(&room)?.members.get(&id)?.client.clone()
    }

    /// Returns when somebody came or left since the last call.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether this holds for a session of the room.
    pub fn any(&self, room: i64, holds: impl Fn(&Visitor, &Pass) -> bool) -> bool {
        let rooms = self.rooms();
        let members = rooms.get(&room).map(|room| room.members.values());
        members.is_some_and(|mut all| all.any(|one| holds(&one.seat.visitor(), &one.pass)))
    }

    /// Ends a session.
    pub fn close_one(&self, id: SessionId, reason: Reason) {
        self.shard(id).send(Message::Close(id, reason));
    }

    /// Ends the sessions of the room for which this holds.
    pub fn close_some(&self, room: i64, reason: Reason, holds: impl Fn(&Visitor, &Pass) -> bool) {
        let rooms = self.rooms();
        let Some(state) = rooms.get(&room) else { return };
        for (id, member) in &state.members {
            if holds(&member.seat.visitor(), &member.pass) {
                self.close_one(*id, reason);
            }
        }
    }

    /// Ends every session, also those that would still join.
    pub fn close(&self, reason: Reason) {
        self.shards.iter().for_each(|shard| shard.send(Message::CloseAll(reason)));
    }

    /// Returns when no session is left.
    pub async fn emptied(&self) {
        // The sender is ours and cannot be gone.
        let _ = self.sessions.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Sessions by transport, over all rooms.
    pub fn sessions(&self) -> HashMap<Transport, u64> {
        let mut counts = HashMap::new();
        for room in self.rooms().values() {
            for member in room.members.values() {
                *counts.entry(member.transport).or_default() += 1;
            }
        }
        counts
    }

    /// How many sessions were closed because they did not read fast enough.
    pub fn slow_consumers(&self) -> u64 {
        self.slow.load(Ordering::Relaxed)
    }

    /// Counts one of these.
    pub fn count_slow(&self) {
        self.slow.fetch_add(1, Ordering::Relaxed);
    }

    fn shard(&self, id: SessionId) -> &Mailbox {
        &self.shards[self.index(id)]
    }

    /// Sessions are dealt out in turn.
    fn index(&self, id: SessionId) -> usize {
        usize::try_from(id % self.shards.len() as u64).unwrap_or(0)
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<i64, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Takes a session off the lists, if it is on them.
    fn remove(&mut self, id: SessionId, shard: usize) {
        let Some(member) = self.members.remove(&id) else { return };
        if let Some(client) = &member.client
            && self.clients.get(client) == Some(&id)
        {
            self.clients.remove(client);
        }
        self.shares[shard] -= 1;
        self.presence.leave(member.counted, member.transport);
    }

    /// Leaves a signal for all its sessions. Under the hub's lock, so that signals keep their order.
    fn tell(&self, shards: &[Mailbox], room: i64, signal: &Arc<Signal>) {
        for shard in self.mailboxes(shards) {
            shard.send(Message::Signal(room, Arc::clone(signal)));
        }
    }

    /// The shards that hold some of its sessions.
    fn mailboxes<'a>(&'a self, shards: &'a [Mailbox]) -> impl Iterator<Item = &'a Mailbox> {
        let used = self.shares.iter().zip(shards).filter(|(count, _)| **count > 0);
        used.map(|(_, shard)| shard)
    }
}
