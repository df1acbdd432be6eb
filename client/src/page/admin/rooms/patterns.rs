//! The shared variables that pages may write, as somebody types them: a name a line, or the
//! beginning of names with a `*` after it. Pure.

use nowcast_shared::variable::{MOST_NAME, is_name};

/// Reads what was typed: commas, blanks and lines part the names, and each counts once.
///
/// # Errors
/// A sentence about the first that no variable can have.
pub fn read(text: &str) -> Result<Vec<String>, String> {
    let mut patterns: Vec<String> = Vec::new();
    for word in text.split([',', ';']).flat_map(str::split_whitespace) {
        let name = word.strip_suffix('*').unwrap_or(word);
        let whole = word.len() == name.len();
        if name.contains('*') {
            return Err(format!("“{word}”: a * stands at the end, for whatever follows."));
        }
        if let Some(why) = wrong(name).filter(|_| whole || !name.is_empty()) {
            return Err(format!("“{word}”: {why}"));
        }
        if !patterns.iter().any(|known| known == word) {
            patterns.push(word.to_owned());
        }
    }
    Ok(patterns)
}

/// As they are typed.
pub fn write(patterns: &[String]) -> String {
    patterns.join("\n")
}

/// What is wrong with a variable's name, if something is.
pub fn wrong(name: &str) -> Option<&'static str> {
    match name.len() {
        0 => Some("A variable needs a name."),
        len if len > MOST_NAME => Some("That is too long: 64 characters at most."),
        _ if !is_name(name) => Some("Only letters, digits, dots, dashes and _."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(text: &str) -> Vec<String> {
        read(text).unwrap()
    }

    #[test]
    fn names_are_parted_by_whatever_people_put_between_them() {
        assert_eq!(patterns("score, vote.*\n\n lap;lap"), ["score", "vote.*", "lap"]);
        assert_eq!(patterns("*"), ["*"]);
        assert!(patterns(" \n").is_empty());
        assert_eq!(write(&patterns("a,b")), "a\nb");
        assert_eq!(patterns(&write(&patterns("a,b.*"))), ["a", "b.*"]);
    }

    #[test]
    fn what_no_variable_can_be_called_is_said_by_name() {
        for bad in ["sc ore/", "ä", "*.score", "vote.**", &"x".repeat(65)] {
            let why = read(bad).unwrap_err();
            assert!(why.starts_with('“'), "{why}");
        }
    }
}
