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
    let from = visits::viewers(connection, Span { bucket: i64::MAX / 4, ..whole })?;
    figures.viewers.transports = named(from.transports);
    figures.viewers.devices = named(from.devices);
    figures.viewers.referrers = named(from.referrers);
    let links = visits::links(connection, whole)?.into_iter().take(MOST);
    let links =
        links.map(|link| Clicked { url: link.url, title: link.title, clicks: count(link.clicks) });
    figures.links = links.collect();
    let took = visits::latency(connection, whole)?;
    figures.latency = Latency {
        count: count(took.count),
        median: took.median.map(milliseconds),
        p95: took.p95.map(milliseconds),
        p99: took.p99.map(milliseconds),
        over_time: Vec::new(),
    };
    for (at, piece) in pieces(asked) {
        let place = |point: i64| at.unwrap_or(point);
        let steps = visits::viewers(connection, piece)?.over_time.into_iter();
        figures.viewers.over_time.extend(steps.map(|step| Present {
            at: place(step.at),
            peak: count(step.peak),
            joins: count(step.joins),
            leaves: count(step.leaves),
        }));
        let took = visits::latency(connection, piece)?.over_time.into_iter();
        figures.latency.over_time.extend(took.map(|took| Delay {
            at: place(took.at),
            median: Some(milliseconds(took.median)),
            p95: Some(milliseconds(took.p95)),
        }));
        let back = visits::reconnects(connection, piece)?.into_iter();
        let back = back.map(|back| Point { at: place(back.at), count: count(back.count) });
        figures.reconnects.over_time.extend(back);
    }
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

/// The span in pieces, of which the steps are those of a clock: what is before the first of them is
/// a step by itself, that begins at the given time.
fn pieces(asked: &Asked) -> Vec<(Option<i64>, Span)> {
    let whole = whole(asked);
    let first = (whole.from + whole.bucket - 1).div_euclid(whole.bucket) * whole.bucket;
    let first = first.min(whole.to);
    let mut pieces = Vec::new();
    if whole.from < first {
        let at = whole.from.div_euclid(whole.bucket) * whole.bucket;
        pieces.push((Some(at), Span { to: first, ..whole }));
    }
    if first < whole.to {
        pieces.push((None, Span { from: first, ..whole }));
    }
    pieces
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
