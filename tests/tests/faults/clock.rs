//! A clock that is set back, and forward again.

use nowcast_tests::api::{Api, Published, expect_status};
use nowcast_tests::page::{Joining, Page, Transport, published_text};
use nowcast_tests::server::{Server, Setup};
use serde_json::{Value, json};
use std::time::Duration;

const DAY: i64 = 24 * 60 * 60;

/// Longer than a session is ever silent.
const LIFE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_clock_set_back_leaves_order_keys_logins_and_sessions_as_they_were() {
    let mut server = Setup::new().with_clock().start().await;
    let admin = server.admin().await;
    let mut pages = Vec::new();
    for transport in Transport::ALL {
        pages.push(Joining::new(transport, server.origin()).open().await);
    }
    let before = publish(&server.publisher(), "main", "before", 201).await;

    server.set_clock(-DAY);
    // A room without a past shows what time it is to the server.
    let room = admin.put("/api/rooms/side").json(&json!({"title": "Side"})).send().await;
    expect_status(room.expect("an answer"), 201).await;
    let aside = publish(&admin, "side", "aside", 201).await;
    assert!(aside.at < before.at - (DAY - 600) * 1000, "the clock was set back: {aside:?}");

    // Times do not run backwards, order holds, keys are known.
    let during = publish(&server.publisher(), "main", "during", 201).await;
    assert!(during.at >= before.at, "{during:?} came after {before:?}");
    assert_eq!(during.offset, before.offset + 1);
    assert_eq!(publish(&server.publisher(), "main", "before", 200).await, before);
    assert_eq!(publish(&server.publisher(), "main", "during", 200).await, during);
    assert_eq!(admin.json("/api/me").await["role"], "admin", "the login is as good as before");
    see(&mut pages, &[("before", &before), ("during", &during)]).await;

    // A server that begins in the past has the same past.
    server.kill().await;
    server.restart().await;
    let again = publish(&server.publisher(), "main", "again", 201).await;
    assert!(again.at >= during.at, "{again:?} came after {during:?}");
    assert_eq!(publish(&server.publisher(), "main", "before", 200).await, before);
    assert_eq!(admin.json("/api/me").await["role"], "admin");
    for page in &mut pages {
        *page = page.come_back().await;
        assert!(page.recovered());
    }
    see(&mut pages, &[("again", &again)]).await;

    server.set_clock(0);
    let after = publish(&server.publisher(), "main", "after", 201).await;
    assert!(after.at >= again.at, "{after:?} came after {again:?}");
    assert_eq!(publish(&server.publisher(), "main", "before", 200).await, before);
    see(&mut pages, &[("after", &after)]).await;
}

#[tokio::test]
async fn sessions_give_signs_of_life_whatever_the_clock_says() {
    let server = Setup::new().with_clock().start().await;
    // Nobody else comes or goes: each of them would be a sign of life as well.
    let joining = |transport| Joining::new(transport, server.origin()).role("probe");
    let mut by_websocket = joining(Transport::WebSocket).open().await;
    let mut by_sse = joining(Transport::Sse).open().await;
    server.set_clock(-DAY);
    by_websocket.send_text(r#"{"t":"ping"}"#).await;
    by_websocket.sign_of_life(LIFE).await;
    by_sse.sign_of_life(LIFE).await;

    server.set_clock(DAY);
    assert_eq!(waits_a_second(&server, by_sse.position()).await, json!([]));
    let item = publish(&server.publisher(), "main", "live", 201).await;
    see(&mut [by_websocket, by_sse], &[("live", &item)]).await;
}

/// A poll that waits for a second, which the clock of the day does not count.
async fn waits_a_second(server: &Server, since: impl std::fmt::Display) -> Value {
    let path = format!("/api/rooms/main/poll?page=probe&wait=1&since={since}");
    let mut answer = server.visitor().json(&path).await;
    answer["frames"].take()
}

/// All of them see these next, with the times that the publisher was told.
async fn see(pages: &mut [Page], items: &[(&str, &Published)]) {
    for page in pages {
        for (text, item) in items {
            let event = page.next_event().await;
            assert_eq!(published_text(&event), *text, "{:?}", page.transport());
            assert_eq!((event.offset.0, event.at), (item.offset, item.at));
        }
    }
}

/// Publishes with the text as its own idempotency key.
async fn publish(api: &Api, room: &str, text: &str, status: u16) -> Published {
    let request = api.post(&format!("/api/rooms/{room}/items")).header("idempotency-key", text);
    let body = json!({"kind": "message", "data": {"text": text}});
    let answer = request.json(&body).send().await.expect("an answer to the publish");
    let answer = expect_status(answer, status).await;
    Published::read(&answer.json().await.expect("a JSON body"))
}

#[tokio::test]
async fn older_pages_time_stamps_grow_through_a_clock_set_back_and_a_crash() {
    let mut server = Setup::new().arg("--compat").with_clock().start().await;
    let publisher = server.publisher();
    let feed = async |api: &Api, since: i64| -> Vec<(String, i64)> {
        let all = api.json(&format!("/real_time_feed?since={since}")).await;
        let read =
            |item: &Value| Some((item["text"].as_str()?.to_owned(), item["timestamp"].as_i64()?));
        all.as_array().and_then(|all| all.iter().map(read).collect()).expect("items")
    };
    let mut last = 0;
    let newest = publisher.say("first").await;
    for (days, text) in [(0, "at its time"), (-1, "a day before"), (-2, "two"), (1, "a day later")]
    {
        server.set_clock(days * DAY);
        publisher.say(text).await;
        let new = feed(&publisher, last).await;
        assert_eq!(new.last().map(|(text, _)| text.as_str()), Some(text));
        assert!(new.iter().all(|(_, stamp)| *stamp > last), "{new:?} after {last}");
        last = new.last().map_or(last, |(_, stamp)| *stamp);
    }
    // The newest goes, the server dies, the clock is back: what comes next is later all the same.
    let gone = publisher.say("gone").await;
    last = feed(&publisher, last).await[0].1;
    for item in [gone.id, newest.id] {
        let delete = publisher.command(json!({"kind": "delete", "item": item})).await;
        expect_status(delete, 200).await;
    }
    server.kill().await;
    server.set_clock(-DAY);
    server.restart().await;
    publisher.say("after").await;
    let after = feed(&publisher, last).await;
    assert_eq!(after.len(), 1, "{after:?}");
    assert_eq!(after[0].0, "after");
    let all = feed(&publisher, 0).await;
    assert_eq!(all.len(), 5, "{all:?}");
    assert!(all.windows(2).all(|pair| pair[0].1 < pair[1].1), "{all:?}");
}
