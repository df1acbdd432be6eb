//! Durable publishes: many publishers, each with one publish under way, against what the same disk
//! does when it is asked to keep one small write after the other.

use anyhow::Result;

use super::contestant::Contestant;
use super::measure::Bench;
use super::results::{Durable, Results};
use super::scenario::{DURABLE, Phase, Transport};
use super::session::Session;
use crate::progress::Step;

/// Measures publishes and the disk in turn.
pub(super) fn rounds(bench: &Bench<'_>, step: &Step<'_>, results: &mut Results) -> Result<()> {
    let folder = bench.folder(Contestant::Full);
    let mut session = Session::open(bench, Contestant::Full, 0, Transport::WebSocket)?;
    for round in 1..=bench.rounds {
        step.note(format!("round {round} of {}", bench.rounds));
        // The disk is asked before and after: it may be a shared one, whose pace changes.
        let before = bench.disk(&folder)?;
        let line = session.measure(Phase::Inflight(DURABLE), bench.seconds)?;
        let publishes = line.number("published")? / line.number("seconds")?;
        let syncs = f64::midpoint(before, bench.disk(&folder)?);
        results.durable.push(Durable { publishes, syncs });
    }
    Ok(())
}
