//! What hands do with pieces. A pure state machine: what pointers, keys, the link and the clock say
//! goes in, what to show and to send comes out, and [`Drag::wake_at`] says when it wants to be
//! asked again.
//!
//! - A piece follows its pointer at once. It is sent at most once a frame, the latest place only.
//! - The lease is asked for when the hand comes, and kept alive while it rests. A refusal ends the
//!   drag; after a break it is asked for again.
//! - Keys hold a piece until they have been quiet for a moment. Escape takes back what was done.

use crate::store::stage::Spot;
use nowcast_shared::id::PieceId;

/// A moment, in milliseconds since some beginning; it never goes back.
pub type Millis = f64;

/// A place or a size in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pixels {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A pointer has come down on a piece.
    Down {
        /// Which pointer.
        pointer: i32,
        /// On which piece.
        piece: PieceId,
        /// Where, from the stage's upper left corner.
        at: Pixels,
        /// How much larger the stage is than the piece.
        free: Pixels,
        /// Where the piece is seen.
        seen: Spot,
    },
    /// It has moved.
    Move {
        /// Which pointer.
        pointer: i32,
        /// Where it is, from the stage's upper left corner.
        at: Pixels,
        /// How much larger the stage is than the piece; screens turn and windows grow.
        free: Pixels,
    },
    /// It has left the piece, or was taken from the page: by the system, by another window.
    Up {
        /// Which pointer.
        pointer: i32,
    },
    /// A key moves a piece.
    Key {
        /// Which piece.
        piece: PieceId,
        /// How far, in fractions of the free way.
        by: Spot,
        /// Where it is seen.
        seen: Spot,
    },
    /// What is being done with this piece is to be as if it had not been.
    Escape {
        /// Which piece.
        piece: PieceId,
    },
    /// The keyboard is somewhere else.
    Blur {
        /// Not at this piece.
        piece: PieceId,
    },
    /// The server did not let this page have a piece, or put it where it wanted.
    Refused {
        /// Which piece.
        piece: PieceId,
        /// Which [`Do::Grab`] or [`Do::Drop`] that was.
        turn: u32,
        /// Why, for people.
        why: String,
    },
    /// The piece can no longer be dragged: it is gone, or was locked.
    Taken {
        /// Which piece.
        piece: PieceId,
    },
    /// It is said that somebody else has the piece.
    Doubted {
        /// Which piece.
        piece: PieceId,
    },
    /// The page is connected, perhaps after a break.
    Live,
    /// Time has passed.
    Tick,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Do {
    /// Show the piece here, whatever others say.
    Show(PieceId, Spot),
    /// Ask for the lease. The number is that of this drag, for [`Input::Refused`].
    Grab(PieceId, u32),
    /// Send where it is.
    Move(PieceId, Spot),
    /// Leave it there, for good, and see that the server hears of it.
    Drop(PieceId, Spot, u32),
    /// Show it where everybody else has it.
    LetGo(PieceId),
    /// Say why.
    Say(String),
}

/// What moves a piece.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// A pointer: which, and how far from the piece's upper left corner it took hold.
    Pointer(i32, Pixels),
    /// Keys; until when they are waited for.
    Keys(Millis),
}

#[derive(Clone, Debug)]
struct Held {
    piece: PieceId,
    turn: u32,
    by: By,
    /// Where it was before.
    from: Spot,
    at: Spot,
    /// When the server was last told something, and whether there is something newer.
    told: Millis,
    newer: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Drag {
    held: Vec<Held>,
    /// How long a move has to wait after the one before.
    pace: Millis,
    turns: u32,
    todo: Vec<Do>,
}

/// A frame of 60 a second: moves are not sent more often.
pub const FRAME: Millis = 1_000.0 / 60.0;
/// No two frames are equally long. One that is shorter by this does not put a move off.
const JITTER: Millis = 1.7;
/// A hand that holds still says so this often, or its lease would end.
const ALIVE: Millis = 700.0;
/// A piece that keys move is put down when they have been quiet for so long.
const QUIET: Millis = 400.0;

impl Default for Drag {
    fn default() -> Self {
        Self { held: Vec::new(), pace: FRAME, turns: 0, todo: Vec::new() }
    }
}

impl Drag {
    /// Sends moves at most so often from now on.
    pub fn set_pace(&mut self, pace: Millis) {
        self.pace = pace;
    }

    /// Takes in what happened and says what to do, in this order.
    pub fn handle(&mut self, now: Millis, input: Input) -> Vec<Do> {
        match input {
            Input::Down { pointer, piece, at, free, seen } => {
                let corner = Pixels { x: seen.x * free.x, y: seen.y * free.y };
                let grip = Pixels { x: at.x - corner.x, y: at.y - corner.y };
                let by = By::Pointer(pointer, grip);
                match self.held.iter_mut().find(|held| held.piece == piece) {
                    // A hand takes over from the keys, but not from another hand.
                    Some(held) if matches!(held.by, By::Keys(_)) => held.by = by,
                    Some(_) => {}
                    None => self.begin(now, piece, by, seen),
                }
            }
            Input::Move { pointer, at, free } => self.pointed(pointer, at, free),
            Input::Up { pointer } => {
                let of = |held: &Held| matches!(held.by, By::Pointer(known, _) if known == pointer);
                self.end(of, |held| held.at);
            }
            Input::Key { piece, by, seen } => self.key(now, &piece, by, seen),
            Input::Escape { piece } => self.end(|held| held.piece == piece, |held| held.from),
            Input::Blur { piece } => {
                let of = |held: &Held| held.piece == piece && matches!(held.by, By::Keys(_));
                self.end(of, |held| held.at);
            }
            Input::Refused { piece, turn, why } => {
                let another = |held: &Held| held.piece == piece && held.turn != turn;
                if !self.held.iter().any(another) {
                    self.held.retain(|held| held.piece != piece);
                    self.todo.push(Do::LetGo(piece));
                    self.todo.push(Do::Say(why));
                }
            }
            Input::Taken { piece } => {
                let before = self.held.len();
                self.held.retain(|held| held.piece != piece);
                if self.held.len() < before {
                    self.todo.push(Do::LetGo(piece));
                }
            }
            // The answer tells: perhaps that was before this hand had it.
            Input::Doubted { piece } => {
                let held = self.held.iter().filter(|held| held.piece == piece);
                self.todo.extend(held.map(|held| Do::Grab(held.piece.clone(), held.turn)));
            }
            Input::Live => {
                for held in &mut self.held {
                    self.todo.push(Do::Grab(held.piece.clone(), held.turn));
                    self.todo.push(Do::Move(held.piece.clone(), held.at));
                    (held.told, held.newer) = (now, false);
                }
            }
            Input::Tick => {}
        }
        self.due(now);
        std::mem::take(&mut self.todo)
    }

    /// When to come back with [`Input::Tick`], if nothing happens before.
    pub fn wake_at(&self) -> Option<Millis> {
        let each = self.held.iter().map(|held| {
            let tell = held.told + if held.newer { self.pace } else { ALIVE };
            match held.by {
                By::Keys(until) => tell.min(until),
                By::Pointer(..) => tell,
            }
        });
        each.reduce(Millis::min)
    }

    /// Whether any piece is in hand.
    pub fn is_busy(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether this piece is in hand.
    pub fn holds(&self, piece: &PieceId) -> bool {
        self.held.iter().any(|held| held.piece == *piece)
    }

    fn begin(&mut self, now: Millis, piece: PieceId, by: By, from: Spot) {
        self.turns += 1;
        let turn = self.turns;
        self.todo.push(Do::Show(piece.clone(), from));
        self.todo.push(Do::Grab(piece.clone(), turn));
        // The first move need not wait.
        let told = now - self.pace;
        self.held.push(Held { piece, turn, by, from, at: from, told, newer: false });
    }

    fn pointed(&mut self, pointer: i32, at: Pixels, free: Pixels) {
        for held in &mut self.held {
            if let By::Pointer(known, grip) = held.by
                && known == pointer
            {
                let spot = Spot {
                    x: fraction(at.x - grip.x, free.x, held.at.x),
                    y: fraction(at.y - grip.y, free.y, held.at.y),
                };
                held.go(spot, &mut self.todo);
            }
        }
    }

    fn key(&mut self, now: Millis, piece: &PieceId, by: Spot, seen: Spot) {
        if !self.holds(piece) {
            self.begin(now, piece.clone(), By::Keys(now), seen);
        }
        for held in self.held.iter_mut().filter(|held| held.piece == *piece) {
            if let By::Keys(until) = &mut held.by {
                *until = now + QUIET;
                let spot = Spot { x: held.at.x + by.x, y: held.at.y + by.y };
                held.go(spot.inside(), &mut self.todo);
            }
        }
    }

    /// Puts down those that fit.
    fn end(&mut self, fits: impl Fn(&Held) -> bool, place: impl Fn(&Held) -> Spot) {
        for held in self.held.extract_if(.., |held| fits(held)) {
            let spot = place(&held);
            self.todo.push(Do::Drop(held.piece, spot, held.turn));
        }
    }

    /// Does what waited for its time.
    fn due(&mut self, now: Millis) {
        self.end(|held| matches!(held.by, By::Keys(until) if until <= now), |held| held.at);
        for held in &mut self.held {
            let wait = if held.newer { self.pace - JITTER } else { ALIVE };
            if held.told + wait <= now {
                self.todo.push(Do::Move(held.piece.clone(), held.at));
                (held.told, held.newer) = (now, false);
            }
        }
    }
}

impl Held {
    fn go(&mut self, spot: Spot, todo: &mut Vec<Do>) {
        if spot != self.at {
            self.at = spot;
            self.newer = true;
            todo.push(Do::Show(self.piece.clone(), spot));
        }
    }
}

/// Which fraction of the free way that is. Where there is none, the piece stays.
fn fraction(way: f64, free: f64, now: f64) -> f64 {
    if free < 1.0 { now } else { (way / free).clamp(0.0, 1.0) }
}

#[cfg(test)]
#[path = "drag_tests.rs"]
mod tests;
