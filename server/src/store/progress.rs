//! How far something is, on standard error, where that is a terminal; nothing otherwise.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

/// How often it is drawn, in a second.
const RATE: u8 = 10;

/// A bar that goes on.
pub struct Progress(ProgressBar);

impl Progress {
    /// Of so many things of a kind (`events`), if it is known how many.
    pub fn new(what: &'static str, all: Option<u64>) -> Self {
        Self::with(what, all, ["{human_pos}", "{human_len}", "{pace}"])
    }

    /// Of so many bytes.
    pub fn bytes(what: &'static str, all: Option<u64>) -> Self {
        Self::with(what, all, ["{binary_bytes}", "{binary_total_bytes}", "{binary_bytes_per_sec}"])
    }

    fn with(what: &'static str, all: Option<u64>, [done, of, pace]: [&str; 3]) -> Self {
        let target = if stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(RATE)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(all, target);
        let template = match all {
            Some(_) => format!("{{wide_bar}} {done}/{of} {{msg}}  {pace}  {{eta}}"),
            None => format!("{{spinner}} {done} {{msg}}  {pace}"),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.with_key("pace", pace_of));
        }
        bar.set_message(what);
        if all.is_none() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self(bar)
    }

    /// So many more are done.
    pub fn add(&self, more: u64) {
        self.0.inc(more);
    }

    /// So many are done.
    pub fn set(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Says this behind it.
    pub fn note(&self, text: &str) {
        if !self.0.is_hidden() {
            self.0.set_message(text.to_owned());
        }
    }

    /// Has something be said beside it.
    pub fn aside(&self, say: impl FnOnce()) {
        self.0.suspend(say);
    }
}

/// How many there are in a second, as people read it.
fn pace_of(state: &ProgressState, to: &mut dyn Write) {
    let _ = write!(to, "{:.0}/s", state.per_sec());
}

impl Drop for Progress {
    /// Leaves the terminal as it was.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
