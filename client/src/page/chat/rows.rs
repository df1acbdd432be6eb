//! What stands under what in the chat: words grouped by person, where the new ones begin, who came
//! and went in between.

use crate::store::chat::{Entry, Mine, Note};
use nowcast_shared::id::PublicId;
use nowcast_shared::offset::Offset;

/// A line of the chat.
#[derive(Clone)]
pub enum Row {
    /// Words.
    Said {
        /// Which.
        entry: Entry,
        /// Whether they begin a group, so that name and time stand above them.
        first: bool,
        /// Whether this page's person said them.
        own: bool,
    },
    /// What follows is new.
    New,
    /// People came and went.
    Note(Note),
    /// This page's words, on their way.
    Mine {
        /// Which.
        mine: Mine,
        /// Whether they begin a group.
        first: bool,
    },
}

impl Row {
    /// Its key: another one where the row looks different in more than its words.
    pub fn key(&self) -> u64 {
        match self {
            Self::New => 0,
            Self::Said { entry, first, own } => {
                8 * entry.key + 2 + u64::from(*first) + 2 * u64::from(*own)
            }
            Self::Note(note) => 8 * note.key,
            Self::Mine { mine, first } => {
                8 * mine.number + 1 + 4 * u64::from(*first) + 2 * u64::from(mine.held)
            }
        }
    }
}

/// Words of one person within this time are one group, in milliseconds.
const GROUP: i64 = 5 * 60 * 1000;

/// Puts everything in its order. `mark`: what came after it is new; `me`: this page's person.
pub fn rows(
    said: &[Entry],
    notes: &[Note],
    mine: &[Mine],
    mark: Option<Offset>,
    me: &PublicId,
) -> Vec<Row> {
    let mut rows = Vec::with_capacity(said.len() + notes.len() + mine.len() + 1);
    let mut notes = notes.iter().peekable();
    let mut last: Option<&Entry> = None;
    let mut marked = mark.is_none();
    for entry in said {
        let mut apart = false;
        while let Some(note) = notes.next_if(|note| note.after < entry.offset) {
            rows.push(Row::Note(note.clone()));
            apart = true;
        }
        if !marked && mark.is_some_and(|mark| entry.offset > mark) {
            rows.push(Row::New);
            (marked, apart) = (true, true);
        }
        let same = |last: &Entry| {
            last.by.id == entry.by.id && last.name == entry.name && entry.at - last.at < GROUP
        };
        let first = apart || !last.is_some_and(same);
        let own = entry.by.id == *me;
        rows.push(Row::Said { entry: entry.clone(), first, own });
        last = Some(entry);
    }
    let mut apart = false;
    for note in notes {
        rows.push(Row::Note(note.clone()));
        apart = true;
    }
    let mut first = apart || last.is_none_or(|last| last.by.id != *me);
    for mine in mine {
        rows.push(Row::Mine { mine: mine.clone(), first });
        first = false;
    }
    rows
}

/// A note in words.
pub fn in_words(note: &Note) -> String {
    let mut parts = Vec::new();
    for (names, did) in [(&note.joined, " joined"), (&note.left, " left")] {
        if !names.is_empty() {
            parts.push(who(names) + did);
        }
    }
    match note.renamed.as_slice() {
        [] => {}
        [(before, now)] => parts.push(format!("{before} is {now} now")),
        many => parts.push(format!("{} people have another name now", many.len())),
    }
    parts.join(", ")
}

/// Names in a sentence; of many, how many.
pub fn who(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [one, other, third] => format!("{one}, {other} and {third}"),
        many => format!("{} people", many.len()),
    }
}

/// Who is writing, in words.
pub fn writing(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} is writing…"),
        [one, other] => format!("{one} and {other} are writing…"),
        _ => "Several people are writing…".to_owned(),
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
