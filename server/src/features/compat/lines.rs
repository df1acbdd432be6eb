//! The newest lines of the chat, which every name has had a part of. Pure: the clock is passed in.

use crate::words;
use nowcast_shared::chat::Said;
use nowcast_shared::id::SaidId;
use nowcast_shared::offset::Offset;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// How many lines a name's queue has at most; of more, the newest count.
pub(super) const MOST_LINES: usize = 200;

/// How many names are known at most.
const MOST_NAMES: usize = 10_000;

/// How long a name is silent before it is forgotten.
const SILENCE: Duration = Duration::from_mins(5);

/// The same, where there is no more room. A page that is open asks every few seconds.
const SILENCE_WHEN_FULL: Duration = Duration::from_secs(15);

/// How often is looked for names that can be forgotten, at most.
const SWEEP: Duration = Duration::from_secs(1);

/// Words of the chat.
pub(super) struct Line {
    pub(super) offset: Offset,
    pub(super) id: SaidId,
    pub(super) name: String,
    pub(super) text: String,
}

impl From<Said> for Line {
    fn from(said: Said) -> Self {
        let Said { offset, id, name, text, .. } = said;
        Self { offset, id, name, text }
    }
}

/// The newest lines, and who listens. All queues share their lines: of its own each has only where
/// it begins.
#[derive(Default)]
pub(super) struct Lines {
    newest: VecDeque<Line>,
    names: HashMap<String, Listener>,
    swept: Option<Instant>,
}

/// A name that asks for lines.
struct Listener {
    /// What it has had.
    through: Offset,
    asked: Instant,
}

/// As many names as may be listen already.
#[derive(Debug)]
pub(super) struct Full;

impl Lines {
    /// The place before the oldest.
    pub(super) fn begin(&self) -> Option<Offset> {
        self.newest.front().map(|line| Offset(line.offset.0.saturating_sub(1)))
    }

    /// Nothing but these; each name has had what it had.
    pub(super) fn replace(&mut self, newest: VecDeque<Line>) {
        self.newest = newest;
    }

    /// Somebody said something, if that is not there already.
    pub(super) fn say(&mut self, line: Line) {
        if self.newest.back().is_some_and(|newest| newest.offset >= line.offset) {
            return;
        }
        if self.newest.len() == MOST_LINES {
            self.newest.pop_front();
        }
        self.newest.push_back(line);
    }

    /// Words are other words now.
    pub(super) fn edit(&mut self, said: &SaidId, text: String) {
        if let Some(line) = self.newest.iter_mut().rev().find(|line| line.id == *said) {
            line.text = text;
        }
    }

    /// Words are gone.
    pub(super) fn delete(&mut self, said: &SaidId) {
        self.newest.retain(|line| line.id != *said);
    }

    /// What was said before this offset is gone.
    pub(super) fn let_go(&mut self, before: Offset) {
        while self.newest.pop_front_if(|oldest| oldest.offset < before).is_some() {}
    }

    /// Somebody of this name asks. The queue of a new one begins after `head`.
    pub(super) fn listen(&mut self, name: &str, head: Offset, now: Instant) -> Result<(), Full> {
        if let Some(listener) = self.names.get_mut(name) {
            if now.duration_since(listener.asked) >= SILENCE {
                listener.through = head;
            }
            listener.asked = now;
            return Ok(());
        }
        // Looking at all of them for each that comes would be what a flood wants.
        if self.swept.is_none_or(|swept| now.duration_since(swept) >= SWEEP) {
            let full = self.names.len() >= MOST_NAMES;
            let silence = if full { SILENCE_WHEN_FULL } else { SILENCE };
            self.names.retain(|_, listener| now.duration_since(listener.asked) < silence);
            self.swept = Some(now);
        }
        if self.names.len() >= MOST_NAMES {
            return Err(Full);
        }
        self.names.insert(name.to_owned(), Listener { through: head, asked: now });
        Ok(())
    }

    /// What was said since this name asked the last time, a line each; `None` if that is nothing.
    pub(super) fn take(&mut self, name: &str, now: Instant) -> Option<String> {
        let listener = self.names.get_mut(name)?;
        listener.asked = now;
        let new = self.newest.partition_point(|line| line.offset <= listener.through);
        let lines: String = self
            .newest
            .iter()
            .skip(new)
            .map(|line| words::line_of(&line.name, " : ", &line.text))
            .collect();
        let newest = self.newest.back().filter(|_| !lines.is_empty())?;
        listener.through = newest.offset;
        Some(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &mut Lines, offset: u64, text: &str) {
        let id = format!("s{offset}").as_str().into();
        let (name, text) = ("Ana".to_owned(), text.to_owned());
        lines.say(Line { offset: Offset(offset), id, name, text });
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_begins_with_the_first_request_and_gives_each_line_once() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        said(&mut lines, 1, "before");
        lines.listen("Ben", Offset(1), now).unwrap();
        assert_eq!(lines.take("Ben", now), None);
        said(&mut lines, 2, "one");
        said(&mut lines, 4, "two\nlines");
        assert_eq!(lines.take("Ben", now).as_deref(), Some("Ana : one\nAna : two lines\n"));
        assert_eq!(lines.take("Ben", now), None);
        assert_eq!(lines.take("Somebody", now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_edited_or_deleted_meanwhile_is() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        lines.listen("Ben", Offset(0), now).unwrap();
        (1..=3).for_each(|offset| said(&mut lines, offset, "x"));
        lines.edit(&"s1".into(), "y".to_owned());
        lines.delete(&"s2".into());
        lines.delete(&"s2".into());
        assert_eq!(lines.take("Ben", now).as_deref(), Some("Ana : y\nAna : x\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_is_bounded_and_the_newest_lines_are_in_it() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        lines.listen("Ben", Offset(0), now).unwrap();
        (1..=1000).for_each(|offset| said(&mut lines, offset, &offset.to_string()));
        let taken = lines.take("Ben", now).unwrap();
        assert_eq!(taken.lines().count(), MOST_LINES);
        assert!(taken.ends_with("Ana : 1000\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_name_is_forgotten_after_five_minutes() {
        let mut lines = Lines::default();
        lines.listen("Ben", Offset(0), Instant::now()).unwrap();
        lines.listen("Cleo", Offset(0), Instant::now()).unwrap();
        said(&mut lines, 1, "x");
        tokio::time::advance(Duration::from_secs(299)).await;
        lines.listen("Ben", Offset(1), Instant::now()).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        lines.listen("Cleo", Offset(1), Instant::now()).unwrap();
        assert_eq!(lines.take("Ben", Instant::now()).as_deref(), Some("Ana : x\n"));
        assert_eq!(lines.take("Cleo", Instant::now()), None);
        tokio::time::advance(SILENCE).await;
        lines.listen("Dora", Offset(1), Instant::now()).unwrap();
        assert_eq!(lines.names.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn names_are_bounded_and_there_is_room_again_when_some_fell_silent() {
        let mut lines = Lines::default();
        for name in 0..MOST_NAMES {
            lines.listen(&name.to_string(), Offset(0), Instant::now()).unwrap();
        }
        assert!(lines.listen("one more", Offset(0), Instant::now()).is_err());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(lines.listen("0", Offset(0), Instant::now()).is_ok());
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(lines.listen("one more", Offset(0), Instant::now()).is_ok());
        assert_eq!(lines.names.len(), 2, "whoever goes on asking stays");
    }
}
