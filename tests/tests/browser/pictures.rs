//! How it all looks: pictures of every page and state, in both themes and at both widths, for
//! people to look at before a change is done.

use crate::windows::{Desk, Feed, fits, server};
use nowcast_tests::api::Api;
use nowcast_tests::browser::{Browser, Screen, Theme};
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{PASSWORD, Server};
use serde_json::{Value, json};

/// Takes a picture in both themes.
pub(crate) async fn pictures(browser: &Browser, screen: Screen, name: &str) {
    for (theme, word) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        browser.prefer(theme).await;
        browser.picture(&format!("{name}-{word}-{}", screen.width())).await;
    }
}

/// Fills a room with what an evening brings.
pub(crate) async fn an_evening(server: &Server) {
    let admin = server.admin().await;
    let named = admin.put("/api/me").json(&json!({"name": "Ana"})).send().await.unwrap();
    assert_eq!(named.status(), 200);
    let titled = json!({"title": "Harbour Festival"});
    admin.put("/api/rooms/main").json(&titled).send().await.unwrap();
    admin.say("Good evening. Doors open at **seven**, the first band is on at *eight*.").await;
    let publisher = server.publisher();
    publisher.say("Tram 4 is running every six minutes until midnight.").await;
    let picture = upload(&publisher).await;
    admin.publish("image", picture).await;
    let link = json!({"url": "https://example.org/programme", "title": "The programme",
        "description": "Who plays when, on which stage, and where to eat in between."});
    admin.publish("link", link).await;
    admin
        .say("### Change of plan\n\n- *Northern Lights* play **inside**\n- the quay stays open\n\n> Bring a jacket.")
        .await;
    publisher.say("Wind 14 km/h from the west, 17 °C. `updated 20:05`").await;
}

pub(crate) async fn upload(api: &Api) -> Value {
    let bytes = include_bytes!("../../fixtures/sunrise.png").to_vec();
    let answer = api.post("/api/rooms/main/uploads").body(bytes).send().await.unwrap();
    let upload: Value = answer.json().await.unwrap();
    json!({"url": upload["url"], "alt": "The sun goes down behind the harbour",
        "width": upload["width"], "height": upload["height"]})
}

const SHOWN: &str = "return document.querySelectorAll('article').length >= 6
    && [...document.images].every(image => image.complete)";

#[tokio::test]
async fn the_feed() {
    let server = server().await;
    for screen in [Screen::Desk, Screen::Phone] {
        let feed = Feed::open(&server.origin(), screen).await;
        if screen == Screen::Desk {
            pictures(&feed, screen, "feed-empty").await;
            an_evening(&server).await;
        }
        feed.until("the evening is shown", SHOWN).await;
        pictures(&feed, screen, "feed").await;
        fits(&feed).await;
        feed.close().await;
    }
}

#[tokio::test]
async fn an_empty_feed_on_a_phone() {
    let server = server().await;
    let feed = Feed::open(&server.origin(), Screen::Phone).await;
    pictures(&feed, Screen::Phone, "feed-empty").await;
    feed.close().await;
}

#[tokio::test]
async fn a_feed_that_is_cut_off() {
    let server = server().await;
    an_evening(&server).await;
    for screen in [Screen::Desk, Screen::Phone] {
        let proxy = Proxy::start(server.address()).await;
        let feed = Feed::open(&proxy.origin(), screen).await;
        feed.until("the evening is shown", SHOWN).await;
        proxy.set(|rules| rules.refuse_all = true);
        proxy.cut();
        feed.is("Reconnecting…").await;
        pictures(&feed, screen, "feed-reconnecting").await;
    }
}

#[tokio::test]
async fn many_items_and_new_ones_above() {
    let server = server().await;
    for number in 1..=40 {
        let text = format!("Lap **{number}**: the gap is {:.1} s.", f64::from(number) * 0.7);
        server.publisher().say(text).await;
    }
    for screen in [Screen::Desk, Screen::Phone] {
        let feed = Feed::open(&server.origin(), screen).await;
        feed.until("there are items", "return document.querySelectorAll('article').length >= 40")
            .await;
        feed.scroll_to(700).await;
        for number in 0..3 {
            server.publisher().say(format!("New {number}")).await;
        }
        feed.says_new(3).await;
        pictures(&feed, screen, "feed-many-new").await;
        feed.close().await;
    }
}

#[tokio::test]
async fn long_words_and_text_from_right_to_left() {
    let server = server().await;
    let publisher = server.publisher();
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
    publisher.say(long.repeat(2)).await;
    publisher
        .say(format!("```\n{}\n```", "let there = \"be no end to this line of code\"; ".repeat(6)))
        .await;
    publisher.say("הדלתות נפתחות בשבע. **ההופעה הראשונה** בשמונה.").await;
    publisher.say("تفتح الأبواب في الساعة السابعة، والعرض الأول في الثامنة.").await;
    let link = json!({"url": format!("https://example.org/{}", "path/".repeat(40)),
        "title": "القائمة الكاملة للعروض", "description": long});
    publisher.publish("link", link).await;
    for screen in [Screen::Desk, Screen::Phone] {
        let feed = Feed::open(&server.origin(), screen).await;
        feed.until("all is there", "return document.querySelectorAll('article').length === 5")
            .await;
        pictures(&feed, screen, "feed-long-words-rtl").await;
        fits(&feed).await;
        feed.close().await;
    }
}

#[tokio::test]
async fn the_desk() {
    let server = server().await;
    an_evening(&server).await;
    for screen in [Screen::Desk, Screen::Phone] {
        let desk = Desk::open(&server.origin(), screen).await;
        pictures(&desk, screen, "admin-login").await;
        desk.enter(PASSWORD).await;
        desk.is_open().await;
        desk.until(
            "the evening is there",
            "return document.querySelectorAll('article').length >= 6",
        )
        .await;
        pictures(&desk, screen, "admin").await;
        fits(&desk).await;
        if screen == Screen::Phone {
            desk.press("nav", "Compose").await;
        }
        desk.fill(
            "#compose-text",
            "The **main stage** opens in *ten minutes*.\n\n- bar left\n- food right",
        )
        .await;
        let preview = "return document.querySelector('.composer .prose strong')?.innerText";
        desk.until("the preview shows it", preview).await;
        pictures(&desk, screen, "admin-composing").await;
        fits(&desk).await;
        if screen == Screen::Phone {
            desk.press("nav", "Feed").await;
        }
        desk.press(".item-tools", "Edit").await;
        desk.until("it can be edited", "return document.querySelector('#edit-text')").await;
        pictures(&desk, screen, "admin-editing").await;
        fits(&desk).await;
        desk.close().await;
    }
}
