//! A token bucket: so many a second, and so many at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Says whether one more is allowed now.
pub struct Limiter {
    /// The time that one costs.
    each: Duration,
    /// How much time may be owed.
    most: Duration,
    /// When nothing is owed any more.
    free_at: Instant,
}

impl Limiter {
    /// `rate` a second (0: none at all after the burst), `burst` at once.
    pub fn new(rate: u32, burst: u32) -> Self {
        let each = Duration::from_secs(1) / rate.max(1);
        Self { each, most: each * burst.max(1), free_at: Instant::now() }
    }

    /// Takes one, if it is allowed.
    pub fn admit(&mut self) -> bool {
        let now = Instant::now();
        let free_at = self.free_at.max(now) + self.each;
        if free_at > now + self.most {
            return false;
        }
        self.free_at = free_at;
        true
    }
}

/// How many pages' rates are remembered.
const REMEMBERED: usize = 10_000;

/// A limiter for each page that sends commands over HTTP, where there is no connection to hold it.
pub struct Rates {
    rate: u32,
    burst: u32,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    limiters: HashMap<String, Limiter>,
    /// When those who owe nothing were forgotten last.
    swept: Option<Instant>,
}

/// How often is looked, where there is no more room, whether somebody can be forgotten.
const SWEEP: Duration = Duration::from_millis(100);

impl Pages {
    fn sweep(&mut self, now: Instant) {
        self.limiters.retain(|_, limiter| limiter.free_at > now);
        self.swept = Some(now);
    }
}

impl Rates {
    /// See [`Limiter::new`]; for each page.
    pub fn new(rate: u32, burst: u32) -> Self {
        Self { rate, burst, pages: Mutex::default() }
    }

    /// Forgets those who owe nothing any more.
    pub fn forget(&self) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.sweep(Instant::now());
        pages.limiters.shrink_to_fit();
    }

    /// Takes one for this page, if it is allowed.
    pub fn admit(&self, page: &str) -> bool {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.limiters.len() >= REMEMBERED && !pages.limiters.contains_key(page) {
            let now = Instant::now();
            // Looking at all of them for each that comes would be what a flood wants.
            if pages.swept.is_none_or(|swept| now.duration_since(swept) >= SWEEP) {
                pages.sweep(now);
            }
            // So many at once are no audience.
            if pages.limiters.len() >= REMEMBERED {
                return false;
            }
        }
        let fresh = || Limiter::new(self.rate, self.burst);
        pages.limiters.entry(page.to_owned()).or_insert_with(fresh).admit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pages_that_are_gone_are_forgotten_and_those_that_owe_are_not() {
        let rates = Rates::new(1, 2);
        assert!(rates.admit("quiet") && rates.admit("busy"));
        tokio::time::advance(Duration::from_millis(900)).await;
        assert!(rates.admit("busy"));
        tokio::time::advance(Duration::from_millis(200)).await;
        rates.forget();
        let pages = rates.pages.lock().unwrap();
        assert_eq!(pages.limiters.keys().collect::<Vec<_>>(), ["busy"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_the_rate() {
        let mut limiter = Limiter::new(10, 3);
        assert_eq!((0..5).filter(|_| limiter.admit()).count(), 3);
        tokio::time::advance(Duration::from_millis(200)).await;
        assert_eq!((0..5).filter(|_| limiter.admit()).count(), 2);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!((0..5).filter(|_| limiter.admit()).count(), 3, "patience is not saved up");
    }
}
