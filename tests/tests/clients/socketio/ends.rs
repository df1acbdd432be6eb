//! How sessions end: with a reason, and coming back where that makes sense.

use super::page::{Page, Way};
use nowcast_tests::page::new_client_id;
use nowcast_tests::server::Server;
use serde_json::json;

super::in_every_way![
    whoever_connects_again_replaces_the_page_before_which_hears_of_it,
    whoever_is_sent_out_hears_why_and_stays_out,
    a_server_that_stops_says_so_and_pages_come_back,
];

async fn whoever_connects_again_replaces_the_page_before_which_hears_of_it(way: Way) {
    let server = Server::start().await;
    let client = new_client_id();
    let mut before = Page::open(&server, way);
    before.connect("/", json!({"client": client})).await;
    let mut after = Page::open(&server, way);
    after.connect("/", json!({"client": client})).await;
    assert_eq!(before.next("error_message").await.0["code"], "replaced");
    assert_eq!(before.next("disconnect").await.0, "io server disconnect");
    assert!(after.ask("chat", json!("Hello")).await["offset"].is_number());
}

async fn whoever_is_sent_out_hears_why_and_stays_out(way: Way) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Page::open(&server, way);
    let person = "a-person-of-a-test-01";
    let you = page.connect("/", json!({"person": person})).await["you"].clone();
    let mute = json!({"kind": "mute", "person": you});
    assert_eq!(admin.command(mute).await.status(), 200);
    assert_eq!(page.ask("chat", json!("Hello")).await["error"]["code"], "muted");
    page.next("error_message").await;
    let block = json!({"kind": "block", "person": you});
    assert_eq!(admin.command(block).await.status(), 200);
    let (error, _) = page.next("error_message").await;
    assert_eq!(error["code"], "blocked");
    assert!(error["message"].as_str().unwrap().contains("sent you out"), "{error}");
    assert_eq!(page.next("disconnect").await.0, "io server disconnect");
    let (_, data) = page.refused("/", json!({"person": person})).await;
    assert_eq!(data["code"], "blocked");
}

async fn a_server_that_stops_says_so_and_pages_come_back(way: Way) {
    let mut server = Server::start().await;
    let mut page = Page::open(&server, way);
    page.connect("/", json!({})).await;
    server.publisher().say("1").await;
    page.next("item").await;
    assert!(server.stop().await.success());
    let (why, _) = page.next("disconnect").await;
    assert_ne!(why, "io server disconnect", "it would not come back");
    // A page that was between two polls finds nobody to ask.
    if !way.polls() || page.seen("error_message") > 0 {
        assert_eq!(page.next("error_message").await.0["code"], "restarting");
    }
    server.restart().await;
    server.publisher().say("2").await;
    assert_eq!(page.next("welcome").await.0["recovered"], true);
    assert_eq!(page.next("item").await.0["data"]["text"], "2");
}
