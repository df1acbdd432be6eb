//! What counting costs publishing: two servers, one of them with `--no-statistics`, the same pages on
//! both, measured in turn. What else the machine does meets both alike, so their ratio holds where
//! the figures themselves do not.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::load::say;
use crate::options::Counting;

const TOKEN: &str = "nct_abcdefghijkmnpqrstuvwxyz23456789";

/// A server with its pages. Both end when this is dropped.
struct Side {
    server: Child,
    load: Child,
    ask: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// What a round came to.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// Publishes a second.
    rate: f64,
    /// What a publish cost the server, in microseconds of a core.
    cost: f64,
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
            "round={round} counted_rate={:.0} plain_rate={:.0} counted_us={:.2} plain_us={:.2}",
            counted.rate, plain.rate, counted.cost, plain.cost
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
        let mut server = Command::new(&options.server)
            .args(["--listen", "127.0.0.1:0", "--durability", &options.durability, "--data"])
            .arg(data)
            .args(arguments)
            .env("NOWCAST_PUBLISH_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", options.server.display()))?;
        let out = server.stdout.take().context("its output is a pipe")?;
        let mut lines = BufReader::new(out).lines();
        let address = loop {
            let line = lines.next().context("the server ended")??;
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.trim().to_owned();
            }
        };
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
        let mut side = Self { server, load, ask, answers: BufReader::new(out).lines() };
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
        writeln!(self.ask, "{} {} {}", options.phase, options.seconds / 4.0, options.seconds)?;
        let line = self.answer()?;
        let number = |name: &str| -> Result<f64> {
            let words = line.split_whitespace().filter_map(|word| word.split_once('='));
            let value = words.clone().find(|(key, _)| *key == name).map(|(_, value)| value);
            Ok(value.with_context(|| format!("no {name} in {line}"))?.parse()?)
        };
        let published = number("published")?;
        Ok(Round {
            rate: published / number("seconds")?,
            cost: number("server_ns")? / published / 1000.0,
        })
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
