//! When to connect again: as the service asks, else exponentially later, never all at once.

use super::Course;
use super::failure::Failure;
use std::time::Duration;

/// The longest wait of our own.
const MOST: Duration = Duration::from_mins(5);
/// The longest wait of our own where the service says that it is asked too often.
const MOST_LIMITED: Duration = Duration::from_mins(15);
/// The first such wait.
const LIMITED: Duration = Duration::from_mins(1);
/// The longest wait that a service may ask for.
const MOST_ASKED: Duration = Duration::from_hours(24);
/// A connection that held this long, and said something, was a good one.
const GOOD: Duration = Duration::from_secs(10);
/// Refusals in a row of what was followed before; services answer 404 while they are exchanged.
const MOST_REFUSALS: u32 = 3;

/// What comes after a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another one, after this time.
    Wait(Duration),
    /// Nothing.
    Fail,
}

/// Keeps count of failures.
#[derive(Debug)]
pub struct Again {
    first: Duration,
    failures: u32,
    refusals: u32,
    followed: bool,
}

impl Again {
    /// Beginning with this wait.
    pub fn new(first: Duration) -> Self {
        Self { first, failures: 0, refusals: 0, followed: false }
    }

    /// What comes after a connection that went like this.
    pub fn after(&mut self, failure: &Failure, course: &Course) -> Next {
        if let Some(since) = course.since {
            self.followed = true;
            self.refusals = 0;
            if course.heard && since.elapsed() >= GOOD {
                self.failures = 0;
            }
        }
        let (asked, limited) = match failure {
            Failure::Private(_) | Failure::Unusable(_) => return Next::Fail,
            Failure::Refused { status, retry } => {
                let limited = matches!(status.as_u16(), 420 | 429);
                let passing = limited || matches!(status.as_u16(), 408 | 421 | 423 | 425 | 500..);
                if !passing {
                    self.refusals += 1;
                    if !self.followed || self.refusals > MOST_REFUSALS {
                        return Next::Fail;
                    }
                }
                (*retry, limited)
            }
            _ => (course.retry, false),
        };
        let (first, most) = if limited { (LIMITED, MOST_LIMITED) } else { (self.first, MOST) };
        let doubled = first.saturating_mul(2_u32.saturating_pow(self.failures.min(20))).min(most);
        self.failures = self.failures.saturating_add(1);
        let draw = draw();
        Next::Wait(match asked {
            // Never sooner than asked; a little later, so that not all come back at once.
            Some(asked) => asked.min(MOST_ASKED).mul_f64(1.0 + 0.1 * draw),
            None => doubled.mul_f64(0.5 + 0.5 * draw),
        })
    }
}

/// A number from 0 to 1, at random; it decides about nothing but a wait.
fn draw() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}
