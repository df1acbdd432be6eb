//! The thundering herd: our server is killed and started again under pages that all come back.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::contestant::Contestant;
use super::measure::{Bench, Line};
use super::results::{Results, Returned};
use super::running::{Cores, Running};
use crate::process::Group;
use crate::progress::Step;

/// The longest that either half may take.
const LIMIT: Duration = Duration::from_mins(1);

pub(super) fn round(
    bench: &Bench<'_>,
    pages: usize,
    round: u32,
    step: &Step<'_>,
    results: &mut Results,
) -> Result<()> {
    step.note(format!("round {round}"));
    let who = Contestant::Relaxed;
    let server = bench.start(who, Cores::Both)?;
    let mut command = Cores::Both.command(&bench.field.bench);
    command.args(bench.words("herd", who, &server)).arg(format!("--pages={pages}"));
    let errors = std::fs::File::create(bench.folder(who).join("load.log"))?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
    let mut load = Group::spawn(&mut command)?;
    let mut go = load.child().stdin.take().context("its input is no pipe")?;
    let out = load.child().stdout.take().context("its output is no pipe")?;
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    let ready = lines.recv_timeout(LIMIT).context("the herd does not gather")?;
    if ready != "ready" {
        bail!("the load generator says `{ready}`");
    }
    let address = server.address;
    let since = Instant::now();
    server.kill();
    let server = Running::start(bench.field, who, &bench.folder(who), Cores::Both, Some(address))?;
    let restart = since.elapsed().as_secs_f64();
    writeln!(go, "go")?;
    let line = lines.recv_timeout(LIMIT).context("the herd does not come back")?;
    load.kill();
    server.kill();
    let line = Line::parse(&line);
    results.herd.push(Returned {
        pages: line.number("herd")?,
        restart,
        welcome: line.number("welcome")?,
        reached: line.number("reached")?,
        recovered: line.number("recovered")?,
    });
    Ok(())
}
