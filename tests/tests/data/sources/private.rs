//! Addresses of this machine and of private networks, which sources follow only if they are allowed.

use super::followed::Followed;
use nowcast_tests::outside::{Answer, Outside};
use nowcast_tests::server::Server;
use serde_json::json;

#[tokio::test]
async fn nothing_private_is_asked_unless_it_is_allowed() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let outside = Outside::start().await;
    outside.always("/inside", Answer::live("application/json"));
    let port = outside.origin().rsplit(':').next().expect("a port").to_owned();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "[64:ff9b::7f00:1]",
    ] {
        for (kind, scheme) in
            [("ndjson", "http"), ("sse", "http"), ("feed", "http"), ("websocket", "ws")]
        {
            let url = format!("{scheme}://{host}:{port}/inside");
            let source = Followed::start(&admin, kind, &url, json!({})).await;
            let why = source.failed().await;
            assert!(why.contains("private network"), "{url}: {why}");
        }
    }
    assert!(outside.asked("/inside").is_empty());
}
