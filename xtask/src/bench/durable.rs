//! Durable publishes: many publishers, each with one publish under way, against what the same disk
//! does when it is asked to keep one small write after the other.

use anyhow::Result;

use super::contestant::Contestant;
use super::measure::Bench;
use super::results::{Durable, Results};
use super::running::Cores;
use super::scenario::DURABLE;
use crate::progress::Step;

pub(super) fn round(
    bench: &Bench<'_>,
    round: u32,
    step: &Step<'_>,
    results: &mut Results,
) -> Result<()> {
    step.note(format!("round {round}"));
    let server = bench.start(Contestant::Full, Cores::Server)?;
    let folder = bench.folder(Contestant::Full);
    // The disk is asked before and after: it may be a shared one, whose pace changes.
    let before = bench.disk(&folder)?;
    let words = [
        format!("--server-pid={}", server.pid),
        "--pages=0".to_owned(),
        format!("--seconds={}", bench.seconds),
        format!("--phase=inflight:{DURABLE}"),
    ];
    let lines = bench.load("load", Contestant::Full, &server, &words);
    server.kill();
    let line = lines?.pop().unwrap_or_else(|| super::measure::Line::parse(""));
    let publishes = line.number("published")? / line.number("seconds")?;
    let syncs = f64::midpoint(before, bench.disk(&folder)?);
    results.durable.push(Durable { publishes, syncs });
    Ok(())
}
