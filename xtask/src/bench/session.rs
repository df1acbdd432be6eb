//! A server with its pages open. All contestants have one at the same time, and are measured in
//! turn, a second each: so that what else goes on in the machine meets all of them alike, and no
//! time goes by with starting and connecting. Those whose turn it is not do nothing but keep their
//! pages alive.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::child::Child;
use super::contestant::Contestant;
use super::measure::{Bench, Line};
use super::results::{Key, Results, Sample};
use super::running::{Cores, Running};
use super::scenario::{Group, Phase, Transport};
use crate::process;
use crate::progress::Step;

/// The longest that pages may take to come, and a measurement to end.
const LIMIT: Duration = Duration::from_mins(1);
/// Before each measurement, in seconds.
const WARMUP: f64 = 0.25;

/// The order of a round. Who is compared with each other come one after the other.
const ORDER: [Contestant; 7] = [
    Contestant::Relaxed,
    Contestant::Bun,
    Contestant::Full,
    Contestant::Floor,
    Contestant::Nchan,
    Contestant::Ws,
    Contestant::SocketIo,
];

/// One contestant's server, and the load generator that is its pages and publishers.
pub(super) struct Session {
    contestant: Contestant,
    // Dropped in this order: pages go before their server does.
    load: Child,
    _server: Running,
}

impl Session {
    /// Starts both, and waits until all pages are open.
    pub(super) fn open(
        bench: &Bench<'_>,
        contestant: Contestant,
        pages: usize,
        transport: Transport,
    ) -> Result<Self> {
        let server = bench.start(contestant, Cores::Server)?;
        let mut command = Cores::Load.command(&bench.field.bench);
        command.args(bench.words("load", contestant, &server)).args([
            format!("--server-pid={}", server.pid()),
            format!("--pages={pages}"),
            format!("--transport={}", transport.name()),
        ]);
        let load = Child::spawn(&mut command, &bench.folder(contestant).join("load.log"))?;
        load.line(LIMIT).context("its pages do not open")?;
        Ok(Self { contestant, load, _server: server })
    }

    /// Measures once.
    pub(super) fn measure(&mut self, phase: Phase, seconds: f64) -> Result<Line> {
        self.load.say(&format!("{phase} {WARMUP} {seconds}"))?;
        Ok(Line::parse(&self.load.line(LIMIT)?))
    }
}

/// Measures everybody, round after round. What fails is noted, and the others go on.
pub(super) fn rounds(bench: &Bench<'_>, group: &Group, step: &Step<'_>, results: &mut Results) {
    let who = ORDER.into_iter().filter(|it| group.contestants.contains(it) && bench.field.has(*it));
    let mut sessions = Vec::new();
    for contestant in who {
        step.note(format!("opening those of {}", contestant.title()));
        match Session::open(bench, contestant, group.pages, group.transport) {
            Ok(session) => sessions.push(session),
            Err(error) => results.fail(contestant, &format!("{} pages: {error:#}", group.pages)),
        }
    }
    for round in 1..=bench.rounds {
        step.note(format!("round {round} of {}", bench.rounds));
        for phase in &group.phases {
            sessions.retain_mut(|session| {
                if process::is_ending() {
                    return true;
                }
                let line = session.measure(*phase, bench.seconds);
                match line.and_then(|line| Sample::read(&line)) {
                    Ok(sample) => {
                        results.add(Key::new(session.contestant, group, *phase), sample);
                        true
                    }
                    Err(error) => {
                        results.fail(session.contestant, &format!("{phase}: {error:#}"));
                        false
                    }
                }
            });
        }
        // Nobody is always the first after somebody else.
        sessions.reverse();
    }
}

/// Looks at everybody's memory, which needs a fresh server each time.
pub(super) fn memory(bench: &Bench<'_>, group: &Group, step: &Step<'_>, results: &mut Results) {
    // Nothing else that goes on in the machine changes this much.
    for round in 1..=bench.rounds.min(3) {
        for contestant in &group.contestants {
            if process::is_ending() {
                return;
            }
            if !bench.field.has(*contestant) {
                continue;
            }
            step.note(format!("round {round}, {}", contestant.title()));
            let sample = Session::open(bench, *contestant, group.pages, group.transport)
                .and_then(|mut session| session.measure(Phase::Idle, bench.seconds))
                .and_then(|line| Sample::read(&line));
            match sample {
                Ok(sample) => results.add(Key::new(*contestant, group, Phase::Idle), sample),
                Err(error) => results.fail(*contestant, &format!("memory: {error:#}")),
            }
        }
    }
}
