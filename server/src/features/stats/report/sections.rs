//! What stands in the report, in order. A part of which nothing is known says so.

use super::super::calendar::Zone;
use super::super::csv::{self, Table};
use super::super::figures::{Figures, Named, Poll};
use super::chart::{SERIES, Told, escape, number};
use super::ranking::{Bar, ranking};
use super::timeline::{Axis, Series, Shape, timeline};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many bars there are at most; the table behind has more.
const BARS: usize = 12;

/// How many polls are drawn.
const POLLS: usize = 6;

/// So many of something.
pub(super) fn some(count: i64, one: &str, many: &str) -> String {
    format!("{} {}", whole(count), if count == 1 { one } else { many })
}

fn whole(count: i64) -> String {
    number(float(count))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn float(count: i64) -> f64 {
    count as f64
}

/// All of it. `tables` is where the CSV tables are, `|` in place of their name.
pub(super) fn all(figures: &Figures, zone: Zone, tables: Option<&str>) -> String {
    let report = Report { figures, zone, tables };
    [
        report.totals(),
        report.items(),
        report.viewers(),
        report.comings(),
        report.reactions(),
        report.words(),
        report.authors(),
        report.links(),
        report.polls(),
        report.questions(),
        report.latency(),
    ]
    .concat()
}

struct Report<'f> {
    figures: &'f Figures,
    zone: Zone,
    tables: Option<&'f str>,
}

impl Report<'_> {
    fn axis(&self) -> Axis {
        let Figures { from, to, bucket, .. } = self.figures;
        Axis { span: *from..*to, step: *bucket, zone: self.zone }
    }

    fn totals(&self) -> String {
        let totals = &self.figures.totals;
        let mut out = String::from("<dl class=\"totals\">");
        let reactions = self.figures.reactions.over_time.iter().map(|point| point.count).sum();
        for (label, value) in [
            ("Items", whole(totals.items)),
            ("Chat lines", whole(totals.said)),
            ("Reactions", whole(reactions)),
            ("Authors", whole(totals.authors)),
            ("Visits", whole(totals.visits)),
            ("Most at once", whole(totals.peak)),
            ("Median stay", totals.median_stay.map_or_else(|| "–".to_owned(), stay)),
            ("Clicks", whole(totals.clicks)),
        ] {
            let _ = write!(out, "<div><dt>{label}</dt><dd>{value}</dd></div>");
        }
        out.push_str("</dl>");
        out
    }

    fn items(&self) -> String {
        let items = &self.figures.items;
        let series = kinds(self.figures);
        let totals = &self.figures.totals;
        let told = format!(
            "{} in this time, by kind: {}. {} and {}.",
            some(totals.items, "item", "items"),
            listed(&items.by_kind),
            some(totals.edits, "edit", "edits"),
            some(totals.deletes, "deletion", "deletions"),
        );
        let chart = timeline(
            &Told { id: "items", title: "Items over time", description: &told },
            &self.axis(),
            Shape::Columns,
            "",
            &series,
        );
        let names: Vec<_> = series.iter().map(|one| (one.name.as_str(), one.ink)).collect();
        let mut out = self.section(
            "items",
            "Items over time",
            &told,
            totals.items > 0,
            "Nothing was published in this time.",
            &format!("{}{chart}", legend(&names)),
        );
        if items.by_source.len() > 1 {
            out.push_str(&self.ranked("sources", "Where items come from", &items.by_source, 4));
        }
        out
    }

    fn viewers(&self) -> String {
        let (viewers, totals) = (&self.figures.viewers, &self.figures.totals);
        let points = viewers.over_time.iter().map(|step| (step.at, float(step.peak))).collect();
        let series = [Series { name: "Viewers".to_owned(), ink: 0, points }];
        let told = format!(
            "{}, at most {} at once. {} joined, {} left{}.",
            some(totals.visits, "visit", "visits"),
            whole(totals.peak),
            whole(totals.joins),
            whole(totals.leaves),
            totals.median_stay.map_or_else(String::new, |median| {
                format!("; half of them stayed {} or longer", stay(median))
            }),
        );
        let chart = timeline(
            &Told { id: "viewers", title: "Viewers over time", description: &told },
            &self.axis(),
            Shape::Lines,
            "",
            &series,
        );
        let moves = [
            ("Joined", 3, viewers.over_time.iter().map(|s| (s.at, float(s.joins))).collect()),
            ("Left", 2, viewers.over_time.iter().map(|s| (s.at, float(s.leaves))).collect()),
        ];
        let moves = moves.map(|(name, ink, points): (&str, u8, Vec<_>)| Series {
            name: name.to_owned(),
            ink,
            points,
        });
        let described = format!("{} joined, {} left.", whole(totals.joins), whole(totals.leaves));
        let second = timeline(
            &Told { id: "moves", title: "Joins and leaves", description: &described },
            &self.axis(),
            Shape::Columns,
            "",
            &moves,
        );
        self.section(
            "viewers",
            "Viewers over time",
            &told,
            totals.visits > 0,
            "Nobody was here in this time, or nobody was counted.",
            &format!(
                "{chart}<h3>Joins and leaves</h3>{}{second}",
                legend(&[("Joined", 3), ("Left", 2)])
            ),
        )
    }

    fn comings(&self) -> String {
        let viewers = &self.figures.viewers;
        let known = !(viewers.transports.is_empty()
            && viewers.devices.is_empty()
            && viewers.referrers.is_empty());
        if !known {
            return String::new();
        }
        [
            ("transports", "How pages are connected", &viewers.transports, 4),
            ("devices", "On what they look", &viewers.devices, 3),
            ("referrers", "Where they come from", &viewers.referrers, 0),
        ]
        .map(|(id, title, counts, ink)| self.ranked(id, title, counts, ink))
        .concat()
    }

    fn reactions(&self) -> String {
        let reactions = &self.figures.reactions;
        let points = reactions.over_time.iter().map(|point| (point.at, float(point.count)));
        let series = [Series { name: "Reactions".to_owned(), ink: 6, points: points.collect() }];
        let emoji: Vec<_> = reactions
            .by_emoji
            .iter()
            .map(|one| Named { name: one.emoji.clone(), count: one.count })
            .collect();
        let told = format!("Chat lines of nothing but emoji: {}.", listed(&emoji));
        let chart = timeline(
            &Told { id: "reactions", title: "Reactions over time", description: &told },
            &self.axis(),
            Shape::Columns,
            "",
            &series,
        );
        let some = !reactions.by_emoji.is_empty();
        let mut out = self.section(
            "reactions",
            "Reactions over time",
            &told,
            some,
            "Nobody reacted in this time. Chat lines of nothing but emoji count as reactions.",
            &chart,
        );
        if some {
            out.push_str(&self.ranked("emoji", "Reactions", &emoji, 6));
        }
        out
    }

    fn words(&self) -> String {
        let as_named = |all: &[super::super::figures::Used], mark: &str| {
            let named = all
                .iter()
                .map(|one| Named { name: format!("{mark}{}", one.word), count: one.count });
            named.collect::<Vec<_>>()
        };
        let words = as_named(&self.figures.words, "");
        let tags = as_named(&self.figures.hashtags, "#");
        self.ranked("words", "Most used words", &words, 0)
            + &self.ranked("hashtags", "Hashtags", &tags, 5)
    }

    fn authors(&self) -> String {
        let authors = &self.figures.authors;
        let bars = authors.iter().take(BARS).map(|one| Bar {
            name: one.name.clone(),
            parts: vec![(0, float(one.items)), (4, float(one.said))],
            says: whole(one.items + one.said),
        });
        let bars: Vec<_> = bars.collect();
        let told = format!(
            "{}; the most active by items and chat lines.",
            some(self.figures.totals.authors, "author", "authors")
        );
        let chart = ranking(
            &Told { id: "authors", title: "Most active authors", description: &told },
            &bars,
            None,
        );
        self.section(
            "authors",
            "Most active authors",
            &told,
            !authors.is_empty(),
            "Nobody wrote anything in this time.",
            &format!("{}{chart}", legend(&[("Items", 0), ("Chat lines", 4)])),
        )
    }

    fn links(&self) -> String {
        let links = self.figures.links.iter().map(|link| Named {
            name: link.title.clone().unwrap_or_else(|| {
                let bare = link.url.split_once("://").map_or(link.url.as_str(), |(_, rest)| rest);
                bare.trim_end_matches('/').to_owned()
            }),
            count: link.clicks,
        });
        self.ranked("links", "Links clicked", &links.collect::<Vec<_>>(), 0)
    }

    fn polls(&self) -> String {
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

    fn questions(&self) -> String {
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

    fn latency(&self) -> String {
        let latency = &self.figures.latency;
        let points = |of: fn(&super::super::figures::Delay) -> Option<f64>| {
            let points = latency.over_time.iter().filter_map(|one| Some((one.at, of(one)?)));
            points.collect::<Vec<_>>()
        };
        let series = [
            Series { name: "Median".to_owned(), ink: 4, points: points(|one| one.median) },
            Series { name: "95 of 100 within".to_owned(), ink: 2, points: points(|one| one.p95) },
        ];
        let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), number);
        let told = format!(
            "How long an event takes from here to a page's connection. Half within {} ms, 95 of 100 \
             within {} ms, 99 of 100 within {} ms. Pages came back {}.",
            ms(latency.median),
            ms(latency.p95),
            ms(latency.p99),
            some(self.figures.totals.reconnects, "time", "times"),
        );
        let chart = timeline(
            &Told { id: "latency", title: "Delivery", description: &told },
            &self.axis(),
            Shape::Lines,
            " ms",
            &series,
        );
        let out = self.section(
            "latency",
            "Delivery, in milliseconds",
            &told,
            latency.count > 0,
            "Nothing was delivered in this time.",
            &format!("{}{chart}", legend(&[("Median", 4), ("95 of 100 within", 2)])),
        );
        let back = &self.figures.reconnects.over_time;
        if back.is_empty() {
            return out;
        }
        let points = back.iter().map(|point| (point.at, float(point.count))).collect();
        let series = [Series { name: "Came back".to_owned(), ink: 7, points }];
        let told = format!(
            "Pages that lost their connection and came back within their visit: {}.",
            some(self.figures.totals.reconnects, "time", "times")
        );
        let chart = timeline(
            &Told { id: "reconnects", title: "Reconnects", description: &told },
            &self.axis(),
            Shape::Columns,
            "",
            &series,
        );
        out + &self.section("reconnects", "Reconnects", &told, true, "", &chart)
    }

    /// A section of bars.
    fn ranked(&self, id: &str, title: &str, counts: &[Named], ink: u8) -> String {
        let bars: Vec<_> =
            counts.iter().take(BARS).map(|one| Bar::new(&one.name, ink, one.count)).collect();
        let told = format!("{}.", listed(counts));
        let chart = ranking(&Told { id, title, description: &told }, &bars, None);
        self.section(id, title, "", !counts.is_empty(), "Nothing in this time.", &chart)
    }

    /// A part of the report, with the table of the same name behind it.
    fn section(
        &self,
        id: &str,
        title: &str,
        told: &str,
        some: bool,
        none: &str,
        inside: &str,
    ) -> String {
        let mut out = format!("<section id=\"{id}\"><h2>{title}</h2>");
        if !some {
            let _ = write!(out, "<p class=\"none\">{none}</p></section>");
            return out;
        }
        if !told.is_empty() {
            let _ = write!(out, "<p class=\"told\">{told}</p>");
        }
        out.push_str(inside);
        if let Some(table) = csv::table(id, self.figures) {
            let file = self.tables.map(|tables| {
                let address = tables.replacen('|', &format!("{id}.csv"), 1);
                format!("<a href=\"{address}\" download>CSV</a>")
            });
            let _ = write!(
                out,
                "<details class=\"table\"><summary>As a table</summary>\
                 {}{}</details>",
                html(title, &table),
                file.unwrap_or_default(),
            );
        }
        out.push_str("</section>");
        out
    }
}

/// A table of HTML, which can be scrolled by keyboard.
fn html(title: &str, table: &Table) -> String {
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{title}, as a table\" tabindex=\"0\">\
         <table><thead><tr>"
    );
    for head in &table.head {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(&head.replace('_', " ")));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for (at, field) in row.iter().enumerate() {
            let numeric = at > 0 && field.parse::<f64>().is_ok();
            let (tag, class) = (
                if at == 0 { "th scope=\"row\"" } else { "td" },
                if numeric { " class=\"n\"" } else { "" },
            );
            let end = if at == 0 { "th" } else { "td" };
            let _ = write!(out, "<{tag}{class}>{}</{end}>", escape(field));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}

fn float_len(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// How long somebody stayed: `12 s`, `14 min`, `2 h 5 min`.
fn stay(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// The first of them in words.
fn listed(counts: &[Named]) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let first =
        counts.iter().take(6).map(|one| format!("{} {}", escape(&one.name), whole(one.count)));
    let listed = first.collect::<Vec<_>>().join(", ");
    if counts.len() > 6 { format!("{listed} and more") } else { listed }
}

fn legend(names: &[(&str, u8)]) -> String {
    if names.len() < 2 {
        return String::new();
    }
    let items = names.iter().map(|(name, ink)| {
        let name = escape(name);
        format!("<li><svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"f c-{ink}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>{name}</li>")
    });
    format!("<ul class=\"legend\">{}</ul>", items.collect::<String>())
}

/// Items by kind over time: the most frequent with a colour each, the others together.
fn kinds(figures: &Figures) -> Vec<Series> {
    // So that a kind has its colour whatever the span.
    const KNOWN: [&str; 5] = ["message", "post", "image", "link", "custom"];
    const INKS: [u8; 5] = [0, 4, 2, 3, 5];
    let mut series = Vec::new();
    let mut others: BTreeMap<i64, f64> = BTreeMap::new();
    for kind in &figures.items.by_kind {
        let points = figures
            .items
            .over_time
            .iter()
            .filter_map(|point| Some((point.at, float(*point.kinds.get(&kind.name)?))));
        if let Some(at) = KNOWN.iter().position(|known| *known == kind.name) {
            series.push(Series {
                name: kind.name.clone(),
                ink: INKS[at],
                points: points.collect(),
            });
        } else {
            for (at, count) in points {
                *others.entry(at).or_default() += count;
            }
        }
    }
    if !others.is_empty() {
        let points = others.into_iter().collect();
        series.push(Series { name: "other".to_owned(), ink: SERIES - 1, points });
    }
    series
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
