//! Who holds which piece of one stage, and what others are told of it: pure, with the time passed
//! in.
//!
//! The first to grab a piece, or to move one that is free, has its lease. It lasts as long as
//! moves come, and some time after the last. Where a piece was moved and its lease ends, it is
//! **landing** first: it is being left where it is, and nobody can take it until the log has that.
//! So what the next mover does is told after the event.
//!
//! An admin takes a piece over from anybody who is none: otherwise whoever never lets go had it for
//! ever.
//!
//! Moves are told at a rate. What comes faster takes the place of what is not told yet, so that the
//! newest is always told, some milliseconds later.

use nowcast_shared::id::{ClientId, PieceId};
use nowcast_shared::item::{Author, Role};
use nowcast_shared::signal::Signal;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Time since some moment that is the same for all.
pub type Moment = Duration;

/// Where a piece is: [`nowcast_shared::stage::Piece::x`] and `y`.
pub type Place = (f64, f64);

/// To whom a lease belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mover {
    /// A page, over whichever connection.
    Client(ClientId),
    /// A program that told no client id: its subject.
    Program(String),
}

impl Mover {
    fn client(&self) -> Option<&ClientId> {
        match self {
            Self::Client(client) => Some(client),
            Self::Program(_) => None,
        }
    }
}

/// Who holds a piece, as far as others are told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// To whom the lease belongs.
    pub mover: Mover,
    /// Who is shown to have done it.
    pub by: Author,
    /// The subject behind it.
    pub owner: String,
}

impl Holder {
    /// Whether somebody may have what this holder has.
    fn yields_to(&self, other: &Self) -> bool {
        self.mover == other.mover || (other.by.role == Role::Admin && self.by.role != Role::Admin)
    }
}

/// Something to tell everybody in the room.
#[derive(Clone, Debug, PartialEq)]
pub struct Tell {
    /// What.
    pub signal: Signal,
    /// The page that caused it, which is not told.
    pub by: Option<ClientId>,
}

/// A piece that its mover left: the log is to have it where it is. It is landing.
#[derive(Clone, Debug, PartialEq)]
pub struct Fallen {
    /// Which one.
    pub piece: PieceId,
    /// Whose it was.
    pub holder: Holder,
    /// Where it was moved to.
    pub place: Place,
}

/// Why somebody cannot have a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Somebody else holds it.
    Held,
    /// It is free as soon as it has landed.
    Landing,
}

/// How a landing ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Landed {
    /// The log has it, by its holder's own wish.
    Dropped,
    /// The log has it, for another reason.
    Settled,
    /// The log does not have it, and nobody holds the piece any longer. Where the log has it, if
    /// at all.
    Lost(Option<Place>),
    /// Nothing changed: whoever held the piece goes on.
    Restored,
}

/// How long leases last and how often moves are told.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long a lease lasts after its last move.
    pub life: Duration,
    /// The time between two moves of one mover.
    pub each: Duration,
    /// How many of these times may be used up at once.
    pub burst: u32,
}

impl Terms {
    fn most(&self) -> Duration {
        self.each * self.burst.max(1)
    }
}

/// The right to move a piece for now.
#[derive(Debug)]
struct Lease {
    holder: Holder,
    /// Where the piece was moved to; nothing before the first move.
    place: Option<Place>,
    /// Whether others do not know of that place yet.
    untold: bool,
    /// When its holder last grabbed or moved it.
    heard: Moment,
}

impl Lease {
    /// To be told of the holder; who that is knows it.
    fn held(&self, piece: &PieceId) -> Tell {
        let (id, name) = (self.holder.by.id.clone(), self.holder.by.name.clone());
        let signal = Signal::PieceHeld { piece: piece.clone(), by: Some(id), name };
        Tell { signal, by: self.holder.mover.client().cloned() }
    }

    /// To be told of the way, if it began.
    fn moving(&self, piece: &PieceId) -> Option<Tell> {
        let (x, y) = self.place?;
        let by = self.holder.by.id.clone();
        let signal = Signal::PieceMoving { piece: piece.clone(), x, y, by };
        Some(Tell { signal, by: self.holder.mover.client().cloned() })
    }
}

/// To be told that nobody holds a piece any longer.
fn free(piece: &PieceId, by: Option<&ClientId>) -> Tell {
    let signal = Signal::PieceHeld { piece: piece.clone(), by: None, name: None };
    Tell { signal, by: by.cloned() }
}

#[derive(Debug)]
enum Hold {
    Held(Lease),
    /// The log is about to have another place for the piece. Who had it before, if anybody; who
    /// dropped it, if somebody did.
    Landing(Option<Lease>, Option<Mover>),
}

/// All leases of one stage.
#[derive(Debug)]
pub struct Leases {
    terms: Terms,
    holds: BTreeMap<PieceId, Hold>,
    /// Until when each mover's moves are used up.
    spent: HashMap<Mover, Moment>,
}

impl Leases {
    /// None.
    pub fn new(terms: Terms) -> Self {
        Self { terms, holds: BTreeMap::new(), spent: HashMap::new() }
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty()
    }

    /// Grabs a piece, or with a place moves it: one that is free, held by this mover, or taken over
    /// by an admin. Who loses it is told as everybody is; it stays where it was moved to.
    ///
    /// # Errors
    /// If somebody else has it.
    pub fn hold(
        &mut self,
        now: Moment,
        piece: &PieceId,
        holder: &Holder,
        place: Option<Place>,
    ) -> Result<Vec<Tell>, Taken> {
        let taken = !self.holds.contains_key(piece);
        let fresh = || Lease { holder: holder.clone(), place: None, untold: false, heard: now };
        let hold = self.holds.entry(piece.clone()).or_insert_with(|| Hold::Held(fresh()));
        let lease = match hold {
            Hold::Landing(..) => return Err(Taken::Landing),
            Hold::Held(lease) if !lease.holder.yields_to(holder) => return Err(Taken::Held),
            Hold::Held(lease) => lease,
        };
        lease.heard = now;
        let mut tells = Vec::new();
        if taken {
            tells.push(lease.held(piece));
        }
        let loser = lease.holder.mover.clone();
        if loser != holder.mover {
            lease.holder = holder.clone();
            lease.untold = false;
            tells.push(lease.held(piece));
            tells.extend(lease.moving(piece));
        }
        if place.is_some() {
            lease.place = place;
            lease.untold = !spend(&mut self.spent, now, &holder.mover, self.terms);
            tells.extend(lease.moving(piece).filter(|_| !lease.untold));
        }
        if loser != holder.mover {
            self.forget(&loser);
        }
        Ok(tells)
    }

    /// A piece is about to have another place in the log: dropped by its holder, by an admin who
    /// takes it over, or by anybody while it is free; by nobody, whoever has it.
    ///
    /// # Errors
    /// If somebody else has it, or it is landing already.
    pub fn land(&mut self, piece: &PieceId, by: Option<&Holder>) -> Result<(), Taken> {
        let before = match self.holds.get(piece) {
            Some(Hold::Landing(..)) => return Err(Taken::Landing),
            Some(Hold::Held(lease)) if by.is_some_and(|by| !lease.holder.yields_to(by)) => {
                return Err(Taken::Held);
            }
            Some(Hold::Held(_)) | None => self.holds.remove(piece),
        };
        let before = match before {
            Some(Hold::Held(lease)) => Some(lease),
            _ => None,
        };
        let by = by.map(|by| by.mover.clone());
        self.holds.insert(piece.clone(), Hold::Landing(before, by));
        Ok(())
    }

    /// A landing ended.
    pub fn landed(&mut self, now: Moment, piece: &PieceId, landed: Landed) -> Vec<Tell> {
        let Some(Hold::Landing(before, by)) = self.holds.get_mut(piece) else { return Vec::new() };
        let (before, by) = (before.take(), by.take());
        self.holds.remove(piece);
        let Some(mut lease) = before else { return Vec::new() };
        let mut tells = Vec::new();
        match landed {
            Landed::Restored => {
                lease.heard = now;
                self.holds.insert(piece.clone(), Hold::Held(lease));
                // Who came meanwhile was not told.
                return self.retell(piece);
            }
            Landed::Dropped => tells.push(free(piece, by.as_ref().and_then(Mover::client))),
            Landed::Settled => tells.push(free(piece, None)),
            Landed::Lost(rests) => {
                // Pages fall back to what the log says when the piece is free; this says the same
                // to whoever looks at nothing but the way.
                lease.place = rests;
                tells.extend(lease.moving(piece).map(|tell| Tell { by: None, ..tell }));
                tells.push(free(piece, None));
            }
        }
        self.forget(&lease.holder.mover);
        tells
    }

    /// A page left and said so: what it holds is to be left where it is.
    pub fn leave(&mut self, client: &ClientId) -> (Vec<Tell>, Vec<Fallen>) {
        let its = |lease: &Lease| lease.holder.mover.client() == Some(client);
        let pieces = self.all().filter(|(_, lease)| its(lease));
        let pieces = pieces.map(|(piece, _)| piece.clone()).collect();
        self.end(pieces)
    }

    /// What has to be done by now: told, and left to the log.
    pub fn due(&mut self, now: Moment) -> (Vec<Tell>, Vec<Fallen>) {
        let over = self.all().filter(|(_, lease)| lease.heard + self.terms.life <= now);
        let over = over.map(|(piece, _)| piece.clone()).collect();
        let (mut tells, fallen) = self.end(over);
        let untold = self.all().filter(|(_, lease)| lease.untold);
        let mut untold: Vec<_> =
            untold.map(|(piece, lease)| (lease.heard, piece.clone())).collect();
        // Who waited longest is first.
        untold.sort();
        for (_, piece) in untold {
            if let Some(Hold::Held(lease)) = self.holds.get_mut(&piece)
                && spend(&mut self.spent, now, &lease.holder.mover, self.terms)
            {
                lease.untold = false;
                tells.extend(lease.moving(&piece));
            }
        }
        (tells, fallen)
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Moment> {
        let next = self.all().map(|(_, lease)| {
            let end = lease.heard + self.terms.life;
            if !lease.untold {
                return end;
            }
            let spent = self.spent.get(&lease.holder.mover).copied().unwrap_or_default();
            end.min((spent + self.terms.each).saturating_sub(self.terms.most()))
        });
        next.min()
    }

    /// To be told again, since an event that shows the piece where it rests went out.
    pub fn retell(&self, piece: &PieceId) -> Vec<Tell> {
        match self.holds.get(piece) {
            Some(Hold::Held(lease)) => {
                [Some(lease.held(piece)), lease.moving(piece)].into_iter().flatten().collect()
            }
            Some(Hold::Landing(..)) | None => Vec::new(),
        }
    }

    /// What a page is told that joins, or was behind: who holds what, and where it is. Not of what
    /// it holds itself, nor of what is landing: that it will be told of.
    pub fn in_flight(&self, page: Option<&ClientId>) -> Vec<Signal> {
        let others = self
            .all()
            .filter(|(_, lease)| page.is_none() || lease.holder.mover.client() != page)
            .flat_map(|(piece, _)| self.retell(piece));
        others.map(|tell| tell.signal).collect()
    }

    /// Ends leases. Of those whose pieces were moved, the log has to have the place first.
    fn end(&mut self, pieces: Vec<PieceId>) -> (Vec<Tell>, Vec<Fallen>) {
        let (mut tells, mut fallen) = (Vec::new(), Vec::new());
        for piece in pieces {
            let Some(Hold::Held(lease)) = self.holds.remove(&piece) else { continue };
            if let Some(place) = lease.place {
                let holder = lease.holder.clone();
                self.holds.insert(piece.clone(), Hold::Landing(Some(lease), None));
                fallen.push(Fallen { piece, holder, place });
            } else {
                self.forget(&lease.holder.mover);
                tells.push(free(&piece, None));
            }
        }
        (tells, fallen)
    }

    /// A mover with nothing in hand begins anew.
    fn forget(&mut self, mover: &Mover) {
        let its = |hold: &Hold| match hold {
            Hold::Held(lease) | Hold::Landing(Some(lease), _) => lease.holder.mover == *mover,
            Hold::Landing(None, _) => false,
        };
        if !self.holds.values().any(its) {
            self.spent.remove(mover);
        }
    }

    /// All leases, but for pieces that are landing.
    fn all(&self) -> impl Iterator<Item = (&PieceId, &Lease)> {
        self.holds.iter().filter_map(|(piece, hold)| match hold {
            Hold::Held(lease) => Some((piece, lease)),
            Hold::Landing(..) => None,
        })
    }
}

/// Takes one of a mover's moves, if there is one.
fn spend(spent: &mut HashMap<Mover, Moment>, now: Moment, mover: &Mover, terms: Terms) -> bool {
    let until = spent.get(mover).map_or(now, |until| now.max(*until)) + terms.each;
    if until > now + terms.most() {
        return false;
    }
    spent.insert(mover.clone(), until);
    true
}

#[cfg(test)]
mod tests;
