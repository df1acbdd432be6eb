//! What was to be reached, and was it.

use super::contestant::Contestant;
use super::results::{Figure, Key, Ratio, Results, median};
use super::scenario::{FEW, MANY, Phase, Scenario, Transport};

/// A line of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub what: &'static str,
    pub target: String,
    /// What was reached, and between which figures half of the rounds lie.
    pub reached: String,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    Reached,
    /// By so many per cent.
    Short(f64),
    /// It, or who it is compared with, was not measured.
    NotMeasured,
}

/// Which side of the target is the good one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn judge(self, reached: f64) -> Verdict {
        let short = match self {
            Self::AtMost(limit) => reached / limit - 1.0,
            Self::AtLeast(limit) => 1.0 - reached / limit,
        };
        if short <= 0.0 { Verdict::Reached } else { Verdict::Short(short * 100.0) }
    }

    fn say(self, unit: &str) -> String {
        match self {
            Self::AtMost(limit) => format!("at most {limit:.1} {unit}"),
            Self::AtLeast(limit) => format!("at least {limit:.1} {unit}"),
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reached => to.write_str("reached"),
            Self::Short(by) => write!(to, "short by {by:.1} %"),
            Self::NotMeasured => to.write_str("not measured"),
        }
    }
}

const RATE: Figure = |sample| sample.rate;
const CPU: Figure = |sample| sample.cpu;
const LATE: Figure = |sample| sample.late;

/// The lines of the scenarios that were asked for.
pub(super) fn rows(scenarios: &[Scenario], results: &Results) -> Vec<Row> {
    scenarios.iter().flat_map(|scenario| lines(*scenario, results)).collect()
}

fn lines(scenario: Scenario, results: &Results) -> Vec<Row> {
    use Contestant::{Full, Relaxed};
    use Target::{AtLeast, AtMost};
    let (step, busy) = (Phase::Lockstep, Phase::Inflight(32));
    // Ours against Bun, on the same pages.
    let beside = |what, target, ours, pages, phase, figure| {
        let (ours, bun) = (key(ours, pages, phase), key(Contestant::Bun, pages, phase));
        compared(what, target, "× Bun", results.ratio(ours, bun, figure))
    };
    match scenario {
        Scenario::Lockstep => {
            let cpu = "1,000 pages, lock-step: server CPU a delivery";
            let relaxed = "1,000 pages, lock-step: deliveries a second, relaxed";
            let full = "1,000 pages, lock-step: deliveries a second, full fsync";
            vec![
                beside(cpu, AtMost(1.0), Relaxed, FEW, step, CPU),
                beside(relaxed, AtLeast(1.0), Relaxed, FEW, step, RATE),
                beside(full, AtLeast(0.9), Full, FEW, step, RATE),
            ]
        }
        Scenario::Inflight => {
            let what = "1,000 pages, 32 publishers: deliveries a second";
            vec![beside(what, AtLeast(1.0), Relaxed, FEW, busy, RATE)]
        }
        Scenario::LockstepMany => {
            let what = "9,000 pages, lock-step: deliveries a second";
            vec![beside(what, AtLeast(1.0), Relaxed, MANY, step, RATE)]
        }
        Scenario::InflightMany => {
            let what = "9,000 pages, 32 publishers: deliveries a second";
            vec![beside(what, AtLeast(1.0), Relaxed, MANY, busy, RATE)]
        }
        Scenario::Rate => {
            let what = "1,000 pages, 100 publishes a second: p99";
            vec![beside(what, AtMost(1.0), Relaxed, FEW, Phase::Rate(100), LATE)]
        }
        Scenario::Idle | Scenario::Polls | Scenario::Growth => vec![own(scenario, results)],
        Scenario::Durable => {
            let each = results.durable.iter().map(|round| round.publishes / round.syncs);
            let what = "64 durable publishers: publishes a second";
            vec![absolute(what, AtLeast(10.0), "× the disk's fsyncs", median(each))]
        }
        Scenario::Herd => {
            let each = results.herd.iter().map(|round| round.reached);
            let what = "10,000 pages come back after SIGKILL: all live";
            vec![absolute(what, AtMost(5.0), "s", median(each))]
        }
    }
}

/// What is not compared with Bun.
fn own(scenario: Scenario, results: &Results) -> Row {
    use Contestant::{Nchan, Relaxed};
    match scenario {
        Scenario::Idle => {
            let idle = key(Relaxed, MANY, Phase::Idle);
            // The worse of the two moments: no page stays without a frame for ever.
            let memory = results.median(idle, |sample| sample.joined.max(sample.after));
            let what = "9,000 idle pages: the server's memory a page";
            absolute(what, Target::AtMost(4.0), "KiB", memory)
        }
        Scenario::Polls => {
            let polls = |contestant| {
                let transport = Transport::LongPoll;
                Key { transport, ..key(contestant, FEW, Phase::Lockstep) }
            };
            let ratio = results.ratio(polls(Relaxed), polls(Nchan), RATE);
            compared(
                "1,000 long polls: deliveries a second",
                Target::AtLeast(1.0),
                "× Nchan",
                ratio,
            )
        }
        _ => {
            let at = |pages| key(Relaxed, pages, Phase::Lockstep);
            let ratio = results.ratio(at(MANY), at(FEW), CPU);
            let what = "growth: server CPU a delivery at 9,000 pages";
            compared(what, Target::AtMost(1.8), "× that at 1,000", ratio)
        }
    }
}

fn key(contestant: Contestant, pages: usize, phase: Phase) -> Key {
    Key { phase, pages, transport: Transport::WebSocket, contestant }
}

fn compared(what: &'static str, target: Target, unit: &str, ratio: Option<Ratio>) -> Row {
    let (reached, verdict) = match ratio {
        None => (String::new(), Verdict::NotMeasured),
        Some(Ratio { median, low, high }) => {
            (format!("{median:.2} {unit} ({low:.2} to {high:.2})"), target.judge(median))
        }
    };
    Row { what, target: target.say(unit), reached, verdict }
}

fn absolute(what: &'static str, target: Target, unit: &str, figure: Option<f64>) -> Row {
    let (reached, verdict) = match figure {
        None => (String::new(), Verdict::NotMeasured),
        Some(figure) => (format!("{figure:.2} {unit}"), target.judge(figure)),
    };
    Row { what, target: target.say(unit), reached, verdict }
}

#[cfg(test)]
mod tests {
    use super::super::results::{Durable, Sample};
    use super::*;

    #[test]
    fn what_falls_short_says_by_how_much() {
        assert_eq!(Target::AtLeast(1.0).judge(1.0), Verdict::Reached);
        assert_eq!(Target::AtMost(1.8).judge(1.79), Verdict::Reached);
        assert_eq!(Target::AtLeast(10.0).judge(9.0).to_string(), "short by 10.0 %");
        assert_eq!(Target::AtMost(4.0).judge(5.0).to_string(), "short by 25.0 %");
    }

    #[test]
    fn what_was_not_measured_is_not_reached() {
        for row in rows(&Scenario::ALL, &Results::default()) {
            assert_eq!(row.verdict, Verdict::NotMeasured, "{}", row.what);
        }
    }

    #[test]
    fn a_dearer_delivery_falls_short_though_more_are_delivered() {
        let mut results = Results::default();
        for (contestant, rate, cpu) in [
            (Contestant::Relaxed, 12.0, 3.0),
            (Contestant::Full, 8.0, 3.0),
            (Contestant::Bun, 10.0, 2.5),
        ] {
            let (phase, transport) = (Phase::Lockstep, Transport::WebSocket);
            let sample = Sample { rate, cpu, ..Sample::default() };
            results.add(Key { phase, pages: FEW, transport, contestant }, sample);
        }
        results.durable.push(Durable { publishes: 5_000.0, syncs: 400.0 });
        let rows = rows(&[Scenario::Lockstep, Scenario::Durable], &results);
        let verdicts: Vec<String> = rows.iter().map(|row| row.verdict.to_string()).collect();
        assert_eq!(verdicts, ["short by 20.0 %", "reached", "short by 11.1 %", "reached"]);
        assert!(rows[1].reached.starts_with("1.20 × Bun"), "{}", rows[1].reached);
    }
}
