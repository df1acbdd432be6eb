//! Who is here, and what they are called.

use crate::windows::{Feed, server};
use nowcast_tests::browser::Screen;
use serde_json::json;

/// The quiet lines of who came and went.
const NOTES: &str = "return [...document.querySelectorAll('.talk .note')].map(it => it.innerText)";

#[tokio::test]
async fn two_of_the_same_name_are_told_apart_and_a_name_can_be_changed() {
    let server = server().await;
    let one = Feed::open_as(&server.origin(), Screen::Desk, "Ana").await;
    let other = Feed::open_as(&server.origin(), Screen::Phone, "Ana").await;
    other.click(".watching").await;
    other.shows_text("#people .why", "You are Ana 2 here.").await;
    let people =
        "return [...document.querySelectorAll('#people li span')].map(it => it.innerText).join()";
    other.until("both are named", &format!("{people} === 'Ana,Ana 2'")).await;
    other.fill("#own-name", "Ben\u{e007}").await;
    other.until("the new name is there", &format!("{people} === 'Ana,Ben'")).await;
    one.shows_text(".talk .note", "Ben joined").await;
    other.run("document.querySelector('#people').hidePopover()").await;
    other.click(".to-chat").await;
    other.say("Hi").await;
    one.hears(&["Ben: Hi"]).await;
    // It is this browser's from now on.
    other.reload().await;
    other.say("again").await;
    one.hears(&["Ben: Hi", "Ben: again"]).await;
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn coming_and_going_is_said_once_and_not_for_a_reload_or_a_second_tab() {
    let server = server().await;
    let ana = Feed::open_as(&server.origin(), Screen::Desk, "Ana").await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    ana.shows_text(".talk .note", "Ben joined").await;
    ana.shows_text(".watching", "2 watching").await;
    // Words between, so that what comes after would be a line of its own.
    ana.say("Welcome").await;
    ben.hears(&["Ana: Welcome"]).await;
    ben.reload().await;
    ben.is("Live").await;
    ben.open_tab(&server.origin()).await;
    ben.say("I am here").await;
    ana.hears(&["You: Welcome", "Ben: I am here"]).await;
    ana.shows_text(".watching", "2 watching").await;
    assert_eq!(ana.run(NOTES).await, json!(["Ben joined"]));
    ben.close().await;
    ana.shows_text(".watching", "1 watching").await;
    ana.until(
        "it is said that Ben left",
        "return [...document.querySelectorAll('.talk .note')].map(it => it.innerText).join() === 'Ben joined,Ben left'",
    )
    .await;
    ana.close().await;
}
