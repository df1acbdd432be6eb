//! Who came: when, from where, what they clicked, and how events reached them.

use super::super::figures::{Delay, Named};
use super::chart::{Told, number};
use super::sections::{Report, float, legend, some, stay, whole};
use super::timeline::{Series, Shape, timeline};

impl Report<'_> {
    pub(super) fn viewers(&self) -> String {
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

    pub(super) fn comings(&self) -> String {
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

    pub(super) fn links(&self) -> String {
        let links = self.figures.links.iter().map(|link| Named {
            name: link.title.clone().unwrap_or_else(|| {
                let bare = link.url.split_once("://").map_or(link.url.as_str(), |(_, rest)| rest);
                bare.trim_end_matches('/').to_owned()
            }),
            count: link.clicks,
        });
        self.ranked("links", "Links clicked", &links.collect::<Vec<_>>(), 0)
    }

    pub(super) fn latency(&self) -> String {
        let latency = &self.figures.latency;
        let points = |of: fn(&Delay) -> Option<f64>| {
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
}
