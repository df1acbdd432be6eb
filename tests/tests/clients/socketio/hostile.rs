//! What no client sends: each is answered or ends its connection, and nobody else notices.

use super::raw::{Polls, SEPARATOR, Socket};
use fastrand::Rng;
use futures_util::future::join_all;
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::eventually;
use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// How many messages are drawn over WebSocket, and how many bodies by polls.
const MESSAGES: usize = 4_000;
const BODIES: usize = 400;

/// How much the server may have grown by afterwards, in bytes.
const GROWTH: u64 = 16 * 1024 * 1024;

/// Packets of Socket.IO that are answered, and with what.
const ANSWERED: [(&str, &str); 19] = [
    ("", "bad_request"),
    ("9", "bad_request"),
    ("é", "bad_request"),
    ("2", "bad_json"),
    ("2[", "bad_json"),
    ("2[]", "bad_request"),
    ("2{}", "bad_request"),
    ("2[5]", "bad_request"),
    ("2[null,null]", "bad_request"),
    (r#"2["connect",{}]"#, "bad_request"),
    (r#"2["disconnect"]"#, "bad_request"),
    (r#"2["connect_error"]"#, "bad_request"),
    (r#"2["__proto__",{}]"#, "unknown_kind"),
    (r#"2["chat",{"__proto__":{"text":"x"}}]"#, "bad_request"),
    (r#"2["position",{"piece":{},"x":[],"y":{}}]"#, "bad_request"),
    (r#"299999999999999999999["chat","x"]"#, "bad_request"),
    ("30[]", "bad_request"),
    ("4{}", "bad_request"),
    (r#"5999-["chat",{"_placeholder":true,"num":0}]"#, "bad_request"),
];

#[tokio::test]
async fn what_cannot_be_understood_is_answered_and_the_page_stays() {
    let server = Server::start().await;
    let mut socket = Socket::joined(&server).await;
    for (packet, code) in ANSWERED {
        socket.send(format!("4{packet}")).await;
        assert_eq!(socket.event("error_message").await["code"], code, "{packet}");
    }
    let deep = format!(r#"42["chat",{}{}]"#, "[".repeat(4000), "]".repeat(4000));
    socket.send(deep).await;
    assert_eq!(socket.event("error_message").await["code"], "bad_json");
    // Binary messages out of place, and such as belong to what was refused.
    socket
        .send(r#"452-["chat",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        .await;
    assert_eq!(socket.event("error_message").await["code"], "bad_request");
    for _ in 0..3 {
        socket.try_send(Message::binary(vec![1, 2, 3])).await.unwrap();
    }
    assert_eq!(socket.event("error_message").await["code"], "bad_request", "the third");
    socket.send(r#"42["chat","still here"]"#).await;
    assert_eq!(socket.event("chat").await["text"], "still here");
}

#[tokio::test]
async fn requests_that_no_client_sends_are_refused() {
    let server = Server::start().await;
    let polls = Polls::joined(&server).await;
    let http = Client::new();
    let base = format!("{}/socket.io/", server.origin());
    for query in [
        "",
        "?EIO=4",
        "?EIO=4&transport=carrier-pigeon",
        "?EIO=2&transport=polling",
        "?EIO=3&transport=polling",
        "?EIO=4&transport=polling&sid=",
        "?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA",
        "?EIO=4&transport=polling&sid=%ff",
        "?EIO=4&transport=websocket",
    ] {
        let answer = http.get(format!("{base}{query}")).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{query}: {}", answer.status());
    }
    for method in ["PUT", "DELETE", "PATCH", "TRACE"] {
        let request = http.request(method.parse().unwrap(), &base).body("4");
        assert_eq!(request.send().await.unwrap().status(), 405, "{method}");
    }
    let long =
        http.get(format!("{base}?EIO=4&transport=polling")).header("x-long", "x".repeat(20_000));
    assert_eq!(long.send().await.unwrap().status(), 413);
    let script = http.get(format!("{base}socket.io.js")).send().await.unwrap();
    assert_eq!(script.status(), 404);
    // A key without an upgrade.
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: localhost\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 426");
    // A body that does not end.
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = "POST /socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA HTTP/1.1\r\n\
                   host: localhost\r\ncontent-length: 1000\r\n\r\n4";
    stream.write_all(request.as_bytes()).await.unwrap();
    drop(stream);
    assert_eq!(polls.post("42[\"chat\",\"still here\"]").await.status(), 200);
    assert_eq!(polls.until("chat").await["text"], "still here");
}

#[tokio::test]
async fn connections_that_are_opened_and_left_are_forgotten() {
    let server = Server::start().await;
    let sockets = join_all((0..100).map(|_| Socket::open(&server))).await;
    assert_eq!(connections(&server).await, Some(100));
    drop(sockets);
    eventually("none is left", async || (connections(&server).await? == 0).then_some(())).await;
}

/// How many connections there are.
pub(super) async fn connections(server: &Server) -> Option<usize> {
    let metrics = server.visitor().get("/metrics").send().await.ok()?.text().await.ok()?;
    let line = metrics.lines().find(|line| line.starts_with("nowcast_socketio_connections "))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[tokio::test]
async fn no_packet_that_can_be_drawn_breaks_anything() {
    let seed = std::env::var("NOWCAST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}; NOWCAST_SEED={seed} draws the same");
    let mut rng = Rng::with_seed(seed);
    // So that the limits do not keep all of it from being read.
    let setup = Setup::new().arg("--command-rate=100000").arg("--command-burst=100000");
    let server = setup.arg("--durability=relaxed").start().await;
    let mut other = Socket::joined(&server).await;
    let before = server.memory();
    let mut socket = Socket::joined(&server).await;
    for _ in 0..MESSAGES {
        other.skim().await.expect("nobody else notices");
        let sent = match rng.u8(..) {
            0..8 => socket.try_send(Message::binary(bytes(&mut rng))).await,
            8 => {
                socket.abandon();
                socket = Socket::open(&server).await;
                Ok(())
            }
            9..40 => socket.try_send(text(&mut rng).into()).await,
            _ => socket.try_send(format!("4{}", packet(&mut rng)).into()).await,
        };
        if sent.is_err() || socket.skim().await.is_err() {
            socket = Socket::joined(&server).await;
        }
    }
    let mut polls = Polls::joined(&server).await;
    for _ in 0..BODIES {
        other.skim().await.expect("nobody else notices");
        let count = rng.usize(1..6);
        let packets: Vec<_> = (0..count).map(|_| format!("4{}", packet(&mut rng))).collect();
        let body = match rng.u8(..) {
            0..20 => bytes(&mut rng),
            20..40 => text(&mut rng).into_bytes(),
            _ => packets.join(&SEPARATOR.to_string()).into_bytes(),
        };
        let status = polls.post(body).await.status();
        assert!(!status.is_server_error(), "{status}");
        // What is answered is read now and then; whoever lets it pile up is let go.
        let gone = !status.is_success() || (rng.u8(..) < 32 && polls.poll().await.is_err());
        if gone {
            polls = Polls::joined(&server).await;
        }
    }
    let grown = server.memory().saturating_sub(before);
    assert!(grown < GROWTH, "it grew by {grown} bytes");
    server.publisher().say("still here").await;
    other.event("item").await;
}

fn bytes(rng: &mut Rng) -> Vec<u8> {
    let length = if rng.u8(..) == 0 { 20_000 } else { rng.usize(..60) };
    (0..length).map(|_| rng.u8(..)).collect()
}

fn text(rng: &mut Rng) -> String {
    (0..rng.usize(..30)).map(|_| rng.char(..)).collect()
}

/// Something like a packet.
fn packet(rng: &mut Rng) -> String {
    let kind = rng.choice(*b"001122222225634x").map_or('2', char::from).to_string();
    let attachments = pick(rng, &["", "", "0-", "1-", "999999999-", "-", "5"]);
    let namespace = pick(rng, &["", "", "", "/,", "/main,", "/nowhere,", "/é,", "/../,", "/"]);
    let ack = pick(rng, &["", "", "0", "7", "18446744073709551616", "-1"]);
    let mut text = kind + attachments + namespace + ack;
    match rng.u8(..) {
        0..40 => text.push_str(&value(rng, 0)),
        40..60 => text.push_str(&self::text(rng)),
        _ => {
            let name = pick(
                rng,
                &[
                    "chat",
                    "position",
                    "register",
                    "publish",
                    "command",
                    "connect",
                    "disconnect",
                    "error_message",
                    "newListener",
                    "",
                    "é",
                ],
            );
            let arguments: Vec<_> = (0..rng.usize(..3)).map(|_| value(rng, 0)).collect();
            let more = if arguments.is_empty() { "" } else { "," };
            text.extend(["[\"", name, "\"", more, &arguments.join(","), "]"]);
        }
    }
    // Now and then it is cut.
    if rng.u8(..) < 20 {
        let at = text.floor_char_boundary(rng.usize(..=text.len()));
        text.truncate(at);
    }
    text
}

fn value(rng: &mut Rng, depth: usize) -> String {
    let known = [
        "kind",
        "text",
        "piece",
        "x",
        "y",
        "id",
        "token",
        "name",
        "item",
        "data",
        "since",
        "client",
        "_placeholder",
        "__proto__",
        "t",
        "$serde_json::private::RawValue",
    ];
    match rng.u8(..if depth > 4 { 6 } else { 9 }) {
        0 => pick(rng, &["null", "true", "1e999", "-0", "0.5", "1", "nul"]).to_owned(),
        1 => rng.u64(..).to_string(),
        2 => format!("{:?}", pick(rng, &["say", "drop", "move", "message", "a b", "logo"])),
        3 => format!("\"{}\"", "x".repeat(rng.usize(..300))),
        4 => "[".repeat(rng.usize(..300)),
        5 => "{\"_placeholder\":true,\"num\":0}".to_owned(),
        6 => {
            let inner: Vec<_> = (0..rng.usize(..4)).map(|_| value(rng, depth + 1)).collect();
            format!("[{}]", inner.join(","))
        }
        _ => {
            let mut field = |_| format!("{:?}:{}", pick(rng, &known), value(rng, depth + 1));
            let fields: Vec<_> = (0..3).map(&mut field).collect();
            format!("{{{}}}", fields.join(","))
        }
    }
}

fn pick<'a>(rng: &mut Rng, choices: &[&'a str]) -> &'a str {
    rng.choice(choices).copied().unwrap_or_default()
}
