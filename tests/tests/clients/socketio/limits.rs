//! Limits: each has an answer with a name, and whoever is over one hurts nobody else.

use super::hostile::connections;
use super::raw::{Polls, Socket, errors};
use futures_util::future::join_all;
use nowcast_tests::api::{expect_problem, expect_status};
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::{eventually, pause};
use serde_json::json;

/// What one connection may be in.
const ROOMS: usize = 16;

#[tokio::test]
async fn there_are_only_so_many_connections() {
    let server = Setup::new().arg("--max-socketio=2").start().await;
    let first = Polls::joined(&server).await;
    let second = Socket::joined(&server).await;
    let refused = Polls::try_open(&server).await.err().expect("a refusal");
    expect_problem(refused, 503, "unavailable").await;
    assert_eq!(Socket::try_open(&server, &[]).await.err(), Some(503));
    second.abandon();
    eventually("there is room again", async || Polls::try_open(&server).await.ok()).await;
    assert_eq!(first.post("2").await.status(), 200, "whoever is in stays in");
}

#[tokio::test]
async fn no_other_way_to_write_a_request_opens_more_connections() {
    let server = Setup::new().arg("--max-socketio=1").start().await;
    let _first = Polls::joined(&server).await;
    for query in ["transport=polling&s%69d=x", "transport=polling&sid2=x&s+id=x&%73id=x"] {
        let address = format!("{}/socket.io/?EIO=4&{query}", server.origin());
        let answer = reqwest::get(address).await.unwrap();
        expect_problem(answer, 503, "unavailable").await;
    }
    let asked = "tr%61nsport=polling&transport=websocket&sid=AAAAAAAAAAAAAAAA";
    let address = format!("{}/socket.io/?EIO=4&{asked}", server.origin());
    expect_problem(reqwest::get(address).await.unwrap(), 426, "upgrade_required").await;
    assert_eq!(connections(&server).await, Some(1));
}

#[tokio::test]
async fn no_more_connections_than_there_may_be_stay_of_those_that_come_at_once() {
    let server = Setup::new().arg("--max-socketio=3").start().await;
    let sockets = join_all((0..40).map(|_| Socket::try_open(&server, &[]))).await;
    let mut stay = 0;
    for mut socket in sockets.into_iter().flatten() {
        // Whoever is one too many is closed at once.
        let joined = socket.try_send("40".into()).await.is_ok();
        stay += usize::from(joined && socket.next().await.is_some());
    }
    assert_eq!(stay, 3);
}

#[tokio::test]
async fn one_connection_is_in_only_so_many_rooms() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for number in 0..=ROOMS {
        let request = admin.put(&format!("/api/rooms/room-{number}")).json(&json!({"title": "A"}));
        expect_status(request.send().await.unwrap(), 201).await;
    }
    let mut socket = Socket::open(&server).await;
    for number in 0..ROOMS {
        socket.send(format!("40/room-{number},")).await;
    }
    let mut welcomed = 0;
    while welcomed < ROOMS {
        let text = socket.next().await.expect("a welcome");
        welcomed += usize::from(text.contains(r#"["welcome","#));
    }
    let last = format!("/room-{ROOMS},");
    socket.send(format!("40{last}")).await;
    let refused = loop {
        let text = socket.next().await.expect("an answer");
        if text.starts_with("44") {
            break text;
        }
    };
    assert!(refused.contains(&last) && refused.contains("conflict"), "{refused}");
    // Whoever leaves one may come into another.
    socket.send("41/room-0,").await;
    socket.send(format!("40{last}")).await;
    while !socket.next().await.expect("an answer").starts_with(&format!("40{last}")) {}
}

#[tokio::test]
async fn what_is_too_large_is_refused_by_name() {
    let server = Setup::new().arg("--max-frame=2000").start().await;
    let mut socket = Socket::joined(&server).await;
    let chat = |length: usize| format!(r#"420["chat","{}"]"#, "x".repeat(length));
    socket.send(chat(3000)).await;
    assert_eq!(socket.event("error_message").await["code"], "too_large");
    socket.send(r#"421["chat","short"]"#).await;
    while !socket.next().await.expect("an answer").starts_with("431") {}
    // What is far too large is not read, and what follows cannot be.
    let _ = socket.try_send(chat(100_000).into()).await;
    socket.rest().await;

    let polls = Polls::joined(&server).await;
    assert_eq!(polls.most, 8000, "a client takes care of this by itself");
    assert_eq!(polls.post(chat(3000)).await.status(), 200);
    assert_eq!(polls.until("error_message").await["code"], "too_large");
    expect_problem(polls.post(chat(100_000)).await, 413, "too_large").await;
    assert_eq!(polls.until("error_message").await["code"], "too_large");
    assert_eq!(polls.post("42[\"chat\",\"short\"]").await.status(), 200);
    assert_eq!(polls.until("chat").await["text"], "short");
}

#[tokio::test]
async fn events_that_come_too_fast_are_refused_and_a_flood_ends_the_connection() {
    let setup = Setup::new().arg("--command-rate=1").arg("--command-burst=5");
    let server = setup.start().await;
    let mut socket = Socket::joined(&server).await;
    for number in 0..10 {
        socket.send(format!(r#"42{number}["chat","{number}"]"#)).await;
    }
    let (mut kept, mut refused) = (0, 0);
    while kept + refused < 10 {
        let text = socket.next().await.expect("an answer");
        kept += usize::from(text.starts_with("43") && text.contains("offset"));
        refused += usize::from(text.starts_with("43") && text.contains("rate_limited"));
    }
    assert!((5..10).contains(&kept), "{kept} were kept");
    let mut other = Socket::joined(&server).await;
    for junk in ["49", "42[]", "42[\"dance\"]", "43/x,1[]"] {
        let mut flooding = Socket::joined(&server).await;
        for _ in 0..4000 {
            if flooding.try_send(junk.into()).await.is_err() {
                break;
            }
        }
        let rest = flooding.rest().await;
        let last = rest.last();
        let told = errors(&rest);
        assert_eq!(told.last().map(String::as_str), Some("flooding"), "{junk}: {last:?}");
    }
    other.send(r#"427["chat","still here"]"#).await;
    while !other.next().await.expect("an answer").starts_with(r#"437[{"offset":"#) {}
}

#[tokio::test]
async fn whoever_comes_into_no_room_is_let_go() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    let rest = socket.rest().await;
    assert_eq!(errors(&rest), ["timed_out"], "{rest:?}");
}

#[tokio::test]
async fn a_page_that_does_not_read_ends_by_name_and_costs_little() {
    const OUTBOX: usize = 128 * 1024;
    let setup = Setup::new().arg(format!("--outbox={OUTBOX}")).arg("--durability=relaxed");
    let server = setup.start().await;
    let proxy = Proxy::start(server.address()).await;
    let mut slow = Vec::new();
    for _ in 0..10 {
        let mut socket = Socket::open_at(&proxy.origin()).await;
        socket.send("40").await;
        socket.event("welcome").await;
        slow.push(socket);
    }
    let polls = Polls::joined(&server).await;
    let mut other = Socket::joined(&server).await;
    // The tail in memory is full before anything is measured.
    let large = "x".repeat(60_000);
    for _ in 0..90 {
        publish_large(&server, &large).await;
        other.event("item").await;
    }
    proxy.set(|rules| rules.stall = true);
    let before = server.memory();
    let mut most = before;
    for _ in 0..200 {
        publish_large(&server, &large).await;
        other.event("item").await;
        most = most.max(server.memory());
    }
    let grown = usize::try_from(most - before).unwrap();
    println!("the server grew by {} KiB at most", grown / 1024);
    // Two outboxes each (one waits, one is being written), what the library and its WebSocket hold,
    // and as much again for whatever the allocator keeps.
    assert!(grown < 11 * (2 * OUTBOX + 512 * 1024) * 2, "it grew by {grown} bytes");
    assert!(11 * 200 * 60_000 > 4 * grown, "a queue without a limit would be noticed");
    proxy.set(|rules| rules.stall = false);
    for mut socket in slow {
        let told = errors(&socket.rest().await);
        assert_eq!(told, ["slow_consumer"]);
    }
    assert_eq!(polls.until("error_message").await["code"], "slow_consumer");
    other.send(r#"427["chat","still here"]"#).await;
    while !other.next().await.expect("an answer").starts_with("437") {}
}

async fn publish_large(server: &Server, text: &str) {
    let data = json!({"url": "https://example.org/", "title": "Large", "description": text});
    server.publisher().publish("link", data).await;
}

#[tokio::test]
async fn coming_and_going_all_the_time_is_answered_and_leaves_nothing_behind() {
    let server = Server::start().await;
    let mut socket = Socket::joined(&server).await;
    for _ in 0..600 {
        socket.send("41").await;
        socket.send("40").await;
        socket.skim().await.expect("the connection stays");
    }
    socket.send("41").await;
    // Whoever goes on too fast is refused, and gets in when it slows down.
    loop {
        socket.send("40").await;
        let text = loop {
            let text = socket.next().await.expect("an answer");
            if text.starts_with("40") || text.starts_with("44") {
                break text;
            }
        };
        if text.starts_with("40") {
            break;
        }
        assert!(text.contains("rate_limited"), "{text}");
        pause().await;
    }
    socket.abandon();
    eventually("no session is left", async || {
        let answer = server.visitor().get("/metrics").send().await.ok()?;
        answer.text().await.ok()?.contains("transport=\"bridge\"} 0").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_thousand_rooms_that_are_not_there_are_refused_one_by_one() {
    let server = Server::start().await;
    let mut socket = Socket::joined(&server).await;
    let before = server.memory();
    let mut refused = 0;
    for hundred in 0..10 {
        for number in 0..100 {
            socket.send(format!("40/nowhere-{hundred}-{number},")).await;
        }
        for _ in 0..100 {
            let text = loop {
                let text = socket.next().await.expect("an answer");
                if text.starts_with("44") {
                    break text;
                }
            };
            let known = ["unknown_room", "rate_limited", "conflict"];
            assert!(known.iter().any(|code| text.contains(code)), "{text}");
            refused += 1;
        }
    }
    assert_eq!(refused, 1000);
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 4 * 1024 * 1024, "it grew by {grown} bytes");
    socket.send(r#"420["chat","still here"]"#).await;
    assert_eq!(socket.event("chat").await["text"], "still here");
}
