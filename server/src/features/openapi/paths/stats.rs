//! What happened in a room, counted.

use super::{Group, list, number, object, text};
use crate::features::openapi::operation::{Access, Operation, operation};
use nowcast_shared::error::Code;
use serde_json::{Value, json};

pub(super) fn group() -> Group {
    let operations = vec![
        span(operation("get", "/api/rooms/{room}/stats", "getStatistics", "Everything, counted"))
            .says(
                "Spans are rounded to whole minutes. `counted` says up to where the log is counted: \
                 what was published a moment ago may not be in it yet.",
            )
            .in_room()
            .asks(Access::Admin)
            .gives(200, "The answers to all questions.", &figures(), &example())
            .example("curl -b cookies.txt \"$SERVER/api/rooms/main/stats?from=1790000000000\""),
        span(operation("get", "/api/rooms/{room}/stats/{table}", "getTable", "A table of it"))
            .says(
                "For spreadsheets: `totals.csv`, `kinds.csv`, `sources.csv`, `items.csv` and `sources_over_time.csv` (over time), \
                 `viewers.csv`, `transports.csv`, `devices.csv`, `referrers.csv`, `authors.csv`, \
                 `words.csv`, `hashtags.csv`, `links.csv`, `polls.csv`, `questions.csv`, `emoji.csv`, \
                 `reactions.csv` (over time), `latency.csv`, `reconnects.csv`. What a spreadsheet would \
                 take for a formula begins with an apostrophe.",
            )
            .in_room()
            .asks(Access::Admin)
            .refuses(&[Code::NotFound])
            .gives_other(200, "The table, with a head.", "text/csv")
            .example("curl -b cookies.txt $SERVER/api/rooms/main/stats/words.csv"),
    ];
    let operations = operations.into_iter().chain(pages()).collect();
    let description = "What happened in a room, and who came, in any span of time.";
    Group { name: "Statistics", description, operations }
}

/// The report.
fn pages() -> [Operation; 2] {
    [
        ("/statistics", "mainReport", "The report on the room `main`"),
        ("/r/{room}/statistics", "roomReport", "The report on a room"),
    ]
    .map(|(path, id, summary)| {
        let spans = json!({"enum": ["hour", "today", "all", "own"]});
        operation("get", path, id, summary)
            .says("A page with charts for an admin; it stays true while it is open.")
            .query("span", &spans, "What time it is about; all of it where this is left out.")
            .query("since", &text(), "With `span=own`: from when, as `2026-11-21T14:05`.")
            .query("until", &text(), "With `span=own`: before when.")
            .query("zone", &json!({"type": "integer"}), "Minutes east of UTC.")
            .query("download", &text(), "One file that stays as it is, to keep or print.")
            .gives_other(200, "HTML.", "text/html")
            .gives_other(401, "The way to the login, as HTML.", "text/html")
            .gives_other(403, "Why there is none, as HTML.", "text/html")
            .gives_other(404, "There is no such room, as HTML.", "text/html")
            .refuses(&[
                Code::BadClient,
                Code::BadName,
                Code::Internal,
                Code::Unavailable,
                Code::StoreFailed,
            ])
            .example(if path == "/statistics" {
                "curl -b cookies.txt \"$SERVER/statistics?span=today&download\""
            } else {
                "curl -b cookies.txt $SERVER/r/main/statistics"
            })
    })
}

/// Operations that are about a span.
fn span(operation: Operation) -> Operation {
    let first = "From when, in Unix milliseconds; from the beginning where it is left out.";
    let last = "Before when; until now where it is left out.";
    operation.query("from", &number(), first).query("to", &number(), last)
}

fn named() -> Value {
    list(&object(&[("name", text()), ("count", number())]))
}

fn used() -> Value {
    list(&object(&[("word", text()), ("count", number())]))
}

fn points() -> Value {
    list(&object(&[("at", number()), ("count", number())]))
}

fn maybe(kind: &str) -> Value {
    json!({"type": [kind, "null"]})
}

fn items() -> Value {
    let counts = json!({"type": "object", "additionalProperties": number()});
    let points = object(&[("at", number()), ("kinds", counts.clone()), ("sources", counts)]);
    object(&[("by_kind", named()), ("by_source", named()), ("over_time", list(&points))])
}

fn figures() -> Value {
    let totals = [
        "items",
        "edits",
        "deletes",
        "said",
        "authors",
        "visits",
        "peak",
        "joins",
        "leaves",
        "clicks",
        "reconnects",
    ];
    let mut totals: Vec<_> = totals.map(|name| (name, number())).to_vec();
    totals.push(("median_stay", maybe("integer")));
    object(&[
        ("room", text()),
        ("title", text()),
        ("from", number()),
        ("to", number()),
        ("counted", object(&[("offset", number()), ("head", number())])),
        ("collecting", json!({"type": "boolean"})),
        ("bucket", number()),
        ("totals", object(&totals)),
        ("items", items()),
        (
            "viewers",
            object(&[
                ("from", number()),
                ("to", number()),
                (
                    "over_time",
                    list(&object(&[
                        ("at", number()),
                        ("peak", number()),
                        ("joins", number()),
                        ("leaves", number()),
                    ])),
                ),
                ("transports", named()),
                ("devices", named()),
                ("referrers", named()),
            ]),
        ),
        ("authors", list(&object(&[("name", text()), ("items", number()), ("said", number())]))),
        ("words", used()),
        ("hashtags", used()),
        (
            "links",
            list(&object(&[("url", text()), ("title", maybe("string")), ("clicks", number())])),
        ),
        (
            "polls",
            list(&object(&[
                ("question", text()),
                ("options", list(&object(&[("text", text()), ("votes", number())]))),
            ])),
        ),
        (
            "questions",
            list(&object(&[
                ("text", text()),
                ("votes", number()),
                ("answered", json!({"type": "boolean"})),
            ])),
        ),
        (
            "reactions",
            object(&[
                ("by_emoji", list(&object(&[("emoji", text()), ("count", number())]))),
                ("over_time", points()),
            ]),
        ),
        (
            "latency",
            object(&[
                ("count", number()),
                ("median", maybe("number")),
                ("p95", maybe("number")),
                ("p99", maybe("number")),
                (
                    "over_time",
                    list(&object(&[
                        ("at", number()),
                        ("median", maybe("number")),
                        ("p95", maybe("number")),
                    ])),
                ),
            ]),
        ),
        ("reconnects", object(&[("over_time", points())])),
    ])
}

fn example() -> Value {
    let at = 1_790_000_040_000_i64;
    json!({
        "room": "main", "title": "Finals", "from": at, "to": at + 3_600_000,
        "counted": {"offset": 45, "head": 45}, "collecting": true, "bucket": 60_000,
        "totals": {"items": 12, "edits": 1, "deletes": 0, "said": 30, "authors": 9, "visits": 20,
            "peak": 14, "median_stay": 840_000, "joins": 20, "leaves": 6, "clicks": 3, "reconnects": 1},
        "items": {"by_kind": [{"name": "message", "count": 12}],
            "by_source": [{"name": "Admin", "count": 12}],
            "over_time": [{"at": at, "kinds": {"message": 12}, "sources": {"Admin": 12}}]},
        "viewers": {"from": at, "to": at + 3_600_000,
            "over_time": [{"at": at, "peak": 14, "joins": 20, "leaves": 6}],
            "transports": [{"name": "websocket", "count": 20}],
            "devices": [{"name": "phone", "count": 20}], "referrers": []},
        "authors": [{"name": "Ana", "items": 12, "said": 4}],
        "words": [{"word": "goal", "count": 7}], "hashtags": [],
        "links": [{"url": "https://example.org/", "title": "The goals", "clicks": 3}],
        "polls": [{"question": "Who wins?", "options": [{"text": "We do", "votes": 9}]}],
        "questions": [{"text": "When does it begin?", "votes": 4, "answered": true}],
        "reactions": {"by_emoji": [{"emoji": "🎉", "count": 5}], "over_time": [{"at": at, "count": 5}]},
        "latency": {"count": 200, "median": 4.0, "p95": 11.0, "p99": 30.0,
            "over_time": [{"at": at, "median": 4.0, "p95": 11.0}]},
        "reconnects": {"over_time": [{"at": at, "count": 1}]},
    })
}
