//! Who holds which piece of one stage: pure, with the time passed in.
//!
//! The first to grab a piece, or to move one that is free, has its lease. It lasts as long as
//! moves come, and some time after the last. A lease that ends becomes a **landing** first: the
//! piece is being left where it is, and nobody can take it until the log has that.
//!
//! Moves are told at a rate. What comes faster takes the place of what is not told yet, so that the
//! newest is always told, some milliseconds later.

use nowcast_shared::id::{ClientId, PieceId};
use nowcast_shared::item::Author;
use std::collections::HashMap;
use std::time::Duration;

/// Time since some moment that is the same for all.
pub type Moment = Duration;

/// To whom a lease belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mover {
    /// A page, over whichever connection.
    Client(ClientId),
    /// A program that told no client id: its subject.
    Program(String),
}

impl Mover {
    /// The page, if it is one.
    pub fn client(&self) -> Option<&ClientId> {
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

/// The right to move a piece for now.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// Who has it.
    pub holder: Holder,
    /// Where the piece was moved to; nothing before the first move.
    pub place: Option<(f64, f64)>,
    /// Whether others do not know of that place yet.
    untold: bool,
    /// When its holder last grabbed or moved.
    heard: Moment,
}

#[derive(Debug)]
enum Hold {
    Held(Lease),
    /// The log is about to have another place for the piece. Who had it before, if anybody.
    Landing(Option<Lease>),
}

/// Why somebody cannot have a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Somebody else holds it.
    Held,
    /// It is free as soon as it has landed.
    Landing,
}

/// What follows from a grab or a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Went {
    /// The lease is new.
    pub taken: bool,
    /// Others are to be told of the place now.
    pub tell: bool,
}

/// Something whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The newest place of a piece is to be told.
    Tell,
    /// Its holder was not heard of for too long.
    End,
}

/// How long leases last and how often moves are told.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long a lease lasts after its last move.
    pub life: Duration,
    /// The time between two moves of one mover.
    pub each: Duration,
    /// How many more of these times may be used up at once.
    pub burst: u32,
}

impl Terms {
    fn most(&self) -> Duration {
        self.each * self.burst.max(1)
    }
}

/// All leases of one stage.
#[derive(Debug, Default)]
pub struct Leases {
    holds: HashMap<PieceId, Hold>,
    /// Until when each mover's moves are used up.
    spent: HashMap<Mover, Moment>,
}

impl Leases {
    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty()
    }

    /// Asks for a piece.
    ///
    /// # Errors
    /// If somebody else has it.
    pub fn grab(&mut self, now: Moment, piece: &PieceId, holder: &Holder) -> Result<Went, Taken> {
        let (_, taken) = self.lease(now, piece, holder)?;
        Ok(Went { taken, tell: false })
    }

    /// Moves a piece that is free, or held by this mover.
    ///
    /// # Errors
    /// If somebody else has it.
    pub fn go(
        &mut self,
        now: Moment,
        piece: &PieceId,
        holder: &Holder,
        place: (f64, f64),
        terms: &Terms,
    ) -> Result<Went, Taken> {
        let (lease, taken) = self.lease(now, piece, holder)?;
        lease.place = Some(place);
        lease.untold = true;
        let tell = self.spend(now, &holder.mover, terms);
        if tell && let Some(Hold::Held(lease)) = self.holds.get_mut(piece) {
            lease.untold = false;
        }
        Ok(Went { taken, tell })
    }

    fn lease(
        &mut self,
        now: Moment,
        piece: &PieceId,
        holder: &Holder,
    ) -> Result<(&mut Lease, bool), Taken> {
        let taken = !self.holds.contains_key(piece);
        let fresh = || Lease { holder: holder.clone(), place: None, untold: false, heard: now };
        match self.holds.entry(piece.clone()).or_insert_with(|| Hold::Held(fresh())) {
            Hold::Landing(_) => Err(Taken::Landing),
            Hold::Held(lease) if lease.holder.mover != holder.mover => Err(Taken::Held),
            Hold::Held(lease) => {
                lease.heard = now;
                Ok((lease, taken))
            }
        }
    }

    /// Takes one of a mover's moves, if there is one.
    fn spend(&mut self, now: Moment, mover: &Mover, terms: &Terms) -> bool {
        let until = self.spent.get(mover).map_or(now, |until| now.max(*until)) + terms.each;
        if until > now + terms.most() {
            return false;
        }
        self.spent.insert(mover.clone(), until);
        true
    }

    /// A piece is about to have another place in the log, by its holder, or by anybody while it is
    /// free.
    ///
    /// # Errors
    /// If somebody else has it.
    pub fn land(&mut self, piece: &PieceId, by: &Mover) -> Result<(), Taken> {
        match self.holds.get(piece) {
            Some(Hold::Held(lease)) if lease.holder.mover != *by => Err(Taken::Held),
            _ => self.seize(piece),
        }
    }

    /// The same, whoever has it.
    ///
    /// # Errors
    /// [`Taken::Landing`] if it is landing already.
    pub fn seize(&mut self, piece: &PieceId) -> Result<(), Taken> {
        let before = match self.holds.remove(piece) {
            None => None,
            Some(Hold::Held(lease)) => Some(lease),
            Some(landing @ Hold::Landing(_)) => {
                self.holds.insert(piece.clone(), landing);
                return Err(Taken::Landing);
            }
        };
        self.holds.insert(piece.clone(), Hold::Landing(before));
        Ok(())
    }

    /// A piece has landed and is free; who had it before.
    pub fn free(&mut self, piece: &PieceId) -> Option<Lease> {
        let lease = match self.holds.remove(piece)? {
            Hold::Held(lease) | Hold::Landing(Some(lease)) => lease,
            Hold::Landing(None) => return None,
        };
        self.forget(&lease.holder.mover);
        Some(lease)
    }

    /// A piece did not land after all: whoever had it has it again.
    pub fn restore(&mut self, now: Moment, piece: &PieceId) {
        match self.holds.remove(piece) {
            Some(Hold::Landing(Some(lease)) | Hold::Held(lease)) => {
                self.holds.insert(piece.clone(), Hold::Held(Lease { heard: now, ..lease }));
            }
            Some(Hold::Landing(None)) | None => {}
        }
    }

    /// A mover with nothing in hand begins anew.
    fn forget(&mut self, mover: &Mover) {
        let holds = |hold: &Hold| match hold {
            Hold::Held(lease) | Hold::Landing(Some(lease)) => lease.holder.mover == *mover,
            Hold::Landing(None) => false,
        };
        if !self.holds.values().any(holds) {
            self.spent.remove(mover);
        }
    }

    /// The lease of a piece, unless it is landing.
    pub fn get(&self, piece: &PieceId) -> Option<&Lease> {
        match self.holds.get(piece)? {
            Hold::Held(lease) => Some(lease),
            Hold::Landing(_) => None,
        }
    }

    /// All leases, but for pieces that are landing.
    pub fn all(&self) -> impl Iterator<Item = (&PieceId, &Lease)> {
        self.holds.iter().filter_map(|(piece, hold)| match hold {
            Hold::Held(lease) => Some((piece, lease)),
            Hold::Landing(_) => None,
        })
    }

    /// What has to be done by now. What is to be told counts as told from here on.
    pub fn due(&mut self, now: Moment, terms: &Terms) -> Vec<(PieceId, Due)> {
        let mut due = Vec::new();
        let mut untold = Vec::new();
        for (piece, lease) in self.all() {
            if lease.heard + terms.life <= now {
                due.push((piece.clone(), Due::End));
            } else if lease.untold {
                untold.push((lease.heard, piece.clone(), lease.holder.mover.clone()));
            }
        }
        // Who waited longest is first.
        untold.sort_by_key(|(heard, ..)| *heard);
        for (_, piece, mover) in untold {
            if self.spend(now, &mover, terms)
                && let Some(Hold::Held(lease)) = self.holds.get_mut(&piece)
            {
                lease.untold = false;
                due.push((piece, Due::Tell));
            }
        }
        due
    }

    /// When something is due next.
    pub fn next(&self, terms: &Terms) -> Option<Moment> {
        let next = self.all().map(|(_, lease)| {
            let end = lease.heard + terms.life;
            if !lease.untold {
                return end;
            }
            let spent = self.spent.get(&lease.holder.mover).copied().unwrap_or_default();
            end.min((spent + terms.each).saturating_sub(terms.most()))
        });
        next.min()
    }
}
