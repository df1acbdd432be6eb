//! What time it is.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix milliseconds; 0 for a clock set before 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
