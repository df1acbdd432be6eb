//! Names and secrets nobody can guess.

/// 32 characters that are not mistaken for each other; five random bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The same characters as they sort.
pub const SORTED: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

/// `prefix` followed by `length` random characters, five bits each.
///
/// # Panics
/// If the operating system gives no random bytes: nothing secret could be made then.
pub fn name(prefix: &str, length: usize) -> String {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    spell(prefix, &bytes)
}

/// `prefix` followed by one character for each byte, of which five bits are used.
pub fn spell(prefix: &str, bytes: &[u8]) -> String {
    let letters = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    prefix.chars().chain(letters).collect()
}

/// As [`name`], with the time between the two, so that names made later sort later: an index over
/// them grows at its end instead of anywhere. `at` is in Unix milliseconds.
pub fn name_in_order(prefix: &str, at: i64, length: usize) -> String {
    // 45 bits last for a thousand years.
    let time = (0..9).rev().map(|place| {
        let bits = usize::try_from((at >> (5 * place)) & 31).unwrap_or_default();
        char::from(SORTED[bits])
    });
    let prefix: String = prefix.chars().chain(time).collect();
    name(&prefix, length)
}

/// A password a person can copy from paper: four groups of five, 100 bits.
pub fn password() -> String {
    [(); 4].map(|()| name("", 5)).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_order_sort_by_time_and_differ_within_it() {
        let times = [0, 31, 32, 1_790_000_000_000, 1_790_000_000_001, 32_000_000_000_000];
        let names = times.map(|at| name_in_order("i", at, 10));
        assert!(names.is_sorted() && names.iter().all(|name| name.len() == 20), "{names:?}");
        assert_ne!(name_in_order("i", 5, 10), name_in_order("i", 5, 10));
    }
}
