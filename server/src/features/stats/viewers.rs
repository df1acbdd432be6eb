//! Who came, as it is answered: from what the visits are counted in.

use super::bucket::{MINUTE, minute};
use super::figures::{
    Clicked, Delay, Figures, Latency, Named, Point, Present, Reconnects, Totals, Viewers,
};
use super::read::{Asked, MOST};
use super::visits::{self, Count, Span};
use rusqlite::{Connection, OptionalExtension};

/// Adds all that is known of who came.
pub(super) fn add(
    connection: &Connection,
    asked: &Asked,
    figures: &mut Figures,
) -> rusqlite::Result<()> {
    totals(connection, asked, &mut figures.totals)?;
    figures.viewers = viewers(connection, asked)?;
    figures.links = links(connection, asked)?;
    figures.latency = latency(connection, asked)?;
    figures.reconnects = reconnects(connection, asked)?;
    Ok(())
}

pub(super) fn totals(
    connection: &Connection,
    asked: &Asked,
    out: &mut Totals,
) -> rusqlite::Result<()> {
    let totals = visits::totals(connection, whole(asked))?;
    (out.visits, out.peak) = (count(totals.visits), count(totals.peak));
    out.median_stay = totals.median_stay.map(count);
    (out.joins, out.leaves) = (count(totals.joins), count(totals.leaves));
    (out.clicks, out.reconnects) = (count(totals.clicks), count(totals.reconnects));
    Ok(())
}

/// Over time, and where they came from.
pub(super) fn viewers(connection: &Connection, asked: &Asked) -> rusqlite::Result<Viewers> {
    let known = visits::viewers(connection, whole(asked))?;
    let steps = known.over_time.into_iter().map(|step| Present {
        at: step.at,
        peak: count(step.peak),
        joins: count(step.joins),
        leaves: count(step.leaves),
    });
    let (from, to) = visits::widened(connection, whole(asked))?;
    Ok(Viewers {
        from,
        to,
        over_time: steps.collect(),
        transports: named(known.transports),
        devices: named(known.devices),
        referrers: named(known.referrers),
    })
}

/// Links that were clicked.
pub(super) fn links(connection: &Connection, asked: &Asked) -> rusqlite::Result<Vec<Clicked>> {
    let links = visits::links(connection, whole(asked))?.into_iter().take(MOST);
    let links =
        links.map(|link| Clicked { url: link.url, title: link.title, clicks: count(link.clicks) });
    Ok(links.collect())
}

/// How long events took to pages.
pub(super) fn latency(connection: &Connection, asked: &Asked) -> rusqlite::Result<Latency> {
    let took = visits::latency(connection, whole(asked))?;
    Ok(Latency {
        count: count(took.count),
        median: took.median.map(milliseconds),
        p95: took.p95.map(milliseconds),
        p99: took.p99.map(milliseconds),
        over_time: took.over_time.iter().map(delay).collect(),
    })
}

/// Pages that came back.
pub(super) fn reconnects(connection: &Connection, asked: &Asked) -> rusqlite::Result<Reconnects> {
    let back = visits::reconnects(connection, whole(asked))?.into_iter();
    let over_time = back.map(|back| Point { at: back.at, count: count(back.count) }).collect();
    Ok(Reconnects { over_time })
}

fn delay(took: &visits::Took) -> Delay {
    Delay {
        at: took.at,
        median: Some(milliseconds(took.median)),
        p95: Some(milliseconds(took.p95)),
    }
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
