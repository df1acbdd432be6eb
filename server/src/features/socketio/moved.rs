//! The pieces that a page moves: what becomes of that is no news to it.

use nowcast_shared::id::PieceId;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many pieces are remembered that a page moves.
const PIECES: usize = 256;

/// How many moves and drops are remembered that have no answer yet.
const UNDER_WAY: usize = 2_048;

/// A page's part in moving a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It holds the piece, which lands later.
    Move(PieceId),
    /// It leaves the piece where it lands now.
    Drop(PieceId),
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// An event, which pages hear of.
    Kept,
    /// Something, but no event.
    Told,
    /// Nothing.
    Refused,
}

/// What a page of this session moves.
#[derive(Clone, Default)]
pub(super) struct Moved(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// What has no answer yet, by the name of its command.
    under_way: HashMap<String, Step>,
    /// How often a piece is still to land by a drop.
    dropped: HashMap<PieceId, u32>,
    /// The pieces that are held, and land by themselves if they are not dropped.
    held: HashSet<PieceId>,
}

impl Moved {
    /// The page moves a piece, by this command.
    pub(super) fn begin(&self, command: &str, step: Step) {
        let mut state = self.state();
        if state.under_way.len() >= UNDER_WAY {
            return;
        }
        if let Step::Drop(piece) = &step
            && (state.dropped.len() < PIECES || state.dropped.contains_key(piece))
        {
            *state.dropped.entry(piece.clone()).or_default() += 1;
        }
        state.under_way.insert(command.to_owned(), step);
    }

    /// A command has its answer.
    pub(super) fn answered(&self, command: &str, outcome: Outcome) {
        let mut state = self.state();
        match (state.under_way.remove(command), outcome) {
            (Some(Step::Move(piece)), Outcome::Kept | Outcome::Told) => {
                if state.held.len() < PIECES {
                    state.held.insert(piece);
                }
            }
            (Some(Step::Drop(piece)), Outcome::Kept) => {
                state.held.remove(&piece);
            }
            // It lands by nothing that this page did.
            (Some(Step::Drop(piece)), Outcome::Told | Outcome::Refused) => {
                state.lands(&piece);
            }
            (Some(Step::Move(_)), Outcome::Refused) | (None, _) => {}
        }
    }

    /// A piece landed that somebody moved who the page is of; whether by the page itself.
    pub(super) fn landed(&self, piece: &str) -> bool {
        let mut state = self.state();
        let Ok(piece) = piece.parse() else { return false };
        state.lands(&piece) || state.held.remove(&piece)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// One drop fewer is under way, if there was one.
    fn lands(&mut self, piece: &PieceId) -> bool {
        let Some(count) = self.dropped.get_mut(piece) else { return false };
        *count -= 1;
        if *count == 0 {
            self.dropped.remove(piece);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logo() -> PieceId {
        "logo".parse().unwrap()
    }

    #[test]
    fn every_drop_lands_once() {
        let moved = Moved::default();
        for number in 0..5 {
            moved.begin(&format!("a/{number}"), Step::Drop(logo()));
        }
        for number in 0..5 {
            moved.answered(&format!("a/{number}"), Outcome::Kept);
            assert!(moved.landed("logo"), "drop {number}");
        }
        assert!(!moved.landed("logo"), "another page of the same person");
    }

    #[test]
    fn what_was_refused_lands_by_others() {
        let moved = Moved::default();
        moved.begin("a/1", Step::Move(logo()));
        moved.answered("a/1", Outcome::Refused);
        moved.begin("a/2", Step::Drop(logo()));
        moved.answered("a/2", Outcome::Refused);
        assert!(!moved.landed("logo"));
    }

    #[test]
    fn what_is_held_and_not_dropped_lands_once() {
        let moved = Moved::default();
        for number in 0..3 {
            moved.begin(&format!("a/{number}"), Step::Move(logo()));
            moved.answered(&format!("a/{number}"), Outcome::Told);
        }
        assert!(moved.landed("logo"), "it was let go");
        assert!(!moved.landed("logo"));
        // A drop ends it.
        moved.begin("a/4", Step::Move(logo()));
        moved.begin("a/5", Step::Drop(logo()));
        moved.answered("a/4", Outcome::Told);
        moved.answered("a/5", Outcome::Kept);
        assert!(moved.landed("logo"));
        assert!(!moved.landed("logo"));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let moved = Moved::default();
        for number in 0..3 * UNDER_WAY {
            let piece: PieceId = format!("piece-{number}").parse().unwrap();
            moved.begin(&format!("a/{number}"), Step::Drop(piece));
        }
        let state = moved.state();
        assert_eq!((state.under_way.len(), state.dropped.len()), (UNDER_WAY, PIECES));
    }
}
