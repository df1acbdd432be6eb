//! What a shard's turn costs: take what is due, join it, hand it to every session. The sessions
//! are pipes in memory, so that the kernel's part, which is most of a delivery, is not in it.

use clap::Parser;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nowcast::app::App;
use nowcast::config::Config;
use nowcast::door::Pass;
use nowcast::engine::member::{Entrant, Way};
use nowcast::engine::pipe::{Drain, pipe};
use nowcast::hub::{Join, Transport};
use nowcast::record::Record;
use nowcast_shared::id::{PublicId, RoomName};
use nowcast_shared::offset::Offset;
use std::hint::black_box;
use std::sync::Arc;

const PAGES: u64 = 1000;

fn record(offset: u64) -> Arc<Record> {
    let author = r#"{"role":"publisher","id":"pabcdefghij","name":"Newsdesk"}"#;
    let text = "Goal in the 42nd minute, the score is 2 to 1 now.";
    let event = format!(r#"{{"kind":"item_published","item":{{"data":{{"text":"{text}"}}}}}}"#);
    Arc::new(Record::new(Offset(offset), 1_790_000_000_000, author, &event))
}

fn join(app: &App, room: &Arc<nowcast::log::Room>) -> Drain {
    let (pipe, mut drain) = pipe();
    let (visitor, pass) = (Arc::default(), Pass::default());
    let (transport, counted) = (Transport::WebSocket, false);
    let join = Join { visitor, who: None, claim: None, transport, counted, pushed: None, pass };
    app.hub.join(room.id(), join, &|_| false, |mailbox, seat| {
        let id = seat.session();
        drain.tell(mailbox.clone(), id);
        Entrant {
            id,
            room: Arc::clone(room),
            since: None,
            you: PublicId("pabcdefghij".to_owned()),
            inbox: None,
            measured: false,
            way: Way::Tunnel { pipe, deflate: false },
        }
    });
    drain
}

fn turn(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime without threads starts");
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let config = Config::parse_from(["nowcast", "--shards", "1"]).serve;
    let (app, room, mut drains) = runtime.block_on(async {
        let (app, _) = App::open(folder.path(), &config).await.expect("a new folder opens");
        let room = app.log.room(&RoomName::main()).await.expect("it can be read").expect("made");
        let mut drains: Vec<_> = (0..PAGES).map(|_| join(&app, &room)).collect();
        for drain in &mut drains {
            drain.next().await.expect("a welcome comes");
        }
        (app, room, drains)
    });
    let mut group = criterion.benchmark_group("shard");
    let mut offset = 0;
    for events in [1, 32] {
        group.throughput(Throughput::Elements(PAGES * events));
        group.bench_function(BenchmarkId::new("events for 1,000 pages", events), |bencher| {
            bencher.iter(|| {
                for _ in 0..events {
                    offset += 1;
                    app.hub.deliver(room.id(), &record(offset));
                }
                app.hub.flush();
                runtime.block_on(async {
                    for drain in &mut drains {
                        black_box(drain.next().await.expect("the events come"));
                    }
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, turn);
criterion_main!(benches);
