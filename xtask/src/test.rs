//! Every check there is: what CI runs, and what a developer runs before a commit. A step that
//! fails does not keep the others from being run; a step that could not be run has failed.
//!
//! - [`steps`]: the table of the steps, and what each of them needs.
//! - [`needs`]: gets that, once: tools, pages, a browser; [`built`]: the server and the tests.
//! - [`summary`]: reads what test runners say; the table at the end and the one line below it.

mod built;
mod needs;
mod steps;
mod summary;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cargo::{self, Said};
use crate::client::Pages;
use crate::paths::Paths;
use crate::process::{Ended, Log, News, stream};
use crate::progress;
use needs::Needs;
use steps::{Kind, STEPS, Step};
use summary::{Counts, Outcome, Row};

pub(crate) const HELP: &str = "
Usage: cargo xtask test [--only STEP,STEP…] [--list]

Runs every check there is, goes on after one that failed, and ends with a table and one line:
`N passed, N failed`. Each test counts, and each step that is not made of tests counts as one.
The exit code is 0 only if nothing failed.

  --only STEPS  only these steps (their names, with commas between)
  --list        the names of the steps, and what they do

What is missing is installed: Rust's components, the tools of `cargo xtask setup`, and, by
apt-get where this user may, Chromium with chromedriver, Python, PHP, bash, curl and faketime.
Where it may not, the steps that need them fail and say what to install.

Logs of the steps are in target/xtask/logs/, screenshots in target/screenshots/.";

/// No command of a step takes this long, unless it hangs.
const LIMIT: Duration = Duration::from_mins(40);

pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    let steps = match parse(words)? {
        Asked::List => {
            for step in STEPS {
                println!("{:<13}{}", step.name, step.summary);
            }
            return Ok(ExitCode::SUCCESS);
        }
        Asked::Steps(steps) => steps,
    };
    let paths = Paths::find()?;
    let pages = Pages::look(&paths)?;
    let needs = Needs::new(&paths, &pages, &steps);
    let rows: Vec<Row> = steps.iter().map(|step| perform(step, &needs)).collect();
    print!("{}", summary::table(&rows));
    let failed = rows.iter().any(Row::has_failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[derive(Debug)]
enum Asked {
    List,
    Steps(Vec<&'static Step>),
}

fn parse(words: &[String]) -> Result<Asked> {
    let mut only: Option<Vec<&str>> = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let names = match word.as_str() {
            "--list" => return Ok(Asked::List),
            "--only" => words.next().map(String::as_str),
            other => other.strip_prefix("--only="),
        };
        let Some(names) = names else {
            bail!("`{word}` is not understood; `cargo xtask help test` tells what is");
        };
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        only.get_or_insert_default().extend(names);
    }
    let Some(only) = only else { return Ok(Asked::Steps(STEPS.iter().collect())) };
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("there is no step `{unknown}`; there are: {}", known.join(", "));
    }
    if only.is_empty() {
        bail!("`--only` needs the name of a step");
    }
    Ok(Asked::Steps(STEPS.iter().filter(|step| only.contains(&step.name)).collect()))
}

/// Does a step, whatever happens: an error on the way is a failure of the step.
fn perform(step: &Step, needs: &Needs<'_>) -> Row {
    let since = Instant::now();
    let outcome = attempt(step, needs).unwrap_or_else(|error| {
        needs.progress().print(&format!("{}: {error:#}", step.name));
        let (counts, failed) = (Counts::default(), Vec::new());
        Outcome { counts, well: false, reason: "could not be run", failed }
    });
    Row::new(step.name, step.kind, &outcome, since.elapsed())
}

fn attempt(step: &Step, needs: &Needs<'_>) -> Result<Outcome> {
    for need in step.needs {
        needs.get(*need)?;
    }
    let commands = (step.commands)(needs)?;
    let shown = needs.progress().step(step.name, "");
    let counts = Counts::default();
    let mut outcome = Outcome { counts, well: true, reason: "", failed: Vec::new() };
    let mut log = Log::create(&cargo::log_path(&needs.paths().state(), step.name))?;
    for command in commands {
        let part = watch(command, &shown, &mut log, outcome.counts)?;
        outcome.counts = part.counts;
        outcome.well &= part.ended == Ended::Well;
        if part.ended == Ended::TooLate {
            outcome.reason = "took too long";
        }
        if part.ended != Ended::Well {
            needs.progress().print(&summary::failures(&part.lines));
            outcome.failed.extend(summary::reasons(&part.lines));
        }
    }
    if step.kind == Kind::Tests && outcome.counts.all() == 0 {
        outcome.well = false;
        outcome.reason = "no test was run";
    }
    shown.done(&outcome.say(step.kind));
    Ok(outcome)
}

struct Part {
    counts: Counts,
    ended: Ended,
    lines: Vec<String>,
}

/// Runs a command, and counts on from `counts` what its test runners tell.
fn watch(
    command: Command,
    shown: &progress::Step<'_>,
    log: &mut Log,
    mut counts: Counts,
) -> Result<Part> {
    log.line(&format!("$ {command:?}"));
    let mut lines = Vec::new();
    let mut seen = 0;
    let ended = stream(command, Some(LIMIT), &mut |news| match news {
        News::Tick => shown.refresh(),
        News::Line(line) => match Said::parse(line) {
            Said::Progress { done, total } => {
                shown.note(format!("compiling, {done} of {total} crates"));
            }
            Said::Waiting => shown.note("waiting for another cargo to finish"),
            Said::Downloading => shown.note("downloading crates"),
            Said::Other => {
                log.line(line);
                lines.push(line.to_owned());
                counts.add_line(line);
                if line.starts_with("test ") && line.contains(" ... ") {
                    seen += 1;
                    shown.note(format!("testing, {seen} done"));
                }
            }
        },
    })?;
    Ok(Part { counts, ended, lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<&'static str>> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        match parse(&words)? {
            Asked::List => Ok(vec!["--list"]),
            Asked::Steps(steps) => Ok(steps.iter().map(|step| step.name).collect()),
        }
    }

    #[test]
    fn only_the_steps_that_were_asked_for_are_done_in_the_order_of_the_table() {
        assert_eq!(names("--only clippy,fmt").expect("they exist"), ["fmt", "clippy"]);
        assert_eq!(names("--only=fmt --only clippy").expect("they exist"), ["fmt", "clippy"]);
        assert_eq!(names("").expect("all").len(), STEPS.len());
        assert_eq!(names("--list").expect("it exists"), ["--list"]);
    }

    #[test]
    fn a_step_that_is_misspelt_is_an_error_not_nothing_to_do() {
        assert!(names("--only clipy").expect_err("unknown").to_string().contains("`clipy`"));
        assert!(names("--only").is_err());
        assert!(names("--only ,").is_err());
        assert!(names("fmt").is_err());
    }
}
