//! When to connect again: as the service asks, else exponentially later, never all at once.

use super::Course;
use super::failure::Failure;
use std::time::Duration;

/// The longest wait of our own.
const MOST: Duration = Duration::from_mins(5);
/// The first wait of our own where the service says no, or that it is asked too often.
const SLOW: Duration = Duration::from_mins(1);
/// The longest such wait.
const MOST_SLOW: Duration = Duration::from_mins(15);
/// The longest wait that a service may ask for.
const MOST_ASKED: Duration = Duration::from_hours(24);
/// A connection that held this long, and said something, was a good one.
const GOOD: Duration = Duration::from_secs(10);
/// Refusals in a row of what was followed before: services answer 404 while they are exchanged.
const MOST_REFUSALS: u32 = 5;

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
        let mut slow = false;
        let asked = match failure {
            Failure::Private(_) => return Next::Fail,
            Failure::Refused { status, retry } => {
                let status = status.as_u16();
                slow = status < 500;
                if slow && !matches!(status, 408 | 420 | 421 | 423 | 425 | 429) && self.refused() {
                    return Next::Fail;
                }
                *retry
            }
            // A service under repair may show a page for people for a while.
            Failure::Unusable(_) | Failure::Unreadable(_) => {
                slow = true;
                if self.refused() {
                    return Next::Fail;
                }
                None
            }
            Failure::Broken(_) | Failure::Unanswered | Failure::Silent(_) | Failure::Ended => {
                course.retry
            }
        };
        let (first, most) = if slow { (SLOW, MOST_SLOW) } else { (self.first, MOST) };
        let times = 2_u32.saturating_pow(self.failures.min(20));
        let doubled = first.saturating_mul(times).min(most);
        // Who asks for no wait at all is not asked over and over; what ends after each of its records
        // is no failure.
        let times = if course.heard { 1 } else { times };
        let least = self.first.saturating_mul(times).min(MOST);
        self.failures = self.failures.saturating_add(1);
        let draw = draw();
        Next::Wait(match asked {
            // Never sooner than asked; a little later, so that not all come back at once.
            Some(asked) => {
                asked.min(MOST_ASKED).mul_f64(1.0 + 0.1 * draw).max(least.mul_f64(0.5 + 0.5 * draw))
            }
            None => doubled.mul_f64(0.5 + 0.5 * draw),
        })
    }

    /// Counts a refusal; whether it is to be believed.
    fn refused(&mut self) -> bool {
        self.refusals += 1;
        !self.followed || self.refusals > MOST_REFUSALS
    }
}

/// A number from 0 to 1, at random; it decides about nothing but a wait.
pub(super) fn draw() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::StatusCode;
    use tokio::time::Instant;

    fn refused(status: u16, retry: Option<u64>) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        Failure::Refused { status, retry: retry.map(Duration::from_secs) }
    }

    fn opened() -> Course {
        Course { since: Some(Instant::now()), heard: true, retry: None }
    }

    /// The wait after a failure, or nothing where it is the last.
    fn wait(again: &mut Again, failure: &Failure, course: Course) -> Option<f64> {
        match again.after(failure, &course) {
            Next::Wait(wait) => Some(wait.as_secs_f64()),
            Next::Fail => None,
        }
    }

    #[test]
    fn waits_double_within_bounds_and_are_never_all_the_same() {
        let mut again = Again::new(Duration::from_secs(1));
        let waits: Vec<f64> = (0..40)
            .map(|_| wait(&mut again, &Failure::Unanswered, Course::default()).unwrap())
            .collect();
        for (count, wait) in waits.iter().enumerate() {
            let most = f64::from(1_u32 << count.min(20)).min(300.0);
            assert!((most / 2.0..=most).contains(wait), "{wait} of {most}");
        }
        assert!(waits[20..].windows(2).any(|pair| pair[0].to_bits() != pair[1].to_bits()));
    }

    #[test]
    fn what_a_service_asks_for_is_kept_and_never_shortened() {
        for status in [420, 429, 503] {
            let mut again = Again::new(Duration::from_secs(1));
            let asked = wait(&mut again, &refused(status, Some(120)), Course::default()).unwrap();
            assert!((120.0..=132.0).contains(&asked), "{asked}");
        }
        let forever = refused(503, Some(u64::MAX));
        assert!(
            wait(&mut Again::new(Duration::ZERO), &forever, Course::default()).unwrap() < 100_000.0
        );
        let course = Course { retry: Some(Duration::from_secs(3)), ..opened() };
        let asked = wait(&mut Again::new(Duration::from_secs(1)), &Failure::Ended, course).unwrap();
        assert!((3.0..=3.3).contains(&asked), "{asked}");
    }

    #[test]
    fn whoever_asks_for_no_wait_is_not_asked_over_and_over() {
        let mut again = Again::new(Duration::from_secs(1));
        for count in 0..12 {
            let most = f64::from(1_u32 << count).min(300.0);
            let waited = wait(&mut again, &refused(429, Some(0)), Course::default()).unwrap();
            assert!((most / 2.0..=most).contains(&waited), "{waited} of {most}");
        }
        // A stream that ends after each of its events is asked at its pace, but not in a circle.
        for _ in 0..12 {
            let course = Course { retry: Some(Duration::ZERO), ..opened() };
            let waited = wait(&mut again, &Failure::Ended, course).unwrap();
            assert!((0.5..=1.0).contains(&waited), "{waited}");
        }
    }

    #[test]
    fn whoever_is_asked_too_often_is_left_alone_for_longer() {
        for status in [420, 429] {
            let mut again = Again::new(Duration::from_secs(1));
            let first = wait(&mut again, &refused(status, None), Course::default()).unwrap();
            let second = wait(&mut again, &refused(status, None), Course::default()).unwrap();
            assert!((30.0..=60.0).contains(&first) && (60.0..=120.0).contains(&second));
        }
    }

    #[test]
    fn a_refusal_ends_it_at_once_unless_it_was_followed_before() {
        for status in [204, 400, 401, 403, 404, 410] {
            let mut again = Again::new(Duration::from_secs(1));
            assert_eq!(wait(&mut again, &refused(status, None), Course::default()), None);
            let mut again = Again::new(Duration::from_secs(1));
            assert!(wait(&mut again, &Failure::Ended, opened()).is_some());
            for _ in 0..MOST_REFUSALS {
                assert!(wait(&mut again, &refused(status, None), Course::default()).is_some());
            }
            assert_eq!(wait(&mut again, &refused(status, None), Course::default()), None);
        }
        let page = Failure::Unusable("A web page.".to_owned());
        let mut again = Again::new(Duration::from_secs(1));
        assert_eq!(wait(&mut again, &page, Course::default()), None);
        assert!(wait(&mut again, &Failure::Ended, opened()).is_some());
        for _ in 0..MOST_REFUSALS {
            assert!(wait(&mut again, &page, Course::default()).unwrap() >= 30.0);
        }
        assert_eq!(wait(&mut again, &page, Course::default()), None);
        let private = Failure::Private(super::super::guard::Private);
        assert_eq!(wait(&mut Again::new(Duration::ZERO), &private, opened()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_good_connection_is_the_beginning_of_a_new_count() {
        let mut again = Again::new(Duration::from_secs(1));
        for _ in 0..8 {
            again.after(&Failure::Unanswered, &Course::default());
        }
        let course = Course { since: Some(Instant::now()), heard: true, retry: None };
        tokio::time::advance(Duration::from_mins(1)).await;
        assert!(wait(&mut again, &Failure::Ended, course).unwrap() <= 1.0);
        // One that ends as soon as it began is none.
        for _ in 0..8 {
            again.after(&Failure::Ended, &opened());
        }
        assert!(wait(&mut again, &Failure::Ended, opened()).unwrap() > 60.0);
    }
}
