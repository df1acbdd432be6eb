//! The engine over real sockets, with time limits short enough to wait for.

mod door;

use super::Engine;
use super::member::Times;
use crate::accept;
use crate::app::App;
use crate::auth::Actor;
use crate::command::{self, Caller};
use crate::config::{Config, Serve};
use crate::http::Http;
use crate::record::Record;
use crate::websocket::Opcode;
use crate::websocket::deflate;
use axum::Router;
use clap::Parser;
use hyper_util::rt::TokioIo;
use nowcast_shared::command::Command;
use nowcast_shared::error::Reason;
use nowcast_shared::id::RoomName;
use nowcast_shared::item::NewItem;
use nowcast_shared::offset::Offset;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// So long that it only ends a test that would hang.
const LIMIT: Duration = Duration::from_secs(30);

struct Running {
    app: App,
    address: std::net::SocketAddr,
    _folder: tempfile::TempDir,
}

fn config(arguments: &[&str]) -> Serve {
    Config::parse_from([&["nowcast"], arguments].concat()).serve
}

async fn start(shards: usize, times: Times, arguments: &[&str]) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(shards).unwrap().with(times);
    let config = config(arguments);
    let (app, _) = App::open_with(folder.path(), &config, engine).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(accept::serve(
        listener,
        Http::new(app.clone(), Router::new()),
        std::future::pending(),
    ));
    Running { app, address, _folder: folder }
}

impl Running {
    async fn publish(&self, text: &str) {
        let room = self.app.log.room(&RoomName::main()).await.unwrap().unwrap();
        let admin = Actor::Admin { name: "Host".to_owned(), login: [0; 32] };
        let item = NewItem { kind: "message".to_owned(), data: json!({"text": text}) };
        let caller = Caller { actor: &admin, client: None, session: None };
        command::run(&self.app, &room, &caller, Command::Publish { item }, None).await.unwrap();
    }

    async fn join(&self, query: &str, headers: &str) -> Page<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        Page::join(stream, query, headers).await
    }
}

/// A WebSocket page, down to its bytes.
struct Page<S> {
    stream: S,
    received: Vec<u8>,
    head: String,
}

/// One frame as it came.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    opcode: u8,
    compressed: bool,
    payload: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Page<S> {
    async fn join(mut stream: S, query: &str, headers: &str) -> Self {
        let request = format!(
            "GET /api/rooms/main/ws?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n{headers}\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = Self { stream, received: Vec::new(), head: String::new() };
        let end = loop {
            let end = page.received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
            page.more().await;
        };
        page.head = String::from_utf8(page.received.drain(..end).collect()).unwrap();
        assert!(page.head.starts_with("HTTP/1.1 101"), "{}", page.head);
        page
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.received);
        let length = tokio::time::timeout(LIMIT, read).await.expect("something comes").unwrap();
        assert!(length > 0, "the connection ended");
    }

    async fn frame(&mut self) -> Frame {
        while self.received.len() < 2 {
            self.more().await;
        }
        let (opcode, compressed) = (self.received[0] & 0x0f, self.received[0] & 0x40 > 0);
        let (start, length) = match self.received[1] {
            126 => (4, 2),
            127 => (10, 8),
            length => (2, usize::from(length)),
        };
        while self.received.len() < start {
            self.more().await;
        }
        let length = if start == 2 {
            length
        } else {
            self.received[2..start].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte))
        };
        while self.received.len() < start + length {
            self.more().await;
        }
        let payload = self.received.drain(..start + length).skip(start).collect();
        Frame { opcode, compressed, payload }
    }

    /// The next frame of JSON.
    async fn json(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            if frame.opcode == Opcode::Text as u8 {
                let text = if frame.compressed {
                    deflate::inflate(&frame.payload, 1 << 20).unwrap()
                } else {
                    frame.payload
                };
                return serde_json::from_slice(&text).unwrap();
            }
        }
    }

    /// The next frame of JSON that is no signal.
    async fn next(&mut self) -> Value {
        loop {
            let frame = self.json().await;
            if frame["t"] != "signal" {
                return frame;
            }
        }
    }

    async fn send(&mut self, opcode: Opcode, payload: &[u8]) {
        self.stream.write_all(&masked(opcode, payload)).await.unwrap();
    }

    /// Reads until the connection ends; what the last two frames were.
    async fn ending(&mut self) -> (Value, u16) {
        let mut goodbye = Value::Null;
        loop {
            let frame = self.frame().await;
            match frame.opcode {
                1 => goodbye = serde_json::from_slice(&frame.payload).unwrap(),
                8 => return (goodbye, u16::from_be_bytes([frame.payload[0], frame.payload[1]])),
                _ => {}
            }
        }
    }
}

/// A short frame, masked with zeros, which is a mask as any other.
fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126);
    let head = [0x80 | opcode as u8, 0x80 | length, 0, 0, 0, 0];
    [&head[..], payload].concat()
}

/// Times that none of the tests reaches.
fn long() -> Times {
    Times {
        ping: 600_000,
        patience: 600_000,
        heartbeat: 600_000,
        stall: 600_000,
        farewell: 600_000,
        closing: 600_000,
    }
}

#[tokio::test]
async fn a_silent_page_is_asked_for_a_sign_of_life_and_then_let_go_by_name() {
    let times = Times { ping: 50, patience: 50, ..long() };
    let server = start(1, times, &[]).await;
    let mut page = server.join("", "").await;
    // Where the machine is busy it may be asked before it is welcome.
    let mut frames = Vec::new();
    while frames.last().is_none_or(|frame: &Frame| frame.opcode != Opcode::Close as u8) {
        frames.push(page.frame().await);
    }
    let close = frames.pop().unwrap().payload;
    let code = u16::from_be_bytes([close[0], close[1]]);
    let goodbye: Value = serde_json::from_slice(&frames.pop().unwrap().payload).unwrap();
    assert!(frames.iter().any(|frame| frame.opcode == Opcode::Ping as u8), "{frames:?}");
    assert_eq!(goodbye, json!({"t": "goodbye", "reason": "timed_out", "reconnect": true}));
    assert_eq!(code, Reason::TimedOut.close_code());
}

#[tokio::test]
async fn a_page_that_answers_stays() {
    let times = Times { ping: 50, patience: 20_000, ..long() };
    let server = start(1, times, &[]).await;
    let mut page = server.join("", "").await;
    assert_eq!(page.next().await["t"], "welcome");
    for _ in 0..5 {
        let ping = loop {
            let frame = page.frame().await;
            if frame.opcode == Opcode::Ping as u8 {
                break frame;
            }
            assert_eq!(frame.opcode, Opcode::Text as u8);
        };
        page.send(Opcode::Pong, &ping.payload).await;
    }
    server.publish("still here").await;
    assert_eq!(page.next().await["event"]["item"]["data"]["text"], "still here");
}

#[tokio::test]
async fn an_event_stream_gets_signs_of_life() {
    let server = start(1, Times { heartbeat: 50, ..long() }, &[]).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /api/rooms/main/sse HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    while String::from_utf8_lossy(&received).matches(r#"data: {"t":"pong"}"#).count() < 3 {
        let read = stream.read_buf(&mut received);
        assert!(tokio::time::timeout(LIMIT, read).await.expect("it goes on").unwrap() > 0);
    }
}

#[tokio::test]
async fn a_page_that_catches_up_and_takes_nothing_is_cut() {
    let server = start(1, Times { stall: 50, ..long() }, &[]).await;
    for _ in 0..200 {
        server.publish(&"x".repeat(60_000)).await;
    }
    let room = server.app.log.room(&RoomName::main()).await.unwrap().unwrap();
    let _page = server.join(&format!("since={}:0", room.epoch()), "").await;
    let emptied = server.app.hub.emptied();
    tokio::time::timeout(LIMIT, emptied).await.expect("the page is let go");
}

#[tokio::test]
async fn pages_on_several_shards_get_the_same() {
    let server = start(3, long(), &[]).await;
    let mut pages = Vec::new();
    for _ in 0..7 {
        pages.push(server.join("", "").await);
    }
    for page in &mut pages {
        assert_eq!(page.next().await["t"], "welcome");
    }
    for number in 0..20 {
        server.publish(&number.to_string()).await;
    }
    for page in &mut pages {
        for offset in 1..=20 {
            assert_eq!(page.next().await["offset"], offset);
        }
    }
}

#[tokio::test]
async fn large_frames_are_compressed_for_pages_that_asked_for_it() {
    let server = start(1, long(), &[]).await;
    for _ in 0..30 {
        server.publish(&"many words that repeat ".repeat(10)).await;
    }
    let mut plain = server.join("", "").await;
    let extension = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let mut page = server.join("", extension).await;
    assert!(page.head.to_lowercase().contains("permessage-deflate"), "{}", page.head);
    let welcome = page.frame().await;
    assert!(welcome.compressed, "the snapshot pays");
    let text = deflate::inflate(&welcome.payload, 1 << 20).unwrap();
    assert!(welcome.payload.len() * 3 < text.len());
    let mut welcome: Value = serde_json::from_slice(&text).unwrap();
    let mut other = plain.next().await;
    assert_eq!(other["snapshot"]["items"].as_array().map(Vec::len), Some(30));
    for frame in [&mut welcome, &mut other] {
        frame["snapshot"]["presence"] = Value::Null;
        frame["you"] = Value::Null;
    }
    assert_eq!(welcome, other);

    for (text, compressed) in [("short".to_owned(), false), ("long ".repeat(1000), true)] {
        server.publish(&text).await;
        let frame = loop {
            let frame = page.frame().await;
            // Signals are short.
            let head = String::from_utf8_lossy(&frame.payload).contains(r#""t":"signal""#);
            if !head {
                break frame;
            }
        };
        assert_eq!(frame.compressed, compressed);
        let json = if compressed {
            deflate::inflate(&frame.payload, 1 << 20).unwrap()
        } else {
            frame.payload
        };
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), plain.next().await);
    }
}

#[tokio::test]
async fn a_page_whose_socket_cannot_be_taken_back_is_served_all_the_same() {
    let server = start(1, long(), &[]).await;
    let (theirs, ours) = tokio::io::duplex(4096);
    let http = Http::new(server.app.clone(), Router::new());
    tokio::spawn(async move {
        let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
            let answering = http.clone().answer(request.map(axum::body::Body::new));
            async move { Ok::<_, std::convert::Infallible>(answering.await) }
        });
        let serving = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(ours), service)
            .with_upgrades();
        serving.await.unwrap();
    });
    let mut page = Page::join(theirs, "", "").await;
    assert_eq!(page.next().await["t"], "welcome");
    // More than the duplex holds at once, so that both ends have to wait for each other.
    for _ in 0..10 {
        server.publish(&"x".repeat(3000)).await;
    }
    for offset in 1..=10 {
        assert_eq!(page.next().await["offset"], offset);
    }
    let command = br#"{"t":"command","id":"k","command":{"kind":"delete","item":"inone"}}"#;
    for _ in 0..3 {
        page.send(Opcode::Text, command).await;
        assert_eq!(page.next().await["code"], "unauthorized");
    }
    page.send(Opcode::Ping, b"there?").await;
    loop {
        let frame = page.frame().await;
        if frame.opcode == Opcode::Pong as u8 {
            assert_eq!(frame.payload, b"there?");
            break;
        }
    }
    page.send(Opcode::Close, &[0x03, 0xe8]).await;
    assert_eq!(page.ending().await.1, 1000);
    drop(page);
    tokio::time::timeout(LIMIT, server.app.hub.emptied()).await.expect("the session ends");
}

#[tokio::test]
async fn frames_that_come_while_a_command_runs_wait_in_order() {
    let server = start(1, long(), &["--open"]).await;
    let mut page = server.join("client=abcdefghijklmnop", "").await;
    assert_eq!(page.next().await["t"], "welcome");
    // In one piece, and more than wait at once: the rest is read when those are done.
    let (count, mut all) = (390, Vec::new());
    for number in 0..count {
        let command = json!({"t": "command", "id": format!("{number}"),
            "command": {"kind": "delete", "item": "inone"}});
        all.extend(masked(Opcode::Text, command.to_string().as_bytes()));
    }
    page.stream.write_all(&all).await.unwrap();
    for number in 0..count {
        assert_eq!(page.next().await["command"], number.to_string());
    }
}

#[tokio::test]
async fn what_came_before_a_close_is_still_done() {
    let server = start(1, long(), &["--open"]).await;
    let mut page = server.join("client=abcdefghijklmnop", "").await;
    assert_eq!(page.next().await["t"], "welcome");
    let (count, mut all) = (100, Vec::new());
    for number in 0..count {
        let command = json!({"t": "command", "id": format!("{number}"),
            "command": {"kind": "delete", "item": "inone"}});
        all.extend(masked(Opcode::Text, command.to_string().as_bytes()));
    }
    all.extend(masked(Opcode::Close, &[0x03, 0xe8]));
    page.stream.write_all(&all).await.unwrap();
    for number in 0..count {
        assert_eq!(page.next().await["command"], number.to_string());
    }
    assert_eq!(page.ending().await.1, 1000);
}

#[tokio::test]
async fn a_page_that_does_not_close_after_the_goodbye_is_cut() {
    let times = Times { ping: 50, patience: 50, farewell: 50, ..long() };
    let server = start(1, times, &[]).await;
    let mut page = server.join("", "").await;
    assert_eq!(page.ending().await.1, Reason::TimedOut.close_code());
    // It keeps its end open.
    let emptied = server.app.hub.emptied();
    tokio::time::timeout(LIMIT, emptied).await.expect("the page is let go");
}

#[tokio::test]
async fn what_a_busy_shard_could_not_hold_is_read_from_the_log() {
    let server = start(1, long(), &[]).await;
    let mut page = server.join("", "").await;
    assert_eq!(page.next().await["t"], "welcome");
    let room = server.app.log.room(&RoomName::main()).await.unwrap().unwrap();
    // More than a mailbox holds, of which the shard is not told: it cannot have looked.
    let large = Arc::new(Record::new(Offset(0), 0, "{}", &format!("\"{}\"", "x".repeat(1 << 20))));
    for _ in 0..10 {
        server.app.hub.deliver(room.id(), &large);
    }
    for number in 0..20 {
        server.publish(&number.to_string()).await;
    }
    for offset in 1..=20 {
        assert_eq!(page.next().await["offset"], offset);
    }
}

#[tokio::test]
async fn a_large_commit_makes_nobody_slow() {
    let server = start(1, long(), &["--outbox=100000"]).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /api/rooms/main/sse HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let mut read_until = async |wanted: &str| {
        while !String::from_utf8_lossy(&received).contains(wanted) {
            let read = stream.read_buf(&mut received);
            assert!(tokio::time::timeout(LIMIT, read).await.expect("it goes on").unwrap() > 0);
        }
        assert!(!String::from_utf8_lossy(&received).contains("goodbye"));
    };
    read_until("welcome").await;
    // Asked for at once, they share commits, each of which is more than may wait.
    let text = "x".repeat(10_000);
    let publishing = futures_util::future::join_all((0..60).map(|_| server.publish(&text)));
    tokio::join!(publishing, read_until(r#"{"t":"event","offset":60,"#));
    assert_eq!(server.app.hub.slow_consumers(), 0);
}

#[tokio::test]
async fn the_engine_ends_with_the_app() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(2).unwrap();
    let mailboxes = engine.mailboxes();
    let (app, _) = App::open_with(folder.path(), &config(&[]), engine).await.unwrap();
    app.close().await;
    drop(app);
    // The threads held the other handles.
    while mailboxes.iter().any(|mailbox| !mailbox.is_alone()) {
        tokio::task::yield_now().await;
    }
}
