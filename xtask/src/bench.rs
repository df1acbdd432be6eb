//! The proof of speed: our server beside others, each on a core of its own, in one go.
//!
//! Read in this order:
//! - [`scenario`]: what is measured, for whom; [`options`]: what of it was asked for.
//! - [`contestant`]: who takes part; [`field`]: all of them, ready; [`peers`]: how the others come
//!   onto this machine.
//! - [`child`]: a program that is talked to; [`running`]: a server; [`measure`]: the load generator;
//!   [`session`]: a server with its pages, and the rounds.
//! - [`durable`], [`herd`]: the two that are about our server alone. [`stage`]: the one in browsers.
//! - [`results`]: all figures, their medians; [`verdict`]: what was to be reached, and was it.
//! - [`table`]: for people; [`machine`]: what it was measured on; [`document`]: the file of it.

mod child;
mod contestant;
mod document;
mod durable;
mod field;
mod herd;
mod machine;
mod measure;
mod options;
mod peers;
mod results;
mod running;
mod scenario;
mod session;
mod stage;
mod table;
mod verdict;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::paths::Paths;
use crate::process;
use crate::progress::Progress;
use field::Field;
use measure::Bench;
use options::Options;
use results::Results;
use scenario::{Job, Phase, Scenario};

pub(crate) const HELP: &str = "
Usage: cargo xtask bench [--only SCENARIO,…] [--peers NAME,…] [--rounds N] [--seconds S]
                         [--quick] [--server FILE] [--write] [--list]
       cargo xtask bench stage [--rounds N] [--seconds S] [--pages N] [--quick]

Starts our server and the others on core 0, with the load generator's pages on core 1, and measures
them in turn, a second each, round after round; what is compared are medians. Prints one table of what was to be reached, one of
each server's figures, and writes both to docs/BENCHMARKS.md when everything was measured.

  --only SCENARIOS  only these (`--list` names them)
  --peers NAMES     only these beside ours: bun, ws, socketio, nchan, floor; `none` for none
  --rounds N        how often each is measured (11)
  --seconds S       for how long each time (1)
  --quick           one round: whether it works, not how fast it is
  --server FILE     a server that is built already, instead of building one
  --write           writes docs/BENCHMARKS.md even if not everything was measured
  --list            the names of the scenarios, and what they measure

What is missing is installed into the cache folder: Bun, ws and Socket.IO by npm, nginx and Nchan
from Debian's packages. What cannot be had is left out, by name and with the reason. It needs
Linux with two cores, and `taskset` and `prlimit` (util-linux). Nothing else should run meanwhile.

`bench stage` builds the pages as they are released and measures how soon another browser shows what
one moves, with 200 other pages open (3 rounds of 10 s); it writes that section of the document alone.
It needs Chromium and chromedriver, as the browser tests do.

Logs, and every round's figures, are in target/xtask/bench/. Text between the `notes` marks in docs/BENCHMARKS.md is kept.";

pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    if let Some((word, rest)) = words.split_first()
        && word == "stage"
    {
        return stage::run(rest);
    }
    let options = Options::parse(words)?;
    if options.list {
        for scenario in Scenario::ALL {
            println!("{:<15}{}", scenario.name(), scenario.summary());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let paths = Paths::find()?;
    let limit = machine::see_that_it_fits()?;
    let jobs = scenario::plan(&options, limit);
    let progress = Progress::new(field::STEPS + jobs.len());
    let field = Field::prepare(&paths, &progress, &options)?;
    let mut bench = Bench::new(&paths, &field, &options)?;
    let mut results = Results::new(bench.probe()?);
    for job in &jobs {
        results.remarks.extend(job.remark());
        let step = progress.step(job.title(), "");
        match job {
            Job::Pages(group) if group.phases.contains(&Phase::Idle) => {
                session::memory(&bench, group, &step, &mut results);
            }
            Job::Pages(group) => session::rounds(&bench, group, &step, &mut results),
            Job::Durable => durable::rounds(&bench, &step, &mut results)?,
            Job::Herd { pages } => herd::rounds(&bench, *pages, &step, &mut results)?,
        }
        if process::is_ending() {
            bail!("stopped");
        }
        step.done("measured");
    }
    std::fs::write(bench.log("samples"), table::samples(&results))?;
    let rows = verdict::rows(&options.scenarios, &results);
    let text = table::all(&rows, &results, &field);
    print!("{text}");
    if options.write {
        let path = paths.root.join("docs").join("BENCHMARKS.md");
        document::write(&path, &rows, &results, &field, &options)?;
        println!("\nWritten to {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
