//! Who came, as it is answered: from what the visits are counted in.

use super::bucket::{MINUTE, minute};
use super::figures::{Clicked, Delay, Figures, Latency, Named, Point, Present};
use super::read::{Asked, MOST};
use super::visits::{self, Count, Span};
use rusqlite::{Connection, OptionalExtension};

/// Adds all that is known of who came.
pub(super) fn add(
    connection: &Connection,
    asked: &Asked,
    figures: &mut Figures,
) -> rusqlite::Result<()> {
    let whole = whole(asked);
    let totals = visits::totals(connection, whole)?;
    let out = &mut figures.totals;
    (out.visits, out.peak) = (count(totals.visits), count(totals.peak));
    out.median_stay = totals.median_stay.map(count);
    (out.joins, out.leaves) = (count(totals.joins), count(totals.leaves));
    (out.clicks, out.reconnects) = (count(totals.clicks), count(totals.reconnects));
    let viewers = visits::viewers(connection, whole)?;
    let out = &mut figures.viewers;
    (out.from, out.to) = visits::widened(connection, whole)?;
    let steps = viewers.over_time.into_iter().map(|step| Present {
        at: step.at,
        peak: count(step.peak),
        joins: count(step.joins),
        leaves: count(step.leaves),
    });
    out.over_time = steps.collect();
    out.transports = named(viewers.transports);
    out.devices = named(viewers.devices);
    out.referrers = named(viewers.referrers);
    let links = visits::links(connection, whole)?.into_iter().take(MOST);
    let links =
        links.map(|link| Clicked { url: link.url, title: link.title, clicks: count(link.clicks) });
    figures.links = links.collect();
    let took = visits::latency(connection, whole)?;
    let over_time = took.over_time.into_iter().map(|took| Delay {
        at: took.at,
        median: Some(milliseconds(took.median)),
        p95: Some(milliseconds(took.p95)),
    });
    figures.latency = Latency {
        count: count(took.count),
        median: took.median.map(milliseconds),
        p95: took.p95.map(milliseconds),
        p99: took.p99.map(milliseconds),
        over_time: over_time.collect(),
    };
    let back = visits::reconnects(connection, whole)?.into_iter();
    let back = back.map(|back| Point { at: back.at, count: count(back.count) });
    figures.reconnects.over_time = back.collect();
    Ok(())
}

/// The minute in which somebody came first.
pub(super) fn first(connection: &Connection, room: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT at FROM visits_minutes WHERE room = ? ORDER BY at LIMIT 1";
    let at = connection.prepare_cached(sql)?.query_row([room], |row| row.get(0)).optional()?;
    Ok(at.map(minute))
}

fn whole(asked: &Asked) -> Span {
    Span {
        room: asked.room,
        from: asked.minutes.start * MINUTE,
        to: asked.minutes.end * MINUTE,
        bucket: asked.step * MINUTE,
    }
}

fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn milliseconds(micros: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "delays are far below 2^53")]
    let micros = micros as f64;
    micros / 1000.0
}

fn named(counts: Vec<Count>) -> Vec<Named> {
    let counts = counts.into_iter().take(MOST);
    counts.map(|one| Named { name: one.name, count: count(one.count) }).collect()
}
