//! Every question by itself: to be measured, and to be looked at for how it is answered.

use super::figures::Totals;
use super::happening::What;
use super::read::{self, Asked};
use super::{tables, viewers};
use crate::db::{Db, DbError};
use rusqlite::Connection;

/// Answers a question; how long the answer is.
type Question = fn(&Connection, &Asked) -> rusqlite::Result<usize>;

/// All questions by their part of the answer.
const QUESTIONS: [(&str, Question); 14] = [
    ("all of the following at once", |connection, asked| {
        let mut figures = read::log(connection, asked)?;
        viewers::add(connection, asked, &mut figures)?;
        Ok(figures.items.over_time.len())
    }),
    ("items by kind and source, over time", |connection, asked| {
        Ok(read::items(connection, asked)?.over_time.len())
    }),
    ("edits, deletions, chat lines", |connection, asked| {
        Ok(read::sums(connection, asked, What::Happened)?.len())
    }),
    ("authors, and how many", |connection, asked| Ok(read::authors(connection, asked)?.0.len())),
    ("words", |connection, asked| Ok(read::used(connection, asked, What::Word)?.len())),
    ("hashtags", |connection, asked| Ok(read::used(connection, asked, What::Hashtag)?.len())),
    ("reactions, over time", |connection, asked| {
        Ok(read::reactions(connection, asked)?.over_time.len())
    }),
    ("polls", |connection, asked| Ok(read::polls(connection, asked)?.len())),
    ("questions", |connection, asked| Ok(read::questions(connection, asked)?.len())),
    ("visits, median stay, joins and leaves", |connection, asked| {
        let mut totals = Totals::default();
        viewers::totals(connection, asked, &mut totals)?;
        Ok(usize::from(totals.visits > 0))
    }),
    ("viewers over time, transports, devices, referrers", |connection, asked| {
        Ok(viewers::viewers(connection, asked)?.over_time.len())
    }),
    ("links clicked", |connection, asked| Ok(viewers::links(connection, asked)?.len())),
    ("delivery latency, over time", |connection, asked| {
        Ok(viewers::latency(connection, asked)?.over_time.len())
    }),
    ("reconnects, over time", |connection, asked| {
        Ok(viewers::reconnects(connection, asked)?.over_time.len())
    }),
];

/// The names of all questions.
pub fn names() -> impl Iterator<Item = &'static str> {
    QUESTIONS.iter().map(|(name, _)| *name)
}

/// Answers the question of this name for a room and a span in Unix milliseconds; how long the
/// answer is.
///
/// # Errors
/// If the database cannot be read.
pub fn ask(
    connection: &Connection,
    name: &str,
    room: i64,
    span: (Option<i64>, Option<i64>),
    now: i64,
) -> rusqlite::Result<usize> {
    let asked = Asked::new(connection, room, span.0, span.1, now)?;
    let question = QUESTIONS.iter().find(|(known, _)| *known == name);
    question.map_or(Ok(0), |(_, question)| question(connection, &asked))
}

/// Makes the tables and counts a room to its end, as fast as that goes.
///
/// # Errors
/// If the database cannot be used.
pub async fn count(db: &Db, room: i64) -> Result<(), DbError> {
    tables::prepare(db).await?;
    super::visits::prepare(db).await?;
    while super::count::some(db, room).await?.is_some() {}
    Ok(())
}
