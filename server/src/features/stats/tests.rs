//! Counting and asking, on a small room with a real database.

use super::bucket::MINUTE;
use super::happening::What;
use super::read::{self, Asked};
use super::{Stats, count, forget, questions, report, tables};
use crate::db::Db;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

const START: i64 = 1_790_000_000_000 / MINUTE * MINUTE;

/// Numbers that look drawn, the same each time (xorshift).
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % u64::try_from(most).unwrap()).unwrap()
    }

    /// Small ones are frequent.
    fn rank(&mut self, most: i64) -> i64 {
        self.below(if self.0.is_multiple_of(3) { 10 } else { most })
    }

    fn text(&mut self) -> String {
        let words = (0..=self.below(5)).map(|_| format!("wort{}x", self.rank(300)));
        words.collect::<Vec<_>>().join(" ")
    }
}

struct Scene {
    folder: tempfile::TempDir,
    db: Db,
    connection: Connection,
    room: i64,
    head: i64,
    /// What stands there: JSON of items by their names.
    there: HashMap<String, serde_json::Value>,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).unwrap();
        let connection = Connection::open(folder.path().join("nowcast.db")).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        let sql = "INSERT INTO rooms (name, title, epoch, created_at) VALUES ('a', 'A', 'e1', 0)";
        connection.execute(sql, []).unwrap();
        let room = connection.last_insert_rowid();
        tables::prepare(&db).await.unwrap();
        super::visits::prepare(&db).await.unwrap();
        Self { folder, db, connection, room, head: 0, there: HashMap::new() }
    }

    fn append(&mut self, at: i64, event: &serde_json::Value) {
        self.head += 1;
        let sql = "INSERT INTO events (room, offset, at, kind, author, event) VALUES (?, ?, ?, ?, '{}', ?)";
        let kind = event["kind"].as_str().unwrap();
        let given = params![self.room, self.head, at, kind, event.to_string()];
        self.connection.prepare_cached(sql).unwrap().execute(given).unwrap();
    }

    fn item(&mut self, at: i64, item: &serde_json::Value) {
        let mut item = item.clone();
        (item["offset"], item["at"]) = (json!(self.head + 1), json!(at));
        self.there.insert(item["id"].as_str().unwrap().to_owned(), item.clone());
        self.append(at, &json!({"kind": "item_published", "item": item}));
    }

    fn message(&mut self, id: &str, at: i64, text: &str) {
        let by = json!({"role": "publisher", "id": "p1", "name": format!("Person {}", at % 7)});
        self.item(at, &json!({"id": id, "kind": "message", "data": {"text": text}, "by": by}));
    }

    /// What the log keeps of a thing that an event changes.
    fn replace(&mut self, id: &str) {
        let sql = "INSERT INTO replaced (room, offset, was) VALUES (?, ?, ?)";
        let given = params![self.room, self.head + 1, self.there[id].to_string()];
        self.connection.prepare_cached(sql).unwrap().execute(given).unwrap();
    }

    fn edit(&mut self, id: &str, at: i64, data: &serde_json::Value) {
        self.replace(id);
        let item = self.there.get_mut(id).unwrap();
        item["data"] = data.clone();
        let event = json!({"kind": "item_edited", "item": item});
        self.append(at, &event);
    }

    fn delete(&mut self, id: &str, at: i64) {
        self.replace(id);
        self.there.remove(id);
        self.append(at, &json!({"kind": "item_deleted", "item": id}));
    }

    async fn count(&self) {
        while self.count_some().await.is_some() {}
    }

    async fn count_some(&self) -> Option<i64> {
        let sql = "UPDATE rooms SET head = ? WHERE id = ?";
        self.connection.execute(sql, [self.head, self.room]).unwrap();
        count::some(&self.db, self.room).await.unwrap()
    }

    fn asked(&self, from: i64, to: i64) -> Asked {
        Asked::new(&self.connection, self.room, Some(from), Some(to), to).unwrap()
    }

    fn words(&self, from: i64, to: i64) -> Vec<(String, i64)> {
        let used = read::used(&self.connection, &self.asked(from, to), What::Word).unwrap();
        used.into_iter().map(|one| (one.word, one.count)).collect()
    }

    /// Up to where a room is counted.
    fn offset(&self, room: i64) -> Option<i64> {
        let sql = "SELECT offset FROM stats_rooms WHERE room = ?";
        self.connection.query_row(sql, [room], |row| row.get(0)).optional().unwrap()
    }

    fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }
}

#[tokio::test]
async fn any_span_has_the_words_that_a_plain_count_has_also_when_some_are_forgotten() {
    let mut scene = Scene::new().await;
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    let events = 4_000;
    let length = 3 * 86_400_000_i64;
    for number in 0..events {
        let at = START + length / events * number;
        let old = format!("i{}", draw.below(number + 1));
        match draw.below(10) {
            0 if scene.there.contains_key(&old) => scene.delete(&old, at),
            1 if scene.there.contains_key(&old) => {
                scene.edit(&old, at, &json!({"text": draw.text()}));
            }
            _ => scene.message(&format!("i{number}"), at, &draw.text()),
        }
        // In batches of any size.
        if draw.below(300) == 0 {
            scene.count().await;
        }
    }
    scene.count().await;
    compare(&scene, &mut draw, length);
    for days in [0, 1, 2] {
        let before = START + days * length / 3 + draw.below(length / 3);
        while forget::some(&scene.db, scene.room, before).await.unwrap() {}
        let minute = before / MINUTE * MINUTE;
        // What is forgotten is changed to no effect, what is left is changed on.
        for _ in 0..200 {
            let id = format!("i{}", draw.below(events));
            if scene.there.contains_key(&id) {
                scene.edit(&id, START + length, &json!({"text": draw.text()}));
            }
        }
        scene.there.retain(|_, item| item["at"].as_i64().unwrap() >= minute);
        scene.count().await;
        compare(&scene, &mut draw, length);
    }
}

/// Compares the words of many spans with a plain count of what stands there.
fn compare(scene: &Scene, draw: &mut Draw, length: i64) {
    for round in 0..60 {
        let (mut from, mut to) = (START + draw.below(length), START + draw.below(length));
        if round == 0 {
            (from, to) = (0, START + 10 * length);
        }
        let (from, to) = (from.min(to), from.max(to) + MINUTE);
        let (begin, end) = (from / MINUTE * MINUTE, (to + MINUTE - 1) / MINUTE * MINUTE);
        let mut plain: BTreeMap<&str, i64> = BTreeMap::new();
        for item in scene.there.values() {
            if (begin..end).contains(&item["at"].as_i64().unwrap()) {
                let words = item["data"]["text"].as_str().unwrap().split(' ');
                words.for_each(|word| *plain.entry(word).or_default() += 1);
            }
        }
        let mut plain: Vec<_> = plain.into_iter().map(|(word, n)| (word.to_owned(), n)).collect();
        plain.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        plain.truncate(read::MOST);
        assert_eq!(scene.words(from, to), plain, "{from} {to}");
    }
}

#[tokio::test]
async fn a_copy_of_the_log_is_counted_on_and_another_log_is_counted_anew() {
    let mut scene = Scene::new().await;
    scene.message("i1", START, "storm storm");
    scene.count().await;
    scene.count().await;
    assert_eq!(scene.words(START, START + MINUTE), [("storm".to_owned(), 2)]);
    // The same log in a copy of the database: what was counted stays, also what is not kept any more.
    scene.connection.execute("UPDATE rooms SET epoch = 'e2'", []).unwrap();
    scene.connection.execute("DELETE FROM events", []).unwrap();
    scene.count().await;
    scene.message("i2", START, "ferry");
    scene.count().await;
    let both = [("storm".to_owned(), 2), ("ferry".to_owned(), 1)];
    assert_eq!(scene.words(START, START + MINUTE), both);
    // Another log: what was counted of the one before goes.
    scene.connection.execute("UPDATE rooms SET epoch = 'e3'", []).unwrap();
    scene.connection.execute("DELETE FROM events", []).unwrap();
    scene.head = 0;
    scene.message("i3", START, "island");
    scene.count().await;
    assert_eq!(scene.words(START, START + MINUTE), [("island".to_owned(), 1)]);
}

#[tokio::test]
async fn what_is_not_in_the_log_any_more_is_not_waited_for() {
    let mut scene = Scene::new().await;
    scene.message("i1", START, "storm");
    scene.connection.execute("DELETE FROM events", []).unwrap();
    scene.count().await;
    assert_eq!(scene.offset(scene.room), Some(1));
}

#[tokio::test]
async fn a_busy_room_keeps_no_other_waiting_and_may_be_turned_off_meanwhile() {
    let mut scene = Scene::new().await;
    for number in 0..3_000 {
        scene.message(&format!("i{number}"), START, "storm");
    }
    let sql = "INSERT INTO rooms (name, title, epoch, created_at, head)
               VALUES ('b', 'B', 'e1', 0, 1)";
    scene.connection.execute(sql, []).unwrap();
    let other = scene.connection.last_insert_rowid();
    let sql = "INSERT INTO events (room, offset, at, kind, author, event)
               SELECT ?, 1, at, kind, author, event FROM events WHERE offset = 1";
    scene.connection.execute(sql, [other]).unwrap();
    scene.connection.execute("UPDATE rooms SET head = 3000 WHERE name = 'a'", []).unwrap();
    let (_bell, happened) = watch::channel(());
    let (positions, alone) = (Arc::default(), Arc::default());
    let stats = Stats { happened, positions, alone, collects: true };
    assert!(count::turn(&scene.db, &stats).await.unwrap());
    let counted = scene.offset(scene.room).unwrap();
    assert!((1..3_000).contains(&counted), "one batch of many");
    assert_eq!(scene.offset(other), Some(1));
    // Turned off before all of it is counted: the rest is not.
    let sql = r#"UPDATE rooms SET keeping = '{"statistics":false}' WHERE name = 'a'"#;
    scene.connection.execute(sql, []).unwrap();
    assert!(count::turn(&scene.db, &stats).await.unwrap());
    assert!(!count::turn(&scene.db, &stats).await.unwrap(), "nothing is left to do");
    assert_eq!(scene.offset(scene.room), Some(3_000));
    assert_eq!(scene.words(START, START + MINUTE), [("storm".to_owned(), counted)]);
}

#[tokio::test]
async fn what_was_not_counted_is_not_taken_back() {
    let mut scene = Scene::new().await;
    let keeping = "UPDATE rooms SET keeping = ?";
    scene.message("i1", START, "storm");
    scene.count().await;
    // Not counted, in two turns.
    scene.connection.execute(keeping, [r#"{"statistics":false}"#]).unwrap();
    for id in ["i2", "i3"] {
        scene.message(id, START, "storm");
        assert_eq!(scene.count_some().await, Some(scene.head));
    }
    scene.connection.execute(keeping, [None::<String>]).unwrap();
    scene.message("i4", START, "storm");
    scene.count().await;
    assert_eq!(scene.rows("stats_gaps"), 1);
    // Gone from the log before it was counted, as if another program had cut it.
    scene.message("i5", START, "storm");
    scene.connection.execute("DELETE FROM events", []).unwrap();
    for id in ["i2", "i3", "i5"] {
        scene.edit(id, START, &json!({"text": "ferry"}));
    }
    scene.count().await;
    let storm = |count| ("storm".to_owned(), count);
    assert_eq!(scene.words(START, START + MINUTE), [storm(2)]);
    scene.edit("i4", START, &json!({"text": "ferry"}));
    scene.delete("i3", START);
    scene.count().await;
    assert_eq!(scene.words(START, START + MINUTE), [("ferry".to_owned(), 1), storm(1)]);
}

#[tokio::test]
async fn what_changed_while_nothing_was_counted_is_not_taken_back_either() {
    let mut scene = Scene::new().await;
    let keeping = "UPDATE rooms SET keeping = ?";
    let poll = |votes: i64| json!({"type": "poll", "options": [{"text": "We", "votes": votes}]});
    let by = json!({"role": "admin", "id": "p1"});
    scene.message("i1", START, "storm");
    scene.message("i2", START, "ferry");
    scene.item(START, &json!({"id": "i3", "kind": "custom", "data": poll(1), "by": by}));
    scene.count().await;
    scene.connection.execute(keeping, [r#"{"statistics":false}"#]).unwrap();
    scene.edit("i1", START, &json!({"text": "ferry"}));
    scene.edit("i1", START, &json!({"text": "island"}));
    scene.edit("i3", START, &poll(2));
    assert_eq!(scene.count_some().await, Some(scene.head));
    assert_eq!(scene.count_some().await, None, "there is nothing more to leave out");
    scene.connection.execute(keeping, [None::<String>]).unwrap();
    scene.edit("i1", START, &json!({"text": "ferry"}));
    scene.delete("i1", START);
    scene.edit("i3", START, &poll(7));
    scene.count().await;
    let both = [("ferry".to_owned(), 1), ("storm".to_owned(), 1)];
    assert_eq!(scene.words(START, START + MINUTE), both);
    let polls = read::polls(&scene.connection, &scene.asked(START, START + MINUTE)).unwrap();
    assert_eq!(polls[0].options[0].votes, 7, "a poll is told as it stands");
    scene.delete("i3", START);
    scene.count().await;
    assert_eq!(scene.rows("stats_outcomes"), 0);
}

#[tokio::test]
async fn what_is_counted_otherwise_is_counted_anew_also_after_a_pause() {
    let mut scene = Scene::new().await;
    let keeping = "UPDATE rooms SET keeping = ?";
    scene.message("i1", START, "storm");
    scene.count().await;
    scene.connection.execute("UPDATE stats_rooms SET version = version - 1", []).unwrap();
    scene.connection.execute(keeping, [r#"{"statistics":false}"#]).unwrap();
    scene.message("i2", START, "ferry");
    assert_eq!(scene.count_some().await, Some(2));
    scene.connection.execute(keeping, [None::<String>]).unwrap();
    scene.count().await;
    let both = [("ferry".to_owned(), 1), ("storm".to_owned(), 1)];
    assert_eq!(scene.words(START, START + MINUTE), both);
}

#[tokio::test]
async fn what_is_damaged_counts_nothing_and_keeps_nothing_else_waiting() {
    let mut scene = Scene::new().await;
    scene.message("i1", START, "storm");
    scene.message("i2", START, "storm");
    scene.edit("i1", START, &json!({"text": "ferry"}));
    scene.message("i3", START, "island");
    let no_text = "CAST(x'ff' AS TEXT)";
    for sql in [
        format!("UPDATE events SET event = {no_text} WHERE offset = 2"),
        format!("UPDATE replaced SET was = {no_text}"),
    ] {
        scene.connection.execute(&sql, []).unwrap();
    }
    scene.count().await;
    let both = [("island".to_owned(), 1), ("storm".to_owned(), 1)];
    assert_eq!(scene.words(START, START + MINUTE), both);
}

#[tokio::test]
async fn nothing_of_what_is_forgotten_is_left() {
    let mut scene = Scene::new().await;
    let day = 86_400_000;
    for number in 0..40 {
        scene.message(&format!("i{number}"), START + number * day / 7, "storm secret #hidden");
    }
    scene.count().await;
    while forget::some(&scene.db, scene.room, START + 60 * day).await.unwrap() {}
    assert_eq!(scene.rows("stats_lists"), 0);
}

#[tokio::test]
async fn sources_are_told_over_time_the_small_ones_together() {
    let mut scene = Scene::new().await;
    for number in 0..12 {
        // Two of each of the first, so that it is known which are the largest.
        for copy in 0..if number < 7 { 2 } else { 1 } {
            let data = json!({"text": "x", "source": format!("Source {number}")});
            scene.item(
                START,
                &json!({"id": format!("i{number}-{copy}"), "kind": "message", "data": data,
                    "by": {"role": "admin", "id": "p1"}}),
            );
        }
    }
    scene.count().await;
    let items = read::items(&scene.connection, &scene.asked(START, START + MINUTE)).unwrap();
    let point = &items.over_time[0];
    assert_eq!((items.over_time.len(), point.sources.len()), (1, 8));
    assert_eq!((point.sources["Source 0"], point.sources["other"]), (2, 5));
    assert_eq!(point.sources.values().sum::<i64>(), point.kinds["message"]);
}

#[tokio::test]
async fn a_poll_of_huge_votes_leaves_the_report_whole() {
    let mut scene = Scene::new().await;
    let options = json!([{"text": "We", "votes": i64::MAX}, {"text": "They", "votes": "1e400"},
        {"text": "All", "votes": 1e300}, {"text": "None", "votes": -5}]);
    let data = json!({"type": "poll", "question": "Who wins?", "options": options});
    let by = json!({"role": "publisher", "id": "p1", "name": "Q&A"});
    scene.item(START, &json!({"id": "i1", "kind": "custom", "data": data, "by": by}));
    scene.message("i2", START, "storm");
    scene.count().await;
    let figures = read::log(&scene.connection, &scene.asked(START, START + MINUTE)).unwrap();
    let votes: Vec<_> = figures.polls[0].options.iter().map(|option| option.votes).collect();
    assert_eq!(votes, [1_000_000_000_000, 0, 1_000_000_000_000, 0]);
    let drawn = report::drawn(&figures);
    assert!(drawn.contains("Q&amp;A") && !drawn.contains("&amp;amp;"), "escaped once");
}

#[tokio::test]
async fn polls_are_told_as_they_stand() {
    let mut scene = Scene::new().await;
    let poll = |votes: i64| json!({"type": "poll", "question": "Who wins?", "options": [{"text": "We", "votes": votes}]});
    let by = json!({"role": "admin", "id": "p1"});
    for id in ["i1", "i2", "i3"] {
        scene.item(START, &json!({"id": id, "kind": "custom", "data": poll(1), "by": by}));
    }
    scene.edit("i1", START + 9 * MINUTE, &poll(2));
    scene.count().await;
    scene.edit("i1", START + 99 * MINUTE, &poll(7));
    scene.edit("i2", START + 99 * MINUTE, &json!({"type": "map"}));
    scene.delete("i3", START + 99 * MINUTE);
    scene.count().await;
    let polls = read::polls(&scene.connection, &scene.asked(START, START + MINUTE)).unwrap();
    assert_eq!((polls.len(), polls[0].options[0].votes), (1, 7));
}

#[tokio::test]
async fn what_is_too_old_goes_and_the_rest_adds_up() {
    let mut scene = Scene::new().await;
    let day = 86_400_000;
    for number in 0..300 {
        scene.message(
            &format!("i{number}"),
            START + day / 100 * number,
            &format!("storm wort{number}x"),
        );
    }
    scene.count().await;
    let before = START + day + 12 * MINUTE;
    while forget::some(&scene.db, scene.room, before).await.unwrap() {}
    let left = i64::try_from((0..300).filter(|n| START + day / 100 * n >= before).count()).unwrap();
    for (from, to) in
        [(0, START + 9 * day), (before, START + 9 * day), (before - day, before + 2 * day)]
    {
        assert_eq!(scene.words(from, to)[0], ("storm".to_owned(), left), "{from} {to}");
    }
    assert_eq!(scene.words(0, before), []);
    // What changes afterwards and is forgotten changes nothing.
    scene.delete("i0", START + 4 * day);
    scene.count().await;
    assert_eq!(scene.words(0, START + 9 * day)[0], ("storm".to_owned(), left));
}

#[tokio::test]
async fn every_question_is_answered_by_an_index() {
    let mut scene = Scene::new().await;
    for number in 0..500 {
        scene.message(&format!("i{number}"), START + 777_000 * number, "storm ferry #harbour");
    }
    scene.count().await;
    let mut connection = Connection::open(scene.folder.path().join("nowcast.db")).unwrap();
    let end = START + 777_000 * 500;
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    for name in questions::names() {
        for span in [(None, None), (Some(START + 90 * MINUTE), Some(end - 100 * MINUTE))] {
            let heard = Arc::clone(&asked);
            let hear = move |event: TraceEvent<'_>| {
                if let TraceEvent::Stmt(statement, _) = event {
                    heard.lock().unwrap().extend(statement.expanded_sql());
                }
            };
            connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(hear)).unwrap();
            questions::ask(&connection, name, scene.room, span, end).unwrap();
            connection.trace_v2(TraceEventCodes::empty(), None::<fn(TraceEvent<'_>)>).unwrap();
            let asked = std::mem::take(&mut *asked.lock().unwrap());
            assert!(!asked.is_empty(), "{name} asks something");
            for sql in asked {
                let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
                let steps = plan.query_map([], |row| row.get::<_, String>(3)).unwrap();
                for step in steps.map(Result::unwrap) {
                    assert!(!step.starts_with("SCAN"), "{name}: {step}\n{sql}");
                }
            }
        }
    }
}
