//! What keeping an event costs: through the log into a database on the disk, one after another and
//! many at once, with and without waiting for the disk.
//!
//! The folder is a temporary one: where that is in memory (tmpfs), `full` costs no more than
//! `relaxed`. `TMPDIR` puts it elsewhere.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nowcast::config::Durability;
use nowcast::db::Db;
use nowcast::log::{Change, Draft, Follower, Log, Room};
use nowcast::record::Record;
use nowcast_shared::id::RoomName;
use nowcast_shared::item::{Author, Role};
use std::hint::black_box;
use std::sync::Arc;

/// Nobody is there to see it.
struct Nobody;

impl Follower for Nobody {
    fn followed(&self, _: &Arc<Room>, record: &Arc<Record>) {
        black_box(record);
    }

    fn gathered(&self) {}
}

fn draft() -> Draft {
    let data = r#"{"text":"Goal in the 42nd minute, the score is 2 to 1 now."}"#.to_owned();
    let html = "<p>Goal in the 42nd minute, the score is 2 to 1 now.</p>".to_owned();
    Draft {
        by: Author {
            role: Role::Publisher,
            id: "pabcdefghij".into(),
            name: Some("Newsdesk".to_owned()),
        },
        owner: "token:tabcdefghi".to_owned(),
        change: Change::Publish {
            kind: "message".to_owned(),
            data: serde_json::value::RawValue::from_string(data).expect("this is JSON"),
            html: Some(html),
        },
        once: None,
    }
}

fn append(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime without threads starts");
    let mut group = criterion.benchmark_group("append");
    for (name, durability) in [("full", Durability::Full), ("relaxed", Durability::Relaxed)] {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let (log, room) = runtime.block_on(async {
            let db = Db::open(folder.path()).expect("a new database opens");
            if durability == Durability::Relaxed {
                db.relax().await.expect("the writer runs");
            }
            let log = Log::new(db, 0, 4 << 20, Arc::new(Nobody));
            let (room, _) = log.create(&RoomName::main(), "Main").await.expect("a room is made");
            (log, room)
        });
        for at_once in [1, 64] {
            group.throughput(Throughput::Elements(at_once));
            group.bench_function(BenchmarkId::new(name, at_once), |bencher| {
                bencher.to_async(&runtime).iter(|| async {
                    let appends = (0..at_once).map(|_| log.append(&room, draft()));
                    for appended in futures_util::future::join_all(appends).await {
                        appended.expect("the event is kept");
                    }
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, append);
criterion_main!(benches);
