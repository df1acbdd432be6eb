//! Time in buckets: minutes, ten minutes, hours, quarters of a day, days, and all of it. What was
//! counted stands in one bucket of each size that has ended, so that any span is the sum of few.

use std::ops::Range;

/// How long a minute is, in milliseconds: what spans are rounded to.
pub(super) const MINUTE: i64 = 60_000;

/// How large a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Minute,
    Ten,
    Hour,
    Quarter,
    Day,
    All,
}

impl Level {
    /// Those that have an end, from the smallest to the largest, and how many minutes they have.
    pub(super) const SIZED: [(Self, i64); 5] = [
        (Self::Minute, 1),
        (Self::Ten, 10),
        (Self::Hour, 60),
        (Self::Quarter, 6 * 60),
        (Self::Day, 24 * 60),
    ];

    /// As the tables have it.
    pub(super) fn column(self) -> i64 {
        match self {
            Self::Minute => 0,
            Self::Ten => 1,
            Self::Hour => 2,
            Self::Quarter => 3,
            Self::Day => 4,
            Self::All => 5,
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
/// `counted`: what lies outside of those is empty, so that the beginning may reach further. Of what has
/// not ended before the minute `open` there are only minutes; of days that have, all together.
pub(super) fn cover(minutes: &Range<i64>, counted: &Range<i64>, open: i64) -> Vec<Run> {
    let (mut from, to) = (minutes.start, minutes.end.min(counted.end.max(open)));
    let mut runs = Vec::new();
    if from >= to || to <= counted.start {
        return runs;
    }
    let today = start(Level::Day, open);
    if from <= counted.start {
        from = start(Level::Day, counted.start);
        if from < today && to >= today {
            runs.push(Run { level: Level::All, buckets: 0..1 });
            from = today;
        }
    }
    fill(&mut runs, &Level::SIZED, from..to, open);
    runs
}

/// The same by buckets of this size at most.
pub(super) fn cover_by(most: Level, minutes: &Range<i64>, open: i64) -> Vec<Run> {
    let mut runs = Vec::new();
    let sizes = Level::SIZED.iter().take_while(|(level, _)| *level <= most).count();
    fill(&mut runs, &Level::SIZED[..sizes], minutes.clone(), open);
    runs
}

/// The minute with which the bucket begins that a minute lies in.
pub(super) fn start(level: Level, minute: i64) -> i64 {
    minute.div_euclid(size(level)) * size(level)
}

/// Fills minutes with the largest of these sizes, and what is left at both ends with smaller ones.
fn fill(runs: &mut Vec<Run>, sizes: &[(Level, i64)], minutes: Range<i64>, open: i64) {
    let Some(((level, size), smaller)) = sizes.split_last() else { return };
    let Range { start: from, end: to } = minutes;
    if from >= to {
        return;
    }
    // A minute is there also while it lasts.
    let ended = if *level == Level::Minute { to } else { open.div_euclid(*size) };
    let (first, last) = ((from + size - 1).div_euclid(*size), to.div_euclid(*size).min(ended));
    if first >= last {
        return fill(runs, smaller, from..to, open);
    }
    fill(runs, smaller, from..first * size, open);
    runs.push(Run { level: *level, buckets: first..last });
    fill(runs, smaller, last * size..to, open);
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

/// How many minutes a bucket has that is not all; that one has no size.
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
    fn a_span_of_everything_is_the_days_that_ended_and_today() {
        let day = 24 * 60;
        let all = Run { level: Level::All, buckets: 0..1 };
        let run = |level, buckets| Run { level, buckets };
        let open = 3 * day + 7 * 60 + 12;
        let today = [
            all,
            run(Level::Quarter, 12..13),
            run(Level::Hour, 78..79),
            run(Level::Ten, 474..475),
            run(Level::Minute, open - 2..open + 1),
        ];
        assert_eq!(cover(&(0..10_000_000), &(5..open + 1), open), today);
        assert_eq!(cover(&(5..open + 1), &(5..open + 1), open), today);
        assert_eq!(cover(&(70..80), &(5..70), 69), []);
        assert_eq!(cover(&(6..6), &(5..70), 69), []);
    }

    #[test]
    fn what_has_not_ended_is_made_of_smaller_buckets() {
        let runs = cover(&(0..70), &(3..70), 69);
        let run = |level, buckets| Run { level, buckets };
        assert_eq!(runs, [run(Level::Hour, 0..1), run(Level::Minute, 60..70)]);
        assert_eq!(cover_by(Level::Ten, &(55..75), 69), [run(Level::Minute, 55..75)]);
        let ended = [run(Level::Minute, 55..60), run(Level::Ten, 6..7), run(Level::Minute, 70..75)];
        assert_eq!(cover_by(Level::Ten, &(55..75), 70), ended);
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
            let open = counted.end - 1;
            let runs = cover(&(from..to), &counted, open);
            prop_assert!(runs.len() <= 10);
            let mut runs = runs.into_iter().peekable();
            let mut covered = counted.start..counted.end;
            if let Some(all) = runs.next_if(|run| run.level == Level::All) {
                prop_assert!(from <= counted.start && all.buckets == (0..1));
                covered.start = super::start(Level::Day, open);
                prop_assert!(to >= covered.start);
            }
            let runs: Vec<_> = runs.collect();
            for run in runs.iter().filter(|run| run.level != Level::Minute) {
                prop_assert!(run.buckets.end <= run.level.bucket(open), "{:?} has not ended", run);
            }
            let mut times = BTreeMap::new();
            for minute in runs.iter().flat_map(minutes) {
                *times.entry(minute).or_insert(0) += 1;
            }
            for minute in covered {
                let wanted = i32::from((from..to).contains(&minute));
                prop_assert_eq!(times.get(&minute).copied().unwrap_or(0), wanted, "{}", minute);
            }
        }
    }
}
