//! Waiting for something to become true, with a limit instead of a guess.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Generous, for a machine that does more than
/// this; nothing that works comes near it.
pub const LIMIT: Duration = Duration::from_mins(1);

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(20);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within [`LIMIT`]; the message says what was waited for.
pub async fn eventually<T>(what: &str, attempt: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(LIMIT, what, attempt).await
}

/// As [`eventually`], with a limit of its own for what is known to take long.
///
/// # Panics
/// When there is no answer within `limit`.
pub async fn eventually_within<T>(
    limit: Duration,
    what: &str,
    mut attempt: impl AsyncFnMut() -> Option<T>,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = attempt().await {
            return answer;
        }
        assert!(begun.elapsed() < limit, "waited {limit:?} in vain for this: {what}");
        pause().await;
    }
}

/// The time between two looks at a condition, for loops that [`eventually`] cannot express.
pub async fn pause() {
    tokio::time::sleep(INTERVAL).await;
}

/// Waits for one thing.
///
/// # Panics
/// When it does not come within [`LIMIT`].
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let answer = tokio::time::timeout(LIMIT, future).await;
    answer.unwrap_or_else(|_elapsed| panic!("waited {LIMIT:?} in vain for this: {what}"))
}
