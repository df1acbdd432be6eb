//! What is sent twice takes effect once.

use futures_util::future::join_all;
use nowcast_shared::error::Code;
use nowcast_tests::api::{Api, expect_problem};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Transport, new_client_id};
use nowcast_tests::server::Server;
use reqwest::Response;
use serde_json::{Value, json};

over_every_transport![
    a_repeated_command_takes_effect_once_and_gets_the_same_answer,
    a_command_id_used_for_something_else_is_refused,
];

fn message(text: &str) -> Value {
    json!({"kind": "message", "data": {"text": text}})
}

async fn keyed(api: &Api, key: &str, text: &str) -> Response {
    let request = api.post("/api/rooms/main/items").header("idempotency-key", key);
    request.json(&message(text)).send().await.expect("an answer")
}

#[tokio::test]
async fn a_publish_repeated_with_its_key_shows_once_and_is_answered_alike() {
    let mut server = Server::start().await;
    let publisher = server.publisher();
    let first = keyed(&publisher, "key-1", "once").await;
    assert_eq!(first.status(), 201);
    let first: Value = first.json().await.unwrap();
    for _ in 0..2 {
        let again = keyed(&publisher, "key-1", "once").await;
        assert_eq!(again.status(), 200);
        assert_eq!(again.json::<Value>().await.unwrap(), first);
    }

    server.kill().await;
    server.restart().await;
    let publisher = server.publisher();
    let again = keyed(&publisher, "key-1", "once").await;
    assert_eq!(again.status(), 200, "keys are kept with what they stand for");
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    let page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    assert_eq!(page.snapshot_texts(), ["once"]);
}

#[tokio::test]
async fn repeats_that_arrive_at_once_show_once() {
    let server = Server::start().await;
    for round in 0..10 {
        let key = format!("key-{round}");
        let answers = join_all((0..8).map(async |_| {
            let answer = keyed(&server.publisher(), &key, &key).await;
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }))
        .await;
        assert!(answers.iter().all(|(_, body)| *body == answers[0].1), "{answers:?}");
        let made = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(made, 1, "{answers:?}");
        assert!(answers.iter().all(|(status, _)| matches!(status, 200 | 201)), "{answers:?}");
    }
    let page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    assert_eq!(page.snapshot_texts().len(), 10);
}

#[tokio::test]
async fn a_key_used_for_another_body_is_refused() {
    let server = Server::start().await;
    let publisher = server.publisher();
    assert_eq!(keyed(&publisher, "key-1", "one").await.status(), 201);
    let other = keyed(&publisher, "key-1", "another").await;
    expect_problem(other, 422, "idempotency_mismatch").await;
    let page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    assert_eq!(page.snapshot_texts(), ["one"]);
}

#[tokio::test]
async fn a_key_belongs_to_its_actor_and_room() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let made = admin.put("/api/rooms/side").json(&json!({"title": "Side"})).send().await;
    assert_eq!(made.unwrap().status(), 201);

    assert_eq!(keyed(&server.publisher(), "key-1", "by the publisher").await.status(), 201);
    assert_eq!(keyed(&admin, "key-1", "by the admin").await.status(), 201);
    let request = admin.post("/api/rooms/side/items").header("idempotency-key", "key-1");
    let elsewhere = request.json(&message("elsewhere")).send().await.unwrap();
    assert_eq!(elsewhere.status(), 201);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let server = Server::start().await;
    for key in ["", &"k".repeat(300)] {
        let answer = keyed(&server.publisher(), key, "text").await;
        expect_problem(answer, 400, "bad_key").await;
    }
}

#[tokio::test]
async fn a_publish_that_was_refused_does_not_use_up_its_key() {
    let server = Server::start().await;
    let publisher = server.publisher();
    let request = publisher.post("/api/rooms/main/items").header("idempotency-key", "key-1");
    let refused = request.json(&json!({"kind": "message", "data": {}})).send().await.unwrap();
    expect_problem(refused, 422, "bad_item").await;
    assert_eq!(keyed(&publisher, "key-1", "now right").await.status(), 201);
}

async fn a_repeated_command_takes_effect_once_and_gets_the_same_answer(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let joining = Joining::new(transport, server.origin()).as_who(&admin);
    let publish = json!({"kind": "publish", "item": message("once")});

    let mut page = joining.clone().open().await;
    let first = page.command_with_id("k1", publish.clone()).await;
    assert_eq!(first.offset(), 1);
    assert_eq!(page.command_with_id("k1", publish.clone()).await, first);

    // The answer was lost with the connection; the page asks again over another one.
    for other in Transport::ALL {
        let mut page = page.resuming().over(other).open().await;
        assert_eq!(page.command_with_id("k1", publish.clone()).await, first, "{other:?}");
    }

    let mut another = joining.client(new_client_id()).open().await;
    let answer = another.command_with_id("k1", publish).await;
    assert_eq!(answer.offset(), 2, "another page's ids are its own");
}

async fn a_command_id_used_for_something_else_is_refused(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Joining::new(transport, server.origin()).as_who(&admin).open().await;
    let publish = |text| json!({"kind": "publish", "item": message(text)});
    assert_eq!(page.command_with_id("k1", publish("one")).await.offset(), 1);
    let answer = page.command_with_id("k1", publish("another")).await;
    assert_eq!(answer.code(), Code::IdempotencyMismatch);
    assert_eq!(page.command_with_id("k2", publish("another")).await.offset(), 2);
}
