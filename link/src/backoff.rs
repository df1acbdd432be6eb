//! How long to wait before trying again: growing, bounded, and never the same on two pages.

use crate::plan::Millis;

/// Draws the waits. Seeded once per page, so that pages that lost the same server come back spread out.
pub struct Backoff {
    state: u32,
}

impl Backoff {
    /// Waits never grow beyond this.
    pub const LONGEST: Millis = 10_000;

    /// Draws by this seed.
    pub fn new(seed: u32) -> Self {
        // The generator stands still at zero.
        Self { state: seed | 1 }
    }

    /// A wait around `middle`: from half of it up to one and a half times.
    pub fn around(&mut self, middle: Millis) -> Millis {
        middle / 2 + self.below(middle)
    }

    /// The wait after `failures` fruitless rounds: up to 0.5 s, 1 s, 2 s, …, [`Self::LONGEST`], at least half of that.
    pub fn after(&mut self, failures: u32) -> Millis {
        let longest = (500 << failures.min(8)).min(Self::LONGEST);
        longest / 2 + self.below(longest / 2)
    }

    /// A number from 0 up to and including `limit`, by xorshift.
    fn below(&mut self, limit: Millis) -> Millis {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        Millis::from(self.state) % (limit + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_never_exceed_ten_seconds() {
        for seed in 0..200 {
            let mut backoff = Backoff::new(seed * 7919);
            for failures in 0..100 {
                let wait = backoff.after(failures);
                let longest = [500, 1000, 2000, 4000, 8000];
                let longest = longest.get(failures as usize).copied().unwrap_or(Backoff::LONGEST);
                assert!((longest / 2..=longest).contains(&wait), "{failures}: {wait}");
            }
        }
    }

    #[test]
    fn two_pages_do_not_come_back_together() {
        let waits: std::collections::BTreeSet<_> =
            (0..100).map(|seed| Backoff::new(seed * 104_729).after(6)).collect();
        assert!(waits.len() > 50, "{waits:?}");
    }
}
