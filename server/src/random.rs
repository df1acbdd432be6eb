//! Names and secrets nobody can guess.

/// 32 characters that are not mistaken for each other; five random bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

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

/// A password a person can copy from paper: four groups of five, 100 bits.
pub fn password() -> String {
    [(); 4].map(|()| name("", 5)).join("-")
}
