//! A program that is talked to: it gets lines, it says lines, it ends with this value.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Group};

/// How much of what it complained about is told.
const TOLD: usize = 600;

/// The program.
pub(super) struct Child {
    group: Option<Group>,
    pub pid: u32,
    input: ChildStdin,
    lines: Receiver<String>,
    errors: PathBuf,
}

impl Child {
    /// Starts it; what it complains about is added to the file `errors`.
    pub(super) fn spawn(command: &mut Command, errors: &Path) -> Result<Self> {
        let log = File::options().create(true).append(true).open(errors)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut group = Group::spawn(command)?;
        let child = group.child();
        let pid = child.id();
        let input = child.stdin.take().context("its input is no pipe")?;
        let output = child.stdout.take().context("its output is no pipe")?;
        let (send, lines) = mpsc::channel();
        // Reads on until the end, or the program would wait for room in the pipe.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Ok(Self { group: Some(group), pid, input, lines, errors: errors.to_owned() })
    }

    /// Says a line to it.
    pub(super) fn say(&mut self, line: &str) -> Result<()> {
        writeln!(self.input, "{line}").with_context(|| self.complaints())
    }

    /// The next line that it says.
    pub(super) fn line(&self, limit: Duration) -> Result<String> {
        let since = Instant::now();
        loop {
            match self.lines.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => bail!("it ended: {}", self.complaints()),
                Err(RecvTimeoutError::Timeout) if process::is_ending() => bail!("stopped"),
                Err(RecvTimeoutError::Timeout) if since.elapsed() < limit => {}
                Err(RecvTimeoutError::Timeout) => {
                    bail!("it said nothing for {}s: {}", limit.as_secs(), self.complaints())
                }
            }
        }
    }

    /// The end of what it complained about.
    fn complaints(&self) -> String {
        let text = fs::read_to_string(&self.errors).unwrap_or_default();
        let from = text.len().saturating_sub(TOLD);
        text.get(from..).unwrap_or(&text).trim().replace('\n', "; ")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            group.kill();
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str, name: &str) -> (Child, PathBuf) {
        let name = format!("nowcast-child-{name}-{}", std::process::id());
        let errors = std::env::temp_dir().join(name);
        let _ = fs::remove_file(&errors);
        let child = Child::spawn(Command::new("sh").args(["-c", script]), &errors);
        (child.expect("there is a shell"), errors)
    }

    #[test]
    fn a_program_is_asked_and_answers() {
        let (mut child, errors) = shell("read word; echo \"you said $word\"; sleep 600", "asked");
        child.say("hello").expect("it reads");
        let line = child.line(Duration::from_mins(1)).expect("it answers");
        assert_eq!(line, "you said hello");
        drop(child);
        fs::remove_file(errors).expect("it is ours");
    }

    #[test]
    fn a_program_that_ended_tells_what_it_complained_about() {
        let (child, errors) = shell("echo 'no such port' >&2", "ended");
        let error = child.line(Duration::from_mins(1)).expect_err("it says nothing");
        assert!(error.to_string().contains("no such port"), "{error}");
        fs::remove_file(errors).expect("it is ours");
    }
}
