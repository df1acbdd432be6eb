//! The tables, as Markdown that reads well on a terminal, too: columns are padded.

use std::fmt::Write as _;

use super::contestant::Contestant;
use super::field::Field;
use super::results::{Figure, Key, Results, median};
use super::scenario::{CURVE, Phase, Transport};
use super::verdict::Row;

/// Everything, for the terminal.
pub(super) fn all(rows: &[Row], results: &Results, field: &Field) -> String {
    format!("\n{}\n{}{}", targets(rows), figures(results), remarks(results, field))
}

/// What was to be reached, and was it.
pub(super) fn targets(rows: &[Row]) -> String {
    let mut table = Table::new(&["what", "to reach", "reached", "verdict"]);
    for row in rows {
        table.row(vec![
            row.what.to_owned(),
            row.target.clone(),
            row.reached.clone(),
            row.verdict.to_string(),
        ]);
    }
    table.text()
}

/// Every contestant's figures, a table for each thing that was done with pages.
pub(super) fn figures(results: &Results) -> String {
    let mut text = String::new();
    let mut before = None;
    let mut keys: Vec<Key> = results.keys().collect();
    keys.sort_by_key(|key| (key.phase == Phase::Idle, key.transport, key.pages, key.phase));
    for key in &keys {
        let about = (key.phase, key.transport, key.pages);
        if before == Some(about) {
            continue;
        }
        before = Some(about);
        let same: Vec<Key> = keys
            .iter()
            .copied()
            .filter(|key| (key.phase, key.transport, key.pages) == about)
            .collect();
        let _ = write!(text, "\n{}\n\n", title(*key));
        text.push_str(&if key.phase == Phase::Idle {
            memory(results, &same)
        } else {
            work(results, &same)
        });
    }
    if let Some(curve) = curve(results) {
        let _ = write!(text, "\nGrowth, in lock-step: the server's CPU µs a delivery\n\n{curve}");
    }
    if !results.durable.is_empty() {
        let figure = |of: fn(&super::results::Durable) -> f64| {
            median(results.durable.iter().map(of)).unwrap_or_default()
        };
        let _ = writeln!(
            text,
            "\nDurable publishes: {:.0} a second by 64 publishers; the disk did {:.0} fsyncs a second, \
             so that in lock-step each publish waits {:.1} ms for it before any page has it.",
            figure(|round| round.publishes),
            figure(|round| round.syncs),
            1e3 / figure(|round| round.syncs)
        );
    }
    if !results.herd.is_empty() {
        let figure = |of: fn(&super::results::Returned) -> f64| {
            median(results.herd.iter().map(of)).unwrap_or_default()
        };
        let _ = writeln!(
            text,
            "\nThe herd: {:.0} pages, of which {:.0} went on from where they were; the server was \
             back after {:.2} s, all pages were welcome {:.2} s later and had one publish more \
             after {:.2} s.",
            figure(|round| round.pages),
            figure(|round| round.recovered),
            figure(|round| round.restart),
            figure(|round| round.welcome),
            figure(|round| round.reached)
        );
    }
    text
}

/// How quiet the machine was, and who was left out or failed.
pub(super) fn remarks(results: &Results, field: &Field) -> String {
    let mut text = String::new();
    if let Some((median, most)) = results.others() {
        let _ = writeln!(
            text,
            "\nOther programs used {:.0} % of a core meanwhile (the median of all rounds; at most {:.0} %).",
            median * 100.0,
            most * 100.0
        );
    }
    for remark in &results.remarks {
        let _ = writeln!(text, "\n{remark}");
    }
    for (contestant, why) in &field.absent {
        let _ = writeln!(text, "\n{} was left out: {why}.", contestant.title());
    }
    for (contestant, why) in results.failures() {
        let _ = writeln!(text, "\n{} failed: {why}.", contestant.title());
    }
    text
}

/// Every round's figures, for whoever looks for what makes them differ.
pub(super) fn samples(results: &Results) -> String {
    let mut text = String::new();
    for (key, samples) in results.samples() {
        for (round, sample) in samples.iter().enumerate() {
            let _ = writeln!(
                text,
                "{} | {} | {} | {sample:?}",
                title(key),
                key.contestant.name(),
                round + 1
            );
        }
    }
    text
}

fn title(key: Key) -> String {
    let Key { phase, pages, transport, .. } = key;
    let pages = match transport {
        Transport::WebSocket => format!("{pages} pages"),
        Transport::LongPoll => format!("{pages} long polls"),
    };
    match phase {
        Phase::Lockstep => format!("{pages}, the next publish when all have the last"),
        Phase::Inflight(publishers) => format!("{pages}, {publishers} publishers at once"),
        Phase::Rate(rate) => format!("{pages}, {rate} publishes a second"),
        Phase::Idle => format!("{pages} with nothing going on"),
    }
}

fn work(results: &Results, keys: &[Key]) -> String {
    let mut table = Table::new(&[
        "server",
        "deliveries a second",
        "server µs a delivery",
        "load's share",
        "p50 ms",
        "p99 ms",
        "max ms",
        "frame",
    ]);
    for key in keys {
        let figure = |of: Figure| results.median(*key, of).unwrap_or_default();
        let load = figure(|sample| sample.load);
        // Where the load generator worked harder than the server, it may have been what held up.
        let mark = if load > 1.0 { " !" } else { "" };
        table.row(vec![
            key.contestant.title().to_owned(),
            thousands(figure(|sample| sample.rate)),
            format!("{:.3}", figure(|sample| sample.cpu)),
            format!("{load:.2}{mark}"),
            format!("{:.2}", figure(|sample| sample.median)),
            format!("{:.2}", figure(|sample| sample.late)),
            format!("{:.2}", figure(|sample| sample.max)),
            format!("{:.0}", figure(|sample| sample.frame)),
        ]);
    }
    table.text()
}

fn memory(results: &Results, keys: &[Key]) -> String {
    let mut table = Table::new(&["server", "KiB a page, joined", "KiB a page, after one frame"]);
    for key in keys {
        let figure = |of: Figure| results.median(*key, of).unwrap_or_default();
        table.row(vec![
            key.contestant.title().to_owned(),
            format!("{:.2}", figure(|sample| sample.joined)),
            format!("{:.2}", figure(|sample| sample.after)),
        ]);
    }
    table.text()
}

/// One line a contestant that was measured at two points or more.
fn curve(results: &Results) -> Option<String> {
    let mut table = Table::new(&["server", "10 pages", "100", "1,000", "9,000"]);
    let mut is_empty = true;
    for contestant in Contestant::ALL {
        let at = |pages| {
            let (phase, transport) = (Phase::Lockstep, Transport::WebSocket);
            results.median(Key { phase, pages, transport, contestant }, |sample| sample.cpu)
        };
        let points = CURVE.map(at);
        if points[0].is_none() {
            continue;
        }
        let words = points.map(|cpu| cpu.map_or_else(String::new, |cpu| format!("{cpu:.3}")));
        table.row([vec![contestant.title().to_owned()], words.to_vec()].concat());
        is_empty = false;
    }
    (!is_empty).then(|| table.text())
}

/// `1234567.8` as `1,234,568`.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

struct Table(Vec<Vec<String>>);

impl Table {
    fn new(head: &[&str]) -> Self {
        Self(vec![head.iter().map(|word| (*word).to_owned()).collect()])
    }

    fn row(&mut self, cells: Vec<String>) {
        self.0.push(cells);
    }

    /// The first column is of words, to the left; so is every one that has letters in it.
    fn text(&self) -> String {
        let width = |column: usize| {
            self.0.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..self.0[0].len()).filter_map(width).collect();
        let mut text = String::new();
        for (index, row) in self.0.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(text, "| {cell:width$} ");
            }
            text.push_str("|\n");
            if index == 0 {
                for width in &widths {
                    let _ = write!(text, "|{:-<1$}", "", width + 2);
                }
                text.push_str("|\n");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::results::Sample;
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["a", "long head"]);
        table.row(vec!["µ wide".to_owned(), "1".to_owned()]);
        assert_eq!(
            table.text(),
            "| a      | long head |\n|--------|-----------|\n| µ wide | 1         |\n"
        );
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(1_234_567.8), "1,234,568");
        assert_eq!(thousands(999.0), "999");
    }

    #[test]
    fn a_row_where_the_load_generator_was_dearer_is_marked() {
        let mut results = Results::default();
        for (contestant, load) in [(Contestant::Relaxed, 0.7), (Contestant::Floor, 1.2)] {
            let (phase, transport) = (Phase::Lockstep, Transport::WebSocket);
            let sample = Sample { load, ..Sample::default() };
            results.add(Key { phase, pages: 1000, transport, contestant }, sample);
        }
        let text = figures(&results);
        assert!(text.contains("1.20 !") && !text.contains("0.70 !"), "{text}");
    }
}
