//! What test runners say, counted; the table and the last line, which other programs read.

use std::fmt::Write as _;
use std::time::Duration;

use super::steps::Kind;
use crate::progress::clock;

/// How many lines of a failed command are shown, where no part of them is known to matter.
const TAIL: usize = 100;

/// Tests, by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub passed: u32,
    pub failed: u32,
    pub ignored: u32,
}

impl Counts {
    /// How many were run.
    pub(super) fn all(self) -> u32 {
        self.passed + self.failed
    }

    /// Adds what a runner tells at its end; every other line is none of it:
    /// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; …`
    pub(super) fn add_line(&mut self, line: &str) {
        let Some(rest) = line.trim_start().strip_prefix("test result: ") else { return };
        for part in rest.split([';', '.']) {
            let Some((number, word)) = part.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u32>() else { continue };
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// How a step ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub counts: Counts,
    pub well: bool,
    /// Why not, where the counts do not tell.
    pub reason: &'static str,
    /// The tests that failed; see [`reasons`].
    pub failed: Vec<String>,
}

impl Outcome {
    /// For the end of the step's line.
    pub(super) fn say(&self, kind: Kind) -> String {
        let Counts { passed, failed, .. } = self.counts;
        match (kind, self.well && failed == 0) {
            (Kind::Check, true) => "passed".to_owned(),
            (Kind::Tests, true) => format!("{passed} passed"),
            (Kind::Tests, false) if failed > 0 => format!("{passed} passed, {failed} failed"),
            (_, false) if self.reason.is_empty() => "failed".to_owned(),
            (_, false) => format!("failed, {}", self.reason),
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Row {
    name: &'static str,
    counts: Counts,
    well: bool,
    reason: &'static str,
    failed: Vec<String>,
    time: Duration,
}

impl Row {
    /// A step that failed has at least one failure, also where no test could be counted.
    pub(super) fn new(name: &'static str, kind: Kind, outcome: &Outcome, time: Duration) -> Self {
        let mut counts = outcome.counts;
        let well = outcome.well && counts.failed == 0;
        match (kind, well) {
            (Kind::Check, true) => counts.passed = 1,
            (_, false) => counts.failed = counts.failed.max(1),
            (Kind::Tests, true) => {}
        }
        let failed = outcome.failed.clone();
        Self { name, counts, well, reason: outcome.reason, failed, time }
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.well
    }
}

/// What failed, the table, and the line that sums it up, alone.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        for reason in &row.failed {
            let _ = writeln!(text, "\nfailed in {}: {reason}", row.name);
        }
    }
    let _ = write!(
        text,
        "\n{:<13}{:<8}{:>7}{:>8}{:>9}{:>9}\n",
        "step", "", "passed", "failed", "ignored", "time"
    );
    for row in rows {
        let result = if row.well { "ok" } else { "FAILED" };
        let Counts { passed, failed, ignored } = row.counts;
        let time = clock(row.time);
        let line = format!(
            "{:<13}{result:<8}{passed:>7}{failed:>8}{ignored:>9}{time:>9}  {}",
            row.name, row.reason
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let sum = |count: fn(&Counts) -> u32| rows.iter().map(|row| count(&row.counts)).sum::<u32>();
    let _ = writeln!(
        text,
        "\n{} passed, {} failed",
        sum(|counts| counts.passed),
        sum(|counts| counts.failed)
    );
    text
}

/// Of the output of a failed command, what says why: the failed tests' own output where there is
/// some, compiler errors where there are some, else the end.
pub(super) fn failures(lines: &[String]) -> String {
    let mut shown = Vec::new();
    let mut inside = false;
    for line in lines {
        if line.starts_with("---- ") || is_compiler_error(line) {
            inside = true;
        } else if line.starts_with("test result: ") {
            inside = false;
        }
        if inside {
            shown.push(line.as_str());
        }
    }
    let mut shown = without_foreign_frames(&shown);
    if shown.is_empty() {
        let from = lines.len().saturating_sub(TAIL);
        shown.extend(lines[from..].iter().map(String::as_str));
    }
    shown.join("\n")
}

/// The lines without those of backtraces that are not about this checkout: a test that waits has
/// some twenty of them for each of its own.
fn without_foreign_frames<'l>(lines: &[&'l str]) -> Vec<&'l str> {
    let mut kept = Vec::with_capacity(lines.len());
    let mut lines = lines.iter().copied().peekable();
    while let Some(line) = lines.next() {
        if !is_frame(line) {
            kept.push(line);
            continue;
        }
        let place = lines.next_if(|next| next.trim_start().starts_with("at "));
        if let Some(place) = place.filter(|place| place.trim_start().starts_with("at ./")) {
            kept.extend([line, place]);
        }
    }
    kept
}

/// `  12: name of a function`
fn is_frame(line: &str) -> bool {
    let number = line.starts_with("  ").then(|| line.trim_start().split_once(": ")).flatten();
    number
        .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// How many lines of what a failed test said at first are repeated at the end.
const MOST: usize = 6;

/// Each failed test, with what it said when it failed.
pub(super) fn reasons(lines: &[String]) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut lines = lines.iter().map(String::as_str).peekable();
    while let Some(line) = lines.next() {
        let name = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"));
        let Some(name) = name else { continue };
        let mut reason = name.to_owned();
        let own = |next: &&str| !next.starts_with("---- ") && !next.starts_with("failures:");
        let mut said = Vec::new();
        while let Some(line) = lines.next_if(own) {
            said.push(line);
        }
        let from = said.iter().position(|line| line.contains(" panicked at ")).unwrap_or(0);
        let why = said[from..].iter().take_while(|line| !line.starts_with("stack backtrace:"));
        for line in why.filter(|line| !line.is_empty()).take(MOST) {
            let _ = write!(reason, "\n    {line}");
        }
        reasons.push(reason);
    }
    reasons
}

/// `error[E0308]: …`, `error: …`; what follows belongs to it.
fn is_compiler_error(line: &str) -> bool {
    line.starts_with("error[") || line.starts_with("error:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runners_tell_is_added_up() {
        let mut counts = Counts::default();
        counts.add_line("running 3 tests");
        counts.add_line(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; \
             finished in 0.02s",
        );
        counts.add_line("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 filtered out");
        counts.add_line("test tells_9_passed ... ok");
        assert_eq!(counts, Counts { passed: 14, failed: 3, ignored: 1 });
    }

    fn row(kind: Kind, passed: u32, failed: u32, well: bool) -> Row {
        let counts = Counts { passed, failed, ignored: 0 };
        Row::new(
            "name",
            kind,
            &Outcome { counts, well, reason: "", failed: Vec::new() },
            Duration::from_secs(61),
        )
    }

    #[test]
    fn the_last_line_sums_up_tests_and_checks() {
        let rows = [row(Kind::Check, 0, 0, true), row(Kind::Tests, 7, 2, false)];
        assert_eq!(table(&rows).lines().last(), Some("8 passed, 2 failed"));
        assert!(!rows[0].has_failed() && rows[1].has_failed());
    }

    #[test]
    fn a_step_that_failed_without_a_failed_test_is_one_failure() {
        let rows = [row(Kind::Tests, 7, 0, false), row(Kind::Check, 0, 0, false)];
        assert_eq!(table(&rows).lines().last(), Some("7 passed, 2 failed"));
        assert!(rows.iter().all(Row::has_failed));
    }

    #[test]
    fn a_failed_test_is_a_failure_even_if_the_runner_ended_well() {
        assert!(row(Kind::Tests, 1, 1, true).has_failed());
    }

    #[test]
    fn of_a_failed_run_the_failures_are_shown() {
        let lines: Vec<String> = [
            "test one ... ok",
            "test two ... FAILED",
            "failures:",
            "---- two stdout ----",
            "assertion failed",
            "test result: FAILED. 1 passed; 1 failed",
            "     Running tests/other.rs",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(failures(&lines), "---- two stdout ----\nassertion failed");
        assert_eq!(failures(&lines[..1]), "test one ... ok");
    }

    #[test]
    fn a_failed_test_says_why_at_the_end_and_shows_its_own_frames_alone() {
        let text = "---- one stdout ----\nbefore\n\n\
            thread 'one' (7) panicked at tests/one.rs:3:5:\nit is 2, not 3\nstack backtrace:\n   \
            0: core::panicking::panic_fmt\n   1: one::{closure#0}\n             at ./tests/one.rs:3:5\n   \
            2: poll\n             at /rustc/library/core.rs:1:2\nnote: Some details\n\n\
            ---- two stdout ----\nError: gone\n\n\nfailures:\n    one\n    two\n\ntest result: FAILED. 0 passed; 2 failed";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let shown = failures(&lines);
        assert!(shown.contains("1: one::{closure#0}\n             at ./tests/one.rs:3:5\nnote"));
        assert!(!shown.contains("panic_fmt") && !shown.contains("/rustc"), "{shown}");
        let first = "one\n    thread 'one' (7) panicked at tests/one.rs:3:5:\n    it is 2, not 3";
        let expected = [first, "two\n    Error: gone"];
        assert_eq!(reasons(&lines), expected);
        let outcome = Outcome {
            counts: Counts { failed: 2, ..Counts::default() },
            well: false,
            reason: "",
            failed: reasons(&lines),
        };
        let table = table(&[Row::new("name", Kind::Tests, &outcome, Duration::ZERO)]);
        assert!(table.contains(&format!("\nfailed in name: {first}\n")), "{table}");
        assert_eq!(table.lines().last(), Some("0 passed, 2 failed"));
    }
}
