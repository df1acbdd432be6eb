//! Lines of the chat.

use super::{send, setup};
use nowcast_shared::event::Event;
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{Server, TOKEN};
use nowcast_tests::wait::{eventually, in_time};
use reqwest::Response;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// What `/chat` answers to this name.
async fn lines(server: &Server, name: &str) -> String {
    let request = server.visitor().get("/chat").query(&[("name", name)]).send();
    let answer = in_time("lines", request).await.expect("an answer");
    let answer = expect_status(answer, 200).await;
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("text/plain"), "{kind}");
    answer.text().await.expect("text")
}

/// Says something, by GET.
async fn try_say(server: &Server, name: &str, message: &str) -> Response {
    let query = [("name", name), ("message", message), ("token", TOKEN)];
    server.visitor().get("/chat").query(&query).send().await.expect("an answer")
}

async fn say(server: &Server, name: &str, message: &str) {
    let answer = expect_status(try_say(server, name, message).await, 200).await;
    assert_eq!(answer.text().await.unwrap(), "");
}

async fn set(admin: &Api, settings: Value) {
    let request = admin.put("/api/rooms/main").json(&json!({"settings": settings}));
    expect_status(request.send().await.unwrap(), 200).await;
}

/// The names listen from now on.
async fn listen(server: &Server, names: &[&str]) {
    let asking: Vec<_> = names
        .iter()
        .map(|name| tokio::spawn(server.visitor().get("/chat").query(&[("name", name)]).send()))
        .collect();
    super::waits(server, names.len()).await;
    // That they were heard is enough; they are to be gone before there is an answer.
    asking.iter().for_each(JoinHandle::abort);
    super::waits(server, 0).await;
}

#[tokio::test]
async fn lines_are_told_to_every_name_once_its_own_among_them() {
    let server = setup().start().await;
    say(&server, "Eva", "before anybody listens").await;
    listen(&server, &["Ana", "Ben"]).await;
    say(&server, "Ana", "Hello Ben").await;
    let form = [("name", "Ben"), ("message", "Hello\nAna: all well?")];
    let answer = expect_status(send(&server, "/chat", &form).await, 200).await;
    assert_eq!(answer.text().await.unwrap(), "");
    for name in ["Ana", "Ben"] {
        let told = lines(&server, name).await;
        assert_eq!(told, "Ana : Hello Ben\nBen : Hello Ana: all well?\n", "{name}");
    }
    // Whoever says something listens from then on.
    assert!(lines(&server, "Eva").await.starts_with("Eva : before anybody listens\nAna : "));
}

#[tokio::test]
async fn a_request_waits_four_and_a_half_seconds_and_not_where_there_is_a_line() {
    let server = setup().start().await;
    let begun = Instant::now();
    assert_eq!(lines(&server, "Ana").await, "");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(4400) && waited < Duration::from_secs(8), "{waited:?}");
    let begun = Instant::now();
    let (told, ()) = tokio::join!(lines(&server, "Ana"), async {
        super::waits(&server, 1).await;
        say(&server, "Ben", "Hello").await;
    });
    assert_eq!(told, "Ben : Hello\n");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn pages_and_older_pages_hear_each_other() {
    let server = setup().start().await;
    listen(&server, &["Ana"]).await;
    let joining = Joining::new(Transport::WebSocket, server.origin()).saying("name", "Ben");
    let mut page = joining.open().await;
    page.command(json!({"kind": "say", "text": "from a page"})).await.offset();
    assert_eq!(lines(&server, "Ana").await, "Ben : from a page\n");
    say(&server, "Ana", "from an older page").await;
    let heard = eventually("the page hears it", async || match page.next_event().await.event {
        Event::Said { name, text, .. } if name == "Ana" => Some(text),
        _ => None,
    })
    .await;
    assert_eq!(heard, "from an older page");
    // Nobody speaks as somebody who is there.
    say(&server, "Ben", "I am not him").await;
    let told = lines(&server, "Ana").await;
    assert!(told.starts_with("Ana : from an older page\n"), "{told}");
    assert!(told.ends_with(" : I am not him\n") && !told.contains("\nBen : "), "{told}");
    assert!(!lines(&server, "Ben").await.is_empty(), "it hears its own words all the same");
}

#[tokio::test]
async fn whoever_is_muted_or_blocked_is_so_by_name() {
    let server = setup().start().await;
    let admin = server.admin().await;
    say(&server, "Ana", "Hello").await;
    say(&server, "Ben", "Hello").await;
    let said = &admin.json("/api/rooms/main/chat").await["said"];
    let ana = said[1]["by"]["id"].as_str().expect("an id").to_owned();
    assert_ne!(said[0]["by"]["id"], ana, "everybody is somebody");
    let moderate = async |kind: &str| {
        expect_status(admin.command(json!({"kind": kind, "person": ana})).await, 200).await;
    };
    moderate("mute").await;
    expect_problem(try_say(&server, "Ana", "x").await, 403, "muted").await;
    expect_problem(try_say(&server, "ANA", "x").await, 403, "muted").await;
    say(&server, "Ben", "I may").await;
    moderate("unmute").await;
    moderate("block").await;
    expect_problem(try_say(&server, "Ana", "x").await, 403, "blocked").await;
    let asked = server.visitor().get("/chat?name=Ana").send().await.unwrap();
    expect_problem(asked, 403, "blocked").await;
}

#[tokio::test]
async fn the_settings_of_the_room_count() {
    let server = setup().start().await;
    let admin = server.admin().await;
    set(&admin, json!({"slow": 30})).await;
    say(&server, "Ana", "one").await;
    expect_problem(try_say(&server, "Ana", "two").await, 429, "slow_mode").await;
    say(&server, "Ben", "each has a pause of their own").await;

    set(&admin, json!({"slow": 0, "approval": true})).await;
    listen(&server, &["Eva"]).await;
    say(&server, "Ana", "held").await;
    let held = &admin.json("/api/rooms/main/chat/held").await["held"];
    assert_eq!((&held[0]["name"], &held[0]["text"]), (&json!("Ana"), &json!("held")));
    let path = format!("/api/rooms/main/chat/held/{}", held[0]["id"].as_str().unwrap());
    expect_status(admin.post(&path).send().await.unwrap(), 201).await;
    assert_eq!(lines(&server, "Eva").await, "Ana : held\n");

    for chat in ["users", "nobody"] {
        set(&admin, json!({"approval": false, "chat": chat})).await;
        let refused = try_say(&server, "Ana", "x").await;
        assert!([401, 403].contains(&refused.status().as_u16()), "{chat}: {refused:?}");
    }
}

#[tokio::test]
async fn what_was_deleted_or_edited_before_it_was_heard_is_so() {
    let server = setup().start().await;
    let admin = server.admin().await;
    listen(&server, &["Eva"]).await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).saying("name", "Ben");
    page = page.saying("person", "a-person-of-a-test-1");
    let mut page = page.open().await;
    for text in ["one", "two", "three"] {
        page.command(json!({"kind": "say", "text": text})).await.offset();
    }
    let said = admin.json("/api/rooms/main/chat").await["said"].clone();
    let delete = json!({"kind": "delete_said", "said": said[1]["id"]});
    expect_status(admin.command(delete).await, 200).await;
    let edit = json!({"kind": "edit_said", "said": said[2]["id"], "text": "ONE"});
    page.command(edit).await.offset();
    assert_eq!(lines(&server, "Eva").await, "Ben : ONE\nBen : three\n");
}

#[tokio::test]
async fn a_queue_is_bounded_and_holds_the_newest() {
    let server = setup().arg("--durability").arg("relaxed").start().await;
    listen(&server, &["Eva"]).await;
    for number in 0..300 {
        say(&server, "Ana", &number.to_string()).await;
    }
    let told = lines(&server, "Eva").await;
    assert!(told.lines().count() <= 200, "{}", told.lines().count());
    assert!(told.ends_with("Ana : 298\nAna : 299\n"), "{told}");
}

#[tokio::test]
async fn what_nobody_can_say_or_be_called_is_refused_by_name() {
    let server = setup().start().await;
    let long = "x".repeat(2001);
    for (name, message, code) in [
        ("", "Hello", "bad_name"),
        ("Host: all", "Hello", "bad_name"),
        ("a\nb", "Hello", "bad_name"),
        ("\u{200b}", "Hello", "bad_name"),
        (&"x".repeat(41), "Hello", "bad_name"),
        ("Ana", " \n ", "bad_said"),
        ("Ana", "a\0b", "bad_said"),
        ("Ana", &long, "bad_said"),
    ] {
        expect_problem(try_say(&server, name, message).await, 422, code).await;
    }
    let post = send(&server, "/chat", &[("name", "Ana")]).await;
    expect_problem(post, 422, "bad_said").await;
    for (query, status, code) in [
        ("", 422, "bad_name"),
        ("?name=", 422, "bad_name"),
        ("?name=a%3Ab", 422, "bad_name"),
        ("?name=%ff", 400, "bad_query"),
        ("?name=Ana&message=%ff", 400, "bad_query"),
    ] {
        let answer = server.publisher().get(&format!("/chat{query}")).send().await.unwrap();
        expect_problem(answer, status, code).await;
    }
}

#[tokio::test]
async fn a_request_for_lines_ends_at_once_when_the_server_stops() {
    let mut server = setup().start().await;
    let visitor = server.visitor();
    let waiting = tokio::spawn(async move { visitor.get("/chat?name=Ana").send().await });
    super::waits(&server, 1).await;
    let begun = Instant::now();
    assert!(server.stop().await.success());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(waiting.await.unwrap().unwrap().text().await.unwrap(), "");
}
