//! How the extension looks: pictures of the popup and the settings, in both themes.

use super::{Extended, post};
use crate::pictures::an_evening;
use crate::windows::{fits, server};
use nowcast_tests::browser::{Browser, Theme};
use serde_json::json;

async fn pictures(browser: &Browser, name: &str) {
    for (theme, word) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        browser.prefer(theme).await;
        browser.picture(&format!("extension-{name}-{word}")).await;
    }
}

#[tokio::test]
async fn the_popup() {
    let server = server().await;
    let browser = Extended::fresh().await;
    browser.popup().await;
    let unset = "return document.querySelector('.nowhere button')?.innerText === 'Choose a room'";
    browser.until("it asks for a room", unset).await;
    pictures(&browser, "popup-unset").await;

    browser.follow(&server.origin(), "main", "posts").await;
    browser.popup().await;
    let empty = "return document.querySelector('.empty')?.checkVisibility()";
    browser.until("it says that there is nothing yet", empty).await;
    pictures(&browser, "popup-empty").await;

    an_evening(&server).await;
    let there = "return document.querySelectorAll('article').length >= 6";
    browser.until("all items are there", there).await;
    browser.options().await;
    post(&server, "The quay is full, the sun is low, and the first band is on.").await;
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
    let data = json!({"user": long, "source": "مصدر", "text": format!("{long} مرحبا بالعالم"),
        "url": format!("https://example.org/{}", "a".repeat(200))});
    server.publisher().publish("post", data).await;
    browser.badge("2").await;
    browser.popup().await;
    browser.is("Live").await;
    browser.until("the line stands", "return document.querySelector('li.seen')").await;
    pictures(&browser, "popup").await;
    fits(&browser).await;
    let end = "const feed = document.querySelector('.feed');
         feed.scrollTo({top: feed.scrollHeight, behavior: 'instant'});
         return [...document.images].every(it => it.complete && it.naturalWidth > 0)
             && document.querySelector('.hint').checkVisibility()";
    browser.until("the server's own pictures are shown", end).await;
    pictures(&browser, "popup-end").await;
    browser.close().await;
}

#[tokio::test]
async fn the_settings() {
    let server = server().await;
    let browser = Extended::fresh().await;
    pictures(&browser, "options-unset").await;
    browser.fill("#server", &server.origin()).await;
    browser.click("#save").await;
    browser.says("Saved. Connected").await;
    pictures(&browser, "options").await;
    browser.fill("#room", "No such room").await;
    browser.click("#test").await;
    browser.until("it says so", "return document.querySelector('#room-problem').innerText").await;
    pictures(&browser, "options-wrong").await;
    browser.resize(390, 844).await;
    pictures(&browser, "options-390").await;
    fits(&browser).await;
    browser.close().await;
}
