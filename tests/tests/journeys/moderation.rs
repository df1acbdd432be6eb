//! What an admin can do about what people say: mute, block, slow down, look at words first.

use super::chat::{next_said, say, set};
use nowcast_shared::error::{Code, Reason};
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::signal::Signal;
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Answer, Joining, Page, Transport};
use nowcast_tests::server::Server;
use nowcast_tests::wait::{eventually, in_time};
use reqwest::Method;
use serde_json::{Value, json};

over_every_transport![
    whoever_is_muted_says_nothing_until_it_is_over,
    whoever_is_blocked_leaves_and_stays_out_until_that_is_taken_back,
    a_mute_is_a_persons_in_every_tab_and_after_a_reload,
    only_admins_moderate_and_not_each_other,
    in_slow_mode_everybody_waits_but_the_admin,
    in_slow_mode_a_slip_is_corrected_at_once_and_no_more_is_said_by_editing,
    admins_at_work_are_told_how_many_words_wait_and_nobody_else,
    words_that_are_held_are_said_when_an_admin_says_so,
    an_edit_waits_for_approval_like_the_words,
    of_the_edits_of_some_words_only_the_newest_waits,
    what_was_to_replace_words_goes_with_them,
    what_waits_of_somebody_who_is_blocked_is_dropped,
];

const CHAT: &str = "/api/rooms/main/chat";
const HELD: &str = "/api/rooms/main/chat/held";
const PEOPLE: &str = "/api/rooms/main/people";

/// Says something and finds out who others take the page for.
async fn known(page: &mut Page) -> String {
    let offset = page.command(say("Hello")).await.offset();
    loop {
        let event = page.next_event().await;
        if event.offset.0 == offset {
            return event.by.id.0;
        }
    }
}

async fn moderate(admin: &Api, command: Value) {
    let answer = admin.command(command.clone()).await;
    assert_eq!(answer.status(), 200, "{command}");
}

async fn whoever_is_muted_says_nothing_until_it_is_over(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let other = Joining::new(transport, server.origin()).open().await;
    let person = known(&mut page).await;
    moderate(&admin, json!({"kind": "mute", "person": person})).await;
    for command in [say("again"), json!({"kind": "typing"})] {
        assert_eq!(page.command(command).await.code(), Code::Muted);
    }
    let mut other = other;
    other.command(say("I may")).await.offset();
    let sanctions = &admin.json(PEOPLE).await["sanctions"];
    assert_eq!(sanctions[0]["person"], person, "{sanctions}");
    assert_eq!((&sanctions[0]["kind"], &sanctions[0]["until"]), (&json!("mute"), &Value::Null));
    assert!(sanctions[0]["name"].is_string(), "what they went by: {sanctions}");

    moderate(&admin, json!({"kind": "unmute", "person": person})).await;
    page.command(say("thanks")).await.offset();
    let again = admin.command(json!({"kind": "unmute", "person": person})).await;
    expect_problem(again, 404, "unknown_person").await;

    moderate(&admin, json!({"kind": "mute", "person": person, "seconds": 1})).await;
    assert!(admin.json(PEOPLE).await["sanctions"][0]["until"].is_i64());
    let begun = std::time::Instant::now();
    eventually("the mute is over", async || match page.command(say("now")).await {
        Answer::Ack(_) => Some(()),
        Answer::Reject(code, _) => {
            assert_eq!(code, Code::Muted);
            None
        }
    })
    .await;
    assert!(begun.elapsed().as_millis() >= 500);
    assert_eq!(admin.json(PEOPLE).await["sanctions"], json!([]), "what is over is not told");
}

async fn whoever_is_blocked_leaves_and_stays_out_until_that_is_taken_back(transport: Transport) {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut other = Joining::new(transport, server.origin()).open().await;
    let person = known(&mut page).await;
    let again = page.resuming();
    // The page waits for news when the command comes; a poll that does not is told by its next.
    let ending = tokio::spawn(async move { page.ending().await });
    server.ready().await;
    moderate(&admin, json!({"kind": "block", "person": person})).await;
    if transport == Transport::LongPoll {
        // Between two polls there is nobody to say goodbye to.
        drop(ending);
    } else {
        let ending = in_time("the session ends", ending).await.unwrap();
        assert_eq!(ending.goodbye, Some((Reason::Blocked, false)), "{ending:?}");
    }
    for way in Transport::ALL {
        let refused = again.clone().over(way).try_open().await;
        let code = refused.err().map(|problem| problem.code);
        if way == Transport::WebSocket {
            assert!(code.is_some(), "not let in");
        } else {
            assert_eq!(code.as_deref(), Some("blocked"), "{way:?}");
        }
    }
    let client = again.clone();
    let path = client.address("commands");
    let path = path.strip_prefix(&server.origin()).unwrap().to_owned();
    let posted = async |server: &Server| {
        let frame = json!({"command": say("by post")});
        server.visitor().post(&path).json(&frame).send().await.unwrap()
    };
    expect_problem(posted(&server).await, 403, "blocked").await;
    other.command(say("others may")).await.offset();

    server.restart().await;
    expect_problem(posted(&server).await, 403, "blocked").await;
    moderate(&server.admin().await, json!({"kind": "unblock", "person": person})).await;
    let mut back = again.open().await;
    assert!(back.recovered());
    back.command_with_id("back", say("I am back")).await.offset();
}

async fn a_mute_is_a_persons_in_every_tab_and_after_a_reload(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let tab = Joining::new(transport, server.origin()).with("person", "a-person-of-a-test");
    let mut first = tab.clone().open().await;
    let person = known(&mut first).await;
    moderate(&admin, json!({"kind": "mute", "person": person, "seconds": 3600})).await;
    let client = nowcast_tests::page::new_client_id();
    let mut second = tab.client(client).open().await;
    for page in [&mut first, &mut second] {
        assert_eq!(page.command(say("a")).await.code(), Code::Muted);
    }
    let query = "?person=a-person-of-a-test";
    let posted = server.visitor().post(&format!("{CHAT}{query}")).body("a").send().await;
    let posted = posted.unwrap();
    assert!(posted.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 3500);
    expect_problem(posted, 403, "muted").await;
}

async fn only_admins_moderate_and_not_each_other(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let publisher = server.publisher();
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut desk = Joining::new(transport, server.origin()).as_who(&admin).open().await;
    let mut program = Joining::new(transport, server.origin()).as_who(&publisher).open().await;
    let (viewer, host) = (known(&mut page).await, known(&mut desk).await);
    for kind in ["mute", "unmute", "block", "unblock"] {
        let command = |person: &str| json!({"kind": kind, "person": person});
        assert_eq!(page.command(command(&host)).await.code(), Code::Unauthorized);
        assert_eq!(program.command(command(&viewer)).await.code(), Code::Forbidden);
        for nobody in ["", "p", "p123", "somebody", "p1234567'--"] {
            assert_eq!(desk.command(command(nobody)).await.code(), Code::UnknownPerson);
        }
    }
    for kind in ["mute", "block"] {
        let command = json!({"kind": kind, "person": host});
        assert_eq!(desk.command(command).await.code(), Code::Forbidden);
    }
    let zero = json!({"kind": "mute", "person": viewer, "seconds": 0});
    assert_eq!(desk.command(zero).await.code(), Code::BadRequest);
    for path in [HELD, PEOPLE] {
        expect_problem(server.visitor().get(path).send().await.unwrap(), 401, "unauthorized").await;
        expect_problem(publisher.get(path).send().await.unwrap(), 403, "forbidden").await;
    }
    desk.command(json!({"kind": "mute", "person": viewer, "seconds": u64::MAX})).await.done();
    assert_eq!(page.command(say("a")).await.code(), Code::Muted);
}

async fn in_slow_mode_everybody_waits_but_the_admin(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    set(&admin, json!({"slow": 2})).await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut other = Joining::new(transport, server.origin()).open().await;
    let mut desk = Joining::new(transport, server.origin()).as_who(&admin).open().await;
    let begun = std::time::Instant::now();
    let first = page.command_with_id("its-own", say("one")).await;
    assert_eq!(page.command(say("two")).await.code(), Code::SlowMode);
    assert_eq!(
        page.command_with_id("its-own", say("one")).await,
        first,
        "a repeat is no other word"
    );
    other.command(say("another")).await.offset();
    for text in ["a", "b"] {
        desk.command(say(text)).await.offset();
    }
    // Taking words back does not make up for having said them.
    let (id, ..) = next_said(&mut page).await;
    page.command(json!({"kind": "delete_said", "said": id})).await.offset();
    let early = page.command(say("early")).await;
    if begun.elapsed().as_millis() < 1900 {
        assert_eq!(early.code(), Code::SlowMode);
    }
    eventually("it may speak again", async || match page.command(say("two")).await {
        Answer::Ack(_) => Some(()),
        Answer::Reject(code, _) => {
            assert_eq!(code, Code::SlowMode);
            None
        }
    })
    .await;
    assert!(begun.elapsed().as_millis() >= 1500);
}

async fn in_slow_mode_a_slip_is_corrected_at_once_and_no_more_is_said_by_editing(
    transport: Transport,
) {
    let server = Server::start().await;
    let admin = server.admin().await;
    set(&admin, json!({"slow": 60})).await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut desk = Joining::new(transport, server.origin()).as_who(&admin).open().await;
    let edit = |id: &str, text: &str| json!({"kind": "edit_said", "said": id, "text": text});
    page.command(say("Helo")).await.offset();
    let (id, ..) = next_said(&mut page).await;
    let first = page.command_with_id("its-own", edit(&id, "Hello")).await;
    assert!(matches!(first, Answer::Ack(Some(_))), "{first:?}");
    assert_eq!(page.command(edit(&id, "and on")).await.code(), Code::SlowMode);
    assert_eq!(page.command_with_id("its-own", edit(&id, "Hello")).await, first);
    // It is the same where edits wait.
    set(&admin, json!({"approval": true})).await;
    assert_eq!(page.command(edit(&id, "and on")).await.code(), Code::SlowMode);
    desk.command(say("Slowly!")).await.offset();
    let own = loop {
        let (id, _, text) = next_said(&mut desk).await;
        if text == "Slowly!" {
            break id;
        }
    };
    for text in ["Slowly", "Slowly, please"] {
        desk.command(edit(&own, text)).await.offset();
    }
}

async fn words_that_are_held_are_said_when_an_admin_says_so(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    set(&admin, json!({"approval": true})).await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut desk = Joining::new(transport, server.origin()).as_who(&admin).open().await;
    let held = page.command_with_id("its-own", say("May I?")).await;
    assert_eq!(held, Answer::Ack(None));
    assert_eq!(page.command_with_id("its-own", say("May I?")).await, held, "it waits once");
    page.command(say("And this?")).await.done();
    desk.command(say("Everybody hears me")).await.offset();
    assert_eq!(next_said(&mut page).await.2, "Everybody hears me");

    let waiting = admin.json(HELD).await["held"].clone();
    let texts: Vec<_> = waiting.as_array().unwrap().iter().map(|held| &held["text"]).collect();
    assert_eq!(texts, ["May I?", "And this?"]);
    let [first, second] = [0, 1].map(|place| waiting[place]["id"].as_str().unwrap().to_owned());
    assert!(waiting[0]["by"]["id"].as_str().unwrap().starts_with('p') && waiting[0]["at"].is_i64());

    let approve = admin.post(&format!("{HELD}/{first}")).send().await.unwrap();
    let approved: Value = expect_status(approve, 201).await.json().await.unwrap();
    let event = page.next_event().await;
    assert_eq!(
        (event.offset.0, &event.by.id.0),
        (approved["offset"].as_u64().unwrap(), &{
            waiting[0]["by"]["id"].as_str().unwrap().to_owned()
        })
    );
    expect_status(admin.delete(&format!("{HELD}/{second}")).send().await.unwrap(), 204).await;
    for gone in [&first, &second] {
        for method in [Method::POST, Method::DELETE] {
            let again = admin.request(method, &format!("{HELD}/{gone}")).send().await.unwrap();
            expect_problem(again, 404, "unknown_said").await;
        }
    }
    assert_eq!(admin.json(HELD).await, json!({"held": []}));
    // They are its own still.
    page.command(json!({"kind": "delete_said", "said": first})).await.offset();
    assert_eq!(
        page.command_with_id("its-own", say("May I?")).await,
        held,
        "the first answer again"
    );
}

async fn admins_at_work_are_told_how_many_words_wait_and_nobody_else(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    set(&admin, json!({"approval": true})).await;
    let desk = Joining::new(transport, server.origin()).role("admin").as_who(&admin);
    let mut desk = desk.open().await;
    // Neither the admin's own page nor one that only says that it is the desk.
    let feed = Joining::new(transport, server.origin()).as_who(&admin);
    let pretender = Joining::new(transport, server.origin()).role("admin");
    let mut others = [feed.open().await, pretender.open().await];
    for text in ["one", "two"] {
        others[1].command(say(text)).await.done();
    }
    let held = admin.json(HELD).await["held"].clone();
    let path = |place: usize| format!("{HELD}/{}", held[place]["id"].as_str().unwrap());
    expect_status(admin.delete(&path(0)).send().await.unwrap(), 204).await;
    expect_status(admin.post(&path(1)).send().await.unwrap(), 201).await;
    let mut counts = Vec::new();
    while counts.last() != Some(&0) {
        let count = |signal: &Signal| match signal {
            Signal::Held { count } => Some(*count),
            _ => None,
        };
        counts.push(desk.next_signal(count).await);
    }
    assert_eq!(counts, [1, 2, 1, 0]);
    for page in &mut others {
        loop {
            match page.next_frame().await.expect("the session goes on") {
                ServerFrame::Signal { signal: Signal::Held { .. } } => panic!("it is told"),
                ServerFrame::Event(_) => break,
                _ => {}
            }
        }
    }
}

async fn an_edit_waits_for_approval_like_the_words(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    page.command(say("Harmless")).await.offset();
    let (id, ..) = next_said(&mut page).await;
    set(&admin, json!({"approval": true})).await;
    page.command(json!({"kind": "edit_said", "said": id, "text": "Harmful"})).await.done();
    assert_eq!(server.visitor().json(CHAT).await["said"][0]["text"], "Harmless");
    let waiting = admin.json(HELD).await["held"][0].clone();
    assert_eq!((&waiting["said"], &waiting["text"]), (&json!(id), &json!("Harmful")));
    let path = format!("{HELD}/{}", waiting["id"].as_str().unwrap());
    expect_status(admin.post(&path).send().await.unwrap(), 201).await;
    let said = &server.visitor().json(CHAT).await["said"][0];
    assert_eq!((&said["id"], &said["text"]), (&json!(id), &json!("Harmful")));
    assert!(said["edited_at"].is_i64());
}

async fn of_the_edits_of_some_words_only_the_newest_waits(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Joining::new(transport, server.origin()).with("name", "Ana").open().await;
    page.command(say("Harmless")).await.offset();
    let (id, ..) = next_said(&mut page).await;
    set(&admin, json!({"approval": true})).await;
    let edit = |text: &str| json!({"kind": "edit_said", "said": id, "text": text});
    page.command(edit("first")).await.done();
    let first = admin.json(HELD).await["held"][0]["id"].as_str().unwrap().to_owned();
    // More often than there are places, and at last by post, where nobody says a name.
    for number in 0..25 {
        page.command(edit(&format!("{number}"))).await.done();
    }
    let address = page.resuming().address("commands").replace("&name=Ana", "");
    let path = address.strip_prefix(&server.origin()).unwrap();
    drop(page);
    let frame = json!({"command": edit("newest")});
    expect_status(server.visitor().post(path).json(&frame).send().await.unwrap(), 200).await;

    let held = admin.json(HELD).await["held"].clone();
    assert_eq!(held.as_array().map(Vec::len), Some(1), "{held}");
    assert_eq!((&held[0]["text"], &held[0]["name"]), (&json!("newest"), &json!("Ana")));
    let approve = async |held: &str| admin.post(&format!("{HELD}/{held}")).send().await.unwrap();
    expect_problem(approve(&first).await, 404, "unknown_said").await;
    expect_status(approve(held[0]["id"].as_str().unwrap()).await, 201).await;
    assert_eq!(server.visitor().json(CHAT).await["said"][0]["text"], "newest");
}

async fn what_was_to_replace_words_goes_with_them(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut ids = Vec::new();
    for text in ["one", "two"] {
        page.command(say(text)).await.offset();
        ids.push(next_said(&mut page).await.0);
    }
    let edit = |id: &str, text: &str| json!({"kind": "edit_said", "said": id, "text": text});
    set(&admin, json!({"approval": true})).await;
    for id in &ids {
        page.command(edit(id, "older")).await.done();
    }
    let held = async || admin.json(HELD).await["held"].as_array().map(Vec::len);
    assert_eq!(held().await, Some(2));
    page.command(json!({"kind": "delete_said", "said": ids[0]})).await.offset();
    assert_eq!(held().await, Some(1));
    set(&admin, json!({"approval": false})).await;
    page.command(edit(&ids[1], "newer")).await.offset();
    assert_eq!(held().await, Some(0), "it would bring back the older text");
}

async fn what_waits_of_somebody_who_is_blocked_is_dropped(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    set(&admin, json!({"approval": true})).await;
    let desk = Joining::new(transport, server.origin()).role("admin").as_who(&admin);
    let mut desk = desk.open().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut other = Joining::new(transport, server.origin()).open().await;
    page.command(say("Rubbish")).await.done();
    other.command(say("May I?")).await.done();
    let person = admin.json(HELD).await["held"][0]["by"]["id"].clone();
    moderate(&admin, json!({"kind": "block", "person": person})).await;
    let held = admin.json(HELD).await["held"].clone();
    assert_eq!((held.as_array().map(Vec::len), &held[0]["text"]), (Some(1), &json!("May I?")));
    let told = |signal: &Signal| match signal {
        Signal::Held { count } => Some(*count),
        _ => None,
    };
    for count in [1, 2, 1] {
        assert_eq!(desk.next_signal(told).await, count);
    }
}

#[tokio::test]
async fn a_program_is_told_that_its_words_wait_and_has_its_share_of_the_places() {
    let server = Server::start().await;
    let admin = server.admin().await;
    set(&admin, json!({"approval": true})).await;
    let visitor = server.visitor();
    let post = async |text: String, key: &str| {
        let request = visitor.post(CHAT).header("idempotency-key", key).body(text);
        request.send().await.expect("an answer")
    };
    for _ in 0..2 {
        let answer = expect_status(post("Hi".to_owned(), "one").await, 202).await;
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({"held": true}));
    }
    expect_problem(post("Ho".to_owned(), "one").await, 422, "idempotency_mismatch").await;
    for number in 1..20 {
        let answer = post(format!("{number}"), &format!("k{number}")).await;
        expect_status(answer, 202).await;
    }
    expect_problem(post("too many".to_owned(), "last").await, 429, "rate_limited").await;
    // There are places for others, as many as there are.
    let other = async |number: u32| {
        let path = format!("{CHAT}?client=another-page-{number:0>8}");
        visitor.post(&path).body("Hello").send().await.expect("an answer")
    };
    for number in 20..500 {
        expect_status(other(number).await, 202).await;
    }
    expect_problem(other(500).await, 503, "unavailable").await;
    assert_eq!(admin.json(HELD).await["held"].as_array().map(Vec::len), Some(500));
}
