//! What others deliver.

use super::setting::{SECRET, address, make, seen, shown, texts, webhook};
use hmac::{Hmac, KeyInit, Mac};
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::server::Server;
use nowcast_tests::wait::{eventually, in_time, pause};
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

/// What a test of these settings comes to.
async fn test(admin: &Api, settings: &Value, count: u64) -> Value {
    let path = format!("/api/sources/test?count={count}");
    let answer = admin.post(&path).json(settings).send().await.expect("an answer");
    expect_status(answer, 200).await.json().await.expect("a trial")
}

/// These settings, of this source.
fn of(source: &Value, fields: &Value) -> Value {
    let mut settings = webhook(fields);
    settings["id"] = source["id"].clone();
    settings
}

/// Delivers this to a source that is stopped until somebody tests it.
async fn until_tested(who: &Api, source: &Value, body: &str) -> Value {
    let answer = eventually("a test listens", async || {
        let answer = signed(who, source, body).await;
        // On a slow machine it may be asked more often before than is allowed.
        let not_yet = [503, 429].contains(&answer.status().as_u16());
        (!not_yet).then_some(answer)
    })
    .await;
    expect_status(answer, 202).await.json().await.expect("JSON")
}

#[tokio::test]
async fn a_test_of_a_webhook_shows_what_is_delivered_meanwhile_and_publishes_none_of_it() {
    let server = Server::start().await;
    let (admin, world) = (server.admin().await, server.visitor());
    let source = make(&admin, &webhook(&json!({"running": false}))).await;
    let settings = of(&source, &json!({"filter": {"words": ["ship"]}, "approval": true}));
    let deliveries = async {
        let told = until_tested(&world, &source, "{\"text\":\"Ship ahoy\"}").await;
        assert_eq!(told, json!({"published": 0, "held": 0, "dropped": 1}));
        let unsigned = deliver(&world, &source, "{\"text\":\"Ship or not\"}", &[]).await;
        expect_problem(unsigned, 401, "bad_signature").await;
        expect_problem(signed(&world, &source, "{").await, 400, "bad_json").await;
        let list =
            json!([{"text": "Rain"}, {"text": "Another ship"}, {"text": "More than asked for"}]);
        expect_status(signed(&world, &source, &list.to_string()).await, 202).await;
    };
    let (trial, ()) = tokio::join!(test(&admin, &settings, 3), deliveries);
    let items = trial["items"].as_array().unwrap();
    let told: Vec<_> =
        items.iter().map(|item| (&item["data"]["text"], &item["would"], &item["why"])).collect();
    let [hold, drop] = [json!("hold"), json!("drop")];
    let [first, second, third] = [json!("Ship ahoy"), json!("Rain"), json!("Another ship")];
    assert_eq!(
        told,
        [
            (&first, &hold, &Value::Null),
            (&second, &drop, &json!("words")),
            (&third, &hold, &Value::Null)
        ],
        "by the settings that are tested"
    );
    assert_eq!((&trial["connected"], &trial["timed_out"]), (&json!(true), &json!(false)));
    assert_eq!((&trial["seen"], &trial["malformed"]), (&json!(3), &json!(1)));
    let after = signed(&world, &source, "{\"text\":\"Ship ahoy\"}").await;
    expect_problem(after, 503, "unavailable").await;
    assert!(shown(&admin).await.is_empty());
    assert_eq!(admin.json("/api/rooms/main/queue").await["count"], 0);
}

#[tokio::test]
async fn what_is_delivered_to_a_source_that_runs_is_published_while_it_is_tested() {
    let server = Server::start().await;
    let (admin, world) = (server.admin().await, server.visitor());
    let source = make(&admin, &webhook(&json!({"filter": {"repeats": false}}))).await;
    let settings = of(&source, &json!({"filter": {"words": ["nowhere"]}}));
    let mut delivered = Vec::new();
    let deliveries = async {
        // Nobody but the test knows when it listens.
        for number in 0.. {
            let text = format!("Number {number}");
            let answer = signed(&world, &source, &json!({"text": text}).to_string()).await;
            if answer.status() != 429 {
                let told: Value = expect_status(answer, 200).await.json().await.unwrap();
                assert_eq!(told["published"], 1);
                delivered.push(text);
            }
            pause().await;
        }
    };
    let trial = tokio::select! {
        trial = test(&admin, &settings, 1) => trial,
        () = deliveries => unreachable!("it goes on and on"),
    };
    assert_eq!((&trial["seen"], &trial["timed_out"]), (&json!(1), &json!(false)));
    assert_eq!(trial["items"][0]["would"], "drop");
    let seen = trial["items"][0]["data"]["text"].as_str().unwrap().to_owned();
    let texts = texts(&admin).await;
    assert!(texts.starts_with(&delivered), "each was published when it was answered");
    // The last one was cut off before its answer came, not before it was dealt with.
    eventually("what was seen is published", async || {
        shown(&admin).await.iter().any(|item| item["data"]["text"] == seen.as_str()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_webhook_is_tested_once_it_is_saved_and_as_long_as_it_is_there() {
    let server = Server::start().await;
    let (admin, world) = (server.admin().await, server.visitor());
    let trial = test(&admin, &webhook(&json!({})), 5).await;
    assert_eq!((&trial["connected"], &trial["items"]), (&json!(false), &json!([])));
    assert!(trial["error"].as_str().unwrap().contains("Save"), "{trial}");

    let source = make(&admin, &webhook(&json!({"running": false}))).await;
    let deletion = async {
        until_tested(&world, &source, "{\"text\":\"Ship ahoy\"}").await;
        expect_status(admin.delete(&address(&source)).send().await.unwrap(), 204).await;
    };
    let settings = of(&source, &json!({}));
    let (trial, ()) = tokio::join!(test(&admin, &settings, 5), deletion);
    assert_eq!((&trial["seen"], &trial["timed_out"]), (&json!(1), &json!(false)));
    assert!(trial["error"].as_str().unwrap().contains("deleted"), "{trial}");
}
