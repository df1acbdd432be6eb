//! What may be said in a chat, and how a line of it is written for programs.

use crate::error::Problem;
use nowcast_shared::chat::{MAX_TEXT, Said};
use nowcast_shared::error::Code;

/// How many line breaks words may have.
const MAX_BREAKS: usize = 20;

/// The text as it is kept: without blanks around it, with the one line break that there is, and a
/// blank for every tab.
///
/// # Errors
/// `bad_said` for nothing to be seen, too much, and characters that are no text.
pub fn check(text: &str) -> Result<String, Problem> {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let text = text.replace('\t', " ");
    let text = text.trim();
    if !text.chars().any(is_seen) {
        return Err(bad("There are no words in this."));
    }
    if text.chars().count() > MAX_TEXT {
        return Err(bad(format!("Words have at most {MAX_TEXT} characters.")));
    }
    if text.matches('\n').count() > MAX_BREAKS {
        return Err(bad(format!("Words have at most {MAX_BREAKS} line breaks.")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(bad("There are control characters in this."));
    }
    Ok(text.to_owned())
}

/// Words as a line of plain text: who, and after a colon what.
pub fn line(said: &Said) -> String {
    line_of(&said.name, ": ", &said.text)
}

/// Words on one line, with this between who says them and what. What would change the direction of
/// the rest of a terminal's line is left out.
pub fn line_of(name: &str, between: &str, text: &str) -> String {
    let text = text.replace('\n', " ");
    let mut line = format!("{name}{between}{text}");
    line.retain(|c| !is_direction(c));
    line.push('\n');
    line
}

/// Whether a text with this character alone shows something.
pub(crate) fn is_seen(c: char) -> bool {
    let blank = c.is_whitespace()
        || c.is_control()
        || is_direction(c)
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200d}'
            | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}');
    !blank
}

/// Whether it only changes in which direction the text around it is written.
pub(crate) fn is_direction(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn bad(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Code::BadSaid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nowcast_shared::item::{Author, Role};
    use nowcast_shared::offset::Offset;
    use proptest::prelude::*;

    #[test]
    fn line_breaks_are_one_kind_and_blanks_around_go() {
        assert_eq!(check(" Hello \n").unwrap(), "Hello");
        assert_eq!(check("a\r\nb\rc\u{2028}d\te").unwrap(), "a\nb\nc\nd e");
        assert_eq!(check("\u{1f469}\u{200d}\u{1f680}").unwrap(), "\u{1f469}\u{200d}\u{1f680}");
    }

    #[test]
    fn nothing_too_much_and_controls_are_refused() {
        assert!(check(&"\u{e4}".repeat(MAX_TEXT)).is_ok());
        assert!(check(&["a"; MAX_BREAKS + 1].join("\n")).is_ok());
        let (long, lines) = ("x".repeat(MAX_TEXT + 1), ["a"; MAX_BREAKS + 2].join("\n"));
        for bad in ["", " \n ", "\u{200b}\u{202e}", "\u{3164}", "a\0b", "\u{7}", &long, &lines] {
            assert_eq!(check(bad).unwrap_err().code, Code::BadSaid, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_as_it_is(text in ".{0,60}") {
            if let Ok(kept) = check(&text) {
                prop_assert_eq!(check(&kept).unwrap(), kept);
            }
        }

        #[test]
        fn a_line_is_one_line(name in "\\PC{1,10}", text in "[^\\r]{0,60}") {
            let Ok(text) = check(&text) else { return Ok(()) };
            let by = Author { role: Role::Viewer, id: "p1".into(), name: None };
            let (offset, at) = (Offset(1), 0);
            let said = Said { id: "s1".into(), offset, at, by, name, text, edited_at: None };
            prop_assert_eq!(line(&said).matches('\n').count(), 1);
            prop_assert!(!line(&said).contains(is_direction));
        }
    }
}
