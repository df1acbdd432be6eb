//! Streams of lines and of events: how they are read, and how they are asked for again.

use super::followed::{Followed, post, server, shown};
use nowcast_tests::outside::Answer;
use serde_json::json;

#[tokio::test]
async fn lines_are_read_wherever_the_network_cuts_them() {
    let (_server, admin, outside) = server().await;
    outside.always("/stream", Answer::live("application/json"));
    let source = Followed::start(&admin, "ndjson", &outside.url("/stream"), json!({})).await;
    let mut stream = outside.live("/stream").await;
    let text = "\r\n{\"id\":\"1\",\"user\":\"Ana\",\"text\":\"Gr\u{fc}\u{df}e \u{1f6a2}\"}\r\n\n\
        not json\n{\"id\":\"2\",\"user\":\"Bo\",\"text\":\"\u{20ac}5\"}\n";
    // A byte at a time: within characters, and between `\r` and `\n`.
    stream.send_in_pieces(text.as_bytes(), 1).await;
    assert_eq!(shown(&admin, 2, "text").await, ["Gr\u{fc}\u{df}e \u{1f6a2}", "\u{20ac}5"]);
    let state = source.until("has counted", |state| state["dropped"]["malformed"] == 1).await;
    assert_eq!((&state["state"], &state["published"]), (&json!("following"), &json!(2)));
}

#[tokio::test]
async fn what_is_compressed_is_shown_as_soon_as_it_comes() {
    let (_server, admin, outside) = server().await;
    outside.always("/stream", Answer::live("application/json").gzip());
    let _source = Followed::start(&admin, "ndjson", &outside.url("/stream"), json!({})).await;
    let mut stream = outside.live("/stream").await;
    for number in 1..=3 {
        stream.line(&post(&number.to_string(), &format!("number {number}"))).await;
        // The stream stays open: nothing but the piece itself can bring it.
        assert_eq!(shown(&admin, number, "text").await.len(), number);
    }
    let asked = outside.asked("/stream");
    assert!(asked[0].header("accept-encoding").is_some_and(|wanted| wanted.contains("gzip")));
}

#[tokio::test]
async fn a_stream_that_ends_suddenly_is_asked_for_again() {
    let (_server, admin, outside) = server().await;
    outside.next("/stream", Answer::live("application/json"));
    outside.next("/stream", Answer::cut());
    outside.next("/stream", Answer::status(503));
    outside.always("/stream", Answer::live("application/json"));
    let source = Followed::start(&admin, "ndjson", &outside.url("/stream"), json!({})).await;
    let mut stream = outside.live("/stream").await;
    stream.line(&post("1", "before")).await;
    stream.send("{\"id\":\"half\",").await;
    shown(&admin, 1, "text").await;
    stream.cut();
    let mut stream = outside.live("/stream").await;
    // What a service repeats is known by its id.
    stream.line(&post("1", "before")).await;
    stream.line(&post("2", "after")).await;
    assert_eq!(shown(&admin, 2, "text").await, ["before", "after"]);
    assert_eq!(outside.asked("/stream").len(), 4);
    let state = source.until("follows", |state| state["state"] == "following").await;
    assert_eq!(state["published"], 2);
}

#[tokio::test]
async fn a_service_is_asked_again_when_it_says_so() {
    for status in [420, 429, 503] {
        let (_server, admin, outside) = server().await;
        outside.next("/stream", Answer::status(status).header("retry-after", "1"));
        outside.always("/stream", Answer::live("application/json"));
        let source = Followed::start(&admin, "ndjson", &outside.url("/stream"), json!({})).await;
        let why = source.waits().await;
        assert!(why.contains(&status.to_string()), "{why}");
        let mut stream = outside.live("/stream").await;
        stream.line(&post("1", "back")).await;
        assert_eq!(shown(&admin, 1, "text").await, ["back"]);
    }
}

#[tokio::test]
async fn whoever_is_asked_too_often_is_left_alone_for_long() {
    let (_server, admin, outside) = server().await;
    outside.always("/stream", Answer::status(429));
    let source = Followed::start(&admin, "ndjson", &outside.url("/stream"), json!({})).await;
    let state = source.until("waits", |state| state["state"] == "waiting").await;
    let (since, next) = (state["since"].as_i64(), state["next"].as_i64());
    let wait = next.expect("when it tries again") - since.expect("since when it waits");
    assert!(wait >= 29_000, "{state}");
}

#[tokio::test]
async fn a_refusal_is_the_end_and_says_why() {
    for (status, told) in [(401, "credentials"), (403, "credentials"), (404, "nothing")] {
        let (_server, admin, outside) = server().await;
        outside.always("/stream", Answer::status(status));
        let source = Followed::start(&admin, "ndjson", &outside.url("/stream"), json!({})).await;
        let why = source.failed().await;
        assert!(why.contains(&status.to_string()) && why.contains(told), "{why}");
        assert_eq!(outside.asked("/stream").len(), 1);
    }
}

#[tokio::test]
async fn who_asks_and_for_what_is_told_in_every_way() {
    let (_server, admin, outside) = server().await;
    outside.always("/query", Answer::live("application/json"));
    outside.always("/form", Answer::live("application/json"));
    let basic = json!({"auth": {"kind": "basic", "user": "ana"}, "secret": "tide",
        "headers": [{"name": "X-Key", "value": "k"}],
        "topics": ["harbour", "caf\u{e9}"], "topics_as": "query", "topics_field": "track"});
    let _query = Followed::start(&admin, "ndjson", &outside.url("/query?lang=en"), basic).await;
    let asked = outside.live("/query").await.asked.clone();
    assert_eq!(asked.header("authorization"), Some("Basic YW5hOnRpZGU="));
    assert_eq!((asked.header("x-key"), &asked.method[..]), (Some("k"), "GET"));
    assert_eq!(asked.parameter("track").as_deref(), Some("harbour,caf\u{e9}"));
    assert_eq!(asked.parameter("lang").as_deref(), Some("en"));
    let bearer = json!({"auth": {"kind": "bearer"}, "secret": "a-token",
        "topics": ["a", "b"], "topics_as": "form"});
    let _form = Followed::start(&admin, "ndjson", &outside.url("/form"), bearer).await;
    let asked = outside.live("/form").await.asked.clone();
    assert_eq!(asked.header("authorization"), Some("Bearer a-token"));
    assert_eq!((&asked.method[..], &asked.body[..]), ("POST", "track=a%2Cb"));
}

#[tokio::test]
async fn events_are_resumed_after_the_last_one() {
    let (mut server, admin, outside) = server().await;
    outside.always("/events", Answer::live("text/event-stream"));
    let mastodon = json!({"format": "mastodon"});
    let source = Followed::start(&admin, "sse", &outside.url("/events"), mastodon).await;
    let status = |id: &str, text: &str| json!({"id": id, "content": format!("<p>{text}</p>"), "account": {"acct": "ana"}});
    let mut stream = outside.live("/events").await;
    stream.send(":thump\n\nretry: 100\n\n").await;
    stream.event("update", "41", &status("1", "one")).await;
    stream.event("delete", "42", &json!("1")).await;
    assert_eq!(shown(&admin, 1, "text").await, ["one"]);
    stream.end().await;
    let mut stream = outside.live("/events").await;
    let resumed = stream.asked.header("last-event-id").map(str::to_owned);
    assert!(matches!(resumed.as_deref(), Some("41" | "42")), "{resumed:?}");
    stream.event("update", "43", &status("2", "two")).await;
    assert_eq!(shown(&admin, 2, "text").await, ["one", "two"]);
    source.until("has counted", |state| state["published"] == 2).await;
    // The position outlives the server.
    server.restart().await;
    let stream = outside.live("/events").await;
    assert_eq!(stream.asked.header("last-event-id"), Some("43"));
}
