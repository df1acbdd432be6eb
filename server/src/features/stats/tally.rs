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

/// What became of a poll or a question that came to be at a time; without data it is none any more.
struct Became {
    at: i64,
    id: String,
    kind: &'static str,
    data: Option<String>,
}

impl Tally {
    /// Takes an event in, and what stood there before it, if that counts.
    pub(super) fn take(&mut self, at: i64, happening: Happening<'_>, before: Option<Before<'_>>) {
        self.until = self.until.max(Some(minute(at)));
        for counted in happening.happened {
            self.add(at, counted, 1);
        }
        match (happening.thing, before) {
            (Some(Thing::New(holds)), _) => self.hold(at, holds),
            (Some(Thing::Changed(holds)), Some(before)) => {
                let at = before.at;
                self.let_go(before);
                self.hold(at, holds);
            }
            (Some(Thing::Gone), Some(before)) => self.let_go(before),
            // Of what is not known, only this change would be counted.
            _ => {}
        }
    }

    fn hold(&mut self, at: i64, holds: Holds<'_>) {
        for counted in holds.counted {
            self.add(at, counted, 1);
        }
        if let Some(Outcome { id, kind, data }) = holds.outcome {
            let data = Some(data.to_owned());
            self.outcomes.push(Became { at, id: id.into_owned(), kind, data });
        }
    }

    fn let_go(&mut self, before: Before<'_>) {
        let Before { at, holds, .. } = before;
        for counted in holds.counted {
            self.add(at, counted, -1);
        }
        if let Some(Outcome { id, kind, .. }) = holds.outcome {
            self.outcomes.push(Became { at, id: id.into_owned(), kind, data: None });
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
        for Became { at, id, kind, data } in &self.outcomes {
            let Some(data) = data else {
                connection
                    .prepare_cached(
                        "DELETE FROM stats_outcomes
                         WHERE room = ? AND kind = ? AND at = ? AND id = ?",
                    )?
                    .execute(params![room, kind, at, id])?;
                continue;
            };
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO stats_outcomes (room, kind, at, id, data)
                     VALUES (?, ?, ?, ?, ?)",
                )?
                .execute(params![room, kind, at, id, data])?;
        }
        Ok(())
    }
}
