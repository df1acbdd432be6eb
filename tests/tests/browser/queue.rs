//! What waits for approval: seen as viewers will see it, let through, turned down, taken back.

use crate::pictures::pictures;
use crate::sources::{following, made, post};
use crate::windows::{Desk, Feed, fits};
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::outside::{Answer, Live, Outside};
use nowcast_tests::server::Server;
use serde_json::json;

/// A room into whose queue these texts came, and the stream that brings more.
async fn waiting(texts: &[&str]) -> (Server, Outside, Live) {
    let outside = Outside::start().await;
    outside.always("/stream", Answer::live("application/json"));
    let server = following().await;
    let admin = server.admin().await;
    made(&admin, "Harbour", &outside.url("/stream"), json!({"approval": true})).await;
    let mut stream = outside.live("/stream").await;
    for (n, text) in (1..).zip(texts) {
        stream.line(&post(n, "ana", text)).await;
    }
    (server, outside, stream)
}

/// Waits until these wait, oldest first.
async fn waits(browser: &Browser, texts: &[&str]) {
    let script = format!(
        "const texts = [...document.querySelectorAll('.queued')].map(it => it.innerText);
         const asked = {};
         return texts.length === asked.length
             && asked.every((text, n) => texts[n].includes(text))",
        json!(texts)
    );
    browser.until(&format!("these wait: {texts:?}"), &script).await;
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

/// Waits until the keyboard is on the item with this text.
async fn is_on(desk: &Desk, text: &str) {
    let script = format!(
        "const on = document.activeElement;
         return on.matches('.queued') && on.innerText.includes({})",
        json!(text)
    );
    desk.until(&format!("the keyboard is on {text:?}"), &script).await;
}

/// Waits until viewers see these, newest first.
async fn see(feed: &Feed, texts: &[&str]) {
    let script = format!(
        "const texts = [...document.querySelectorAll('article.item')].map(it => it.innerText);
         const asked = {};
         return texts.length === asked.length
             && asked.every((text, n) => texts[n].includes(text))",
        json!(texts)
    );
    feed.until(&format!("viewers see {texts:?}"), &script).await;
}

async fn open(desk: &Desk) {
    desk.run("document.querySelector('#side-tab-queue').click()").await;
}

#[tokio::test]
async fn keys_go_through_the_queue_and_decide() {
    let (server, _outside, _stream) =
        waiting(&["Doors at seven", "Buy cheap watches", "Rain at eight", "Fireworks at ten"])
            .await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    open(&desk).await;
    waits(&desk, &["Doors at seven", "Buy cheap watches", "Rain at eight", "Fireworks at ten"])
        .await;
    key(&desk, "q").await;
    is_on(&desk, "Doors at seven").await;
    key(&desk, "j").await;
    is_on(&desk, "Buy cheap watches").await;
    key(&desk, "ArrowDown").await;
    is_on(&desk, "Rain at eight").await;
    key(&desk, "k").await;
    is_on(&desk, "Buy cheap watches").await;
    key(&desk, "d").await;
    waits(&desk, &["Doors at seven", "Rain at eight", "Fireworks at ten"]).await;
    is_on(&desk, "Rain at eight").await;
    key(&desk, "a").await;
    see(&feed, &["Rain at eight"]).await;
    is_on(&desk, "Fireworks at ten").await;
    key(&desk, "ArrowUp").await;
    is_on(&desk, "Doors at seven").await;
    key(&desk, "a").await;
    see(&feed, &["Doors at seven", "Rain at eight"]).await;
    waits(&desk, &["Fireworks at ten"]).await;
    key(&desk, "?").await;
    let help = "return document.querySelector('.help[open]')?.innerText.includes('Turn it down')";
    desk.until("the keys are listed", help).await;
    desk.close().await;
    feed.close().await;
}

#[tokio::test]
async fn what_was_decided_can_be_taken_back() {
    let (server, _outside, _stream) = waiting(&["Doors at seven", "Doors at eight"]).await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    open(&desk).await;
    waits(&desk, &["Doors at seven", "Doors at eight"]).await;
    desk.press(".queued", "Publish").await;
    see(&feed, &["Doors at seven"]).await;
    desk.press(".toast", "Undo").await;
    see(&feed, &[]).await;
    desk.press(".queued", "Turn down").await;
    waits(&desk, &[]).await;
    desk.press(".toast", "Publish it after all").await;
    see(&feed, &["Doors at eight"]).await;
    desk.close().await;
    feed.close().await;
}

#[tokio::test]
async fn all_that_waits_is_turned_down_after_one_question_on_every_desk() {
    let (server, _outside, mut stream) = waiting(&["One", "Two", "Three"]).await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    let other = Desk::log_in(&server.origin(), Screen::Phone).await;
    open(&desk).await;
    waits(&desk, &["One", "Two", "Three"]).await;
    desk.press(".queue", "Turn all down").await;
    desk.press(".queue .ask", "Keep").await;
    desk.press(".queue", "Turn all down").await;
    desk.press(".queue .ask", "Turn all down").await;
    waits(&desk, &[]).await;
    let says = "return document.querySelector('.queue')?.innerText.includes('Nothing waits')";
    desk.until("it says that nothing waits", says).await;
    let none = "return !document.querySelector('.desk-tabs .queued-mark')";
    other.until("the other desk's mark is gone", none).await;

    stream.line(&post(9, "ana", "Four")).await;
    waits(&desk, &["Four"]).await;
    let one = "return document.querySelector('.desk-tabs .queued-mark')?.innerText.startsWith('1')";
    other.until("the other desk hears of the next one", one).await;
    desk.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_phone_decides_with_a_thumb() {
    let texts = [
        "Tall ships in the harbour, the first of them at seven",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "הנמל פתוח הערב עד חצות",
    ];
    let (server, _outside, _stream) = waiting(&texts).await;
    let feed = Feed::open(&server.origin(), Screen::Phone).await;
    for screen in [Screen::Desk, Screen::Phone] {
        let desk = Desk::log_in(&server.origin(), screen).await;
        if screen == Screen::Phone {
            desk.run(
                "[...document.querySelectorAll('.desk-tabs button')]
                 .find(it => it.innerText.includes('Feed')).click()",
            )
            .await;
        }
        let mark = "return document.querySelector('.side-tabs .queued-mark')?.checkVisibility()";
        desk.until("what waits is a tap away", mark).await;
        pictures(&desk, screen, "queue-mark").await;
        open(&desk).await;
        waits(&desk, &texts).await;
        pictures(&desk, screen, "queue").await;
        fits(&desk).await;
        desk.press(".queue", "Turn all down").await;
        pictures(&desk, screen, "queue-question").await;
        desk.press(".queue .ask", "Keep").await;
        if screen == Screen::Phone {
            let thumb = "return document.querySelector('.queued .approve').offsetHeight";
            assert!(desk.run(thumb).await.as_i64().unwrap() >= 44);
            desk.press(".queued", "Publish").await;
            see(&feed, &["Tall ships"]).await;
            pictures(&desk, screen, "queue-published").await;
        }
        desk.close().await;
    }
    feed.close().await;
}

#[tokio::test]
async fn an_empty_queue_says_what_would_be_there() {
    let server = following().await;
    for screen in [Screen::Desk, Screen::Phone] {
        let desk = Desk::log_in(&server.origin(), screen).await;
        if screen == Screen::Phone {
            desk.press("nav", "Feed").await;
        }
        desk.press(".side-tabs", "Queue").await;
        let says = "return document.querySelector('.queue')?.innerText.includes('Nothing waits')";
        desk.until("it says that nothing waits", says).await;
        pictures(&desk, screen, "queue-empty").await;
        desk.press(".queue", "Look at the sources").await;
        let there =
            "return document.querySelector('.sources')?.innerText.includes('No sources yet')";
        desk.until("it leads to the sources", there).await;
        desk.close().await;
    }
}
