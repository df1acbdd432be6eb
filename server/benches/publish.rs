//! What a publish costs beside keeping it: who asks, what is asked for, what becomes of it.

use axum::http::{HeaderMap, HeaderValue, header};
use criterion::{Criterion, criterion_group, criterion_main};
use nowcast::auth::{self, Auth, Credential, Site};
use nowcast::db::Db;
use nowcast::record::Record;
use nowcast::{command, item, markdown};
use nowcast_shared::item::NewItem;
use nowcast_shared::offset::Offset;
use serde_json::json;
use std::hint::black_box;
use std::sync::Arc;

const TOKEN: &str = "nct_abcdefghijkmnpqrstuvwxyz23456789";

const PLAIN: &str = "Goal in the 42nd minute, the score is 2 to 1 now.";

const RICH: &str = "## Half time\n\nThe **score** is _2 to 1_, see [the goals](https://example.org/a?b=1&c=2):\n\n\
                    - one\n- two\n\n> \"What a game\"\n\n| team | goals |\n|---|---|\n| A | 2 |\n| B | 1 |";

fn html(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("markdown");
    for (name, text) in [("plain", PLAIN), ("rich", RICH)] {
        group.bench_function(name, |bencher| bencher.iter(|| markdown::to_html(black_box(text))));
    }
    group.finish();
}

fn check(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime starts");
    let mut group = criterion.benchmark_group("item");
    for (name, text) in [("plain", PLAIN), ("rich", RICH)] {
        let item = NewItem { kind: "message".to_owned(), data: json!({ "text": text }) };
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter(|| item::check(item.clone(), 64 * 1024));
        });
    }
    group.finish();
}

fn parse(criterion: &mut Criterion) {
    let frame = json!({
        "t": "command",
        "id": "k17",
        "command": {"kind": "publish", "item": {"kind": "message", "data": {"text": PLAIN}}},
    })
    .to_string();
    criterion.bench_function("command/parse", |bencher| {
        bencher.iter(|| command::read(black_box(frame.as_bytes()), None));
    });
}

fn authenticate(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without threads starts");
    let auth = runtime.block_on(async {
        let db = Db::open(folder.path()).expect("a new database opens");
        let password = Some("not a secret");
        auth::first_run(&db, password, Some(TOKEN)).await.expect("credentials are made");
        Auth::load(db).await.expect("credentials are read")
    });
    let value = HeaderValue::from_str(&format!("Bearer {TOKEN}")).expect("this is a header");
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
    let nobody = Arc::default();
    criterion.bench_function("auth/token", |bencher| {
        bencher.iter(|| {
            let credential = Credential::read(black_box(&headers), Site::Ours);
            let actor = auth.actor(&credential.expect("this is a bearer token"), &nobody);
            auth.author(&actor.expect("the token is known"))
        });
    });
}

fn encode(criterion: &mut Criterion) {
    let author = r#"{"role":"publisher","id":"pabcdefghij","name":"Newsdesk"}"#;
    let item = json!({"id": "iabcdefghijklm", "kind": "message", "data": {"text": PLAIN}});
    let event = json!({"kind": "item_published", "item": item}).to_string();
    criterion.bench_function("record/encode", |bencher| {
        bencher.iter(|| Record::new(Offset(42), 1_790_000_000_000, author, black_box(&event)));
    });
}

criterion_group!(benches, html, check, parse, authenticate, encode);
criterion_main!(benches);
