//! The stamps that were given, kept before anybody sees them: whatever happens to the server or to
//! its clock, an item has the same stamp the next time, and no two that can be got have the same. What
//! there are enough newer ones of loses its stamp: where there is to be more again, such items come back
//! before all others, with earlier ones.

use super::backlog::{MOST_BYTES, Raw, Stamp, next};
use crate::db::{Db, DbError};
use nowcast_shared::offset::Offset;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// The room's newest items with their stamps, oldest first, as of one moment.
pub(super) struct Loaded {
    pub(super) items: Vec<(Stamp, Raw)>,
    /// The newest stamp that was ever given.
    pub(super) last: Stamp,
    /// The room's newest event then.
    pub(super) head: Offset,
}

/// Makes the table, if it is not there.
pub(super) async fn prepare(db: &Db) -> Result<(), DbError> {
    let sql = "-- When older pages were shown an item, in milliseconds, larger for each. The newest
               -- stays when its item is deleted.
               CREATE TABLE IF NOT EXISTS compat_stamps (
                   room INTEGER NOT NULL REFERENCES rooms (id),
                   offset INTEGER NOT NULL,
                   stamp INTEGER NOT NULL,
                   PRIMARY KEY (room, offset)
               ) STRICT, WITHOUT ROWID";
    db.write(move |connection| connection.execute_batch(sql)).await
}

/// The newest items of the room. Each that has no stamp is given one, which is kept.
pub(super) async fn load(db: &Db, room: i64, most: usize) -> Result<Loaded, DbError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    // They may be many: nobody's publishing waits for that. What is given, only one task gives.
    let (head, given, items) = db
        .read(move |connection| {
            let moment = connection.transaction()?;
            let sql = "SELECT head FROM rooms WHERE id = ?";
            let head: i64 = moment.query_row(sql, [room], |row| row.get(0))?;
            Ok((head, given(&moment, room)?, newest(&moment, room, most)?))
        })
        .await?;
    let ats = items.iter().map(|item| (column(item.offset), item.at));
    let stamps = stamp(&ats.collect::<Vec<_>>(), &given);
    let last = stamps.iter().map(|(_, stamp)| *stamp).chain(given.into_values()).max();
    // Those that have none are the oldest.
    let stamped = items.into_iter().rev().zip(stamps.iter().rev());
    let mut items: Vec<_> = stamped.map(|(item, (_, stamp))| (*stamp, item)).collect();
    items.reverse();
    db.write(move |connection| {
        keep(connection, room, &stamps)?;
        stamps.first().map_or(Ok(()), |(oldest, _)| forget(connection, room, *oldest))
    })
    .await?;
    let head = Offset(u64::try_from(head).unwrap_or(0));
    Ok(Loaded { items, last: last.unwrap_or(0), head })
}

/// Keeps the stamps of new items, and forgets those of the ones before `oldest`.
pub(super) async fn give(
    db: &Db,
    room: i64,
    stamps: Vec<(Offset, Stamp)>,
    oldest: Option<Offset>,
) -> Result<(), DbError> {
    let stamps: Vec<_> =
        stamps.into_iter().map(|(offset, stamp)| (column(offset), stamp)).collect();
    db.write(move |connection| {
        keep(connection, room, &stamps)?;
        oldest.map_or(Ok(()), |oldest| forget(connection, room, column(oldest)))
    })
    .await
}

/// Forgets the stamps of items before the one at `oldest`, which has one.
fn forget(connection: &Connection, room: i64, oldest: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM compat_stamps WHERE room = ? AND offset < ?";
    connection.prepare_cached(sql)?.execute([room, oldest]).map(|_| ())
}

/// Stamps for items, of which offset and time are given, oldest first. None for the oldest of them
/// where what was `given` makes no sense.
fn stamp(items: &[(i64, i64)], given: &BTreeMap<i64, Stamp>) -> Vec<(i64, Stamp)> {
    let (through, mut last) = given.last_key_value().map_or((0, 0), |(key, value)| (*key, *value));
    let seen = items.partition_point(|(offset, _)| *offset <= through);
    let (seen, new) = items.split_at(seen);
    let mut stamps = Vec::with_capacity(items.len());
    let mut bound = last.saturating_add(1);
    // Those that were forgotten because there were enough newer ones: nobody who asks from one of
    // those may get them again, so they are before.
    for (offset, at) in seen.iter().rev() {
        let before = bound.saturating_sub(1);
        let stamp = given.get(offset).copied().unwrap_or_else(|| before.min(*at));
        if stamp >= bound {
            break;
        }
        bound = stamp;
        stamps.push((*offset, stamp));
    }
    stamps.reverse();
    for (offset, at) in new {
        last = next(last, *at);
        stamps.push((*offset, last));
    }
    stamps
}

fn given(connection: &Connection, room: i64) -> rusqlite::Result<BTreeMap<i64, Stamp>> {
    let sql = "SELECT offset, stamp FROM compat_stamps WHERE room = ?";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([room], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The newest items, oldest first: so many, and no more than there is room for.
fn newest(connection: &Connection, room: i64, most: i64) -> rusqlite::Result<Vec<Raw>> {
    let sql = "SELECT item FROM items WHERE room = ? ORDER BY offset DESC LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![room, most])?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while bytes < MOST_BYTES
        && let Some(row) = rows.next()?
    {
        let read = serde_json::from_str(row.get_ref(0)?.as_str()?);
        let mut item: Raw = read.map_err(|error| {
            let text = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(0, text, Box::new(error))
        })?;
        // Such pages make their own of the text.
        item.html = None;
        bytes += item.data.get().len();
        items.push(item);
    }
    items.reverse();
    Ok(items)
}

fn keep(connection: &Connection, room: i64, stamps: &[(i64, Stamp)]) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO compat_stamps (room, offset, stamp) VALUES (?, ?, ?)";
    let mut statement = connection.prepare_cached(sql)?;
    for (offset, stamp) in stamps {
        statement.execute(params![room, offset, stamp])?;
    }
    Ok(())
}

fn column(offset: Offset) -> i64 {
    i64::try_from(offset.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_published_while_nobody_looked_follows_what_was_given() {
        let given = BTreeMap::from([(3, 100), (5, 107)]);
        let items = [(3, 100), (5, 101), (8, 102), (9, 200), (10, 200)];
        assert_eq!(stamp(&items, &given), [(3, 100), (5, 107), (8, 108), (9, 200), (10, 201)]);
        assert_eq!(stamp(&items[..3], &BTreeMap::new()), [(3, 100), (5, 101), (8, 102)]);
    }

    #[test]
    fn older_items_come_before_what_was_given() {
        let given = BTreeMap::from([(3, 100), (5, 107)]);
        let items = [(1, 100), (2, 100), (5, 101)];
        assert_eq!(stamp(&items, &given), [(1, 99), (2, 100), (5, 107)]);
        assert_eq!(stamp(&[(1, 50), (2, 150)], &given), [(1, 50), (2, 107)]);
    }

    proptest! {
        /// However often it is started anew, with more or fewer items, and whatever is deleted.
        #[test]
        fn stamps_grow_and_stay(
            ats in prop::collection::vec(0..40_i64, 1..40),
            rounds in prop::collection::vec((1..40_usize, 1..40_usize), 1..6),
        ) {
            let mut given = BTreeMap::new();
            let mut ever: BTreeMap<i64, Stamp> = BTreeMap::new();
            let mut clock = 0;
            let all: Vec<_> = ats.iter().enumerate().map(|(place, at)| {
                // As the log stamps: time does not run backwards.
                clock = clock.max(*at);
                (i64::try_from(place).unwrap() + 1, clock)
            }).collect();
            for (published, most) in rounds {
                let there = &all[..published.min(all.len())];
                if given.keys().last().is_some_and(|last| usize::try_from(*last).unwrap() > there.len()) {
                    continue;
                }
                let stamps = stamp(&there[there.len().saturating_sub(most)..], &given);
                prop_assert!(stamps.windows(2).all(|pair| pair[0].1 < pair[1].1), "{:?}", stamps);
                prop_assert_eq!(stamps.len(), there.len().min(most));
                let newest = ever.last_key_value().map(|(offset, stamp)| (*offset, *stamp));
                for (offset, stamp) in &stamps {
                    if let Some(before) = ever.insert(*offset, *stamp) {
                        prop_assert!(*stamp <= before, "nobody gets it again");
                        prop_assert!(*stamp == before || !given.contains_key(offset));
                    }
                    if let Some((last, stamped)) = newest && *offset > last {
                        prop_assert!(*stamp > stamped, "who has seen all before gets it");
                    }
                }
                given.extend(stamps.iter().copied());
                let oldest = stamps.first().map_or(0, |(offset, _)| *offset);
                given.retain(|offset, _| *offset >= oldest);
            }
        }
    }
}
