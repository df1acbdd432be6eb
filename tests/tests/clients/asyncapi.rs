//! The description of the frames, as programs get it.

use super::node;
use nowcast_tests::api::expect_status;
use nowcast_tests::contract::{DOCUMENT, validator};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::Server;
use nowcast_tests::wait::in_time;
use serde_json::Value;

#[tokio::test]
async fn a_server_gives_out_what_the_tests_hold_its_frames_against() {
    let server = Server::start().await;
    let answer = server.visitor().get("/api/asyncapi.json").send().await.expect("an answer");
    let answer = expect_status(answer, 200).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let document: Value = answer.json().await.expect("JSON");
    assert_eq!(document, *DOCUMENT);
}

#[test]
fn it_is_what_asyncapi_3_asks_for() {
    let schema = node::modules().join("@asyncapi/specs/schemas/3.0.0-without-$id.json");
    let schema = std::fs::read(schema).expect("the package @asyncapi/specs is there");
    let schema: Value = serde_json::from_slice(&schema).expect("JSON");
    let schema = jsonschema::draft7::new(&schema).expect("a schema");
    if let Err(error) = schema.validate(&DOCUMENT) {
        panic!("{error} at {}", error.instance_path());
    }
    let mut broken = DOCUMENT.clone();
    broken["operations"]["answerPoll"]["action"] = "shout".into();
    assert!(!schema.is_valid(&broken), "what is wrong is noticed");
}

#[tokio::test]
async fn what_a_poll_is_answered_with_is_described_too() {
    let server = Server::start().await;
    server.publisher().say("Hello").await;
    let address = Joining::new(Transport::LongPoll, server.origin()).address("poll");
    let path = address.strip_prefix(&server.origin()).expect("an address of the server");
    let answer = in_time("an answer", server.visitor().json(path)).await;
    let described = validator("/components/messages/poll/payload");
    assert!(described.is_valid(&answer), "{answer}");
    assert!(!described.is_valid(&serde_json::json!({"frames": []})));

    let refused = server.visitor().get("/api/rooms/nowhere/poll").send().await.expect("an answer");
    let refused: Value = refused.json().await.expect("JSON");
    assert!(validator("/components/messages/problem/payload").is_valid(&refused), "{refused}");
}
