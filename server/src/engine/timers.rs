//! When to look at which session again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Milliseconds since the shard began.
pub(super) type Millis = u64;

/// No time: never.
pub(super) const NEVER: Millis = Millis::MAX;

/// The nearest look at each session. Most are put off again and again: only the first is kept for
/// each, and what has become of it is found out when it is due.
#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Millis, usize, u64)>>,
}

impl Timers {
    /// Asks for a look at a session at `at`; `armed` is when the next one was to be.
    pub(super) fn arm(&mut self, armed: &mut Millis, at: Millis, key: usize, id: u64) {
        if at < *armed {
            *armed = at;
            self.heap.push(Reverse((at, key, id)));
        }
    }

    /// The next that is due: its slot, its id, and for when it was asked.
    pub(super) fn due(&mut self, now: Millis) -> Option<(usize, u64, Millis)> {
        let Reverse((at, key, id)) = *self.heap.peek()?;
        (at <= now).then(|| {
            self.heap.pop();
            (key, id, at)
        })
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Millis> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_look_waits_for_the_earlier_one() {
        let (mut timers, mut armed) = (Timers::default(), NEVER);
        timers.arm(&mut armed, 50, 1, 1);
        timers.arm(&mut armed, 70, 1, 1);
        timers.arm(&mut armed, 20, 1, 1);
        assert_eq!(timers.next(), Some(20));
        assert_eq!(timers.due(19), None);
        assert_eq!(timers.due(60), Some((1, 1, 20)));
        assert_eq!(timers.due(60), Some((1, 1, 50)), "out of date: the session knows");
        assert_eq!(timers.due(100), None);
    }
}
