//! What others deliver.

use super::setting::{SECRET, address, make, seen, shown, texts, webhook};
use hmac::{Hmac, KeyInit, Mac};
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::server::Server;
use nowcast_tests::wait::in_time;
use reqwest::Response;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The signature of a body, as GitHub writes it.
fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(body);
    let digits = mac
        .finalize()
        .into_bytes()
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("sha256={digits}")
}

async fn deliver(
    who: &Api,
    source: &Value,
    body: &str,
    headers: &[(&'static str, &str)],
) -> Response {
    let request = who.post(&address(source)).header("content-type", "application/json");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(body.to_owned()).send().await.expect("an answer")
}

async fn signed(who: &Api, source: &Value, body: &str) -> Response {
    let signature = signature(SECRET, body.as_bytes());
    deliver(who, source, body, &[("x-hub-signature-256", &signature)]).await
}

#[tokio::test]
async fn a_delivery_that_is_signed_is_shown_and_no_other() {
    let server = Server::start().await;
    let (admin, world) = (server.admin().await, server.visitor());
    let source = make(&admin, &webhook(&json!({}))).await;
    assert_eq!((&source["url"], &source["state"]["state"]), (&Value::Null, &json!("following")));
    let body = json!({"user": "ana", "text": "Ship ahoy"}).to_string();
    let told: Value =
        expect_status(signed(&world, &source, &body).await, 200).await.json().await.unwrap();
    assert_eq!(told, json!({"published": 1, "held": 0, "dropped": 0}));
    assert_eq!(texts(&admin).await, ["Ship ahoy"], "it is kept when it is answered");

    let other = signature("another secret", body.as_bytes());
    let changed = signature(SECRET, b"{}");
    for headers in [
        vec![],
        vec![("x-hub-signature-256", other.as_str())],
        vec![("x-hub-signature-256", changed.as_str())],
        vec![("x-hub-signature-256", "sha256=")],
        vec![("x-hub-signature-256", "\u{e4}")],
        vec![("authorization", "Bearer a secret of a test")],
    ] {
        let answer = deliver(&world, &source, &body, &headers).await;
        expect_problem(answer, 401, "bad_signature").await;
    }
    // An admin's cookie is no signature.
    expect_problem(deliver(&admin, &source, &body, &[]).await, 401, "bad_signature").await;
    assert_eq!(shown(&admin).await.len(), 1);
}

#[tokio::test]
async fn deliveries_of_github_are_told_in_words_and_each_once() {
    let server = Server::start().await;
    let (admin, world) = (server.admin().await, server.visitor());
    let source = make(&admin, &webhook(&json!({"format": "github"}))).await;
    let issue = json!({"action": "opened", "issue": {"number": 7, "title": "It leaks", "html_url": "https://g.example/7"},
        "repository": {"full_name": "ana/ships"}, "sender": {"login": "bo", "avatar_url": "https://g.example/bo.png"}});
    let body = issue.to_string();
    let signature = signature(SECRET, body.as_bytes());
    let headers = [
        ("x-hub-signature-256", signature.as_str()),
        ("x-github-delivery", "d-1"),
        ("x-github-event", "issues"),
    ];
    for published in [1, 0] {
        let told: Value = expect_status(deliver(&world, &source, &body, &headers).await, 200)
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(told["published"], published, "{told}");
    }
    let data = &shown(&admin).await[0]["data"];
    assert_eq!(data["text"], "ana/ships#7 opened: It leaks");
    assert_eq!(
        (&data["user"], &data["url"], &data["source"]),
        (&json!("bo"), &json!("https://g.example/7"), &json!("GitHub"))
    );
    let ping = json!({"zen": "Keep it simple", "hook_id": 5}).to_string();
    let told: Value =
        expect_status(signed(&world, &source, &ping).await, 200).await.json().await.unwrap();
    assert_eq!(told["dropped"], 1);
    let state = seen(&admin, &source, 3).await["state"].clone();
    assert_eq!(
        (&state["dropped"]["unmapped"], &state["dropped"]["repeat"]),
        (&json!(1), &json!(1))
    );

    // As a form, which GitHub can send as well.
    let payload = json!({"action": "closed", "issue": {"number": 7, "title": "It leaks"}, "repository": {"full_name": "ana/ships"}});
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload.to_string())
        .finish();
    let request =
        world.post(&address(&source)).header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("x-hub-signature-256", self::signature(SECRET, body.as_bytes()));
    expect_status(request.body(body).send().await.unwrap(), 200).await;
    assert_eq!(texts(&admin).await.last().unwrap(), "ana/ships#7 closed: It leaks");
}

#[tokio::test]
async fn a_token_or_a_password_will_do_where_the_source_is_set_so() {
    let server = Server::start().await;
    let (admin, world) = (server.admin().await, server.visitor());
    let body = json!([{"text": "one"}, {"text": "two"}, 5]).to_string();
    for (auth, good, bad) in [
        (json!({"kind": "bearer"}), "Bearer open-sesame", "Bearer open-sesam"),
        (
            json!({"kind": "basic", "user": "ana"}),
            "Basic YW5hOm9wZW4tc2VzYW1l",
            "Basic YW5hOm9wZW4=",
        ),
    ] {
        let source = make(&admin, &webhook(&json!({"auth": auth, "secret": "open-sesame"}))).await;
        for headers in [vec![], vec![("authorization", bad)], vec![("authorization", "Digest x")]] {
            expect_problem(deliver(&world, &source, &body, &headers).await, 401, "unauthorized")
                .await;
        }
        let answer = deliver(&world, &source, &body, &[("authorization", good)]).await;
        let told: Value = expect_status(answer, 200).await.json().await.unwrap();
        assert_eq!(told, json!({"published": 2, "held": 0, "dropped": 1}));
    }
    assert_eq!(texts(&admin).await, ["one", "two", "one", "two"], "each source for itself");
}

#[tokio::test]
async fn hostile_deliveries_get_an_answer() {
    let mut server = Server::start().await;
    let (admin, world) = (server.admin().await, server.visitor());
    let source = make(&admin, &webhook(&json!({"filter": {"repeats": false}}))).await;
    for (body, status, code) in [("{", 400, "bad_json"), ("", 400, "bad_json")] {
        expect_problem(signed(&world, &source, body).await, status, code).await;
    }
    let deep = "[".repeat(100_000);
    expect_problem(signed(&world, &source, &deep).await, 400, "bad_json").await;
    let many = format!("[{}1]", "1,".repeat(1000));
    expect_problem(signed(&world, &source, &many).await, 400, "bad_request").await;
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    expect_problem(signed(&world, &source, &large).await, 413, "too_large").await;
    let nobody = json!({"id": "nobody"});
    expect_problem(signed(&world, &nobody, "{}").await, 404, "unknown_source").await;

    // Faster than it may, it is told to wait.
    let mut refused = 0;
    for number in 0..4 {
        let bodies =
            (0..100).map(|part| json!({"text": format!("Number {number} {part}")}).to_string());
        let deliveries = bodies.map(|body| {
            let (world, source) = (&world, &source);
            async move { signed(world, source, &body).await }
        });
        for answer in futures_util::future::join_all(deliveries).await {
            if answer.status() == 429 {
                assert!(answer.headers().contains_key("retry-after"));
                refused += 1;
            } else {
                assert_eq!(answer.status(), 200);
            }
        }
    }
    assert!(refused > 0, "four hundred at once");

    let stopped = admin.post(&format!("{}/stop", address(&source))).send().await.unwrap();
    expect_status(stopped, 200).await;
    expect_problem(signed(&world, &source, "{\"text\":\"x\"}").await, 503, "unavailable").await;
    server.restart().await;
    let admin = server.admin().await;
    expect_problem(signed(&world, &source, "{\"text\":\"x\"}").await, 503, "unavailable").await;
    let started = admin.post(&format!("{}/start", address(&source))).send().await.unwrap();
    expect_status(started, 200).await;
    expect_status(signed(&world, &source, "{\"text\":\"back again\"}").await, 200).await;
    assert_eq!(texts(&admin).await.last().unwrap(), "back again");
}

#[tokio::test]
async fn who_only_knows_the_address_of_one_source_keeps_nobody_from_another() {
    let server = Server::start().await;
    let (admin, world) = (server.admin().await, server.visitor());
    let [known, other] =
        [make(&admin, &webhook(&json!({}))).await, make(&admin, &webhook(&json!({}))).await];
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\
         expect: 100-continue\r\nx-hub-signature-256: sha256={}\r\n\r\n",
        address(&known),
        "0".repeat(64)
    );
    let mut slow = Vec::new();
    for _ in 0..16 {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        // Either it waits for the body from here on, or it is refused.
        let mut first = [0; 12];
        in_time("an answer", socket.read_exact(&mut first)).await.unwrap();
        slow.push((socket, first));
    }
    assert!(slow.iter().any(|(_, first)| first == b"HTTP/1.1 100"), "some are waited for");
    expect_status(signed(&world, &other, "{\"text\":\"through\"}").await, 200).await;
    assert_eq!(texts(&admin).await, ["through"]);
}
