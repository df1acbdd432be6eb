//! What was counted of who came, for a span of a room.

use super::histogram::{self, Spread};
use super::merge;
use super::tally::{Measure, Of};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Of which room and when: from the millisecond `from` up to `to`, told in steps of `bucket`
/// milliseconds, which stand where a clock has them. What is counted by the minute belongs to the
/// span if the minute begins in it, or if the span begins within the minute. Of what was summed up by
/// hours or days since, the span is [`widened`].
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The room's key.
    pub room: i64,
    /// The first millisecond.
    pub from: i64,
    /// The millisecond after the last.
    pub to: i64,
    /// How long a step is; at least a minute.
    pub bucket: i64,
}

/// How many steps a span has at most; a longer one has longer steps.
const STEPS: i64 = 2_000;

/// How many names are told of a kind at most.
const NAMES: usize = 1_000;

/// Something with how often it was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// What.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// A link with how often it was clicked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Where it leads.
    pub url: String,
    /// What it is called, if it has a title.
    pub title: Option<String>,
    /// How often.
    pub clicks: u64,
}

/// Viewers in one step of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When it begins.
    pub at: i64,
    /// The most viewers at once.
    pub peak: u64,
    /// Visits that began.
    pub joins: u64,
    /// Visits that ended.
    pub leaves: u64,
}

/// What of viewers is one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Visits: those that began in the span, and those that had begun before.
    pub visits: u64,
    /// The most viewers at once.
    pub peak: u64,
    /// The middle of how long visits were that ended, in milliseconds.
    pub median_stay: Option<u64>,
    /// Visits that began.
    pub joins: u64,
    /// Visits that ended.
    pub leaves: u64,
    /// Links that were clicked.
    pub clicks: u64,
    /// Pages that came back within a visit.
    pub reconnects: u64,
}

/// Who came, over time and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Viewers {
    /// Every step of the span.
    pub over_time: Vec<Step>,
    /// By which way they came.
    pub transports: Vec<Count>,
    /// On what.
    pub devices: Vec<Count>,
    /// From which hosts.
    pub referrers: Vec<Count>,
}

/// How long events took in one step of a span, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Took {
    /// When it begins.
    pub at: i64,
    /// The middle.
    pub median: u64,
    /// What 95 of 100 do not exceed.
    pub p95: u64,
}

/// How long events took from when they came in until they were written to pages, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// The middle.
    pub median: Option<u64>,
    /// What 95 of 100 do not exceed.
    pub p95: Option<u64>,
    /// What 99 of 100 do not exceed.
    pub p99: Option<u64>,
    /// Steps in which something was measured.
    pub over_time: Vec<Took>,
}

/// A number in one step of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct At {
    /// When it begins.
    pub at: i64,
    /// How many.
    pub count: u64,
}

impl Span {
    /// Widened to whole minutes, with steps of whole minutes.
    fn rounded(self) -> Self {
        let minute = super::tally::MINUTE;
        let from = self.from.div_euclid(minute) * minute;
        let to = self.to.max(from + 1);
        let least = self.bucket.max((to - from) / STEPS).max(minute);
        let bucket = (least + minute - 1).div_euclid(minute) * minute;
        Self { from, to, bucket, ..self }
    }

    /// The step in which a time lies; what was summed up from before the span is in the first.
    fn step(&self, at: i64) -> i64 {
        at.max(self.from).div_euclid(self.bucket) * self.bucket
    }
}

/// What of a span is told by names and spreads (from where, on what, which links, how long): all of
/// it where that is not long ago, and the whole hours or days that it lies in where minutes were
/// summed up since.
///
/// # Errors
/// If the database cannot be read.
pub fn widened(connection: &Connection, span: Span) -> rusqlite::Result<(i64, i64)> {
    let span = span.rounded();
    merge::widened(connection, span.room, (span.from, span.to))
}

/// How many viewers there were when the span began.
fn before(connection: &Connection, span: &Span) -> rusqlite::Result<u64> {
    let sql = "SELECT last FROM visits_minutes WHERE room = ? AND at < ? ORDER BY at DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let last = statement.query_row([span.room, span.from], |row| number(row, 0)).optional()?;
    Ok(last.unwrap_or(0))
}

/// The totals of a span.
///
/// # Errors
/// If the database cannot be read.
pub fn totals(connection: &Connection, span: Span) -> rusqlite::Result<Totals> {
    let span = span.rounded();
    let before = before(connection, &span)?;
    let sql = "SELECT total(joins), total(leaves), max(peak), total(reconnects), total(clicks)
               FROM visits_minutes WHERE room = ? AND at >= ? AND at < ?";
    let given = params![span.room, span.from, span.to];
    let mut totals = connection.prepare_cached(sql)?.query_row(given, |row| {
        let peak: Option<i64> = row.get(2)?;
        Ok(Totals {
            joins: sum(row, 0)?,
            leaves: sum(row, 1)?,
            peak: before.max(peak.and_then(|peak| u64::try_from(peak).ok()).unwrap_or(0)),
            reconnects: sum(row, 3)?,
            clicks: sum(row, 4)?,
            ..Totals::default()
        })
    })?;
    totals.visits = before + totals.joins;
    let stays = spreads(connection, &span, Measure::Stay)?;
    totals.median_stay = histogram::quantile(&joined(stays.values()), 500);
    Ok(totals)
}

/// Viewers over time, and where they came from.
///
/// # Errors
/// If the database cannot be read.
pub fn viewers(connection: &Connection, span: Span) -> rusqlite::Result<Viewers> {
    let span = span.rounded();
    let mut last = before(connection, &span)?;
    let sql = "SELECT at, joins, leaves, peak, last FROM visits_minutes
               WHERE room = ? AND at >= ? AND at < ? ORDER BY at";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![span.room, span.from, span.to])?;
    let mut over_time = Vec::new();
    let mut step = Step { at: span.step(span.from), peak: last, ..Step::default() };
    // Whoever was there before is there until something is said.
    let after =
        |step: Step, last| Step { at: step.at + span.bucket, peak: last, ..Step::default() };
    while let Some(row) = rows.next()? {
        let at = span.step(row.get(0)?);
        while step.at < at {
            over_time.push(step);
            step = after(step, last);
        }
        step.joins += number(row, 1)?;
        step.leaves += number(row, 2)?;
        step.peak = step.peak.max(number(row, 3)?);
        last = number(row, 4)?;
    }
    while step.at < span.to {
        over_time.push(step);
        step = after(step, last);
    }
    Ok(Viewers {
        over_time,
        transports: names(connection, &span, Of::Transport)?,
        devices: names(connection, &span, Of::Device)?,
        referrers: names(connection, &span, Of::Referrer)?,
    })
}

/// Links that were clicked, the most frequent first.
///
/// # Errors
/// If the database cannot be read.
pub fn links(connection: &Connection, span: Span) -> rusqlite::Result<Vec<Link>> {
    let span = span.rounded();
    let links = named(connection, &span, Of::Link)?.into_iter();
    Ok(links.map(|(url, (clicks, title))| Link { url, title, clicks }).collect())
}

/// How long events took to pages.
///
/// # Errors
/// If the database cannot be read.
pub fn latency(connection: &Connection, span: Span) -> rusqlite::Result<Latency> {
    let span = span.rounded();
    let steps = spreads(connection, &span, Measure::Latency)?;
    let all = joined(steps.values());
    let of = |of_thousand| histogram::quantile(&all, of_thousand);
    let over_time = steps.iter().filter_map(|(at, spread)| {
        let median = histogram::quantile(spread, 500)?;
        Some(Took { at: *at, median, p95: histogram::quantile(spread, 950)? })
    });
    Ok(Latency {
        count: histogram::count(&all),
        median: of(500),
        p95: of(950),
        p99: of(990),
        over_time: over_time.collect(),
    })
}

/// Pages that came back, in the steps in which some did.
///
/// # Errors
/// If the database cannot be read.
pub fn reconnects(connection: &Connection, span: Span) -> rusqlite::Result<Vec<At>> {
    let span = span.rounded();
    let sql = "SELECT at, reconnects FROM visits_minutes
               WHERE room = ? AND at >= ? AND at < ? AND reconnects > 0";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![span.room, span.from, span.to])?;
    let mut steps = BTreeMap::<i64, u64>::new();
    while let Some(row) = rows.next()? {
        *steps.entry(span.step(row.get(0)?)).or_default() += number(row, 1)?;
    }
    Ok(steps.into_iter().map(|(at, count)| At { at, count }).collect())
}

fn names(connection: &Connection, span: &Span, of: Of) -> rusqlite::Result<Vec<Count>> {
    let names = named(connection, span, of)?.into_iter();
    Ok(names.map(|(name, (count, _))| Count { name, count }).collect())
}

/// How often a name was counted, and what is known about it.
type Told = (u64, Option<String>);

/// Names with how often they were counted and what is known about them, the most frequent first.
/// They are summed up here: there are few of them in many rows, which the database would sort.
fn named(connection: &Connection, span: &Span, of: Of) -> rusqlite::Result<Vec<(String, Told)>> {
    let sql = "SELECT name, count, about FROM visits_names
               WHERE room = ? AND kind = ? AND at >= ? AND at < ?";
    let mut statement = connection.prepare_cached(sql)?;
    let (from, to) = merge::widened(connection, span.room, (span.from, span.to))?;
    let mut rows = statement.query(params![span.room, of.as_str(), from, to])?;
    let mut sums = HashMap::<String, Told>::new();
    while let Some(row) = rows.next()? {
        let (name, about) = (row.get_ref(0)?.as_str()?, row.get_ref(2)?.as_str_or_null()?);
        let sum = match sums.get_mut(name) {
            Some(sum) => sum,
            None => sums.entry(name.to_owned()).or_default(),
        };
        sum.0 += number(row, 1)?;
        if about > sum.1.as_deref() {
            sum.1 = about.map(str::to_owned);
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
    sums.truncate(NAMES);
    Ok(sums)
}

/// The spreads of a measure, by the steps in which there are any.
fn spreads(
    connection: &Connection,
    span: &Span,
    measure: Measure,
) -> rusqlite::Result<BTreeMap<i64, Spread>> {
    let sql = "SELECT at, bucket, count FROM visits_spreads
               WHERE room = ? AND kind = ? AND at >= ? AND at < ?";
    let mut statement = connection.prepare_cached(sql)?;
    let (from, to) = merge::widened(connection, span.room, (span.from, span.to))?;
    let mut rows = statement.query(params![span.room, measure.as_str(), from, to])?;
    let mut steps = BTreeMap::<i64, Spread>::new();
    while let Some(row) = rows.next()? {
        let step = steps.entry(span.step(row.get(0)?)).or_default();
        *step.entry(row.get(1)?).or_default() += number(row, 2)?;
    }
    Ok(steps)
}

fn joined<'a>(spreads: impl Iterator<Item = &'a Spread>) -> Spread {
    let mut all = Spread::new();
    for (bucket, count) in spreads.flatten() {
        *all.entry(*bucket).or_default() += count;
    }
    all
}

/// A column that counts.
fn number(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// The same for a column of sums, which are never out of range as fractions.
fn sum(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    Ok(row.get::<_, f64>(column)? as u64)
}
