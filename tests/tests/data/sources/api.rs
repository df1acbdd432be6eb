//! Making, watching and changing sources.

use super::setting::{address, make, seen, server, shown, stream, texts, until};
use nowcast_tests::api::{Api, Credential, expect_problem, expect_status};
use nowcast_tests::outside::{Answer, Outside};
use nowcast_tests::server::Server;
use serde_json::{Value, json};

async fn put(admin: &Api, source: &Value, settings: &Value) -> Value {
    let answer = admin.put(&address(source)).json(settings).send().await.unwrap();
    expect_status(answer, 200).await.json().await.unwrap()
}

async fn tell(admin: &Api, source: &Value, what: &str) -> Value {
    let answer = admin.post(&format!("{}/{what}", address(source))).send().await.unwrap();
    expect_status(answer, 200).await.json().await.unwrap()
}

#[tokio::test]
async fn what_a_source_hears_is_shown_as_its_own_and_each_record_once() {
    let (server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    outside.always("/stream", Answer::live("application/json"));
    let source = make(&admin, &stream(&outside.url("/stream"), &json!({}))).await;
    let mut live = outside.live("/stream").await;
    until(&admin, &source, "it follows", |state| state["state"] == "following").await;
    live.line(&json!({"id": 1, "user": "ana", "text": "Tall ships"})).await;
    live.line(&json!({"id": 2, "user": "bo", "text": "Small boats"})).await;
    live.line(&json!({"id": 1, "user": "ana", "text": "Tall ships, again"})).await;
    live.send("no json\n").await;
    let told = seen(&admin, &source, 4).await;
    let state = &told["state"];
    assert_eq!(
        (&state["published"], &state["dropped"]["repeat"]),
        (&json!(2), &json!(1)),
        "{state}"
    );
    assert_eq!((&state["dropped"]["malformed"], &state["seen"]), (&json!(1), &json!(4)));
    assert!(state["per_minute"].as_f64().unwrap() > 0.0 && state["last_at"].is_i64());
    let items = shown(&admin).await;
    assert_eq!(items[0]["data"], json!({"user": "ana", "text": "Tall ships", "source": "Harbour"}));
    assert_eq!(
        (&items[0]["kind"], &items[0]["by"]["role"], &items[0]["by"]["name"]),
        (&json!("post"), &json!("publisher"), &json!("Harbour"))
    );
    assert_eq!(items.len(), 2);
    let metrics = admin.get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("nowcast_sources_published 2"), "{metrics}");
}

#[tokio::test]
async fn a_source_goes_on_after_the_server_was_killed_and_shows_nothing_twice() {
    let (mut server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    outside.always("/stream", Answer::live("application/json"));
    let fields = json!({"auth": {"kind": "basic", "user": "ana"}, "secret": "open sesame",
        "headers": [{"name": "X-Key", "value": "a key"}]});
    let source = make(&admin, &stream(&outside.url("/stream"), &fields)).await;
    let mut live = outside.live("/stream").await;
    live.line(&json!({"id": "a", "text": "one"})).await;
    seen(&admin, &source, 1).await;
    server.restart().await;
    let admin = server.admin().await;
    let mut live = outside.live("/stream").await;
    let asked = outside.asked("/stream").pop().unwrap();
    assert_eq!(
        asked.header("authorization"),
        Some("Basic YW5hOm9wZW4gc2VzYW1l"),
        "the secret is kept"
    );
    assert_eq!(asked.header("x-key"), Some("a key"));
    live.line(&json!({"id": "a", "text": "one"})).await;
    live.line(&json!({"id": "b", "text": "two"})).await;
    let told = until(&admin, &source, "both are dealt with", |state| {
        state["published"] == 2 && state["dropped"]["repeat"] == 1
    })
    .await;
    assert_eq!(told["state"]["seen"], 3, "what was counted before is counted");
    assert_eq!(texts(&admin).await, ["one", "two"]);

    let told = tell(&admin, &source, "stop").await;
    assert_eq!((&told["state"]["state"], &told["running"]), (&json!("stopped"), &json!(false)));
    live.gone().await;
    server.restart().await;
    let admin = server.admin().await;
    let told = admin.json(&address(&source)).await;
    assert_eq!((&told["state"]["state"], &told["running"]), (&json!("stopped"), &json!(false)));
    tell(&admin, &source, "start").await;
    let mut live = outside.live("/stream").await;
    live.line(&json!({"id": "b", "text": "two"})).await;
    live.line(&json!({"id": "c", "text": "three"})).await;
    until(&admin, &source, "the third is shown", |state| state["published"] == 3).await;
    assert_eq!(texts(&admin).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn secrets_are_never_shown_again_nor_kept_as_they_are() {
    let (server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    outside.always("/stream", Answer::status(401));
    let fields = json!({"auth": {"kind": "bearer"}, "secret": "open-sesame-0123",
        "headers": [{"name": "X-Key", "value": "another-word-0123"}]});
    let source = make(&admin, &stream(&outside.url("/stream"), &fields)).await;
    until(&admin, &source, "it failed", |state| state["state"] == "failed").await;
    let mut told = vec![source.to_string()];
    for path in ["/api/sources", &address(&source), "/api/sources/formats"] {
        told.push(admin.json(path).await.to_string());
    }
    assert_eq!(source["headers"], json!([{"name": "X-Key", "value": null}]));
    assert_eq!(source["has_secret"], true);
    told.push(server.stderr());
    for entry in std::fs::read_dir(server.data()).unwrap().map(Result::unwrap) {
        if entry.path().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            told.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    for text in told {
        assert!(!text.contains("sesame") && !text.contains("another-word"), "{text:.200}");
    }

    // What is told can be put back as it is, and an address elsewhere does not get the secret.
    let same = put(&admin, &source, &admin.json(&address(&source)).await).await;
    assert_eq!(same["has_secret"], true);
    let mut moved = same.clone();
    moved["url"] = "http://127.0.0.1:9/".into();
    let answer = admin.put(&address(&source)).json(&moved).send().await.unwrap();
    expect_problem(answer, 422, "bad_source").await;
    let answer = admin.post("/api/sources/test").json(&moved).send().await.unwrap();
    expect_problem(answer, 422, "bad_source").await;
}

#[tokio::test]
async fn without_its_key_a_source_says_so_and_the_server_goes_on() {
    let (mut server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    outside.always("/stream", Answer::live("application/json"));
    let fields = json!({"auth": {"kind": "bearer"}, "secret": "one"});
    let source = make(&admin, &stream(&outside.url("/stream"), &fields)).await;
    let plain = make(&admin, &stream(&outside.url("/plain"), &json!({"running": false}))).await;
    let key = server.data().join("sources.key");
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions())
            & 0o777,
        0o600
    );
    let kept = std::fs::read(&key).unwrap();
    for (wrong, word) in
        [(None, "missing"), (Some("nonsense"), "no key"), (Some(&*"ab".repeat(32)), "another key")]
    {
        match wrong {
            None => std::fs::remove_file(&key).unwrap(),
            Some(text) => std::fs::write(&key, text).unwrap(),
        }
        server.restart().await;
        let admin = server.admin().await;
        let told = until(&admin, &source, "it failed", |state| state["state"] == "failed").await;
        let why = told["state"]["error"]["text"].as_str().unwrap().to_owned();
        assert!(why.contains(word) && why.contains("sources.key"), "{why}");
        let answer = admin.put(&address(&source)).json(&told).send().await.unwrap();
        expect_problem(answer, 503, "secrets_locked").await;
        assert_eq!(admin.json(&address(&plain)).await["state"]["error"], Value::Null);
    }
    std::fs::write(&key, kept).unwrap();
    let admin = server.admin().await;
    tell(&admin, &source, "start").await;
    until(&admin, &source, "it follows", |state| state["state"] == "following").await;
}

#[tokio::test]
async fn only_admins_see_and_change_sources() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let settings = stream("http://192.0.2.1/", &json!({"running": false}));
    let source = make(&admin, &settings).await;
    for (who, status, code) in
        [(server.visitor(), 401, "unauthorized"), (server.publisher(), 403, "forbidden")]
    {
        for path in [
            "/api/sources",
            "/api/sources?room=main",
            &address(&source),
            "/api/sources/nobody",
            "/api/sources/formats",
            "/api/rooms/main/queue",
        ] {
            expect_problem(who.get(path).send().await.unwrap(), status, code).await;
        }
        for path in ["/api/sources", "/api/sources/test"] {
            expect_problem(who.post(path).json(&settings).send().await.unwrap(), status, code)
                .await;
        }
        expect_problem(
            who.put(&address(&source)).json(&settings).send().await.unwrap(),
            status,
            code,
        )
        .await;
        expect_problem(who.delete(&address(&source)).send().await.unwrap(), status, code).await;
        let start = format!("{}/start", address(&source));
        expect_problem(who.post(&start).send().await.unwrap(), status, code).await;
    }
    expect_problem(admin.get("/api/sources/nobody").send().await.unwrap(), 404, "unknown_source")
        .await;
    let answer = admin
        .post("/api/sources")
        .json(&stream("http://x.example/", &json!({"room": "nowhere"})))
        .send()
        .await;
    expect_problem(answer.unwrap(), 404, "unknown_room").await;
    for (fields, code) in
        [(json!({"kind": "pigeon"}), "bad_source"), (json!({"per_minute": -1}), "bad_source")]
    {
        let answer =
            admin.post("/api/sources").json(&stream("http://x.example/", &fields)).send().await;
        expect_problem(answer.unwrap(), 422, code).await;
    }
    let answer = admin.delete(&address(&source)).send().await.unwrap();
    expect_status(answer, 204).await;
    assert_eq!(admin.json("/api/sources").await, json!({"sources": []}));
}

#[tokio::test]
async fn an_admin_of_other_rooms_sees_the_sources_there_alone() {
    let mut server = Server::start().await;
    server.stop().await;
    let drawn = server.task(&["token", "--scopes", "admin", "--rooms", "west"]).await;
    let token = drawn.stdout.trim().to_owned();
    server.restart().await;
    let admin = server.admin().await;
    let room = admin.put("/api/rooms/west").json(&json!({"title": "West"})).send().await.unwrap();
    assert!(room.status().is_success(), "{}", room.status());
    let settings =
        |room: &str| stream("http://192.0.2.1/", &json!({"room": room, "running": false}));
    let (main, west) =
        (make(&admin, &settings("main")).await, make(&admin, &settings("west")).await);
    let limited = Api::new(server.origin(), Credential::Token(token));
    let listed = limited.json("/api/sources").await;
    assert_eq!(listed["sources"].as_array().unwrap().len(), 1);
    assert_eq!(listed["sources"][0]["id"], west["id"]);
    expect_problem(limited.get(&address(&main)).send().await.unwrap(), 403, "forbidden").await;
    let moving = limited.put(&address(&west)).json(&settings("main")).send().await.unwrap();
    expect_problem(moving, 403, "forbidden").await;
    assert_eq!(admin.json("/api/sources?room=west").await["sources"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_source_of_a_private_room_publishes_there_and_one_without_its_room_says_so() {
    let (mut server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    let room = json!({"title": "Crew", "settings": {"private": true}});
    let made = admin.put("/api/rooms/crew").json(&room).send().await.unwrap();
    assert!(made.status().is_success(), "{}", made.status());
    outside.always("/stream", Answer::live("application/json"));
    let source = make(&admin, &stream(&outside.url("/stream"), &json!({"room": "crew"}))).await;
    let mut live = outside.live("/stream").await;
    live.line(&json!({"id": 1, "text": "All hands"})).await;
    until(&admin, &source, "it is shown", |state| state["published"] == 1).await;
    assert_eq!(admin.json("/api/rooms/crew/items").await["items"][0]["data"]["text"], "All hands");

    // As after a file of an earlier day was put back.
    server.stop().await;
    take_the_room_away(&server);
    server.restart().await;
    let admin = server.admin().await;
    let again = Api::new(server.origin(), admin.credential().clone());
    let told = until(&again, &source, "it failed", |state| state["state"] == "failed").await;
    assert!(told["state"]["error"]["text"].as_str().unwrap().contains("crew"), "{told}");
    assert_eq!(told["running"], true, "started again, it looks again");
}

/// Takes a room's name away, as if the room had never been.
fn take_the_room_away(server: &Server) {
    let path = server.data().join("nowcast.db");
    let connection = rusqlite::Connection::open(path).expect("the database");
    let renamed = connection.execute("UPDATE rooms SET name = 'other' WHERE name = 'crew'", []);
    assert_eq!(renamed.expect("the room can be renamed"), 1);
}

#[tokio::test]
async fn a_trial_shows_what_would_become_of_the_next_records_and_publishes_nothing() {
    let (server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    let lines = [
        json!({"id": 1, "text": "The harbour"}),
        json!({"id": 2, "text": "At home"}),
        json!({"id": 3, "text": "the HARBOUR!"}),
        json!({"delete": 4}),
        json!({"id": 5, "text": "Harbour light", "user": "troll"}),
        json!({"id": 6, "text": "Never seen"}),
    ];
    let body: String = lines.iter().map(|line| format!("{line}\r\n\r\n")).collect();
    outside.always("/stream", Answer::body("application/json", format!("oops\n{body}")));
    let fields = json!({"filter": {"words": ["harbour"], "blocked": ["Troll"], "repeats": true}, "approval": true});
    let settings = stream(&outside.url("/stream"), &fields);
    let answer = admin.post("/api/sources/test?count=5").json(&settings).send().await.unwrap();
    let told: Value = expect_status(answer, 200).await.json().await.unwrap();
    let would =
        |place: usize| (told["items"][place]["would"].clone(), told["items"][place]["why"].clone());
    assert_eq!(told["items"].as_array().unwrap().len(), 5, "{told}");
    assert_eq!(
        (&told["connected"], &told["malformed"], &told["timed_out"]),
        (&json!(true), &json!(1), &json!(false))
    );
    assert_eq!(would(0), (json!("hold"), Value::Null));
    assert_eq!(would(1), (json!("drop"), json!("words")));
    assert_eq!(told["items"][1]["data"]["text"], "At home", "also what is dropped is shown");
    assert_eq!(would(2), (json!("drop"), json!("repeat")));
    assert_eq!(would(3), (json!("drop"), json!("unmapped")));
    assert_eq!(told["items"][3]["data"], json!({"delete": 4}));
    assert_eq!(would(4), (json!("drop"), json!("author")));
    assert_eq!(shown(&admin).await, Vec::<Value>::new());
    assert_eq!(admin.json("/api/rooms/main/queue").await["count"], 0);
    assert_eq!(admin.json("/api/sources").await, json!({"sources": []}), "nothing is kept");

    outside.always("/gone", Answer::status(404));
    let settings = stream(&outside.url("/gone"), &json!({}));
    let answer = admin.post("/api/sources/test").json(&settings).send().await.unwrap();
    let told: Value = expect_status(answer, 200).await.json().await.unwrap();
    assert_eq!((&told["connected"], &told["seen"]), (&json!(false), &json!(0)));
    assert!(told["error"].as_str().is_some_and(|why| why.contains("404")), "{told}");
}
