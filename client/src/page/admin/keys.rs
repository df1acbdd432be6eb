//! Which key does what. Pure, so that the list in the help and the keys themselves stay the same.

use super::desk::Side;

/// What a key press asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Shows the display button at this place, counted from 0.
    Fire(usize),
    /// Goes to the composer.
    Compose,
    /// Opens or closes the list of keys.
    Help,
    /// Publishes what is in the composer.
    Publish,
    /// Shows a part of the room.
    Look(Side),
    /// Goes to the stage, and back from it.
    Stage,
    /// Goes to the sources, and back from them.
    Sources,
    /// Opens the list of rooms.
    Rooms,
    /// Opens the room's settings.
    Settings,
}

/// A key press, and where it happened.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub struct Press<'a> {
    /// `KeyboardEvent.key`.
    pub key: &'a str,
    /// Control or, on a Mac, command.
    pub primary: bool,
    /// Alt or option: left to the browser and to keyboard layouts.
    pub alt: bool,
    /// The key is held down: one press fires one button once.
    pub repeat: bool,
    /// A field that takes text has the focus.
    pub typing: bool,
    /// The focus is in the composer.
    pub composing: bool,
    /// A dialog is open; it has the keyboard to itself.
    pub dialog: bool,
}

/// What the press asks for, if anything.
pub fn intent(press: Press) -> Option<Intent> {
    if press.repeat || press.alt {
        return None;
    }
    if press.primary {
        let publishes = press.key == "Enter" && press.composing && !press.dialog;
        return publishes.then_some(Intent::Publish);
    }
    if press.typing || press.dialog {
        return None;
    }
    match press.key {
        "?" => Some(Intent::Help),
        "n" | "N" => Some(Intent::Compose),
        "f" | "F" => Some(Intent::Look(Side::Feed)),
        "q" | "Q" => Some(Intent::Look(Side::Queue)),
        "c" | "C" => Some(Intent::Look(Side::Chat)),
        "p" | "P" => Some(Intent::Look(Side::People)),
        "v" | "V" => Some(Intent::Look(Side::Variables)),
        "s" | "S" => Some(Intent::Stage),
        "o" | "O" => Some(Intent::Sources),
        "r" | "R" => Some(Intent::Rooms),
        "," => Some(Intent::Settings),
        key => match key.as_bytes() {
            &[digit @ b'1'..=b'9'] => Some(Intent::Fire(usize::from(digit - b'1'))),
            _ => None,
        },
    }
}

/// The key on the tile at this place, counted from 0; only nine have one.
pub fn key_of(place: usize) -> Option<char> {
    u32::try_from(place + 1).ok().filter(|&n| n <= 9).and_then(|n| char::from_digit(n, 10))
}

/// What the help lists, by subject: keys, and what they do. `{mod}` stands for Ctrl or ⌘.
pub const HELP: [(&str, &[(&str, &str)]); 4] = [
    (
        "Publish",
        &[
            ("1 – 9", "Show the display button with that number"),
            ("N", "Write something new"),
            ("{mod} Enter", "Publish what you wrote"),
            ("← →", "Choose message, link or image, on the tabs"),
        ],
    ),
    (
        "The room",
        &[
            ("F Q C P V", "Feed, queue, chat, people, variables"),
            ("S", "The stage, and back"),
            ("O", "What is followed outside, and back"),
            ("R", "Other rooms"),
            (",", "Room settings"),
            ("?", "Show these keys"),
            ("Esc", "Close what is open"),
        ],
    ),
    (
        "On items of the queue",
        &[("↑ ↓ K J", "Go from one to the next"), ("A", "Publish it"), ("D", "Turn it down")],
    ),
    (
        "On words of the chat",
        &[
            ("↑ ↓", "Go from one to the next"),
            ("A", "Approve what waits"),
            ("D", "Drop what waits, delete what was said"),
            ("M", "Mute whoever said it"),
            ("B", "Block whoever said it"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn press(key: &str) -> Press<'_> {
        Press { key, ..Press::default() }
    }

    #[test]
    fn digits_fire_the_button_that_wears_them() {
        for place in 0..9 {
            let key = key_of(place).unwrap().to_string();
            assert_eq!(intent(press(&key)), Some(Intent::Fire(place)));
        }
        assert_eq!(key_of(9), None);
        assert_eq!(intent(press("0")), None);
        assert_eq!(intent(press("F1")), None);
    }

    #[test]
    fn typing_fires_nothing() {
        for key in ["1", "n", "?", "c", "r", ","] {
            assert_eq!(intent(Press { typing: true, ..press(key) }), None, "{key}");
            assert_eq!(intent(Press { dialog: true, ..press(key) }), None, "{key}");
        }
    }

    #[test]
    fn letters_lead_to_the_parts_of_the_room() {
        for side in Side::ALL {
            let letter = &side.label()[..1];
            assert_eq!(intent(press(letter)), Some(Intent::Look(side)));
            assert_eq!(intent(press(&letter.to_lowercase())), Some(Intent::Look(side)));
        }
        assert_eq!(intent(press("o")), Some(Intent::Sources));
        assert_eq!(intent(press("r")), Some(Intent::Rooms));
        assert_eq!(intent(press(",")), Some(Intent::Settings));
    }

    #[test]
    fn a_held_key_and_the_browsers_own_shortcuts_fire_nothing() {
        assert_eq!(intent(Press { repeat: true, ..press("1") }), None);
        assert_eq!(intent(Press { primary: true, ..press("1") }), None);
        assert_eq!(intent(Press { alt: true, ..press("1") }), None);
        assert_eq!(intent(Press { primary: true, ..press("n") }), None);
    }

    #[test]
    fn ctrl_enter_publishes_from_the_composer_alone() {
        let enter = Press { primary: true, typing: true, ..press("Enter") };
        assert_eq!(intent(Press { composing: true, ..enter }), Some(Intent::Publish));
        assert_eq!(intent(enter), None);
        assert_eq!(intent(Press { composing: true, dialog: true, ..enter }), None);
        assert_eq!(intent(Press { primary: false, composing: true, ..enter }), None);
    }
}
