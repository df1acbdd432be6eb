//! What the columns of a chart are made of: items by kind, and by source.

use super::super::figures::{Figures, Published};
use super::super::read::OTHER;
use super::chart::SERIES;
use super::sections::float;
use super::timeline::Series;
use std::collections::BTreeMap;

/// What all others together are drawn in.
const OTHERS: u8 = SERIES - 1;

fn points(figures: &Figures, count: impl Fn(&Published) -> Option<i64>) -> Vec<(i64, f64)> {
    let points = figures.items.over_time.iter();
    points.filter_map(|point| Some((point.at, float(count(point)?)))).collect()
}

/// Items by kind over time: the known ones with a colour each, the others together.
pub(super) fn kinds(figures: &Figures) -> Vec<Series> {
    // So that a kind has its colour whatever the span.
    const KNOWN: [(&str, u8); 5] =
        [("message", 0), ("post", 4), ("image", 2), ("link", 3), ("custom", 5)];
    let mut series = Vec::new();
    let mut others: BTreeMap<i64, f64> = BTreeMap::new();
    for kind in &figures.items.by_kind {
        let points = points(figures, |point| point.kinds.get(&kind.name).copied());
        if let Some((_, ink)) = KNOWN.iter().find(|(known, _)| *known == kind.name) {
            series.push(Series { name: kind.name.clone(), ink: *ink, points });
        } else {
            for (at, count) in points {
                *others.entry(at).or_default() += count;
            }
        }
    }
    if !others.is_empty() {
        let points = others.into_iter().collect();
        series.push(Series { name: OTHER.to_owned(), ink: OTHERS, points });
    }
    series
}

/// Items by source over time: the largest first, with a colour each, the others together.
pub(super) fn sources(figures: &Figures) -> Vec<Series> {
    let told = figures.items.by_source.iter().map(|source| source.name.as_str());
    let told = told.filter(|name| *name != OTHER).take(usize::from(OTHERS)).zip(0..);
    let all = told.chain([(OTHER, OTHERS)]).map(|(name, ink)| {
        let points = points(figures, |point| point.sources.get(name).copied());
        Series { name: name.to_owned(), ink, points }
    });
    all.filter(|series| !series.points.is_empty()).collect()
}
