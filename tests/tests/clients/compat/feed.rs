//! Waiting for items.

use super::{ask, feed, publish, read, setup, stamp, texts};
use nowcast_tests::api::{expect_problem, expect_status};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::{eventually, in_time};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

#[tokio::test]
async fn without_the_flag_there_are_no_such_addresses() {
    let server = Server::start().await;
    let visitor = server.visitor();
    for (method, path) in [
        (Method::GET, "/real_time_feed?since=0"),
        (Method::GET, "/chat?name=Ana"),
        (Method::POST, "/send_feed_item"),
        (Method::POST, "/push"),
        (Method::POST, "/"),
    ] {
        let status = visitor.request(method, path).send().await.unwrap().status().as_u16();
        assert!([404, 405].contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn what_is_newer_is_answered_at_once_oldest_first_and_with_what_was_posted() {
    let server = setup().start().await;
    publish(&server, "one").await;
    let data = json!({"url": "https://example.org/", "title": "Two", "more": {"deep": [1]}});
    let kept = server.publisher().publish("link", data).await;
    publish(&server, "three").await;
    let all = feed(&server.visitor(), 0).await;
    assert_eq!(all.len(), 3);
    let stamps: Vec<_> = all.iter().map(stamp).collect();
    assert!(stamps.is_sorted_by(|one, next| one < next), "{stamps:?}");
    assert!((stamps[1] - kept.at).abs() < 1000, "about when it was published");
    assert_eq!(all[0], json!({"type": "message", "text": "one", "timestamp": stamps[0]}));
    assert_eq!(
        all[1],
        json!({"type": "link", "url": "https://example.org/", "title": "Two",
               "more": {"deep": [1]}, "timestamp": stamps[1]})
    );
    assert_eq!(feed(&server.visitor(), stamps[0]).await, all[1..]);
    assert_eq!(feed(&server.visitor(), stamps[1]).await, all[2..]);
    assert_eq!(feed(&server.visitor(), stamps[1] - 1).await.len(), 2);
}

#[tokio::test]
async fn with_nothing_new_a_request_waits_for_an_item_and_many_get_the_same() {
    let server = setup().start().await;
    publish(&server, "before").await;
    let visitor = server.visitor();
    let last = stamp(&feed(&visitor, 0).await[0]);
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let visitor = visitor.clone();
            tokio::spawn(async move { feed(&visitor, last).await })
        })
        .collect();
    waits(&server, 50).await;
    publish(&server, "after").await;
    for waiting in waiting {
        assert_eq!(texts(&in_time("news", waiting).await.unwrap()), ["after"]);
    }
}

#[tokio::test]
async fn a_request_that_waited_in_vain_is_answered_with_none() {
    let server = setup().arg("--feed-wait").arg("1").start().await;
    let begun = Instant::now();
    assert_eq!(feed(&server.visitor(), 0).await, Vec::<Value>::new());
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn by_default_a_request_waits_for_a_minute() {
    let server = Setup::new().arg("--help").run_to_the_end().await;
    let words = server.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("[env: NOWCAST_FEED_WAIT=] [default: 60]"), "{words}");
}

#[tokio::test]
async fn what_is_not_known_is_ignored_and_a_since_that_cannot_be_read_is_now() {
    let server = setup().start().await;
    publish(&server, "before").await;
    let visitor = server.visitor();
    let busted = ask(&visitor, "?_=1789&name=a:b&client=x&token=nonsense&%ff=%fe&since=0").await;
    assert_eq!(texts(&read(busted).await), ["before"]);
    let queries = [
        "",
        "?since=",
        "?since=yesterday",
        "?since=%ff",
        "?since=1e3",
        "?since=99999999999999999999",
    ];
    let waiting: Vec<_> = queries
        .into_iter()
        .map(|query| {
            let visitor = visitor.clone();
            tokio::spawn(async move { read(ask(&visitor, query).await).await })
        })
        .collect();
    waits(&server, queries.len()).await;
    publish(&server, "after").await;
    for waiting in waiting {
        assert_eq!(texts(&in_time("news", waiting).await.unwrap()), ["after"]);
    }
    assert_eq!(texts(&feed(&visitor, -5).await), ["before", "after"]);
}

#[tokio::test]
async fn the_backlog_is_the_newest_items_and_not_all_that_ever_was() {
    for (flags, variable, expected) in [
        (&["--items-backlog", "3"][..], None, 3),
        (&[][..], Some(("ITEMS_BACKLOG", "4")), 4),
        (&[][..], Some(("NOWCAST_ITEMS_BACKLOG", "2")), 2),
        (&[][..], None, 200),
    ] {
        let mut setup = setup().arg("--durability").arg("relaxed");
        for flag in flags {
            setup = setup.arg(*flag);
        }
        if let Some((name, value)) = variable {
            setup = setup.env(name, value);
        }
        let mut server = setup.start().await;
        for number in 0..expected + 2 {
            server.publisher().say(number.to_string()).await;
        }
        let newest: Vec<_> = (2..expected + 2).map(|number| number.to_string()).collect();
        assert_eq!(texts(&feed(&server.visitor(), 0).await), newest);
        server.restart().await;
        assert_eq!(texts(&feed(&server.visitor(), 0).await), newest);
    }
    let bad = super::setup().env("ITEMS_BACKLOG", "many").run_to_the_end().await;
    assert!(!bad.status.success());
    assert!(bad.stderr.contains("ITEMS_BACKLOG must be a number"), "{}", bad.stderr);
}

#[tokio::test]
async fn an_edited_item_keeps_its_time_stamp_and_a_deleted_one_is_gone() {
    let mut server = setup().start().await;
    let publisher = server.publisher();
    let (first, second) = (publisher.say("one").await, publisher.say("two").await);
    publisher.say("three").await;
    let before = feed(&server.visitor(), 0).await;
    let edit = json!({"kind": "edit", "item": first.id, "data": {"text": "ONE"}});
    expect_status(publisher.command(edit).await, 200).await;
    let delete = json!({"kind": "delete", "item": second.id});
    expect_status(publisher.command(delete).await, 200).await;
    let mut edited = before[0].clone();
    edited["text"] = "ONE".into();
    let expected = [edited, before[2].clone()];
    assert_eq!(feed(&server.visitor(), 0).await, expected);
    server.restart().await;
    assert_eq!(feed(&server.visitor(), 0).await, expected);
}

#[tokio::test]
async fn a_request_that_waits_ends_at_once_when_the_server_stops() {
    let mut server = setup().start().await;
    let visitor = server.visitor();
    let waiting = tokio::spawn(async move { feed(&visitor, 0).await });
    waits(&server, 1).await;
    let begun = Instant::now();
    let status = server.stop().await;
    assert!(status.success() && begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(waiting.await.unwrap(), Vec::<Value>::new());
}

#[tokio::test]
async fn pages_that_are_gone_cost_nothing_more() {
    let server = setup().start().await;
    let mut pages = Vec::new();
    for _ in 0..200 {
        let mut page = TcpStream::connect(server.address()).await.unwrap();
        page.write_all(b"GET /real_time_feed HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        pages.push(page);
    }
    waits(&server, 200).await;
    drop(pages);
    waits(&server, 0).await;
    publish(&server, "still there").await;
}

#[tokio::test]
async fn those_who_ask_for_all_and_do_not_read_cost_little() {
    const READERS: u64 = 50;
    let server = setup().arg("--durability").arg("relaxed").start().await;
    let text = "x".repeat(40_000);
    for _ in 0..100 {
        server.publisher().say(text.as_str()).await;
    }
    let all = feed(&server.visitor(), 0).await;
    assert_eq!(all.len(), 100);
    let before = server.memory();
    let mut pages = Vec::new();
    for _ in 0..READERS {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2048).unwrap();
        let mut page = socket.connect(server.address()).await.unwrap();
        page.write_all(b"GET /real_time_feed?since=0 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        // It is being answered, and reads no more of it.
        page.read_exact(&mut [0; 16]).await.unwrap();
        pages.push(page);
    }
    let grown = server.memory().saturating_sub(before);
    assert!(grown < READERS * 1024 * 1024, "{grown} bytes for answers of 4 MB");
    drop(pages);
    assert_eq!(feed(&server.visitor(), 0).await, all);
}

#[tokio::test]
async fn a_private_room_is_for_the_invited_and_for_tokens() {
    let server = setup().start().await;
    let admin = server.admin().await;
    publish(&server, "secret").await;
    let visitor = server.visitor();
    let waiting = tokio::spawn({
        let visitor = visitor.clone();
        async move { ask(&visitor, "").await }
    });
    waits(&server, 1).await;
    let private = admin.put("/api/rooms/main").json(&json!({"settings": {"private": true}}));
    expect_status(private.send().await.unwrap(), 200).await;
    for query in ["?since=0", "", "?since=0&invitation=guessed"] {
        expect_problem(ask(&visitor, query).await, 403, "not_invited").await;
    }
    let lines = visitor.get("/chat?name=Ana").send().await.unwrap();
    expect_problem(lines, 403, "not_invited").await;
    expect_problem(ask(&visitor, "?since=0&token=nonsense").await, 401, "unauthorized").await;
    // Whoever waited there is sent away when there is something to see.
    publish(&server, "more").await;
    expect_problem(in_time("an end", waiting).await.unwrap(), 403, "not_invited").await;

    assert_eq!(feed(&server.publisher(), 0).await.len(), 2);
    let told = admin.json("/api/rooms/main/invitation").await;
    let invitation = told["invitation"].as_str().unwrap();
    let invited = ask(&visitor, &format!("?since=0&invitation={invitation}")).await;
    assert_eq!(read(invited).await.len(), 2);
    let by_token = ask(&visitor, &format!("?since=0&token={}", nowcast_tests::server::TOKEN)).await;
    assert_eq!(read(by_token).await.len(), 2);
}

#[tokio::test]
async fn other_methods_are_refused_by_name() {
    let server = setup().start().await;
    for (method, path) in [
        (Method::HEAD, "/real_time_feed"),
        (Method::POST, "/real_time_feed"),
        (Method::HEAD, "/chat?name=Ana"),
        (Method::DELETE, "/chat"),
        (Method::GET, "/send_feed_item"),
        (Method::GET, "/push"),
        (Method::PUT, "/"),
    ] {
        let answer = server.visitor().request(method.clone(), path).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 405, "{method} {path}");
    }
}

/// Waits until so many connections are open, each with a request that was read.
pub(crate) async fn waits(server: &Server, count: usize) {
    eventually(&format!("{count} requests wait"), async || {
        let waiting = waiting(server).await;
        (waiting == count).then_some(())
    })
    .await;
}

/// How many requests wait at the older pages' addresses.
async fn waiting(server: &Server) -> usize {
    let metrics = server.visitor().get("/metrics").send().await.unwrap().text().await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("nowcast_compat_waiting "));
    line.unwrap_or_else(|| panic!("no such metric: {metrics}")).trim().parse().unwrap()
}
