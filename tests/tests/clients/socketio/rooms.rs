//! Namespaces are rooms.

use super::page::{Page, Way};
use nowcast_tests::api::expect_status;
use nowcast_tests::server::Server;
use serde_json::{Value, json};

super::in_every_way![
    one_connection_is_in_several_rooms_and_each_is_apart,
    a_room_that_is_not_there_or_private_is_refused_by_name,
];

async fn make(server: &Server, room: &str, settings: Value) {
    let admin = server.admin().await;
    let body = json!({"title": room, "settings": settings});
    let answer = admin.put(&format!("/api/rooms/{room}")).json(&body).send().await.unwrap();
    expect_status(answer, 201).await;
}

async fn one_connection_is_in_several_rooms_and_each_is_apart(way: Way) {
    let server = Server::start().await;
    make(&server, "finals", json!({})).await;
    let mut page = Page::open(&server, way);
    assert_eq!(page.connect("/", json!({})).await["room"], "main");
    assert_eq!(page.connect("/finals", json!({})).await["room"], "finals");
    server.publisher().publish_in("finals", "message", json!({"text": "there"})).await;
    server.publisher().say("here").await;
    assert_eq!(page.next("item").await.0["data"]["text"], "there");
    page.turn_to("/");
    assert_eq!(page.next("item").await.0["data"]["text"], "here");
    // Leaving the one leaves the other.
    page.leave().await;
    page.turn_to("/finals");
    assert!(page.ask("chat", json!("Hello")).await["offset"].is_number());
}

async fn a_room_that_is_not_there_or_private_is_refused_by_name(way: Way) {
    let server = Server::start().await;
    make(&server, "secret", json!({"private": true})).await;
    let mut page = Page::open(&server, way);
    for (namespace, code) in
        [("/nowhere", "unknown_room"), ("/No-Room", "bad_room"), ("/secret", "not_invited")]
    {
        let (message, data) = page.refused(namespace, json!({})).await;
        assert_eq!(data["code"], code, "{namespace}");
        assert!(message.ends_with('.'), "a sentence: {message}");
    }
    let told = server.admin().await.json("/api/rooms/secret/invitation").await;
    let welcome = page.connect("/secret", json!({"invitation": told["invitation"]})).await;
    assert_eq!(welcome["room"], "secret");
}
