//! The stages: who holds which piece right now, in all rooms.
//!
//! What is kept of a stage is the log's; here is what passes. Nothing here waits for anything, so
//! that a move goes from the shard that read it to the hub within one call. [`leases`] has the
//! rules, without IO and without a clock. A room in which nothing is held takes no memory.
//!
//! A lease changes, and the signals that tell of it are left, under one lock, so that these have
//! the order of the changes.

pub mod leases;

use crate::hub::Hub;
use crate::log::{Room, Spot};
use leases::{Fallen, Holder, Landed, Leases, Moment, Place, Taken, Tell, Terms};
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::{ClientId, PieceId};
use nowcast_shared::signal::Signal;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

/// All rooms' leases. Rooms are named by the log's key.
pub struct Stages {
    open: Mutex<HashMap<i64, Open>>,
    hub: Arc<Hub>,
    terms: Terms,
    began: Instant,
    /// Something may be due sooner than was known.
    sooner: Notify,
    /// A piece has landed.
    landed: Notify,
}

/// A room in which something is held.
struct Open {
    room: Arc<Room>,
    leases: Leases,
}

/// Why a piece cannot be moved now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such piece.
    Unknown,
    /// Nobody but an admin may.
    Locked,
    /// Somebody else holds it.
    Held,
    /// Not known yet: memory has to be told of the stage first.
    Unloaded,
    /// It is being left somewhere right now.
    Landing,
}

impl From<Taken> for Refused {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Held => Self::Held,
            Taken::Landing => Self::Landing,
        }
    }
}

/// Pieces that were left, in which room: the log is to have them where they are.
pub type Left = (Arc<Room>, Vec<Fallen>);

impl Stages {
    /// No room's.
    pub fn new(hub: Arc<Hub>, terms: Terms) -> Self {
        let (open, began) = (Mutex::default(), Instant::now());
        Self { open, hub, terms, began, sooner: Notify::new(), landed: Notify::new() }
    }

    /// Grabs a piece, or with a place moves it. `over_locks`: whether a lock does not matter.
    ///
    /// # Errors
    /// If that cannot be now.
    pub fn hold(
        &self,
        room: &Arc<Room>,
        piece: &PieceId,
        holder: &Holder,
        place: Option<Place>,
        over_locks: bool,
    ) -> Result<(), Refused> {
        self.within(room, |leases| {
            // Under the lock: what was locked or removed landed before.
            match room.spot(piece) {
                None => return Err(Refused::Unloaded),
                Some(None) => return Err(Refused::Unknown),
                Some(Some(Spot { locked: true, .. })) if !over_locks => {
                    return Err(Refused::Locked);
                }
                Some(Some(_)) => {}
            }
            self.tell(room, leases.hold(self.now(), piece, holder, place)?);
            Ok(())
        })
    }

    /// A piece is about to have another place in the log; [`Self::landed`] has to follow. With a
    /// holder only if nobody holds it from whom they cannot take it.
    ///
    /// # Errors
    /// If somebody else does, or it is landing already.
    pub fn land(
        &self,
        room: &Arc<Room>,
        piece: &PieceId,
        by: Option<&Holder>,
    ) -> Result<(), Refused> {
        self.within(room, |leases| Ok(leases.land(piece, by)?))
    }

    /// A landing ended.
    pub fn landed(&self, room: &Arc<Room>, piece: &PieceId, landed: Landed) {
        self.within(room, |leases| self.tell(room, leases.landed(self.now(), piece, landed)));
        self.landed.notify_waiters();
    }

    /// Is ready when a piece landed after this was asked.
    pub fn landing(&self) -> Notified<'_> {
        self.landed.notified()
    }

    /// An event that shows a piece where it rests went out: where it is on its way is told again.
    pub fn retell(&self, room: &Arc<Room>, piece: &PieceId) {
        self.within(room, |leases| self.tell(room, leases.retell(piece)));
    }

    /// What a page is told that joins, or was behind: signals with their keys. Of what it holds
    /// itself, nothing.
    pub fn in_flight(
        &self,
        room: i64,
        page: impl FnOnce() -> Option<ClientId>,
    ) -> Vec<(String, String)> {
        let rooms = self.open();
        let Some(open) = rooms.get(&room) else { return Vec::new() };
        let signals = open.leases.in_flight(page().as_ref()).into_iter();
        let frame = |signal| {
            let key = key(&signal);
            let frame = ServerFrame::<()>::Signal { signal };
            // Signals hold nothing that JSON cannot write.
            (key, serde_json::to_string(&frame).unwrap_or_default())
        };
        signals.map(frame).collect()
    }

    /// A page left and said so.
    pub fn leave(&self, room: i64, client: &ClientId) -> Option<Left> {
        let mut rooms = self.open();
        let open = rooms.get_mut(&room)?;
        let (tells, fallen) = open.leases.leave(client);
        let left = (Arc::clone(&open.room), fallen);
        self.tell(&left.0, tells);
        close(&mut rooms, room);
        Some(left)
    }

    /// Tells what is due by now; the pieces whose movers were not heard of for too long.
    pub fn due(&self) -> Vec<Left> {
        let now = self.now();
        let mut rooms = self.open();
        let mut left = Vec::new();
        for open in rooms.values_mut() {
            let (tells, fallen) = open.leases.due(now);
            self.tell(&open.room, tells);
            left.push((Arc::clone(&open.room), fallen));
        }
        rooms.retain(|_, open| !open.leases.is_empty());
        left
    }

    /// Returns when something may be due.
    pub async fn ripe(&self) {
        let next = self.open().values().filter_map(|open| open.leases.next()).min();
        let sooner = self.sooner.notified();
        match next {
            None => sooner.await,
            Some(at) => tokio::select! {
                () = tokio::time::sleep_until(self.began + at) => {}
                () = sooner => {}
            },
        }
    }

    /// Wakes whoever waits for something to be due.
    pub fn wake(&self) {
        self.sooner.notify_one();
    }

    /// How many rooms have something held in them.
    #[cfg(test)]
    pub fn rooms(&self) -> usize {
        self.open().len()
    }

    /// Works on a room's leases, and wakes whoever waits if something is due sooner after that.
    fn within<T>(&self, room: &Arc<Room>, work: impl FnOnce(&mut Leases) -> T) -> T {
        let mut rooms = self.open();
        let open = rooms
            .entry(room.id())
            .or_insert_with(|| Open { room: Arc::clone(room), leases: Leases::new(self.terms) });
        let before = open.leases.next();
        let done = work(&mut open.leases);
        let after = open.leases.next();
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.sooner.notify_one();
        }
        close(&mut rooms, room.id());
        done
    }

    fn tell(&self, room: &Room, tells: Vec<Tell>) {
        for Tell { signal, by } in tells {
            self.hub.signal(room.id(), key(&signal), &signal, by.as_ref());
        }
    }

    fn now(&self) -> Moment {
        self.began.elapsed()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<i64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets go of a room in which nothing is held.
fn close(rooms: &mut HashMap<i64, Open>, room: i64) {
    if rooms.get(&room).is_some_and(|open| open.leases.is_empty()) {
        rooms.remove(&room);
    }
}

/// Under which key a slow page's signal is replaced: of each piece, who holds it and where it is.
pub(crate) fn key(signal: &Signal) -> String {
    match signal {
        Signal::PieceHeld { piece, .. } => format!("held:{piece}"),
        Signal::PieceMoving { piece, .. } => format!("moving:{piece}"),
        // Leases tell nothing else.
        _ => String::new(),
    }
}
