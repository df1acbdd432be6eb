//! Items that wait until an admin lets them in.

use super::setting::{address, make, seen, server, shown, stream, texts, until};
use nowcast_shared::signal::Signal;
use nowcast_tests::api::{Api, Published, expect_problem, expect_status};
use nowcast_tests::outside::{Answer, Live, Outside};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::Server;
use serde_json::{Value, json};

const QUEUE: &str = "/api/rooms/main/queue";

/// A server with a source whose items wait, and its stream.
async fn begin() -> (Server, Outside, Api, Value, Live) {
    let (server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    outside.always("/stream", Answer::live("application/json"));
    let source = make(&admin, &stream(&outside.url("/stream"), &json!({"approval": true}))).await;
    let live = outside.live("/stream").await;
    (server, outside, admin, source, live)
}

fn one(waiting: &Value, place: usize) -> String {
    format!("{QUEUE}/{}", waiting["waiting"][place]["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn what_waits_is_shown_when_it_is_approved_and_once() {
    let (mut server, outside, admin, source, mut live) = begin().await;
    for (id, text) in [(1, "one"), (2, "two"), (3, "three"), (1, "one more")] {
        live.line(&json!({"id": id, "user": "ana", "text": text})).await;
    }
    let state = seen(&admin, &source, 4).await["state"].clone();
    assert_eq!((&state["held"], &state["dropped"]["repeat"]), (&json!(3), &json!(1)));
    assert_eq!(shown(&admin).await, Vec::<Value>::new());
    let waiting = admin.json(QUEUE).await;
    assert_eq!(waiting["count"], 3);
    assert_eq!(waiting["waiting"][0]["data"]["text"], "one", "the oldest first");
    assert_eq!(waiting["waiting"][0]["source"], json!({"id": source["id"], "name": "Harbour"}));

    let two = one(&waiting, 1);
    let (first, second) = tokio::join!(admin.post(&two).send(), admin.post(&two).send());
    let (first, second) = (first.unwrap(), second.unwrap());
    let mut statuses = [first.status().as_u16(), second.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201], "at once, and still once");
    let first = Published::read(&first.json().await.unwrap());
    assert_eq!(first.id, Published::read(&second.json().await.unwrap()).id);
    let again = expect_status(admin.post(&two).send().await.unwrap(), 200).await;
    assert_eq!(
        Published::read(&again.json().await.unwrap()).id,
        first.id,
        "the first answer again"
    );
    expect_problem(admin.delete(&two).send().await.unwrap(), 404, "unknown_item").await;
    expect_status(admin.delete(&one(&waiting, 0)).send().await.unwrap(), 204).await;
    expect_problem(admin.post(&one(&waiting, 0)).send().await.unwrap(), 404, "unknown_item").await;
    assert_eq!(texts(&admin).await, ["two"]);
    assert_eq!(shown(&admin).await[0]["by"]["name"], "Harbour");

    // What waits, and what was turned down, is known after a restart.
    server.restart().await;
    let admin = server.admin().await;
    let mut live = outside.live("/stream").await;
    // What was only counted a moment before may not have been noted.
    let before =
        admin.json(&address(&source)).await["state"]["dropped"]["repeat"].as_u64().unwrap();
    live.line(&json!({"id": 1, "text": "one"})).await;
    live.line(&json!({"id": 3, "text": "three"})).await;
    until(&admin, &source, "both are repeats", |state| state["dropped"]["repeat"] == before + 2)
        .await;
    assert_eq!(admin.json(QUEUE).await["count"], 1);
    expect_status(admin.delete(QUEUE).send().await.unwrap(), 204).await;
    assert_eq!(admin.json(QUEUE).await, json!({"waiting": [], "count": 0}));
    expect_status(admin.delete(&address(&source)).send().await.unwrap(), 204).await;
    assert_eq!(texts(&admin).await, ["two"], "what was shown stays");
}

#[tokio::test]
async fn admins_at_work_are_told_how_many_wait() {
    let (server, _outside, admin, _source, mut live) = begin().await;
    let desk = Joining::new(Transport::WebSocket, server.origin()).as_who(&admin);
    let mut desk = desk.role("admin").open().await;
    let queued =
        |count: u64| move |signal: &Signal| (*signal == Signal::Queued { count }).then_some(());
    live.line(&json!({"id": 1, "text": "one"})).await;
    desk.next_signal(queued(1)).await;
    live.line(&json!({"id": 2, "text": "two"})).await;
    desk.next_signal(queued(2)).await;
    let waiting = admin.json(QUEUE).await;
    expect_status(admin.post(&one(&waiting, 0)).send().await.unwrap(), 201).await;
    desk.next_signal(queued(1)).await;
    expect_status(admin.delete(&one(&waiting, 1)).send().await.unwrap(), 204).await;
    desk.next_signal(queued(0)).await;
}

#[tokio::test]
async fn no_more_wait_than_may_and_the_rest_is_counted() {
    let (server, _outside, admin, source, mut live) = begin().await;
    let lines = (0..600)
        .map(|number| format!("{}\n", json!({"id": number, "text": format!("Number {number}")})));
    live.send(lines.collect::<String>()).await;
    let state = seen(&admin, &source, 600).await["state"].clone();
    assert_eq!((&state["held"], &state["dropped"]["queue"]), (&json!(500), &json!(100)), "{state}");
    assert_eq!(admin.json(QUEUE).await["count"], 500);
    for who in [server.visitor(), server.publisher()] {
        let answer = who.delete(QUEUE).send().await.unwrap();
        assert!([401, 403].contains(&answer.status().as_u16()));
    }
}
