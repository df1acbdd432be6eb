//! What people are called, and who is here.

use nowcast_shared::error::Code;
use nowcast_shared::event::Event;
use nowcast_shared::signal::NAMED;
use nowcast_tests::api::{expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Page, Transport, new_client_id};
use nowcast_tests::server::{Server, Setup};
use serde_json::{Value, json};

over_every_transport![
    the_second_of_a_name_gets_a_number_and_keeps_it_over_reconnects,
    a_name_is_changed_and_taken_away,
    names_that_would_deceive_are_refused_by_name,
    an_admins_name_is_nobody_elses,
    joins_and_leaves_are_told_once,
    a_reload_and_a_second_tab_show_nothing,
    whatever_a_page_asks_for_is_asked_by_who_it_is,
    who_is_here_is_known_in_one_room_and_not_in_the_other,
];

/// A server on which whoever is gone for a moment has left.
async fn hasty() -> Server {
    Setup::new().arg("--presence-grace=100").start().await
}

fn joining(server: &Server, transport: Transport, name: &str) -> Joining {
    Joining::new(transport, server.origin()).saying("name", name)
}

async fn watcher(server: &Server) -> Page {
    Joining::new(Transport::WebSocket, server.origin()).open().await
}

fn name(name: &str) -> Value {
    json!({"kind": "name", "name": name})
}

async fn the_second_of_a_name_gets_a_number_and_keeps_it_over_reconnects(transport: Transport) {
    let server = Server::start().await;
    let mut watcher = watcher(&server).await;
    let first = joining(&server, transport, "Ana").open().await;
    watcher.sees_names(&["Ana"]).await;
    let mut second = joining(&server, transport, " aNA ").open().await;
    let you = second.is_told(|you| you.name.is_some()).await;
    assert_eq!(you.name.as_deref(), Some("aNA 2"));
    watcher.sees_names(&["Ana", "aNA 2"]).await;

    // The first leaves for a moment, and the second comes back before it.
    let (again, first) = (second.resuming(), first.resuming());
    drop(second);
    let mut second = again.open().await;
    if transport != Transport::LongPoll {
        assert_eq!(second.is_told(|_| true).await.name.as_deref(), Some("aNA 2"));
    }
    second.command(json!({"kind": "say", "text": "still here"})).await.offset();
    let said = watcher.next_event().await;
    assert_eq!(said.by.name.as_deref(), Some("aNA 2"));
    let _first = first.open().await;
    server.publisher().say("later").await;
    assert_eq!(watcher.next_texts(1).await, ["later"]);
    assert_eq!(watcher.names(), ["Ana", "aNA 2"]);
}

async fn a_name_is_changed_and_taken_away(transport: Transport) {
    let server = Server::start().await;
    let mut watcher = watcher(&server).await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut tab = Joining::new(transport, server.origin());
    for (wanted, shown) in
        [("Ana", "Ana"), ("  Ana   Maria ", "Ana Maria"), ("ANA MARIA", "ANA MARIA")]
    {
        page.command(name(wanted)).await.done();
        let you = page.is_told(|you| you.name.as_deref() == Some(shown)).await;
        watcher.sees_names(&[shown]).await;
        assert!(you.id.0.starts_with('p'));
    }
    page.command(name("")).await.done();
    page.is_told(|you| you.name.is_none()).await;
    watcher.sees_names(&[]).await;

    // Every page of a person hears of its name.
    tab = tab.saying("person", "person-of-a-test_1");
    let mut one = tab.clone().open().await;
    let mut other = tab.client(new_client_id()).open().await;
    one.command(name("Eva")).await.done();
    let you = other.is_told(|you| you.name.as_deref() == Some("Eva")).await;
    assert_eq!(one.is_told(|you| you.name.is_some()).await, you, "they are the same person");
    watcher.sees_names(&["Eva"]).await;
}

async fn names_that_would_deceive_are_refused_by_name(transport: Transport) {
    let server = Server::start().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let long = "x".repeat(41);
    for bad in ["a\nb", "\u{202e}ana", "a\u{200b}", "\u{2066}x", "\0", "Host: x", &long] {
        assert_eq!(page.command(name(bad)).await.code(), Code::BadName, "{bad:?}");
        let refused = joining(&server, transport, bad).try_open().await.err();
        let refused = refused.map(|problem| (problem.status, problem.code));
        assert_eq!(refused, Some((422, "bad_name".to_owned())), "{bad:?}");
    }
    for bad in ["short", "person with blanks", &"x".repeat(65)] {
        let person = Joining::new(transport, server.origin()).saying("person", bad);
        let refused = person.try_open().await.err().map(|problem| problem.code);
        assert_eq!(refused.as_deref(), Some("bad_client"), "{bad:?}");
    }
}

async fn an_admins_name_is_nobody_elses(transport: Transport) {
    let server = Server::start().await;
    let mut early = joining(&server, transport, "host").open().await;
    let mut watcher = watcher(&server).await;
    watcher.sees_names(&["host"]).await;
    let admin = server.admin().await;
    early.is_told(|you| you.name.as_deref() == Some("host 2")).await;
    watcher.sees_names(&["host 2"]).await;

    let mut late = joining(&server, transport, "HOST").open().await;
    assert_eq!(late.is_told(|_| true).await.name.as_deref(), Some("HOST 3"));
    let feed = Joining::new(transport, server.origin()).as_who(&admin);
    let mut host = feed.saying("name", "Somebody").open().await;
    assert_eq!(host.is_told(|_| true).await.name.as_deref(), Some("Host"));
    assert_eq!(host.command(name("Ana")).await.code(), Code::Forbidden);

    let renamed = admin.put("/api/me").json(&json!({"name": "Boss"})).send().await.unwrap();
    expect_status(renamed, 200).await;
    late.command(name("Boss")).await.done();
    late.is_told(|you| you.name.as_deref() == Some("Boss 2")).await;
}

async fn joins_and_leaves_are_told_once(transport: Transport) {
    let server = hasty().await;
    let mut watcher = watcher(&server).await;
    let mut ana = joining(&server, transport, "Ana").open().await;
    ana.sees_names(&["Ana"]).await;
    let eva = joining(&server, Transport::WebSocket, "Eva").open().await;
    for page in [&mut watcher, &mut ana] {
        page.sees_names(&["Ana", "Eva"]).await;
    }
    drop(eva);
    for page in [&mut watcher, &mut ana] {
        page.sees_names(&["Ana"]).await;
        assert_eq!(page.presence(|presence| presence.count == 2).await.count, 2);
    }
    // A page on long polls goes on where it was, and knows what it knew.
    let mut back = if transport == Transport::LongPoll { ana } else { ana.resuming().open().await };
    back.sees_names(&["Ana"]).await;
    let late = joining(&server, transport, "Ben").open().await;
    back.sees_names(&["Ana", "Ben"]).await;
    drop(late);
}

async fn a_reload_and_a_second_tab_show_nothing(transport: Transport) {
    let server = Server::start().await;
    let mut watcher = watcher(&server).await;
    let person = joining(&server, transport, "Ana").saying("person", "person-of-a-test_2");
    let first = person.clone().open().await;
    watcher.sees_names(&["Ana"]).await;
    let before = watcher.presence(|presence| presence.count == 2).await;

    let second = person.clone().client(new_client_id()).open().await;
    drop(first);
    let reloaded = person.clone().client(new_client_id()).open().await;
    drop(second);
    drop(reloaded);
    let _back = person.client(new_client_id()).open().await;

    // Whatever of that were told would come before this.
    let ben = joining(&server, Transport::Sse, "Ben").open().await;
    watcher.sees_names(&["Ana", "Ben"]).await;
    let after = watcher.presence(|presence| presence.count == 3).await;
    assert_eq!(after.version - before.version, 2, "Ben came, and has a name; nothing else");
    drop(ben);
}

async fn whatever_a_page_asks_for_is_asked_by_who_it_is(transport: Transport) {
    let server = Server::start().await;
    let mut watcher = watcher(&server).await;
    let person = Joining::new(transport, server.origin()).saying("person", "person-of-a-test_3");
    let mut page = person.clone().saying("name", "Ana").open().await;
    let mut tab = person.over(Transport::WebSocket).client(new_client_id()).open().await;
    let you = tab.is_told(|_| true).await;
    let mut by = Vec::new();
    for page in [&mut page, &mut tab] {
        page.command(json!({"kind": "say", "text": "hello", "name": "Somebody else"}))
            .await
            .offset();
        let said = watcher.next_event().await;
        assert!(matches!(&said.event, Event::Said { name, .. } if name == "Ana"), "{said:?}");
        by.push(said.by);
    }
    assert_eq!(by[0], by[1], "two pages of one person");
    assert_eq!(Some(by[0].id.clone()), Some(you.id));

    // A program is not taken for somebody who is there.
    let words = json!({"text": "hello", "name": "ana"});
    let said = server.visitor().post("/api/rooms/main/chat").json(&words).send().await.unwrap();
    expect_status(said, 201).await;
    let said = watcher.next_event().await;
    assert!(matches!(&said.event, Event::Said { name, .. } if name == "ana 2"), "{said:?}");
}

async fn who_is_here_is_known_in_one_room_and_not_in_the_other(transport: Transport) {
    let server = Server::start().await;
    let made = server.admin().await.put("/api/rooms/other").json(&json!({"title": "Other"}));
    expect_status(made.send().await.unwrap(), 201).await;
    let mut here = joining(&server, transport, "Ana").open().await;
    let mut there = joining(&server, transport, "Ana").room("other").open().await;
    here.sees_names(&["Ana"]).await;
    there.sees_names(&["Ana"]).await;
    let late = Joining::new(transport, server.origin()).room("other").open().await;
    assert_eq!(late.snapshot().presence.people.len(), 1);
    assert_eq!(late.snapshot().presence.count, 2);
}

#[tokio::test]
async fn only_open_pages_have_a_name() {
    let server = Server::start().await;
    let answer = server.visitor().post("/api/rooms/main/commands");
    let answer = answer.json(&json!({"command": name("Ana")})).send().await.unwrap();
    expect_problem(answer, 400, "bad_client").await;
}

#[tokio::test]
async fn of_a_crowd_only_the_count_is_told() {
    let server = hasty().await;
    let mut watcher = watcher(&server).await;
    let mut pages = Vec::new();
    for number in 0..NAMED {
        let name = format!("Ana {number}");
        pages.push(joining(&server, Transport::WebSocket, &name).open().await);
    }
    watcher.presence(|presence| presence.count == NAMED as u64 + 1).await;
    watcher.sees_names(&[]).await;
    let late = joining(&server, Transport::Sse, "Late").open().await;
    assert!(late.snapshot().presence.people.is_empty());
    assert_eq!(late.snapshot().presence.count, NAMED as u64 + 2);
    drop(late);
    pages.truncate(3);
    watcher.sees_names(&["Ana 0", "Ana 1", "Ana 2"]).await;
    // A leave that were told before its join, or a frame that did not continue, failed the page.
    watcher.presence(|presence| presence.count == 4).await;
}

#[tokio::test]
async fn a_page_that_did_not_read_for_long_knows_who_is_here() {
    use nowcast_tests::proxy::Proxy;
    for transport in [Transport::WebSocket, Transport::Sse] {
        let server = hasty().await;
        let proxy = Proxy::start(server.address()).await;
        let mut slow = Joining::new(transport, proxy.origin()).open().await;
        let mut watcher = watcher(&server).await;
        proxy.set(|rules| rules.stall = true);
        for number in 0..3 {
            let name = format!("Ana {number}");
            let ana = joining(&server, Transport::WebSocket, &name).open().await;
            watcher.sees_names(&[name.as_str()]).await;
            drop(ana);
            watcher.sees_names(&[]).await;
        }
        let _eva = joining(&server, Transport::WebSocket, "Eva").open().await;
        watcher.sees_names(&["Eva"]).await;
        proxy.set(|rules| rules.stall = false);
        slow.sees_names(&["Eva"]).await;
    }
}
