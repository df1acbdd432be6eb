//! What is measured while pages are open.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::load::Load;
use crate::options::{Command, Phase};
use crate::publisher::Publisher;
use crate::usage::{self, Cpu, Processes};

/// How many frames the slowest page may be behind before publishing waits: far less than sockets
/// hold, so that no server has to drop anything.
const BEHIND: u32 = 128;

/// What there was at a moment.
struct Moment {
    at: Instant,
    counts: crate::tally::Counts,
    server: Cpu,
    load: Cpu,
    machine: Duration,
}

impl Moment {
    fn now(load: &Load, server: &Processes, own: &Processes) -> Result<Self> {
        Ok(Self {
            at: Instant::now(),
            counts: load.shared.tally.counts(),
            server: server.cpu()?,
            load: own.cpu()?,
            machine: usage::machine()?,
        })
    }
}

/// Publishes as the phase says, and tells what it cost in one line.
pub(crate) fn measure(load: &mut Load, command: Command, server: &Processes) -> Result<String> {
    let Command { phase, warmup, length } = command;
    let own = Processes::of(std::process::id());
    let mut pace = Pace { phase, begin: Instant::now(), published: 0 };
    pace.run(load, warmup)?;
    let before = Moment::now(load, server, &own)?;
    load.shared.tally.latencies.clear();
    pace.run(load, warmup + length)?;
    let after = Moment::now(load, server, &own)?;
    let latencies = &load.shared.tally.latencies;
    let (median, late, max) = (latencies.per_mille(500), latencies.per_mille(990), latencies.max());
    let counts = after.counts.since(before.counts);
    let (server, own) = (after.server.since(&before.server), after.load.since(&before.load));
    // What else the machine was busy with: where that is much, the figures are not worth much.
    let others = after.machine.saturating_sub(before.machine + server + own);
    let line = format!(
        "phase={phase} pages={} published={} deliveries={} seconds={:.6} server_ns={} load_ns={} \
         others_ns={} p50_ns={median} p99_ns={late} max_ns={max} frame_bytes={}",
        load.pages.len(),
        counts.published,
        counts.deliveries,
        (after.at - before.at).as_secs_f64(),
        server.as_nanos(),
        own.as_nanos(),
        others.as_nanos(),
        counts.bytes.checked_div(counts.deliveries).unwrap_or_default(),
    );
    load.drain()?;
    check(load)?;
    Ok(line)
}

/// Tells what the open pages cost in memory: as they are, and after each has had one frame.
pub(crate) fn idle(load: &mut Load, server: &Processes, before: u64) -> Result<String> {
    let joined = settled(load, server)?;
    load.publish(0)?;
    load.drain()?;
    let published = settled(load, server)?;
    let pages = load.pages.len();
    Ok(format!("phase=idle pages={pages} before={before} joined={joined} after={published}"))
}

/// The server's memory, when it has not changed for a second; or what it is after some.
fn settled(load: &mut Load, server: &Processes) -> Result<u64> {
    let since = Instant::now();
    let mut last = (server.memory()?, Instant::now());
    while last.1.elapsed() < Duration::from_secs(1) && since.elapsed() < Duration::from_secs(6) {
        load.turn_whole(Duration::from_millis(100))?;
        let memory = server.memory()?;
        if memory.abs_diff(last.0) > last.0 / 500 {
            last = (memory, Instant::now());
        }
    }
    server.memory()
}

/// When the next publish is due.
struct Pace {
    phase: Phase,
    begin: Instant,
    published: u32,
}

impl Pace {
    /// Publishes until so long after the beginning.
    fn run(&mut self, load: &mut Load, until: Duration) -> Result<()> {
        let mut last = (load.shared.tally.counts(), Instant::now());
        loop {
            let now = self.begin.elapsed();
            let Some(left) = until.checked_sub(now).filter(|left| !left.is_zero()) else {
                return Ok(());
            };
            let wait = self.step(load, now)?;
            load.turn_whole(wait.min(left))?;
            let counts = load.shared.tally.counts();
            if counts != last.0 {
                last = (counts, Instant::now());
            } else if last.1.elapsed() > load.patience {
                bail!("nothing has come for {}s", load.patience.as_secs());
            }
        }
    }

    /// Publishes what is due now; tells how long nothing will be.
    fn step(&mut self, load: &mut Load, now: Duration) -> Result<Duration> {
        match self.phase {
            Phase::Idle => {}
            Phase::Lockstep => {
                if load.shared.tally.behind() == 0 && load.publishers[0].is_idle() {
                    load.publish(0)?;
                }
            }
            Phase::Inflight(count) => {
                for index in 0..count {
                    if load.publishers[index].is_idle() && load.shared.tally.behind() < BEHIND {
                        load.publish(index)?;
                    }
                }
            }
            Phase::Rate(rate) => {
                while f64::from(self.published) < now.as_secs_f64() * rate
                    && let Some(index) = load.publishers.iter().position(Publisher::is_idle)
                {
                    load.publish(index)?;
                    self.published += 1;
                }
                let due = f64::from(self.published) / rate;
                return Ok(Duration::from_secs_f64(due).saturating_sub(now));
            }
        }
        Ok(Duration::from_millis(50))
    }
}

/// Every page has each publish once.
fn check(load: &Load) -> Result<()> {
    let published = u64::from(load.shared.tally.counts().published);
    let wrong = load.pages.iter().flatten().filter(|page| page.got != published).count();
    if wrong > 0 || load.shared.tally.repeats() > 0 {
        bail!(
            "{wrong} pages got another number of frames than the {published} that were published"
        );
    }
    Ok(())
}
