//! Pages that speak Socket.IO: version 4 of its client and version 3, by polls, by WebSocket, and
//! by the upgrade from one to the other.

mod ends;
mod hostile;
mod limits;
mod page;
mod raw;
mod rights;
mod rooms;
mod whole;

use nowcast_tests::server::{Server, Setup};
use page::{Page, Way};
use serde_json::{Value, json};

/// Declares tests that hold in every way.
macro_rules! in_every_way {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::Way;
            $crate::socketio::ways! { $name }
        }
    )*};
}

macro_rules! ways {
    ($test:ident) => {
        $crate::socketio::ways! { $test:
            v4_by_polls = V4_POLLS, v4_by_websocket = V4_WEBSOCKET, v4_upgraded = V4_UPGRADED,
            v3_by_polls = V3_POLLS, v3_by_websocket = V3_WEBSOCKET, v3_upgraded = V3_UPGRADED,
        }
    };
    ($test:ident: $($name:ident = $way:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            super::$test(Way::$way).await;
        }
    )*};
}

use {in_every_way, ways};

in_every_way![
    what_is_published_arrives_whole_and_a_post_as_a_tweet,
    answers_carry_the_offset_or_the_reason,
    a_push_reaches_the_pages_of_that_user_alone,
    a_move_is_seen_by_others_and_not_echoed,
    what_is_said_goes_both_ways_and_everybody_is_counted,
    whoever_comes_back_gets_what_it_missed_once,
    a_server_that_was_killed_is_found_again_without_a_gap,
];

async fn what_is_published_arrives_whole_and_a_post_as_a_tweet(way: Way) {
    let server = Server::start().await;
    let mut page = Page::open(&server, way);
    page.connect("/", json!({})).await;
    let message = server.publisher().say("Hello").await;
    let (item, place) = page.next("item").await;
    assert_eq!((&item["id"], &item["data"]), (&json!(message.id), &json!({"text": "Hello"})));
    assert_eq!((&item["html"], &item["offset"]), (&json!("<p>Hello</p>"), &json!(message.offset)));
    assert_eq!((&place["offset"], &place["at"]), (&json!(message.offset), &json!(message.at)));

    let data = json!({"user": "Ana", "text": "Hi", "picture": "https://example.org/a.png",
        "source": "Mastodon"});
    let post = server.publisher().publish("post", data.clone()).await;
    let (item, _) = page.next("item").await;
    assert_eq!((&item["kind"], &item["data"]), (&json!("post"), &data));
    let (tweet, _) = page.next("tweet").await;
    let expected = json!({"id": post.id, "user": "Ana", "text": "Hi",
        "picture": "https://example.org/a.png"});
    assert_eq!(tweet, expected);

    let edit = json!({"kind": "edit", "item": message.id, "data": {"text": "Bye"}});
    assert_eq!(server.publisher().command(edit).await.status(), 200);
    assert_eq!(page.next("item_edited").await.0["data"], json!({"text": "Bye"}));
    let delete = json!({"kind": "delete", "item": message.id});
    assert_eq!(server.publisher().command(delete).await.status(), 200);
    assert_eq!(page.next("item_deleted").await.0, json!({"id": message.id}));
}

async fn answers_carry_the_offset_or_the_reason(way: Way) {
    let server = Server::start().await;
    let mut page = Page::open(&server, way);
    page.connect("/", json!({"token": nowcast_tests::server::TOKEN})).await;
    let item = json!({"kind": "message", "data": {"text": "Hello"}});
    assert_eq!(page.ask("publish", item).await, json!({"offset": 1}));
    assert_eq!(page.ask("chat", json!({"text": "Hi"})).await, json!({"offset": 2}));
    assert_eq!(page.ask("chat", json!("Hi")).await, json!({"offset": 3}));
    let mute = json!({"kind": "mute", "person": "p"});
    let refused = page.ask("command", mute).await;
    assert_eq!(refused["error"]["code"], "forbidden");
    assert_eq!(page.next("error_message").await.0, refused["error"]);
    for (event, first, code) in [
        ("dance", json!({}), "unknown_kind"),
        ("chat", json!({"text": ""}), "bad_said"),
        ("chat", json!({"text": 5}), "bad_request"),
        ("chat", json!(["Hi"]), "bad_request"),
        ("position", json!({"piece": "nowhere", "x": 0, "y": 0}), "unknown_piece"),
        ("position", json!({"piece": "nowhere", "x": "a"}), "bad_request"),
        ("publish", json!({"kind": "video"}), "bad_request"),
        ("command", json!({"kind": "dance"}), "unknown_kind"),
    ] {
        let refused = page.ask(event, first.clone()).await;
        assert_eq!(refused["error"]["code"], code, "{event} {first}: {refused}");
        let (told, _) = page.next("error_message").await;
        assert_eq!(told, refused["error"], "it is told as well");
    }
    // Without a callback there is still a reason.
    page.emit("chat", json!({"text": ""})).await;
    assert_eq!(page.next("error_message").await.0["code"], "bad_said");
}

async fn a_push_reaches_the_pages_of_that_user_alone(way: Way) {
    let server = Setup::new().env("NOWCAST_USER_KEY", nowcast_tests::token::KEY).start().await;
    let (mut ana, mut eva) = (Page::open(&server, way), Page::open(&server, way));
    for page in [&mut ana, &mut eva] {
        page.connect("/", json!({})).await;
    }
    let refused = ana.ask("register", json!({"id": "ana"})).await;
    assert_eq!(refused["error"]["code"], "forbidden", "anybody could say so");
    let token = nowcast_tests::token::of("ana");
    let refused = ana.ask("register", json!({"id": "eva", "token": token})).await;
    assert_eq!(refused["error"]["code"], "token_foreign");
    let answer = ana.ask("register", json!({"id": "ana", "token": token})).await;
    assert_eq!(answer, json!({"offset": null}));
    let answer = eva.ask("register", json!({"token": nowcast_tests::token::of("eva")})).await;
    assert_eq!(answer, json!({"offset": null}));
    for (user, data) in [("ana", json!({"goal": 1})), ("eva", json!("two"))] {
        let push = json!({"destination": user, "data": data});
        let answer = server.publisher().post("/api/push").json(&push).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["delivered"], 1);
    }
    assert_eq!(ana.next("push").await.0, json!({"data": {"goal": 1}}));
    assert_eq!(eva.next("push").await.0, json!({"data": "two"}));
}

async fn a_move_is_seen_by_others_and_not_echoed(way: Way) {
    let server = Setup::new().arg("--open").start().await;
    let put = json!({"kind": "put", "piece": "logo", "x": 0.5, "y": 0.5, "look": "text",
        "text": "Logo"});
    assert_eq!(server.visitor().command(put).await.status(), 200);
    let (mut mover, mut other) = (Page::open(&server, way), Page::open(&server, way));
    let you = mover.connect("/", json!({})).await["you"].clone();
    other.connect("/", json!({})).await;
    let to = |x: f64| json!({"piece": "logo", "x": x, "y": 0.25});
    assert_eq!(mover.ask("position", to(0.75)).await, json!({"offset": null}));
    let expected = json!({"piece": "logo", "x": 0.75, "y": 0.25, "by": you});
    assert_eq!(other.next("position").await.0, expected);
    let drop = json!({"piece": "logo", "x": 1.0, "y": 0.25, "drop": true});
    let offset = mover.ask("position", drop).await["offset"].clone();
    let dropped = other.next_where("position", |_, place| place["offset"] == offset).await;
    assert_eq!(dropped["x"], 1.0);
    // What the mover heard until the others' news came, which followed its own.
    assert_eq!(other.ask("position", to(0.0)).await, json!({"offset": null}));
    assert_eq!(mover.next("position").await.0["x"], 0.0, "nothing of its own before");
}

async fn what_is_said_goes_both_ways_and_everybody_is_counted(way: Way) {
    let server = Server::start().await;
    let mut page = Page::open(&server, way);
    page.connect("/", json!({"name": "Ana"})).await;
    let mut other = Page::open(&server, way);
    let welcome = other.connect("/", json!({"name": "Eva"})).await;
    assert_eq!(welcome["presence"]["count"], 2);
    page.next_where("presence", |presence, _| presence["count"] == 2).await;
    assert_eq!(other.ask("chat", json!({"text": "Hello"})).await, json!({"offset": 1}));
    let (said, place) = page.next("chat").await;
    assert_eq!((&said["name"], &said["text"]), (&json!("Eva"), &json!("Hello")));
    assert_eq!((&place["offset"], &place["by"]["id"]), (&json!(1), &welcome["you"]));
    let keys: Vec<_> = said.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["at", "id", "name", "text"]);
    let line = json!({"text": "From a program", "name": "Bot"});
    let answer = server.publisher().post("/api/rooms/main/chat").json(&line).send().await;
    assert_eq!(answer.unwrap().status(), 201);
    assert_eq!(
        page.next_where("chat", |said, _| said["text"] != "Hello").await["name"],
        "Newsdesk"
    );
    let metrics = server.visitor().get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("nowcast_sessions{transport=\"bridge\"} 2"), "{metrics}");
    other.close().await;
    page.next_where("presence", |presence, _| presence["count"] == 1).await;
}

async fn whoever_comes_back_gets_what_it_missed_once(way: Way) {
    let server = Server::start().await;
    let publisher = server.publisher();
    for number in 1..=5 {
        publisher.say(format!("{number}")).await;
    }
    let mut page = Page::open(&server, way);
    for (since, seen) in [(json!(0), 1..=5), (json!(3), 4..=5), (json!("4"), 5..=5)] {
        let welcome = page.connect("/", json!({"since": since})).await;
        assert_eq!((&welcome["recovered"], welcome["items"].is_null()), (&json!(true), true));
        for number in seen {
            let (item, _) = page.next("item").await;
            assert_eq!(item["data"]["text"], number.to_string(), "since {since}");
        }
        page.leave().await;
    }
    let welcome = page.connect("/", json!({})).await;
    assert_eq!((&welcome["recovered"], &welcome["offset"]), (&json!(false), &json!(5)));
    assert_eq!(welcome["items"].as_array().unwrap().len(), 5);
    let exact = format!("{}:4", welcome["epoch"].as_str().unwrap());
    page.leave().await;
    assert_eq!(page.connect("/", json!({"since": exact})).await["recovered"], true);
    assert_eq!(page.next("item").await.0["data"]["text"], "5");
    page.leave().await;
    for gone in [json!("eOther:4"), json!(17)] {
        let welcome = page.connect("/", json!({"since": gone})).await;
        assert_eq!(
            (&welcome["recovered"], &welcome["offset"]),
            (&json!(false), &json!(5)),
            "{gone}"
        );
        page.leave().await;
    }
    let (message, data) = page.refused("/", json!({"since": "yesterday"})).await;
    assert_eq!(data["code"], "bad_since");
    assert!(message.contains("since"), "{message}");
}

async fn a_server_that_was_killed_is_found_again_without_a_gap(way: Way) {
    let mut server = Server::start().await;
    let mut page = Page::open(&server, way);
    page.connect("/", json!({})).await;
    server.publisher().say("1").await;
    assert_eq!(page.next("item").await.0["data"]["text"], "1");
    server.kill().await;
    page.next("disconnect").await;
    server.restart().await;
    for number in 2..=4 {
        server.publisher().say(format!("{number}")).await;
    }
    let (welcome, _) = page.next("welcome").await;
    assert_eq!(welcome["recovered"], true, "{welcome}");
    for number in 2..=4 {
        assert_eq!(page.next("item").await.0["data"]["text"], number.to_string());
    }
    assert_eq!(page.seen("item"), 4, "none came twice");
}
