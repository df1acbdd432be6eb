//! Nothing is lost, told twice or left without an answer, where a page's packets and the server's
//! cross each other.

use super::raw::{Polls, SEPARATOR, Socket, errors, offset};
use nowcast_tests::page::new_client_id;
use nowcast_tests::server::{Server, Setup, TOKEN};
use nowcast_tests::wait::pause;
use serde_json::{Value, json};
use std::fmt::Write;

/// How large an event may be, unless a flag says otherwise.
const MOST: usize = 16_384;

#[tokio::test]
async fn what_is_due_at_the_upgrade_arrives_once() {
    const ITEMS: u64 = 120;
    let server = Setup::new().arg("--durability=relaxed").start().await;
    let text = "x".repeat(6_000);
    for _ in 0..ITEMS {
        server.publisher().say(&text).await;
    }
    for polls_before in 1..=4 {
        let polls = Polls::open(&server).await;
        assert_eq!(polls.post(r#"40{"since":0}"#).await.status(), 200);
        let mut packets = Vec::new();
        for _ in 0..polls_before {
            // The more is due, the more there is to lose.
            pause().await;
            packets.extend(polls.poll().await.expect("a poll"));
        }
        // As clients do: the poll that is under way comes to its end before the upgrade.
        let mut socket = polls.probe().await;
        packets.extend(polls.poll().await.expect("a poll"));
        socket.send("5").await;
        while packets.iter().filter_map(|packet| offset(packet)).max() != Some(ITEMS) {
            packets.push(socket.next().await.expect("the rest"));
        }
        let offsets: Vec<_> = packets.iter().filter_map(|packet| offset(packet)).collect();
        assert_eq!(offsets, (1..=ITEMS).collect::<Vec<_>>(), "after {polls_before} polls");
    }
}

#[tokio::test]
async fn many_events_at_once_have_an_answer_each_and_nothing_else() {
    const EVENTS: usize = 150;
    let server = Setup::new().arg("--open").start().await;
    let polls = Polls::joined(&server).await;
    let publish = |number| {
        format!(r#"42{number}["publish",{{"kind":"message","data":{{"text":"{number}"}}}}]"#)
    };
    let body: Vec<_> = (0..EVENTS).map(publish).collect();
    assert_eq!(polls.post(body.join(&SEPARATOR.to_string())).await.status(), 200);
    let mut packets = Vec::new();
    let answers = |packets: &[String]| packets.iter().filter(|one| one.starts_with("43")).count();
    while answers(&packets) < EVENTS {
        packets.extend(polls.poll().await.expect("a poll"));
    }
    // What was said at the same time has come by now.
    assert_eq!(polls.post(r#"42999["chat","last"]"#).await.status(), 200);
    while !packets.iter().any(|packet| packet.starts_with("43999[")) {
        packets.extend(polls.poll().await.expect("a poll"));
    }
    assert!(errors(&packets).is_empty(), "{:?}", errors(&packets));
}

#[tokio::test]
async fn a_mover_hears_of_none_of_its_drops_however_many_are_under_way() {
    let server = Setup::new().arg("--open").start().await;
    for piece in ["logo", "ball"] {
        let put = json!({"kind": "put", "piece": piece, "x": 0.5, "y": 0.5, "look": "text",
            "text": "Logo"});
        assert_eq!(server.visitor().command(put).await.status(), 200);
    }
    let mut socket = Socket::joined(&server).await;
    for number in 0..5 {
        socket
            .send(format!(
                r#"42["position",{{"piece":"logo","x":0.{number},"y":0.5,"drop":true}}]"#
            ))
            .await;
    }
    // A move that is refused is none.
    socket.send(r#"427["position",{"piece":"logo","x":"left","y":0}]"#).await;
    let mut heard = Vec::new();
    while !heard.last().is_some_and(|text: &String| text.starts_with("437[")) {
        heard.push(socket.next().await.expect("an answer"));
    }
    // Another page's, after which no landing of its own can come.
    let mut other = Socket::joined(&server).await;
    other.send(r#"42["position",{"piece":"ball","x":0.25,"y":0.5,"drop":true}]"#).await;
    while !heard.last().is_some_and(|text| text.contains("ball")) {
        heard.push(socket.next().await.expect("the other's"));
    }
    let moved = heard.iter().filter(|text| text.contains(r#"["position","#)).count();
    assert_eq!(moved, 1, "{heard:#?}");
}

#[tokio::test]
async fn events_at_the_limit_have_their_answer() {
    let server = Setup::new().arg("--open").start().await;
    let mut socket = Socket::joined(&server).await;
    let exactly = format!(r#"["chat","{}"]"#, "x".repeat(MOST - r#"["chat",""]"#.len()));
    assert_eq!(exactly.len(), MOST);
    let short = vec!["1e15"; 2_800].join(",");
    let numbers = format!(r#"["publish",{{"kind":"custom","data":[{short}]}}]"#);
    assert!(numbers.len() < MOST);
    for (number, event) in [exactly, numbers].iter().enumerate() {
        socket.send(format!("42{number}{event}")).await;
        let answer = socket.answer(number).await;
        // The former is longer than words of the chat may be.
        let fits = answer["offset"].is_number() || answer["error"]["code"] == "bad_said";
        assert!(fits, "{answer}");
    }
    for depth in 100..140 {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        socket
            .send(format!(r#"42{depth}["publish",{{"kind":"custom","data":{open}{close}}}]"#))
            .await;
        let answer = socket.answer(depth).await;
        let code = answer["error"]["code"].as_str().expect("it is too deep");
        assert!(["bad_item", "bad_json"].contains(&code), "{depth}: {answer}");
    }
}

#[tokio::test]
async fn whoever_leaves_and_comes_back_is_in_and_what_it_said_before_is_kept() {
    const EVENTS: usize = 300;
    let server = Server::start().await;
    for round in 1..=3 {
        let polls = Polls::open(&server).await;
        let auth = json!({"token": TOKEN, "client": new_client_id()});
        assert_eq!(polls.post(format!("40{auth}")).await.status(), 200);
        polls.until("welcome").await;
        let mut body = String::new();
        for number in 0..EVENTS {
            let item = json!({"kind": "message", "data": {"text": format!("{number}")}});
            let _ = write!(body, r#"42["publish",{item}]{SEPARATOR}"#);
        }
        let _ = write!(body, "41{SEPARATOR}40{auth}");
        assert_eq!(polls.post(body).await.status(), 200);
        let mut packets = Vec::new();
        let welcomed = |packet: &String| packet.starts_with(r#"42["welcome""#);
        while !packets.iter().any(welcomed) {
            packets.extend(polls.poll().await.expect("a poll"));
        }
        // It is in, and stays in.
        assert_eq!(polls.post(r#"427["chat","still here"]"#).await.status(), 200);
        while !packets.iter().any(|packet| packet.starts_with("437[")) {
            packets.extend(polls.poll().await.expect("a poll"));
        }
        assert!(errors(&packets).is_empty(), "{:?}", errors(&packets));
        assert!(!packets.iter().any(|packet| packet.starts_with("41")), "it was put out");
        let entered = packets.iter().position(|packet| packet.starts_with("40")).unwrap();
        assert!(welcomed(&packets[entered + 1]), "something of before came after it");
        let welcome: Value = serde_json::from_str(&packets[entered + 1][2..]).unwrap();
        let kept = (EVENTS + 1) * round - 1;
        assert_eq!(welcome[1]["offset"], kept, "all that was sent before");
    }
}
