//! How a source stands, as it is told.

use super::reason::{Counts, Reason};
use crate::clock;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing.
    Stopped,
    /// It is on its way there.
    Connecting,
    /// It hears what is said.
    Following,
    /// It tries again later.
    Waiting,
    /// It does not try again.
    Failed,
}

impl Phase {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Connecting => "connecting",
            Self::Following => "following",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}

/// How long an error's text may be that comes from outside, in characters.
const MOST_ERROR: usize = 500;

/// How a source stands.
pub(super) struct Status(Mutex<Inner>);

struct Inner {
    phase: Phase,
    since: i64,
    next: Option<i64>,
    error: Option<(String, i64)>,
    last_at: Option<i64>,
    lag: Option<i64>,
    counts: Counts,
    rate: Rate,
}

impl Status {
    /// Stopped, after so many.
    pub(super) fn new(counts: Counts) -> Self {
        Self(Mutex::new(Inner {
            phase: Phase::Stopped,
            since: clock::now(),
            next: None,
            error: None,
            last_at: None,
            lag: None,
            counts,
            rate: Rate::new(Instant::now()),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it is doing.
    pub(super) fn phase(&self) -> Phase {
        self.inner().phase
    }

    /// What became of what it heard.
    pub(super) fn counts(&self) -> Counts {
        self.inner().counts
    }

    /// It does something else now.
    pub(super) fn turn(&self, phase: Phase) {
        let mut inner = self.inner();
        if inner.phase != phase {
            (inner.phase, inner.since) = (phase, clock::now());
        }
        inner.next = None;
    }

    /// It begins anew.
    pub(super) fn begin(&self) {
        let mut inner = self.inner();
        (inner.error, inner.lag, inner.rate) = (None, None, Rate::new(Instant::now()));
        drop(inner);
        self.turn(Phase::Connecting);
    }

    /// It tries again then; why it has to.
    pub(super) fn wait(&self, until: Option<i64>, why: &str) {
        self.turn(Phase::Waiting);
        let mut inner = self.inner();
        inner.next = until;
        inner.error = Some((short(why), clock::now()));
    }

    /// It cannot go on.
    pub(super) fn fail(&self, why: &str) {
        self.turn(Phase::Failed);
        self.inner().error = Some((short(why), clock::now()));
    }

    /// So many came; the newest was said then, if that is known.
    pub(super) fn hear(&self, count: u64, said: Option<i64>) {
        let (now, mut inner) = (clock::now(), self.inner());
        inner.counts.seen += count;
        inner.rate.add(count, Instant::now());
        inner.last_at = Some(now);
        if let Some(said) = said {
            // Clocks differ: what was said in a moment to come was said now.
            inner.lag = Some(now.saturating_sub(said).max(0));
        }
    }

    /// Changes what is counted.
    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.inner().counts);
    }

    /// So many could not be read.
    pub(super) fn malformed(&self, count: u64) {
        self.hear(count, None);
        self.count(|counts| counts.drop(Reason::Malformed, count));
    }

    /// As it is told.
    pub(super) fn tell(&self) -> Value {
        let mut inner = self.inner();
        let per_minute = match inner.phase {
            Phase::Stopped => 0.0,
            _ => inner.rate.per_minute(Instant::now()),
        };
        let error = inner.error.as_ref().map(|(text, at)| json!({"text": text, "at": at}));
        json!({
            "state": inner.phase.as_str(),
            "since": inner.since,
            "next": inner.next,
            "per_minute": per_minute,
            "lag": inner.lag,
            "last_at": inner.last_at,
            "seen": inner.counts.seen,
            "published": inner.counts.published,
            "held": inner.counts.held,
            "dropped": inner.counts.reasons(),
            "error": error,
        })
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(MOST_ERROR).collect()
}

/// How many came a minute, of the last one.
struct Rate {
    begun: Instant,
    /// When each piece of time began, and how many came in it.
    pieces: VecDeque<(Instant, u64)>,
}

/// How long a piece of time is.
const PIECE: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_mins(1);

impl Rate {
    fn new(now: Instant) -> Self {
        Self { begun: now, pieces: VecDeque::new() }
    }

    fn add(&mut self, count: u64, now: Instant) {
        match self.pieces.back_mut() {
            Some((began, all)) if now.duration_since(*began) < PIECE => *all += count,
            _ => self.pieces.push_back((now, count)),
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        while self.pieces.front().is_some_and(|(began, _)| now.duration_since(*began) >= MINUTE) {
            self.pieces.pop_front();
        }
    }

    /// With one digit behind the point.
    fn per_minute(&mut self, now: Instant) -> f64 {
        self.forget(now);
        let count: u64 = self.pieces.iter().map(|(_, count)| count).sum();
        // Of a first second nothing can be said of a minute.
        let span = now.duration_since(self.begun).clamp(PIECE, MINUTE);
        #[expect(clippy::cast_precision_loss, reason = "nobody hears that much in a minute")]
        let rate = count as f64 * MINUTE.as_secs_f64() / span.as_secs_f64();
        (rate * 10.0).round() / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut rate = Rate::new(begun);
        for second in 0..30 {
            rate.add(2, at(second));
        }
        assert!((rate.per_minute(at(30)) - 120.0).abs() < 0.1, "half a minute of two a second");
        assert!((rate.per_minute(at(60)) - 50.0).abs() < 0.1, "the first five seconds are over");
        assert!(rate.per_minute(at(120)).abs() < 0.1);
        assert!(rate.pieces.is_empty());
    }

    #[test]
    fn what_failed_says_why_until_it_begins_anew() {
        let status = Status::new(Counts::default());
        status.fail("No\nsuch room.");
        let told = status.tell();
        assert_eq!(
            (&told["state"], &told["error"]["text"]),
            (&json!("failed"), &json!("Nosuch room."))
        );
        status.begin();
        assert_eq!(
            (&status.tell()["state"], &status.tell()["error"]),
            (&json!("connecting"), &Value::Null)
        );
        status.wait(Some(5), "Later.");
        assert_eq!(status.tell()["next"], 5);
        status.turn(Phase::Following);
        let told = status.tell();
        assert_eq!((&told["next"], &told["error"]["text"]), (&Value::Null, &json!("Later.")));
    }

    #[test]
    fn lag_is_never_less_than_nothing() {
        let status = Status::new(Counts::default());
        status.hear(3, Some(clock::now() + 100_000));
        status.malformed(2);
        let told = status.tell();
        assert_eq!(
            (&told["lag"], &told["seen"], &told["dropped"]["malformed"]),
            (&json!(0), &json!(5), &json!(2))
        );
    }
}
