//! The log on a real database.

mod keeping;
mod replaced;

use super::*;
use nowcast_shared::id::RoomName;
use nowcast_shared::item::{Author, Role};
use nowcast_shared::offset::Position;
use std::sync::Mutex;
use std::time::Duration;

struct Kept {
    log: Log,
    room: Arc<Room>,
    followed: Arc<Followed>,
    folder: tempfile::TempDir,
}

/// The offsets of each commit, and those of the one that is being handed over.
#[derive(Default)]
struct Followed(Mutex<(Vec<Vec<u64>>, Vec<u64>)>, Mutex<Option<Offset>>);

impl Follower for Followed {
    fn followed(&self, _: &Arc<Room>, record: &Arc<Record>) {
        self.0.lock().unwrap().1.push(record.offset.0);
    }

    fn gathered(&self) {
        let (commits, open) = &mut *self.0.lock().unwrap();
        commits.push(std::mem::take(open));
    }

    fn let_go(&self, _: i64, before: Offset) {
        *self.1.lock().unwrap() = Some(before);
    }
}

impl Followed {
    /// The offsets of commits that were gathered.
    fn gathered(&self) -> Vec<u64> {
        self.0.lock().unwrap().0.concat()
    }
}

async fn open(keep: u64, tail: usize) -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path()).unwrap();
    let followed = Arc::new(Followed::default());
    let log = Log::new(db, keep, tail, Arc::clone(&followed) as Arc<dyn Follower>);
    let (room, _) = log.create(&RoomName::main(), "Main").await.unwrap();
    Kept { log, room, followed, folder }
}

fn draft(change: Change, once: Option<Once>) -> Draft {
    let by = Author { role: Role::Admin, id: "p1".into(), name: None };
    Draft { by, owner: "admin".to_owned(), change, once }
}

fn publish(text: &str) -> Change {
    let data = serde_json::json!({ "text": text });
    let data = serde_json::value::to_raw_value(&data).unwrap();
    Change::Publish { kind: "message".to_owned(), data, html: None }
}

fn once(fingerprint: u8) -> Once {
    let (actor, key) = ("admin".to_owned(), "k".to_owned());
    Once { actor, key, fingerprint: [fingerprint; 32] }
}

#[tokio::test]
async fn many_at_once_are_followed_in_order_without_gaps() {
    let kept = open(0, 1 << 20).await;
    let all = (0..300).map(|n| kept.log.append(&kept.room, draft(publish(&n.to_string()), None)));
    for appended in futures_util::future::join_all(all).await {
        appended.unwrap();
    }
    assert_eq!(kept.followed.gathered(), (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_answer_comes_after_the_whole_commit_was_handed_over() {
    let kept = open(0, 1 << 20).await;
    // Queued at once, so that most share commits: an answer must not overtake the events of
    // its neighbours.
    let append = async |n: u64| {
        let change = publish(&n.to_string());
        let offset = kept.log.append(&kept.room, draft(change, None)).await.unwrap().offset;
        assert!(kept.followed.gathered().contains(&offset.0), "{offset:?}");
    };
    futures_util::future::join_all((0..100).map(append)).await;
}

#[tokio::test]
async fn memory_and_disk_tell_the_same() {
    let kept = open(0, 2000).await;
    for n in 0..50 {
        kept.log.append(&kept.room, draft(publish(&n.to_string()), None)).await.unwrap();
    }
    assert!(kept.room.recent(Offset(0)).unwrap().is_none(), "not all fit in memory");
    let from_disk = kept.log.read(&kept.room, Offset(0)).await.unwrap();
    let from_memory = kept.room.recent(Offset(45)).unwrap().unwrap();
    let frames = |records: &[Arc<Record>]| -> Vec<_> {
        records.iter().map(|record| record.encoded.json().clone()).collect()
    };
    assert_eq!(frames(&from_disk[45..]), frames(&from_memory));
}

#[tokio::test]
async fn a_repeat_takes_effect_once_and_a_refusal_takes_no_offset() {
    let kept = open(0, 1 << 20).await;
    let append = |change, once| kept.log.append(&kept.room, draft(change, once));
    let (first, second) =
        tokio::join!(append(publish("a"), Some(once(1))), append(publish("a"), Some(once(1))));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.offset, first.id), (second.offset, second.id));
    assert!(!first.repeated && second.repeated);
    assert!(matches!(append(publish("b"), Some(once(2))).await, Err(AppendError::Mismatch)));
    let gone = append(Change::Delete { item: "i-none".into() }, None).await;
    assert!(matches!(gone, Err(AppendError::UnknownItem)));
    assert_eq!(append(publish("c"), None).await.unwrap().offset, Offset(2));
}

#[tokio::test]
async fn a_shortened_log_says_so_and_the_snapshot_has_it_all() {
    let kept = open(3, 1 << 20).await;
    for n in 0..60 {
        kept.log.append(&kept.room, draft(publish(&n.to_string()), None)).await.unwrap();
    }
    let at = |offset| Position { epoch: kept.room.epoch().clone(), offset: Offset(offset) };
    assert!(!kept.log.covers(&kept.room, &at(56)));
    assert!(kept.log.covers(&kept.room, &at(57)));
    assert!(matches!(kept.log.read(&kept.room, Offset(56)).await, Err(ReadError::Gone)));
    let snapshot = kept.log.snapshot(&kept.room).await.unwrap();
    assert_eq!(snapshot.offset, Offset(60));
    let json = format!("{{{}}}", String::from_utf8_lossy(&snapshot.fields));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let offsets: Vec<_> =
        json["items"].as_array().unwrap().iter().map(|item| &item["offset"]).collect();
    assert_eq!(offsets, (11..=60).collect::<Vec<_>>(), "the newest fifty, oldest first");
    assert_eq!(json["more"], true);
}

/// Lets go of all that is idle: what was used since the last time stays once more.
fn evict(log: &Log) {
    log.evict();
    log.evict();
}

/// Waits until so many rooms are left: a job holds its room for a moment after it was answered.
async fn left(log: &Log, rooms: usize) {
    let leaving = async {
        while log.loaded() > rooms {
            log.evict();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), leaving).await.unwrap();
    assert_eq!(log.loaded(), rooms);
}

#[tokio::test]
async fn rooms_that_nobody_uses_are_let_go_of_and_read_again_as_they_were() {
    let Kept { log, room: main, folder: _folder, .. } = open(0, 1 << 20).await;
    for number in 0..200 {
        let name = format!("room-{number}").parse().unwrap();
        let (room, new) = log.create(&name, "Made").await.unwrap();
        assert!(new);
        for text in ["a", "b"] {
            log.append(&room, draft(publish(text), None)).await.unwrap();
        }
        log.snapshot(&room).await.unwrap();
    }
    assert_eq!(log.loaded(), 201);
    assert_eq!(log.evict(), 0, "all were used a moment ago");
    left(&log, 1).await;
    assert!(Arc::ptr_eq(&main, &log.room(main.name()).await.unwrap().unwrap()), "it is held");
    for number in 0..200 {
        let name = format!("room-{number}").parse().unwrap();
        let room = log.room(&name).await.unwrap().unwrap();
        assert_eq!((room.head(), room.title()), (Offset(2), "Made".to_owned()));
        let position = Position { epoch: room.epoch().clone(), offset: Offset(1) };
        assert!(log.covers(&room, &position), "pages that come back go on");
        assert_eq!(log.read(&room, Offset(0)).await.unwrap().len(), 2);
        assert_eq!(log.append(&room, draft(publish("c"), None)).await.unwrap().offset, Offset(3));
    }
    drop(main);
    left(&log, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_room_that_comes_and_goes_is_never_behind_what_was_kept() {
    let Kept { log, room, followed, folder: _folder } = open(0, 1 << 20).await;
    let name = room.name().clone();
    drop(room);
    let log = Arc::new(log);
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (log, name) = (Arc::clone(&log), name.clone());
            tokio::spawn(async move {
                for _ in 0..50 {
                    let room = log.room(&name).await.unwrap().unwrap();
                    let offset = log.append(&room, draft(publish("x"), None)).await.unwrap().offset;
                    drop(room);
                    // Whoever comes next may have to read it from the disk.
                    evict(&log);
                    let room = log.room(&name).await.unwrap().unwrap();
                    assert!(room.head() >= offset, "{:?} is behind {offset:?}", room.head());
                    let after = Offset(offset.0 - 1);
                    assert_eq!(log.read(&room, after).await.unwrap()[0].offset, offset);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(followed.gathered(), (1..=200).collect::<Vec<_>>(), "one order, without gaps");
    left(&log, 0).await;
}

#[tokio::test]
async fn memory_knows_the_stage_as_the_disk_has_it() {
    use nowcast_shared::stage::PieceChange;
    let Kept { log, room, folder, .. } = open(0, 1 << 20).await;
    let piece = |name: &str| -> nowcast_shared::id::PieceId { name.parse().unwrap() };
    let append =
        async |change| log.append(&room, draft(Change::Stage(change), None)).await.map(|_| ());
    let put = |name: &str, x| {
        let change = PieceChange { x, look: Some("pointer".to_owned()), ..PieceChange::default() };
        StageChange::Put { piece: piece(name), change }
    };
    let go = |name: &str, place| StageChange::Move { piece: piece(name), place, over_locks: false };
    let lock = |name: &str, locked| {
        let change = PieceChange { locked: Some(locked), ..PieceChange::default() };
        StageChange::Put { piece: piece(name), change }
    };
    append(put("before", Some(0.1))).await.unwrap();
    append(put("gone", None)).await.unwrap();
    assert_eq!(room.spot(&piece("before")), None, "nobody asked yet");
    log.load_stage(&room).await.unwrap();
    assert_eq!(room.spot(&piece("none")), Some(None));

    append(go("before", (0.3, 0.4))).await.unwrap();
    append(lock("before", true)).await.unwrap();
    append(put("after", Some(0.9))).await.unwrap();
    append(StageChange::Remove { piece: piece("gone") }).await.unwrap();
    let refused = append(go("before", (0.5, 0.5))).await;
    assert!(matches!(refused, Err(AppendError::Refused(Refusal::PieceLocked))));
    let refused = append(go("gone", (0.5, 0.5))).await;
    assert!(matches!(refused, Err(AppendError::Refused(Refusal::UnknownPiece))));

    let spot = |name: &str| room.spot(&piece(name));
    let seen = [spot("before"), spot("after"), spot("gone")];
    let (locked, place) = (true, (0.3, 0.4));
    assert_eq!(seen[0], Some(Some(Spot { place, locked })));
    assert_eq!(seen[1], Some(Some(Spot { place: (0.9, 0.5), locked: false })));
    assert_eq!(seen[2], Some(None));
    // Another server on the same file reads the same.
    let db = Db::open(folder.path()).unwrap();
    let log = Log::new(db, 0, 1 << 20, Arc::<Followed>::default());
    let room = log.room(&RoomName::main()).await.unwrap().unwrap();
    log.load_stage(&room).await.unwrap();
    assert_eq!(seen, ["before", "after", "gone"].map(|name| room.spot(&piece(name))));
}
