//! What a page reads about the stage.

use super::{Json, get, text, truth, whole};
use nowcast_shared::event::Event;
use nowcast_shared::id::{PieceId, PublicId};
use nowcast_shared::item::Body;
use nowcast_shared::signal::Signal;
use nowcast_shared::stage::{DEFAULT_WIDTH, MIN_WIDTH, Piece};
use wasm_bindgen::prelude::*;

/// A field that is a fraction. What lies outside is taken as the nearest that does not.
fn fraction(value: &JsValue, name: &str) -> Option<f64> {
    get(value, name).as_f64().filter(|number| number.is_finite()).map(|it| it.clamp(0.0, 1.0))
}

fn id(value: &JsValue, name: &str) -> Option<PieceId> {
    text(value, name)?.try_into().ok()
}

/// Reads a piece.
pub fn piece(value: &JsValue) -> Option<Piece> {
    Some(Piece {
        id: id(value, "id")?,
        x: fraction(value, "x")?,
        y: fraction(value, "y")?,
        kind: text(value, "kind")?,
        text: text(value, "text").unwrap_or_default(),
        url: text(value, "url"),
        width: fraction(value, "width").unwrap_or(DEFAULT_WIDTH).max(MIN_WIDTH),
        z: whole(value, "z").and_then(|z| z.try_into().ok()).unwrap_or_default(),
        locked: truth(value, "locked"),
    })
}

/// Reads what happened to a piece.
pub(super) fn event(kind: &str, value: &JsValue) -> Option<Event<Body, Json>> {
    Some(match kind {
        "piece_put" => Event::PiecePut { piece: piece(&get(value, "piece"))? },
        "piece_moved" => Event::PieceMoved {
            piece: id(value, "piece")?,
            x: fraction(value, "x")?,
            y: fraction(value, "y")?,
        },
        "piece_removed" => Event::PieceRemoved { piece: id(value, "piece")? },
        _ => return None,
    })
}

/// Reads what happens to a piece at the moment.
pub(super) fn signal(kind: &str, value: &JsValue) -> Option<Signal> {
    let by = text(value, "by").map(PublicId);
    Some(match kind {
        "piece_held" => {
            Signal::PieceHeld { piece: id(value, "piece")?, by, name: text(value, "name") }
        }
        "piece_moving" => Signal::PieceMoving {
            piece: id(value, "piece")?,
            x: fraction(value, "x")?,
            y: fraction(value, "y")?,
            by: by?,
        },
        _ => return None,
    })
}
