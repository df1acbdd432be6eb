//! What stands in the report, in order. A part of which nothing is known says so.

use super::super::calendar::Zone;
use super::super::csv::{self, Table};
use super::super::figures::{Figures, Named};
use super::chart::{Told, escape, number};
use super::ranking::{Bar, ranking};
use super::series;
use super::timeline::{Axis, Series, Shape, timeline};
use std::fmt::Write;

/// How many bars there are at most; the table behind has more.
pub(super) const BARS: usize = 12;

/// So many of something.
pub(super) fn some(count: i64, one: &str, many: &str) -> String {
    format!("{} {}", whole(count), if count == 1 { one } else { many })
}

pub(super) fn whole(count: i64) -> String {
    number(float(count))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(super) fn float(count: i64) -> f64 {
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

pub(super) struct Report<'f> {
    pub(super) figures: &'f Figures,
    zone: Zone,
    tables: Option<&'f str>,
}

impl Report<'_> {
    pub(super) fn axis(&self) -> Axis {
        let Figures { from, to, bucket, .. } = self.figures;
        Axis { span: *from..*to, step: *bucket, zone: self.zone }
    }

    fn totals(&self) -> String {
        let totals = &self.figures.totals;
        let mut out = String::from("<dl class=\"totals\" data-live=\"totals\">");
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
        let series = series::kinds(self.figures);
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
            out.push_str(&self.sources());
        }
        out
    }

    fn sources(&self) -> String {
        let (id, title) = ("sources_over_time", "Where items come from, over time");
        let told = format!("By source: {}.", listed(&self.figures.items.by_source));
        let series = series::sources(self.figures);
        let told_of = Told { id, title, description: &told };
        let chart = timeline(&told_of, &self.axis(), Shape::Columns, "", &series);
        let names: Vec<_> = series.iter().map(|one| (one.name.as_str(), one.ink)).collect();
        self.section(id, title, "", true, "", &format!("{}{chart}", legend(&names)))
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

    /// A section of bars.
    pub(super) fn ranked(&self, id: &str, title: &str, counts: &[Named], ink: u8) -> String {
        let bars: Vec<_> =
            counts.iter().take(BARS).map(|one| Bar::new(&one.name, ink, one.count)).collect();
        let told = format!("{}.", listed(counts));
        let chart = ranking(&Told { id, title, description: &told }, &bars, None);
        self.section(id, title, "", !counts.is_empty(), "Nothing in this time.", &chart)
    }

    /// A part of the report, with the table of the same name behind it.
    pub(super) fn section(
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
            let _ = write!(
                out,
                "<div data-live=\"{id}\"><p class=\"none\">{none}</p></div>\
                 <div data-live=\"{id}-table\"></div></section>"
            );
            return out;
        }
        let _ = write!(out, "<div data-live=\"{id}\">");
        if !told.is_empty() {
            let _ = write!(out, "<p class=\"told\">{}</p>", escape(told));
        }
        let _ = write!(out, "{inside}</div>");
        if let Some(table) = csv::table(id, self.figures) {
            let file = self.tables.map(|tables| {
                let address = tables.replacen('|', &format!("{id}.csv"), 1);
                format!("<a href=\"{address}\" download>CSV</a>")
            });
            let _ = write!(
                out,
                "<details class=\"table\"><summary>As a table</summary>\
                 <div data-live=\"{id}-table\">{}{}</div></details>",
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

pub(super) fn float_len(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// How long somebody stayed: `12 s`, `14 min`, `2 h 5 min`.
pub(super) fn stay(milliseconds: i64) -> String {
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
    let first = counts.iter().take(6).map(|one| format!("{} {}", one.name, whole(one.count)));
    let listed = first.collect::<Vec<_>>().join(", ");
    if counts.len() > 6 { format!("{listed} and more") } else { listed }
}

pub(super) fn legend(names: &[(&str, u8)]) -> String {
    if names.len() < 2 {
        return String::new();
    }
    let items = names.iter().map(|(name, ink)| {
        let name = escape(name);
        format!("<li><svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"f c-{ink}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>{name}</li>")
    });
    format!("<ul class=\"legend\">{}</ul>", items.collect::<String>())
}
