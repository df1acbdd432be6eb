//! So many a minute, and no more in any minute.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The largest cap.
pub(super) const MOST: u32 = 60_000;

const MINUTE: Duration = Duration::from_mins(1);

/// Says whether one more may be shown now.
pub(super) struct Cap {
    per_minute: Option<u32>,
    /// When those of the last minute were shown.
    times: VecDeque<Instant>,
}

impl Cap {
    /// So many; without a number, any.
    pub(super) fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute: per_minute.map(|most| most.min(MOST)), times: VecDeque::new() }
    }

    /// Whether there is room for one more.
    pub(super) fn has_room(&mut self, now: Instant) -> bool {
        let Some(most) = self.per_minute else { return true };
        while self.times.front().is_some_and(|time| now.duration_since(*time) >= MINUTE) {
            self.times.pop_front();
        }
        self.times.len() < most as usize
    }

    /// One is shown.
    pub(super) fn take(&mut self, now: Instant) {
        if self.per_minute.is_some() {
            self.times.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_minute_has_more(most in 1..20_u32, waits in prop::collection::vec(0..20_000_u64, 1..120)) {
            let (mut cap, mut now) = (Cap::new(Some(most)), Instant::now());
            let mut shown: Vec<Instant> = Vec::new();
            for wait in waits {
                now += Duration::from_millis(wait);
                let recent = shown.iter().filter(|time| now.duration_since(**time) < MINUTE).count();
                prop_assert_eq!(cap.has_room(now), recent < most as usize);
                if cap.has_room(now) {
                    cap.take(now);
                    shown.push(now);
                }
            }
        }
    }

    #[test]
    fn without_a_cap_everything_is_shown_and_nothing_remembered() {
        let mut cap = Cap::new(None);
        for _ in 0..1000 {
            assert!(cap.has_room(Instant::now()));
            cap.take(Instant::now());
        }
        assert!(cap.times.is_empty());
    }
}
