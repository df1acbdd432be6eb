//! What happens when the server, the network or the worker is away.

use super::{Extended, asynchronous, post};
use crate::windows::server;
use nowcast_tests::server::Server;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn offline_the_popup_shows_what_was_kept_and_then_what_was_missed_once() {
    let mut server = server().await;
    let browser = Extended::following(&server).await;
    for text in ["one", "two"] {
        post(&server, text).await;
    }
    browser.popup().await;
    browser.shows(&["two", "one"]).await;

    server.kill().await;
    browser.is("Offline since").await;
    browser.shows(&["two", "one"]).await;
    browser.badge("!").await;
    browser.options().await;
    browser.popup().await;
    browser.shows(&["two", "one"]).await;
    let words =
        "return document.querySelector('.notice')?.innerText.includes('Nothing answers at')";
    browser.until("it says why", words).await;
    browser.picture("extension-popup-offline").await;

    server.restart().await;
    post(&server, "three").await;
    post(&server, "four").await;
    browser.is("Live").await;
    browser.shows(&["four", "three", "two", "one"]).await;
    browser.badge("").await;
    browser.close().await;
}

#[tokio::test]
async fn a_worker_that_was_ended_goes_on_from_where_it_was() {
    let server = server().await;
    let browser = Extended::following(&server).await;
    post(&server, "one").await;
    browser.badge("1").await;
    kept(&browser, 1).await;

    browser.worker().end().await;
    for text in ["two", "three"] {
        post(&server, text).await;
    }
    // Something else than the clock wakes it: the popup.
    browser.popup().await;
    browser.shows(&["three", "two", "one"]).await;
    browser.is("Live").await;
    browser.close().await;
}

#[tokio::test]
async fn the_clock_brings_an_ended_worker_back_and_one_summary_tells_of_all_that_was_missed() {
    let server = server().await;
    let browser = Extended::following(&server).await;
    post(&server, "one").await;
    kept(&browser, 1).await;
    browser.popup().await;
    browser.shows(&["one"]).await;
    let seen = "const {kept} = await chrome.storage.local.get('kept');
         return kept.position.endsWith(`:${kept.seen.offset}`)";
    browser.until("it is stored that it was seen", &asynchronous(seen)).await;
    browser.options().await;

    browser.worker().end().await;
    for text in ["two", "three", "four"] {
        post(&server, text).await;
    }
    let back = asynchronous("return await chrome.action.getBadgeText({}) === '3'");
    // The browser's alarms come every half minute.
    browser.until_within(Duration::from_secs(75), "the button shows 3", &back).await;
    let summary =
        asynchronous("return Object.keys(await chrome.notifications.getAll()).length > 0");
    browser.until("there is a notification", &summary).await;
    assert_eq!(browser.notes().await, ["summary"]);
    browser.close().await;
}

/// A browser ends workers after 30 seconds in which nothing happens.
#[tokio::test]
async fn the_connection_outlives_the_time_after_which_idle_workers_end() {
    let server = server().await;
    let browser = Extended::following(&server).await;
    let begun = sessions(&server).await;
    let minute = "const {live} = await chrome.storage.local.get('live');
         window.first ??= live;
         return live > window.first + 40_000";
    let limit = Duration::from_mins(2);
    browser.until_within(limit, "it was live for 40 seconds", &asynchronous(minute)).await;
    assert_eq!(sessions(&server).await, begun, "it was the same connection all the time");
    post(&server, "still here").await;
    browser.badge("1").await;
    browser.close().await;
}

/// Waits until so many items are stored.
async fn kept(browser: &Extended, count: usize) {
    let script = format!(
        "const {{kept}} = await chrome.storage.local.get('kept');
         return kept.items.length === {count}"
    );
    browser.until(&format!("{count} are stored"), &asynchronous(&script)).await;
}

/// How many sessions there were until now.
async fn sessions(server: &Server) -> Value {
    let text = server.visitor().get("/metrics").send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("nowcast_sessions_total "));
    json!(line.expect("it is counted"))
}
