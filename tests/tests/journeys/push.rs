//! What is pushed to one user reaches every page of theirs, once and in order, and nobody else.

use nowcast_shared::error::Reason;
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Page, Transport, new_client_id};
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::token::{self, KEY};
use serde_json::{Value, json};

over_every_transport![
    a_push_reaches_every_page_of_its_user_and_no_other,
    a_push_never_comes_before_the_welcome,
    a_page_that_comes_back_gets_the_pushes_that_it_missed,
    a_push_that_is_stored_waits_for_the_next_visit_and_comes_once,
    what_was_stored_outlives_a_crash,
    a_page_that_broke_when_it_was_given_what_was_stored_gets_it_again,
    pushes_of_a_registration_by_command_come_from_then_on,
    a_page_that_renews_its_registration_as_it_comes_back_lacks_no_push,
    many_pushes_come_once_and_in_order_through_a_network_that_breaks,
];

async fn server() -> Server {
    Setup::new().env("NOWCAST_USER_KEY", KEY).start().await
}

fn user(server: &Server, transport: Transport, user: &str) -> Joining {
    Joining::new(transport, server.origin()).saying("token", token::of(user))
}

/// Pushes as a program does; how many sessions were reached.
async fn push(api: &Api, body: Value) -> u64 {
    let answer = api.post("/api/push").json(&body).send().await.expect("an answer");
    let body: Value = expect_status(answer, 202).await.json().await.expect("JSON");
    body["delivered"].as_u64().unwrap_or_else(|| panic!("{body} has no count"))
}

async fn push_to(server: &Server, user: &str, data: impl Into<Value>) -> u64 {
    push(&server.publisher(), json!({"destination": user, "data": data.into()})).await
}

async fn store(server: &Server, user: &str, data: impl Into<Value>) -> u64 {
    let body = json!({"destination": user, "data": data.into(), "store": true});
    push(&server.publisher(), body).await
}

/// The pushes that a page has been given by now.
async fn given(server: &Server, page: &mut Page, mark: &str) -> Vec<Value> {
    server.publisher().say(mark).await;
    page.pushes_until(mark).await
}

async fn a_push_reaches_every_page_of_its_user_and_no_other(transport: Transport) {
    let server = server().await;
    let made = server.admin().await.put("/api/rooms/other").json(&json!({"title": "Other"}));
    expect_status(made.send().await.unwrap(), 201).await;
    let mut pages = Vec::new();
    for joining in [
        user(&server, transport, "ana"),
        user(&server, Transport::WebSocket, "ana"),
        user(&server, transport, "ana").room("other"),
    ] {
        pages.push(joining.open().await);
    }
    let mut eva = user(&server, transport, "eva").open().await;
    let mut nobody = Joining::new(transport, server.origin()).open().await;

    let data = json!({"deep": [1, null, "a\nb\u{2028}c"], "number": 1.5});
    assert_eq!(push_to(&server, "ana", data.clone()).await, 3);
    for page in &mut pages {
        assert_eq!(page.next_push().await, data);
    }
    let form = [("destination", "ana"), ("data", "5 < 6 & \"7\""), ("room", "other")];
    let answer = server.publisher().post("/api/push").form(&form).send().await.unwrap();
    let body: Value = expect_status(answer, 202).await.json().await.unwrap();
    assert_eq!(body, json!({"delivered": 1}));
    assert_eq!(pages[2].next_push().await, "5 < 6 & \"7\"");

    assert_eq!(push_to(&server, "somebody else", "x").await, 0);
    for page in pages.iter_mut().take(2).chain([&mut eva, &mut nobody]) {
        let mark = page.client().to_owned();
        assert!(given(&server, page, &mark).await.is_empty());
    }
}

async fn a_push_never_comes_before_the_welcome(transport: Transport) {
    let server = server().await;
    for number in 0..20 {
        // What is not the welcome at first fails the page.
        let ana = format!("ana {number}");
        let opening = user(&server, transport, &ana).open();
        let (mut page, reached) = tokio::join!(opening, push_to(&server, &ana, number));
        if reached == 1 {
            assert_eq!(page.next_push().await, number);
        }
    }
}

async fn a_page_that_comes_back_gets_the_pushes_that_it_missed(transport: Transport) {
    let server = server().await;
    let mut page = user(&server, transport, "ana").open().await;
    push_to(&server, "ana", 1).await;
    assert_eq!(page.next_push().await, 1);
    let gone = page.resuming();
    drop(page);
    for number in 2..=20 {
        push_to(&server, "ana", number).await;
        push_to(&server, "eva", "not for ana").await;
    }
    let mut page = gone.clone().open().await;
    for number in 2..=20 {
        assert_eq!(page.next_push().await, number);
    }
    push_to(&server, "ana", 21).await;
    assert_eq!(page.next_push().await, 21);

    let mut again = page.resuming().open().await;
    assert!(given(&server, &mut again, "nothing is given twice").await.is_empty());
    // Another way is the same page.
    let other = if transport == Transport::Sse { Transport::LongPoll } else { Transport::Sse };
    let mut other = gone.over(other).client(new_client_id()).open().await;
    for number in 2..=21 {
        assert_eq!(other.next_push().await, number);
    }
}

async fn a_push_that_is_stored_waits_for_the_next_visit_and_comes_once(transport: Transport) {
    let server = server().await;
    assert_eq!(store(&server, "ana", "first").await, 0);
    assert_eq!(store(&server, "ana", "second").await, 0);
    assert_eq!(push_to(&server, "ana", "not stored").await, 0);
    let mut eva = user(&server, transport, "eva").open().await;
    let mut ana = user(&server, transport, "ana").open().await;
    assert_eq!(ana.next_push().await, "first");
    assert_eq!(ana.next_push().await, "second");
    assert_eq!(store(&server, "ana", "third").await, 1);
    assert_eq!(ana.next_push().await, "third");
    assert!(given(&server, &mut ana, "done").await.is_empty());

    let mut late = user(&server, transport, "ana").open().await;
    for page in [&mut late, &mut eva] {
        let mark = page.client().to_owned();
        assert!(given(&server, page, &mark).await.is_empty(), "it was taken, or is not theirs");
    }
}

async fn what_was_stored_outlives_a_crash(transport: Transport) {
    let mut server = server().await;
    let mut ana = user(&server, transport, "ana").open().await;
    push_to(&server, "ana", "before").await;
    assert_eq!(ana.next_push().await, "before");
    let gone = ana.resuming();
    drop(ana);
    server.kill().await;
    server.restart().await;
    for number in 0..5 {
        store(&server, "ana", number).await;
    }
    server.kill().await;
    server.restart().await;
    // Its ids grow across all of that, or this fails the page.
    let mut ana = gone.at(server.origin()).open().await;
    for number in 0..5 {
        assert_eq!(ana.next_push().await, number);
    }
    push_to(&server, "ana", "after").await;
    assert_eq!(ana.next_push().await, "after");
}

async fn a_page_that_broke_when_it_was_given_what_was_stored_gets_it_again(transport: Transport) {
    let server = server().await;
    for number in 0..3 {
        store(&server, "ana", number).await;
    }
    let mut ana = user(&server, transport, "ana").open().await;
    let fresh = ana.resuming();
    assert_eq!(ana.next_push().await, 0);
    let broken = ana.resuming();
    drop(ana);
    let mut ana = broken.open().await;
    assert_eq!(ana.next_push().await, 1);
    assert_eq!(ana.next_push().await, 2);
    drop(ana);
    // It saw none of them, and says so.
    let mut ana = fresh.pushed("0").open().await;
    for number in 0..3 {
        assert_eq!(ana.next_push().await, number);
    }
}

async fn pushes_of_a_registration_by_command_come_from_then_on(transport: Transport) {
    let server = server().await;
    store(&server, "ana", "stored").await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    assert!(given(&server, &mut page, "before").await.is_empty());
    let register = |user: &str| json!({"kind": "register", "token": token::of(user)});
    page.command(register("ana")).await.done();
    assert_eq!(page.next_push().await, "stored");
    assert_eq!(push_to(&server, "ana", "now").await, 1);
    assert_eq!(page.next_push().await, "now");
    page.command(register("eva")).await.done();
    assert_eq!(push_to(&server, "ana", "not any more").await, 0);
    assert_eq!(push_to(&server, "eva", "hers").await, 1);
    assert_eq!(page.next_push().await, "hers");
}

async fn a_page_that_renews_its_registration_as_it_comes_back_lacks_no_push(transport: Transport) {
    let server = server().await;
    let mut page = user(&server, transport, "ana").open().await;
    push_to(&server, "ana", 0).await;
    assert_eq!(page.next_push().await, 0);
    let gone = page.resuming();
    drop(page);
    for number in 1..=3 {
        push_to(&server, "ana", number).await;
    }
    let mut page = gone.open().await;
    let renewed = token::signed(&json!({"sub": "ana", "exp": token::in_seconds(7200)}));
    page.command(json!({"kind": "register", "token": renewed})).await.done();
    push_to(&server, "ana", 4).await;
    for number in 1..=4 {
        assert_eq!(page.next_push().await, number);
    }
}

async fn many_pushes_come_once_and_in_order_through_a_network_that_breaks(transport: Transport) {
    let server = server().await;
    let proxy = Proxy::start(server.address()).await;
    let joining = Joining::new(transport, proxy.origin()).saying("token", token::of("ana"));
    let mut page = joining.pushed("0").open().await;
    let count = 60;
    let publisher = server.publisher();
    let pushing = async {
        for number in 0..count {
            push(&publisher, json!({"destination": "ana", "data": number})).await;
            if number % 10 == 9 {
                proxy.cut();
            }
        }
        push(&publisher, json!({"destination": "ana", "data": "end"})).await;
    };
    let reading = async {
        let mut seen = Vec::new();
        loop {
            match page.next_frame().await {
                Some(nowcast_shared::frame::ServerFrame::Push { data, .. }) if data == "end" => {
                    return seen;
                }
                Some(nowcast_shared::frame::ServerFrame::Push { data, .. }) => seen.push(data),
                Some(_) => {}
                None => page = page.come_back().await,
            }
        }
    };
    let (seen, ()) = tokio::join!(reading, pushing);
    assert_eq!(seen, (0..count).map(Value::from).collect::<Vec<_>>());
}

/// A page that polls by hand.
struct Polling<'a> {
    server: &'a Server,
    client: String,
    next: String,
}

impl<'a> Polling<'a> {
    async fn start(server: &'a Server, token: &str) -> Self {
        let mut page = Self { server, client: new_client_id(), next: String::new() };
        let welcome = page.answer(token, "").await;
        welcome["next"].as_str().expect("a position").clone_into(&mut page.next);
        page
    }

    /// What one poll from the beginning is answered with; `more` ends its address.
    async fn answer(&self, token: &str, more: &str) -> Value {
        let Self { client, next, .. } = self;
        let path =
            format!("/api/rooms/main/poll?client={client}&token={token}&since={next}&wait=2{more}");
        let answer = self.server.visitor().get(&path).send().await.expect("an answer");
        expect_status(answer, 200).await.json().await.expect("JSON")
    }

    /// The pushes in the first answer that has some.
    async fn next_pushes(&self, token: &str) -> Vec<Value> {
        loop {
            let pushes = self.pushes(token, "").await;
            if !pushes.is_empty() {
                return pushes;
            }
        }
    }

    /// The pushes in one answer.
    async fn pushes(&self, token: &str, more: &str) -> Vec<Value> {
        let answer = self.answer(token, more).await;
        let frames = answer["frames"].as_array().expect("frames").iter();
        frames.filter(|frame| frame["t"] == "push").cloned().collect()
    }
}

fn data(pushes: &[Value]) -> Vec<&Value> {
    pushes.iter().map(|push| &push["data"]).collect()
}

#[tokio::test]
async fn an_answer_to_a_poll_that_got_lost_is_given_again() {
    let server = server().await;
    let token = token::of("ana");
    let page = Polling::start(&server, &token).await;
    for number in 0..2 {
        push_to(&server, "ana", number).await;
    }
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(page.pushes(&token, "").await);
    }
    // Of these answers only the first push arrived, or none; each time the rest comes again, once.
    let first = seen[0]["id"].as_str().unwrap();
    assert_eq!(page.pushes(&token, &format!("&pushed={first}")).await, seen[1..]);
    assert_eq!(page.pushes(&token, "&pushed=0").await, seen);
    push_to(&server, "ana", 2).await;
    let rest = page.pushes(&token, &format!("&pushed={first}")).await;
    assert_eq!(rest.len(), 2, "{rest:?}");
    assert_eq!((&rest[0], &rest[1]["data"]), (&seen[1], &json!(2)));
}

#[tokio::test]
async fn a_page_that_polls_by_a_renewed_token_lacks_no_push() {
    let server = server().await;
    let until =
        |exp: i64, name: &str| token::signed(&json!({"sub": "ana", "exp": exp, "name": name}));
    let ends = token::in_seconds(5);
    let page = Polling::start(&server, &until(ends, "Ana")).await;
    assert_eq!(store(&server, "ana", "A").await, 1);
    let renewed = until(ends + 600, "Ana");
    let seen = page.pushes(&renewed, "").await;
    assert_eq!(data(&seen), ["A"]);

    let pushed = format!("&pushed={}", seen[0]["id"].as_str().unwrap());
    assert_eq!(store(&server, "ana", "B").await, 1);
    let called = until(ends + 700, "Anna");
    assert_eq!(data(&page.pushes(&called, &pushed).await), ["B"], "in the first answer");
    let again = until(ends + 800, "Anna");
    assert_eq!(data(&page.pushes(&again, &pushed).await), ["B"], "that may be lost");

    // It is called as the newest token says, and stays beyond the end of the first.
    let mut told = String::new();
    while token::in_seconds(0) <= ends {
        told += &page.answer(&called, "").await["frames"].to_string();
    }
    assert!(told.contains("Anna") && !told.contains("goodbye"), "{told}");
}

#[tokio::test]
async fn what_waits_for_a_poll_is_not_for_another_user() {
    let server = server().await;
    let (ana, eva) = (token::of("ana"), token::of("eva"));
    let page = Polling::start(&server, &ana).await;
    assert_eq!(store(&server, "ana", "ana's").await, 1);
    for more in ["", "&pushed=0"] {
        assert!(page.pushes(&eva, more).await.is_empty());
    }
    push_to(&server, "eva", "eva's").await;
    assert_eq!(data(&page.next_pushes(&eva).await), ["eva's"]);

    let path = format!("/api/rooms/main/commands?client={}", page.client);
    let register = json!({"command": {"kind": "register", "token": ana}});
    push_to(&server, "eva", "eva's again").await;
    let answer = server.visitor().post(&path).json(&register).send().await.unwrap();
    expect_status(answer, 200).await;
    push_to(&server, "ana", "ana's again").await;
    assert_eq!(data(&page.next_pushes(&ana).await), ["ana's again"]);
}

#[tokio::test]
async fn pushing_takes_the_right_to() {
    let mut server = server().await;
    let body = json!({"destination": "ana", "data": 1});
    let send = async |api: &Api, body: &Value| {
        api.post("/api/push").json(body).send().await.expect("an answer")
    };
    expect_problem(send(&server.visitor(), &body).await, 401, "unauthorized").await;
    expect_status(send(&server.admin().await, &body).await, 202).await;
    let path = format!("/api/push?token={}", token::of("ana"));
    let by_user = server.visitor().post(&path).json(&body).send().await.unwrap();
    expect_problem(by_user, 403, "forbidden").await;

    server.stop().await;
    let mut tokens = Vec::new();
    for arguments in
        [&["token", "--scopes", "publish"][..], &["token", "--scopes", "push", "--rooms", "main"]]
    {
        tokens.push(server.task(arguments).await.stdout.trim().to_owned());
    }
    server.restart().await;
    let program = |token: &String| {
        let credential = nowcast_tests::api::Credential::Token(token.clone());
        Api::new(server.origin(), credential)
    };
    expect_problem(send(&program(&tokens[0]), &body).await, 403, "forbidden").await;
    expect_problem(send(&program(&tokens[1]), &body).await, 403, "forbidden").await;
    let here = json!({"destination": "ana", "data": 1, "room": "main"});
    expect_status(send(&program(&tokens[1]), &here).await, 202).await;

    let open = Setup::new().arg("--open").start().await;
    expect_status(send(&open.visitor(), &body).await, 202).await;
}

#[tokio::test]
async fn what_is_no_push_is_refused_by_name() {
    let server = server().await;
    let publisher = server.publisher();
    for (body, status, code) in [
        (json!({"data": 1}), 400, "bad_request"),
        (json!({"destination": "ana"}), 400, "bad_request"),
        (json!({"destination": "", "data": 1}), 400, "bad_request"),
        (json!({"destination": 5, "data": 1}), 400, "bad_request"),
        (json!({"destination": "x".repeat(129), "data": 1}), 400, "bad_request"),
        (json!({"destination": "ana", "data": 1, "room": "No Room"}), 400, "bad_room"),
        (json!({"destination": "ana", "data": 1, "room": "nowhere"}), 404, "unknown_room"),
        (json!({"destination": "ana", "data": "x".repeat(65_536)}), 413, "too_large"),
        (json!([]), 400, "bad_request"),
    ] {
        let answer = publisher.post("/api/push").json(&body).send().await.unwrap();
        expect_problem(answer, status, code).await;
    }
    for form in [
        &[("destination", "ana")][..],
        &[("data", "x")],
        &[("destination", "a"), ("data", "x"), ("store", "perhaps")],
    ] {
        let answer = publisher.post("/api/push").form(&form).send().await.unwrap();
        expect_problem(answer, 400, "bad_request").await;
    }
    let bad = publisher.post("/api/push").body("destination=ana").send().await.unwrap();
    expect_problem(bad, 415, "unsupported_type").await;
    for pushed in ["x", "n1", "nzzzzzzzzzzzzz"] {
        let joining = user(&server, Transport::Sse, "ana").pushed(pushed);
        let refused = joining.try_open().await.err().map(|problem| problem.code);
        assert_eq!(refused.as_deref(), Some("bad_query"), "{pushed}");
    }
}

#[tokio::test]
async fn what_waits_for_a_user_is_bounded_by_name() {
    let server = server().await;
    for number in 0..100 {
        store(&server, "ana", number).await;
    }
    let body = json!({"destination": "ana", "data": "one more", "store": true});
    let answer = server.publisher().post("/api/push").json(&body).send().await.unwrap();
    expect_problem(answer, 409, "pushes_full").await;
    let large = "x".repeat(60_000);
    for _ in 0..17 {
        store(&server, "eva", large.as_str()).await;
    }
    let body = json!({"destination": "eva", "data": large, "store": true});
    let answer = server.publisher().post("/api/push").json(&body).send().await.unwrap();
    expect_problem(answer, 409, "pushes_full").await;
    let mut eva = user(&server, Transport::WebSocket, "eva").open().await;
    for _ in 0..17 {
        assert_eq!(eva.next_push().await, large.as_str());
    }
    let mut ana = user(&server, Transport::WebSocket, "ana").open().await;
    for number in 0..100 {
        assert_eq!(ana.next_push().await, number);
    }
    store(&server, "ana", "one more").await;
    assert_eq!(ana.next_push().await, "one more");
}

#[tokio::test]
async fn a_page_that_does_not_read_its_pushes_hurts_only_itself() {
    for transport in [Transport::WebSocket, Transport::Sse] {
        let server = server().await;
        let proxy = Proxy::start(server.address()).await;
        let joining = Joining::new(transport, proxy.origin()).saying("token", token::of("ana"));
        let mut slow = joining.open().await;
        let mut well = user(&server, transport, "ana").open().await;
        proxy.set(|rules| rules.stall = true);
        let large = "x".repeat(60_000);
        for _ in 0..160 {
            push_to(&server, "ana", large.as_str()).await;
            assert_eq!(well.next_push().await, large.as_str());
        }
        proxy.set(|rules| rules.stall = false);
        // Who reads nothing for too long is cut off before it can hear the reason, which is counted.
        let goodbye = slow.ending().await.goodbye.map(|(reason, _)| reason);
        assert!(matches!(goodbye, None | Some(Reason::SlowConsumer)), "{goodbye:?}");
        assert_eq!(server.counted("nowcast_slow_consumers_total").await, 1);
    }
}
