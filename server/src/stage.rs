//! The stages: who holds which piece right now, in all rooms.
//!
//! What is kept of a stage is the log's; here is what passes. Nothing here waits for anything, so
//! that a move goes from the shard that read it to the hub within one call. [`leases`] has the
//! rules, without IO and without a clock. A room in which nothing is held takes no memory.
//!
//! Under one lock a lease changes and the signals that tell of it are left, so that these have the
//! order of the changes. A piece that was dropped is free only after its event was handed to the
//! hub: whatever the next mover does is told after it.

pub mod leases;

use crate::hub::Hub;
use crate::log::{Room, Spot};
use leases::{Due, Holder, Leases, Moment, Mover, Taken, Terms, Went};
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::{ClientId, PieceId};
use nowcast_shared::signal::Signal;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
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

/// How a landing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// The log has it, by its holder's own wish.
    Dropped,
    /// The log has it, for another reason.
    Settled,
    /// The log does not have it, and nobody holds the piece any longer.
    Lost,
    /// Nothing changed: whoever held the piece goes on.
    Restored,
}

/// A piece that its mover left: the log is to have it where it is.
pub struct Fallen {
    /// Where.
    pub room: Arc<Room>,
    /// Which one.
    pub piece: PieceId,
    /// Whose it was.
    pub holder: Holder,
    /// Where it was moved to.
    pub place: (f64, f64),
}

impl Stages {
    /// No room's.
    pub fn new(hub: Arc<Hub>, terms: Terms) -> Self {
        Self {
            open: Mutex::default(),
            hub,
            terms,
            began: Instant::now(),
            sooner: Notify::new(),
            landed: Notify::new(),
        }
    }

    /// Asks for a piece, or with a place moves it. `over_locks`: whether a lock does not matter.
    ///
    /// # Errors
    /// If that cannot be now.
    pub fn hold(
        &self,
        room: &Arc<Room>,
        piece: &PieceId,
        holder: &Holder,
        place: Option<(f64, f64)>,
        over_locks: bool,
    ) -> Result<(), Refused> {
        let now = self.now();
        let mut rooms = self.open();
        let open = Open::of(&mut rooms, room);
        let went = match room.spot(piece) {
            None => Err(Refused::Unloaded),
            Some(None) => Err(Refused::Unknown),
            Some(Some(Spot { locked: true, .. })) if !over_locks => Err(Refused::Locked),
            Some(Some(_)) => match place {
                None => open.leases.grab(now, piece, holder).map_err(Refused::from),
                Some(place) => {
                    let went = open.leases.go(now, piece, holder, place, &self.terms);
                    went.map_err(Refused::from)
                }
            },
        };
        if let Ok(Went { taken, tell }) = went {
            let by = holder.mover.client();
            if taken {
                self.tell_held(room, piece, Some(holder), by);
            }
            if let Some(place) = place.filter(|_| tell) {
                self.tell_moving(room, piece, holder, place, by);
            }
            if taken || (place.is_some() && !tell) {
                self.sooner.notify_one();
            }
        }
        close(&mut rooms, room.id());
        went.map(|_| ())
    }

    /// A piece is about to have another place in the log; [`Self::landed`] has to follow. With a
    /// mover only if nobody else holds it.
    ///
    /// # Errors
    /// If somebody else does, or it is landing already.
    pub fn land(
        &self,
        room: &Arc<Room>,
        piece: &PieceId,
        by: Option<&Mover>,
    ) -> Result<(), Refused> {
        let mut rooms = self.open();
        let leases = &mut Open::of(&mut rooms, room).leases;
        let landing = match by {
            Some(by) => leases.land(piece, by),
            None => leases.seize(piece),
        };
        close(&mut rooms, room.id());
        landing.map_err(Refused::from)
    }

    /// What became of a landing.
    pub fn landed(&self, room: &Arc<Room>, piece: &PieceId, landed: Landed) {
        let mut rooms = self.open();
        if let Some(open) = rooms.get_mut(&room.id()) {
            if landed == Landed::Restored {
                open.leases.restore(self.now(), piece);
                self.sooner.notify_one();
            } else if let Some(lease) = open.leases.free(piece) {
                // Pages fall back to what the log says; this says the same to those that look at
                // nothing but the way.
                if landed == Landed::Lost
                    && let Some(Some(Spot { place, .. })) = room.spot(piece)
                {
                    self.tell_moving(room, piece, &lease.holder, place, None);
                }
                let by = lease.holder.mover.client().filter(|_| landed == Landed::Dropped);
                self.tell_held(room, piece, None, by);
            }
        }
        close(&mut rooms, room.id());
        drop(rooms);
        self.landed.notify_waiters();
    }

    /// Is ready when a piece landed after this was asked.
    pub fn landing(&self) -> Notified<'_> {
        self.landed.notified()
    }

    /// Tells again who holds a piece and where it is: an event that shows it elsewhere went out.
    pub fn retell(&self, room: &Arc<Room>, piece: &PieceId) {
        let rooms = self.open();
        let Some(lease) = rooms.get(&room.id()).and_then(|open| open.leases.get(piece)) else {
            return;
        };
        let by = lease.holder.mover.client();
        self.tell_held(room, piece, Some(&lease.holder), by);
        if let Some(place) = lease.place {
            self.tell_moving(room, piece, &lease.holder, place, by);
        }
    }

    /// What a page is told that joins, or was behind: who holds what, and where it is. Not of what
    /// it holds itself. The keys of the signals, and their frames.
    pub fn in_flight(
        &self,
        room: i64,
        page: impl FnOnce() -> Option<ClientId>,
    ) -> Vec<(String, String)> {
        let rooms = self.open();
        let Some(open) = rooms.get(&room) else { return Vec::new() };
        let page = page().map(Mover::Client);
        let others =
            open.leases.all().filter(|(_, lease)| Some(&lease.holder.mover) != page.as_ref());
        let mut signals = Vec::new();
        for (piece, lease) in others {
            signals.push(held(piece, Some(&lease.holder)));
            signals.extend(lease.place.map(|place| moving(piece, &lease.holder, place)));
        }
        let frame = |(key, signal)| {
            let frame = ServerFrame::<()>::Signal { signal };
            // Signals hold nothing that JSON cannot write.
            (key, serde_json::to_string(&frame).unwrap_or_default())
        };
        signals.into_iter().map(frame).collect()
    }

    /// A page left and said so: what it holds is to be left where it is.
    pub fn leave(&self, room: i64, client: &ClientId) -> Vec<Fallen> {
        let mut rooms = self.open();
        let Some(open) = rooms.get_mut(&room) else { return Vec::new() };
        let its = |lease: &leases::Lease| lease.holder.mover.client() == Some(client);
        let pieces = open.leases.all().filter(|(_, lease)| its(lease));
        let pieces: Vec<_> = pieces.map(|(piece, _)| piece.clone()).collect();
        let fallen = pieces.into_iter().filter_map(|piece| self.end(open, piece)).collect();
        close(&mut rooms, room);
        fallen
    }

    /// Does what is due by now; what is left to do.
    pub fn due(&self) -> Vec<Fallen> {
        let now = self.now();
        let mut rooms = self.open();
        let mut fallen = Vec::new();
        for open in rooms.values_mut() {
            for (piece, due) in open.leases.due(now, &self.terms) {
                match due {
                    Due::End => fallen.extend(self.end(open, piece)),
                    Due::Tell => {
                        if let Some(lease) = open.leases.get(&piece)
                            && let Some(place) = lease.place
                        {
                            let by = lease.holder.mover.client();
                            self.tell_moving(&open.room, &piece, &lease.holder, place, by);
                        }
                    }
                }
            }
        }
        rooms.retain(|_, open| !open.leases.is_empty());
        fallen
    }

    /// Returns when something may be due.
    pub async fn ripe(&self) {
        let next = {
            let rooms = self.open();
            rooms.values().filter_map(|open| open.leases.next(&self.terms)).min()
        };
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

    /// Ends a lease. Where the piece was moved, it is landing until the log has that.
    fn end(&self, open: &mut Open, piece: PieceId) -> Option<Fallen> {
        let lease = open.leases.get(&piece)?;
        if let Some(place) = lease.place {
            let holder = lease.holder.clone();
            open.leases.seize(&piece).ok()?;
            return Some(Fallen { room: Arc::clone(&open.room), piece, holder, place });
        }
        open.leases.free(&piece);
        self.tell_held(&open.room, &piece, None, None);
        None
    }

    fn tell_held(
        &self,
        room: &Room,
        piece: &PieceId,
        holder: Option<&Holder>,
        by: Option<&ClientId>,
    ) {
        let (key, signal) = held(piece, holder);
        self.hub.signal(room.id(), key, &signal, by);
    }

    fn tell_moving(
        &self,
        room: &Room,
        piece: &PieceId,
        holder: &Holder,
        place: (f64, f64),
        by: Option<&ClientId>,
    ) {
        let (key, signal) = moving(piece, holder, place);
        self.hub.signal(room.id(), key, &signal, by);
    }

    fn now(&self) -> Moment {
        self.began.elapsed()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<i64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn of<'a>(rooms: &'a mut HashMap<i64, Self>, room: &Arc<Room>) -> &'a mut Self {
        let open = || Self { room: Arc::clone(room), leases: Leases::default() };
        rooms.entry(room.id()).or_insert_with(open)
    }
}

/// Lets go of a room in which nothing is held.
fn close(rooms: &mut HashMap<i64, Open>, room: i64) {
    if rooms.get(&room).is_some_and(|open| open.leases.is_empty()) {
        rooms.remove(&room);
    }
}

/// The signal of who holds a piece, and its key.
fn held(piece: &PieceId, holder: Option<&Holder>) -> (String, Signal) {
    let by = holder.map(|holder| holder.by.id.clone());
    let name = holder.and_then(|holder| holder.by.name.clone());
    (format!("held:{piece}"), Signal::PieceHeld { piece: piece.clone(), by, name })
}

/// The signal of where a piece is on its way, and its key.
fn moving(piece: &PieceId, holder: &Holder, (x, y): (f64, f64)) -> (String, Signal) {
    let by = holder.by.id.clone();
    (format!("moving:{piece}"), Signal::PieceMoving { piece: piece.clone(), x, y, by })
}

/// How long leases last, and how often moves are told, from what is configured.
pub fn terms(lease: u64, rate: u32, burst: u32) -> Terms {
    let each = Duration::from_secs(1) / rate.max(1);
    Terms { life: Duration::from_millis(lease), each, burst }
}
