//! What people go by: which names can be shown, and when two are the same.

use crate::error::Problem;
use nowcast_shared::chat::MAX_NAME;
use nowcast_shared::error::Code;

/// The name as it is shown: without blanks around it and with single ones within; `None` for an
/// empty one.
///
/// # Errors
/// `bad_name` for one that is too long, is not on one line, would change how the text around it is
/// shown, or has a colon: in a line of the chat the first one ends the name.
pub fn check(text: &str) -> Result<Option<String>, Problem> {
    if text.chars().any(is_disguise) {
        let detail = "A name is on one line and has no invisible characters.";
        return Err(Problem::new(Code::BadName, detail));
    }
    if text.chars().any(is_colon) {
        return Err(Problem::new(Code::BadName, "A name has no colon."));
    }
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.chars().count() > MAX_NAME {
        let detail = format!("A name has at most {MAX_NAME} characters.");
        return Err(Problem::new(Code::BadName, detail));
    }
    // Joiners alone show nothing.
    if !name.is_empty() && fold(&name).trim().is_empty() {
        return Err(Problem::new(Code::BadName, "There is nothing to be seen in this name."));
    }
    Ok((!name.is_empty()).then_some(name))
}

/// Whether a character shows nothing itself, but changes what is around it or makes a name look
/// like another: line ends and controls, directions, what has no width.
///
/// The two joiners and what selects between shapes stay: scripts and emoji are written with them.
fn is_disguise(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2028}' | '\u{2029}' // line and paragraph separators
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // directions
            | '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // blank letters
            | '\u{2800}' | '\u{17b4}' | '\u{17b5}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}') // tags
}

/// Whether people take a character for what stands between a name and what is said.
fn is_colon(c: char) -> bool {
    matches!(c, ':' | '\u{2d0}' | '\u{2236}' | '\u{a789}' | '\u{fe13}' | '\u{fe55}' | '\u{ff1a}')
}

/// Whether a character shows nothing itself, but has its place within words or emoji.
fn is_joint(c: char) -> bool {
    matches!(c,
        '\u{200c}' | '\u{200d}' // joiners
        | '\u{fe00}'..='\u{fe0f}' | '\u{180b}'..='\u{180d}' | '\u{180f}') // shapes
}

/// What two names have in common that people take for the same.
pub fn fold(name: &str) -> String {
    name.chars().filter(|c| !is_joint(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<String> {
        check(text).unwrap()
    }

    #[test]
    fn blanks_are_collapsed_and_none_is_no_name() {
        assert_eq!(name("  Ana \u{3000} Maria ").as_deref(), Some("Ana Maria"));
        assert_eq!(name(""), None);
        assert_eq!(name("   "), None);
        assert_eq!(name(&"x".repeat(40)).map(|name| name.len()), Some(40));
        assert!(name("\u{645}\u{631}\u{62d}\u{628}\u{627}").is_some());
    }

    #[test]
    fn names_that_would_deceive_are_refused() {
        let long = "x".repeat(41);
        for bad in [
            "a\nb",
            "a\tb",
            "\0",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200b}",
            "\u{3164}",
            &long,
            "\u{200d}",
            " \u{fe0f} ",
            "\u{2800}",
            "Host: Doors are closed",
            "Host:",
            "Host\u{ff1a} x",
        ] {
            assert_eq!(check(bad).unwrap_err().code, Code::BadName, "{bad:?}");
        }
    }

    #[test]
    fn case_and_joiners_make_no_difference() {
        assert_eq!(fold("ANA"), fold("ana"));
        assert_eq!(fold("\u{c4}nne"), fold("\u{e4}nne"));
        assert_eq!(fold("a\u{200d}na"), fold("ana"));
        assert_eq!(fold("Host\u{fe0f}"), fold("host"), "they look the same");
        assert!(name("\u{2764}\u{fe0f}").is_some(), "emoji are written with it");
        assert_ne!(fold("ana"), fold("anna"));
    }
}
