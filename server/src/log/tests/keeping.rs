//! Letting go of the past.

use super::*;
use crate::log::{Keeping, StageChange, VariableChange};
use nowcast_shared::stage::PieceChange;

pub(super) const NOTHING: Keeping =
    Keeping { days: None, events: None, bytes: None, statistics: true };

impl Kept {
    async fn append(&self, change: Change) -> Offset {
        self.log.append(&self.room, draft(change, None)).await.unwrap().offset
    }

    async fn publish(&self, count: u64) {
        for number in 0..count {
            self.append(publish(&number.to_string())).await;
        }
    }

    async fn say(&self, text: &str) {
        let (name, text) = ("Ana".to_owned(), text.to_owned());
        self.append(Change::Chat(ChatChange::Say { name, text, slow: 0, held: None })).await;
    }

    /// Keeps so much from now on, and lets go of the rest.
    async fn keep(&self, keeping: Keeping) {
        self.log.keep(&self.room, keeping).await.unwrap();
        self.log.trim().await.unwrap();
    }

    async fn snapshot(&self) -> serde_json::Value {
        let snapshot = self.log.snapshot(&self.room).await.unwrap();
        let json = format!("{{{}}}", String::from_utf8_lossy(&snapshot.fields));
        serde_json::from_str(&json).unwrap()
    }

    /// The offsets of the items, oldest first.
    async fn items(&self) -> Vec<u64> {
        let (items, _) = self.log.items(&self.room, None, 1000).await.unwrap();
        let items: Vec<serde_json::Value> = serde_json::from_str(&items).unwrap();
        items.iter().rev().map(|item| item["offset"].as_u64().unwrap()).collect()
    }

    /// The offsets of the events.
    async fn events(&self) -> Vec<i64> {
        let sql = "SELECT offset FROM events ORDER BY offset";
        let read = self.log.db.read(move |connection| {
            connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        });
        read.await.unwrap()
    }

    /// Makes everything by now so many milliseconds older.
    async fn age(&self, by: i64) {
        let sql = format!(
            "UPDATE events SET at = at - {by};
             UPDATE items SET item = json_set(item, '$.at', (item ->> '$.at') - {by});
             UPDATE said SET said = json_set(said, '$.at', (said ->> '$.at') - {by});"
        );
        self.log.db.write(move |connection| connection.execute_batch(&sql)).await.unwrap();
    }

    /// What the room says it has is what is there.
    async fn agrees(&self) {
        let kept = self.log.kept(&self.room).await.unwrap();
        let sql = "SELECT count(*), coalesce(sum(octet_length(author) + octet_length(event)), 0),
                   min(at) FROM events";
        let read = self.log.db.read(move |connection| {
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        });
        let there: (i64, i64, Option<i64>) = read.await.unwrap();
        let told = [kept.events, kept.bytes].map(|told| i64::try_from(told).unwrap());
        assert_eq!((told[0], told[1], kept.oldest), there);
        assert_eq!(kept.head, self.room.head());
    }
}

#[tokio::test]
async fn so_many_events_stay_with_their_items_and_words_and_all_that_is_present() {
    let kept = open(0, 1 << 20).await;
    kept.append(Change::Retitle { title: "Finals".to_owned() }).await;
    let value = serde_json::value::to_raw_value(&[1, 2]).unwrap();
    let (name, expect) = ("score".to_owned(), Expect::Anything);
    kept.append(Change::Variable(VariableChange::Set { name, value, expect })).await;
    let change = PieceChange { look: Some("pointer".to_owned()), ..PieceChange::default() };
    let piece = "logo".parse().unwrap();
    kept.append(Change::Stage(StageChange::Put { piece, change })).await;
    kept.say("gone").await;
    kept.publish(3000).await;
    kept.say("stays").await;
    kept.snapshot().await;
    kept.agrees().await;
    kept.keep(Keeping { events: Some(10), ..NOTHING }).await;
    assert_eq!(kept.events().await, (2996..=3005).collect::<Vec<_>>());
    assert_eq!(kept.items().await, (2996..=3004).collect::<Vec<_>>());
    kept.agrees().await;
    let snapshot = kept.snapshot().await;
    assert_eq!(
        snapshot["items"].as_array().map(Vec::len),
        Some(9),
        "also one that was made before"
    );
    assert_eq!(snapshot["chat"]["said"].as_array().map(Vec::len), Some(1));
    assert_eq!(snapshot["title"], "Finals");
    assert_eq!(snapshot["variables"]["score"]["value"], serde_json::json!([1, 2]));
    assert_eq!(snapshot["pieces"].as_array().map(Vec::len), Some(1));
    assert!(kept.followed.1.lock().unwrap().is_some(), "who follows was told");
    kept.publish(20).await;
    kept.log.trim().await.unwrap();
    assert_eq!(kept.events().await, (3016..=3025).collect::<Vec<_>>());
    kept.agrees().await;
}

#[tokio::test]
async fn positions_that_are_gone_are_not_covered_also_where_nothing_is_left() {
    let kept = open(0, 1 << 20).await;
    kept.publish(1200).await;
    let at = |offset| Position { epoch: kept.room.epoch().clone(), offset: Offset(offset) };
    kept.keep(Keeping { events: Some(100), ..NOTHING }).await;
    assert!(!kept.log.covers(&kept.room, &at(1099)) && kept.log.covers(&kept.room, &at(1100)));
    assert!(matches!(kept.log.read(&kept.room, Offset(1099)).await, Err(ReadError::Gone)));
    assert_eq!(kept.log.read(&kept.room, Offset(1100)).await.unwrap().len(), 100);
    kept.keep(Keeping { bytes: Some(1), ..NOTHING }).await;
    assert_eq!((kept.events().await, kept.items().await), (vec![], vec![]));
    kept.agrees().await;
    assert!(!kept.log.covers(&kept.room, &at(1199)) && kept.log.covers(&kept.room, &at(1200)));
    assert!(kept.log.read(&kept.room, Offset(1200)).await.unwrap().is_empty());
    assert_eq!(kept.append(publish("next")).await, Offset(1201));
    assert_eq!(kept.log.read(&kept.room, Offset(1200)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_too_old_goes_and_what_is_younger_stays() {
    let kept = open(0, 1 << 20).await;
    kept.publish(600).await;
    kept.say("old").await;
    kept.age(2 * 24 * 3600 * 1000).await;
    kept.publish(3).await;
    kept.keep(Keeping { days: Some(3), ..NOTHING }).await;
    assert_eq!(kept.events().await.len(), 604);
    kept.keep(Keeping { days: Some(1), ..NOTHING }).await;
    assert_eq!(kept.events().await, [602, 603, 604]);
    assert_eq!(kept.items().await, [602, 603, 604]);
    assert_eq!(kept.snapshot().await["chat"]["said"].as_array().map(Vec::len), Some(0));
    kept.agrees().await;
}

#[tokio::test]
async fn so_many_bytes_stay() {
    let kept = open(0, 1 << 20).await;
    kept.publish(700).await;
    let all = kept.log.kept(&kept.room).await.unwrap().bytes;
    kept.keep(Keeping { bytes: Some(all / 2), ..NOTHING }).await;
    let left = kept.log.kept(&kept.room).await.unwrap();
    assert!(left.bytes <= all / 2 && left.bytes > all / 2 - 1000, "{left:?} of {all}");
    assert_eq!(kept.items().await.len() as u64, left.events);
    kept.agrees().await;
}

#[tokio::test]
async fn the_servers_own_limit_shortens_the_log_and_leaves_the_items() {
    let kept = open(0, 1 << 20).await;
    kept.publish(1300).await;
    let Kept { room, folder, .. } = &kept;
    let db = Db::open(folder.path()).unwrap();
    let log = Log::new(db, 5, 1 << 20, Arc::<Followed>::default());
    let same = log.room(room.name()).await.unwrap().unwrap();
    log.append(&same, draft(publish("one more"), None)).await.unwrap();
    assert!(kept.events().await.len() > 5, "nobody waits until all of that is gone");
    log.trim().await.unwrap();
    assert_eq!(kept.events().await, [1297, 1298, 1299, 1300, 1301]);
    assert_eq!(kept.items().await.len(), 1000, "as many as were asked for");
    // The room's own limits let go of more.
    log.keep(&same, Keeping { events: Some(3), ..NOTHING }).await.unwrap();
    log.trim().await.unwrap();
    assert_eq!(kept.events().await, [1299, 1300, 1301]);
    assert_eq!(kept.items().await, [1299, 1300, 1301]);
}

#[tokio::test]
async fn what_somebody_needs_stays_until_they_had_it() {
    let kept = open(0, 1 << 20).await;
    let (needed, id) = (Arc::new(Mutex::new(Offset(40))), kept.room.id());
    let asked = Arc::clone(&needed);
    kept.log.need(Box::new(move |room| (room == id).then(|| *asked.lock().unwrap())));
    kept.publish(100).await;
    kept.keep(Keeping { events: Some(10), ..NOTHING }).await;
    assert_eq!(kept.events().await[0], 40);
    *needed.lock().unwrap() = Offset(101);
    kept.log.trim().await.unwrap();
    assert_eq!(kept.events().await[0], 91);
}

#[tokio::test]
async fn a_room_that_is_not_in_memory_is_shortened_too_and_read_as_it_is() {
    let kept = open(0, 1 << 20).await;
    kept.publish(50).await;
    kept.log.keep(&kept.room, Keeping { events: Some(5), ..NOTHING }).await.unwrap();
    let Kept { log, room, folder: _folder, .. } = kept;
    let name = room.name().clone();
    drop(room);
    left(&log, 0).await;
    log.trim().await.unwrap();
    assert_eq!(log.loaded(), 0, "nobody came");
    let room = log.room(&name).await.unwrap().unwrap();
    assert!(matches!(log.read(&room, Offset(44)).await, Err(ReadError::Gone)));
    assert_eq!(log.read(&room, Offset(45)).await.unwrap().len(), 5);
    assert_eq!(room.keeping().events, Some(5));
}

/// Whoever reads on from where it was sees each event once and in order, or hears that it has to
/// begin anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_no_gap_and_no_repeat_while_the_past_goes() {
    let kept = open(0, 20_000).await;
    kept.publish(1).await;
    let kept = Arc::new(kept);
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let (mut at, mut anew) = (0, 0);
                while at < 2000 {
                    match kept.log.read(&kept.room, Offset(at)).await {
                        Ok(records) => {
                            for record in records {
                                assert_eq!(record.offset.0, at + 1);
                                at += 1;
                            }
                        }
                        Err(ReadError::Gone) => {
                            let snapshot = kept.log.snapshot(&kept.room).await.unwrap();
                            assert!(snapshot.offset.0 > at, "{} after {at}", snapshot.offset.0);
                            (at, anew) = (snapshot.offset.0, anew + 1);
                        }
                        Err(ReadError::Db(error)) => panic!("{error}"),
                    }
                    tokio::task::yield_now().await;
                }
                anew
            })
        })
        .collect();
    kept.log.keep(&kept.room, Keeping { events: Some(20), ..NOTHING }).await.unwrap();
    for _ in 0..200 {
        kept.publish(10).await;
        kept.log.trim().await.unwrap();
    }
    for reader in readers {
        reader.await.unwrap();
    }
    kept.agrees().await;
}
