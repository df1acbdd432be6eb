//! The statistics of a log, computed once more in another way: the whole log is read at once and
//! counted by hand, with nothing of the server's.

use super::{event, stats};
use nowcast_tests::api::Api;
use nowcast_tests::server::{Server, Setup};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const MINUTE: i64 = 60_000;

/// How long lists of names are told.
const MOST: usize = 50;

#[tokio::test]
async fn statistics_are_what_a_second_computation_over_the_log_says() {
    let seed = std::env::var("NOWCAST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("NOWCAST_SEED={seed}");
    let mut server = Setup::new().with_clock().start().await;
    event::happen(&server, seed).await;
    let exported = exported(&server).await;
    let log = lines(&exported);
    assert!(log.len() > 100, "{} events", log.len());
    compare(&server.admin().await, "main", &log).await;

    server.kill().await;
    server.restart().await;
    compare(&server.admin().await, "main", &log).await;

    // The same, as if it had happened a month ago.
    let old = earlier(&exported);
    let file = server.scratch().join("old.ndjson");
    std::fs::write(&file, &old).expect("the folder can be written");
    server.stop().await;
    let path = file.to_str().expect("a folder with a plain name");
    let imported = server.task(&["import", "--room", "old", path]).await;
    assert!(imported.status.success(), "{imported:?}");
    server.restart().await;
    let admin = server.admin().await;
    compare(&admin, "old", &lines(&old)).await;
    compare(&admin, "main", &log).await;
}

/// The main room's log, as `nowcast export` writes it.
async fn exported(server: &Server) -> String {
    let exported = server.task(&["export", "--room", "main"]).await;
    assert!(exported.status.success(), "{exported:?}");
    exported.stdout
}

/// An event a line.
fn lines(exported: &str) -> Vec<Value> {
    exported.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// As if it had happened a month before; to the letter the same but for that.
fn earlier(exported: &str) -> String {
    let mut pieces = exported.split("at\":");
    let mut old = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(piece.len());
        let (digits, rest) = piece.split_at(end);
        old.push_str("at\":");
        match digits.parse::<i64>() {
            Ok(at) => old.push_str(&(at - 30 * 24 * 60 * MINUTE).to_string()),
            Err(_) => old.push_str(digits),
        }
        old.push_str(rest);
    }
    old
}

/// Compares all of it, and spans of it.
async fn compare(admin: &Api, room: &str, log: &[Value]) {
    let head = log.len();
    let whole = stats(admin, room, "the whole log is counted", |stats| {
        stats["counted"]["offset"].as_u64() == u64::try_from(head).ok()
    })
    .await;
    hold(&whole, log);
    let at = |place: usize| log[place]["at"].as_i64().expect("a time");
    let (begin, end) = (at(0), at(head - 1));
    assert!(end - begin > 4 * MINUTE, "it takes some minutes");
    for (from, to) in [(begin, end), (begin + MINUTE, begin + 3 * MINUTE), (end - MINUTE, end + 1)]
    {
        let path = format!("/api/rooms/{room}/stats?from={from}&to={to}");
        hold(&admin.json(&path).await, log);
    }
    let nothing = format!("/api/rooms/{room}/stats?from=0&to={}", begin - 60 * MINUTE);
    hold(&admin.json(&nothing).await, log);
}

/// What is answered for a span is what that of the log comes to.
fn hold(told: &Value, log: &[Value]) {
    let number = |name: &str| told[name].as_i64().unwrap_or_else(|| panic!("{name} in {told}"));
    let computed = Computed::of(log, number("from"), number("to"), number("bucket"));
    let totals = &told["totals"];
    assert_eq!(
        ["items", "edits", "deletes", "said", "authors"].map(|name| totals[name].as_u64()),
        [computed.items, computed.edits, computed.deletes, computed.said, computed.authors.len()]
            .map(|count| u64::try_from(count).ok())
    );
    same("kinds", &told["items"]["by_kind"], "name", "count", &computed.kinds);
    same("sources", &told["items"]["by_source"], "name", "count", &computed.sources);
    same("words", &told["words"], "word", "count", &computed.words);
    same("hashtags", &told["hashtags"], "word", "count", &computed.hashtags);
    same("reactions", &told["reactions"]["by_emoji"], "emoji", "count", &computed.reactions);
    let points = |list: &Value, of: &str| -> BTreeMap<i64, Value> {
        let points = list.as_array().expect("a list").iter();
        let points = points.map(|point| (point["at"].as_i64().expect("a time"), point[of].clone()));
        points.filter(|(_, value)| *value != json!({}) && *value != json!(0)).collect()
    };
    let over_time = points(&told["items"]["over_time"], "kinds");
    assert_eq!(
        over_time,
        computed.over_time.into_iter().map(|(at, kinds)| (at, json!(kinds))).collect()
    );
    let over_time = points(&told["reactions"]["over_time"], "count");
    assert_eq!(
        over_time,
        computed.cheers.into_iter().map(|(at, count)| (at, json!(count))).collect()
    );
    let authors = told["authors"].as_array().expect("a list").iter();
    let authors: BTreeMap<_, _> = authors
        .map(|one| {
            (
                one["name"].as_str().unwrap().to_owned(),
                [&one["items"], &one["said"]].map(|n| n.as_u64().unwrap()),
            )
        })
        .collect();
    assert_eq!(authors, computed.authors);
    for (list, exact) in [("polls", &computed.polls), ("questions", &computed.questions)] {
        let told: BTreeSet<_> =
            told[list].as_array().expect("a list").iter().map(Value::to_string).collect();
        assert_eq!(told, exact.iter().map(Value::to_string).collect(), "{list}");
    }
}

/// A list of the most frequent is one of the exact counts: the numbers are right, in order, and
/// nothing that is left out is more frequent.
fn same(what: &str, told: &Value, name: &str, count: &str, exact: &BTreeMap<String, u64>) {
    let told: Vec<(String, u64)> = told
        .as_array()
        .unwrap_or_else(|| panic!("{what}: {told} is no list"))
        .iter()
        .map(|one| (one[name].as_str().unwrap().to_owned(), one[count].as_u64().unwrap()))
        .collect();
    let mut expected: Vec<_> = exact.iter().map(|(name, count)| (name.clone(), *count)).collect();
    expected.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    expected.truncate(MOST);
    let sorted = |mut list: Vec<(String, u64)>| {
        list.sort();
        list
    };
    assert!(told.is_sorted_by(|one, other| one.1 >= other.1), "{what}: {told:?}");
    assert_eq!(sorted(told), sorted(expected), "{what}");
}

/// What a span of a log comes to.
#[derive(Default)]
struct Computed {
    items: usize,
    edits: usize,
    deletes: usize,
    said: usize,
    kinds: BTreeMap<String, u64>,
    sources: BTreeMap<String, u64>,
    over_time: BTreeMap<i64, BTreeMap<String, u64>>,
    /// Items, and words in the chat.
    authors: BTreeMap<String, [u64; 2]>,
    words: BTreeMap<String, u64>,
    hashtags: BTreeMap<String, u64>,
    polls: Vec<Value>,
    questions: Vec<Value>,
    reactions: BTreeMap<String, u64>,
    cheers: BTreeMap<i64, u64>,
}

impl Computed {
    fn of(log: &[Value], from: i64, to: i64, bucket: i64) -> Self {
        let mut computed = Self::default();
        let point = |at: i64| at.div_euclid(bucket) * bucket;
        // What is there in the end counts for when it came.
        let mut there: BTreeMap<String, (i64, Value)> = BTreeMap::new();
        for logged in log {
            let at = logged["at"].as_i64().expect("a time");
            let within = (from..to).contains(&at);
            let event = &logged["event"];
            let id = |value: &Value| value.as_str().expect("an id").to_owned();
            match event["kind"].as_str().expect("a kind") {
                "item_published" => {
                    let item = &event["item"];
                    if within {
                        computed.publish(item, point(at));
                    }
                    there.insert(id(&item["id"]), (at, item.clone()));
                }
                "item_edited" => {
                    computed.edits += usize::from(within);
                    let item = &event["item"];
                    there.get_mut(&id(&item["id"])).expect("it is there").1 = item.clone();
                }
                "item_deleted" => {
                    computed.deletes += usize::from(within);
                    there.remove(&id(&event["item"]));
                }
                "said" => {
                    if within {
                        computed.said += 1;
                        let name = event["name"].as_str().expect("a name");
                        computed.authors.entry(name.to_owned()).or_default()[1] += 1;
                    }
                    there.insert(id(&event["id"]), (at, event["text"].clone()));
                }
                "said_edited" => {
                    computed.edits += usize::from(within);
                    there.get_mut(&id(&event["id"])).expect("it is there").1 =
                        event["text"].clone();
                }
                "said_deleted" => {
                    computed.deletes += usize::from(within);
                    there.remove(&id(&event["id"]));
                }
                _ => {}
            }
        }
        for (at, what) in there.into_values().filter(|(at, _)| (from..to).contains(at)) {
            computed.stands(&what, point(at));
        }
        computed
    }

    fn publish(&mut self, item: &Value, point: i64) {
        let kind = item["kind"].as_str().expect("a kind").to_owned();
        let (data, by) = (&item["data"], &item["by"]);
        let name = by["name"].as_str();
        let role = match by["role"].as_str() {
            Some("admin") => "Admin",
            Some("publisher") => "Program",
            other => panic!("{other:?} published"),
        };
        self.items += 1;
        *self.kinds.entry(kind.clone()).or_default() += 1;
        *self.over_time.entry(point).or_default().entry(kind.clone()).or_default() += 1;
        let program = name.filter(|_| by["role"] == "publisher");
        let source = data["source"].as_str().or(program).unwrap_or(role).to_owned();
        *self.sources.entry(source).or_default() += 1;
        let there = data["user"].as_str().filter(|_| kind == "post");
        let author = there.or(name).unwrap_or(role).to_owned();
        self.authors.entry(author).or_default()[0] += 1;
    }

    /// An item, or words of the chat, as they are in the end.
    fn stands(&mut self, what: &Value, point: i64) {
        let data = &what["data"];
        let text = |name: &str| data[name].as_str().unwrap_or_default();
        match what["kind"].as_str() {
            None => {
                let line = what.as_str().expect("words");
                if line.chars().any(char::is_alphabetic) {
                    self.text(line);
                } else {
                    self.cheer(line, point);
                }
            }
            Some("link") => self.text(&format!("{} {}", text("title"), text("description"))),
            Some("image") => self.text(text("alt")),
            Some("custom") => {
                let mut told = data.clone();
                told.as_object_mut().expect("an object").remove("type");
                let list =
                    if text("type") == "poll" { &mut self.polls } else { &mut self.questions };
                list.push(told);
            }
            Some(_) => self.text(text("text")),
        }
    }

    fn text(&mut self, text: &str) {
        for piece in
            text.split(' ').filter(|piece| !piece.contains("://") && !piece.starts_with('@'))
        {
            if let Some(tag) = piece.strip_prefix('#') {
                if tag.chars().any(char::is_alphabetic) {
                    *self.hashtags.entry(tag.to_lowercase()).or_default() += 1;
                }
                continue;
            }
            let word = piece.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
            let word = word.replace('’', "'");
            let nothing = event::LANGUAGES.iter().flatten().any(|nothing| *nothing == word);
            if !nothing && word.chars().any(char::is_alphabetic) {
                *self.words.entry(word).or_default() += 1;
            }
        }
    }

    /// A line of emoji: each of them once.
    fn cheer(&mut self, line: &str, point: i64) {
        for emoji in event::EMOJI.into_iter().filter(|emoji| line.contains(emoji)) {
            *self.reactions.entry(emoji.to_owned()).or_default() += 1;
            *self.cheers.entry(point).or_default() += 1;
        }
    }
}
