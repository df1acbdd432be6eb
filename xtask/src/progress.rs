//! What is going on and how far it is: one line a step. On a terminal the lines of the steps that
//! are under way are kept fresh; elsewhere a line is written when a step begins, every half minute
//! while it goes on, and when it ends.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::process;

/// How often a step speaks where its line cannot be redrawn.
const PLAIN_INTERVAL: Duration = Duration::from_secs(30);

/// The steps of one task. Several may be under way at once.
pub(crate) struct Progress {
    /// The width of the terminal; `None` when this is not one.
    terminal: Option<usize>,
    state: Mutex<State>,
}

struct State {
    total: usize,
    begun: usize,
    live: Vec<Live>,
    /// How many lines of the terminal show live steps now, and what is in them.
    drawn: usize,
    shown: String,
}

struct Live {
    number: usize,
    name: String,
    note: String,
    since: Instant,
    spoke: Instant,
}

impl Progress {
    /// `total`: how many steps there will be.
    pub(crate) fn new(total: usize) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some() || std::env::var_os("CI").is_some();
        let terminal = (!plain && io::stderr().is_terminal()).then(terminal_width);
        let state = State { total, begun: 0, live: Vec::new(), drawn: 0, shown: String::new() };
        Self { terminal, state: Mutex::new(state) }
    }

    /// Begins a step. `note` says what it does first.
    pub(crate) fn step(&self, name: impl Into<String>, note: &str) -> Step<'_> {
        let now = Instant::now();
        let mut state = self.lock();
        state.begun += 1;
        let number = state.begun;
        state.live.push(Live {
            number,
            name: name.into(),
            note: note.to_owned(),
            since: now,
            spoke: now,
        });
        drop(state);
        if self.terminal.is_none() && !note.is_empty() {
            self.speak(number);
        }
        self.redraw();
        Step { progress: self, number }
    }

    /// Writes lines above those of the live steps.
    pub(crate) fn print(&self, text: &str) {
        self.wipe();
        eprintln!("{text}");
        self.redraw();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn speak(&self, number: usize) {
        let mut state = self.lock();
        let total = state.total;
        if let Some(live) = state.live.iter_mut().find(|live| live.number == number) {
            live.spoke = Instant::now();
            eprintln!("{}", live.line(total));
        }
    }

    fn end(&self, number: usize, note: &str) {
        let mut state = self.lock();
        let Some(index) = state.live.iter().position(|live| live.number == number) else { return };
        let mut ended = state.live.remove(index);
        note.clone_into(&mut ended.note);
        let last = ended.line(state.total);
        drop(state);
        self.print(&last);
    }

    fn wipe(&self) {
        let mut state = self.lock();
        if self.terminal.is_some() && state.drawn > 0 {
            // Up to the first of the lines, then clear to the end of the screen.
            eprint!("\x1b[{}A\x1b[J", state.drawn);
            state.drawn = 0;
        }
    }

    fn redraw(&self) {
        let Some(width) = self.terminal else { return };
        let mut state = self.lock();
        let mut text = String::new();
        for live in &state.live {
            // A line that wraps would be two to wipe.
            text.extend(live.line(state.total).chars().take(width.saturating_sub(1)));
            text.push('\n');
        }
        if state.drawn == state.live.len() && state.shown == text {
            return;
        }
        if state.drawn > 0 {
            eprint!("\x1b[{}A\x1b[J", state.drawn);
        }
        eprint!("{text}");
        state.drawn = state.live.len();
        state.shown = text;
        let _ = io::stderr().flush();
    }
}

impl Live {
    fn line(&self, total: usize) -> String {
        line(self.number, total, &self.name, &self.note, self.since.elapsed())
    }
}

/// A step that is under way. Dropped without [`Step::done`], it was given up.
pub(crate) struct Step<'p> {
    progress: &'p Progress,
    number: usize,
}

impl Step<'_> {
    /// What the step does now, e.g. `compiling, 212 of 340 crates`.
    pub(crate) fn note(&self, note: impl Into<String>) {
        let note = note.into();
        let mut state = self.progress.lock();
        if let Some(live) = state.live.iter_mut().find(|live| live.number == self.number) {
            live.note = note;
        }
        drop(state);
        self.refresh();
    }

    /// Shows the clock anew.
    pub(crate) fn refresh(&self) {
        if self.progress.terminal.is_some() {
            self.progress.redraw();
            return;
        }
        let state = self.progress.lock();
        let silent = state.live.iter().find(|live| live.number == self.number);
        let due = silent.is_some_and(|live| live.spoke.elapsed() >= PLAIN_INTERVAL);
        drop(state);
        if due {
            self.progress.speak(self.number);
        }
    }

    /// Ends the step; `note` says how.
    pub(crate) fn done(self, note: &str) {
        self.progress.end(self.number, note);
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        let note = if process::is_ending() { "stopped" } else { "failed" };
        self.progress.end(self.number, note);
    }
}

/// `[3/7] trunk 0.21.14 — compiling, 212 of 340 crates, 1m12s`
fn line(number: usize, total: usize, name: &str, note: &str, elapsed: Duration) -> String {
    let mut line = format!("[{number}/{total}] {name}");
    if !note.is_empty() {
        let _ = write!(line, " — {note}");
    }
    if elapsed >= Duration::from_secs(1) {
        let _ = write!(line, ", {}", clock(elapsed));
    }
    line
}

/// A length of time as people say it: `4s`, `1m12s`.
pub(crate) fn clock(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => format!("{}m{:02}s", seconds / 60, seconds % 60),
    }
}

/// `stty` knows; where there is none, the width that terminals have had for ever.
fn terminal_width() -> usize {
    let output = Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    String::from_utf8_lossy(&output)
        .split_whitespace()
        .nth(1)
        .and_then(|columns| columns.parse().ok())
        .filter(|columns| *columns > 20)
        .unwrap_or(80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_which_step_what_and_how_long() {
        assert_eq!(
            line(3, 7, "trunk 0.21.14", "compiling, 212 of 340 crates", Duration::from_secs(72)),
            "[3/7] trunk 0.21.14 — compiling, 212 of 340 crates, 1m12s"
        );
        assert_eq!(line(1, 7, "wasm-opt", "", Duration::ZERO), "[1/7] wasm-opt");
    }

    #[test]
    fn steps_are_numbered_in_the_order_in_which_they_begin_and_leave_when_they_end() {
        let progress = Progress { terminal: None, ..Progress::new(2) };
        let first = progress.step("first", "");
        let second = progress.step("second", "");
        first.done("ready");
        let live: Vec<_> = progress.lock().live.iter().map(|live| live.number).collect();
        assert_eq!(live, [2]);
        drop(second);
        assert!(progress.lock().live.is_empty());
    }
}
