//! What a viewer's page tells for statistics, and when it tells nothing.

use crate::windows::{server, with_pages};
use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::site::Site;
use nowcast_tests::wait::eventually;
use serde_json::{Value, json};

/// Notes what is sent as pages are left.
const NOTES: &str = "window.beacons = [];
    const send = navigator.sendBeacon.bind(navigator);
    navigator.sendBeacon = (address, body) => { beacons.push(body); return send(address, body); };";

/// Links of items lead nowhere, so that the page stays, and what it noted with it.
const STAYS: &str = "addEventListener('click', event => {
    if (event.target.closest('article a')) event.preventDefault();
}, true);";

/// How often the page has told that a link was opened.
async fn told(browser: &Browser) -> Value {
    browser.run("return beacons.length").await
}

/// A website with a page that leads to the server's and one where a link of an item leads.
async fn website(server: &Server) -> (Site, String, String) {
    let site = Site::start().await;
    let link = format!("<!doctype html><a id=go href='{}/'>Live</a>", server.origin());
    let news = site.page("/news", link, "") + "?secret=1";
    let plan = site.page("/plan", "<!doctype html><p>The plan", "");
    (site, news, plan)
}

/// Comes from the website, and opens the links of a message and of a card.
async fn come_and_click(browser: &Browser, news: &str) {
    come(browser, news).await;
    browser.click("article a.card").await;
    browser.click("article .prose a").await;
}

/// As [`come_and_click`], and stays on the page.
async fn come_click_and_stay(browser: &Browser, news: &str) {
    browser.before_every_page(NOTES).await;
    browser.before_every_page(STAYS).await;
    come_and_click(browser, news).await;
}

async fn come(browser: &Browser, news: &str) {
    browser.go(news).await;
    browser.click("#go").await;
    browser
        .until("both items are there", "return document.querySelectorAll('article').length === 2")
        .await;
    let live = "return document.querySelector('.pill')?.innerText.trim() === 'Live'";
    browser.until("the page is live", live).await;
}

async fn publish(publisher: &Api, plan: &str) {
    publisher.publish("link", json!({"url": plan, "title": "The plan"})).await;
    publisher.say(format!("See [the plan]({plan}).")).await;
}

async fn stats(admin: &Api, fits: impl Fn(&Value) -> bool) -> Value {
    eventually("it is counted", async || {
        let stats = admin.json("/api/rooms/main/stats").await;
        fits(&stats).then_some(stats)
    })
    .await
}

#[tokio::test]
async fn links_that_are_opened_and_the_host_that_led_here_are_counted() {
    let server = server().await;
    let (site, news, plan) = website(&server).await;
    publish(&server.publisher(), &plan).await;
    let admin = server.admin().await;
    let browser = Browser::open(Screen::Desk).await;
    come_and_click(&browser, &news).await;
    let counted = stats(&admin, |stats| stats["totals"]["clicks"] == 2).await;
    assert_eq!(counted["links"], json!([{"url": plan, "title": "The plan", "clicks": 2}]));
    let host = site.origin().replace("http://", "");
    assert_eq!(counted["viewers"]["referrers"], json!([{"name": host, "count": 1}]));
    assert_eq!(counted["viewers"]["devices"], json!([{"name": "desktop", "count": 1}]));
    assert_eq!(counted["viewers"]["transports"], json!([{"name": "websocket", "count": 1}]));
    assert!(browser.complaints().await.is_empty());
    browser.close().await;
}

#[tokio::test]
async fn a_page_whose_viewer_does_not_want_to_be_tracked_tells_nothing() {
    let server = server().await;
    let (_site, news, plan) = website(&server).await;
    publish(&server.publisher(), &plan).await;
    let admin = server.admin().await;
    // Whoever asks for nothing is seen to tell, by the same steps.
    let browser = Browser::open(Screen::Desk).await;
    come_click_and_stay(&browser, &news).await;
    assert_eq!(told(&browser).await, 2);
    let first = stats(&admin, |stats| {
        stats["totals"]["clicks"] == 2 && stats["viewers"]["referrers"][0]["count"] == 1
    })
    .await;
    browser.close().await;
    for (came, (name, value)) in
        (2..).zip([("globalPrivacyControl", "true"), ("doNotTrack", "'1'")])
    {
        let browser = Browser::open(Screen::Desk).await;
        let asks =
            format!("Object.defineProperty(Navigator.prototype, '{name}', {{get: () => {value}}})");
        browser.before_every_page(&asks).await;
        come_click_and_stay(&browser, &news).await;
        assert_eq!(told(&browser).await, 0, "{name}");
        let counted = stats(&admin, |stats| stats["totals"]["joins"] == came).await;
        assert_eq!(counted["totals"]["clicks"], 2, "{name}");
        for list in ["referrers", "devices", "transports"] {
            assert_eq!(counted["viewers"][list], first["viewers"][list], "{name}: {list}");
        }
        browser.close().await;
    }
}

#[tokio::test]
async fn the_menu_of_a_link_does_not_open_the_link() {
    let server = server().await;
    let (_site, news, plan) = website(&server).await;
    publish(&server.publisher(), &plan).await;
    let browser = Browser::open(Screen::Desk).await;
    browser.before_every_page(NOTES).await;
    come(&browser, &news).await;
    for (button, what, all) in [(2, "right", 0), (1, "middle", 1)] {
        let pressed = format!(
            "document.querySelector('article .prose a').dispatchEvent(
                 new PointerEvent('auxclick', {{bubbles: true, button: {button}}}))"
        );
        browser.run(&pressed).await;
        assert_eq!(told(&browser).await, all, "the {what} button");
    }
    browser.close().await;
}

#[tokio::test]
async fn a_page_tells_nothing_where_nothing_is_counted() {
    let off = with_pages(Setup::new().arg("--no-statistics")).start().await;
    let server = server().await;
    let admin = server.admin().await;
    let keeping = json!({"days": null, "events": null, "bytes": null, "statistics": false});
    let kept = admin.put("/api/rooms/main/keeping").json(&keeping).send().await;
    expect_status(kept.expect("an answer"), 200).await;
    for server in [off, server] {
        let (_site, news, plan) = website(&server).await;
        publish(&server.publisher(), &plan).await;
        let browser = Browser::open(Screen::Desk).await;
        come_click_and_stay(&browser, &news).await;
        assert_eq!(told(&browser).await, 0);
        browser.close().await;
    }
}
