//! All that is answered of a room and a span, as its JSON has it.

use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Default, Serialize)]
pub(super) struct Figures {
    pub(super) room: String,
    pub(super) title: String,
    /// From when, in Unix milliseconds, in whole minutes.
    pub(super) from: i64,
    /// Before when.
    pub(super) to: i64,
    pub(super) counted: Counted,
    /// Whether what happens now is counted.
    pub(super) collecting: bool,
    /// How far apart the points over time are, in milliseconds.
    pub(super) bucket: i64,
    pub(super) totals: Totals,
    pub(super) items: Items,
    pub(super) viewers: Viewers,
    pub(super) authors: Vec<Active>,
    pub(super) words: Vec<Used>,
    pub(super) hashtags: Vec<Used>,
    pub(super) links: Vec<Clicked>,
    pub(super) polls: Vec<Poll>,
    pub(super) questions: Vec<Question>,
    pub(super) reactions: Reactions,
    pub(super) latency: Latency,
    pub(super) reconnects: Reconnects,
}

/// Up to where the log is counted, and where it ends.
#[derive(Debug, Default, Serialize)]
pub(super) struct Counted {
    pub(super) offset: i64,
    pub(super) head: i64,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Totals {
    pub(super) items: i64,
    pub(super) edits: i64,
    pub(super) deletes: i64,
    pub(super) said: i64,
    pub(super) authors: i64,
    pub(super) visits: i64,
    pub(super) peak: i64,
    pub(super) median_stay: Option<i64>,
    pub(super) joins: i64,
    pub(super) leaves: i64,
    pub(super) clicks: i64,
    pub(super) reconnects: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) count: i64,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Items {
    pub(super) by_kind: Vec<Named>,
    pub(super) by_source: Vec<Named>,
    pub(super) over_time: Vec<Published>,
}

#[derive(Debug, Serialize)]
pub(super) struct Published {
    pub(super) at: i64,
    pub(super) kinds: BTreeMap<String, i64>,
    /// Those of which most came in the span; the others are `other`.
    pub(super) sources: BTreeMap<String, i64>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Viewers {
    /// From when on, and until when, links, delays, stays and where viewers came from are told: more
    /// than was asked where that is long ago.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) over_time: Vec<Present>,
    pub(super) transports: Vec<Named>,
    pub(super) devices: Vec<Named>,
    pub(super) referrers: Vec<Named>,
}

#[derive(Debug, Serialize)]
pub(super) struct Present {
    pub(super) at: i64,
    pub(super) peak: i64,
    pub(super) joins: i64,
    pub(super) leaves: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Active {
    pub(super) name: String,
    pub(super) items: i64,
    pub(super) said: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Used {
    pub(super) word: String,
    pub(super) count: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Clicked {
    pub(super) url: String,
    pub(super) title: Option<String>,
    pub(super) clicks: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Poll {
    pub(super) question: String,
    pub(super) options: Vec<Choice>,
}

#[derive(Debug, Serialize)]
pub(super) struct Choice {
    pub(super) text: String,
    pub(super) votes: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Question {
    pub(super) text: String,
    pub(super) votes: i64,
    pub(super) answered: bool,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Reactions {
    pub(super) by_emoji: Vec<Reaction>,
    pub(super) over_time: Vec<Point>,
}

#[derive(Debug, Serialize)]
pub(super) struct Reaction {
    pub(super) emoji: String,
    pub(super) count: i64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Point {
    pub(super) at: i64,
    pub(super) count: i64,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Latency {
    pub(super) count: i64,
    pub(super) median: Option<f64>,
    pub(super) p95: Option<f64>,
    pub(super) p99: Option<f64>,
    pub(super) over_time: Vec<Delay>,
}

#[derive(Debug, Serialize)]
pub(super) struct Delay {
    pub(super) at: i64,
    pub(super) median: Option<f64>,
    pub(super) p95: Option<f64>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Reconnects {
    pub(super) over_time: Vec<Point>,
}
