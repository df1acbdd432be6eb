//! The most frequent names of a span.
//!
//! Of one bucket they are the beginning of an index. Of several, each bucket's index is read from
//! its beginning, one place of each at a time, and what is found there is added up over all of them;
//! as soon as nothing further down can reach what was found, that is exact (the threshold algorithm
//! of Fagin, Lotem and Naor, "Optimal aggregation algorithms for middleware", 2001). So tens of
//! thousands of words that came once or twice are never looked at.

use super::bucket::{Level, Run};
use super::happening::What;
use rusqlite::{Connection, params};
use std::collections::{HashMap, HashSet};

/// Beyond so many buckets adding up all their rows is as good.
const LISTS: usize = 400;

/// Of how many that came equally often the alphabet is asked.
const EQUALS: usize = 20_000;

/// How many of a bucket's most frequent are read at once.
const STRIDE: i64 = 64;

/// The `most` most frequent names with their counts; of those that came equally often the first by
/// the alphabet.
pub(super) fn most(
    connection: &Connection,
    room: i64,
    what: What,
    runs: &[Run],
    most: usize,
) -> rusqlite::Result<Vec<(String, i64)>> {
    let found = match lists(runs) {
        Some(lists) => ranked(connection, room, what, &lists, most)?,
        None => None,
    };
    let mut counts = match found {
        Some(counts) => counts,
        None => all(connection, room, what, runs)?.into_iter().collect(),
    };
    cut(&mut counts, most);
    let mut named = Vec::with_capacity(counts.len());
    let mut text = connection.prepare_cached("SELECT text FROM stats_names WHERE id = ?")?;
    for (name, count) in counts {
        named.push((text.query_row([name], |row| row.get::<_, String>(0))?, count));
    }
    named.sort_by(|(a, left), (b, right)| right.cmp(left).then_with(|| a.cmp(b)));
    named.truncate(most);
    Ok(named)
}

/// Keeps the largest, and all that are as large as the last of them.
fn cut(counts: &mut Vec<(i64, i64)>, most: usize) {
    counts.sort_unstable_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    if let Some((_, last)) = most.checked_sub(1).and_then(|last| counts.get(last)).copied() {
        let end = counts.partition_point(|(_, count)| *count >= last);
        counts.truncate(end.min(most + EQUALS));
    }
}

/// The single buckets of the runs, unless these are too many or the index does not have them.
fn lists(runs: &[Run]) -> Option<Vec<(Level, i64)>> {
    let buckets = runs.iter().flat_map(|run| run.buckets.clone().map(|bucket| (run.level, bucket)));
    let lists: Vec<_> = buckets.take(LISTS + 1).collect();
    (lists.len() <= LISTS).then_some(lists)
}

/// Everything, added up.
pub(super) fn all(
    connection: &Connection,
    room: i64,
    what: What,
    runs: &[Run],
) -> rusqlite::Result<HashMap<i64, i64>> {
    let mut counts = HashMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT name, count FROM stats_counts
         WHERE room = ? AND what = ? AND level = ? AND bucket >= ? AND bucket < ?",
    )?;
    for Run { level, buckets } in runs {
        let mut rows = statement.query(params![
            room,
            what.column(),
            level.column(),
            buckets.start,
            buckets.end
        ])?;
        while let Some(row) = rows.next()? {
            *counts.entry(row.get(0)?).or_insert(0) += row.get::<_, i64>(1)?;
        }
    }
    Ok(counts)
}

/// One bucket's names by their count.
struct List {
    level: Level,
    bucket: i64,
    /// Those read by now that were not looked at yet, the most frequent last.
    ahead: Vec<(i64, i64)>,
    /// How many were read by now.
    read: i64,
    /// No name that was not looked at comes more often than this here.
    bound: i64,
}

/// The names of which nothing else can come more often; `None` where that cannot be said before all
/// is looked at.
fn ranked(
    connection: &Connection,
    room: i64,
    what: What,
    lists: &[(Level, i64)],
    most: usize,
) -> rusqlite::Result<Option<Vec<(i64, i64)>>> {
    // A minute has few names, which no index has in order: those of all minutes make one list.
    let (minutes, lists): (Vec<_>, Vec<_>) =
        lists.iter().copied().partition(|(level, _)| *level == Level::Minute);
    let mut edges: HashMap<i64, i64> = HashMap::new();
    for (level, bucket) in minutes {
        let run = [Run { level, buckets: bucket..bucket + 1 }];
        for (name, count) in all(connection, room, what, &run)? {
            *edges.entry(name).or_default() += count;
        }
    }
    let mut edge: Vec<_> = edges.iter().map(|(name, count)| (*name, *count)).collect();
    edge.sort_unstable_by_key(|(_, count)| *count);
    let list =
        |(level, bucket)| List { level, bucket, ahead: Vec::new(), read: 0, bound: i64::MAX };
    let mut lists: Vec<List> = lists.into_iter().map(list).collect();
    let mut seen: HashSet<i64> = HashSet::new();
    let mut found: Vec<(i64, i64)> = Vec::new();
    let look = Look { connection, room, what };
    loop {
        if let Some((name, _)) = edge.pop()
            && seen.insert(name)
        {
            found.push((name, look.everywhere(name, &lists, &edges)?));
        }
        let mut bound = edge.last().map_or(0, |(_, count)| *count);
        for at in 0..lists.len() {
            look.ahead(&mut lists[at])?;
            if let Some((name, _)) = lists[at].ahead.pop()
                && seen.insert(name)
            {
                found.push((name, look.everywhere(name, &lists, &edges)?));
            }
            bound += lists[at].bound;
        }
        // What came once in a bucket is not in its index: it would be found nowhere.
        let ended = edge.is_empty() && lists.iter().all(|list| list.bound <= 1);
        let at = most.saturating_sub(1);
        if found.len() > at {
            found.select_nth_unstable_by_key(at, |(_, count)| std::cmp::Reverse(*count));
            // As often is not enough: the alphabet decides among equals.
            if found[at].1 > bound {
                return Ok(Some(found));
            }
        }
        if ended {
            return Ok(None);
        }
    }
}

/// Looks names up.
struct Look<'c> {
    connection: &'c Connection,
    room: i64,
    what: What,
}

impl Look<'_> {
    /// How often a name comes in all lists, and at the edges.
    fn everywhere(
        &self,
        name: i64,
        lists: &[List],
        edges: &HashMap<i64, i64>,
    ) -> rusqlite::Result<i64> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count FROM stats_counts
             WHERE room = ? AND what = ? AND level = ? AND bucket = ? AND name = ?",
        )?;
        let mut sum = edges.get(&name).copied().unwrap_or(0);
        for List { level, bucket, .. } in lists {
            let (what, level) = (self.what.column(), level.column());
            let mut rows = statement.query(params![self.room, what, level, bucket, name])?;
            if let Some(row) = rows.next()? {
                sum += row.get::<_, i64>(0)?;
            }
        }
        Ok(sum)
    }

    /// Sees to it that the next of a list is at hand, and what the bound is after it.
    fn ahead(&self, list: &mut List) -> rusqlite::Result<()> {
        if list.ahead.is_empty() && list.bound > 1 {
            let sql = "SELECT name, count FROM stats_counts
                       WHERE room = ? AND what = ? AND level = ? AND bucket = ?
                           AND count > 1 AND level > 0
                       ORDER BY count DESC, name LIMIT ? OFFSET ?";
            let mut statement = self.connection.prepare_cached(sql)?;
            let (what, level) = (self.what.column(), list.level.column());
            let given = params![self.room, what, level, list.bucket, STRIDE, list.read];
            let rows = statement.query_map(given, |row| Ok((row.get(0)?, row.get(1)?)))?;
            list.ahead = rows.collect::<rusqlite::Result<_>>()?;
            list.read += i64::try_from(list.ahead.len()).unwrap_or(0);
            list.ahead.reverse();
        }
        list.bound = list.ahead.last().map_or(1, |(_, count)| *count);
        Ok(())
    }
}
