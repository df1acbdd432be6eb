//! The settings: what is typed there is checked, tried and kept.

use super::Extended;
use crate::windows::{server, with_pages};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::Setup;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

#[tokio::test]
async fn settings_are_tried_and_kept() {
    let server = server().await;
    let _viewer = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let browser = Extended::fresh().await;
    browser.fill("#server", &server.address().to_string()).await;
    browser.click("#test").await;
    browser.says("Connected to “Nowcast”: 1 viewer.").await;
    let untouched =
        browser.ask("return (await chrome.storage.local.get('settings')).settings ?? null").await;
    assert!(untouched.is_null(), "a try sets nothing");

    browser.click("[value=everything]").await;
    browser.click("#save").await;
    browser.says("Saved. Connected").await;
    browser.options().await;
    let shown = "const {server, room, notify} = document.forms[0].elements;
         return [server.value, room.value, notify.value]";
    assert_eq!(browser.run(shown).await, json!([server.origin(), "main", "everything"]));
    browser.close().await;
}

#[tokio::test]
async fn what_is_no_address_and_no_room_is_said_at_its_field() {
    let browser = Extended::fresh().await;
    let at = |field: &str, words: &str| {
        format!(
            "return document.querySelector('#{field}-problem').innerText.includes({})
                 && document.activeElement.id === '{field}'
                 && document.querySelector('#{field}').getAttribute('aria-invalid') === 'true'",
            json!(words)
        )
    };
    browser.click("#save").await;
    browser.until("it asks for a server", &at("server", "Give the address")).await;
    browser.fill("#server", "ftp://live.example").await;
    browser.click("#save").await;
    browser.until("that is none", &at("server", "no address of a server")).await;
    browser.fill("#server", "live.example").await;
    browser.fill("#room", "Not a room").await;
    browser.click("#save").await;
    browser.until("that is no room", &at("room", "lower-case letters")).await;
    browser.close().await;
}

#[tokio::test]
async fn why_there_is_no_connection_is_said_in_words() {
    let server = server().await;
    let browser = Extended::fresh().await;
    let test = async |address: &str, room: &str, words: &str| {
        browser.fill("#server", address).await;
        browser.fill("#room", room).await;
        browser.click("#test").await;
        let script = format!(
            "const said = document.querySelector('#said');
             return said.dataset.how === 'bad' && said.innerText.includes({})",
            json!(words)
        );
        browser.until(&format!("it says {words:?}"), &script).await;
    };
    test("127.0.0.1:1", "", "Nothing answers at 127.0.0.1:1.").await;
    test(&stranger().await, "", "is no Nowcast server.").await;
    let closed = "no connection to the room “nowhere” comes about. There may be no such room";
    test(&server.origin(), "nowhere", closed).await;
    let more = "return document.querySelector('#why').checkVisibility()";
    assert_eq!(browser.run(more).await, true, "it offers to ask the server");
    assert_eq!(browser.ask("return chrome.permissions.getAll()").await["origins"], json!([]));
    // The browser says on its console what could not be reached; that is what this is about.
    let _ = browser.complaints().await;

    // Saved all the same, the button and the popup say it too.
    browser.click("#save").await;
    browser.says("Saved.").await;
    browser.badge("!").await;
    browser.popup().await;
    let said =
        format!("return document.querySelector('.notice')?.innerText.includes({})", json!(closed));
    browser.until("the popup says it", &said).await;
    let _ = browser.complaints().await;
    browser.close().await;
}

#[tokio::test]
async fn a_server_that_lets_the_extension_read_says_itself_what_is_wrong() {
    let origin = super::page("");
    let server = with_pages(Setup::new())
        .arg("--allow-origin")
        .arg(origin.trim_end_matches('/'))
        .start()
        .await;
    let admin = server.admin().await;
    let private = json!({"title": "Secret", "settings": {"private": true}});
    assert!(
        admin.put("/api/rooms/secret").json(&private).send().await.unwrap().status().is_success()
    );
    let invitation = admin.json("/api/rooms/secret/invitation").await;

    let browser = Extended::fresh().await;
    browser.fill("#server", &server.origin()).await;
    browser.fill("#room", "nowhere").await;
    browser.click("#test").await;
    browser.says("There is no room called nowhere.").await;
    browser.fill("#room", "secret").await;
    browser.click("#test").await;
    browser.says("This room is private.").await;
    let _ = browser.complaints().await;

    // The link that lets people in is all that is needed.
    let link = server.origin() + invitation["url"].as_str().expect("a link");
    browser.fill("#server", &link).await;
    browser.click("#save").await;
    browser.says("Saved. Connected to “Secret”").await;
    browser.popup().await;
    browser.is("Live").await;

    // Another server is not told the secret.
    browser.options().await;
    let secret = "return document.querySelector('#invitation').value";
    assert_eq!(browser.run(secret).await, invitation["invitation"]);
    browser.fill("#server", "127.0.0.1:1").await;
    assert_eq!(browser.run(secret).await, "");
    browser.close().await;
}

/// Somebody else's server, which answers anything.
async fn stranger() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let answer =
                    "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}
