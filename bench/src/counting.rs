//! What counting costs publishing: two servers, one of them with `--no-statistics`, the same pages on
//! both, measured in turn. What else the machine does meets both alike, so their ratio holds where
//! the figures themselves do not.
//!
//! Counting falls behind while much is published, and goes on afterwards: a turn is over when it has
//! caught up, so that none of its work falls into the other server's turn, and all of it is in what
//! a publish cost.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::load::say;
use crate::nowcast::{self, TOKEN, ask, number};
use crate::options::Counting;
use crate::usage::Processes;

/// How long counting may take to catch up.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(250);

/// A server with its pages. Both end when this is dropped.
struct Side {
    server: Child,
    address: String,
    /// An admin's, to ask how far is counted; none where nothing is.
    admin: Option<String>,
    load: Child,
    ask: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// What a round came to.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// Publishes a second.
    rate: f64,
    /// What a publish cost the server until it was counted, in microseconds of a core.
    cost: f64,
    /// For how long counting went on after the last publish, in seconds.
    behind: f64,
}

/// Does what `nowcast-bench counting` is asked for.
pub(crate) fn run(options: &Counting) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("nowcast-counting-{}", std::process::id()));
    let result = compare(options, &folder);
    // What is left of it is small, and where everybody looks for it.
    let _ = std::fs::remove_dir_all(&folder);
    result
}

fn compare(options: &Counting, folder: &Path) -> Result<()> {
    let mut with = Side::start(options, &folder.join("with"), &[])?;
    let mut without = Side::start(options, &folder.join("without"), &["--no-statistics"])?;
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        // Whoever is first has it neither better nor worse.
        let (counted, plain) = if round % 2 == 0 {
            let counted = with.measure(options)?;
            (counted, without.measure(options)?)
        } else {
            let plain = without.measure(options)?;
            (with.measure(options)?, plain)
        };
        rates.push(plain.rate / counted.rate - 1.0);
        costs.push(counted.cost / plain.cost - 1.0);
        say(&format!(
            "round={round} counted_rate={:.0} plain_rate={:.0} counted_us={:.2} plain_us={:.2} \
             behind_s={:.1}",
            counted.rate, plain.rate, counted.cost, plain.cost, counted.behind
        ));
    }
    for (what, ratios) in [("slower", &mut rates), ("dearer", &mut costs)] {
        ratios.sort_by(f64::total_cmp);
        let at = |quarter: usize| ratios[(ratios.len() - 1) * quarter / 4] * 100.0;
        say(&format!(
            "phase={} pages={} rounds={} {what}: median={:.1}% half_between={:.1}%..{:.1}%",
            options.phase,
            options.pages,
            options.rounds,
            at(2),
            at(1),
            at(3)
        ));
    }
    Ok(())
}

impl Side {
    fn start(options: &Counting, data: &Path, arguments: &[&str]) -> Result<Self> {
        let counts = arguments.is_empty();
        let admin = counts.then(|| nowcast::admin(&options.server, data)).transpose()?;
        let durability = ["--durability", options.durability.as_str()];
        let arguments = [arguments, durability.as_slice()].concat();
        let (server, address) = nowcast::serve(&options.server, data, &arguments)?;
        // Nothing more is said that would have to be read.
        let mut load = Command::new(std::env::current_exe()?)
            .args(["load", "--target", "nowcast", "--token", TOKEN, "--address", &address])
            .args(["--server-pid", &server.id().to_string()])
            .args(["--pages", &options.pages.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = load.stdin.take().context("its input is a pipe")?;
        let out = load.stdout.take().context("its output is a pipe")?;
        let answers = BufReader::new(out).lines();
        let mut side = Self { server, address, admin, load, ask, answers };
        let joined = side.answer()?;
        if !joined.starts_with("joined=") {
            bail!("{joined} instead of pages that joined");
        }
        Ok(side)
    }

    fn answer(&mut self) -> Result<String> {
        Ok(self.answers.next().context("the load generator ended")??)
    }

    fn measure(&mut self, options: &Counting) -> Result<Round> {
        let process = Processes::of(self.server.id());
        let mut spent = Duration::ZERO;
        let mut before = process.cpu()?;
        // Without a time before, in which would be published what is counted later.
        writeln!(self.ask, "{} 0 {}", options.phase, options.seconds)?;
        let line = self.answer()?;
        let number = |name: &str| -> Result<f64> {
            let words = line.split_whitespace().filter_map(|word| word.split_once('='));
            let value = words.clone().find(|(key, _)| *key == name).map(|(_, value)| value);
            Ok(value.with_context(|| format!("no {name} in {line}"))?.parse()?)
        };
        let published = number("published")?;
        let since = Instant::now();
        let behind = loop {
            let counted = self.is_counted()?;
            let behind = since.elapsed();
            // Often, since the time of threads that end is lost.
            let now = process.cpu()?;
            spent += now.since(&before);
            before = now;
            if counted {
                break behind;
            }
            ensure!(behind < PATIENCE, "counting does not catch up");
            thread::sleep(LOOK);
        };
        Ok(Round {
            rate: published / number("seconds")?,
            cost: spent.as_secs_f64() * 1e6 / published,
            behind: behind.as_secs_f64(),
        })
    }

    /// Whether everything is counted that is to be.
    fn is_counted(&self) -> Result<bool> {
        let Some(admin) = &self.admin else { return Ok(true) };
        // A span in which there is nothing costs next to nothing to answer.
        let answer = ask(&self.address, admin, "GET /api/rooms/main/stats?from=0&to=1", "")?;
        match (number(&answer, "offset"), number(&answer, "head")) {
            (Some(offset), Some(head)) => Ok(offset == head),
            _ => bail!("{answer:?} does not tell how far is counted"),
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        for child in [&mut self.load, &mut self.server] {
            // One that has ended already cannot be killed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
