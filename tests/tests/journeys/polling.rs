//! How a long poll waits.

use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::page::{Joining, Transport, new_client_id};
use nowcast_tests::server::Server;
use nowcast_tests::wait::{eventually, in_time};
use serde_json::{Value, json};

async fn poll(api: &Api, query: &str) -> Value {
    let request = api.get(&format!("/api/rooms/main/poll?{query}"));
    let answer = in_time("a poll is answered", request.send()).await.expect("an answer");
    expect_status(answer, 200).await.json().await.expect("JSON")
}

async fn position(server: &Server) -> String {
    let page = Joining::new(Transport::Sse, server.origin()).role("probe").open().await;
    page.position().to_string()
}

#[tokio::test]
async fn a_poll_with_nothing_due_waits_and_is_answered_when_something_comes() {
    let server = Server::start().await;
    server.publisher().say("seen").await;
    let since = position(&server).await;
    let visitor = server.visitor();
    let polling = {
        let (visitor, since) = (visitor.clone(), since.clone());
        tokio::spawn(async move { poll(&visitor, &format!("since={since}&wait=50")).await })
    };
    // What has been asked meanwhile and answered shows that it is not answered at once.
    for _ in 0..50 {
        expect_status(visitor.get("/healthz").send().await.unwrap(), 200).await;
        assert!(!polling.is_finished(), "{:?}", polling.await);
    }
    server.publisher().say("new").await;
    let answer = in_time("the poll is answered", polling).await.unwrap();
    assert_eq!(answer["frames"][0]["event"]["item"]["data"]["text"], "new", "{answer}");
    assert_eq!(answer["frames"].as_array().map(Vec::len), Some(1), "{answer}");
    let epoch = since.split(':').next().unwrap();
    assert_eq!(answer["next"], format!("{epoch}:2"));
}

#[tokio::test]
async fn a_poll_whose_wait_is_over_is_answered_with_nothing() {
    let server = Server::start().await;
    server.publisher().say("seen").await;
    let since = position(&server).await;
    for wait in [0, 1] {
        let answer = poll(&server.visitor(), &format!("since={since}&wait={wait}")).await;
        assert_eq!(answer, json!({"frames": [], "next": since}));
    }
}

#[tokio::test]
async fn a_poll_with_something_due_is_answered_at_once() {
    let server = Server::start().await;
    let since = position(&server).await;
    server.publisher().say("due").await;
    let answer = poll(&server.visitor(), &format!("since={since}&wait=50")).await;
    assert_eq!(answer["frames"][0]["event"]["item"]["data"]["text"], "due", "{answer}");

    let answer = poll(&server.visitor(), "wait=50").await;
    let welcome = &answer["frames"][0];
    assert_eq!((&welcome["t"], &welcome["recovered"]), (&json!("welcome"), &json!(false)));
    assert_eq!(welcome["snapshot"]["items"][0]["data"]["text"], "due");
}

#[tokio::test]
async fn a_wait_that_is_no_number_is_refused() {
    let server = Server::start().await;
    for wait in ["soon", "-1", "1.5"] {
        let path = format!("/api/rooms/main/poll?wait={wait}");
        let answer = server.visitor().get(&path).send().await.unwrap();
        expect_problem(answer, 400, "bad_query").await;
    }
}

#[tokio::test]
async fn a_backlog_comes_in_answers_of_bounded_size_and_whole() {
    let server = Server::start().await;
    let since = position(&server).await;
    let count = 100;
    for number in 0..count {
        let text = format!("{number} {}", "word ".repeat(8_000));
        server.publisher().say(text).await;
    }
    let mut page = Joining::new(Transport::LongPoll, server.origin()).since(&since).open().await;
    let texts = page.next_texts(count).await;
    let numbers: Vec<_> =
        texts.iter().filter_map(|text| text.split(' ').next()?.parse::<usize>().ok()).collect();
    assert_eq!(numbers, (0..count).collect::<Vec<_>>());

    let answer = poll(&server.visitor(), &format!("since={since}&wait=0")).await;
    let size = answer.to_string().len();
    assert!(size < 4 * 1024 * 1024, "one answer brings {size} bytes into memory");
}

#[tokio::test]
async fn signals_for_a_polling_page_are_kept_between_its_polls() {
    let server = Server::start().await;
    let client = new_client_id();
    let first = poll(&server.visitor(), &format!("client={client}&wait=0")).await;
    let mut since = first["next"].as_str().unwrap().to_owned();

    // While no poll is open, two pages come; the signal that says so has been sent when the second
    // of them has seen it.
    let mut pages = Vec::new();
    for _ in 0..2 {
        pages.push(Joining::new(Transport::WebSocket, server.origin()).open().await);
    }
    pages[1].presence(|presence| presence.count == 3).await;

    let mut counts = Vec::new();
    eventually("the polling page hears of three pages", async || {
        let query = format!("client={client}&since={since}&wait=0");
        let answer = poll(&server.visitor(), &query).await;
        answer["next"].as_str().unwrap().clone_into(&mut since);
        let frames = answer["frames"].as_array().unwrap();
        counts.extend(frames.iter().filter_map(|frame| frame["signal"]["count"].as_u64()));
        counts.contains(&3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn answers_are_not_cached() {
    let server = Server::start().await;
    for path in ["/api/rooms/main/poll?wait=0", "/api/rooms/main/items", "/api/me"] {
        let answer = expect_status(server.visitor().get(path).send().await.unwrap(), 200).await;
        let cached = answer.headers()["cache-control"].to_str().unwrap();
        assert!(cached.contains("no-store") || cached.contains("no-cache"), "{path}: {cached}");
    }
}
