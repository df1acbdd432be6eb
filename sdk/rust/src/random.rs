//! Names that nobody can guess.

use crate::error::Error;
use std::fmt::Write;

/// 128 random bits as hexadecimal digits.
pub(crate) fn name() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Invalid(format!("The system gives no random numbers: {error}")))?;
    Ok(bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// What the ids of a room's commands begin with: another for each room that is opened.
pub(crate) fn prefix() -> Result<String, Error> {
    let mut prefix = name()?;
    prefix.truncate(12);
    prefix.push('-');
    Ok(prefix)
}

/// A seed for what need not be secret.
pub(crate) fn seed() -> u32 {
    let mut bytes = [0; 4];
    // Without random numbers waits are the same everywhere, and still waits.
    let _ = getrandom::fill(&mut bytes);
    u32::from_ne_bytes(bytes)
}
