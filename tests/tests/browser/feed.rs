//! What viewers see.

use crate::windows::{Feed, fits, server};
use nowcast_tests::browser::{Browser, Screen};
use serde_json::{Value, json};

#[tokio::test]
async fn a_reload_keeps_the_feed_and_brings_what_was_missed() {
    let server = server().await;
    for number in 1..=3 {
        server.publisher().say(format!("{number}")).await;
    }
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    feed.shows(&["3", "2", "1"]).await;
    feed.reload().await;
    feed.shows(&["3", "2", "1"]).await;

    feed.go("about:blank").await;
    server.publisher().say("4").await;
    feed.go(&server.origin()).await;
    feed.shows(&["4", "3", "2", "1"]).await;
    server.publisher().say("5").await;
    feed.shows(&["5", "4", "3", "2", "1"]).await;
    feed.close().await;
}

#[tokio::test]
async fn a_reader_who_has_scrolled_down_is_not_moved_and_hears_how_many_are_new() {
    let server = server().await;
    for number in 1..=60 {
        server.publisher().say(format!("Item {number} of many, as long as a line is")).await;
    }
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    feed.until("there are items", "return document.querySelectorAll('article').length >= 50").await;
    feed.scroll_to(900).await;

    let place = "const shown = [...document.querySelectorAll('article')]
         .find(it => it.innerText.includes('Item 50 of'));
         return Math.round(shown.getBoundingClientRect().top)";
    let before = feed.run(place).await;
    for number in 61..=63 {
        server.publisher().say(format!("Item {number}")).await;
    }
    feed.says_new(3).await;
    let after = feed.run(place).await;
    let moved = after.as_i64().unwrap() - before.as_i64().unwrap();
    assert!(moved.abs() <= 1, "the page jumped by {moved} pixels");

    feed.go_to_new().await;
    assert_eq!(feed.texts().await[0], "Item 63");
    feed.close().await;
}

#[tokio::test]
async fn older_items_come_as_one_scrolls_to_them() {
    let server = server().await;
    for number in 1..=120 {
        server.publisher().say(format!("{number}")).await;
    }
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let script = "window.scrollTo({top: document.body.scrollHeight, behavior: 'instant'});
         return document.querySelectorAll('article').length === 120";
    feed.until("all items are there", script).await;
    let all: Vec<_> = (1..=120).rev().map(|number| number.to_string()).collect();
    assert_eq!(feed.texts().await, all, "each once and in order");
    feed.close().await;
}

#[tokio::test]
async fn edits_and_deletions_follow_in_place() {
    let server = server().await;
    let publisher = server.publisher();
    let wrong = publisher.say("wrong").await;
    publisher.say("stays").await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    feed.shows(&["stays", "wrong"]).await;
    feed.run("document.querySelectorAll('article')[0].dataset.same = 'yes'").await;

    let edit = json!({"kind": "edit", "item": wrong.id, "data": {"text": "right"}});
    assert_eq!(publisher.command(edit).await.status(), 200);
    feed.shows(&["stays", "right"]).await;
    let edited = "return document.querySelectorAll('article')[1].innerText.includes('edited')";
    feed.until("it says that it was edited", edited).await;

    let delete = json!({"kind": "delete", "item": wrong.id});
    assert_eq!(publisher.command(delete).await.status(), 200);
    feed.shows(&["stays"]).await;
    let same = feed.run("return document.querySelectorAll('article')[0].dataset.same").await;
    assert_eq!(same, "yes", "what did not change was not drawn again");
    feed.close().await;
}

#[tokio::test]
async fn script_in_what_is_published_does_not_run() {
    let server = server().await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let hostile = [
        "<script>window.hacked = 1</script>",
        "<img src=x onerror=\"window.hacked = 2\">",
        "[x](javascript:window.hacked=3)",
        "<svg onload=\"window.hacked = 4\"></svg>",
        "<a href=\"javascript:window.hacked=5\" onclick=\"window.hacked=6\">click</a>",
        "<iframe srcdoc=\"<script>parent.hacked=7</script>\"></iframe>",
        "![x\" onerror=\"window.hacked=8](https://127.0.0.1:1/x.png)",
    ];
    for text in hostile {
        server.publisher().say(text).await;
    }
    let title = "<img src=x onerror=\"window.hacked = 9\">";
    let link = json!({"url": "https://example.org/\"onmouseover=\"hacked=1", "title": title,
        "description": "<script>window.hacked = 10</script>"});
    server.publisher().publish("link", link).await;
    let all =
        format!("return document.querySelectorAll('article').length === {}", hostile.len() + 1);
    feed.until("all of it is shown", &all).await;
    // Whatever can still be clicked on leads nowhere near a script.
    let script = "return [...document.querySelectorAll('article a[href]')].map(it => it.protocol)";
    let schemes = feed.run(script).await;
    for scheme in schemes.as_array().unwrap() {
        assert!(scheme == "https:" || scheme == "http:", "{schemes}");
    }
    assert_eq!(feed.run("return window.hacked ?? null").await, Value::Null);
}

#[tokio::test]
async fn links_pictures_and_markdown_are_shown_as_what_they_are() {
    let server = server().await;
    let publisher = server.publisher();
    publisher.say("**Doors** open at *seven*").await;
    let link = json!({"url": "https://example.org/programme", "title": "The programme",
        "description": "Who plays when."});
    publisher.publish("link", link).await;
    let bytes = include_bytes!("../../fixtures/sunrise.png").to_vec();
    let upload: Value = publisher
        .post("/api/rooms/main/uploads")
        .body(bytes)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let image = json!({"url": upload["url"], "alt": "Sunrise over the sea",
        "width": upload["width"], "height": upload["height"]});
    publisher.publish("image", image).await;

    let feed = Feed::open(&server.origin(), Screen::Phone).await;
    let shown = "const picture = document.querySelector('article img');
         return picture?.alt === 'Sunrise over the sea' && picture.naturalWidth === 480
             && document.querySelector('article a[href=\"https://example.org/programme\"]')
                 ?.innerText.includes('The programme')
             && document.querySelector('.prose strong')?.innerText === 'Doors'";
    feed.until("all three are shown", shown).await;
    fits(&feed).await;
    feed.close().await;
}

#[tokio::test]
async fn nothing_is_wider_than_a_phone() {
    let server = server().await;
    let publisher = server.publisher();
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
    publisher.say(long.repeat(3)).await;
    publisher.say(format!("`{}`", "code ".repeat(60))).await;
    publisher.say(format!("```\n{}\n```", "a line of code that does not end ".repeat(10))).await;
    publisher.say("| a | b |\n|---|---|\n| 1 | 2 |").await;
    let url = format!("https://example.org/{}", "a".repeat(300));
    publisher.say(url.as_str()).await;
    let link = json!({"url": url, "title": long, "description": long.repeat(2)});
    publisher.publish("link", link).await;
    let feed = Feed::open(&server.origin(), Screen::Phone).await;
    feed.until("all is there", "return document.querySelectorAll('article').length === 6").await;
    fits(&feed).await;
    feed.close().await;
}

#[tokio::test]
async fn a_room_that_is_not_there_says_so() {
    let server = server().await;
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&format!("{}/r/nowhere", server.origin())).await;
    browser
        .until(
            "the page says that there is no such room",
            "return document.body.innerText.toLowerCase().includes('room')
                 && !document.querySelector('article')",
        )
        .await;
    browser.picture("feed-no-such-room").await;
}

/// Prints how fast the page is and what it weighs. Figures, not promises: machines differ.
#[tokio::test]
async fn figures_of_the_first_view() {
    let server = server().await;
    server.publisher().say("The first item").await;
    let browser = Browser::open(Screen::Desk).await;
    browser
        .before_every_page(
            "new MutationObserver((_, observer) => {
                 if (!document.querySelector('article')) return;
                 observer.disconnect();
                 requestAnimationFrame(() => setTimeout(() => window.shown = performance.now()));
             }).observe(document, {childList: true, subtree: true});",
        )
        .await;
    for visit in ["first visit", "second visit", "third visit"] {
        browser.go(&format!("{}/", server.origin())).await;
        let shown = browser.until("an item is on screen", "return window.shown ?? null").await;
        let weight = browser
            .run(
                "const all = [...performance.getEntriesByType('navigation'),
                     ...performance.getEntriesByType('resource')];
                 const loaded = all.filter(it => !it.name.includes('/api/'));
                 return [loaded.reduce((sum, it) => sum + it.encodedBodySize, 0), loaded.length]",
            )
            .await;
        println!(
            "{visit}: {:.0} ms from navigation to the first item on screen, {} bytes in {} files",
            shown.as_f64().unwrap(),
            weight[0],
            weight[1]
        );
        // The next visit begins without what this one kept, but with the browser's cache.
        browser.run("sessionStorage.clear()").await;
    }
    browser.close().await;
}
