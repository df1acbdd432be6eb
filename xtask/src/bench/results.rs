//! All figures, and their medians. A figure is kept for each round; what is compared are medians,
//! and between which figures half of the rounds lie is shown beside.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::contestant::Contestant;
use super::measure::Line;
use super::scenario::{Group, Phase, Transport};

/// What a figure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub phase: Phase,
    /// How many pages were meant; where fewer fitted, all had as many.
    pub pages: usize,
    pub transport: Transport,
    pub contestant: Contestant,
}

impl Key {
    pub(super) fn new(contestant: Contestant, group: &Group, phase: Phase) -> Self {
        Self { phase, pages: group.meant, transport: group.transport, contestant }
    }
}

/// What one round told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    /// Deliveries a second.
    pub rate: f64,
    /// The server's CPU time a delivery, in microseconds.
    pub cpu: f64,
    /// The load generator's CPU time as a share of the server's.
    pub load: f64,
    /// What other programs used meanwhile, in cores.
    pub others: f64,
    /// From the publish to a page, in milliseconds.
    pub median: f64,
    pub late: f64,
    pub max: f64,
    /// The size of a page's frame, in bytes.
    pub frame: f64,
    /// The server's memory for each idle page, in KiB, before and after each has had a frame.
    pub joined: f64,
    pub after: f64,
}

/// One of the figures of a sample.
pub(super) type Figure = fn(&Sample) -> f64;

impl Sample {
    /// # Errors
    /// If the line lacks something.
    pub(super) fn read(line: &Line) -> Result<Self> {
        let pages = line.number("pages")?.max(1.0);
        if let Ok(before) = line.number("before") {
            let kibibytes = |name| line.number(name).map(|it| (it - before) / 1024.0 / pages);
            let (joined, after) = (kibibytes("joined")?, kibibytes("after")?);
            return Ok(Self { joined, after, ..Self::default() });
        }
        let (deliveries, seconds) = (line.number("deliveries")?, line.number("seconds")?);
        let (server, load) = (line.number("server_ns")?, line.number("load_ns")?);
        let milliseconds = |name| line.number(name).map(|it| it / 1e6);
        Ok(Self {
            rate: deliveries / seconds,
            cpu: server / 1e3 / deliveries.max(1.0),
            load: load / server.max(1.0),
            others: line.number("others_ns")? / 1e9 / seconds,
            median: milliseconds("p50_ns")?,
            late: milliseconds("p99_ns")?,
            max: milliseconds("max_ns")?,
            frame: line.number("frame_bytes")?,
            ..Self::default()
        })
    }
}

/// Durable publishes, one round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Durable {
    pub publishes: f64,
    pub syncs: f64,
}

/// A herd that came back, one round, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Returned {
    pub pages: f64,
    /// From the kill until the server listened again.
    pub restart: f64,
    /// From then on until every page was welcome.
    pub welcome: f64,
    /// … and had what it had missed, and one publish more.
    pub reached: f64,
    /// How many went on from where they were.
    pub recovered: f64,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(super) struct Results {
    samples: BTreeMap<Key, Vec<Sample>>,
    pub durable: Vec<Durable>,
    pub herd: Vec<Returned>,
    /// The size of a frame with our envelope, in bytes.
    pub frame_bytes: u64,
    /// What a reader has to know beside the figures.
    pub remarks: Vec<String>,
    failures: BTreeSet<(Contestant, String)>,
}

impl Results {
    pub(super) fn new(frame_bytes: u64) -> Self {
        Self { frame_bytes, ..Self::default() }
    }

    pub(super) fn add(&mut self, key: Key, sample: Sample) {
        self.samples.entry(key).or_default().push(sample);
    }

    pub(super) fn fail(&mut self, contestant: Contestant, why: &str) {
        self.failures.insert((contestant, why.to_owned()));
    }

    pub(super) fn failures(&self) -> impl Iterator<Item = &(Contestant, String)> {
        self.failures.iter()
    }

    /// What was measured, in the order of [`Key`].
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.samples.keys().copied()
    }

    /// Every round's figures.
    pub(super) fn samples(&self) -> impl Iterator<Item = (Key, &[Sample])> {
        self.samples.iter().map(|(key, samples)| (*key, &samples[..]))
    }

    /// How much of a core other programs used: the median of all rounds, and the most.
    pub(super) fn others(&self) -> Option<(f64, f64)> {
        let at_work = || self.samples.iter().filter(|(key, _)| key.phase != Phase::Idle);
        let all = || at_work().flat_map(|(_, samples)| samples).map(|sample| sample.others);
        Some((median(all())?, all().reduce(f64::max)?))
    }

    /// The median of a figure.
    pub(super) fn median(&self, key: Key, figure: Figure) -> Option<f64> {
        median(self.samples.get(&key)?.iter().map(figure))
    }

    /// A figure of one as a multiple of another's, round by round: both were measured within
    /// seconds, so that what slows the machine down for longer changes it little.
    pub(super) fn ratio(&self, of: Key, to: Key, figure: Figure) -> Option<Ratio> {
        let (ours, theirs) = (self.samples.get(&of)?, self.samples.get(&to)?);
        let each = ours.iter().zip(theirs).map(|(ours, theirs)| figure(ours) / figure(theirs));
        let mut each: Vec<f64> = each.collect();
        each.sort_unstable_by(f64::total_cmp);
        // Half of the rounds lie between these two.
        let quarter = each.len() / 4;
        let (low, high) = (*each.get(quarter)?, each[each.len() - 1 - quarter]);
        Some(Ratio { median: median(each.into_iter())?, low, high })
    }
}

/// A figure as a multiple of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// The middle one; of an even number, the mean of the two in the middle.
pub(super) fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = *figures.get(middle)?;
    Some(if figures.len() % 2 == 1 { upper } else { f64::midpoint(figures[middle - 1], upper) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(contestant: Contestant) -> Key {
        let (phase, transport) = (Phase::Lockstep, Transport::WebSocket);
        Key { phase, pages: 1000, transport, contestant }
    }

    #[test]
    fn the_median_is_that_of_the_sorted_figures() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median([].into_iter()), None);
    }

    #[test]
    fn a_ratio_compares_what_was_measured_in_the_same_round() {
        let mut results = Results::default();
        // The machine was slow in the second round, and fast in the third, for both.
        for (ours, theirs) in [(11.0, 10.0), (6.0, 5.0), (26.0, 20.0), (30.0, 10.0), (9.0, 10.0)] {
            results.add(key(Contestant::Relaxed), Sample { rate: ours, ..Sample::default() });
            results.add(key(Contestant::Bun), Sample { rate: theirs, ..Sample::default() });
        }
        let ratio = results.ratio(key(Contestant::Relaxed), key(Contestant::Bun), |it| it.rate);
        assert_eq!(ratio, Some(Ratio { median: 1.2, low: 1.1, high: 1.3 }));
        assert!(
            results.ratio(key(Contestant::Relaxed), key(Contestant::Ws), |it| it.rate).is_none()
        );
    }

    #[test]
    fn a_line_of_the_load_generator_becomes_figures() {
        let line = Line::parse(
            "phase=lockstep pages=1000 published=600 deliveries=600000 seconds=2.0 \
             server_ns=1500000000 load_ns=900000000 others_ns=100000000 p50_ns=2000000 p99_ns=3000000 max_ns=9000000 \
             frame_bytes=300",
        );
        let sample = Sample::read(&line).expect("it is whole");
        assert!((sample.rate - 300_000.0).abs() < 1e-6);
        assert!((sample.cpu - 2.5).abs() < 1e-9);
        assert!((sample.load - 0.6).abs() < 1e-9);
        assert!((sample.others - 0.05).abs() < 1e-9);
        assert!((sample.late - 3.0).abs() < 1e-9);
    }

    #[test]
    fn memory_is_told_for_each_page() {
        let line = Line::parse("phase=idle pages=100 before=1000000 joined=1409600 after=1819200");
        let sample = Sample::read(&line).expect("it is whole");
        assert!((sample.joined - 4.0).abs() < 1e-9 && (sample.after - 8.0).abs() < 1e-9);
    }
}
