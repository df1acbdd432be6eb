//! The stage: pieces that people drag, and where they are.
//!
//! Stages differ in size from screen to screen, and so do pieces in height. So a place is told in
//! fractions of the way that is free: `x` 0 is a piece that touches the left edge, 1 one that
//! touches the right edge, 0.5 one in the middle. A piece is inside on every screen by definition
//! (the percentages of CSS's `background-position` mean the same).

use crate::id::PieceId;
use serde::{Deserialize, Serialize};

/// A piece as everybody sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Piece {
    /// Its name.
    pub id: PieceId,
    /// 0 (left edge) to 1 (right edge).
    pub x: f64,
    /// 0 (upper edge) to 1 (lower edge).
    pub y: f64,
    /// `image`, `text` or `pointer`; others are shown as text.
    pub kind: String,
    /// What a text says; what is to be seen on an image; whose pointer it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Of an image: `http:`, `https:` or an upload's own path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Fraction of the stage's width, [`MIN_WIDTH`] to 1.
    #[serde(default = "default_width")]
    pub width: f64,
    /// Those with more lie over those with less.
    #[serde(default)]
    pub z: u32,
    /// Whether nobody but an admin may move it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
}

/// The kinds of pieces that can be put, in the order in which forms offer them.
pub const KINDS: [&str; 3] = ["image", "text", "pointer"];

/// The smallest width, as a fraction of the stage's.
pub const MIN_WIDTH: f64 = 0.02;

/// How wide a piece is if nobody says it, as a fraction of the stage's width.
pub const DEFAULT_WIDTH: f64 = 0.15;

/// How many pieces a stage holds at most.
pub const MOST_PIECES: usize = 200;

/// How many characters a piece's text has at most.
pub const MOST_TEXT: usize = 2_000;

fn default_width() -> f64 {
    DEFAULT_WIDTH
}

/// Whether a place is on the stage.
pub fn is_place(x: f64, y: f64) -> bool {
    (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)
}

impl Piece {
    /// A piece of this kind as it is if nothing else is said: in the middle, under the others.
    pub fn new(id: PieceId, kind: String) -> Self {
        let (text, url) = (String::new(), None);
        Self { id, x: 0.5, y: 0.5, kind, text, url, width: DEFAULT_WIDTH, z: 0, locked: false }
    }
}

impl PieceChange {
    /// Makes a piece what it is after this; what is absent stays. An empty `url` is none.
    pub fn apply(&self, piece: &mut Piece) {
        fn set<T: Clone>(field: &mut T, new: Option<&T>) {
            if let Some(new) = new {
                field.clone_from(new);
            }
        }
        set(&mut piece.x, self.x.as_ref());
        set(&mut piece.y, self.y.as_ref());
        set(&mut piece.kind, self.look.as_ref());
        set(&mut piece.text, self.text.as_ref());
        set(&mut piece.width, self.width.as_ref());
        set(&mut piece.z, self.z.as_ref());
        set(&mut piece.locked, self.locked.as_ref());
        if let Some(url) = &self.url {
            piece.url = Some(url.clone()).filter(|url| !url.is_empty());
        }
    }

    /// Whether a piece is somewhere else afterwards, or can no longer be moved by those who could.
    pub fn settles(&self) -> bool {
        self.x.is_some() || self.y.is_some() || self.locked == Some(true)
    }
}

/// What is new about a piece; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PieceChange {
    /// See [`Piece::x`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// See [`Piece::y`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
    /// See [`Piece::kind`]. Inside a command it is called `look`, since `kind` is the command's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<String>,
    /// See [`Piece::text`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// See [`Piece::url`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// See [`Piece::width`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// See [`Piece::z`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z: Option<u32>,
    /// See [`Piece::locked`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
}

/// How long a lease lasts after its last move, in milliseconds.
pub const LEASE: u64 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn piece() -> Piece {
        Piece::new("logo".parse().unwrap(), "text".to_owned())
    }

    #[test]
    fn places_are_fractions_and_nothing_else() {
        assert!(is_place(0.0, 1.0) && is_place(1.0, 0.5) && is_place(-0.0, 0.0));
        for bad in [-0.1, 1.000_001, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!is_place(bad, 0.5) && !is_place(0.5, bad), "{bad}");
        }
    }

    #[test]
    fn what_a_change_leaves_out_stays() {
        let mut changed = piece();
        PieceChange::default().apply(&mut changed);
        assert_eq!(changed, piece());
        let change = PieceChange {
            x: Some(0.25),
            url: Some("/uploads/a.png".to_owned()),
            z: Some(3),
            ..PieceChange::default()
        };
        change.apply(&mut changed);
        let url = Some("/uploads/a.png".to_owned());
        assert_eq!(changed, Piece { x: 0.25, z: 3, url, ..piece() });
        PieceChange { url: Some(String::new()), ..PieceChange::default() }.apply(&mut changed);
        assert_eq!(changed.url, None, "an empty address is none");
    }

    #[test]
    fn a_place_and_a_lock_settle_a_piece_and_looks_do_not() {
        let change = PieceChange::default();
        assert!(PieceChange { y: Some(0.0), ..change.clone() }.settles());
        assert!(PieceChange { locked: Some(true), ..change.clone() }.settles());
        assert!(!PieceChange { locked: Some(false), z: Some(1), ..change }.settles());
    }
}
