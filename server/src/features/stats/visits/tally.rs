//! What was counted and is not kept yet: sums, so that it stays small however much happens.

use super::histogram::Spread;
use nowcast_shared::id::PublicId;
use std::collections::{BTreeMap, HashMap};

/// The shortest time that is counted apart, in milliseconds.
pub(super) const MINUTE: i64 = 60_000;

/// How many names of a kind a minute of a room has before it is written; the rest are others.
pub(super) const NAMES: usize = 64;

/// Stands for all names beyond those that there is room for.
pub(super) const OTHERS: &str = "others";

/// Of what names are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Of {
    /// By which way a visit came.
    Transport,
    /// On what sort of device.
    Device,
    /// From which host.
    Referrer,
    /// Addresses that were clicked.
    Link,
}

impl Of {
    /// As the table has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Device => "device",
            Self::Referrer => "referrer",
            Self::Link => "link",
        }
    }
}

/// What is counted as a spread of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Measure {
    /// How long visits were, in milliseconds.
    Stay,
    /// How long events took to pages, in microseconds.
    Latency,
}

impl Measure {
    /// As the table has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Stay => "stay",
            Self::Latency => "latency",
        }
    }
}

/// A minute of a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Minute {
    /// Visits that began.
    pub(super) joins: u64,
    /// Visits that ended.
    pub(super) leaves: u64,
    /// The most viewers at once.
    pub(super) peak: u64,
    /// The viewers at its end, as far as it goes.
    pub(super) last: u64,
    /// Pages that came back within a visit.
    pub(super) reconnects: u64,
    /// Links that were clicked.
    pub(super) clicks: u64,
}

/// A name in a minute of a room.
pub(super) type Name = (i64, Of, i64, Box<str>);

/// How often something was named, and what there is to say about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// How often.
    pub(super) count: u64,
    /// A link's title.
    pub(super) about: Option<Box<str>>,
}

/// All that is not kept yet. Rooms are named by the log's key, minutes by when they begin.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Minutes in which something happened.
    pub(super) minutes: BTreeMap<(i64, i64), Minute>,
    /// Names that were counted.
    pub(super) names: HashMap<Name, Named>,
    /// How many names of a kind a minute of a room has.
    kinds: HashMap<(i64, Of, i64), usize>,
    /// Spreads of values.
    pub(super) spreads: BTreeMap<(i64, Measure, i64), Spread>,
    /// Visits that began, with when, or are over.
    pub(super) visits: HashMap<(i64, PublicId), Option<i64>>,
}

/// The minute of a time.
pub(super) fn minute(at: i64) -> i64 {
    at - at.rem_euclid(MINUTE)
}

impl Tally {
    /// The minute of this time in a room that has so many viewers.
    pub(super) fn minute(&mut self, room: i64, at: i64, viewers: u64) -> &mut Minute {
        let minute = self.minutes.entry((room, minute(at))).or_default();
        minute.peak = minute.peak.max(viewers);
        minute.last = viewers;
        minute
    }

    /// Counts one of this name.
    pub(super) fn name(&mut self, room: i64, of: Of, at: i64, name: &str, about: Option<&str>) {
        let at = minute(at);
        let mut key = (room, of, at, Box::from(name));
        if !self.names.contains_key(&key) {
            let kinds = self.kinds.entry((room, of, at)).or_default();
            if *kinds >= NAMES {
                key.3 = OTHERS.into();
            } else {
                *kinds += 1;
            }
        }
        let about = about.filter(|_| &*key.3 != OTHERS);
        let named = self.names.entry(key).or_default();
        named.count += 1;
        named.about = about.map(Box::from).or(named.about.take());
    }

    /// Counts values of a bucket.
    pub(super) fn value(&mut self, room: i64, measure: Measure, at: i64, bucket: u16, count: u64) {
        let spread = self.spreads.entry((room, measure, minute(at))).or_default();
        *spread.entry(bucket).or_default() += count;
    }

    /// Whether there is nothing to keep.
    pub(super) fn is_empty(&self) -> bool {
        self.minutes.is_empty()
            && self.names.is_empty()
            && self.spreads.is_empty()
            && self.visits.is_empty()
    }

    /// Drops all that is of this room, as if nothing had been counted.
    pub(super) fn forget(&mut self, room: i64) {
        self.minutes.retain(|(of, _), _| *of != room);
        self.names.retain(|(of, ..), _| *of != room);
        self.kinds.retain(|(of, ..), _| *of != room);
        self.spreads.retain(|(of, ..), _| *of != room);
        self.visits.retain(|(of, _), _| *of != room);
    }

    /// Takes back what could not be kept, which was counted before this.
    pub(super) fn take_back(&mut self, before: Self) {
        for (key, earlier) in before.minutes {
            let minute = self
                .minutes
                .entry(key)
                .or_insert(Minute { last: earlier.last, ..Minute::default() });
            minute.joins += earlier.joins;
            minute.leaves += earlier.leaves;
            minute.peak = minute.peak.max(earlier.peak);
            minute.reconnects += earlier.reconnects;
            minute.clicks += earlier.clicks;
        }
        for ((room, of, at, name), earlier) in before.names {
            for turn in 0..earlier.count {
                let about = earlier.about.as_deref().filter(|_| turn == 0);
                self.name(room, of, at, &name, about);
            }
        }
        for ((room, measure, at), spread) in before.spreads {
            for (bucket, count) in spread {
                self.value(room, measure, at, bucket, count);
            }
        }
        for (visit, began) in before.visits {
            self.visits.entry(visit).or_insert(began);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_what_there_is_room_for_are_counted_together() {
        let mut tally = Tally::default();
        for number in 0..3 * NAMES {
            tally.name(1, Of::Referrer, 5, &format!("{number}.example"), None);
        }
        tally.name(1, Of::Referrer, 7, "0.example", None);
        assert_eq!(tally.names.len(), NAMES + 1);
        let others = &tally.names[&(1, Of::Referrer, 0, OTHERS.into())];
        assert_eq!(others.count, 2 * NAMES as u64);
        assert_eq!(tally.names[&(1, Of::Referrer, 0, "0.example".into())].count, 2);
    }

    #[test]
    fn what_could_not_be_kept_is_counted_with_what_came_after() {
        let count = |tally: &mut Tally, viewers| {
            tally.minute(1, 61_000, viewers).joins += 1;
            tally.name(1, Of::Link, 61_000, "https://a.example/", Some("A"));
            tally.value(1, Measure::Stay, 61_000, 9, 2);
        };
        let (mut before, mut after) = (Tally::default(), Tally::default());
        count(&mut before, 5);
        before.visits.insert((1, "p1".into()), Some(3));
        before.visits.insert((1, "p2".into()), Some(4));
        count(&mut after, 2);
        after.visits.insert((1, "p1".into()), None);
        after.take_back(before);
        let minute = after.minutes[&(1, 60_000)];
        assert_eq!((minute.joins, minute.peak, minute.last), (2, 5, 2));
        let link = &after.names[&(1, Of::Link, 60_000, "https://a.example/".into())];
        assert_eq!((link.count, link.about.as_deref()), (2, Some("A")));
        assert_eq!(after.spreads[&(1, Measure::Stay, 60_000)][&9], 4);
        assert_eq!(after.visits[&(1, "p1".into())], None, "it is over by now");
        assert_eq!(after.visits[&(1, "p2".into())], Some(4));
    }

    #[test]
    fn nothing_is_left_of_a_room_that_is_forgotten() {
        let mut tally = Tally::default();
        tally.minute(1, 0, 1).joins += 1;
        tally.name(1, Of::Device, 0, "phone", None);
        tally.value(1, Measure::Latency, 0, 1, 1);
        tally.visits.insert((1, "p1".into()), Some(0));
        tally.forget(1);
        assert!(tally.is_empty());
    }
}
