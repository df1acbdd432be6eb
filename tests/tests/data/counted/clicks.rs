//! Links that viewers open.

use super::totals;
use nowcast_tests::api::{expect_problem, expect_status};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{Server, Setup};
use reqwest::Response;
use serde_json::{Value, json};

/// A page tells of a click.
async fn click(server: &Server, page: &str, item: &str, url: &str) -> Response {
    let path = format!("/api/rooms/main/clicks?client={page}");
    // As a browser's beacon has it.
    let body = json!({"item": item, "url": url}).to_string();
    let request = server.visitor().post(&path).header("content-type", "text/plain;charset=UTF-8");
    request.body(body).send().await.expect("an answer to the click")
}

#[tokio::test]
async fn only_what_an_item_leads_to_is_counted_and_only_for_who_is_here() {
    let mut server = Setup::new().arg("--presence-grace=600000").start().await;
    let admin = server.admin().await;
    let publisher = server.publisher();
    let link =
        publisher.publish("link", json!({"url": "https://a.example/x", "title": "A place"})).await;
    let text = "See [the plan](https://b.example/plan?day=1&hall=2).";
    let message = publisher.say(text).await;
    let page = Joining::new(Transport::Sse, server.origin()).open().await;
    let here = page.client();
    for (item, url) in [
        (&link, "https://a.example/x"),
        (&link, "https://a.example/x"),
        (&message, "https://b.example/plan?day=1&hall=2"),
    ] {
        expect_status(click(&server, here, &item.id, url).await, 204).await;
    }
    expect_problem(click(&server, here, &message.id, "https://a.example/x").await, 422, "bad_url")
        .await;
    expect_problem(
        click(&server, here, "i-no-such-item", "https://a.example/x").await,
        404,
        "unknown_item",
    )
    .await;
    let nobody = click(&server, "a-page-that-is-not-here", &link.id, "https://a.example/x").await;
    expect_status(nobody, 204).await;
    let expected = json!([
        {"url": "https://a.example/x", "title": "A place", "clicks": 2},
        {"url": "https://b.example/plan?day=1&hall=2", "title": null, "clicks": 1},
    ]);
    let counted = totals(&admin, "three clicks are counted", json!({"clicks": 3})).await;
    assert_eq!(counted["links"], expected);

    server.kill().await;
    server.restart().await;
    let admin = server.admin().await;
    let counted = totals(&admin, "they are kept", json!({"clicks": 3})).await;
    assert_eq!(counted["links"], expected);
}

#[tokio::test]
async fn clicks_are_limited_and_hostile_ones_get_an_answer() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let link = server.publisher().publish("link", json!({"url": "https://a.example/"})).await;
    let page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let path = format!("/api/rooms/main/clicks?client={}", page.client());
    for (body, status, code) in [
        (String::new(), 400, "bad_json"),
        ("[]".to_owned(), 400, "bad_request"),
        (r#"{"item":1,"url":2}"#.to_owned(), 400, "bad_request"),
        (json!({"item": "i", "url": "x".repeat(10_000)}).to_string(), 413, "too_large"),
    ] {
        // Not what the description says is sent, so past what holds requests against it.
        let request = reqwest::Client::new().post(format!("{}{path}", server.origin()));
        let answer = request.header("content-type", "text/plain").body(body).send().await;
        expect_problem(answer.expect("an answer"), status, code).await;
    }
    let mut counted = 0;
    let refused = loop {
        let answer = click(&server, page.client(), &link.id, "https://a.example/").await;
        if answer.status() != 204 {
            break answer;
        }
        counted += 1;
        assert!(counted < 1_000, "nobody clicks so often");
    };
    expect_problem(refused, 429, "rate_limited").await;
    assert!(counted >= 5, "a few at once are fine");
    let told: Value = totals(&admin, "those before are counted", json!({"clicks": counted})).await;
    assert_eq!(told["links"][0]["clicks"], counted);
}
