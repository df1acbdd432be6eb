//! How much of its past a room keeps.

use super::*;
use nowcast_tests::api::expect_problem;
use nowcast_tests::wait::eventually;

const KEEPING: &str = "/api/rooms/main/keeping";

async fn keep(api: &Api, body: Value) -> Value {
    let answer = api.put(KEEPING).json(&body).send().await.expect("an answer");
    expect_status(answer, 200).await.json().await.expect("JSON")
}

/// Waits until the room has so many events.
async fn kept(api: &Api, events: u64) -> Value {
    eventually("what is to go is gone", async || {
        let told = api.json(KEEPING).await;
        (told["kept"]["events"] == events).then_some(told)
    })
    .await
}

#[tokio::test]
async fn an_admin_says_how_much_is_kept_and_nobody_else_does() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let told = admin.json(KEEPING).await;
    assert_eq!(
        told,
        json!({"days": null, "events": null, "bytes": null, "statistics": true,
        "kept": {"events": 0, "bytes": 0, "oldest": null, "head": 0}})
    );
    let told = keep(&admin, json!({"days": 90, "events": 1000, "statistics": false})).await;
    assert_eq!(
        (&told["days"], &told["events"], &told["statistics"]),
        (&90.into(), &1000.into(), &false.into())
    );
    let told = keep(&admin, json!({"days": null})).await;
    assert_eq!((&told["days"], &told["events"]), (&Value::Null, &1000.into()));
    for body in
        [json!({"days": 0}), json!({"events": -1}), json!({"bytes": "1"}), json!({"statistics": 1})]
    {
        let answer = admin.put(KEEPING).json(&body).send().await.expect("an answer");
        expect_problem(answer, 422, "bad_settings").await;
    }
    for (api, status, code) in
        [(server.visitor(), 401, "unauthorized"), (server.publisher(), 403, "forbidden")]
    {
        let answer = api.get(KEEPING).send().await.expect("an answer");
        expect_problem(answer, status, code).await;
        let answer = api.put(KEEPING).json(&json!({"days": 1})).send().await.expect("an answer");
        expect_problem(answer, status, code).await;
    }
    server.restart().await;
    let told = server.admin().await.json(KEEPING).await;
    assert_eq!((&told["events"], &told["statistics"]), (&1000.into(), &false.into()));
}

#[tokio::test]
async fn the_past_goes_and_pages_that_come_back_are_told() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut early = Vec::new();
    for transport in Transport::ALL {
        early.push(Joining::new(transport, server.origin()).open().await);
    }
    live(&server, "main").await;
    for number in 0..30 {
        server.publisher().say(format!("item {number}")).await;
    }
    let late = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let head = late.position().offset.0;
    for page in &mut early {
        page.next_events(usize::try_from(head).expect("few")).await;
    }
    server.publisher().say("one more").await;
    keep(&admin, json!({"events": 10})).await;
    let told = kept(&admin, 10).await;
    assert_eq!(told["kept"]["head"], head + 1);
    assert!(told["kept"]["oldest"].is_i64());
    // Who is there goes on; who was there a moment ago goes on; who was away for long begins anew.
    for page in &mut early {
        assert_eq!(page.next_texts(1).await, ["one more"]);
    }
    for transport in Transport::ALL {
        let mut back = late.resuming().over(transport).open().await;
        assert!(back.recovered());
        assert_eq!(back.next_texts(1).await, ["one more"]);
        let long =
            Joining::new(transport, server.origin()).since(format!("{}:5", late.position().epoch));
        let long = long.open().await;
        assert!(!long.recovered());
        let snapshot = long.snapshot();
        assert_eq!(snapshot.items.len(), 10, "nothing of what is gone");
        assert_eq!(snapshot.pieces.len(), 1, "what is present is");
        assert!(snapshot.variables.contains_key("score"));
        assert!(snapshot.chat.said.is_empty());
    }
    let items = server.visitor().json("/api/rooms/main/items").await;
    assert_eq!(
        (items["items"].as_array().map(Vec::len), &items["more"]),
        (Some(10), &false.into())
    );
    is_well(&server.data()).await;
    let room = server.visitor().json("/api/rooms/main").await;
    assert_eq!(room["title"], "Harbour, live");
}

#[tokio::test]
async fn old_pages_are_not_given_what_is_gone() {
    let server = Setup::new().arg("--compat").start().await;
    for number in 0..20 {
        server.publisher().say(format!("item {number}")).await;
    }
    let feed = async || server.visitor().json("/real_time_feed?since=0").await;
    let admin = server.admin().await;
    assert_eq!(feed().await.as_array().map(Vec::len), Some(20));
    keep(&admin, json!({"events": 3})).await;
    kept(&admin, 3).await;
    assert_eq!(feed().await.as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn the_disk_gets_its_space_back() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let publisher = server.publisher();
    let text = "x".repeat(40_000);
    let publish = (0..400).map(|_| publisher.say(&text));
    for published in publish {
        published.await;
    }
    let file = server.data().join("nowcast.db");
    keep(&admin, json!({"events": 2})).await;
    kept(&admin, 2).await;
    let pages = async || {
        let connection = Connection::open(&file).expect("the database");
        connection
            .pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))
            .expect("a number")
    };
    eventually("the free pages are given back", async || (pages().await < 1500).then_some(()))
        .await;
    server.stop().await;
    let left = file.metadata().expect("the file").len();
    assert!(left < 8_000_000, "{left} bytes of 64 MB");
    is_well(&server.data()).await;
}

/// Follows a room over one transport, leaves after every few events and comes back from where it was;
/// how often it had to begin anew. Up to that offset.
async fn come_and_go(joining: Joining, until: u64) -> u32 {
    let mut page = joining.open().await;
    let (mut seen, mut anew) = (page.position().offset.0, 0);
    while seen < until {
        for _ in 0..3.min(until - seen) {
            let offset = page.next_event().await.offset.0;
            assert_eq!(offset, seen + 1, "each once and in order");
            seen = offset;
        }
        let back = page.resuming().open().await;
        if back.recovered() {
            assert_eq!(back.position().offset.0, seen);
        } else {
            let now = back.position().offset.0;
            assert!(now >= seen, "{now} after {seen}");
            let newest = back.snapshot().items.last().map(|item| item.offset.0);
            assert_eq!(newest, Some(now), "a snapshot is whole");
            (seen, anew) = (now, anew + 1);
        }
        page = back;
    }
    anew
}

#[tokio::test]
async fn pages_that_come_and_go_see_no_gap_and_no_repeat_while_the_past_goes() {
    let server = Server::start().await;
    keep(&server.admin().await, json!({"events": 5})).await;
    let until = 120;
    let pages: Vec<_> = Transport::ALL
        .into_iter()
        .map(|way| tokio::spawn(come_and_go(Joining::new(way, server.origin()), until)))
        .collect();
    let admin = server.admin().await;
    for number in 1..=until {
        server.publisher().say(format!("item {number}")).await;
        if number % 5 == 0 {
            // Whatever is said of how much is kept, what is to go goes at once.
            keep(&admin, json!({"events": 5})).await;
        }
    }
    for page in pages {
        page.await.expect("a page that saw all");
    }
    kept(&admin, 5).await;
}
