//! What became of polls and questions.

use super::super::figures::Poll;
use super::chart::{Told, escape};
use super::ranking::{Bar, ranking};
use super::sections::{BARS, Report, float, float_len, some, whole};
use std::fmt::Write;

/// How many polls are drawn.
const POLLS: usize = 6;

impl Report<'_> {
    pub(super) fn polls(&self) -> String {
        let mut charts = String::new();
        let polls = &self.figures.polls;
        // The newest; the table has more.
        for (at, poll) in polls.iter().rev().take(POLLS).enumerate() {
            let _ = write!(charts, "<h3>{}</h3>", escape(&poll.question));
            charts.push_str(&self::poll(&format!("poll{at}"), poll));
        }
        if charts.is_empty() {
            return String::new();
        }
        let told =
            some(float_len(polls.len()), "poll", "polls") + ", as they stand, the newest first.";
        self.section("polls", "Polls", &told, true, "", &charts)
    }

    pub(super) fn questions(&self) -> String {
        let questions = &self.figures.questions;
        if questions.is_empty() {
            return String::new();
        }
        let mut list = String::from("<ol class=\"questions\">");
        for question in questions.iter().take(BARS) {
            let answered =
                if question.answered { "<span class=\"done\">answered</span>" } else { "" };
            let _ = write!(
                list,
                "<li><p>{}</p><p class=\"beside\">{} {answered}</p></li>",
                escape(&question.text),
                some(question.votes, "vote", "votes")
            );
        }
        list.push_str("</ol>");
        let answered = questions.iter().filter(|question| question.answered).count();
        let told = format!(
            "{}, {} answered.",
            some(float_len(questions.len()), "question", "questions"),
            whole(float_len(answered))
        );
        self.section("questions", "Questions", &told, true, "", &list)
    }
}

/// A poll as bars, each its part of all votes.
fn poll(id: &str, poll: &Poll) -> String {
    let votes: i64 = poll.options.iter().map(|option| option.votes).sum();
    let most = poll.options.iter().map(|option| option.votes).max().unwrap_or(0);
    let bars = poll.options.iter().map(|option| {
        let part = if votes > 0 { 100.0 * float(option.votes) / float(votes) } else { 0.0 };
        let ink = if option.votes == most && most > 0 { 0 } else { 7 };
        Bar {
            name: option.text.clone(),
            parts: vec![(ink, float(option.votes))],
            says: format!("{} · {part:.0} %", whole(option.votes)),
        }
    });
    let bars: Vec<_> = bars.collect();
    let told = format!("{}.", some(votes, "vote", "votes"));
    let told = Told { id, title: &poll.question, description: &told };
    ranking(&told, &bars, Some(float(votes)))
}
