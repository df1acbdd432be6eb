//! The examples of `docs/clients.md` that are for browsers, as they stand there.

use crate::extension::Extended;
use crate::windows::{server, with_pages};
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::document::example;
use nowcast_tests::nginx::Nginx;
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::site::Site;
use nowcast_tests::wait::eventually;
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

/// The example as a page of another site, which the server lets read.
async fn on_another_site(name: &str) -> (Server, Site, Browser) {
    let site = Site::start().await;
    let setup = with_pages(Setup::new().arg(format!("--allow-origin={}", site.origin())));
    let server = setup.start().await;
    let html = example(DOCUMENT, name).replace("http://127.0.0.1:8080", &server.origin());
    assert!(html.contains(&server.origin()), "{name} asks the server");
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", html, "")).await;
    (server, site, browser)
}

/// Waits until the page's list has these lines.
async fn lists(browser: &Browser, lines: &[&str]) {
    let script = format!(
        "const lines = [...document.querySelectorAll('#items li')].map(it => it.innerText);
         return JSON.stringify(lines) === JSON.stringify({}) || null",
        json!(lines)
    );
    browser.until(&format!("the page lists {lines:?}"), &script).await;
}

#[tokio::test]
async fn a_page_with_the_library_lists_items_through_a_restart() {
    let (mut server, _site, browser) = on_another_site("script-tag").await;
    let open = "return document.getElementById('state').innerText === 'open' || null";
    browser.until("the page is connected", open).await;
    server.publisher().say("one").await;
    lists(&browser, &["one"]).await;
    server.restart().await;
    server.publisher().publish("custom", json!({"home": 2})).await;
    lists(&browser, &["custom", "one"]).await;
    browser.close().await;
}

#[tokio::test]
async fn a_page_without_modules_lists_items() {
    let (server, _site, browser) = on_another_site("classic").await;
    server.publisher().say("one").await;
    // It lists what is published once it is connected.
    let shown = eventually("an item in the list", async || {
        server.publisher().say("one").await;
        let first = browser.run("return document.querySelector('#items li')?.innerText ?? null");
        first.await.as_str().map(str::to_owned)
    });
    assert_eq!(shown.await, "one");
    browser.close().await;
}

#[tokio::test]
async fn one_line_puts_the_feed_into_a_page() {
    let (server, _site, browser) = on_another_site("embed").await;
    server.publisher().say("Hello **neighbour**").await;
    let shown = "const root = document.querySelector('nowcast-feed')?.shadowRoot;
        return root?.textContent.includes('Hello neighbour') || null";
    browser.until("the item in the feed", shown).await;
    browser.close().await;
}

#[tokio::test]
async fn the_extension_is_built_by_the_command_that_is_shown_and_follows_a_room() {
    // `cargo xtask test` builds it as this does, and loads it from that folder.
    assert_eq!(example(DOCUMENT, "extension"), "cargo xtask extension\n");
    let server = server().await;
    let browser = Extended::fresh().await;
    browser.follow(&server.origin(), "main", "posts").await;
    browser.popup().await;
    server.publisher().publish("post", json!({"user": "Ana", "text": "Hello all"})).await;
    browser.shows(&["Hello all"]).await;
    browser.close().await;
}
