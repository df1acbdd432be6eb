//! Counts that are added up before they are kept: many events touch the same few names.

use super::bucket::minute;
use super::happening::{Before, Counted, Happening, Holds, Outcome, Thing, What};
use super::list::Writer;
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, HashMap};

/// What some events of a room add up to.
#[derive(Default)]
pub(super) struct Tally {
    /// By what and minute: how often each name.
    counts: HashMap<(What, i64), HashMap<String, i64>>,
    /// Polls and questions, in the order in which they became what they are.
    outcomes: Vec<Became>,
    /// The latest minute of which an event was taken.
    pub(super) until: Option<i64>,
}

/// What became of a poll or a question that came to be at a time.
struct Became {
    at: i64,
    id: String,
    kind: &'static str,
    now: Now,
}

/// What one is now, as JSON.
enum Now {
    There(String),
    /// If it was there before.
    Changed(String),
    Gone,
}

impl Tally {
    /// Takes an event in, and what stood there before it, with whether that was counted.
    pub(super) fn take(
        &mut self,
        at: i64,
        happening: Happening<'_>,
        before: Option<(Before<'_>, bool)>,
    ) {
        self.until = self.until.max(Some(minute(at)));
        for counted in happening.happened {
            self.add(at, counted, 1);
        }
        match (happening.thing, before) {
            (Some(Thing::New(holds)), _) => self.hold(at, holds),
            (Some(Thing::Changed(holds)), Some((before, true))) => {
                let at = before.at;
                self.let_go(before);
                self.hold(at, holds);
            }
            (Some(Thing::Changed(holds)), Some((before, false))) => {
                let now = holds.outcome.map(|outcome| outcome.data.to_owned());
                self.became(before.at, before.holds.outcome, now.map_or(Now::Gone, Now::Changed));
            }
            (Some(Thing::Gone), Some((before, true))) => self.let_go(before),
            (Some(Thing::Gone), Some((before, false))) => {
                self.became(before.at, before.holds.outcome, Now::Gone);
            }
            // Of what is not known, only this change would be counted.
            _ => {}
        }
    }

    fn hold(&mut self, at: i64, holds: Holds<'_>) {
        for counted in holds.counted {
            self.add(at, counted, 1);
        }
        let now = holds.outcome.as_ref().map(|outcome| outcome.data.to_owned());
        self.became(at, holds.outcome, now.map_or(Now::Gone, Now::There));
    }

    fn let_go(&mut self, before: Before<'_>) {
        for counted in before.holds.counted {
            self.add(before.at, counted, -1);
        }
        self.became(before.at, before.holds.outcome, Now::Gone);
    }

    /// What an outcome is now, if it is one.
    fn became(&mut self, at: i64, outcome: Option<Outcome<'_>>, now: Now) {
        if let Some(Outcome { id, kind, .. }) = outcome {
            self.outcomes.push(Became { at, id: id.into_owned(), kind, now });
        }
    }

    fn add(&mut self, at: i64, (what, name): Counted<'_>, count: i64) {
        let names = self.counts.entry((what, minute(at))).or_default();
        if let Some(known) = names.get_mut(name.as_ref()) {
            *known += count;
        } else {
            names.insert(name.into_owned(), count);
        }
    }

    /// The counts as lists by what (its column) and minute.
    pub(super) fn lists(&self) -> BTreeMap<(i64, i64), Vec<u8>> {
        let lists = self.counts.iter().map(|((what, minute), names)| {
            let mut names: Vec<_> = names.iter().collect();
            names.sort_unstable();
            let mut list = Writer::default();
            for (name, count) in names {
                list.push(name.as_bytes(), *count);
            }
            ((what.column(), *minute), list.end())
        });
        lists.filter(|(_, list)| !list.is_empty()).collect()
    }

    /// The earliest minute in which something is counted.
    pub(super) fn since(&self) -> Option<i64> {
        self.counts.keys().map(|(_, minute)| *minute).min()
    }

    /// Keeps what became of polls and questions.
    pub(super) fn write_outcomes(
        &self,
        connection: &Connection,
        room: i64,
    ) -> rusqlite::Result<()> {
        for Became { at, id, kind, now } in &self.outcomes {
            let (sql, data) = match now {
                Now::There(data) => (
                    "INSERT OR REPLACE INTO stats_outcomes (data, room, kind, at, id)
                     VALUES (?, ?, ?, ?, ?)",
                    Some(data),
                ),
                Now::Changed(data) => (
                    "UPDATE stats_outcomes SET data = ?
                     WHERE room = ? AND kind = ? AND at = ? AND id = ?",
                    Some(data),
                ),
                Now::Gone => (
                    "DELETE FROM stats_outcomes
                     WHERE ? IS NULL AND room = ? AND kind = ? AND at = ? AND id = ?",
                    None,
                ),
            };
            connection.prepare_cached(sql)?.execute(params![data, room, kind, at, id])?;
        }
        Ok(())
    }
}
