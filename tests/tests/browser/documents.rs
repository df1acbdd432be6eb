//! The examples of `docs/clients.md` that are for browsers, as they stand there.

use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::document::example;
use nowcast_tests::nginx::Nginx;
use nowcast_tests::server::Setup;
use serde_json::json;

const DOCUMENT: &str = "docs/clients.md";

#[tokio::test]
async fn an_older_page_on_a_site_behind_nginx_shows_items_and_lines() {
    let mut server = Setup::new().arg("--compat").start().await;
    let nginx = Nginx::with_page("older", &server, &example(DOCUMENT, "older-page")).await;
    server.publisher().say("before").await;
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&format!("{}/", nginx.origin())).await;
    let shows = async |what: &str, element: &str, text: &str| {
        let script = format!(
            "const shown = document.getElementById({}).innerText.trim().replaceAll('\\n', '|');
             return shown === {} || null",
            json!(element),
            json!(text)
        );
        browser.until(what, &script).await;
    };
    shows("the backlog", "feed", "before").await;
    let post = json!({"user": "Ana", "text": "<b>Hello</b>"});
    server.publisher().publish("post", post).await;
    shows("a post, as text", "feed", "Ana: <b>Hello</b>|before").await;
    server.restart().await;
    server.publisher().publish("custom", json!({"home": 2})).await;
    shows("what came after a restart", "feed", "custom|Ana: <b>Hello</b>|before").await;
    let said = server.publisher().command(json!({"kind": "say", "text": "Hello all"})).await;
    assert_eq!(said.status(), 200);
    shows("a line of the chat", "chat", "Newsdesk : Hello all").await;
    browser.close().await;
}
