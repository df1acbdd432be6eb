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

fn default_width() -> f64 {
    DEFAULT_WIDTH
}

/// What is new about a piece; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
