//! From what services say to what pages show.

use super::setting::{make, seen, server, shown, stream, texts};
use nowcast_tests::outside::{Answer, Outside};
use serde_json::{Value, json};

#[tokio::test]
async fn each_filter_drops_what_it_is_for_and_says_how_many() {
    let (server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    outside.always("/stream", Answer::live("application/json"));
    let fields = json!({"per_minute": 3, "filter": {"words": ["hafen", "caf\u{e9}"], "languages": ["de"],
        "blocked": ["*@spam.example"], "repeats": true}});
    let source = make(&admin, &stream(&outside.url("/stream"), &fields)).await;
    let mut live = outside.live("/stream").await;
    let post = |id: u32, user: &str, text: &str, lang: Value| json!({"id": id, "user": user, "text": text, "lang": lang});
    for line in [
        post(1, "ana", "Der HAFEN ist offen", json!("de-AT")),
        post(2, "ana", "Im Hafenbecken", json!("de")),
        post(3, "ana", "Hafen in English", json!("en")),
        post(4, "a@spam.example", "Hafen", json!("de")),
        post(5, "bo", "der hafen ist OFFEN!", json!("de")),
        post(6, "bo", "Wir treffen uns heute Abend alle im Cafe\u{301} am Wasser", Value::Null),
        post(1, "ana", "Der Hafen, neu", json!("de")),
        json!({"user": "ana", "lang": "de"}),
        post(7, "cy", &format!("Hafen {}", "x".repeat(70_000)), json!("de")),
        post(8, "cy", "Ein Hafen", json!("de")),
        post(9, "cy", "Noch ein Hafen und viele Boote", json!("de")),
    ] {
        live.line(&line).await;
    }
    let state = seen(&admin, &source, 11).await["state"].clone();
    assert_eq!(
        state["dropped"],
        json!({"malformed": 0, "words": 1, "language": 1, "author": 1, "repeat": 2, "unmapped": 1,
            "refused": 1, "rate": 1, "queue": 0}),
        "{state}"
    );
    assert_eq!(state["published"], 3);
    let all = texts(&admin).await;
    assert_eq!(all.len(), 3);
    assert!(all[1].starts_with("Wir treffen") && all[2] == "Ein Hafen", "{all:?}");
}

#[tokio::test]
async fn a_map_of_ones_own_makes_items_of_any_kind() {
    let (server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    outside.always("/stream", Answer::live("application/json"));
    let map = json!({"kind": "custom", "id": "/nr", "fields": {"type": "=goal", "team": "/team",
        "line": "={/team/name} lead {/score/0} : {/score/1}"}});
    let fields = json!({"format": "own", "map": map, "filter": {"repeats": false}});
    let source = make(&admin, &stream(&outside.url("/stream"), &fields)).await;
    assert_eq!(source["map"]["fields"]["type"], "=goal");
    let mut live = outside.live("/stream").await;
    live.line(&json!({"nr": 7, "team": {"name": "Rats"}, "score": [2, 1]})).await;
    live.line(&json!([1, 2, 3])).await;
    live.line(&json!("a text")).await;
    live.line(&json!({"nr": 8, "team": {"name": "Rats"}, "score": [3, 1]})).await;
    seen(&admin, &source, 4).await;
    let items = shown(&admin).await;
    assert_eq!(
        items[0]["data"],
        json!({"type": "goal", "team": {"name": "Rats"}, "line": "Rats lead 2 : 1", "source": "Harbour"})
    );
    assert_eq!(items.last().unwrap()["data"]["line"], "Rats lead 3 : 1");
}

#[tokio::test]
async fn a_status_of_mastodon_becomes_a_post() {
    let (server, outside) = (server().await, Outside::start().await);
    let admin = server.admin().await;
    outside.always("/api/v1/streaming/public", Answer::live("text/event-stream"));
    let url = outside.url("/api/v1/streaming/public");
    let fields = json!({"kind": "sse", "format": "mastodon"});
    let source = make(&admin, &stream(&url, &fields)).await;
    let mut live = outside.live("/api/v1/streaming/public").await;
    let status = json!({"id": "1", "uri": "https://m.example/1", "url": "https://m.example/@ana/1",
        "created_at": "2026-11-21T19:15:00.000Z", "language": "en",
        "content": "<p>Tall ships in the <a href=\"https://m.example/tags/harbour\">#<span>harbour</span></a></p><p>Come &amp; see</p><script>alert(1)</script>",
        "account": {"acct": "ana", "display_name": "Ana"}, "media_attachments": []});
    live.event("update", "1", &status).await;
    let state = seen(&admin, &source, 1).await["state"].clone();
    assert!(state["lag"].as_i64().is_some_and(|lag| lag >= 0), "{state}");
    assert_eq!(
        shown(&admin).await[0]["data"],
        json!({"user": "Ana", "text": "Tall ships in the #harbour\n\nCome & see", "source": "Mastodon",
            "url": "https://m.example/@ana/1"})
    );
}
