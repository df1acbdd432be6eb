//! WebSockets, as Bluesky's Jetstream speaks.

use super::followed::{Followed, post, server, shown};
use nowcast_tests::outside::Answer;
use serde_json::{Value, json};

fn commit(time: u64, text: &str) -> Value {
    json!({"did": "did:plc:abc", "time_us": time, "kind": "commit", "commit": {
        "operation": "create", "collection": "app.bsky.feed.post", "rkey": time.to_string(),
        "record": {"text": text, "langs": ["en"], "createdAt": "2026-11-21T19:15:00Z"}}})
}

#[tokio::test]
async fn a_socket_is_resumed_where_it_broke() {
    let (_server, admin, outside) = server().await;
    outside.always("/subscribe", Answer::websocket());
    let url = outside.websocket_url("/subscribe?wantedCollections=app.bsky.feed.post");
    let source = Followed::start(&admin, "websocket", &url, json!({"format": "jetstream"})).await;
    let mut socket = outside.live("/subscribe").await;
    assert_eq!(socket.asked.parameter("cursor"), None);
    socket.ping().await;
    socket.text(commit(1_790_000_000_000_001, "one").to_string()).await;
    socket.text("not json").await;
    socket.text(commit(1_790_000_000_000_002, "two").to_string()).await;
    assert_eq!(shown(&admin, 2, "text").await, ["one", "two"]);
    source.until("has counted", |state| state["dropped"]["malformed"] == 1).await;
    socket.cut();
    let mut socket = outside.live("/subscribe").await;
    assert_eq!(socket.asked.parameter("cursor").as_deref(), Some("1790000000000002"));
    let collections = socket.asked.parameter("wantedCollections");
    assert_eq!(collections.as_deref(), Some("app.bsky.feed.post"));
    // The service begins with what was seen already.
    socket.text(commit(1_790_000_000_000_002, "two").to_string()).await;
    socket.text(commit(1_790_000_000_000_003, "three").to_string()).await;
    assert_eq!(shown(&admin, 3, "text").await, ["one", "two", "three"]);
    socket.end().await;
    let socket = outside.live("/subscribe").await;
    assert_eq!(socket.asked.parameter("cursor").as_deref(), Some("1790000000000003"));
}

#[tokio::test]
async fn a_socket_that_is_refused_or_sent_elsewhere() {
    let (_server, admin, outside) = server().await;
    outside.always("/closed", Answer::status(403));
    outside.always("/page", Answer::body("text/html", "<p>no socket</p>"));
    outside.always("/moved", Answer::redirect(307, "/socket"));
    outside.always("/socket", Answer::websocket());
    let start = async |path: &str| {
        Followed::start(&admin, "websocket", &outside.websocket_url(path), json!({})).await
    };
    assert!(start("/closed").await.failed().await.contains("403"));
    assert!(start("/page").await.failed().await.contains("no WebSocket"));
    let _moved = start("/moved").await;
    let mut socket = outside.live("/socket").await;
    socket.text(post("1", "here").to_string()).await;
    socket.send(post("2", "as bytes").to_string()).await;
    assert_eq!(shown(&admin, 2, "text").await, ["here", "as bytes"]);
}
