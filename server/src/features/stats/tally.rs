//! Counts that are added up before they are kept: many events touch the same few rows.

use super::bucket::{Level, minute};
use super::happening::{Happening, Holds, Thing, What};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What some events of a room add up to.
#[derive(Default)]
pub(super) struct Tally {
    /// By what, minute and name.
    counts: HashMap<(What, i64, String), i64>,
    /// What things hold after these events: when they came to be, and what they add. `None` where
    /// there is no such thing.
    things: HashMap<String, Option<(i64, Holds)>>,
}

impl Tally {
    /// Takes an event in. `connection` tells what is known of things that came before.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        room: i64,
        at: i64,
        happening: Happening,
    ) -> rusqlite::Result<()> {
        for (what, name) in happening.happened {
            self.add((what, minute(at), name), 1);
        }
        match happening.thing {
            None => {}
            Some(Thing::New(id, holds)) => {
                self.hold(at, &holds, 1);
                self.things.insert(id, Some((at, holds)));
            }
            Some(Thing::Changed(id, holds)) => {
                // Of what is not known, only this change would be counted.
                if let Some((since, before)) = self.known(connection, room, &id)? {
                    self.hold(since, &before, -1);
                    self.hold(since, &holds, 1);
                    self.things.insert(id, Some((since, holds)));
                }
            }
            Some(Thing::Gone(id)) => {
                if let Some((since, before)) = self.known(connection, room, &id)? {
                    self.hold(since, &before, -1);
                    self.things.insert(id, None);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, key: (What, i64, String), count: i64) {
        *self.counts.entry(key).or_default() += count;
    }

    fn hold(&mut self, at: i64, holds: &Holds, times: i64) {
        for (what, name) in &holds.counted {
            self.add((*what, minute(at), name.clone()), times);
        }
    }

    fn known(
        &self,
        connection: &Connection,
        room: i64,
        id: &str,
    ) -> rusqlite::Result<Option<(i64, Holds)>> {
        if let Some(known) = self.things.get(id) {
            return Ok(known.clone());
        }
        connection
            .prepare_cached("SELECT at, counted FROM stats_things WHERE room = ? AND id = ?")?
            .query_row(params![room, id], |row| {
                let counted = Holds::counted(row.get_ref(1)?.as_str()?);
                Ok((row.get(0)?, Holds { counted, result: None }))
            })
            .optional()
    }

    /// Keeps all of it.
    pub(super) fn keep(&self, connection: &Connection, room: i64) -> rusqlite::Result<()> {
        let mut names = Names { connection, room, known: HashMap::new() };
        // In the order of the table, so that rows side by side are written one after the other.
        let mut rows = BTreeMap::new();
        for ((what, minute, name), count) in &self.counts {
            if *count != 0 {
                let name = names.id(name)?;
                for level in Level::ALL {
                    let key = (what.column(), level.column(), level.bucket(*minute), name);
                    *rows.entry(key).or_insert(0) += count;
                }
            }
        }
        add(connection, room, &rows)?;
        let less = rows.iter().filter(|(_, count)| **count < 0).map(|((.., name), _)| *name);
        drop_names(connection, room, less.collect())?;
        for (id, thing) in &self.things {
            keep_thing(connection, room, id, thing.as_ref())?;
        }
        Ok(())
    }
}

/// What, level, bucket, name.
type Key = (i64, i64, i64, i64);

/// Adds to the counts; what nothing is left of goes.
pub(super) fn add(
    connection: &Connection,
    room: i64,
    rows: &BTreeMap<Key, i64>,
) -> rusqlite::Result<()> {
    let mut more = connection.prepare_cached(
        "INSERT INTO stats_counts (room, what, level, bucket, name, count) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    let mut none = connection.prepare_cached(
        "DELETE FROM stats_counts
         WHERE room = ? AND what = ? AND level = ? AND bucket = ? AND name = ? AND count <= 0",
    )?;
    for ((what, level, bucket, name), count) in rows.iter().filter(|(_, count)| **count != 0) {
        more.execute(params![room, what, level, bucket, name, count])?;
        if *count < 0 {
            none.execute(params![room, what, level, bucket, name])?;
        }
    }
    Ok(())
}

/// Forgets those of these names by which nothing is counted any more.
pub(super) fn drop_names(
    connection: &Connection,
    room: i64,
    names: BTreeSet<i64>,
) -> rusqlite::Result<()> {
    let mut none = connection.prepare_cached(
        "DELETE FROM stats_names WHERE id = ?2 AND NOT EXISTS
             (SELECT 1 FROM stats_counts WHERE room = ?1 AND what IN (0, 1, 2, 3, 4, 5, 6, 7)
                 AND level = 4 AND bucket = 0 AND name = ?2)",
    )?;
    for name in names {
        none.execute([room, name])?;
    }
    Ok(())
}

fn keep_thing(
    connection: &Connection,
    room: i64,
    id: &str,
    thing: Option<&(i64, Holds)>,
) -> rusqlite::Result<()> {
    match thing {
        Some((at, holds)) => connection
            .prepare_cached(
                "INSERT OR REPLACE INTO stats_things (room, id, at, counted) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![room, id, at, holds.column()])?,
        None => connection
            .prepare_cached("DELETE FROM stats_things WHERE room = ? AND id = ?")?
            .execute(params![room, id])?,
    };
    connection
        .prepare_cached("DELETE FROM stats_results WHERE room = ? AND id = ?")?
        .execute(params![room, id])?;
    if let Some((at, Holds { result: Some((kind, data)), .. })) = thing {
        connection
            .prepare_cached(
                "INSERT INTO stats_results (room, kind, at, id, data) VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![room, kind, at, id, data])?;
    }
    Ok(())
}

/// Numbers for names.
struct Names<'c> {
    connection: &'c Connection,
    room: i64,
    known: HashMap<&'c str, i64>,
}

impl<'c> Names<'c> {
    fn id(&mut self, name: &'c str) -> rusqlite::Result<i64> {
        if let Some(id) = self.known.get(name) {
            return Ok(*id);
        }
        let found = self
            .connection
            .prepare_cached("SELECT id FROM stats_names WHERE room = ? AND text = ?")?
            .query_row(params![self.room, name], |row| row.get(0))
            .optional()?;
        let id = if let Some(id) = found {
            id
        } else {
            self.connection
                .prepare_cached("INSERT INTO stats_names (room, text) VALUES (?, ?)")?
                .execute(params![self.room, name])?;
            self.connection.last_insert_rowid()
        };
        self.known.insert(name, id);
        Ok(id)
    }
}
