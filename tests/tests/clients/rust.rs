//! Programs in Rust: the crate `nowcast-sdk`, as it stands there for everybody.

use nowcast_sdk::shared::error::{Code, Reason};
use nowcast_sdk::shared::event::Event;
use nowcast_sdk::shared::signal::Signal;
use nowcast_sdk::{Connect, Error, News, Publisher, Room, State, Transport};
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{Server, Setup, TOKEN};
use nowcast_tests::wait::in_time;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

nowcast_tests::over_every_transport! {
    every_event_comes_once_through_all_restarts,
    commands_are_answered_or_refused_with_a_code,
    a_command_that_a_restart_overtakes_takes_effect_once,
    a_program_that_starts_again_as_the_same_page_says_the_same_words_anew,
    a_room_goes_on_from_a_position,
    who_is_sent_away_for_good_is_told_why,
}

fn connect(server: &Server) -> Connect {
    Connect::to(server.origin())
}

async fn open(connect: Connect) -> Room {
    in_time("a room is open", connect.open()).await.expect("it may come in")
}

async fn next(room: &mut Room) -> News {
    in_time("news", room.next()).await.expect("the room is open")
}

/// The text of the next message.
async fn next_text(room: &mut Room) -> String {
    let event = in_time("an event", room.next_event()).await.expect("the room is open");
    match event.event {
        Event::ItemPublished { item } => item.data["text"].as_str().unwrap_or_default().to_owned(),
        other => panic!("{other:?} instead of a message"),
    }
}

/// Reads until the room is closed; why it was.
async fn closed(room: &mut Room) -> Error {
    loop {
        if let News::State(State::Closed(error)) = next(room).await {
            assert_eq!(in_time("the end", room.next()).await, None);
            return error;
        }
    }
}

async fn every_event_comes_once_through_all_restarts(transport: Transport) {
    let mut server = Server::start().await;
    let mut room = open(connect(&server).only(transport)).await;
    for round in 0..4 {
        server.publisher().say(format!("{round} before")).await;
        server.restart().await;
        server.publisher().say(format!("{round} after")).await;
        assert_eq!(next_text(&mut room).await, format!("{round} before"));
        assert_eq!(next_text(&mut room).await, format!("{round} after"));
    }
    let position = room.position().expect("it was open");
    assert_eq!(position.offset.0, 8);
    in_time("it leaves", room.close()).await;
}

async fn commands_are_answered_or_refused_with_a_code(transport: Transport) {
    let server = Server::start().await;
    let room = open(connect(&server).only(transport).name("Ana")).await;
    let mut other = open(connect(&server).only(transport)).await;
    let said = in_time("an answer", room.say("Hello")).await.expect("it may");
    assert_eq!(said.offset.map(|offset| offset.0), Some(1));
    let event = in_time("an event", other.next_event()).await.expect("the room is open");
    assert!(
        matches!(event.event, Event::Said { name, text, .. } if name == "Ana" && text == "Hello")
    );

    let refused = async |answer: Result<_, Error>| answer.expect_err("it may not").code();
    assert_eq!(refused(room.say("").await).await, Some(Code::BadSaid));
    let published = room.publish("message", json!({"text": "Hi"})).await;
    assert_eq!(refused(published).await, Some(Code::Unauthorized));
    assert_eq!(refused(room.move_to("nothing", 0.5, 0.5).await).await, Some(Code::UnknownPiece));
    assert_eq!(refused(room.register("no token").await).await, Some(Code::TokenInvalid));
    assert!(matches!(room.grab("no piece").await, Err(Error::Invalid(_))));

    let program = open(connect(&server).only(transport).token(TOKEN)).await;
    let published = program.publish("message", json!({"text": "Hi"})).await;
    assert_eq!(published.expect("a program may").offset.map(|offset| offset.0), Some(2));
    assert_eq!(next_text(&mut other).await, "Hi");
    assert!(room.set("goal", json!(1)).await.is_err(), "nobody gave it that right");

    // What is asked works as long as the room is open, elsewhere too.
    let commands = room.commands();
    tokio::spawn(async move { commands.say("From a task").await }).await.unwrap().expect("it may");
    let commands = room.commands();
    in_time("it leaves", room.close()).await;
    assert_eq!(commands.say("Too late").await, Err(Error::Closed));
}

async fn a_command_that_a_restart_overtakes_takes_effect_once(transport: Transport) {
    let mut server = Server::start().await;
    let mut room = open(connect(&server).only(transport)).await;
    for round in 0..4 {
        let commands = room.commands();
        let text = format!("{round}");
        let saying = tokio::spawn(async move { commands.say(text).await });
        server.restart().await;
        let said = in_time("an answer after all", saying).await.unwrap().expect("it may");
        let event = in_time("an event", room.next_event()).await.expect("the room is open");
        assert_eq!(Some(event.offset), said.offset);
        assert!(matches!(event.event, Event::Said { text, .. } if text == format!("{round}")));
    }
    assert_eq!(room.position().map(|position| position.offset.0), Some(4), "nothing came twice");
}

async fn a_program_that_starts_again_as_the_same_page_says_the_same_words_anew(
    transport: Transport,
) {
    let server = Server::start().await;
    for (offset, text) in [(1, "Hello"), (2, "Hello"), (3, "Other")] {
        let room = connect(&server).only(transport).client("the-same-bot-as-ever");
        let room = open(room).await;
        let said = in_time("an answer", room.say(text)).await.expect("it may");
        assert_eq!(said.offset.map(|offset| offset.0), Some(offset), "{text}");
        in_time("it leaves", room.close()).await;
    }
}

async fn a_room_goes_on_from_a_position(transport: Transport) {
    let server = Server::start().await;
    for text in ["a", "b", "c"] {
        server.publisher().say(text).await;
    }
    let mut room = open(connect(&server).only(transport)).await;
    let state = State::Open { transport, recovered: false };
    assert_eq!(next(&mut room).await, News::State(state));
    let News::Snapshot(snapshot) = next(&mut room).await else { panic!("a snapshot comes first") };
    assert_eq!(snapshot.items.len(), 3);
    let mut position = room.position().expect("it is open").clone();
    room.close().await;

    position.offset.0 = 1;
    let mut room = open(connect(&server).only(transport).since(position.clone())).await;
    assert_eq!(next(&mut room).await, News::State(State::Open { transport, recovered: true }));
    assert_eq!((next_text(&mut room).await, next_text(&mut room).await), ("b".into(), "c".into()));
    position.offset.0 = 3;
    assert_eq!(room.position(), Some(&position));

    // What the log does not cover is never half of it.
    "eother".clone_into(&mut position.epoch.0);
    let mut room = open(connect(&server).only(transport).since(position)).await;
    assert_eq!(next(&mut room).await, News::State(State::Open { transport, recovered: false }));
    assert!(matches!(next(&mut room).await, News::Snapshot(_)));
}

async fn who_is_sent_away_for_good_is_told_why(transport: Transport) {
    let server = Server::start().await;
    let refused = connect(&server).only(transport).room("nowhere").open();
    let refused = in_time("an answer", refused).await.expect_err("there is no such room");
    assert_eq!(refused.code(), Some(Code::UnknownRoom));
    assert!(refused.to_string().contains("There is no room called nowhere."), "{refused}");

    let mut room = open(connect(&server).only(transport).name("Ben")).await;
    let person = server.admin().await.json("/api/rooms/main/people").await;
    let person = person["people"][0]["id"].as_str().expect("Ben is here").to_owned();
    let block = json!({"kind": "block", "person": person});
    let blocked = server.admin().await.command(block).await;
    assert!(blocked.status().is_success(), "{blocked:?}");
    assert_eq!(closed(&mut room).await, Error::Ended(Reason::Blocked));
}

#[tokio::test]
async fn it_finds_a_way_that_works_and_comes_back_to_the_best_one() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    proxy.set(|rules| rules.refuse_websocket = true);
    let mut room = open(Connect::to(proxy.origin())).await;
    let open_over = |transport| News::State(State::Open { transport, recovered: true });
    let first = next(&mut room).await;
    let state = State::Open { transport: Transport::Sse, recovered: false };
    assert_eq!(first, News::State(state));
    proxy.set(|rules| rules.refuse_sse = true);
    proxy.cut();
    while next(&mut room).await != open_over(Transport::LongPoll) {}
    server.publisher().say("by poll").await;
    assert_eq!(next_text(&mut room).await, "by poll");
    proxy.set(|rules| rules.refuse_websocket = false);
    proxy.cut();
    // A way that is cut again and again is left.
    let leaving = async {
        loop {
            match timeout(Duration::from_millis(300), room.next()).await {
                Ok(Some(news)) if news == open_over(Transport::WebSocket) => return,
                Ok(news) => assert!(news.is_some(), "the room is open"),
                Err(_) => proxy.cut(),
            }
        }
    };
    in_time("a WebSocket", leaving).await;
    server.publisher().say("by socket").await;
    assert_eq!(next_text(&mut room).await, "by socket");
}

#[tokio::test]
async fn a_program_that_takes_nothing_for_a_while_still_gets_everything_once() {
    let server = Server::start().await;
    let mut room = open(connect(&server)).await;
    let publisher = server.publisher();
    // Far more than the crate keeps, the network holds and the server's outbox takes.
    let text = "x".repeat(60_000);
    for number in 0..300 {
        publisher.say(format!("{number} {text}")).await;
    }
    for number in 0..300 {
        let got = next_text(&mut room).await;
        assert_eq!(got.split(' ').next(), Some(&*number.to_string()));
    }
}

#[tokio::test]
async fn signals_and_pushes_come_too() {
    let server = Setup::new().arg("--open").start().await;
    let mut room = open(connect(&server).user("ana")).await;
    let other = open(connect(&server).name("Ben")).await;
    let push = json!({"destination": "ana", "data": {"seat": 7}});
    server.publisher().post("/api/push").json(&push).send().await.expect("an answer");
    while !matches!(next(&mut room).await, News::Push { data, .. } if data == json!({"seat": 7})) {}
    assert!(room.newest_push().is_some());
    other.typing().await.expect("the room is open");
    let typing =
        |news: &News| matches!(news, News::Signal(Signal::Typing { name, .. }) if name == "Ben");
    while !typing(&next(&mut room).await) {}
}

#[tokio::test]
async fn what_is_no_server_of_ours_is_called_so_and_breaks_nothing() {
    let invalid = Connect::to("nonsense").open().await.expect_err("no address");
    assert!(matches!(invalid, Error::Invalid(_)), "{invalid:?}");
    let short = Connect::to("http://127.0.0.1:1").client("short").open().await;
    assert!(matches!(short, Err(Error::Invalid(_))));

    // Nobody is there.
    let patience = Duration::from_millis(300);
    let away = Connect::to("http://127.0.0.1:1").patience(patience).open().await;
    assert!(matches!(away, Err(Error::Unreachable(_))), "{away:?}");

    // Somebody else is.
    let stranger = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", stranger.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = stranger.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let page = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
            let _ = socket.write_all(page.as_bytes()).await;
        }
    });
    for transport in Transport::ALL {
        let strange = Connect::to(&*address).only(transport).patience(patience).open().await;
        assert!(matches!(strange, Err(Error::Broken(_))), "{transport}: {strange:?}");
    }
    let publisher = Publisher::to(&address, "main", TOKEN).expect("an address");
    let answer = publisher.publish("message", json!({"text": "Hi"})).await;
    assert!(matches!(answer, Err(Error::Broken(_))), "{answer:?}");
}

/// Somebody who is never ready and asks for this patience, as a proxy or a server says it; counts
/// who asks.
async fn busy(retry_after: &'static str, kind: &'static str) -> (String, Arc<AtomicUsize>) {
    let stranger = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", stranger.local_addr().expect("an address"));
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let body = r#"{"type":"about:blank","title":"Busy","status":503,"code":"unavailable","detail":"Busy."}"#;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = stranger.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let answer = format!(
                "HTTP/1.1 503 Busy\r\nretry-after: {retry_after}\r\ncontent-type: {kind}\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len(),
            );
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_server_that_asks_for_patience_is_left_in_peace_for_so_long() {
    for kind in ["application/problem+json", "text/html"] {
        for transport in Transport::ALL {
            let (address, asked) = busy("20", kind).await;
            let mut room = Connect::to(address).only(transport).start().expect("an address");
            let wait = loop {
                if let News::State(State::Waiting { retry_in, .. }) = next(&mut room).await {
                    break retry_in;
                }
            };
            assert!(wait >= Duration::from_secs(19), "{transport} {kind}: {wait:?}");
            assert_eq!(asked.load(Ordering::SeqCst), 1, "{transport} {kind}");
        }
    }
}

#[tokio::test]
async fn patience_without_end_ends_nothing_but_the_publishing() {
    let (address, _) = busy("18446744073709551615", "application/problem+json").await;
    for patience in [Duration::from_secs(5), Duration::MAX] {
        let publisher = Publisher::to(&address, "main", TOKEN).expect("an address");
        let publisher = publisher.patience(patience);
        let publishing = publisher.publish("message", json!({"text": "Hi"}));
        if patience == Duration::MAX {
            assert!(timeout(Duration::from_millis(300), publishing).await.is_err(), "it waits");
        } else {
            let answer = in_time("an answer", publishing).await;
            assert_eq!(answer.expect_err("busy").code(), Some(Code::Unavailable));
        }
    }
}

#[tokio::test]
async fn a_publish_whose_answer_is_lost_is_kept_once() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let publisher = Publisher::to(&proxy.origin(), "main", TOKEN).expect("an address");
    for round in 0..5 {
        // The request arrives, and the answer does not.
        proxy.set(|rules| rules.stall = true);
        let (publisher, text) = (publisher.clone(), format!("{round}"));
        let publishing =
            tokio::spawn(async move { publisher.publish("message", json!({"text": text})).await });
        let visitor = server.visitor();
        nowcast_tests::wait::eventually("it is kept", async || {
            let items = visitor.json("/api/rooms/main/items").await;
            (items["items"].as_array().map(Vec::len) == Some(round + 1)).then_some(())
        })
        .await;
        proxy.set(|rules| rules.stall = false);
        proxy.cut();
        let answer = in_time("an answer", publishing).await.unwrap().expect("it is taken");
        assert!(answer.repeated, "it was kept by the request whose answer was lost");
    }
    let items = server.visitor().json("/api/rooms/main/items").await;
    let texts: Vec<&Value> =
        items["items"].as_array().unwrap().iter().map(|item| &item["data"]["text"]).collect();
    assert_eq!(texts, ["4", "3", "2", "1", "0"]);
}
