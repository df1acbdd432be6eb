//! Runs cargo as a step: its progress becomes the step's, its output goes to a log, and when it
//! fails, the last lines are shown.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{Ended, Log, News, stream};
use crate::progress::Step;
use crate::setup::advice;

/// How many lines of a failed program are shown; the log has all of them.
const TAIL: usize = 25;

/// A call of the cargo that runs this program.
pub(crate) fn command(folder: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = clean(Command::new(cargo));
    command.current_dir(folder);
    // Cargo hides its bar where there is no terminal, but it is what knows how far it is.
    command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "120");
    command.env("CARGO_TERM_COLOR", "never");
    command
}

/// A call of another program that may call cargo.
pub(crate) fn other(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = clean(Command::new(program));
    command.current_dir(folder);
    command
}

/// Takes away what cargo tells this package about itself: build scripts of other packages that
/// look at the same variables would run again and again.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a program as (a part of) a step; what it writes is kept in `log`. Fails with its last
/// lines, the place of the log, and what can be done about it where that is known.
pub(crate) fn run(step: &Step<'_>, what: &str, command: Command, log: &Path) -> Result<()> {
    let mut lines: Vec<String> = Vec::new();
    let mut file = Log::create(log)?;
    let ended = stream(command, None, &mut |news| match news {
        News::Tick => step.refresh(),
        News::Line(line) => match Said::parse(line) {
            Said::Progress { done, total } => {
                step.note(format!("compiling, {done} of {total} crates"));
            }
            Said::Waiting => step.note("waiting for another cargo to finish"),
            Said::Downloading => step.note("downloading crates"),
            Said::Other => {
                file.line(line);
                if !line.trim().is_empty() {
                    lines.push(line.to_owned());
                }
                step.refresh();
            }
        },
    })?;
    let how = match ended {
        Ended::Well => return Ok(()),
        Ended::Stopped => bail!("{what}: stopped"),
        Ended::TooLate => "took too long".to_owned(),
        Ended::Badly(Some(code)) => format!("failed with exit code {code}"),
        Ended::Badly(None) => "was ended by a signal".to_owned(),
    };
    bail!("{}", failure(what, &how, &lines, log))
}

/// What a person needs to know about a failed program.
fn failure(what: &str, how: &str, lines: &[String], log: &Path) -> String {
    let shown = &lines[lines.len().saturating_sub(TAIL)..];
    let mut text = format!("{what} {how}. It said last:\n");
    for line in shown {
        text.push_str("    ");
        text.push_str(line);
        text.push('\n');
    }
    text.push_str("All of it: ");
    text.push_str(&log.display().to_string());
    if let Some(advice) = advice::find(&lines.join("\n")) {
        text.push_str("\nWhat to do: ");
        text.push_str(advice);
    }
    text
}

/// What a line of cargo's output means for the progress of a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Progress { done: u32, total: u32 },
    Waiting,
    Downloading,
    Other,
}

impl Said {
    pub(crate) fn parse(line: &str) -> Self {
        let line = line.trim_start();
        if line.starts_with("Blocking waiting for file lock") {
            return Self::Waiting;
        }
        if line.starts_with("Downloading") || line.starts_with("Fetch [") {
            return Self::Downloading;
        }
        if let Some((done, total)) = bar(line) {
            return Self::Progress { done, total };
        }
        Self::Other
    }
}

/// `Building [=====>     ] 12/340: serde, syn(build)`
fn bar(line: &str) -> Option<(u32, u32)> {
    let rest = line.strip_prefix("Building [")?;
    let (_, counts) = rest.split_once(']')?;
    let (done, total) = counts.trim_start().split_once('/')?;
    let total = total.split(|character: char| !character.is_ascii_digit()).next()?;
    Some((done.parse().ok()?, total.parse().ok()?))
}

/// The log of a step of this checkout.
pub(crate) fn log_path(state: &Path, name: &str) -> PathBuf {
    state.join("logs").join(format!("{name}.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_bar_tells_how_many_crates_are_done() {
        let line = "    Building [======>                ] 212/340: rustls, tokio(build)";
        assert_eq!(Said::parse(line), Said::Progress { done: 212, total: 340 });
        assert_eq!(Said::parse("    Building [==>   ] 7/9"), Said::Progress { done: 7, total: 9 });
        assert_eq!(Said::parse("   Compiling serde v1.0.2"), Said::Other);
        assert_eq!(Said::parse("Building [is hard"), Said::Other);
    }

    #[test]
    fn a_failure_shows_the_last_lines_the_log_and_what_to_do() {
        let mut lines: Vec<_> = (0..60).map(|number| format!("line {number}")).collect();
        lines.push("error: No space left on device (os error 28)".to_owned());
        let text = failure("trunk", "failed", &lines, Path::new("/cache/logs/trunk.log"));
        assert!(!text.contains("line 20") && text.contains("line 59"), "{text}");
        assert!(text.contains("/cache/logs/trunk.log"), "{text}");
        assert!(text.contains("What to do: ") && text.contains("disk is full"), "{text}");
    }
}
