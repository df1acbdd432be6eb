//! How it all looks: pictures of every page and state, in both themes and at both widths, for
//! people to look at before a change is done.

mod desk;

use crate::windows::{Desk, ENTER, Feed, fits, server, with_pages};
use nowcast_tests::api::Api;
use nowcast_tests::browser::{Browser, Screen, Theme};
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{PASSWORD, Server, Setup};
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

/// Says something as somebody who has no page.
async fn told(server: &Server, name: &str, text: &str) {
    let said = json!({"text": text, "name": name});
    let answer = server.visitor().post("/api/rooms/main/chat").json(&said).send().await.unwrap();
    assert_eq!(answer.status(), 201);
}

/// Brings the chat up, where it is not there already.
async fn go_to_chat(feed: &Feed, screen: Screen) {
    if screen == Screen::Phone {
        feed.click(".to-chat").await;
    }
}

#[tokio::test]
async fn the_chat() {
    let server = server().await;
    for screen in [Screen::Desk, Screen::Phone] {
        let feed = Feed::open(&server.origin(), screen).await;
        go_to_chat(&feed, screen).await;
        if screen == Screen::Desk {
            pictures(&feed, screen, "chat-empty").await;
            feed.say("Is the quay open tonight?").await;
            feed.shows_text(".ask label", "What should others call you?").await;
            pictures(&feed, screen, "chat-asks-for-a-name").await;
            feed.fill("#say-name", &format!("Ana{ENTER}")).await;
            an_evening(&server).await;
            told(
                &server,
                "Ben",
                "Yes, until midnight. Plan of the stages: https://example.org/harbour/plan.",
            )
            .await;
            told(&server, "Cleo", "Tram 4 is the best way there").await;
            told(
                &server,
                "Cleo",
                "@Ana we meet at the crane at eight, and somebody should bring the blanket",
            )
            .await;
            feed.say("Good, I bring it. @Ben are you with us?").await;
            told(&server, "Ben", "Sure").await;
        }
        let all = if screen == Screen::Desk { 6 } else { 7 };
        feed.until(
            "all is said",
            &format!("return document.querySelectorAll('.said').length >= {all}"),
        )
        .await;
        pictures(&feed, screen, "chat").await;
        fits(&feed).await;
        if screen == Screen::Desk {
            feed.run("document.querySelector('.own [data-do=edit]').click()").await;
            pictures(&feed, screen, "chat-editing").await;
            feed.fill("#say", "\u{e00c}").await;
            feed.run("document.querySelector('.own [data-do=delete]').click()").await;
            pictures(&feed, screen, "chat-deleting").await;
            feed.run("document.querySelector('[data-do=no]').click()").await;
            feed.run("document.querySelector('.fold').click()").await;
            told(&server, "Cleo", "Anybody?").await;
            feed.shows_text(".unfold .mark", "1").await;
            pictures(&feed, screen, "chat-aside").await;
        } else {
            feed.press(".tabs", "Feed").await;
            told(&server, "Cleo", "Anybody still awake?").await;
            feed.shows_text(".tabs .mark", "1").await;
            pictures(&feed, screen, "chat-unread").await;
            fits(&feed).await;
        }
        feed.close().await;
    }
}

#[tokio::test]
async fn who_is_here_and_what_is_for_one_alone() {
    let server = with_pages(Setup::new()).arg("--open").start().await;
    let others = [
        Feed::open_as(&server.origin(), Screen::Desk, "Ana").await,
        Feed::open_as(&server.origin(), Screen::Desk, "ليلى").await,
    ];
    for screen in [Screen::Desk, Screen::Phone] {
        let feed = Feed::open_as(&format!("{}/?id=dora", server.origin()), screen, "Ana").await;
        feed.click(".watching").await;
        feed.shows_text("#people .why", "You are Ana 2 here.").await;
        pictures(&feed, screen, "people").await;
        feed.run("document.querySelector('#people').hidePopover()").await;
        for data in [
            json!({"title": "Your table is ready", "text": "Come to the bar by nine.", "url": "https://example.org/table/7"}),
            json!({"seat": "B 12", "gate": 4}),
            json!("Your order 1183 is ready to be picked up"),
        ] {
            let push = json!({"destination": "dora", "data": data});
            server.publisher().post("/api/push").json(&push).send().await.unwrap();
        }
        feed.until("all are there", "return document.querySelectorAll('.for-me').length === 3")
            .await;
        pictures(&feed, screen, "for-you").await;
        fits(&feed).await;
        feed.close().await;
    }
    for other in others {
        other.close().await;
    }
}

#[tokio::test]
async fn many_words_and_new_ones_below() {
    let server = server().await;
    for number in 1..=40 {
        let (name, text) = match number % 4 {
            0 => ("Ana", "What a finish"),
            1 => (
                "Ben",
                "Did you see that? I did not think that he would make it in time, not with that wind",
            ),
            2 => ("Ben", "Incredible"),
            _ => ("Cleo", "🎉"),
        };
        told(&server, name, text).await;
    }
    for screen in [Screen::Desk, Screen::Phone] {
        let feed = Feed::open_as(&server.origin(), screen, "Dora").await;
        go_to_chat(&feed, screen).await;
        feed.until("all is said", "return document.querySelectorAll('.said').length >= 40").await;
        feed.run("document.querySelector('.talk').scrollTop -= 500").await;
        feed.until(
            "it is noticed",
            "return new Promise(done => setTimeout(() => done(true), 100))",
        )
        .await;
        told(&server, "Ben", "And now the last lap").await;
        told(&server, "Cleo", "@Dora are you watching?").await;
        feed.shows_text(".later button", "2 new").await;
        pictures(&feed, screen, "chat-many-new").await;
        feed.press(".later", "2 new").await;
        feed.shows_text(".talk .new", "New").await;
        pictures(&feed, screen, "chat-new-line").await;
        feed.close().await;
    }
}

#[tokio::test]
async fn long_words_and_text_from_right_to_left_in_the_chat() {
    let server = server().await;
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
    told(&server, "Wolfeschlegelsteinhausenbergerdorffschwe", &long.repeat(2)).await;
    told(&server, "דנה", "הדלתות נפתחות בשבע, ראו https://example.org/harbour").await;
    told(&server, "ليلى", "تفتح الأبواب في الساعة السابعة، والعرض الأول في الثامنة.").await;
    told(&server, "Ana", &format!("https://example.org/{}", "path/".repeat(30))).await;
    told(&server, "Ana", "one\ntwo\n\nfour").await;
    for screen in [Screen::Desk, Screen::Phone] {
        let feed = Feed::open_as(&server.origin(), screen, "דוד").await;
        go_to_chat(&feed, screen).await;
        feed.say(long).await;
        feed.say("שלום לכולם").await;
        feed.until(
            "it is said",
            "return document.querySelectorAll('.own:not(.mine)').length === 2",
        )
        .await;
        feed.fill("#say", &"Word ".repeat(380)).await;
        feed.shows_text(".left", "101 left").await;
        pictures(&feed, screen, "chat-long-words-rtl").await;
        fits(&feed).await;
        feed.close().await;
    }
}
