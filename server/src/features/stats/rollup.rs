//! Lists by buckets of time: what is new stands by its minute; buckets that have ended are made of the
//! smaller ones in them, and all of it of days. Nothing is written here: a [`Rollup`] reads what is
//! kept, and says what is to be kept instead, so that only that is left to whoever writes.

use super::bucket::{Level, Run, cover, start};
use super::happening::WHATS;
use super::list::{added, cut, opposite, positive};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Under which a list is kept: what is counted, the size of the bucket, which bucket, which part.
type Key = (i64, Level, i64, i64);

/// The parts of a bucket's list: the list, and what was found later to be otherwise. That part is
/// small, so that taking a word back does not write all words of a day anew.
const MAIN: i64 = 0;
const LATER: i64 = 1;

/// How large the later part may become, in bytes: always so much, and such a part of the list.
const SMALL: usize = 1024;
const PART: usize = 4;

/// How long a list may be, in bytes. Only who publishes what nobody says comes so far: some millions
/// of names; the rarer ones are forgotten then.
const LONGEST: usize = 16 * 1024 * 1024;

/// How much of lists is in memory at once, in bytes, before it is added up to one.
const AT_ONCE: usize = 8 * 1024 * 1024;

/// What is to be kept.
#[derive(Default)]
pub(super) struct Kept {
    /// Lists; where one is empty there is to be none.
    lists: Vec<(Key, Vec<u8>)>,
    /// Up to before which bucket of a size no list is to be.
    gone: Vec<(Level, i64)>,
}

/// What there is of a room, and what becomes of it.
pub(super) struct Rollup<'c> {
    connection: &'c Connection,
    room: i64,
    written: BTreeMap<Key, Vec<u8>>,
    gone: Vec<(Level, i64)>,
}

impl<'c> Rollup<'c> {
    pub(super) fn new(connection: &'c Connection, room: i64) -> Self {
        Self { connection, room, written: BTreeMap::new(), gone: Vec::new() }
    }

    /// Counts lists by what and minute. What has ended before the minute `open` is rolled up already;
    /// what has ended before `until` is afterwards.
    pub(super) fn count(
        &mut self,
        lists: &BTreeMap<(i64, i64), Vec<u8>>,
        open: i64,
        until: i64,
    ) -> rusqlite::Result<()> {
        let mut later: BTreeMap<_, Vec<&[u8]>> = BTreeMap::new();
        for ((what, minute), list) in lists {
            self.add((*what, Level::Minute, *minute, MAIN), &[list])?;
            for (level, _) in &Level::SIZED[1..] {
                if level.bucket(*minute) < level.bucket(open) {
                    later.entry((*what, *level, level.bucket(*minute))).or_default().push(list);
                }
            }
            if *minute < start(Level::Day, open) {
                later.entry((*what, Level::All, 0)).or_default().push(list);
            }
        }
        for (key, lists) in later {
            self.add_later(key, &lists)?;
        }
        // Between what was open and what is new there is nothing.
        let minutes = lists.keys().map(|(_, minute)| *minute).filter(|minute| *minute >= open);
        let minutes: BTreeSet<i64> = minutes.chain([open]).collect();
        for sizes in Level::SIZED.windows(2) {
            let [(smaller, length), (level, size)] = sizes else { continue };
            let buckets: BTreeSet<_> = minutes.iter().map(|minute| level.bucket(*minute)).collect();
            for bucket in buckets.into_iter().filter(|bucket| *bucket < level.bucket(until)) {
                let each = size / length;
                for what in 0..WHATS {
                    let inside = self.within(what, *smaller, bucket * each..(bucket + 1) * each)?;
                    let list = sum(&inside);
                    if *level == Level::Day {
                        self.add((what, Level::All, 0, MAIN), &[&list])?;
                    }
                    self.put((what, *level, bucket, MAIN), list);
                }
            }
        }
        Ok(())
    }

    /// Forgets what was counted in the minutes before one, in a room where something was counted in
    /// `counted`: no name that is not counted any more stays.
    pub(super) fn forget(
        &mut self,
        counted: &Range<i64>,
        open: i64,
        before: i64,
    ) -> rusqlite::Result<()> {
        let today = start(Level::Day, open);
        for what in 0..WHATS {
            // Buckets that go in part.
            for (level, size) in &Level::SIZED[1..] {
                let bucket = level.bucket(before);
                let cut = counted.start.max(bucket * size)..before;
                if bucket < level.bucket(open) && !cut.is_empty() {
                    let list = opposite(&sum(&self.span(what, &cut, open)?));
                    self.settle((what, *level, bucket), &[&list])?;
                }
            }
            let days = counted.start..before.min(today);
            if !days.is_empty() {
                let list = opposite(&sum(&self.span(what, &days, open)?));
                self.settle((what, Level::All, 0), &[&list])?;
            }
        }
        let sizes = Level::SIZED.iter();
        self.gone = sizes.map(|(level, _)| (*level, level.bucket(before))).collect();
        Ok(())
    }

    /// What is to be kept of all that.
    pub(super) fn end(self) -> Kept {
        Kept { lists: self.written.into_iter().collect(), gone: self.gone }
    }

    /// The lists that make up some minutes, as they were kept before.
    fn span(&self, what: i64, minutes: &Range<i64>, open: i64) -> rusqlite::Result<Vec<Vec<u8>>> {
        // Of which the beginning is to be exact.
        let counted = i64::MIN / 2..i64::MAX / 2;
        lists(self.connection, self.room, what, &cover(minutes, &counted, open))
    }

    fn put(&mut self, key: Key, list: Vec<u8>) {
        self.written.insert(key, cut(list, LONGEST));
    }

    fn get(&self, key: Key) -> rusqlite::Result<Vec<u8>> {
        if let Some(list) = self.written.get(&key) {
            return Ok(list.clone());
        }
        let (what, level, bucket, part) = key;
        let found = self
            .connection
            .prepare_cached(
                "SELECT data FROM stats_lists
                 WHERE room = ? AND what = ? AND level = ? AND bucket = ? AND part = ?",
            )?
            .query_row(params![self.room, what, level.column(), bucket, part], |row| row.get(0))
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    fn add(&mut self, key: Key, lists: &[&[u8]]) -> rusqlite::Result<()> {
        if lists.iter().any(|list| !list.is_empty()) {
            let before = self.get(key)?;
            let list = added(&[&[before.as_slice()], lists].concat());
            self.put(key, list);
        }
        Ok(())
    }

    /// Adds to a bucket that was rolled up.
    fn add_later(&mut self, key: (i64, Level, i64), lists: &[&[u8]]) -> rusqlite::Result<()> {
        let (what, level, bucket) = key;
        let later = (what, level, bucket, LATER);
        self.add(later, lists)?;
        let length = self.get(later)?.len();
        if length > SMALL && length > self.length((what, level, bucket, MAIN))? / PART {
            self.settle(key, &[])?;
        }
        Ok(())
    }

    /// Adds to a bucket that was rolled up, and leaves one list of it.
    fn settle(&mut self, key: (i64, Level, i64), lists: &[&[u8]]) -> rusqlite::Result<()> {
        let (what, level, bucket) = key;
        let (main, later) = ((what, level, bucket, MAIN), (what, level, bucket, LATER));
        let parts = [self.get(main)?, self.get(later)?];
        let parts = [parts[0].as_slice(), parts[1].as_slice()];
        let list = positive(&[&parts, lists].concat());
        self.put(main, list);
        self.put(later, Vec::new());
        Ok(())
    }

    /// How long a list is, in bytes.
    fn length(&self, key: Key) -> rusqlite::Result<usize> {
        if let Some(list) = self.written.get(&key) {
            return Ok(list.len());
        }
        let (what, level, bucket, part) = key;
        let found: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT length(data) FROM stats_lists
                 WHERE room = ? AND what = ? AND level = ? AND bucket = ? AND part = ?",
            )?
            .query_row(params![self.room, what, level.column(), bucket, part], |row| row.get(0))
            .optional()?;
        Ok(found.and_then(|length| usize::try_from(length).ok()).unwrap_or(0))
    }

    /// All lists of some buckets.
    fn within(
        &self,
        what: i64,
        level: Level,
        buckets: Range<i64>,
    ) -> rusqlite::Result<Vec<Vec<u8>>> {
        let mut found = BTreeMap::new();
        each(
            self.connection,
            self.room,
            what,
            &Run { level, buckets: buckets.clone() },
            |at, data| {
                found.insert(at, data.to_vec());
            },
        )?;
        let ends = (what, level, buckets.start, MAIN)..(what, level, buckets.end, MAIN);
        for ((_, _, bucket, part), list) in self.written.range(ends) {
            found.insert((*bucket, *part), list.clone());
        }
        Ok(found.into_values().collect())
    }
}

fn sum(lists: &[Vec<u8>]) -> Vec<u8> {
    let lists: Vec<_> = lists.iter().map(Vec::as_slice).collect();
    added(&lists)
}

/// Calls back with each list of a run: its bucket and part, and the list.
pub(super) fn each(
    connection: &Connection,
    room: i64,
    what: i64,
    run: &Run,
    mut take: impl FnMut((i64, i64), &[u8]),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT bucket, part, data FROM stats_lists
         WHERE room = ? AND what = ? AND level = ? AND bucket >= ? AND bucket < ?",
    )?;
    let Range { start, end } = run.buckets;
    let mut rows = statement.query(params![room, what, run.level.column(), start, end])?;
    while let Some(row) = rows.next()? {
        take((row.get(0)?, row.get(1)?), row.get_ref(2)?.as_blob()?);
    }
    Ok(())
}

/// All lists of some runs.
pub(super) fn lists(
    connection: &Connection,
    room: i64,
    what: i64,
    runs: &[Run],
) -> rusqlite::Result<Vec<Vec<u8>>> {
    let (mut lists, mut bytes) = (Vec::new(), 0);
    for run in runs {
        each(connection, room, what, run, |_, list| {
            bytes += list.len();
            lists.push(list.to_vec());
            if bytes > AT_ONCE {
                lists = vec![sum(&lists)];
                bytes = 0;
            }
        })?;
    }
    Ok(lists)
}

/// The minutes in which something was counted of a room.
pub(super) fn counted(connection: &Connection, room: i64) -> rusqlite::Result<Range<i64>> {
    let mut counted: Option<Range<i64>> = None;
    for order in ["", " DESC"] {
        let sql = format!(
            "SELECT bucket FROM stats_lists WHERE room = ? AND what = ? AND level = 0
             ORDER BY bucket{order} LIMIT 1"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        for what in 0..WHATS {
            let found = statement.query_row([room, what], |row| row.get::<_, i64>(0)).optional()?;
            if let Some(minute) = found {
                let before = counted.unwrap_or(minute..minute + 1);
                counted = Some(before.start.min(minute)..before.end.max(minute + 1));
            }
        }
    }
    Ok(counted.unwrap_or(0..0))
}

impl Kept {
    /// Keeps it.
    pub(super) fn write(&self, connection: &Connection, room: i64) -> rusqlite::Result<()> {
        let mut put = connection.prepare_cached(
            "INSERT INTO stats_lists (room, what, level, bucket, part, data) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET data = excluded.data",
        )?;
        let mut remove = connection.prepare_cached(
            "DELETE FROM stats_lists
             WHERE room = ? AND what = ? AND level = ? AND bucket = ? AND part = ?",
        )?;
        for ((what, level, bucket, part), list) in &self.lists {
            if list.is_empty() {
                remove.execute(params![room, what, level.column(), bucket, part])?;
            } else {
                put.execute(params![room, what, level.column(), bucket, part, list])?;
            }
        }
        let mut forget = connection.prepare_cached(
            "DELETE FROM stats_lists WHERE room = ? AND what = ? AND level = ? AND bucket < ?",
        )?;
        for (level, bucket) in &self.gone {
            for what in 0..WHATS {
                forget.execute(params![room, what, level.column(), bucket])?;
            }
        }
        Ok(())
    }
}
