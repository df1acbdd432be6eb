//! The hub: hands events and signals to the sessions of a room.
//!
//! This is the narrow door behind which fan-out happens: the log's follower calls
//! [`Hub::deliver`], a session takes from the [`Subscription`] that [`Hub::join`] gave it. Who is
//! here follows from who is joined.

mod outbox;
mod parked;
mod presence;

pub use outbox::Outgoing;
pub use parked::Parked;

use crate::record::Record;
use bytes::Bytes;
use nowcast_shared::error::Reason;
use nowcast_shared::id::ClientId;
use nowcast_shared::signal::PresenceState;
use outbox::Outbox;
use presence::Presence;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
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
    /// The page's id; a second session with it replaces the first.
    pub client: Option<ClientId>,
    /// By which way.
    pub transport: Transport,
    /// Whether it counts as an open page.
    pub counted: bool,
}

/// All rooms with somebody in them. Rooms are named by the log's key.
pub struct Hub {
    rooms: Mutex<HashMap<i64, Room>>,
    parked: Parked,
    outbox_limit: usize,
    next: AtomicU64,
    /// Woken when somebody came or left.
    changed: Notify,
    /// Sessions closed because they did not read.
    slow: AtomicU64,
    /// Why nobody can join any more.
    closed: OnceLock<Reason>,
    /// How many subscriptions exist, also of sessions that were replaced.
    subscriptions: watch::Sender<u64>,
}

#[derive(Default)]
struct Room {
    members: HashMap<u64, Member>,
    clients: HashMap<ClientId, u64>,
    presence: Presence,
}

struct Member {
    outbox: Arc<Outbox>,
    transport: Transport,
    counted: bool,
    client: Option<ClientId>,
    /// The presence that its snapshot told.
    seen: u64,
}

/// A session's place in a room. Leaving is dropping it.
pub struct Subscription {
    hub: Arc<Hub>,
    room: i64,
    key: u64,
    outbox: Arc<Outbox>,
}

impl Hub {
    /// A hub whose sessions may have `outbox_limit` bytes waiting each.
    pub fn new(outbox_limit: usize) -> Self {
        Self {
            rooms: Mutex::default(),
            parked: Parked::default(),
            outbox_limit,
            next: AtomicU64::new(1),
            changed: Notify::new(),
            slow: AtomicU64::new(0),
            closed: OnceLock::new(),
            subscriptions: watch::Sender::new(0),
        }
    }

    /// Hands an event to every session of the room. Called in offset order, after the commit.
    pub fn deliver(&self, room: i64, record: &Arc<Record>) {
        let rooms = self.rooms();
        let Some(room) = rooms.get(&room) else { return };
        for member in room.members.values() {
            self.push(member, Outgoing::Event(Arc::clone(record)));
        }
    }

    /// Lets a session in. It gets nothing yet: see [`Subscription::listen`].
    pub fn join(self: &Arc<Self>, room: i64, join: Join) -> Subscription {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        let outbox = Arc::new(Outbox::new(self.outbox_limit));
        let mut rooms = self.rooms();
        if let Some(reason) = self.closed.get() {
            outbox.close(*reason);
        }
        let state = rooms.entry(room).or_default();
        if let Some(client) = &join.client {
            let earlier = state.clients.insert(client.clone(), key);
            // Its subscription may still exist, but it is no member any more.
            if let Some(earlier) = earlier.and_then(|key| state.members.remove(&key)) {
                state.presence.leave(earlier.counted, earlier.transport);
                earlier.outbox.close(Reason::Replaced);
            }
        }
        state.presence.join(join.counted, join.transport);
        let member = Member {
            outbox: Arc::clone(&outbox),
            transport: join.transport,
            counted: join.counted,
            client: join.client,
            seen: state.presence.version(),
        };
        state.members.insert(key, member);
        drop(rooms);
        self.subscriptions.send_modify(|count| *count += 1);
        self.changed.notify_one();
        Subscription { hub: Arc::clone(self), room, key, outbox }
    }

    /// Tells one session who is in the room.
    pub fn tell_presence(&self, room: i64, subscription: &Subscription) {
        let frame = self.rooms().get(&room).and_then(|room| room.presence.frame());
        if let Some(frame) = frame {
            subscription.outbox.push(Outgoing::Signal { key: "presence", frame });
        }
    }

    /// Who is in the room.
    pub fn presence(&self, room: i64) -> PresenceState {
        self.rooms().get(&room).map(|room| room.presence.state()).unwrap_or_default()
    }

    /// Tells the rooms where somebody came or left, once; to be called at most once a second.
    pub fn announce(&self) {
        for room in self.rooms().values_mut() {
            let Some((version, frame)) = room.presence.announcement() else { continue };
            // Whoever joined last knows it from the snapshot.
            for member in room.members.values().filter(|member| member.seen < version) {
                self.push(member, Outgoing::Signal { key: "presence", frame: frame.clone() });
            }
        }
    }

    /// Returns when somebody came or left since the last call.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Ends every session, also those that would still join.
    pub fn close(&self, reason: Reason) {
        let rooms = self.rooms();
        // Set under the lock that joining takes: whoever is not in the list will see it.
        let _ = self.closed.set(reason);
        for room in rooms.values() {
            room.members.values().for_each(|member| member.outbox.close(reason));
        }
        drop(rooms);
        self.parked.close();
    }

    /// Returns when no session is left.
    pub async fn emptied(&self) {
        // The sender is ours and cannot be gone.
        let _ = self.subscriptions.subscribe().wait_for(|count| *count == 0).await;
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

    /// The long-polling sessions between two polls.
    pub fn parked(&self) -> &Parked {
        &self.parked
    }

    fn push(&self, member: &Member, outgoing: Outgoing) {
        if !member.outbox.push(outgoing) {
            self.slow.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn leave(&self, room: i64, key: u64) {
        let mut rooms = self.rooms();
        let Some(state) = rooms.get_mut(&room) else { return };
        let Some(member) = state.members.remove(&key) else { return };
        if let Some(client) = &member.client
            && state.clients.get(client) == Some(&key)
        {
            state.clients.remove(client);
        }
        state.presence.leave(member.counted, member.transport);
        drop(rooms);
        self.changed.notify_one();
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<i64, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// From now on events are queued; signals always are.
    pub fn listen(&self) {
        self.outbox.listen(true);
    }

    /// From now on events are dropped: they will be read from the log.
    pub fn pause(&self) {
        self.outbox.listen(false);
    }

    /// Waits until something is due and takes all of it.
    pub async fn take(&self) -> Vec<Outgoing> {
        self.outbox.take().await
    }

    /// Takes what is due now.
    pub fn take_now(&self) -> Vec<Outgoing> {
        self.outbox.take_now()
    }

    /// Whether the session is to end.
    pub fn is_closed(&self) -> bool {
        self.outbox.is_closed()
    }

    /// Returns when the session is to end.
    pub async fn closed(&self) -> Reason {
        self.outbox.closed().await
    }

    /// Tells of the end of this session without keeping its place.
    pub fn ending(&self) -> Ending {
        Ending { outbox: Arc::clone(&self.outbox) }
    }

    /// A second handle to the same place, for the half that reads from the socket. The session
    /// stays a member as long as the subscription that it came from.
    pub fn replies(&self) -> Replies {
        Replies { outbox: Arc::clone(&self.outbox) }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(self.room, self.key);
        self.hub.subscriptions.send_modify(|count| *count -= 1);
    }
}

/// Tells when a session is to end.
pub struct Ending {
    outbox: Arc<Outbox>,
}

impl Ending {
    /// Returns when the session is to end.
    pub async fn reached(&self) -> Reason {
        self.outbox.closed().await
    }
}

/// Queues answers for a session.
pub struct Replies {
    outbox: Arc<Outbox>,
}

impl Replies {
    /// Queues something for this session alone.
    pub fn reply(&self, frame: Bytes) {
        self.outbox.push(Outgoing::Reply(frame));
    }

    /// Ends the session.
    pub fn close(&self, reason: Reason) {
        self.outbox.close(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nowcast_shared::offset::Offset;

    fn join(hub: &Arc<Hub>, client: Option<&str>, counted: bool) -> Subscription {
        let join = Join {
            client: client.map(|id| id.parse().unwrap()),
            transport: Transport::Sse,
            counted,
        };
        let subscription = hub.join(1, join);
        subscription.listen();
        subscription
    }

    fn record(bytes: usize) -> Arc<Record> {
        Arc::new(Record { offset: Offset(1), frame: vec![b'x'; bytes].into() })
    }

    #[tokio::test]
    async fn a_second_session_of_a_client_replaces_the_first() {
        let hub = Arc::new(Hub::new(100));
        let first = join(&hub, Some("abcdefghijklmnop"), true);
        let second = join(&hub, Some("abcdefghijklmnop"), true);
        assert!(matches!(first.take().await[..], [Outgoing::Goodbye(Reason::Replaced)]));
        assert_eq!(hub.presence(1).count, 1);
        drop(first);
        assert_eq!(hub.presence(1).count, 1, "leaving twice must not count twice");
        drop(second);
        assert_eq!(hub.presence(1).count, 0);
    }

    #[tokio::test]
    async fn a_slow_session_is_closed_and_hurts_no_other() {
        let hub = Arc::new(Hub::new(100));
        let (slow, quick) = (join(&hub, None, true), join(&hub, None, true));
        for _ in 0..3 {
            hub.deliver(1, &record(40));
            assert_eq!(quick.take().await.len(), 1);
        }
        assert!(matches!(slow.take().await[..], [Outgoing::Goodbye(Reason::SlowConsumer)]));
        assert_eq!(hub.slow_consumers(), 1);
    }

    #[tokio::test]
    async fn newcomers_are_announced_to_those_who_do_not_know() {
        let hub = Arc::new(Hub::new(1000));
        let first = join(&hub, None, true);
        let _admin = join(&hub, None, false);
        let second = join(&hub, None, true);
        hub.announce();
        assert!(matches!(first.take_now()[..], [Outgoing::Signal { .. }]));
        assert!(second.take_now().is_empty(), "its snapshot told it");
        hub.announce();
        assert!(first.take_now().is_empty(), "nothing changed");
        assert_eq!(hub.presence(1).count, 2, "the admin page is no viewer");
    }
}
