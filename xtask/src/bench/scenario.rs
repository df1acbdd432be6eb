//! What is measured, and for whom. A scenario is a line of the table of what was to be reached;
//! several of them may need the same pages, which are then opened once for all.

use super::contestant::Contestant;
use super::options::Options;

/// How many pages are few, and how many are many.
pub(super) const FEW: usize = 1_000;
pub(super) const MANY: usize = 9_000;
/// The points of the curve.
pub(super) const CURVE: [usize; 4] = [10, 100, FEW, MANY];
/// The herd.
pub(super) const HERD: usize = 10_000;
/// Publishers that publish durably.
pub(super) const DURABLE: usize = 64;

/// A line of the table, or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scenario {
    Lockstep,
    Inflight,
    LockstepMany,
    InflightMany,
    Rate,
    Idle,
    Polls,
    Durable,
    Growth,
    Herd,
}

/// How pages are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Transport {
    WebSocket,
    LongPoll,
}

/// What the load generator does while pages are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Lockstep,
    Inflight(usize),
    Rate(u32),
    Idle,
}

/// Pages that are opened together, and what is done with them one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub pages: usize,
    /// How many were meant, where the limit of open files does not allow them.
    pub meant: usize,
    pub transport: Transport,
    pub phases: Vec<Phase>,
    pub contestants: Vec<Contestant>,
}

/// A step of the whole, done once a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Job {
    Pages(Group),
    Durable,
    Herd { pages: usize },
}

impl Scenario {
    pub(super) const ALL: [Self; 10] = [
        Self::Lockstep,
        Self::Inflight,
        Self::LockstepMany,
        Self::InflightMany,
        Self::Rate,
        Self::Idle,
        Self::Polls,
        Self::Durable,
        Self::Growth,
        Self::Herd,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lockstep => "lockstep",
            Self::Inflight => "inflight",
            Self::LockstepMany => "lockstep-9000",
            Self::InflightMany => "inflight-9000",
            Self::Rate => "rate",
            Self::Idle => "idle",
            Self::Polls => "polls",
            Self::Durable => "durable",
            Self::Growth => "growth",
            Self::Herd => "herd",
        }
    }

    pub(super) fn summary(self) -> &'static str {
        match self {
            Self::Lockstep => "1,000 pages; the next publish when all have the last",
            Self::Inflight => "1,000 pages; 32 publishers, one publish each under way",
            Self::LockstepMany => "9,000 pages; the next publish when all have the last",
            Self::InflightMany => "9,000 pages; 32 publishers, one publish each under way",
            Self::Rate => "1,000 pages; 100 publishes a second: how late they are",
            Self::Idle => "9,000 pages: the server's memory for each",
            Self::Polls => "1,000 long polls; the next publish when all have the last",
            Self::Durable => "64 publishers with full durability, against the disk's own fsyncs",
            Self::Growth => "10, 100, 1,000 and 9,000 pages: the cost of a delivery",
            Self::Herd => "10,000 pages come back within a second after SIGKILL and restart",
        }
    }

    /// The pages that it needs, and for whom; the two that are no matter of pages have none.
    fn needs(self) -> Vec<(usize, Transport, Phase, &'static [Contestant])> {
        use Contestant::{Bun, Floor, Nchan, Relaxed, SocketIo, Ws};
        use Transport::{LongPoll, WebSocket};
        let all = &Contestant::ALL[..];
        match self {
            Self::Lockstep => vec![(FEW, WebSocket, Phase::Lockstep, all)],
            Self::Inflight => vec![(FEW, WebSocket, Phase::Inflight(32), all)],
            Self::Rate => vec![(FEW, WebSocket, Phase::Rate(100), all)],
            Self::LockstepMany => vec![(MANY, WebSocket, Phase::Lockstep, all)],
            Self::InflightMany => vec![(MANY, WebSocket, Phase::Inflight(32), all)],
            Self::Idle => {
                vec![(MANY, WebSocket, Phase::Idle, &[Relaxed, Bun, Ws, SocketIo, Nchan, Floor])]
            }
            Self::Polls => vec![(FEW, LongPoll, Phase::Lockstep, &[Relaxed, Nchan])],
            Self::Growth => {
                let at = |pages| (pages, WebSocket, Phase::Lockstep, &[Relaxed, Bun, Floor][..]);
                CURVE.map(at).to_vec()
            }
            Self::Durable | Self::Herd => Vec::new(),
        }
    }
}

impl Transport {
    /// What the load generator knows it as.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "ws",
            Self::LongPoll => "poll",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lockstep => to.write_str("lockstep"),
            Self::Inflight(publishers) => write!(to, "inflight:{publishers}"),
            Self::Rate(rate) => write!(to, "rate:{rate}"),
            Self::Idle => to.write_str("idle"),
        }
    }
}

impl Job {
    /// Where the limit of open files does not allow what was meant.
    pub(super) fn remark(&self) -> Option<String> {
        let (pages, meant) = match self {
            Self::Pages(group) => (group.pages, group.meant),
            Self::Herd { pages } => (*pages, HERD),
            Self::Durable => return None,
        };
        (pages < meant).then(|| {
            format!("The limit of open files allowed {pages} pages where {meant} were meant.")
        })
    }

    pub(super) fn title(&self) -> String {
        match self {
            Self::Pages(Group { pages, transport: Transport::LongPoll, .. }) => {
                format!("{pages} long polls")
            }
            Self::Pages(Group { pages, phases, .. }) if phases == &[Phase::Idle] => {
                format!("{pages} idle pages")
            }
            Self::Pages(Group { pages, .. }) => format!("{pages} pages"),
            Self::Durable => "durable publishes".to_owned(),
            Self::Herd { pages } => format!("a herd of {pages} pages"),
        }
    }
}

/// What is to be done, each group of pages once. `limit`: how many pages a process may hold.
pub(super) fn plan(options: &Options, limit: usize) -> Vec<Job> {
    let mut groups: Vec<Group> = Vec::new();
    for scenario in &options.scenarios {
        for (pages, transport, phase, contestants) in scenario.needs() {
            let wanted = contestants.iter().filter(|it| options.contestants.contains(it));
            // A server's memory is looked at when nothing was sent yet: on pages of its own.
            let same = groups.iter_mut().find(|group| {
                (group.meant, group.transport) == (pages, transport)
                    && group.phases.contains(&Phase::Idle) == (phase == Phase::Idle)
            });
            let group = if let Some(group) = same {
                group
            } else {
                let fits = pages.min(limit);
                let (phases, contestants) = (Vec::new(), Vec::new());
                groups.push(Group { pages: fits, meant: pages, transport, phases, contestants });
                groups.last_mut().expect("one was pushed")
            };
            group.phases.push(phase);
            group.contestants.extend(wanted);
            group.phases.sort_unstable();
            group.phases.dedup();
            group.contestants.sort_unstable();
            group.contestants.dedup();
        }
    }
    let mut jobs: Vec<Job> = groups.into_iter().map(Job::Pages).collect();
    if options.scenarios.contains(&Scenario::Durable) {
        jobs.push(Job::Durable);
    }
    if options.scenarios.contains(&Scenario::Herd) {
        jobs.push(Job::Herd { pages: HERD.min(limit) });
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(words: &[&str], limit: usize) -> Vec<Job> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        plan(&Options::parse(&words).expect("it is well formed"), limit)
    }

    #[test]
    fn scenarios_with_the_same_pages_share_them() {
        let jobs = planned(&["--only", "lockstep,rate,growth", "--peers", "bun"], 20_000);
        let pages: Vec<_> = jobs
            .iter()
            .map(|job| match job {
                Job::Pages(group) => (group.pages, group.phases.len()),
                _ => (0, 0),
            })
            .collect();
        assert_eq!(pages, [(1_000, 2), (10, 1), (100, 1), (9_000, 1)]);
    }

    #[test]
    fn memory_is_measured_on_pages_of_its_own() {
        let jobs = planned(&["--only", "lockstep-9000,idle"], 20_000);
        assert_eq!(jobs.len(), 2);
    }

    #[test]
    fn no_more_pages_are_planned_than_the_limit_allows() {
        for job in planned(&[], 4_000) {
            match job {
                Job::Pages(group) => assert!(group.pages <= 4_000 && group.pages <= group.meant),
                Job::Herd { pages } => assert_eq!(pages, 4_000),
                Job::Durable => {}
            }
        }
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> =
            Scenario::ALL.iter().map(|scenario| scenario.name()).collect();
        assert_eq!(names.len(), Scenario::ALL.len());
    }
}
