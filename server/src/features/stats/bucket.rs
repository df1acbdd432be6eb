//! Time in buckets: minutes, ten minutes, hours, days, and all of it. Every count stands in one
//! bucket of each size, so that any span is the sum of few of them.

use std::ops::Range;

/// How long a minute is, in milliseconds: what spans are rounded to.
pub(super) const MINUTE: i64 = 60_000;

/// How large a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Minute,
    Ten,
    Hour,
    Day,
    All,
}

impl Level {
    /// From the smallest to the largest.
    pub(super) const ALL: [Self; 5] = [Self::Minute, Self::Ten, Self::Hour, Self::Day, Self::All];

    /// Those that have an end.
    const SIZED: [(Self, i64); 4] =
        [(Self::Minute, 1), (Self::Ten, 10), (Self::Hour, 60), (Self::Day, 24 * 60)];

    /// As the tables have it.
    pub(super) fn column(self) -> i64 {
        match self {
            Self::Minute => 0,
            Self::Ten => 1,
            Self::Hour => 2,
            Self::Day => 3,
            Self::All => 4,
        }
    }

    /// The bucket that a minute lies in.
    pub(super) fn bucket(self, minute: i64) -> i64 {
        let size = Self::SIZED.iter().find(|(level, _)| *level == self);
        size.map_or(0, |(_, minutes)| minute.div_euclid(*minutes))
    }
}

/// The minute of a time in Unix milliseconds.
pub(super) fn minute(at: i64) -> i64 {
    at.div_euclid(MINUTE)
}

/// Buckets of one size that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) level: Level,
    pub(super) buckets: Range<i64>,
}

/// The few runs that make up these minutes, of a room where something was counted in the minutes
/// `counted`: what lies outside of those is empty, so that the ends may reach further.
pub(super) fn cover(minutes: &Range<i64>, counted: &Range<i64>) -> Vec<Run> {
    let (mut from, mut to) = (minutes.start, minutes.end);
    if from >= to || counted.is_empty() || to <= counted.start || from >= counted.end {
        return Vec::new();
    }
    let (early, late) = (from <= counted.start, to >= counted.end);
    if early && late {
        return vec![Run { level: Level::All, buckets: 0..1 }];
    }
    let day = 24 * 60;
    if early {
        from = counted.start.div_euclid(day) * day;
    }
    if late {
        to = (counted.end + day - 1).div_euclid(day) * day;
    }
    let mut runs = Vec::new();
    fill(&mut runs, Level::SIZED.len(), from, to);
    runs
}

/// Fills `from..to` with the largest of the first `sizes` sizes, and what is left at both ends with
/// smaller ones.
fn fill(runs: &mut Vec<Run>, sizes: usize, from: i64, to: i64) {
    let Some((level, size)) = sizes.checked_sub(1).map(|at| Level::SIZED[at]) else { return };
    if from >= to {
        return;
    }
    let (first, last) = ((from + size - 1).div_euclid(size), to.div_euclid(size));
    if first >= last {
        return fill(runs, sizes - 1, from, to);
    }
    fill(runs, sizes - 1, from, first * size);
    runs.push(Run { level, buckets: first..last });
    fill(runs, sizes - 1, last * size, to);
}

/// How far apart the points of a chart over so many minutes are, in minutes: the smallest step of a
/// clock with which there are not too many.
pub(super) fn step(minutes: i64) -> i64 {
    const MOST: i64 = 96;
    const STEPS: [i64; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 24 * 60, 7 * 24 * 60];
    let found = STEPS.into_iter().find(|step| minutes <= step * MOST);
    // Beyond two years in weeks.
    found.unwrap_or_else(|| {
        let month = 4 * 7 * 24 * 60;
        month * ((minutes + month * MOST - 1) / (month * MOST)).max(1)
    })
}

/// The largest buckets of which a step is made.
pub(super) fn level_of(step: i64) -> Level {
    let fits = Level::SIZED.iter().rev().find(|(_, size)| step % size == 0);
    fits.map_or(Level::Minute, |(level, _)| *level)
}

/// How many minutes a bucket has that is not all.
pub(super) fn size(level: Level) -> i64 {
    Level::SIZED.iter().find(|(known, _)| *known == level).map_or(1, |(_, size)| *size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn minutes(run: &Run) -> Range<i64> {
        let size = size(run.level);
        run.buckets.start * size..run.buckets.end * size
    }

    #[test]
    fn a_span_of_everything_is_one_bucket() {
        let all = [Run { level: Level::All, buckets: 0..1 }];
        assert_eq!(cover(&(0..10_000_000), &(5..70)), all);
        assert_eq!(cover(&(5..70), &(5..70)), all);
        assert_eq!(cover(&(70..80), &(5..70)), []);
        assert_eq!(cover(&(6..6), &(5..70)), []);
    }

    #[test]
    fn a_span_that_goes_on_until_now_ends_with_a_whole_day() {
        let day = 24 * 60;
        let runs = cover(&(7 * day + 90..9 * day + 5), &(0..9 * day + 5));
        assert_eq!(runs.last().unwrap(), &Run { level: Level::Day, buckets: 8..10 });
        assert_eq!(runs.len(), 3, "{runs:?}");
    }

    #[test]
    fn steps_are_those_of_a_clock() {
        assert_eq!([60, 61, 24 * 60, 31 * 24 * 60].map(step), [1, 1, 15, 720]);
        for minutes in [1, 500, 100_000, 10_000_000, 1_000_000_000] {
            assert!(minutes / step(minutes) <= 96, "{minutes}");
        }
        assert_eq!(
            [1, 15, 120, 7 * 24 * 60].map(level_of),
            [Level::Minute, Level::Minute, Level::Hour, Level::Day]
        );
    }

    proptest! {
        #[test]
        fn every_minute_of_a_span_is_covered_once(
            start in 0_i64..40_000,
            length in 1_i64..40_000,
            from in -50_000_i64..90_000,
            to in -50_000_i64..90_000,
        ) {
            let counted = start..start + length;
            let runs = cover(&(from..to), &counted);
            prop_assert!(runs.len() <= 7);
            if runs.iter().any(|run| run.level == Level::All) {
                prop_assert!(from <= counted.start && to >= counted.end);
                return Ok(());
            }
            let mut times = BTreeMap::new();
            for minute in runs.iter().flat_map(minutes) {
                *times.entry(minute).or_insert(0) += 1;
            }
            for minute in counted {
                let wanted = i32::from((from..to).contains(&minute));
                prop_assert_eq!(times.get(&minute).copied().unwrap_or(0), wanted, "{}", minute);
            }
        }
    }
}
