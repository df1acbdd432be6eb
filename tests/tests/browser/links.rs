//! How a page stays connected.

use crate::windows::{Feed, server, with_pages};
use nowcast_tests::api::Published;
use nowcast_tests::browser::Screen;
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::Setup;
use nowcast_tests::wait::{in_time, pause};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[tokio::test]
async fn a_page_goes_on_by_the_next_way_when_one_is_closed_and_back_up_when_it_is_free() {
    let server = server().await;
    let proxy = Proxy::start(server.address()).await;
    let publisher = server.publisher();
    let feed = Feed::open(&proxy.origin(), Screen::Desk).await;
    publisher.say("by websocket").await;
    feed.shows(&["by websocket"]).await;

    proxy.set(|rules| rules.refuse_websocket = true);
    proxy.cut();
    publisher.say("while it was cut").await;
    feed.is("Live by server-sent events").await;
    publisher.say("by events").await;
    feed.shows(&["by events", "while it was cut", "by websocket"]).await;

    proxy.set(|rules| rules.refuse_sse = true);
    proxy.cut();
    publisher.say("cut again").await;
    feed.is("Live by long polling").await;
    publisher.say("by polling").await;
    publisher.say("and again").await;
    let all =
        ["and again", "by polling", "cut again", "by events", "while it was cut", "by websocket"];
    feed.shows(&all).await;

    proxy.set(|rules| (rules.refuse_websocket, rules.refuse_sse) = (false, false));
    // It tries by itself now and then; the network's return makes it try sooner.
    feed.run("window.dispatchEvent(new Event('online'))").await;
    feed.is_within(Duration::from_mins(1), "Live").await;
    publisher.say("by websocket again").await;
    let mut everything = vec!["by websocket again"];
    everything.extend(all);
    feed.shows(&everything).await;
    feed.close().await;
}

#[tokio::test]
async fn a_page_that_never_gets_a_websocket_comes_in_by_the_other_ways() {
    let server = server().await;
    server.publisher().say("before").await;
    for (sse, word) in [(false, "Live by server-sent events"), (true, "Live by long polling")] {
        let proxy = Proxy::start(server.address()).await;
        proxy.set(|rules| (rules.refuse_websocket, rules.refuse_sse) = (true, sse));
        let browser = nowcast_tests::browser::Browser::open(Screen::Desk).await;
        browser.go(&proxy.origin()).await;
        let script = format!(
            "return document.querySelector('.pill')?.innerText.trim() === {}
                 && document.querySelector('article .prose')?.innerText === 'before'",
            json!(word)
        );
        browser.until(word, &script).await;
        browser.close().await;
    }
}

#[tokio::test]
async fn a_page_behind_a_network_that_fails_says_so_and_catches_up() {
    let server = server().await;
    let proxy = Proxy::start(server.address()).await;
    let feed = Feed::open(&proxy.origin(), Screen::Desk).await;
    proxy.set(|rules| rules.refuse_all = true);
    proxy.cut();
    feed.is("Reconnecting…").await;
    server.publisher().say("missed").await;
    proxy.set(|rules| rules.refuse_all = false);
    feed.run("window.dispatchEvent(new Event('online'))").await;
    feed.shows(&["missed"]).await;
    server.publisher().say("live").await;
    feed.shows(&["live", "missed"]).await;
}

#[tokio::test]
async fn a_page_that_was_away_for_longer_than_the_log_is_kept_says_so_and_has_it_all() {
    let server = with_pages(Setup::new().arg("--keep-events=10")).start().await;
    let proxy = Proxy::start(server.address()).await;
    let publisher = server.publisher();
    for number in 1..=3 {
        publisher.say(number.to_string()).await;
    }
    let feed = Feed::open(&proxy.origin(), Screen::Desk).await;
    feed.shows(&["3", "2", "1"]).await;

    proxy.set(|rules| rules.refuse_all = true);
    proxy.cut();
    feed.is("Reconnecting…").await;
    for number in 4..=200 {
        publisher.say(number.to_string()).await;
    }
    proxy.set(|rules| rules.refuse_all = false);
    feed.run("window.dispatchEvent(new Event('online'))").await;
    feed.is("Live").await;
    // Where the reader is decides how much is loaded below the newest fifty by itself.
    let newest = "return document.querySelector('article')?.innerText.includes('200') ?? false";
    feed.until("the newest is on top", newest).await;
    let says = "return document.querySelector('.notice')?.innerText.includes('while you were away')
         ?? false";
    feed.until("the page says that this is not all", says).await;

    // It follows again, and the rest is there for who scrolls down.
    publisher.say("201").await;
    let loaded = "const items = [...document.querySelectorAll('article')];
         items.at(-1)?.scrollIntoView({behavior: 'instant'});
         return items.length === 201 && !document.querySelector('.notice')";
    feed.until("all items are loaded, and nothing more is said", loaded).await;
    let all: Vec<String> = (1..=201).rev().map(|number| number.to_string()).collect();
    feed.shows(&all).await;
    feed.close().await;
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again_loses_nothing_on_the_page() {
    const PUBLISHERS: usize = 4;
    const EACH: usize = 12;
    let mut server = server().await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let count = Arc::new(AtomicUsize::new(0));
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|who| {
            let (publisher, count) = (server.publisher(), Arc::clone(&count));
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for number in 0..EACH {
                    let text = format!("{who}.{number}");
                    let body = json!({"kind": "message", "data": {"text": text}});
                    let publishing = async {
                        loop {
                            let request = publisher.post("/api/rooms/main/items").json(&body);
                            let request = request.header("idempotency-key", &text);
                            if let Ok(answer) = request.send().await
                                && answer.status().is_success()
                                && let Ok(body) = answer.json().await
                            {
                                return Published::read(&body);
                            }
                            pause().await;
                        }
                    };
                    let answer = in_time("a publish is answered", publishing).await;
                    answers.push((answer.offset, text.clone()));
                    count.fetch_add(1, Ordering::Relaxed);
                }
                answers
            })
        })
        .collect();
    for round in 1..=3 {
        nowcast_tests::wait::eventually("publishing goes on", async || {
            (count.load(Ordering::Relaxed) >= PUBLISHERS * EACH * round / 4).then_some(())
        })
        .await;
        server.kill().await;
        server.restart().await;
    }
    let mut acknowledged = Vec::new();
    for publisher in publishers {
        acknowledged.extend(publisher.await.unwrap());
    }
    acknowledged.sort_unstable();
    let newest_first: Vec<_> = acknowledged.into_iter().rev().map(|(_, text)| text).collect();
    feed.run("window.dispatchEvent(new Event('online'))").await;
    feed.shows(&newest_first).await;
    feed.is("Live").await;
}
