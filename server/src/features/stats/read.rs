//! What came of a room in a span, from the tables: each question is answered from few rows.

use super::bucket::{self, MINUTE, Run, cover, cover_by, level_of, minute, step};
use super::figures::{
    Active, Choice, Figures, Items, Named, Point, Poll, Published, Question, Reaction, Reactions,
    Used,
};
use super::happening::{DELETE, EDIT, SAID, What};
use super::list::{Top, merge};
use super::{count, rollup, viewers};
use rusqlite::{Connection, params};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// How long lists are at most.
pub(super) const MOST: usize = 50;

/// How many sources are told apart over time; the others count together.
const SOURCES: usize = 7;

/// What those are called.
pub(super) const OTHER: &str = "other";

/// How many polls and questions are told at most, the newest.
const RESULTS: i64 = 100;

/// A room and the minutes that are asked about.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) room: i64,
    pub(super) minutes: Range<i64>,
    /// The buckets that make these up.
    pub(super) runs: Vec<Run>,
    /// What ended before this minute is rolled up.
    pub(super) open: i64,
    /// How far apart the points over time are, in minutes.
    pub(super) step: i64,
}

impl Asked {
    /// The span from `from` until before `to`, in Unix milliseconds; what is left out reaches as far
    /// as anything was counted, up to `now`.
    pub(super) fn new(
        connection: &Connection,
        room: i64,
        from: Option<i64>,
        to: Option<i64>,
        now: i64,
    ) -> rusqlite::Result<Self> {
        let counted = rollup::counted(connection, room)?;
        let open = count::open(connection, room)?;
        let to = to.map_or(minute(now) + 1, |to| minute(to.saturating_add(MINUTE - 1)));
        let came = viewers::first(connection, room)?;
        let began = (!counted.is_empty()).then_some(counted.start).into_iter().chain(came).min();
        let first = began.map_or(to - 60, |began| began.min(to - 1));
        let minutes = from.map_or(first, minute)..to;
        let runs = cover(&minutes, &counted, open);
        let step = step(minutes.end - minutes.start);
        Ok(Self { room, minutes, runs, open, step })
    }
}

/// All that the log tells of it.
pub(super) fn log(connection: &Connection, asked: &Asked) -> rusqlite::Result<Figures> {
    let mut figures = empty(asked);
    position(connection, asked.room, &mut figures)?;
    figures.items = items(connection, asked)?;
    happened(connection, asked, &mut figures)?;
    (figures.authors, figures.totals.authors) = authors(connection, asked)?;
    figures.words = used(connection, asked, What::Word)?;
    figures.hashtags = used(connection, asked, What::Hashtag)?;
    figures.reactions = reactions(connection, asked)?;
    figures.polls = polls(connection, asked)?;
    figures.questions = questions(connection, asked)?;
    Ok(figures)
}

/// No answers yet.
pub(super) fn empty(asked: &Asked) -> Figures {
    Figures {
        from: asked.minutes.start * MINUTE,
        to: asked.minutes.end * MINUTE,
        bucket: asked.step * MINUTE,
        ..Figures::default()
    }
}

fn position(connection: &Connection, room: i64, figures: &mut Figures) -> rusqlite::Result<()> {
    let sql = "SELECT rooms.name, rooms.title, rooms.head, coalesce(stats_rooms.offset, 0)
               FROM rooms LEFT JOIN stats_rooms ON stats_rooms.room = rooms.id WHERE rooms.id = ?";
    connection.prepare_cached(sql)?.query_row([room], |row| {
        figures.room = row.get(0)?;
        figures.title = row.get(1)?;
        figures.counted.head = row.get(2)?;
        figures.counted.offset = row.get(3)?;
        Ok(())
    })
}

/// The most frequent names over the span with how often they came, the most frequent first.
fn most(
    connection: &Connection,
    asked: &Asked,
    what: What,
) -> rusqlite::Result<impl Iterator<Item = (String, i64)> + use<>> {
    let lists = rollup::lists(connection, asked.room, what.column(), &asked.runs)?;
    let lists: Vec<_> = lists.iter().map(|list| (0, list.as_slice())).collect();
    let mut top = Top::new(MOST);
    merge(&lists, |name, [count]: [i64; 1]| top.take(name, count, ()));
    Ok(top.sorted().map(|(name, count, ())| (name, count)))
}

/// Sums by name over the span, the largest first.
pub(super) fn sums(
    connection: &Connection,
    asked: &Asked,
    what: What,
) -> rusqlite::Result<Vec<Named>> {
    Ok(most(connection, asked, what)?.map(|(name, count)| Named { name, count }).collect())
}

/// Counts by points over time and name, in order; for what has few names.
fn over_time(
    connection: &Connection,
    asked: &Asked,
    what: What,
) -> rusqlite::Result<Vec<(i64, String, i64)>> {
    let runs = cover_by(level_of(asked.step), &asked.minutes, asked.open);
    // Points stand where a clock has them; the first and the last may be cut by the span.
    let mut points: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for run in runs {
        let size = bucket::size(run.level);
        rollup::each(connection, asked.room, what.column(), &run, |(bucket, _), list| {
            let point = (bucket * size).div_euclid(asked.step) * asked.step;
            merge(&[(0, list)], |name, [count]: [i64; 1]| {
                let name = String::from_utf8_lossy(name).into_owned();
                let sum = points.entry((point, name)).or_default();
                *sum = sum.saturating_add(count);
            });
        })?;
    }
    let points = points.into_iter().filter(|(_, count)| *count != 0);
    Ok(points.map(|((point, name), count)| (point * MINUTE, name, count)).collect())
}

/// Items by kind and source.
pub(super) fn items(connection: &Connection, asked: &Asked) -> rusqlite::Result<Items> {
    let by_kind = sums(connection, asked, What::Kind)?;
    let by_source = sums(connection, asked, What::Source)?;
    let mut points: BTreeMap<i64, (BTreeMap<_, _>, BTreeMap<_, _>)> = BTreeMap::new();
    for (at, kind, count) in over_time(connection, asked, What::Kind)? {
        points.entry(at).or_default().0.insert(kind, count);
    }
    for (at, source, count) in over_time(connection, asked, What::Source)? {
        let told = by_source.iter().take(SOURCES).any(|one| one.name == source);
        let source = if told { source } else { OTHER.to_owned() };
        *points.entry(at).or_default().1.entry(source).or_default() += count;
    }
    let points = points.into_iter();
    let over_time = points.map(|(at, (kinds, sources))| Published { at, kinds, sources }).collect();
    Ok(Items { by_kind, by_source, over_time })
}

fn happened(connection: &Connection, asked: &Asked, figures: &mut Figures) -> rusqlite::Result<()> {
    let sums = sums(connection, asked, What::Happened)?;
    let of = |name: &str| sums.iter().find(|one| one.name == name).map_or(0, |one| one.count);
    figures.totals.edits = of(EDIT);
    figures.totals.deletes = of(DELETE);
    figures.totals.said = of(SAID);
    figures.totals.items = figures.items.by_kind.iter().map(|kind| kind.count).sum();
    Ok(())
}

/// The most active authors, and how many there are.
pub(super) fn authors(
    connection: &Connection,
    asked: &Asked,
) -> rusqlite::Result<(Vec<Active>, i64)> {
    let of = |what: What| rollup::lists(connection, asked.room, what.column(), &asked.runs);
    let (items, said) = (of(What::Items)?, of(What::Said)?);
    let items = items.iter().map(|list| (0, list.as_slice()));
    let lists: Vec<_> = items.chain(said.iter().map(|list| (1, list.as_slice()))).collect();
    let (mut number, mut top) = (0, Top::new(MOST));
    merge(&lists, |name, [items, said]: [i64; 2]| {
        let active = items.saturating_add(said);
        number += i64::from(active > 0);
        top.take(name, active, (items, said));
    });
    let active = top.sorted().map(|(name, _, (items, said))| Active { name, items, said });
    Ok((active.collect(), number))
}

/// The most used words, or hashtags.
pub(super) fn used(
    connection: &Connection,
    asked: &Asked,
    what: What,
) -> rusqlite::Result<Vec<Used>> {
    Ok(most(connection, asked, what)?.map(|(word, count)| Used { word, count }).collect())
}

/// Reactions by emoji, and along the time line.
pub(super) fn reactions(connection: &Connection, asked: &Asked) -> rusqlite::Result<Reactions> {
    let named = most(connection, asked, What::Emoji)?;
    let by_emoji = named.map(|(emoji, count)| Reaction { emoji, count }).collect();
    let mut points: BTreeMap<i64, i64> = BTreeMap::new();
    for (at, _, count) in over_time(connection, asked, What::Emoji)? {
        *points.entry(at).or_default() += count;
    }
    let over_time = points.into_iter().map(|(at, count)| Point { at, count }).collect();
    Ok(Reactions { by_emoji, over_time })
}

/// The newest results of a kind, oldest first.
fn results(connection: &Connection, asked: &Asked, kind: &str) -> rusqlite::Result<Vec<Value>> {
    let mut statement = connection.prepare_cached(
        "SELECT data FROM stats_outcomes WHERE room = ? AND kind = ? AND at >= ? AND at < ?
         ORDER BY at DESC, id DESC LIMIT ?",
    )?;
    let Range { start, end } = &asked.minutes;
    let given = params![asked.room, kind, start * MINUTE, end * MINUTE, RESULTS];
    let mut rows = statement.query(given)?;
    let mut results = Vec::new();
    while let Some(row) = rows.next()? {
        results.extend(serde_json::from_str::<Value>(row.get_ref(0)?.as_str()?).ok());
    }
    results.reverse();
    Ok(results)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A number as programs write them: also with a fraction, or as text; none so large that sums of
/// them could not be told.
fn number(value: &Value) -> i64 {
    const LARGEST: i64 = 1_000_000_000_000;
    let text = || value.as_str().and_then(|text| text.trim().parse().ok());
    #[expect(clippy::cast_possible_truncation, reason = "votes are whole")]
    let fraction = || value.as_f64().map(|votes| votes as i64);
    value.as_i64().or_else(fraction).or_else(text).unwrap_or(0).clamp(0, LARGEST)
}

/// Polls as they stand.
pub(super) fn polls(connection: &Connection, asked: &Asked) -> rusqlite::Result<Vec<Poll>> {
    let polls = results(connection, asked, "poll")?.into_iter().map(|data| {
        let options = data["options"].as_array().into_iter().flatten().take(50);
        let options = options
            .map(|option| Choice { text: text(&option["text"]), votes: number(&option["votes"]) });
        Poll { question: text(&data["question"]), options: options.collect() }
    });
    Ok(polls.collect())
}

/// Questions as they stand, those with the most votes first.
pub(super) fn questions(connection: &Connection, asked: &Asked) -> rusqlite::Result<Vec<Question>> {
    let questions = results(connection, asked, "question")?.into_iter().map(|data| Question {
        text: text(&data["text"]),
        votes: number(&data["votes"]),
        answered: data["answered"] == true || data["answered"] == "true",
    });
    let mut questions: Vec<_> = questions.collect();
    questions.sort_by_key(|question| std::cmp::Reverse(question.votes));
    Ok(questions)
}
