//! `docs/BENCHMARKS.md`: the tables, and all that somebody needs to judge and to repeat them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::contestant::Contestant;
use super::field::Field;
use super::options::Options;
use super::results::Results;
use super::verdict::Row;
use super::{machine, table};

/// Between these, text written by hand is kept.
const NOTES: Marks = ("<!-- notes -->", "<!-- /notes -->");

/// Between these stands what `cargo xtask bench stage` writes.
pub(super) const STAGE: Marks = ("<!-- stage -->", "<!-- /stage -->");

/// The beginning and the end of a part that is not made anew with the rest.
type Marks = (&'static str, &'static str);

/// Writes the file anew, with the notes that were in it.
pub(super) fn write(
    path: &Path,
    rows: &[Row],
    results: &Results,
    field: &Field,
    options: &Options,
) -> Result<()> {
    let before = fs::read_to_string(path).unwrap_or_default();
    let text = text(rows, results, field, options, notes(&before));
    let text = with(&text, STAGE, part(&before, STAGE).unwrap_or("\n"));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

fn text(rows: &[Row], results: &Results, field: &Field, options: &Options, notes: &str) -> String {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `cargo xtask bench`. What stands between the `notes` marks is \
         written by hand and kept; the rest is made anew each time.\n\n## What was to be reached\n\n",
    );
    text.push_str(&table::targets(rows));
    let _ = write!(
        text,
        "\nEach ratio is the median of those of {} rounds; half of them lie between the two in \
         brackets.\n\
         \n## Figures\n\nMedians over {} rounds of {} s. `load's share` is the load generator's CPU \
         time as a multiple of the server's; above 1 it is marked `!`, for then it may have been what \
         held up.\n",
        options.rounds, options.rounds, options.seconds
    );
    text.push_str(&table::figures(results));
    text.push_str(&table::remarks(results, field));
    let _ = write!(text, "\n{}\n{}\n", STAGE.0, STAGE.1);
    let _ = write!(text, "\n## Notes\n\n{}{notes}{}\n", NOTES.0, NOTES.1);
    let _ = write!(text, "\n## Machine and versions\n\n| | |\n|---|---|\n");
    let _ = writeln!(text, "| date | {} |", machine::date());
    for (name, value) in machine::describe() {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    for contestant in Contestant::ALL {
        if let Some(version) = field.versions.get(&contestant) {
            let _ = writeln!(text, "| {} | {version} |", contestant.title());
        }
    }
    text.push_str(&METHOD.replace("FRAME", &results.frame_bytes.to_string()));
    text
}

const METHOD: &str = "
## Method

Each server is pinned to core 0, the load generator to core 1 of the same machine; all traffic is on
loopback. A publisher sends one HTTP POST a publish on a connection that it keeps, in the same form to
all. Ours does its full work: it checks the token, appends to the log, renders the text, wraps it
in its envelope with an offset to resume from, and answers when the publish is kept. The others send
the body they got to every page, without a log and without authentication. Frames are of one size for
all: our frame of the text has FRAME bytes at an offset of four digits, and the others' bodies are made
as long. (Ours grow by a few bytes with the offset.)

The load generator is one thread with one epoll loop. It walks frames where they lie, finds the number
of the publish in each, and counts: every page has to get every publish once, or the round has failed.
CPU time is the kernel's, of all threads of a process, in nanoseconds; it holds what the kernel does on
behalf of a process, too, which on loopback includes the receiving side of TCP. Latency is taken in the
load generator, from the moment before the publish is sent to the moment after the read that brought the
frame. Memory is what is resident, as the kernel tells it, less what was resident before the first
page came; the kernel's own memory for sockets is not in it, and is the same for all.

\"The next publish when all have it\" shows what a delivery costs. \"32 publishers at once\" are as many
connections, each of which publishes again when it is answered, unless some page is more than 128
frames behind; who gathers frames is quick there. \"100 publishes a second\" keeps to the clock,
whatever the server does. A long poll asks again as soon as it is answered. The durable publishes run
without pages; the disk's pace is that of `fdatasync` after each 4 KiB at the end of a file, before and
after in the same folder. The herd: every page has its place in the log, and the newest five events are missing on some;
the server is killed with SIGKILL, started again, and every page comes back at a random moment of the
first second. There the server and the load generator share both cores.

All servers of a table are started with nothing from before, get their pages, and are then measured in turn,
a moment each, round after round; those whose turn it is not do nothing but keep their pages alive.
So what slows the machine down for longer than that meets all of them alike, and ratios are taken
within a round.

## How to repeat it

    cargo xtask bench

installs what is missing and takes about twenty minutes; `cargo xtask help bench` tells how to measure
less. Nothing else should run meanwhile.
";

/// The text between the marks; a place for it where there is none.
fn notes(document: &str) -> &str {
    part(document, NOTES).unwrap_or("\n")
}

/// What stands between two marks.
fn part(document: &str, marks: Marks) -> Option<&str> {
    let (_, rest) = document.split_once(marks.0)?;
    Some(rest.split_once(marks.1)?.0)
}

/// The document with this between two marks; where it has none, before the notes, or at its end.
pub(super) fn with(document: &str, marks: Marks, new: &str) -> String {
    let whole = format!("{}{new}{}", marks.0, marks.1);
    if let Some(old) = part(document, marks) {
        return document.replacen(&format!("{}{old}{}", marks.0, marks.1), &whole, 1);
    }
    match document.split_once("## Notes\n") {
        Some((before, after)) => format!("{before}{whole}\n\n## Notes\n{after}"),
        None => format!("{}\n\n{whole}\n", document.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_by_hand_is_kept() {
        let document = format!("old\n{}\nThe soak ran.\n{}\nold", NOTES.0, NOTES.1);
        assert_eq!(notes(&document), "\nThe soak ran.\n");
        assert_eq!(notes("nothing yet"), "\n");
    }

    #[test]
    fn the_stage_is_put_in_place_of_what_stood_there_or_before_the_notes() {
        let first = with("figures\n\n## Notes\n\nby hand\n", STAGE, "\none\n");
        assert_eq!(part(&first, STAGE), Some("\none\n"));
        assert!(first.ends_with("<!-- /stage -->\n\n## Notes\n\nby hand\n"), "{first}");
        let second = with(&first, STAGE, "\ntwo\n");
        assert_eq!(second, first.replace("one", "two"));
        assert_eq!(part(&with("", STAGE, "x"), STAGE), Some("x"));
    }
}
