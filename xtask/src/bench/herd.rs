//! The thundering herd: our server is killed and started again under pages that all come back.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::child::Child;
use super::contestant::Contestant;
use super::measure::{Bench, Line};
use super::results::{Results, Returned};
use super::running::{Cores, Running};
use crate::progress::Step;

/// The longest that either half may take.
const LIMIT: Duration = Duration::from_mins(1);
/// How often it is tried at most: each time is much like the others.
const ROUNDS: u32 = 3;

pub(super) fn rounds(
    bench: &Bench<'_>,
    pages: usize,
    step: &Step<'_>,
    results: &mut Results,
) -> Result<()> {
    for round in 1..=bench.rounds.min(ROUNDS) {
        step.note(format!("round {round}"));
        results.herd.push(once(bench, pages)?);
    }
    Ok(())
}

fn once(bench: &Bench<'_>, pages: usize) -> Result<Returned> {
    let who = Contestant::Relaxed;
    let server = bench.start(who, Cores::Both)?;
    let folder = bench.folder(who);
    let mut command = Cores::Both.command(&bench.field.bench);
    command.args(bench.words("herd", who, &server)).arg(format!("--pages={pages}"));
    let mut load = Child::spawn(&mut command, &folder.join("load.log"))?;
    let ready = load.line(LIMIT).context("the herd does not gather")?;
    if ready != "ready" {
        bail!("the load generator says `{ready}`");
    }
    let address = server.address;
    let since = Instant::now();
    // It is killed, not asked to end.
    drop(server);
    let _server = Running::start(bench.field, who, &folder, Cores::Both, Some(address))?;
    let restart = since.elapsed().as_secs_f64();
    load.say("go")?;
    let line = Line::parse(&load.line(LIMIT).context("the herd does not come back")?);
    Ok(Returned {
        pages: line.number("herd")?,
        restart,
        welcome: line.number("welcome")?,
        reached: line.number("reached")?,
        recovered: line.number("recovered")?,
    })
}
