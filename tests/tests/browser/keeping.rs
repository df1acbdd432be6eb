//! How long a room keeps things, in the words of the people who set it.

use crate::pictures::pictures;
use crate::windows::{Desk, fits, server};
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::wait::eventually;
use serde_json::json;

async fn to_settings(desk: &Desk) {
    desk.click("[aria-label='Room settings']").await;
    desk.until("what is kept is there", "return document.querySelector('#keeping-days')").await;
}

/// Waits until something stands in that part of the settings.
async fn says(browser: &Browser, text: &str) {
    let script =
        format!("return document.querySelector('.keeping')?.innerText.includes({})", json!(text));
    browser.until(&format!("what is kept says {text:?}"), &script).await;
}

/// Waits until a field has this text.
async fn has(browser: &Browser, field: &str, text: &str) {
    let script =
        format!("return document.querySelector({})?.value === {}", json!(field), json!(text));
    browser.until(&format!("{field} has {text:?}"), &script).await;
}

#[tokio::test]
async fn limits_are_set_as_people_say_them() {
    let server = server().await;
    let admin = server.admin().await;
    admin.say("Doors at seven").await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    to_settings(&desk).await;
    says(&desk, "Now: one event").await;
    desk.fill("#keeping-days", "a while").await;
    desk.press(".keeping", "Save what is kept").await;
    says(&desk, "Something like “30 days”, or nothing for no limit.").await;
    let at_field = "return document.activeElement.id === 'keeping-days'";
    desk.until("the cursor is where it is mended", at_field).await;
    desk.fill("#keeping-days", "4 weeks").await;
    desk.fill("#keeping-events", "10k").await;
    desk.fill("#keeping-bytes", "50").await;
    desk.press(".keeping", "Save what is kept").await;
    has(&desk, "#keeping-days", "28 days").await;
    has(&desk, "#keeping-events", "10,000 events").await;
    has(&desk, "#keeping-bytes", "50 MB").await;
    let kept = admin.json("/api/rooms/main/keeping").await;
    let set = json!([kept["days"], kept["events"], kept["bytes"], kept["statistics"]]);
    assert_eq!(set, json!([28, 10_000, 50_000_000, true]));

    desk.run("document.querySelector('#keeping-statistics').click()").await;
    desk.press(".keeping", "Save what is kept").await;
    // The button rests also while it is being saved.
    eventually("it is saved", async || {
        let kept = admin.json("/api/rooms/main/keeping").await;
        (kept["statistics"] == json!(false)).then_some(())
    })
    .await;
    desk.close().await;
}

#[tokio::test]
async fn a_limit_that_something_passes_is_asked_about_first() {
    let server = server().await;
    let admin = server.admin().await;
    for number in 1..=12 {
        admin.say(&format!("Number {number}")).await;
    }
    for screen in [Screen::Desk, Screen::Phone] {
        let desk = Desk::log_in(&server.origin(), screen).await;
        to_settings(&desk).await;
        says(&desk, "Now: 12 events").await;
        desk.run("document.querySelector('.keeping').scrollIntoView({behavior: 'instant'})").await;
        pictures(&desk, screen, "keeping").await;
        desk.fill("#keeping-events", "5 events").await;
        desk.press(".keeping", "Save what is kept").await;
        says(&desk, "It leaves for good.").await;
        pictures(&desk, screen, "keeping-question").await;
        fits(&desk).await;
        desk.press(".keeping .ask", "Keep it").await;
        assert_eq!(admin.json("/api/rooms/main/keeping").await["events"], json!(null));
        if screen == Screen::Phone {
            desk.press(".keeping", "Save what is kept").await;
            desk.press(".keeping .ask", "Let it leave").await;
            let saved = "return !document.querySelector('.keeping .ask')";
            desk.until("it is saved", saved).await;
            assert_eq!(admin.json("/api/rooms/main/keeping").await["events"], json!(5));
        }
        desk.close().await;
    }
}
