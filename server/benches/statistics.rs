//! How long each question takes of a room with 1,000,000 events: `cargo bench -p nowcast --bench
//! statistics`. The room is made anew each time: three days of an event, half of it items of every
//! kind with texts of a large vocabulary, half of it chat lines, by 20,000 people. People come to it
//! for 60 days, in each minute from ten hosts, and click 15 links of it.
//!
//! Prints a table as docs/BENCHMARKS.md has it. `EVENTS` in the environment makes a smaller room.

use nowcast::db::{self, Db};
use nowcast::features::stats::questions;
use rusqlite::{Connection, params};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;
const START: i64 = 1_790_000_000_000;
const DAYS: i64 = 3;

/// How often each question is asked.
const TIMES: usize = 15;

/// How many words and people there are.
const WORDS: u64 = 100_000;
const PEOPLE: u64 = 20_000;

/// Numbers that look drawn, the same each time (xorshift).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `most`; small ones are frequent, as words and people are (Zipf).
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "only drawn"
    )]
    fn rank(&mut self, most: u64) -> u64 {
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((most as f64).powf(part) - 1.0) as u64
    }

    fn text(&mut self) -> String {
        let many = 6 + self.next() % 8;
        let words = (0..many).map(|_| format!("w{}x", self.rank(WORDS)));
        let mut text = words.collect::<Vec<_>>().join(" the ");
        if self.next().is_multiple_of(5) {
            text = format!("{text} #tag{}", self.rank(500));
        }
        text
    }
}

fn event(draw: &mut Draw, number: i64, at: i64) -> (&'static str, String) {
    let person = format!("Person {}", draw.rank(PEOPLE));
    if number % 2 == 0 {
        let text = match draw.next() % 10 {
            0..3 => {
                ["🎉", "👏", "❤️", "😂"][usize::try_from(draw.next() % 4).unwrap_or(0)].to_owned()
            }
            _ => draw.text(),
        };
        let said =
            json!({"kind": "said", "id": format!("s{number:012}"), "name": person, "text": text});
        return ("said", said.to_string());
    }
    let (kind, data) = match draw.next() % 100 {
        0..60 => ("message", json!({"text": draw.text()})),
        60..90 => ("post", json!({"user": person, "text": draw.text(), "source": "Mastodon"})),
        90..99 => ("link", json!({"url": "https://example.org/", "title": draw.text()})),
        _ => (
            "custom",
            json!({"type": "poll", "question": "Who?", "options": [{"text": "We", "votes": 1}]}),
        ),
    };
    let by = json!({"role": "publisher", "id": "p1", "name": person});
    let item = json!({"id": format!("i{number:012}"), "offset": number, "at": at, "kind": kind, "data": data, "by": by});
    ("item_published", json!({"kind": "item_published", "item": item}).to_string())
}

/// Makes the room; its key.
fn make(connection: &mut Connection, events: i64) -> rusqlite::Result<i64> {
    let transaction = connection.transaction()?;
    transaction.execute(
        "INSERT INTO rooms (name, title, epoch, head, last_at, created_at) VALUES ('main', 'Main', 'e1', ?, ?, ?)",
        params![events, START + DAYS * DAY, START],
    )?;
    let room = transaction.last_insert_rowid();
    let mut insert = transaction.prepare(
        "INSERT INTO events (room, offset, at, kind, author, event) VALUES (?, ?, ?, ?, '{}', ?)",
    )?;
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    for number in 1..=events {
        let at = START + DAYS * DAY / events.max(1) * number;
        let (kind, event) = event(&mut draw, number, at);
        insert.execute(params![room, number, at, kind, event])?;
    }
    drop(insert);
    transaction.commit()?;
    Ok(room)
}

/// Fills in who came, as it is kept: the last two days by minutes, what is before by hours.
fn come(connection: &mut Connection, room: i64) -> rusqlite::Result<()> {
    let end = START + DAYS * DAY;
    let minutes = (0..2 * 24 * 60).map(|minute| end - 2 * DAY + minute * MINUTE);
    let hours = (0..58 * 24).map(|hour| end - 60 * DAY + hour * 60 * MINUTE);
    let transaction = connection.transaction()?;
    let mut minute = transaction.prepare(
        "INSERT INTO visits_minutes (room, at, joins, leaves, peak, last, reconnects, clicks)
         VALUES (?, ?, 12, 11, 240, 230, 2, 15)",
    )?;
    let mut name = transaction.prepare(
        "INSERT OR IGNORE INTO visits_names (room, kind, at, name, count, about)
         VALUES (?, ?, ?, ?, 3, ?)",
    )?;
    let mut spread = transaction.prepare(
        "INSERT INTO visits_spreads (room, kind, at, bucket, count) VALUES (?, ?, ?, ?, 7)",
    )?;
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    for at in hours.chain(minutes) {
        minute.execute(params![room, at])?;
        for (kind, names, all, before) in [
            ("link", 15, 500, "https://example.org/news/"),
            ("referrer", 10, 300, "www.example"),
            ("transport", 3, 3, "transport"),
            ("device", 3, 3, "device"),
        ] {
            for number in 0..names {
                let one = if names == all { number } else { draw.rank(all) };
                let about = (kind == "link").then(|| format!("Title of page {one}"));
                name.execute(params![room, kind, at, format!("{before}{one}"), about])?;
            }
        }
        for (kind, buckets) in [("latency", 50), ("stay", 20)] {
            for bucket in 0..buckets {
                spread.execute(params![room, kind, at, 40 + bucket])?;
            }
        }
    }
    drop((minute, name, spread));
    transaction.commit()
}

fn measure(
    folder: &Path,
    room: i64,
    span: (Option<i64>, Option<i64>),
    name: &str,
) -> (Duration, Duration) {
    let mut took: Vec<_> = (0..TIMES)
        .map(|_| {
            let begun = Instant::now();
            let answered = db::peek(folder, |connection| {
                questions::ask(connection, name, room, span, START + DAYS * DAY)
            });
            answered.expect("the question is answered");
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    (took[TIMES / 2], took[TIMES - 1])
}

fn main() {
    // `cargo test --benches` only asks whether this can be built.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let events =
        std::env::var("EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let room = runtime.block_on(async {
        let db = Db::open(folder.path()).expect("a new database opens");
        let mut connection =
            Connection::open(folder.path().join("nowcast.db")).expect("it opens once more");
        let room = make(&mut connection, events).expect("the room is made");
        drop(connection);
        let begun = Instant::now();
        questions::count(&db, room).await.expect("the room is counted");
        let each = begun.elapsed() / u32::try_from(events).unwrap_or(1);
        println!("{events} events, counted in {:.0?}: {each:.1?} each\n", begun.elapsed());
        db.close().await;
        room
    });
    let mut connection =
        Connection::open(folder.path().join("nowcast.db")).expect("it opens once more");
    come(&mut connection, room).expect("people come");
    drop(connection);
    let hour = DAY / 24;
    let end = START + DAYS * DAY;
    let odd = 7 * 60_000;
    let spans = [
        ("all", (None, None)),
        ("the last hour", (Some(end - hour), None)),
        ("the last day", (Some(end - DAY), None)),
        ("2.5 days, odd ends", (Some(START + 5 * hour + odd), Some(end - 7 * hour - odd))),
        ("23 hours, odd ends", (Some(START + DAY - odd), Some(START + 2 * DAY - hour - odd))),
        ("58 minutes", (Some(START + DAY + odd), Some(START + DAY + hour + 5 * 60_000))),
    ];
    let heads = spans.map(|(name, _)| name).join(" | ");
    println!("| question | {heads} |\n|---|{}", "---|".repeat(spans.len()));
    for name in questions::names() {
        print!("| {name} |");
        for (_, span) in spans {
            let (median, most) = measure(folder.path(), room, span, name);
            print!(" {:.1} ({:.1}) |", median.as_secs_f64() * 1e3, most.as_secs_f64() * 1e3);
        }
        println!();
    }
    println!("\nMilliseconds: the median of {TIMES}, and in brackets the longest.");
}
