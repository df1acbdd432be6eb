//! What is put on a stage, and in which order things lie there. Pure.

use crate::write;
use nowcast_shared::command::Command;
use nowcast_shared::id::PieceId;
use nowcast_shared::stage::{Piece, PieceChange};

/// What can be added, as the desk offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A picture.
    Image,
    /// Words on a card.
    Text,
    /// An arrow with a name.
    Pointer,
}

impl Kind {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Text => "text",
            Self::Pointer => "pointer",
        }
    }

    const fn width(self) -> f64 {
        match self {
            Self::Image => 0.25,
            Self::Text => 0.2,
            Self::Pointer => 0.15,
        }
    }
}

/// A new piece: above the others, and not exactly over the one that was added before it.
pub fn piece(kind: Kind, text: &str, url: Option<String>, others: &[Piece]) -> PieceChange {
    let steps = others.len() % 5;
    #[expect(clippy::cast_precision_loss, reason = "there are five")]
    let place = 0.4 + 0.05 * steps as f64;
    PieceChange {
        x: Some(place),
        y: Some(place),
        look: Some(kind.name().to_owned()),
        text: Some(text.to_owned()),
        url,
        width: Some(kind.width()),
        z: Some(top(others, None)),
        locked: None,
    }
}

/// What lies over all others; where `this` does already, it stays.
pub fn top(all: &[Piece], this: Option<&Piece>) -> u32 {
    let others = all.iter().filter(|one| this.is_none_or(|this| this.id != one.id));
    let highest = others.map(|one| one.z).max();
    let needed = highest.map_or(0, |highest| highest.saturating_add(1));
    this.map_or(needed, |this| this.z.max(needed))
}

/// A name for a new piece, of characters that nobody can guess.
pub fn id(kind: Kind, random: &str) -> Option<PieceId> {
    format!("{}-{}", kind.name(), random.get(..10)?).parse().ok()
}

/// The command that puts a piece as it is.
pub fn again(piece: &Piece) -> String {
    let change = PieceChange {
        x: Some(piece.x),
        y: Some(piece.y),
        look: Some(piece.kind.clone()),
        text: Some(piece.text.clone()),
        url: piece.url.clone(),
        width: Some(piece.width),
        z: Some(piece.z),
        locked: Some(piece.locked),
    };
    let command: Command<()> = Command::Put { piece: piece.id.clone(), change };
    write::command(&command, |()| String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, z: u32) -> Piece {
        Piece {
            id: name.parse().unwrap(),
            x: 0.5,
            y: 0.25,
            kind: "text".to_owned(),
            text: "Hello".to_owned(),
            url: None,
            width: 0.2,
            z,
            locked: true,
        }
    }

    #[test]
    fn what_is_new_or_raised_lies_over_all_others() {
        let all = [at("a", 3), at("b", 7)];
        assert_eq!(piece(Kind::Text, "x", None, &all).z, Some(8));
        assert_eq!(top(&all, Some(&all[0])), 8);
        assert_eq!(top(&all, Some(&all[1])), 7, "it does already");
        assert_eq!(top(&[], None), 0);
        assert_eq!(top(&[at("a", u32::MAX)], None), u32::MAX);
    }

    #[test]
    fn what_is_added_one_after_the_other_does_not_hide_what_was_before() {
        let (none, one) =
            (piece(Kind::Text, "", None, &[]), piece(Kind::Text, "", None, &[at("a", 0)]));
        assert_ne!((none.x, none.y), (one.x, one.y));
    }

    #[test]
    fn a_removed_piece_comes_back_as_it_was() {
        assert_eq!(
            again(&at("a", 3)),
            r#"{"kind":"put","piece":"a","x":0.5,"y":0.25,"look":"text","text":"Hello","width":0.2,"z":3,"locked":true}"#
        );
    }

    #[test]
    fn ids_are_legal_and_tell_the_kind() {
        let id = id(Kind::Pointer, "Ab-_0123456789").unwrap();
        assert_eq!(id.as_str(), "pointer-Ab-_012345");
    }
}
