//! What is not counted: who does not want to be tracked, and where nothing is collected.

use super::{pairs, totals};
use nowcast_tests::api::expect_status;
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::eventually;
use reqwest::Response;
use serde_json::{Value, json};

/// A viewer's event stream, with this header and this in its address.
async fn stream(server: &Server, page: &str, header: (&str, &str), query: &str) -> Response {
    let path = format!("/api/rooms/main/sse?client={page:-<16}&from=news.example{query}");
    let request = server.visitor().get(&path).header(header.0, header.1);
    let answer = request.send().await.expect("a stream");
    assert_eq!(answer.status(), 200);
    answer
}

/// The welcome of a page in a room.
async fn welcome(server: &Server, room: &str) -> Value {
    let path = format!("/api/rooms/{room}/poll?client=who-reads-a-welcome");
    server.visitor().json(&path).await["frames"][0].clone()
}

/// How many rows there are about visits, by table, of a room or of all.
fn rows(server: &Server, room: Option<&str>) -> Vec<(String, i64)> {
    let file = server.data().join("nowcast.db");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = rusqlite::Connection::open_with_flags(file, flags).expect("the store can be read");
    let tables = ["visits_minutes", "visits_names", "visits_spreads", "visits_open"];
    let counted = tables.map(|table| {
        let sql = format!(
            "SELECT count(*) FROM {table} JOIN rooms ON rooms.id = {table}.room
             WHERE rooms.name = coalesce(?, rooms.name)"
        );
        let count = db.query_row(&sql, [room], |row| row.get(0));
        (table.to_owned(), count.expect("the tables are there"))
    });
    counted.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn of_who_does_not_want_to_be_tracked_nothing_but_the_number_is_kept() {
    let mut server = Setup::new().arg("--presence-grace=0").start().await;
    let admin = server.admin().await;
    let link = server.publisher().publish("link", json!({"url": "https://a.example/"})).await;
    let streams = [
        stream(&server, "dnt", ("dnt", "1"), "").await,
        stream(&server, "gpc", ("sec-gpc", "1"), "").await,
        stream(&server, "script", ("accept", "*/*"), "&dnt=1").await,
    ];
    for page in ["dnt", "gpc", "script"] {
        let path = format!("/api/rooms/main/clicks?client={page:-<16}");
        let click = json!({"item": link.id, "url": "https://a.example/"});
        expect_status(server.visitor().post(&path).json(&click).send().await.unwrap(), 204).await;
    }
    // The same page once more is no reconnect that is counted.
    let again = stream(&server, "dnt", ("dnt", "1"), "").await;
    totals(&admin, "three came", json!({"joins": 3, "peak": 3})).await;
    drop((streams, again));
    let gone = json!({"joins": 3, "leaves": 3, "peak": 3, "median_stay": null, "clicks": 0, "reconnects": 0});
    let counted = totals(&admin, "three left", gone).await;
    for list in ["transports", "devices", "referrers"] {
        assert_eq!(pairs(&counted["viewers"][list]), [], "{list}");
    }
    assert_eq!(counted["links"], json!([]));
    server.kill().await;
    assert_eq!(
        rows(&server, None).into_iter().map(|(table, _)| table).collect::<Vec<_>>(),
        ["visits_minutes"]
    );
}

#[tokio::test]
async fn without_statistics_nothing_is_kept_at_all() {
    let mut server = Setup::new().arg("--no-statistics").arg("--presence-grace=0").start().await;
    let link = server.publisher().publish("link", json!({"url": "https://a.example/"})).await;
    for transport in Transport::ALL {
        let mut page =
            Joining::new(transport, server.origin()).with("from", "news.example").open().await;
        let path = format!("/api/rooms/main/clicks?client={}", page.client());
        let click = json!({"item": link.id, "url": "https://a.example/"});
        expect_status(server.visitor().post(&path).json(&click).send().await.unwrap(), 204).await;
        server.publisher().say("something to deliver").await;
        page.next_texts(1).await;
    }
    assert!(welcome(&server, "main").await.get("counts").is_none(), "pages are told");
    let admin = server.admin().await;
    assert_eq!(admin.json("/api/rooms/main/stats").await["collecting"], false);
    // What is counted is kept at the end at the latest.
    server.stop().await;
    assert_eq!(rows(&server, None), []);
}

#[tokio::test]
async fn a_room_that_is_not_counted_is_not_while_others_are() {
    let mut server = Setup::new().arg("--presence-grace=0").start().await;
    let admin = server.admin().await;
    for room in ["secret", "side"] {
        let path = format!("/api/rooms/{room}");
        let made = admin.put(&path).json(&json!({"title": room})).send().await.expect("an answer");
        expect_status(made, 201).await;
    }
    let off = |on: bool| json!({"days": null, "events": null, "bytes": null, "statistics": on});
    let keeping = admin.put("/api/rooms/secret/keeping").json(&off(false)).send().await;
    expect_status(keeping.expect("an answer"), 200).await;
    let mut pages = Vec::new();
    for room in ["secret", "side"] {
        for transport in [Transport::WebSocket, Transport::Sse] {
            let joining = Joining::new(transport, server.origin()).room(room);
            pages.push(joining.with("from", "news.example").open().await);
        }
        server.publisher().publish_in(room, "message", json!({"text": "hello"})).await;
    }
    for page in &mut pages {
        page.next_texts(1).await;
    }
    assert!(welcome(&server, "secret").await.get("counts").is_none());
    assert_eq!(welcome(&server, "side").await["counts"], true);
    super::stats(&admin, "side", "two came aside", |stats| {
        stats["totals"]["joins"].as_u64() >= Some(2)
    })
    .await;

    // Turned off while somebody is there: what was kept stays, nothing comes to it.
    let keeping = admin.put("/api/rooms/side/keeping").json(&off(false)).send().await;
    expect_status(keeping.expect("an answer"), 200).await;
    let late = Joining::new(Transport::WebSocket, server.origin()).room("side").open().await;
    drop((pages, late));
    eventually("who was there is forgotten", async || {
        let open = rows(&server, Some("side")).into_iter().any(|(table, _)| table == "visits_open");
        (!open).then_some(())
    })
    .await;
    server.stop().await;
    assert_eq!(rows(&server, Some("secret")), []);
    let side = rows(&server, Some("side"));
    assert!(side.iter().any(|(table, _)| table == "visits_names"), "{side:?}");
    assert!(side.iter().all(|(table, _)| table != "visits_open"), "{side:?}");
    server.restart().await;
    let admin = server.admin().await;
    let after = admin.json("/api/rooms/side/stats").await;
    assert_eq!(after["collecting"], false);
    assert!(after["totals"]["joins"].as_u64() <= Some(3), "{after}");
}
