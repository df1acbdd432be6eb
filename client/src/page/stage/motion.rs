//! Moves what is drawn: each piece along its [`Glide`], before every paint, as long as one moves.
//!
//! Only two custom properties of the piece change, of which the style sheet makes a translation: no
//! movement lets the browser lay out anything anew.

use super::glide::Glide;
use crate::dom::{self, Frames};
use crate::drag::Millis;
use crate::store::stage::{Seen, Spot};
use nowcast_shared::id::PieceId;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use web_sys::HtmlElement;

struct Moving {
    id: PieceId,
    element: HtmlElement,
    glide: Glide,
    drawn: Option<Spot>,
    mine: bool,
}

impl Moving {
    fn draw(&mut self, now: Millis) {
        let spot = self.glide.at(now);
        if self.drawn != Some(spot) {
            self.drawn = Some(spot);
            dom::set_number(&self.element, "--x", spot.x);
            dom::set_number(&self.element, "--y", spot.y);
        }
    }
}

/// All pieces of a stage that were drawn.
pub(super) struct Motion {
    pieces: RefCell<Vec<Moving>>,
    frames: Rc<Frames>,
    /// Nothing is to move on its own.
    calm: bool,
}

impl Motion {
    pub(super) fn new() -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let this = this.clone();
            let frames = Frames::new(move || this.upgrade().is_some_and(|this| this.draw()));
            Self { pieces: RefCell::default(), frames, calm: dom::calm() }
        })
    }

    /// Draws all that move; whether one is still on its way.
    fn draw(&self) -> bool {
        let now = dom::clock();
        let mut on_its_way = false;
        for piece in self.pieces.borrow_mut().iter_mut() {
            piece.draw(now);
            on_its_way |= !piece.glide.is_over(now);
        }
        on_its_way
    }

    /// A piece is to be seen there.
    pub(super) fn aim(&self, id: &PieceId, element: &HtmlElement, seen: Seen) {
        let mut pieces = self.pieces.borrow_mut();
        let spot = seen.spot();
        let known = pieces.iter().position(|piece| piece.id == *id && piece.element == *element);
        let Some(place) = known else {
            pieces.retain(|piece| piece.id != *id);
            let (id, element) = (id.clone(), element.clone());
            let mut new =
                Moving { id, element, glide: Glide::rest(spot), drawn: None, mine: false };
            new.draw(0.0);
            return pieces.push(new);
        };
        let piece = &mut pieces[place];
        let now = dom::clock();
        let mine = matches!(seen, Seen::Mine(_));
        if mine != piece.mine {
            piece.mine = mine;
            // It only fails for a name that is none.
            let _ = piece.element.class_list().toggle_with_force("mine", mine);
        }
        match seen {
            Seen::Moves(_) if !self.calm => piece.glide.follow(spot, now),
            Seen::Rests(_) if !self.calm => piece.glide.settle(spot, now),
            _ => {
                piece.glide.jump(spot);
                return piece.draw(now);
            }
        }
        drop(pieces);
        self.frames.ask();
    }

    /// A piece is gone.
    pub(super) fn forget(&self, id: &PieceId) {
        self.pieces.borrow_mut().retain(|piece| piece.id != *id);
    }
}
