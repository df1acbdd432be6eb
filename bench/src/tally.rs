//! Which publish has reached how many pages, and when.

use std::time::Instant;

use crate::histogram::Histogram;

/// How many of the newest publishes are known. Modes bound how far pages may be behind, far below
/// this.
const KNOWN: usize = 1 << 16;

/// Counts deliveries.
pub(crate) struct Tally {
    since: Instant,
    /// How many pages a publish has to reach.
    pages: u32,
    /// When each of the newest publishes was sent, and how many pages have it.
    publishes: Vec<Publish>,
    published: u32,
    complete: u32,
    deliveries: u64,
    repeats: u64,
    bytes: u64,
    pub latencies: Histogram,
}

#[derive(Clone, Copy, Default)]
struct Publish {
    sent: u64,
    seen: u32,
}

/// What was counted until a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub published: u32,
    pub deliveries: u64,
    pub bytes: u64,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            since: Instant::now(),
            pages: 0,
            publishes: vec![Publish::default(); KNOWN],
            published: 0,
            complete: 0,
            deliveries: 0,
            repeats: 0,
            bytes: 0,
            latencies: Histogram::new(),
        }
    }

    /// Nanoseconds of a monotonic clock.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// From now on a publish is complete when so many pages have it.
    pub(crate) fn expect(&mut self, pages: usize) {
        self.pages = u32::try_from(pages).unwrap_or(u32::MAX);
    }

    /// Numbers a publish that is being sent at `now`.
    pub(crate) fn publish(&mut self, now: u64) -> u32 {
        self.published += 1;
        let number = self.published;
        self.publishes[number as usize % KNOWN] = Publish { sent: now, seen: 0 };
        if self.pages == 0 {
            self.complete += 1;
        }
        number
    }

    /// A page has publish `number`; its frame took so many bytes.
    #[inline]
    pub(crate) fn deliver(&mut self, number: u32, now: u64, bytes: usize) {
        // What an earlier run published may still be shown to pages that join.
        if number == 0 || number > self.published {
            return;
        }
        let publish = &mut self.publishes[number as usize % KNOWN];
        publish.seen += 1;
        if publish.seen == self.pages {
            self.complete += 1;
        } else if publish.seen > self.pages {
            self.repeats += 1;
        }
        self.deliveries += 1;
        self.bytes += bytes as u64;
        self.latencies.add(now.saturating_sub(publish.sent));
    }

    /// How many publishes some page has not got yet.
    #[inline]
    pub(crate) fn behind(&self) -> u32 {
        self.published - self.complete
    }

    /// How many frames are still to come.
    #[inline]
    pub(crate) fn awaited(&self) -> u64 {
        (u64::from(self.published) * u64::from(self.pages)).saturating_sub(self.deliveries)
    }

    /// How many deliveries came more than once to the same pages, where every page counts one.
    pub(crate) fn repeats(&self) -> u64 {
        self.repeats
    }

    /// What was counted until now.
    pub(crate) fn counts(&self) -> Counts {
        Counts { published: self.published, deliveries: self.deliveries, bytes: self.bytes }
    }
}

impl Counts {
    /// What was counted since an earlier moment.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            published: self.published - before.published,
            deliveries: self.deliveries - before.deliveries,
            bytes: self.bytes - before.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publish_is_complete_when_every_page_has_it() {
        let mut tally = Tally::new();
        tally.expect(2);
        let first = tally.publish(10);
        tally.deliver(first, 15, 300);
        assert_eq!((tally.behind(), tally.awaited()), (1, 1));
        tally.deliver(first, 20, 300);
        assert_eq!((tally.behind(), tally.awaited()), (0, 0));
        assert_eq!(tally.latencies.max(), 10);
        assert_eq!((tally.counts().deliveries, tally.counts().bytes), (2, 600));
    }

    #[test]
    fn what_nobody_published_is_not_counted() {
        let mut tally = Tally::new();
        tally.expect(1);
        tally.deliver(0, 5, 300);
        tally.deliver(1, 5, 300);
        assert_eq!(tally.counts().deliveries, 0);
    }

    #[test]
    fn without_pages_a_publish_is_complete_at_once() {
        let mut tally = Tally::new();
        tally.publish(1);
        assert_eq!((tally.behind(), tally.awaited()), (0, 0));
    }
}
