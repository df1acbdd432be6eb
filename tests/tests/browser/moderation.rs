//! What an admin does about words and people, with a viewer beside the desk.

use crate::windows::{Desk, ENTER, Feed, fits, server, with_pages};
use nowcast_tests::browser::Screen;
use nowcast_tests::server::{Server, Setup};
use serde_json::{Value, json};

async fn set(server: &Server, settings: Value) {
    let admin = server.admin().await;
    let request = admin.put("/api/rooms/main").json(&json!({"settings": settings}));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

/// Whether this stands somewhere in the part of the room that the desk shows.
fn shown(text: &str) -> String {
    format!("return document.querySelector('#side')?.innerText.includes({})", json!(text))
}

/// Waits until words stand in the list of what was said, and puts the keyboard on them.
async fn go_to(desk: &Desk, list: &str, text: &str) {
    let script = format!(
        "const row = [...document.querySelectorAll({})].find(it => it.innerText.includes({}));
         row?.focus();
         return row && document.activeElement === row",
        json!(list),
        json!(text)
    );
    desk.until(&format!("the keyboard is on {text:?}"), &script).await;
}

/// Presses a key where the keyboard is.
async fn key(desk: &Desk, key: &str) {
    let script = format!(
        "document.activeElement.dispatchEvent(
             new KeyboardEvent('keydown', {{key: {}, bubbles: true, cancelable: true}}))",
        json!(key)
    );
    desk.run(&script).await;
}

#[tokio::test]
async fn the_host_hears_answers_and_deletes() {
    let server = server().await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.press(".side-tabs", "Chat").await;
    desk.until("nothing was said yet", &shown("Nobody has said anything yet.")).await;
    ben.say("buy cheap tickets").await;
    desk.until("the desk hears it", &shown("buy cheap tickets")).await;
    desk.fill("#say-text", &format!("Welcome on board{ENTER}")).await;
    ben.hears(&["You: buy cheap tickets", "Host: Welcome on board"]).await;
    let emptied = "return document.querySelector('#say-text').value === ''";
    desk.until("the line is empty again", emptied).await;

    go_to(&desk, ".said", "buy cheap tickets").await;
    key(&desk, "d").await;
    desk.until("it asks once", "return document.querySelector('.said .ask')").await;
    key(&desk, "d").await;
    ben.hears(&["Host: Welcome on board"]).await;
    desk.until("it is gone here, too", "return document.querySelectorAll('.said').length === 1")
        .await;
    desk.close().await;
    ben.close().await;
}

#[tokio::test]
async fn words_wait_until_a_key_lets_them_through_or_drops_them() {
    let server = server().await;
    set(&server, json!({"approval": true})).await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    let eve = Feed::open_as(&server.origin(), Screen::Desk, "Eve").await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    ben.say("May I ask something?").await;
    ben.say("And something else?").await;
    let mark = |count: usize| {
        format!(
            "return document.querySelector('.side-tabs .held-mark')?.innerText.startsWith('{count}')"
        )
    };
    desk.until("a mark says how many wait, on every part of the room", &mark(2)).await;
    key(&desk, "c").await;
    go_to(&desk, ".waiting .words", "May I ask something?").await;
    key(&desk, "a").await;
    eve.hears(&["Ben: May I ask something?"]).await;
    desk.until("the mark follows", &mark(1)).await;
    go_to(&desk, ".waiting .words", "And something else?").await;
    key(&desk, "d").await;
    desk.until("nothing waits", "return !document.querySelector('.waiting, .held-mark')").await;
    assert_eq!(eve.said().await, ["Ben: May I ask something?"]);
    desk.close().await;
    eve.close().await;
    ben.close().await;
}

#[tokio::test]
async fn whoever_is_muted_speaks_again_after_an_undo() {
    let server = server().await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    let desk = Desk::log_in(&server.origin(), Screen::Phone).await;
    desk.press("nav", "Chat").await;
    ben.say("first").await;
    go_to(&desk, ".said", "first").await;
    desk.press(".said", "Mute").await;
    desk.press(".said .ask", "5 min").await;
    desk.until("it says what was done", "return document.querySelector('.toast')?.innerText.includes('Ben may not speak for 5 minutes.')")
        .await;
    ben.say("second").await;
    ben.until(
        "the page says why",
        "return /mute|speak/i.test(document.querySelector('.chat .why')?.innerText)",
    )
    .await;
    fits(&desk).await;
    desk.press(".toast", "Undo").await;
    desk.until(
        "it is undone",
        "return document.querySelector('.toast')?.innerText.includes('Ben may speak again.')",
    )
    .await;
    ben.fill("#say", &format!("third{ENTER}")).await;
    ben.hears(&["You: first", "You: third"]).await;
    desk.close().await;
    ben.close().await;
}

#[tokio::test]
async fn whoever_is_blocked_is_out_until_the_host_lets_them_back_in() {
    let server = server().await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.press(".side-tabs", "People").await;
    desk.until("the desk names who is here", &shown("Ben")).await;
    desk.press(".person-list", "Block").await;
    desk.press(".person .ask", "Block").await;
    desk.until("he is among the blocked", &shown("Blocked for good")).await;
    let out = "return document.querySelector('.pill')?.innerText.trim() !== 'Live'";
    ben.until("his page is out", out).await;
    desk.press("[aria-labelledby=sanctions-title]", "Let back in").await;
    desk.until("nobody is blocked", "return !document.querySelector('#sanctions-title')").await;
    ben.reload().await;
    ben.is("Live").await;
    desk.close().await;
    ben.close().await;
}

#[tokio::test]
async fn something_for_one_person_says_where_it_came_to() {
    let server = with_pages(Setup::new().arg("--open")).start().await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    feed.go(&format!("{}/?id=seat-7", server.origin())).await;
    feed.is("Live").await;
    let desk = Desk::open_to_all(&server.origin(), Screen::Desk).await;
    desk.press(".side-tabs", "People").await;
    desk.fill("#push-to", "seat-7").await;
    desk.fill("#push-text", "Your seat is free").await;
    desk.press(".push", "Send").await;
    desk.until("it reached the page", &shown("Reached 1 page.")).await;
    feed.until("the page shows it", "return document.body.innerText.includes('Your seat is free')")
        .await;
    desk.fill("#push-to", "seat-8").await;
    desk.fill("#push-text", "Where are you?").await;
    desk.press(".push", "Send").await;
    let kept = "Nobody is here with that id. It is kept until tomorrow.";
    desk.until("it is kept for somebody who is away", &shown(kept)).await;
    desk.close().await;
    feed.close().await;
}
