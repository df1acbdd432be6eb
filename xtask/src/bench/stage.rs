//! The stage: how soon another browser shows what one moves, with many other pages open. The
//! journey that measures is `tests/tests/browser/measured.rs`; this gives it what it needs, and
//! writes its section of the document.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::document::{self, STAGE};
use super::measure::Line;
use super::{field, machine};
use crate::cargo::{self, Said};
use crate::paths::Paths;
use crate::process::{Ended, Log, News, stream};
use crate::progress::Progress;
use crate::server::{self, Profile};

/// What is to be reached: from the pointer's event to the other browser's paint, in milliseconds.
const PAINT: f64 = 50.0;
/// What of a frame may be the page's own work.
const WORK: f64 = 16.0;

/// How long the browsers and all else may take beside the moving.
const AROUND: Duration = Duration::from_mins(5);

/// What was asked for after `cargo xtask bench stage`.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    rounds: u32,
    seconds: u32,
    pages: u32,
    write: bool,
}

impl Asked {
    fn parse(words: &[String]) -> Result<Self> {
        let mut asked = Self { rounds: 3, seconds: 10, pages: 200, write: true };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            let mut number = || -> Result<u32> {
                let value = attached.or_else(|| words.next().map(String::as_str));
                value.and_then(|it| it.parse().ok()).with_context(|| format!("{name}: how many?"))
            };
            match name {
                "--rounds" => asked.rounds = number()?,
                "--seconds" => asked.seconds = number()?,
                "--pages" => asked.pages = number()?,
                "--quick" => (asked.rounds, asked.seconds, asked.write) = (1, 2, false),
                _ => bail!("`{word}` is not understood; `cargo xtask help bench` tells what is"),
            }
        }
        if !(1..=100).contains(&asked.rounds) || !(1..=60).contains(&asked.seconds) {
            bail!("between 1 and 100 rounds of 1 to 60 seconds");
        }
        Ok(asked)
    }
}

pub(super) fn run(words: &[String]) -> Result<ExitCode> {
    let asked = Asked::parse(words)?;
    let paths = Paths::find()?;
    let server = server::make(&paths, Profile::Release)?;
    let progress = Progress::new(3);
    let step = progress.step("the load generator", "compiling");
    let bench = field::build_bench(&paths, &step)?;
    step.done("ready");
    let step = progress.step("the journey", "compiling");
    let mut build = journey(&paths);
    build.arg("--no-run");
    let log = cargo::log_path(&paths.state(), "bench-stage-build");
    cargo::run(&step, "Compiling the journey", build, &log)?;
    step.done("ready");

    let step = progress.step("the stage", "");
    let mut lines = Vec::new();
    for round in 1..=asked.rounds {
        step.note(format!("round {round} of {}", asked.rounds));
        let mut command = journey(&paths);
        command
            .args(["--", "--ignored", "--nocapture", "--exact", "measured::bench_stage"])
            .env("NOWCAST_BIN", &server)
            .env("NOWCAST_DIST", &paths.dist)
            .env("NOWCAST_BENCH", &bench)
            .env("NOWCAST_SECONDS", asked.seconds.to_string())
            .env("NOWCAST_PAGES", asked.pages.to_string());
        let mut log = Log::create(&cargo::log_path(&paths.state(), "bench-stage"))?;
        let limit = AROUND + Duration::from_secs(u64::from(asked.seconds) * 4);
        let ended = stream(command, Some(limit), &mut |news| match news {
            News::Tick => step.refresh(),
            News::Line(line) if Said::parse(line) == Said::Other => {
                log.line(line);
                // A test runner's own words may stand before it on the line.
                if let Some((_, figures)) = line.split_once("stage pages=") {
                    lines.push(Line::parse(&format!("pages={figures}")));
                }
            }
            News::Line(_) => {}
        })?;
        if ended != Ended::Well {
            step.done("failed");
            bail!("round {round} failed; see {}", log_of(&paths).display());
        }
    }
    step.done("measured");
    let text = section(&lines)?;
    print!("{text}");
    if asked.write {
        let path = paths.root.join("docs").join("BENCHMARKS.md");
        write(&path, &text)?;
        println!("\nWritten to {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn log_of(paths: &Paths) -> std::path::PathBuf {
    cargo::log_path(&paths.state(), "bench-stage")
}

/// A call of cargo that compiles the journeys in a browser, and runs some.
fn journey(paths: &Paths) -> Command {
    let mut command = cargo::command(&paths.root);
    command.args(["test", "--package", "nowcast-tests", "--test", "browser", "--profile", "quick"]);
    command
}

/// Puts the section into the document, in place of the one before.
fn write(path: &Path, text: &str) -> Result<()> {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, document::with(&before, STAGE, text))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// The section: what was to be reached, and every round.
fn section(lines: &[Line]) -> Result<String> {
    let worst = |name: &str| -> Result<f64> {
        let mut worst = 0.0_f64;
        for line in lines {
            worst = worst.max(line.number(name)?);
        }
        Ok(worst)
    };
    if lines.is_empty() {
        bail!("the journey said nothing");
    }
    let mut text = String::from("\n## The stage\n\n");
    let _ = writeln!(
        text,
        "Two browsers and {} other pages on one machine, all on loopback: one browser's pointer moves \
         a piece 60 times a second, the other one shows it. Measured from the moment before the \
         pointer's event is dispatched to the beginning of the frame after the one in which the other \
         page's document has the piece at that place or further, by the clocks of the two pages. The \
         mover's own work is everything that the event sets off until it is done; its frame, all that \
         its page does until it has painted, whoever else wants the processor meanwhile. Written by \
         `cargo xtask bench stage` ({}).\n",
        lines[0].number("pages")?,
        machine::date()
    );
    let verdict = |worst: f64, most: f64| {
        if worst < most {
            "reached".to_owned()
        } else {
            format!("missed by {:.1} ms", worst - most)
        }
    };
    let (paint, work) = (worst("p99")?, worst("work_max")?);
    text.push_str("| what | to reach | worst round | verdict |\n|---|---|---|---|\n");
    let _ = writeln!(
        text,
        "| pointer event to the other browser's paint, p99 | under {PAINT} ms | {paint:.1} ms | {} |",
        verdict(paint, PAINT)
    );
    let _ = writeln!(
        text,
        "| the mover's longest own work in a frame | under {WORK} ms | {work:.2} ms | {} |\n",
        verdict(work, WORK)
    );
    text.push_str(
        "| round | moves a second | paint p50 | p99 | max | own work p50 | max | frame p50 | p99 | max |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (round, line) in (1..).zip(lines) {
        let _ = write!(text, "| {round} ");
        for name in [
            "rate",
            "p50",
            "p99",
            "max",
            "work_p50",
            "work_max",
            "frame_p50",
            "frame_p99",
            "frame_max",
        ] {
            let _ = write!(text, "| {} ", line.number(name)?);
        }
        text.push_str("|\n");
    }
    text.push_str("\nAll but the first two columns in milliseconds.\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Asked> {
        Asked::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_hurried_run_is_not_written() {
        assert!(asked("").expect("it is well formed").write);
        assert!(!asked("--quick").expect("it is well formed").write);
        assert_eq!(asked("--pages=50 --rounds 2").expect("it is well formed").pages, 50);
        assert!(asked("--rounds 0").is_err());
        assert!(asked("--pages").is_err());
        assert!(asked("--fly").is_err());
    }

    #[test]
    fn the_worst_round_decides() {
        let line = |p99| {
            Line::parse(&format!(
                "pages=200 moves=600 rate=60.0 p50=30.0 p99={p99} max=60 work_p50=0.2 work_max=1.5 \
                 frame_p50=1 frame_p99=2 frame_max=3"
            ))
        };
        let text = section(&[line("41.5"), line("52.5")]).expect("all figures are there");
        assert!(text.contains("| 52.5 ms | missed by 2.5 ms |"), "{text}");
        assert!(text.contains("| 1.50 ms | reached |"), "{text}");
        assert!(section(&[]).is_err());
    }
}
