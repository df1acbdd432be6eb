//! What came of a room in a span, from the tables: each question is answered from few rows.

use super::bucket::{self, Level, MINUTE, Run, cover, level_of, minute, step};
use super::figures::{
    Active, Choice, Figures, Items, Named, Point, Poll, Published, Question, Reaction, Reactions,
    Used,
};
use super::happening::{DELETE, EDIT, SAID, What};
use super::most::{all, most};
use super::viewers;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
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
        let counted = counted(connection, room)?;
        let to = to.map_or(minute(now) + 1, |to| minute(to.saturating_add(MINUTE - 1)));
        let came = viewers::first(connection, room)?;
        let began = (!counted.is_empty()).then_some(counted.start).into_iter().chain(came).min();
        let first = began.map_or(to - 60, |began| began.min(to - 1));
        let minutes = from.map_or(first, minute)..to;
        let runs = cover(&minutes, &counted);
        let step = step(minutes.end - minutes.start);
        Ok(Self { room, minutes, runs, step })
    }
}

/// The minutes in which something was counted of a room.
fn counted(connection: &Connection, room: i64) -> rusqlite::Result<Range<i64>> {
    let mut first = connection.prepare_cached(
        "SELECT bucket FROM stats_counts WHERE room = ? AND what = ? AND level = 0
         ORDER BY bucket LIMIT 1",
    )?;
    let mut last = connection.prepare_cached(
        "SELECT bucket FROM stats_counts WHERE room = ? AND what = ? AND level = 0
         ORDER BY bucket DESC LIMIT 1",
    )?;
    let mut counted: Option<Range<i64>> = None;
    for what in [What::Happened, What::Kind, What::Word, What::Hashtag, What::Emoji] {
        let given = [room, what.column()];
        let ends = (
            first.query_row(given, |row| row.get::<_, i64>(0)).optional()?,
            last.query_row(given, |row| row.get::<_, i64>(0)).optional()?,
        );
        if let (Some(start), Some(last)) = ends {
            let before = counted.unwrap_or(start..last + 1);
            counted = Some(before.start.min(start)..before.end.max(last + 1));
        }
    }
    Ok(counted.unwrap_or(0..0))
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

/// Sums by name over the span, the largest first; for what has few names.
pub(super) fn sums(
    connection: &Connection,
    asked: &Asked,
    what: What,
) -> rusqlite::Result<Vec<Named>> {
    let named = most(connection, asked.room, what, &asked.runs, MOST)?;
    Ok(named.into_iter().map(|(name, count)| Named { name, count }).collect())
}

/// Counts by points over time and name, in order; for what has few names.
fn over_time(
    connection: &Connection,
    asked: &Asked,
    what: What,
) -> rusqlite::Result<Vec<(i64, String, i64)>> {
    let level = level_of(asked.step);
    let size = bucket::size(level);
    let each = asked.step / size;
    // Points stand where a clock has them; the first and the last may be cut by the span.
    let mut sums: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    let mut add = |level: Level, buckets: Range<i64>, size: i64| -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "SELECT bucket, name, count FROM stats_counts
             WHERE room = ? AND what = ? AND level = ? AND bucket >= ? AND bucket < ?",
        )?;
        let given = params![asked.room, what.column(), level.column(), buckets.start, buckets.end];
        let mut rows = statement.query(given)?;
        while let Some(row) = rows.next()? {
            let minute = row.get::<_, i64>(0)? * size;
            let point = minute.div_euclid(asked.step) * asked.step;
            *sums.entry((point, row.get(1)?)).or_default() += row.get::<_, i64>(2)?;
        }
        Ok(())
    };
    let Range { start, end } = asked.minutes;
    let (first, last) = ((start + size - 1).div_euclid(size), end.div_euclid(size));
    debug_assert!(each > 0, "a step is made of whole buckets");
    if first < last && level != Level::Minute {
        add(Level::Minute, start..first * size, 1)?;
        add(level, first..last, size)?;
        add(Level::Minute, last * size..end, 1)?;
    } else {
        add(Level::Minute, start..end, 1)?;
    }
    let mut names: HashMap<i64, String> = HashMap::new();
    let mut text = connection.prepare_cached("SELECT text FROM stats_names WHERE id = ?")?;
    let mut points = Vec::with_capacity(sums.len());
    for ((point, name), count) in sums {
        let name = match names.entry(name) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => new.insert(text.query_row([name], |row| row.get(0))?).clone(),
        };
        points.push((point * MINUTE, name, count));
    }
    Ok(points)
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
    let mut counts: HashMap<i64, (i64, i64)> = HashMap::new();
    for (name, items) in all(connection, asked.room, What::Items, &asked.runs)? {
        counts.entry(name).or_default().0 = items;
    }
    for (name, said) in all(connection, asked.room, What::Said, &asked.runs)? {
        counts.entry(name).or_default().1 = said;
    }
    let number = i64::try_from(counts.len()).unwrap_or(i64::MAX);
    let mut counts: Vec<_> = counts.into_iter().collect();
    let active = |(_, (items, said)): &(i64, (i64, i64))| items + said;
    counts.sort_unstable_by_key(|one| std::cmp::Reverse(active(one)));
    if let Some(last) = counts.get(MOST - 1).map(active) {
        let end = counts.partition_point(|one| active(one) >= last);
        counts.truncate(end.min(MOST + 20_000));
    }
    let mut text = connection.prepare_cached("SELECT text FROM stats_names WHERE id = ?")?;
    let mut authors = Vec::with_capacity(counts.len());
    for (name, (items, said)) in counts {
        let name = text.query_row([name], |row| row.get(0))?;
        authors.push(Active { name, items, said });
    }
    authors.sort_by(|a, b| (b.items + b.said).cmp(&(a.items + a.said)).then(a.name.cmp(&b.name)));
    authors.truncate(MOST);
    Ok((authors, number))
}

/// The most used words, or hashtags.
pub(super) fn used(
    connection: &Connection,
    asked: &Asked,
    what: What,
) -> rusqlite::Result<Vec<Used>> {
    let named = most(connection, asked.room, what, &asked.runs, MOST)?;
    Ok(named.into_iter().map(|(word, count)| Used { word, count }).collect())
}

/// Reactions by emoji, and along the time line.
pub(super) fn reactions(connection: &Connection, asked: &Asked) -> rusqlite::Result<Reactions> {
    let named = most(connection, asked.room, What::Emoji, &asked.runs, MOST)?;
    let by_emoji = named.into_iter().map(|(emoji, count)| Reaction { emoji, count }).collect();
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
        "SELECT data FROM stats_results WHERE room = ? AND kind = ? AND at >= ? AND at < ?
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
