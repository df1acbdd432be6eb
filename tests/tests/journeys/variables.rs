//! Shared variables: seen alike by pages and programs, written by those who may.

use futures_util::future::join_all;
use nowcast_shared::error::Code;
use nowcast_shared::event::Event;
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Page, Transport};
use nowcast_tests::request::RequestBuilder;
use nowcast_tests::server::{Server, Setup};
use reqwest::Response;
use serde_json::{Value, json};

over_every_transport![
    a_variable_is_the_same_to_every_page_and_program,
    pages_write_only_what_the_room_lists,
    of_those_who_set_at_once_one_wins,
];

const VARS: &str = "/api/rooms/main/vars";

fn of(name: &str) -> String {
    format!("{VARS}/{name}")
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer")
}

async fn put(api: &Api, name: &str, value: &Value) -> Response {
    send(api.put(&of(name)).json(value)).await
}

fn set(name: &str, value: &Value) -> Value {
    json!({"kind": "set", "name": name, "value": value})
}

fn tag(answer: &Response) -> String {
    answer.headers()["etag"].to_str().expect("a tag is ASCII").to_owned()
}

/// The next event of the page: the name, the value and the version that it sets, or just the name.
async fn next(page: &mut Page) -> (String, Option<(Value, u64)>) {
    let event = page.next_event().await;
    match event.event {
        Event::VariableSet { name, value, version } => {
            assert_eq!(version, event.offset.0, "the version is the event's place");
            (name, Some((value, version)))
        }
        Event::VariableUnset { name } => (name, None),
        other => panic!("{other:?}"),
    }
}

async fn a_variable_is_the_same_to_every_page_and_program(transport: Transport) {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let joining = || Joining::new(transport, server.origin());
    let mut page = joining().open().await;
    let mut desk = joining().as_who(&admin).open().await;
    for value in [json!(3), json!("three"), json!({"a": [1, 2.5, null, true]}), json!(null)] {
        let version = desk.command(set("goal", &value)).await.offset();
        assert_eq!(next(&mut page).await, ("goal".to_owned(), Some((value.clone(), version))));
        let answer = send(server.visitor().get(&of("goal"))).await;
        assert_eq!(tag(&answer), format!("\"{version}\""));
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(answer.json::<Value>().await.expect("JSON"), value);
    }
    let answer = expect_status(put(&server.publisher(), "team.b", &json!(1)).await, 201).await;
    assert_eq!(tag(&answer), "\"5\"");
    assert_eq!(answer.json::<Value>().await.expect("JSON"), json!({"version": 5}));
    assert_eq!(next(&mut page).await, ("team.b".to_owned(), Some((json!(1), 5))));
    expect_status(put(&server.publisher(), "team.b", &json!(2)).await, 200).await;
    assert_eq!(next(&mut page).await.1, Some((json!(2), 6)));

    let all = json!({"goal": {"value": null, "version": 4}, "team.b": {"value": 2, "version": 6}});
    assert_eq!(server.visitor().json(VARS).await, json!({"variables": all}));
    server.kill().await;
    server.restart().await;
    let mut late = Joining::new(transport, server.origin()).open().await;
    assert_eq!(json!(late.snapshot().variables), all, "also after a kill");

    let deleted = send(server.publisher().delete(&of("team.b"))).await;
    expect_status(deleted, 204).await;
    assert_eq!(next(&mut late).await, ("team.b".to_owned(), None));
    expect_problem(send(server.visitor().get(&of("team.b"))).await, 404, "unknown_variable").await;
    let again = send(server.publisher().delete(&of("team.b"))).await;
    expect_problem(again, 404, "unknown_variable").await;
}

async fn pages_write_only_what_the_room_lists(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let unset = |name: &str| json!({"kind": "unset", "name": name});
    assert_eq!(page.command(set("score", &json!(1))).await.code(), Code::Unauthorized);
    assert_eq!(page.command(unset("score")).await.code(), Code::Unauthorized);
    let anonymous = put(&server.visitor(), "score", &json!(1)).await;
    expect_problem(anonymous, 401, "unauthorized").await;

    let settings = json!({"settings": {"variables": ["score", "team-*"]}});
    let listed = send(admin.put("/api/rooms/main").json(&settings)).await;
    expect_status(listed, 200).await;
    for name in ["score", "team-1"] {
        page.command(set(name, &json!(1))).await.offset();
        expect_status(put(&server.visitor(), name, &json!(2)).await, 200).await;
    }
    page.command(unset("team-1")).await.offset();
    for name in ["scores", "team", "goal"] {
        assert_eq!(page.command(set(name, &json!(1))).await.code(), Code::Unauthorized, "{name}");
    }
    let foreign = send(
        server.visitor().put(&of("score")).header("sec-fetch-site", "cross-site").json(&json!(1)),
    );
    expect_problem(foreign.await, 403, "foreign_origin").await;
}

async fn of_those_who_set_at_once_one_wins(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut first = Joining::new(transport, server.origin()).as_who(&admin).open().await;
    // A counter: each reads, adds one and sets, until it was not overtaken.
    let create = json!({"kind": "set", "name": "count", "value": 0, "version": 0});
    first.command(create.clone()).await.offset();
    assert_eq!(first.command(create).await.code(), Code::VersionMismatch, "it is there already");
    let by_page = async {
        for _ in 0..10 {
            loop {
                let all = server.visitor().json(VARS).await;
                let count = &all["variables"]["count"];
                let value = count["value"].as_u64().expect("a number") + 1;
                let (kind, version) = ("set", &count["version"]);
                let set =
                    json!({"kind": kind, "name": "count", "value": value, "version": version});
                match first.command(set).await.refused() {
                    None => break,
                    Some(code) => assert_eq!(code, Code::VersionMismatch),
                }
            }
        }
    };
    let by_program = join_all((0..3).map(async |_| {
        for _ in 0..10 {
            loop {
                let now = send(server.visitor().get(&of("count"))).await;
                let version = tag(&now);
                let value = now.json::<u64>().await.expect("a number") + 1;
                let request = server.publisher().put(&of("count")).header("if-match", version);
                let answer = send(request.json(&value)).await;
                if answer.status() == 200 {
                    break;
                }
                expect_problem(answer, 412, "version_mismatch").await;
            }
        }
    }));
    tokio::join!(by_page, by_program);
    let count = send(server.visitor().get(&of("count"))).await;
    assert_eq!(count.json::<u64>().await.expect("a number"), 40, "none was lost");
}

#[tokio::test]
async fn conditions_are_what_http_says() {
    let server = Server::start().await;
    let publisher = server.publisher();
    let with = async |name: &str, value: &str| {
        send(publisher.put(&of("goal")).header(name, value).json(&json!(1))).await
    };
    expect_problem(with("if-match", "*").await, 412, "version_mismatch").await;
    expect_problem(with("if-match", "\"7\"").await, 412, "version_mismatch").await;
    expect_status(with("if-none-match", "*").await, 201).await;
    expect_problem(with("if-none-match", "*").await, 412, "version_mismatch").await;
    expect_status(with("if-match", "*").await, 200).await;
    expect_status(with("if-match", "\"2\"").await, 200).await;
    expect_problem(with("if-match", "\"2\"").await, 412, "version_mismatch").await;
    for bad in ["7", "W/\"7\"", "\"7\", \"8\"", ""] {
        expect_problem(with("if-match", bad).await, 400, "bad_request").await;
    }
    expect_problem(with("if-none-match", "\"7\"").await, 400, "bad_request").await;
    let delete =
        async |tag: &str| send(publisher.delete(&of("goal")).header("if-match", tag)).await;
    expect_problem(delete("\"2\"").await, 412, "version_mismatch").await;

    let get = async |tag: &str| {
        send(server.visitor().get(&of("goal")).header("if-none-match", tag)).await
    };
    for known in ["\"3\"", "W/\"3\"", "\"1\", \"3\"", "*"] {
        let answer = get(known).await;
        assert_eq!((answer.status().as_u16(), tag(&answer).as_str()), (304, "\"3\""), "{known}");
        assert_eq!(answer.text().await.expect("nothing"), "");
    }
    assert_eq!(get("\"2\"").await.status(), 200);
    expect_status(delete("\"3\"").await, 204).await;
}

#[tokio::test]
async fn a_repeat_with_the_same_key_takes_effect_once() {
    let server = Server::start().await;
    let publisher = server.publisher();
    let keyed = async |value: u64, version: Option<&str>| {
        let request = publisher.put(&of("goal")).header("idempotency-key", "k1");
        let request = version.into_iter().fold(request, |to, tag| to.header("if-match", tag));
        send(request.json(&value)).await
    };
    expect_status(put(&publisher, "goal", &json!(0)).await, 201).await;
    let first = expect_status(keyed(1, Some("\"1\"")).await, 200).await;
    expect_status(put(&publisher, "goal", &json!(5)).await, 200).await;
    let again = expect_status(keyed(1, Some("\"1\"")).await, 200).await;
    assert_eq!(tag(&again), tag(&first));
    expect_problem(keyed(2, Some("\"1\"")).await, 422, "idempotency_mismatch").await;
    expect_problem(keyed(1, None).await, 422, "idempotency_mismatch").await;
    let now = send(publisher.get(&of("goal"))).await;
    assert_eq!(now.json::<u64>().await.expect("a number"), 5);
    for _ in 0..2 {
        let delete = publisher.delete(&of("goal")).header("idempotency-key", "k2");
        expect_status(send(delete).await, 204).await;
    }
}

#[tokio::test]
async fn a_room_has_so_many_variables_and_so_much_in_them() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut desk = Joining::new(Transport::WebSocket, server.origin()).as_who(&admin).open().await;
    for number in 0..256 {
        desk.command(set(&format!("v{number}"), &json!(number))).await.offset();
    }
    assert_eq!(desk.command(set("one-more", &json!(1))).await.code(), Code::VariablesFull);
    desk.command(set("v0", &json!("another value"))).await.offset();
    for number in 1..256 {
        desk.command(json!({"kind": "unset", "name": format!("v{number}")})).await.offset();
    }
    // With `v0`, of which name and value count, and two quotes: just as much as may be.
    let most = 64 * 1024 - "v0".len() - "another value".len() - "long".len() - 4;
    let much = put(&admin, "long", &json!("x".repeat(most + 1))).await;
    expect_problem(much, 409, "variables_full").await;
    expect_status(put(&admin, "long", &json!("x".repeat(most))).await, 201).await;
    let tiny = put(&admin, "tiny", &json!(1)).await;
    expect_problem(tiny, 409, "variables_full").await;
    expect_status(put(&admin, "long", &json!("shorter")).await, 200).await;
    let far_too_much = put(&admin, "long", &json!("x".repeat(70_000))).await;
    expect_problem(far_too_much, 413, "too_large").await;
}

#[tokio::test]
async fn what_can_be_no_variable_is_refused_by_name() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["a%20b", "%C3%A4", "a%2Fb", "a*", &"x".repeat(65)] {
        expect_problem(put(&admin, name, &json!(1)).await, 422, "bad_variable").await;
        expect_problem(send(admin.get(&of(name))).await, 422, "bad_variable").await;
        expect_problem(send(admin.delete(&of(name))).await, 422, "bad_variable").await;
    }
    let raw = async |body: &'static [u8], kind: &str| {
        send(admin.put(&of("goal")).header("content-type", kind).body(body)).await
    };
    expect_problem(raw(b"{", "application/json").await, 400, "bad_json").await;
    expect_problem(raw(b"", "application/json").await, 400, "bad_json").await;
    expect_problem(raw(b"1 2", "application/json").await, 400, "bad_json").await;
    expect_problem(raw(b"\"\xff\"", "application/json").await, 400, "bad_utf8").await;
    let form = raw(b"a=b", "application/x-www-form-urlencoded").await;
    expect_problem(form, 415, "unsupported_type").await;
    // What curl sends by default with `-T`, or with a type of its own.
    expect_status(raw(b" [1] ", "text/plain").await, 201).await;
    assert_eq!(server.visitor().json(&of("goal")).await, json!([1]));
}

#[tokio::test]
async fn an_open_house_lets_anybody_write() {
    let server = Setup::new().arg("--open").start().await;
    expect_status(put(&server.visitor(), "goal", &json!(1)).await, 201).await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    page.command(json!({"kind": "unset", "name": "goal"})).await.offset();
}
