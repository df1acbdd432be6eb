//! The pieces of the stage: where they rest, who holds them, and where they are on their way.
//!
//! Each piece has signals of its own, so that a move redraws that piece alone. Where it is seen is
//! what of three is there, in this order: where this page's own hand has it, where somebody else's
//! is on the way with it, and where the log says that it rests. So the last event wins always, and
//! nothing that comes while a piece is in one's own hand moves it.

use super::live::Live;
use super::signal;
use leptos::prelude::*;
use nowcast_shared::id::{PieceId, PublicId};
use nowcast_shared::offset::Offset;
use nowcast_shared::stage::Piece;

/// A place on the stage, as fractions of the free way; see [`nowcast_shared::stage`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spot {
    /// 0 (left edge) to 1 (right edge).
    pub x: f64,
    /// 0 (upper edge) to 1 (lower edge).
    pub y: f64,
}

impl Spot {
    /// As near as it can be inside of the stage.
    #[must_use]
    pub fn inside(self) -> Self {
        Self { x: self.x.clamp(0.0, 1.0), y: self.y.clamp(0.0, 1.0) }
    }
}

/// Who has a piece in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Their public id.
    pub id: PublicId,
    /// What they go by.
    pub name: Option<String>,
}

/// Where a piece is seen, and why there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// The log says so, or will say so: this page's own hand has put it there.
    Rests(Spot),
    /// Somebody is moving it.
    Moves(Spot),
    /// This page's own hand has it there.
    Mine(Spot),
}

impl Seen {
    /// The place.
    pub fn spot(self) -> Spot {
        match self {
            Self::Rests(spot) | Self::Moves(spot) | Self::Mine(spot) => spot,
        }
    }
}

/// What this page's own hand does with a piece.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hand {
    Holds,
    /// It was put down, which is an event that the page has perhaps not seen: at which offset, if
    /// the server has said so.
    Dropped(Option<Offset>),
}

/// A piece on the stage. Handles of the same piece share its signals.
#[derive(Clone)]
pub struct OnStage {
    /// Which one.
    pub id: PieceId,
    /// What it is; of its place, only where it rests.
    pub piece: ArcRwSignal<Piece>,
    /// Who else holds it.
    pub holder: ArcRwSignal<Option<Holder>>,
    /// Where it is seen.
    pub seen: ArcRwSignal<Seen>,
    overlay: ArcRwSignal<Overlay>,
}

/// What lies over a piece's place of rest. No view looks at it.
#[derive(Clone, Copy, Default)]
struct Overlay {
    moving: Option<Spot>,
    mine: Option<(Spot, Hand)>,
}

impl OnStage {
    fn new(piece: Piece) -> Self {
        let seen = Seen::Rests(Spot { x: piece.x, y: piece.y });
        Self {
            id: piece.id.clone(),
            piece: ArcRwSignal::new(piece),
            holder: ArcRwSignal::new(None),
            seen: ArcRwSignal::new(seen),
            overlay: ArcRwSignal::new(Overlay::default()),
        }
    }

    /// Changes what lies over the place of rest, and looks anew where the piece is seen.
    fn lay(&self, change: impl FnOnce(&mut Overlay)) {
        let mut overlay = self.overlay.get_untracked();
        change(&mut overlay);
        self.overlay.set(overlay);
        let seen = match overlay {
            Overlay { mine: Some((spot, Hand::Holds)), .. } => Seen::Mine(spot),
            Overlay { mine: Some((spot, Hand::Dropped(_))), .. } => Seen::Rests(spot),
            Overlay { moving: Some(spot), .. } => Seen::Moves(spot),
            Overlay { .. } => {
                Seen::Rests(self.piece.with_untracked(|piece| Spot { x: piece.x, y: piece.y }))
            }
        };
        if self.seen.get_untracked() != seen {
            self.seen.set(seen);
        }
    }

    fn hold(&self, holder: Option<Holder>) {
        if self.holder.with_untracked(|now| *now != holder) {
            self.holder.set(holder);
        }
    }
}

/// Somebody else has moved a piece: who may hear of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// What the piece is called.
    pub piece: String,
    /// By whom.
    pub by: Option<String>,
}

/// The stage.
#[derive(Clone, Copy)]
pub struct Stage {
    /// In the order in which they were put there.
    pub pieces: Live<Vec<OnStage>>,
    /// The last move that is in the log.
    pub moved: Live<Option<Moved>>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self { pieces: signal(Vec::new()), moved: signal(None) }
    }

    /// The piece of this name.
    pub fn find(self, id: &PieceId) -> Option<OnStage> {
        self.pieces.with_untracked(|pieces| pieces.iter().find(|piece| piece.id == *id).cloned())
    }

    /// This page's hand has it here.
    pub fn hold(self, id: &PieceId, spot: Spot) {
        if let Some(piece) = self.find(id) {
            piece.lay(|overlay| overlay.mine = Some((spot, Hand::Holds)));
        }
    }

    /// This page's hand has put it here; it stays until the log says where it is.
    pub fn drop(self, id: &PieceId, spot: Spot) {
        if let Some(piece) = self.find(id) {
            piece.lay(|overlay| overlay.mine = Some((spot, Hand::Dropped(None))));
        }
    }

    /// The server has said where in the log the drop stands; `now` is how far this page is in it.
    pub fn dropped(self, id: &PieceId, at: Offset, now: Option<Offset>) {
        let Some(piece) = self.find(id) else { return };
        piece.lay(|overlay| match &mut overlay.mine {
            Some((_, Hand::Dropped(_))) if now.is_some_and(|now| at <= now) => overlay.mine = None,
            Some((_, Hand::Dropped(known))) => *known = Some(at),
            _ => {}
        });
    }

    /// This page's hand is off the piece, which is where everybody else has it.
    pub fn let_go(self, id: &PieceId) {
        if let Some(piece) = self.find(id) {
            piece.lay(|overlay| overlay.mine = None);
        }
    }

    /// Begins with what the page kept.
    pub fn restore(self, pieces: Vec<Piece>) {
        self.replace(pieces, Offset(0));
    }

    /// Takes in all pieces, as of `offset`. Those that stay keep their place on the page.
    pub(super) fn replace(self, pieces: Vec<Piece>, offset: Offset) {
        let old = self.pieces.get_untracked();
        let mut all: Vec<OnStage> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let Some(known) = old.iter().find(|known| known.id == piece.id) else {
                all.push(OnStage::new(piece));
                continue;
            };
            update(known, piece);
            known.lay(|overlay| {
                if matches!(overlay.mine, Some((_, Hand::Dropped(Some(at)))) if at <= offset) {
                    overlay.mine = None;
                }
            });
            all.push(known.clone());
        }
        let same = all.len() == old.len() && all.iter().zip(&old).all(|(a, b)| a.id == b.id);
        if !same {
            self.pieces.set(all);
        }
        self.forget_signals();
    }

    /// What was so at the moment when the connection broke is said anew if it is so still.
    pub(super) fn forget_signals(self) {
        for piece in self.pieces.get_untracked() {
            piece.hold(None);
            piece.lay(|overlay| overlay.moving = None);
        }
    }

    pub(super) fn put(self, piece: Piece) {
        match self.find(&piece.id) {
            Some(known) => {
                let moved = known.piece.with_untracked(|now| (now.x, now.y) != (piece.x, piece.y));
                let held = known.holder.with_untracked(Option::is_some);
                update(&known, piece);
                known.lay(|overlay| {
                    // One that is on its way goes on, unless it was put somewhere else.
                    if moved || !held {
                        overlay.moving = None;
                    }
                });
            }
            None => self.pieces.update(|pieces| pieces.push(OnStage::new(piece))),
        }
    }

    pub(super) fn moved(self, id: &PieceId, spot: Spot, by: Option<String>) {
        let Some(known) = self.find(id) else { return };
        let mut name = String::new();
        known.piece.update_untracked(|piece| {
            (piece.x, piece.y) = (spot.x, spot.y);
            called(piece).clone_into(&mut name);
        });
        known.hold(None);
        let mut own = false;
        known.lay(|overlay| {
            overlay.moving = None;
            if let Some((_, Hand::Dropped(_))) = overlay.mine {
                overlay.mine = None;
                own = true;
            }
        });
        if !own {
            self.moved.set(Some(Moved { piece: name, by }));
        }
    }

    pub(super) fn remove(self, id: &PieceId) {
        if self.find(id).is_some() {
            self.pieces.update(|pieces| pieces.retain(|piece| piece.id != *id));
        }
    }

    pub(super) fn held(self, id: &PieceId, holder: Option<Holder>) {
        let Some(piece) = self.find(id) else { return };
        if holder.is_none() {
            piece.lay(|overlay| overlay.moving = None);
        }
        piece.hold(holder);
    }

    pub(super) fn moving(self, id: &PieceId, spot: Spot) {
        if let Some(piece) = self.find(id) {
            piece.lay(|overlay| overlay.moving = Some(spot));
        }
    }
}

fn update(known: &OnStage, piece: Piece) {
    if known.piece.with_untracked(|now| *now != piece) {
        known.piece.set(piece);
    }
}

/// What people call a piece.
pub fn called(piece: &Piece) -> &str {
    if piece.text.is_empty() { piece.id.as_str() } else { &piece.text }
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;

#[cfg(all(test, not(target_arch = "wasm32")))]
#[path = "stage_properties.rs"]
mod properties;
