//! The hub: which sessions are in which room, and which shard holds them.
//!
//! This is the narrow door behind which fan-out happens: the log's follower calls
//! [`Hub::deliver`], a transport lets a session in by [`Hub::join`] or [`Hub::poll`], and the
//! [engine](crate::engine) does the rest. Who is here follows from who is joined:
//!
//! - `room`: the sessions of a room. `people`: the persons behind them, by `names`.
//!   [`presence`]: what pages are told of that.
//! - `users`: which sessions are a user's, and what users were pushed lately.
//! - `enter`: coming and going. `push`: something for a user alone.

mod enter;
mod names;
mod people;
pub mod presence;
mod push;
mod room;
mod seat;
mod users;

pub use enter::{Fixed, Join};
pub use names::Claim;
pub use push::Stored;
pub use seat::Seat;

use crate::auth::{Hash, Visitor};
use crate::clock;
use crate::door::Pass;
use crate::encoded::Encoded;
use crate::engine::mailbox::{Mailbox, Message, SessionId, Signal, Tell};
use crate::record::Record;
use nowcast_shared::error::Reason;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::{ClientId, PublicId};
use nowcast_shared::signal::{self as shared, PresenceState};
use room::Room;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use users::Users;

/// By which way a session is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// `…/ws`
    WebSocket,
    /// `…/sse`
    Sse,
    /// `…/poll`
    Poll,
    /// Another protocol, which a feature speaks.
    Bridge,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::WebSocket, Self::Sse, Self::Poll, Self::Bridge];

    /// Whether what the page sends comes over the same connection.
    pub fn is_two_way(self) -> bool {
        matches!(self, Self::WebSocket | Self::Bridge)
    }

    /// Its name in counts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::Poll => "poll",
            Self::Bridge => "bridge",
        }
    }
}

/// All rooms with somebody in them. Rooms are named by the log's key.
pub struct Hub {
    inside: Mutex<Inside>,
    shards: Vec<Mailbox>,
    next: AtomicU64,
    /// For how long somebody may be gone before others hear of it.
    grace: Duration,
    /// Woken when there is something to announce, or something else to wait for.
    changed: Notify,
    /// Sessions closed because they did not read.
    slow: AtomicU64,
    /// How many sessions there are, also of those that were replaced and are not gone yet.
    sessions: watch::Sender<u64>,
}

/// What the lock is for.
#[derive(Default)]
struct Inside {
    rooms: HashMap<i64, Room>,
    users: Users,
    /// Rooms with something that was not announced, perhaps.
    stirred: BTreeSet<i64>,
    /// Who leaves when; in order, since everybody has the same grace.
    leaving: VecDeque<(Instant, i64, PublicId)>,
    /// The newest version that the presence of a room had which is empty by now.
    version: u64,
    /// Which registrations end when, in Unix milliseconds.
    ending: BTreeSet<(i64, i64, SessionId)>,
}

impl Hub {
    /// A hub for these shards, of which there is at least one. Whoever is gone for longer than
    /// `grace` has left.
    pub fn new(shards: Vec<Mailbox>, grace: Duration) -> Self {
        Self {
            inside: Mutex::default(),
            shards,
            next: AtomicU64::new(1),
            grace,
            changed: Notify::new(),
            slow: AtomicU64::new(0),
            sessions: watch::Sender::new(0),
        }
    }

    /// Leaves an event for every session of the room; [`Self::flush`] has to follow. In offset
    /// order, after the commit.
    pub fn deliver(&self, room: i64, record: &Arc<Record>) {
        let inside = self.inside();
        let Some(state) = inside.rooms.get(&room) else { return };
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

    /// The place of the page with this client id.
    pub fn seat(&self, room: i64, client: &ClientId) -> Option<Arc<Seat>> {
        let inside = self.inside();
        let state = inside.rooms.get(&room)?;
        Some(Arc::clone(&state.members.get(state.clients.get(client)?)?.seat))
    }

    /// Who is in the room.
    pub fn presence(&self, room: i64) -> PresenceState {
        self.inside().rooms.get(&room).map(|room| room.people.state()).unwrap_or_default()
    }

    /// How many viewers each room has, of those that anybody was in.
    pub fn viewers(&self) -> HashMap<i64, u64> {
        let inside = self.inside();
        inside.rooms.iter().map(|(id, room)| (*id, room.people.count())).collect()
    }

    /// How many rooms have somebody in them, or about to come back.
    pub fn occupied(&self) -> usize {
        self.inside().rooms.len()
    }

    /// Everybody who has a page in the room, as the newest of their pages is known.
    pub fn people(&self, room: i64) -> Vec<(PublicId, Arc<Visitor>)> {
        let inside = self.inside();
        let members = inside.rooms.get(&room).into_iter().flat_map(|room| &room.members);
        let mut newest = HashMap::<&PublicId, (SessionId, Arc<Visitor>)>::new();
        for (id, member) in members {
            let Some(who) = &member.who else { continue };
            if newest.get(who).is_none_or(|(newest, _)| newest < id) {
                newest.insert(who, (*id, member.seat.visitor()));
            }
        }
        newest.into_iter().map(|(who, (_, visitor))| (who.clone(), visitor)).collect()
    }

    /// Does what it is time for: lets those go who did not come back, ends registrations that are
    /// over, tells the rooms once what is new; to be called at most once a second. In how long the
    /// next such time is.
    pub fn tick(&self) -> Option<Duration> {
        let (now, clock) = (Instant::now(), clock::now());
        let mut inside = self.inside();
        let inside = &mut *inside;
        while let Some((_, room, who)) = inside.leaving.pop_front_if(|(at, ..)| *at <= now) {
            let Some(state) = inside.rooms.get_mut(&room) else { continue };
            if state.people.let_go(&who, now) {
                inside.stirred.insert(room);
            }
        }
        while inside.ending.first().is_some_and(|(at, ..)| *at <= clock)
            && let Some((_, _, session)) = inside.ending.pop_first()
        {
            self.shard(session).send(Message::Close(session, Reason::Reauthorize));
        }
        for room in std::mem::take(&mut inside.stirred) {
            let Some(state) = inside.rooms.get_mut(&room) else { continue };
            if let Some(news) = state.announced.news(&state.people) {
                state.tell(&self.shards, room, &Arc::new(news));
            }
            // Its next life goes on with later versions.
            if state.is_empty() {
                inside.version = inside.version.max(state.people.version());
                inside.rooms.remove(&room);
            }
        }
        let leaves = inside.leaving.front().map(|(at, ..)| at.saturating_duration_since(now));
        let ends = inside.ending.first().map(|(at, ..)| u64::try_from(at - clock).unwrap_or(0));
        leaves.into_iter().chain(ends.map(Duration::from_millis)).min()
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
        let inside = self.inside();
        let Some(state) = inside.rooms.get(&room) else { return };
        let frame = ServerFrame::<()>::Signal { signal: signal.clone() };
        // Signals hold nothing that JSON cannot write.
        let frame = serde_json::to_string(&frame).unwrap_or_default();
        let except = by.and_then(|client| state.clients.get(client)).copied();
        let (key, encoded) = (Some(key.into()), Encoded::new(&[&frame]));
        let signal = Arc::new(Signal { key, encoded, presence: None, except });
        state.tell(&self.shards, room, &signal);
    }

    /// The page behind a session that is its present one.
    pub fn client(&self, room: i64, id: SessionId) -> Option<ClientId> {
        let inside = self.inside();
        inside.rooms.get(&room)?.members.get(&id)?.seat.visitor().client.clone()
    }

    /// Returns when [`Self::tick`] has something to do since the last call, or has it sooner.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Tells the admins who are at work in a room something that is not for others.
    pub fn tell_desks(&self, room: i64, signal: &shared::Signal) {
        let inside = self.inside();
        let Some(state) = inside.rooms.get(&room) else { return };
        let mut desks = state.members.iter().filter(|(_, member)| member.pass.desk).peekable();
        if desks.peek().is_none() {
            return;
        }
        let frame = ServerFrame::<()>::Signal { signal: signal.clone() };
        // Signals hold nothing that JSON cannot write.
        let frame = serde_json::to_string(&frame).unwrap_or_default();
        let tell = Arc::new(Tell { encoded: Encoded::new(&[&frame]), push: None });
        desks.for_each(|(id, _)| self.tell(*id, Arc::clone(&tell)));
    }

    /// Whether this holds for a session of the room.
    pub fn any(&self, room: i64, holds: impl Fn(&Visitor, &Pass) -> bool) -> bool {
        let inside = self.inside();
        let members = inside.rooms.get(&room).map(|room| room.members.values());
        members.is_some_and(|mut all| all.any(|one| holds(&one.seat.visitor(), &one.pass)))
    }

    /// Ends a session.
    pub fn close_one(&self, id: SessionId, reason: Reason) {
        self.shard(id).send(Message::Close(id, reason));
    }

    /// Ends the sessions of the room for which this holds.
    pub fn close_some(&self, room: i64, reason: Reason, holds: impl Fn(&Visitor, &Pass) -> bool) {
        let inside = self.inside();
        let Some(state) = inside.rooms.get(&room) else { return };
        for (id, member) in &state.members {
            if holds(&member.seat.visitor(), &member.pass) {
                self.close_one(*id, reason);
            }
        }
    }

    /// Ends the sessions by this login, in every room: they come back as who they are without.
    pub fn close_login(&self, login: &Hash) {
        let inside = self.inside();
        for (id, member) in inside.rooms.values().flat_map(|room| &room.members) {
            if member.pass.login.as_deref() == Some(login) {
                self.close_one(*id, Reason::Reauthorize);
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
        for room in self.inside().rooms.values() {
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

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
