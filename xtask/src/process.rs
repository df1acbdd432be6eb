//! Other programs: started in a process group of their own, read line by line, and never left
//! behind: Ctrl-C, a time limit and a failure elsewhere end the whole group.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(8);

/// The process groups that are running now, by the id of their first process.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
/// Set when everything is being ended: nothing new is started, and failures are not news.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Set by Ctrl-C and its like.
static SIGNALLED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that a signal ended, as shells have it for Ctrl-C.
pub(crate) const EXIT_BY_SIGNAL: u8 = 130;

/// Something that [`stream`] tells its watcher.
pub(crate) enum News<'a> {
    /// A line of output, without its end; a carriage return ends one too.
    Line(&'a str),
    /// Nothing new for a moment: time to refresh a clock.
    Tick,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// With this exit code, if it was not a signal.
    Badly(Option<i32>),
    /// It took longer than it was allowed to.
    TooLate,
    /// It was ended because something else failed or because of Ctrl-C.
    Stopped,
}

/// Where the output of a program is kept.
pub(crate) struct Log(File);

impl Log {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        }
        let file = File::create(path)
            .with_context(|| format!("the log {} cannot be written", path.display()))?;
        Ok(Self(file))
    }

    pub(crate) fn line(&mut self, line: &str) {
        // A log that cannot be written (a full disk) must not hide why the program failed.
        let _ = writeln!(self.0, "{line}");
    }
}

/// Runs `command` to its end, telling `watch` each line of what it writes (both streams, in
/// order). `watch` also decides what is worth keeping: it gets the log.
pub(crate) fn stream(
    mut command: Command,
    limit: Option<Duration>,
    watch: &mut dyn FnMut(News<'_>),
) -> Result<Ended> {
    if is_ending() {
        return Ok(Ended::Stopped);
    }
    let name = command.get_program().to_string_lossy().into_owned();
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut group =
        Group::spawn(&mut command).with_context(|| format!("`{name}` cannot be started"))?;
    // The command holds the writing end of the pipe, which has to close for reading to end.
    drop(command);

    let lines = read_lines(reader);
    let since = Instant::now();
    let mut too_late = false;
    let status = loop {
        match lines.recv_timeout(Duration::from_millis(250)) {
            Ok(line) => watch(News::Line(&line)),
            // A grandchild may hold the pipe after the program's end, so its end is asked for too.
            Err(RecvTimeoutError::Timeout) => {
                watch(News::Tick);
                if let Some(status) = group.child.try_wait()? {
                    break status;
                }
            }
            Err(RecvTimeoutError::Disconnected) => break group.wait()?,
        }
        if !too_late && limit.is_some_and(|limit| since.elapsed() > limit) {
            too_late = true;
            group.end();
        }
    };
    while let Ok(line) = lines.try_recv() {
        watch(News::Line(&line));
    }
    Ok(match (status.success(), too_late) {
        (_, true) => Ended::TooLate,
        (true, _) => Ended::Well,
        _ if is_ending() => Ended::Stopped,
        _ => Ended::Badly(status.code()),
    })
}

/// What a short command prints, if it could be started and ended well.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Ends everything that runs, and lets nothing new begin.
pub(crate) fn end_all() {
    ENDING.store(true, Ordering::SeqCst);
    for group in running().iter() {
        signal(*group, Signal::Terminate);
    }
}

/// Takes [`end_all`] back, for a task that goes on with something else after a failure.
pub(crate) fn begin_again() {
    ENDING.store(was_signalled(), Ordering::SeqCst);
}

/// Whether everything is being ended.
pub(crate) fn is_ending() -> bool {
    ENDING.load(Ordering::SeqCst)
}

/// Whether it is the person who ends everything.
pub(crate) fn was_signalled() -> bool {
    SIGNALLED.load(Ordering::SeqCst)
}

/// Ctrl-C, a hang-up and a termination end the programs that were started, then this one.
pub(crate) fn catch_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        SIGNALLED.store(true, Ordering::SeqCst);
        end_all();
        let since = Instant::now();
        while !running().is_empty() && since.elapsed() < GRACE {
            thread::sleep(Duration::from_millis(20));
        }
        for group in running().iter() {
            signal(*group, Signal::Kill);
        }
        std::process::exit(EXIT_BY_SIGNAL.into());
    })
    .context("Ctrl-C cannot be caught")
}

/// A child in a process group of its own, which ends with this value.
pub(crate) struct Group {
    child: Child,
    reaped: bool,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.spawn()?;
        running().insert(child.id());
        Ok(Self { child, reaped: false })
    }

    /// The child, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Ends the whole group without asking.
    pub(crate) fn kill(mut self) {
        signal(self.child.id(), Signal::Kill);
        let _ = self.wait();
    }

    fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        self.reaped = true;
        Ok(status)
    }

    /// Asks the group to end; the caller goes on reading until it has, or a while has passed.
    fn end(&mut self) {
        signal(self.child.id(), Signal::Terminate);
        let since = Instant::now();
        while since.elapsed() < GRACE {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        signal(self.child.id(), Signal::Kill);
        let _ = self.child.kill();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped && matches!(self.child.try_wait(), Ok(None) | Err(_)) {
            self.end();
            let _ = self.child.wait();
        }
        running().remove(&self.child.id());
    }
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Copy)]
enum Signal {
    Terminate,
    Kill,
}

/// Signals a whole process group. The shell's own `kill` is used because it is everywhere, where a
/// system call would need `unsafe` and a program of that name may be missing.
#[cfg(unix)]
fn signal(group: u32, signal: Signal) {
    let name = match signal {
        Signal::Terminate => "TERM",
        Signal::Kill => "KILL",
    };
    let _ = Command::new("sh")
        .args(["-c", &format!("kill -{name} -{group}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Windows has no such signal; the tree below the process is ended at once.
#[cfg(not(unix))]
fn signal(group: u32, _: Signal) {
    let _ = Command::new("taskkill")
        .args(["/T", "/F", "/PID", &group.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Reads on a thread of its own, so that the reader of the lines can also watch the clock.
fn read_lines(mut reader: io::PipeReader) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut splitter = Splitter::default();
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            for line in splitter.take(&buffer[..count]) {
                if send.send(line).is_err() {
                    return;
                }
            }
        }
        if let Some(line) = splitter.rest() {
            let _ = send.send(line);
        }
    });
    lines
}

/// Cuts bytes into lines at line feeds and carriage returns (progress bars end with the latter).
#[derive(Default)]
struct Splitter {
    line: Vec<u8>,
    after_return: bool,
}

impl Splitter {
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for &byte in bytes {
            match byte {
                // The second half of the end of a Windows line.
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => {
                    lines.push(plain(&String::from_utf8_lossy(&self.line)));
                    self.line.clear();
                }
                _ => self.line.push(byte),
            }
            self.after_return = byte == b'\r';
        }
        lines
    }

    fn rest(self) -> Option<String> {
        (!self.line.is_empty()).then(|| plain(&String::from_utf8_lossy(&self.line)))
    }
}

/// Without the escape sequences that colour text and wipe lines.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            text.push(character);
        } else if characters.next() == Some('[') {
            // A control sequence ends with its first letter.
            while characters.next().is_some_and(|parameter| !parameter.is_ascii_alphabetic()) {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_line_feeds_and_carriage_returns_wherever_the_reads_are_cut() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.take(b"one\ntw"), ["one"]);
        assert_eq!(splitter.take(b"o\rthree\r\nfo"), ["two", "three"]);
        assert_eq!(splitter.rest().as_deref(), Some("fo"));
    }

    #[test]
    fn escape_sequences_are_taken_out() {
        assert_eq!(plain("\u{1b}[K\u{1b}[1;32mBuilding\u{1b}[0m 3/7"), "Building 3/7");
    }

    #[test]
    #[cfg(unix)]
    fn output_of_both_streams_arrives_in_order_with_the_exit_code() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; printf last; exit 3"]);
        let mut lines = Vec::new();
        let ended = stream(command, None, &mut |news| {
            if let News::Line(line) = news {
                lines.push(line.to_owned());
            }
        });
        assert_eq!(ended.expect("sh runs"), Ended::Badly(Some(3)));
        assert_eq!(lines, ["out", "err", "last"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_program_that_takes_too_long_is_ended_with_its_children() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; wait"]);
        let mut child = String::new();
        let ended = stream(command, Some(Duration::from_millis(300)), &mut |news| {
            if let News::Line(line) = news {
                line.clone_into(&mut child);
            }
        });
        assert_eq!(ended.expect("sh runs"), Ended::TooLate);
        let alive = Command::new("sh")
            .args([
                "-c",
                &format!(
                    "kill -0 {child} 2>/dev/null && ! grep -q 'State:.Z' /proc/{child}/status"
                ),
            ])
            .status()
            .expect("sh runs");
        assert!(!alive.success(), "the sleeping child {child} was left behind");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = stream(Command::new("no-such-program"), None, &mut |_| {})
            .expect_err("it is not there");
        assert!(format!("{error:#}").contains("no-such-program"), "{error:#}");
    }
}
