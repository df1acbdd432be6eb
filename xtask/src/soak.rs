//! The journeys with faults in their long form: minutes instead of seconds, the same code.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cargo::{self, Said};
use crate::paths::Paths;
use crate::process::{Ended, Log, News, stream};
use crate::progress::{Progress, clock};
use crate::server::{self, Profile};

pub(crate) const HELP: &str = "
Usage: cargo xtask soak [--seed N] [--pages N] [--items N] [--kills N] [--minutes N] [--only WORD]

Holds a server to its promises for some minutes, and ends with a verdict and its exit code:

  storm  500 pages over the three transports are cut at random (reset, half-open, in the middle
         of a frame or of a poll's answer) while 10,000 items are published and the server is
         killed 20 times. Every page's sequence is the log's; what was acknowledged is in it once.
  slow   20 readers stop reading. What the other pages wait for an item is measured with and
         without them, in alternating rounds; the medians of the rounds' 99th percentiles decide.

  --seed N      repeats what the network does to whom (each run prints its seed)
  --pages N, --items N, --kills N   other numbers for the storm
  --minutes N   how long each of the two may take (20)
  --only WORD   only the one whose name has this word

Server and pages are compiled as for `cargo xtask run`. `cargo xtask test` has the short forms.
The log is target/xtask/logs/soak.log.";

/// Which variable of the tests an option sets.
const OPTIONS: &[(&str, &str)] = &[
    ("--seed", "NOWCAST_SEED"),
    ("--pages", "NOWCAST_PAGES"),
    ("--items", "NOWCAST_ITEMS"),
    ("--kills", "NOWCAST_KILLS"),
    ("--minutes", "NOWCAST_MINUTES"),
];

/// The journeys' own limit, if no other is asked for; theirs is to be reached first, because they
/// can say how far they came.
const MINUTES: u64 = 20;

/// How many journeys there are, one after the other.
const JOURNEYS: u64 = 2;

pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    let asked = parse(words)?;
    let paths = Paths::find()?;
    let progress = Progress::new(3);
    let step = progress.step("server", "compiling");
    let binary = server::compile(&paths, Profile::Quick, &step)?;
    step.done("ready");

    let step = progress.step("journeys", "compiling");
    let mut build = tests(&paths);
    build.arg("--no-run");
    let log = cargo::log_path(&paths.state(), "soak-build");
    cargo::run(&step, "Compiling the journeys", build, &log)?;
    step.done("ready");

    let step = progress.step("soak", "");
    let mut journeys = tests(&paths);
    journeys.args(["--", "--ignored", "--nocapture", "--test-threads=1"]).arg(&asked.only);
    journeys.envs(asked.variables).env("NOWCAST_BIN", binary);
    let since = Instant::now();
    let mut log = Log::create(&cargo::log_path(&paths.state(), "soak"))?;
    let mut ran = false;
    let limit = Duration::from_mins(JOURNEYS * asked.minutes + 5);
    let ended = stream(journeys, Some(limit), &mut |news| match news {
        News::Tick => step.refresh(),
        News::Line(line) if Said::parse(line) == Said::Other => {
            log.line(line);
            ran |= has_passed(line);
            progress.print(line);
        }
        News::Line(_) => {}
    })?;
    let well = ended == Ended::Well && ran;
    let verdict = match ended {
        Ended::Well if !ran => "there is no such journey",
        Ended::Well => "every promise was kept",
        Ended::TooLate => "it took too long",
        Ended::Stopped => "stopped",
        Ended::Badly(_) => "a promise was broken; see above",
    };
    step.done(if well { "passed" } else { "failed" });
    println!("soak: {verdict} ({})", clock(since.elapsed()));
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a test runner tells that something was run, and all of it passed.
fn has_passed(line: &str) -> bool {
    line.strip_prefix("test result: ok. ").is_some_and(|rest| !rest.starts_with("0 passed"))
}

/// A call of cargo that compiles the journeys with faults, and runs them.
fn tests(paths: &Paths) -> Command {
    let mut command = cargo::command(&paths.root);
    command.args(["test", "--package", "nowcast-tests", "--test", "faults", "--profile", "quick"]);
    command
}

#[derive(Debug, PartialEq, Eq)]
struct Asked {
    variables: Vec<(&'static str, String)>,
    minutes: u64,
    only: String,
}

fn parse(words: &[String]) -> Result<Asked> {
    let mut asked = Asked { variables: Vec::new(), minutes: MINUTES, only: "soak_".to_owned() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), words.next().map(String::as_str)),
        };
        let Some(value) = value else { bail!("`{name}` needs a value") };
        if name == "--only" {
            value.clone_into(&mut asked.only);
            continue;
        }
        let Some((_, variable)) = OPTIONS.iter().find(|(option, _)| *option == name) else {
            bail!("`{name}` is not understood; `cargo xtask help soak` tells what is");
        };
        let Ok(number) = value.parse::<u64>() else { bail!("`{name} {value}`: that is no number") };
        if name == "--minutes" {
            asked.minutes = number;
        }
        asked.variables.push((variable, value.to_owned()));
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Asked> {
        parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_become_variables_of_the_tests() {
        let some = asked("--seed 7 --minutes=3 --only storm").expect("they exist");
        let variables = vec![("NOWCAST_SEED", "7".to_owned()), ("NOWCAST_MINUTES", "3".to_owned())];
        assert_eq!(some, Asked { variables, minutes: 3, only: "storm".to_owned() });
    }

    #[test]
    fn a_journey_that_is_not_there_has_not_passed() {
        assert!(has_passed("test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured"));
        assert!(!has_passed("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured"));
        assert!(!has_passed("test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured"));
    }

    #[test]
    fn what_is_misspelt_is_an_error() {
        assert!(asked("--sed 7").expect_err("unknown").to_string().contains("`--sed`"));
        assert!(asked("--seed").is_err());
        assert!(asked("--seed seven").is_err());
    }
}
