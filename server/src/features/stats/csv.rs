//! Tables for other programs: CSV (RFC 4180), safe to open in a spreadsheet.

use super::calendar::time;
use super::figures::{Figures, Published};
use std::collections::{BTreeMap, BTreeSet};

/// The names of all tables.
pub(super) const TABLES: [&str; 19] = [
    "totals",
    "kinds",
    "sources",
    "items",
    "sources_over_time",
    "viewers",
    "transports",
    "devices",
    "referrers",
    "authors",
    "words",
    "hashtags",
    "links",
    "polls",
    "questions",
    "emoji",
    "reactions",
    "latency",
    "reconnects",
];

/// A table: its head and its rows.
pub(super) struct Table {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    fn new<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Self {
        let head = head.map(str::to_owned).to_vec();
        Self { head, rows: rows.into_iter().map(|row| row.to_vec()).collect() }
    }

    /// As text.
    pub(super) fn csv(&self) -> String {
        let mut csv = String::new();
        for row in std::iter::once(&self.head).chain(&self.rows) {
            let fields: Vec<_> = row.iter().map(|field| quote(field)).collect();
            csv.push_str(&fields.join(","));
            csv.push_str("\r\n");
        }
        csv
    }
}

/// A field. What a spreadsheet would take for a formula begins with an apostrophe instead.
fn quote(field: &str) -> String {
    let formula =
        field.starts_with(['=', '+', '-', '@', '\t', '\r']) && field.parse::<f64>().is_err();
    let field = if formula { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\n', '\r', '\'']) || field.trim() != field {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

fn some<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// The table of this name.
pub(super) fn table(name: &str, figures: &Figures) -> Option<Table> {
    let named = |all: &[super::figures::Named]| {
        let rows = all.iter().map(|one| [one.name.clone(), one.count.to_string()]);
        Table::new(["name", "count"], rows.collect::<Vec<_>>())
    };
    let used = |all: &[super::figures::Used]| {
        let rows = all.iter().map(|one| [one.word.clone(), one.count.to_string()]);
        Table::new(["word", "count"], rows.collect::<Vec<_>>())
    };
    let points = |all: &[super::figures::Point]| {
        let rows = all.iter().map(|one| [time(one.at), one.count.to_string()]);
        Table::new(["at", "count"], rows.collect::<Vec<_>>())
    };
    Some(match name {
        "totals" => totals(figures),
        "kinds" => named(&figures.items.by_kind),
        "sources" => named(&figures.items.by_source),
        "items" => over_time(figures, |point| &point.kinds),
        "sources_over_time" => over_time(figures, |point| &point.sources),
        "viewers" => Table::new(
            ["at", "peak", "joins", "leaves"],
            figures.viewers.over_time.iter().map(|one| {
                [time(one.at), one.peak.to_string(), one.joins.to_string(), one.leaves.to_string()]
            }),
        ),
        "transports" => named(&figures.viewers.transports),
        "devices" => named(&figures.viewers.devices),
        "referrers" => named(&figures.viewers.referrers),
        "authors" => Table::new(
            ["name", "items", "said"],
            figures
                .authors
                .iter()
                .map(|one| [one.name.clone(), one.items.to_string(), one.said.to_string()]),
        ),
        "words" => used(&figures.words),
        "hashtags" => used(&figures.hashtags),
        "links" => Table::new(
            ["url", "title", "clicks"],
            figures
                .links
                .iter()
                .map(|one| [one.url.clone(), some(one.title.clone()), one.clicks.to_string()]),
        ),
        "polls" => Table::new(
            ["question", "option", "votes"],
            figures.polls.iter().flat_map(|poll| {
                let row = |option: &super::figures::Choice| {
                    [poll.question.clone(), option.text.clone(), option.votes.to_string()]
                };
                poll.options.iter().map(row)
            }),
        ),
        "questions" => Table::new(
            ["text", "votes", "answered"],
            figures
                .questions
                .iter()
                .map(|one| [one.text.clone(), one.votes.to_string(), one.answered.to_string()]),
        ),
        "emoji" => Table::new(
            ["emoji", "count"],
            figures.reactions.by_emoji.iter().map(|one| [one.emoji.clone(), one.count.to_string()]),
        ),
        "reactions" => points(&figures.reactions.over_time),
        "latency" => Table::new(
            ["at", "median", "p95"],
            figures
                .latency
                .over_time
                .iter()
                .map(|one| [time(one.at), some(one.median), some(one.p95)]),
        ),
        "reconnects" => points(&figures.reconnects.over_time),
        _ => return None,
    })
}

fn totals(figures: &Figures) -> Table {
    let totals = serde_json::to_value(&figures.totals).unwrap_or_default();
    let rows = totals.as_object().into_iter().flatten().map(|(name, value)| {
        [name.clone(), if value.is_null() { String::new() } else { value.to_string() }]
    });
    Table::new(["name", "count"], rows.collect::<Vec<_>>())
}

/// Items over time, with a column for each name.
fn over_time(figures: &Figures, counted: fn(&Published) -> &BTreeMap<String, i64>) -> Table {
    let points = &figures.items.over_time;
    let names: BTreeSet<&str> =
        points.iter().flat_map(|point| counted(point).keys().map(String::as_str)).collect();
    let head = std::iter::once("at").chain(names.iter().copied()).map(str::to_owned).collect();
    let rows = points.iter().map(|point| {
        let counts = names.iter().map(|name| counted(point).get(*name).copied().unwrap_or(0));
        std::iter::once(time(point.at)).chain(counts.map(|count| count.to_string())).collect()
    });
    Table { head, rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula_or_breaks_its_row() {
        let rows =
            [["=1+1".to_owned(), "a,\"b\"".to_owned()], ["-5".to_owned(), "\n@x".to_owned()]];
        let csv = Table::new(["name", "+count"], rows).csv();
        assert_eq!(csv, "name,\"'+count\"\r\n\"'=1+1\",\"a,\"\"b\"\"\"\r\n-5,\"\n@x\"\r\n");
    }

    #[test]
    fn every_table_that_is_named_is_there() {
        for name in TABLES {
            let table = table(name, &Figures::default()).unwrap();
            assert!(!table.head.is_empty() && table.csv().ends_with("\r\n"), "{name}");
        }
        assert!(table("passwords", &Figures::default()).is_none());
    }
}
