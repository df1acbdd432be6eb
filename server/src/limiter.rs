//! A token bucket: so many a second, and so many at once.

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

#[cfg(test)]
mod tests {
    use super::*;

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
