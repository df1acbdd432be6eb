//! Shared variables: small named values that every page and program sees alike.

/// How long a variable's name is at most.
pub const MOST_NAME: usize = 64;

/// How many variables a room has at most.
pub const MOST_NAMES: usize = 256;

/// How many bytes the names and the values (as JSON) of a room's variables have together at most.
pub const MOST_BYTES: usize = 64 * 1024;

/// Whether a variable can have this name: 1 to 64 of `[A-Za-z0-9_.-]`.
pub fn is_name(name: &str) -> bool {
    (1..=MOST_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// Whether a variable is among those that are listed: by its name, or by the beginning of it with a
/// `*` after. See [`crate::room::Settings::variables`].
pub fn is_listed(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        for good in ["a", "team-1.score_A", &"x".repeat(64)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "a b", "\u{e4}", "a/b", "a*", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_pattern_is_a_name_or_the_beginning_of_names() {
        let patterns = ["score".to_owned(), "team-*".to_owned()];
        for listed in ["score", "team-", "team-1"] {
            assert!(is_listed(listed, &patterns), "{listed}");
        }
        for not in ["scores", "Score", "team", "xteam-1"] {
            assert!(!is_listed(not, &patterns), "{not}");
        }
        assert!(is_listed("anything", &["*".to_owned()]));
        assert!(!is_listed("anything", &[]), "by default none is");
    }
}
