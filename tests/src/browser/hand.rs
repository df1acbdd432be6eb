//! A hand at a browser: a mouse, a finger, keys. The events are trusted ones, as from a device.

use super::Browser;
use serde_json::json;

/// A place in the window, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// What moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// A mouse with its left button.
    Mouse,
    /// One finger on a touch screen.
    Finger,
}

impl Browser {
    /// Takes hold of whatever is there.
    ///
    /// # Panics
    /// When the browser does not obey.
    pub async fn take(&self, hand: Hand, at: Place) {
        match hand {
            Hand::Mouse => {
                self.mouse("mouseMoved", at, 0).await;
                self.mouse("mousePressed", at, 1).await;
            }
            Hand::Finger => self.touch("touchStart", Some(at)).await,
        }
    }

    /// Moves there, still holding.
    ///
    /// # Panics
    /// When the browser does not obey.
    pub async fn move_to(&self, hand: Hand, at: Place) {
        match hand {
            Hand::Mouse => self.mouse("mouseMoved", at, 1).await,
            Hand::Finger => self.touch("touchMove", Some(at)).await,
        }
    }

    /// Lets go.
    ///
    /// # Panics
    /// When the browser does not obey.
    pub async fn let_go(&self, hand: Hand, at: Place) {
        match hand {
            Hand::Mouse => self.mouse("mouseReleased", at, 0).await,
            Hand::Finger => self.touch("touchEnd", None).await,
        }
    }

    /// Presses a key and lets it go, with Shift or without.
    ///
    /// # Panics
    /// When the browser does not obey.
    pub async fn key(&self, key: &str, modifier: Modifier) {
        let modifiers = match modifier {
            Modifier::None => 0,
            Modifier::Shift => 8,
        };
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({"type": kind, "key": key, "code": key, "modifiers": modifiers});
            self.devtools("Input.dispatchKeyEvent", event).await;
        }
    }

    async fn mouse(&self, kind: &str, at: Place, buttons: u8) {
        let button = if kind == "mouseMoved" && buttons == 0 { "none" } else { "left" };
        let event = json!({"type": kind, "x": at.x, "y": at.y, "button": button,
            "buttons": buttons, "clickCount": 1});
        self.devtools("Input.dispatchMouseEvent", event).await;
    }

    async fn touch(&self, kind: &str, at: Option<Place>) {
        let points: Vec<_> = at.iter().map(|at| json!({"x": at.x, "y": at.y, "id": 1})).collect();
        let event = json!({"type": kind, "touchPoints": points});
        self.devtools("Input.dispatchTouchEvent", event).await;
    }
}

/// A key that is held down beside another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// None.
    None,
    /// Shift.
    Shift,
}
