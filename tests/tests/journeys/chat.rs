//! The chat: beside the feed on pages, and with nothing but plain HTTP for programs.

use nowcast_shared::chat::Said;
use nowcast_shared::error::Code;
use nowcast_shared::event::Event;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::signal::Signal;
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Answer, Joining, Page, Transport};
use nowcast_tests::request::RequestBuilder;
use nowcast_tests::server::Server;
use nowcast_tests::wait::in_time;
use reqwest::Response;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

over_every_transport![
    words_reach_every_page_and_late_ones_too,
    own_words_can_be_edited_and_taken_back_and_others_words_cannot,
    an_admin_takes_back_anything_and_edits_nothing_of_others,
    words_that_nobody_can_say_are_refused_by_name,
    who_may_chat_is_what_the_room_is_set_to,
    that_somebody_is_writing_is_told_to_the_others_once_a_second,
    words_are_said_once_for_each_command_id,
];

const CHAT: &str = "/api/rooms/main/chat";

pub(super) fn say(text: &str) -> Value {
    json!({"kind": "say", "text": text})
}

/// Sets the main room.
pub(super) async fn set(admin: &Api, settings: Value) {
    let request = admin.put("/api/rooms/main").json(&json!({"settings": settings}));
    expect_status(request.send().await.unwrap(), 200).await;
}

async fn post(api: &Api, request: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Response {
    request(api.post(CHAT)).send().await.expect("an answer")
}

/// The next words that a page hears: who says them, and what.
pub(super) async fn next_said(page: &mut Page) -> (String, String, String) {
    loop {
        if let Event::Said { id, name, text } = page.next_event().await.event {
            return (id.0, name, text);
        }
    }
}

fn texts(said: &[Said]) -> Vec<&str> {
    said.iter().map(|said| said.text.as_str()).collect()
}

async fn words_reach_every_page_and_late_ones_too(transport: Transport) {
    let server = Server::start().await;
    let mut ana = Joining::new(transport, server.origin()).open().await;
    let mut ben = Joining::new(transport, server.origin()).open().await;
    let first = ana.command(say("  Hello\r\n*all* <b>\n")).await.offset();
    assert_eq!(first, 1);
    for page in [&mut ana, &mut ben] {
        let (id, name, text) = next_said(page).await;
        assert!(id.starts_with('s') && !name.is_empty());
        assert_eq!(text, "Hello\n*all* <b>", "as it was written, but for blanks around it");
    }
    server.publisher().say("an item between").await;
    for number in 2..=55 {
        ben.command(say(&format!("{number}"))).await.offset();
    }

    let late = Joining::new(transport, server.origin()).open().await;
    let chat = &late.snapshot().chat;
    assert!(chat.more);
    let newest: Vec<_> = (6..=55).map(|number| number.to_string()).collect();
    assert_eq!(texts(&chat.said), newest, "the newest fifty, oldest first");
    let oldest = &chat.said[0];
    assert!(oldest.at > 0 && oldest.by.id.0.starts_with('p') && oldest.edited_at.is_none());

    // The rest is a look back away.
    let path = format!("{CHAT}?before={}&limit=3", oldest.offset);
    let back = server.visitor().json(&path).await;
    let said: Vec<Said> = serde_json::from_value(back["said"].clone()).unwrap();
    assert_eq!((texts(&said), &back["more"]), (vec!["5", "4", "3"], &json!(true)));
    let path = format!("{CHAT}?before={}", said[2].offset);
    let back = server.visitor().json(&path).await;
    assert_eq!(
        (&back["said"][1]["text"], &back["more"]),
        (&json!("Hello\n*all* <b>"), &json!(false))
    );

    let mut again = ben.resuming().open().await;
    assert!(again.recovered());
    ana.command(say("and on")).await.offset();
    while next_said(&mut again).await.2 != "and on" {}
}

async fn own_words_can_be_edited_and_taken_back_and_others_words_cannot(transport: Transport) {
    let server = Server::start().await;
    let mut ana = Joining::new(transport, server.origin()).open().await;
    let mut ben = Joining::new(transport, server.origin()).open().await;
    ana.command(say("Helo")).await.offset();
    let (id, ..) = next_said(&mut ben).await;
    let edit = |text: &str| json!({"kind": "edit_said", "said": id, "text": text});
    let delete = json!({"kind": "delete_said", "said": id});

    for command in [edit("Mine"), delete.clone()] {
        assert_eq!(ben.command(command).await.code(), Code::Forbidden);
    }
    assert_eq!(ana.command(edit(" ")).await.code(), Code::BadSaid);
    ana.command(edit("Hello")).await.offset();
    let edited = ben.next_event().await;
    assert_eq!(
        serde_json::to_value(&edited.event).unwrap(),
        json!({"kind": "said_edited", "id": id, "text": "Hello"})
    );
    let late = Joining::new(transport, server.origin()).open().await;
    let said = &late.snapshot().chat.said[0];
    assert_eq!((said.text.as_str(), said.edited_at), ("Hello", Some(edited.at)));
    assert_eq!(said.offset.0, 1, "an edit leaves them where they are");

    ana.command(delete.clone()).await.offset();
    assert!(
        matches!(ben.next_event().await.event, Event::SaidDeleted { id: gone } if gone.0 == id)
    );
    for command in [edit("again"), delete] {
        assert_eq!(ana.command(command).await.code(), Code::UnknownSaid);
    }
}

async fn an_admin_takes_back_anything_and_edits_nothing_of_others(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    page.command(say("Rubbish")).await.offset();
    let (id, ..) = next_said(&mut page).await;
    let mut desk = Joining::new(transport, server.origin()).as_who(&admin).open().await;
    let edit = json!({"kind": "edit_said", "said": id, "text": "Praise"});
    assert_eq!(desk.command(edit).await.code(), Code::Forbidden, "nobody speaks for others");
    desk.command(json!({"kind": "delete_said", "said": id})).await.offset();
    let late = Joining::new(transport, server.origin()).open().await;
    assert!(late.snapshot().chat.said.is_empty());
}

async fn words_that_nobody_can_say_are_refused_by_name(transport: Transport) {
    let server = Server::start().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let (long, giant, lines) = ("\u{e4}".repeat(2001), "x".repeat(5000), ["a"; 22].join("\n"));
    for bad in ["", " \n ", "\u{200b}\u{2060}", "a\0b", "a\u{1b}[31m", &long, &giant, &lines] {
        assert_eq!(page.command(say(bad)).await.code(), Code::BadSaid, "{bad:?}");
    }
    for malformed in [json!({"kind": "say"}), json!({"kind": "say", "text": 7})] {
        assert_eq!(page.command(malformed).await.code(), Code::BadRequest);
    }
    let unknown = json!({"kind": "edit_said", "said": "s'; DROP TABLE said", "text": "a"});
    assert_eq!(page.command(unknown).await.code(), Code::UnknownSaid);
    let (long, lines) = ("\u{e4}".repeat(2000), ["a"; 21].join("\n"));
    for (offset, good) in [(1, long.as_str()), (2, &lines), (3, "\u{202e}txt")] {
        assert_eq!(page.command(say(good)).await.offset(), offset, "{good:?}");
    }
}

async fn who_may_chat_is_what_the_room_is_set_to(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let publisher = server.publisher();
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut desk = Joining::new(transport, server.origin()).as_who(&admin).open().await;
    let mut program = Joining::new(transport, server.origin()).as_who(&publisher).open().await;
    for (who, stranger, token) in [
        ("everyone", None, None),
        ("users", Some(Code::Unauthorized), None),
        ("nobody", Some(Code::Forbidden), Some(Code::Forbidden)),
    ] {
        set(&admin, json!({"chat": who})).await;
        for (page, refused) in [(&mut page, stranger), (&mut program, token), (&mut desk, None)] {
            for command in [say("Hi"), json!({"kind": "typing"})] {
                match (page.command(command).await, refused) {
                    (Answer::Ack(_), None) => {}
                    (Answer::Reject(code, _), Some(refused)) if code == refused => {}
                    (answer, _) => panic!("{who}: {answer:?}"),
                }
            }
        }
    }
    let said = &server.visitor().json(CHAT).await["said"];
    let names: Vec<_> = said.as_array().unwrap().iter().map(|said| &said["name"]).collect();
    assert_eq!(&names[..2], ["Host", "Host"], "{said}");
}

async fn that_somebody_is_writing_is_told_to_the_others_once_a_second(transport: Transport) {
    let server = Server::start().await;
    let mut ana = Joining::new(transport, server.origin()).open().await;
    let mut ben = Joining::new(transport, server.origin()).open().await;
    let typing = json!({"kind": "typing"});
    assert_eq!(ana.command(typing.clone()).await, Answer::Ack(None));
    let told = async {
        loop {
            match ben.next_frame().await {
                Some(ServerFrame::Signal { signal: Signal::Typing { by, name } }) => {
                    return (by, name);
                }
                Some(ServerFrame::Signal { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let (by, name) = in_time("the others are told", told).await;
    assert!(by.0.starts_with('p') && !name.is_empty());
    for _ in 0..5 {
        assert_eq!(ana.command(typing.clone()).await, Answer::Ack(None), "too often is no fault");
    }
    ana.command(say("done")).await.offset();
    let mut again = 0;
    loop {
        match ben.next_frame().await {
            Some(ServerFrame::Signal { signal: Signal::Typing { .. } }) => again += 1,
            Some(ServerFrame::Event(_)) => break,
            Some(_) => {}
            None => panic!("the session ended"),
        }
    }
    assert!(again <= 1, "told {again} times more");
    // Whoever writes is not told.
    loop {
        match ana.next_frame().await {
            Some(ServerFrame::Event(_)) => break,
            Some(ServerFrame::Signal { signal: Signal::Typing { .. } }) => panic!("an echo"),
            _ => {}
        }
    }
}

async fn words_are_said_once_for_each_command_id(transport: Transport) {
    let server = Server::start().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let first = page.command_with_id("k1", say("once")).await;
    assert_eq!(page.command_with_id("k1", say("once")).await, first);
    let answer = page.command_with_id("k1", say("other")).await;
    assert_eq!(answer.code(), Code::IdempotencyMismatch);
    let (id, ..) = next_said(&mut page).await;
    let delete = json!({"kind": "delete_said", "said": id});
    let gone = page.command_with_id("k2", delete.clone()).await;
    assert_eq!(page.command_with_id("k2", delete).await, gone, "also when it is the last of them");
    assert_eq!(page.command_with_id("k1", say("once")).await, first);
}

#[tokio::test]
async fn programs_say_things_as_text_form_or_json() {
    let server = Server::start().await;
    let visitor = server.visitor();
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let plain = ("content-type", "text/plain; charset=utf-8");
    for (answer, name, text) in [
        (
            post(&visitor, |request| request.header(plain.0, plain.1).body("Hi\n")).await,
            "Guest",
            "Hi",
        ),
        (post(&visitor, |request| request.body("no type")).await, "Guest", "no type"),
        (post(&visitor, |r| r.query(&[("name", "Bo t")]).body("named")).await, "Bo t", "named"),
        (post(&visitor, |r| r.form(&[("text", "a&b"), ("name", "F")])).await, "F", "a&b"),
        (post(&visitor, |r| r.json(&json!({"text": "json"}))).await, "Guest", "json"),
        (
            post(&server.publisher(), |r| r.json(&json!({"text": "t", "name": "Admin"}))).await,
            "Newsdesk",
            "t",
        ),
    ] {
        let body: Value = expect_status(answer, 201).await.json().await.unwrap();
        let said = next_said(&mut page).await;
        assert_eq!((said.1.as_str(), said.2.as_str()), (name, text));
        assert_eq!(body["id"], said.0, "{body}");
        assert!(body["offset"].is_u64() && body["at"].is_i64(), "{body}");
    }
}

#[tokio::test]
async fn what_programs_cannot_say_is_refused_by_name() {
    let server = Server::start().await;
    let visitor = server.visitor();
    for (answer, status, code) in [
        (post(&visitor, |request| request.body("")).await, 422, "bad_said"),
        (post(&visitor, |request| request.body("x".repeat(2001))).await, 422, "bad_said"),
        (post(&visitor, |request| request.body("x".repeat(100_000))).await, 413, "too_large"),
        (post(&visitor, |request| request.body(&b"\xff\xfe"[..])).await, 400, "bad_utf8"),
        (post(&visitor, |request| request.form(&[("name", "Bo")])).await, 422, "bad_said"),
        (post(&visitor, |request| request.json(&json!({"name": "Bo"}))).await, 400, "bad_request"),
        (
            post(&visitor, |r| r.header("content-type", "image/png").body("x")).await,
            415,
            "unsupported_type",
        ),
        (post(&visitor, |r| r.query(&[("name", "a\u{202e}b")]).body("x")).await, 422, "bad_name"),
        (post(&visitor, |r| r.query(&[("name", "x\u{200b}")]).body("x")).await, 422, "bad_name"),
        (post(&visitor, |r| r.query(&[("name", "Host: x")]).body("y")).await, 422, "bad_name"),
        (
            post(&visitor, |r| r.json(&json!({"text": "y", "name": "Host: x"}))).await,
            422,
            "bad_name",
        ),
        (post(&visitor, |r| r.query(&[("name", "x".repeat(41))]).body("x")).await, 422, "bad_name"),
        (
            post(&visitor, |r| r.header("origin", "https://evil.example").body("x")).await,
            403,
            "foreign_origin",
        ),
        (
            post(&visitor, |r| r.header("sec-fetch-site", "same-site").body("x")).await,
            403,
            "foreign_origin",
        ),
        (post(&visitor, |r| r.header("idempotency-key", " ").body("x")).await, 400, "bad_key"),
    ] {
        expect_problem(answer, status, code).await;
    }
    let nothing = server.visitor().json(CHAT).await;
    assert_eq!(nothing, json!({"said": [], "more": false}));
    // A program that says no name owns nothing that another one could take back.
    let said: Value = post(&visitor, |request| request.body("mine?")).await.json().await.unwrap();
    let delete = json!({"kind": "delete_said", "said": said["id"]});
    expect_problem(visitor.command(delete).await, 403, "forbidden").await;
}

#[tokio::test]
async fn a_repeat_with_its_key_is_said_once() {
    let server = Server::start().await;
    let visitor = server.visitor();
    let said = async |text: &'static str| {
        post(&visitor, |request| request.header("idempotency-key", "k").body(text)).await
    };
    let (one, two) = tokio::join!(said("once"), said("once"));
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    let (one, two): (Value, Value) = (one.json().await.unwrap(), two.json().await.unwrap());
    assert_eq!(one, two);
    expect_problem(said("other").await, 422, "idempotency_mismatch").await;
    assert_eq!(visitor.json(CHAT).await["said"].as_array().map(Vec::len), Some(1));
}

/// Asks for lines: them, and from where to go on.
async fn lines(api: &Api, query: &str) -> (String, String) {
    let request = api.get(&format!("{CHAT}/lines?{query}")).send();
    let answer = in_time("lines come", request).await.expect("an answer");
    let answer = expect_status(answer, 200).await;
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind, "text/plain; charset=utf-8");
    let next = answer.headers()["nowcast-next"].to_str().unwrap().to_owned();
    (answer.text().await.unwrap(), next)
}

#[tokio::test]
async fn whoever_waits_for_lines_gets_each_once_and_nothing_else() {
    let server = Server::start().await;
    let visitor = server.visitor();
    post(&visitor, |request| request.body("before")).await;
    let (none, next) = lines(&visitor, "wait=0").await;
    assert_eq!(none, "", "from now on");

    let waiting = {
        let (visitor, next) = (visitor.clone(), next.clone());
        tokio::spawn(async move { lines(&visitor, &format!("since={next}&wait=50")).await })
    };
    // An item is no line, whenever the request arrives.
    server.publisher().say("an item").await;
    assert!(!waiting.is_finished());
    post(&visitor, |request| request.json(&json!({"text": "two\nlines", "name": "Bo"}))).await;
    let (got, next) = in_time("the line comes", waiting).await.unwrap();
    assert_eq!(got, "Bo: two lines\n");

    let (none, same) = lines(&visitor, &format!("since={next}&wait=0")).await;
    assert_eq!((none.as_str(), &same), ("", &next));
    for text in ["a", "b\u{202e}c"] {
        post(&visitor, |request| request.body(text)).await;
    }
    let (got, _) = lines(&visitor, &format!("since={next}&wait=50")).await;
    assert_eq!(got, "Guest: a\nGuest: bc\n");

    let epoch = next.split(':').next().unwrap();
    let (all, _) = lines(&visitor, &format!("since={epoch}:0&wait=50")).await;
    assert_eq!(all.lines().count(), 4, "{all}");
}

#[tokio::test]
async fn lines_that_cannot_be_continued_begin_anew_and_say_so() {
    let server = Server::start().await;
    let visitor = server.visitor();
    for number in 1..=60 {
        post(&visitor, |request| request.body(number.to_string())).await;
    }
    for since in ["eOther:5", "eOther:0"] {
        let request = visitor.get(&format!("{CHAT}/lines?since={since}&wait=50")).send();
        let answer = in_time("it is answered at once", request).await.unwrap();
        assert_eq!(answer.headers()["nowcast-recovered"], "false");
        let text = answer.text().await.unwrap();
        assert_eq!(text.lines().next(), Some("Guest: 11"), "the newest fifty");
        assert_eq!(text.lines().last(), Some("Guest: 60"));
    }
    for (query, code) in [("since=nonsense", "bad_since"), ("wait=soon", "bad_query")] {
        let answer = visitor.get(&format!("{CHAT}/lines?{query}")).send().await.unwrap();
        expect_problem(answer, 400, code).await;
    }
    let answer = visitor.request(reqwest::Method::HEAD, &format!("{CHAT}/lines")).send().await;
    assert_eq!(answer.unwrap().status(), 405);
}

#[tokio::test]
async fn many_lines_come_in_answers_of_bounded_size_and_whole() {
    let server = Server::start().await;
    let visitor = server.visitor();
    let (_, mut next) = lines(&visitor, "wait=0").await;
    let word = "w\u{f6}rd ".repeat(330);
    for number in 0..60 {
        post(&visitor, |request| request.body(format!("{number} {word}"))).await;
    }
    let mut numbers = Vec::new();
    while numbers.len() < 60 {
        let (text, then) = lines(&visitor, &format!("since={next}&wait=50")).await;
        assert!(text.len() < 128 * 1024, "{} bytes at once", text.len());
        numbers.extend(text.lines().map(|line| line.split(' ').nth(1).unwrap().to_owned()));
        next = then;
    }
    assert_eq!(numbers, (0..60).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn whoever_waits_for_lines_is_answered_when_the_server_stops() {
    let mut server = Server::start().await;
    let host = server.origin().trim_start_matches("http://").to_owned();
    let mut waiting = TcpStream::connect(&host).await.unwrap();
    let request =
        format!("GET /api/rooms/main/chat/lines?wait=55 HTTP/1.1\r\nHost: {host}\r\n\r\n");
    waiting.write_all(request.as_bytes()).await.unwrap();
    // Connections are accepted in order: after this answer the server has the request, and has at
    // least begun to read it.
    server.ready().await;
    let stopped = server.stop().await;
    assert!(stopped.success());
    let mut answer = String::new();
    in_time("the connection ends", waiting.read_to_string(&mut answer)).await.unwrap();
    // What it had not come to it refuses by name.
    let waited = answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n");
    assert!(waited || answer.contains(r#""code":"unavailable""#), "{answer}");
}
