//! A live feed in pages of other sites.
//!
//! - [`edges`]: changes in mid-course, servers that mean no good. [`looks`]: pictures of it.
//! - [`library`]: such pages' own scripts, and the examples. [`tables`]: custom items.

mod edges;
mod library;
mod looks;
mod tables;

use crate::windows::with_pages;
use nowcast_tests::api::Api;
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::Transport;
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::site::Site;
use serde_json::{Value, json};
use std::time::Duration;

over_every_transport![a_feed_in_another_sites_page_follows_through_kills];

/// A server, and a website whose pages may read it.
async fn neighbours() -> (Server, Site) {
    let site = Site::start().await;
    let setup = Setup::new().arg(format!("--allow-origin={}", site.origin()));
    (with_pages(setup).start().await, site)
}

/// A page with this in it.
fn html(body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Another site</title>\
         <meta name=viewport content='width=device-width'><body>{body}</body></html>"
    )
}

/// The script tag that puts a feed into a page.
fn tag(server: &str, attributes: &str) -> String {
    format!("<script type=module src='{server}/embed.js' data-room=main {attributes}></script>")
}

/// What stands in the shadow root of the first feed.
const ROOT: &str = "const root = document.querySelector('nowcast-feed')?.shadowRoot;
    const texts = selector => [...root?.querySelectorAll(selector) ?? []]
        .filter(it => it.checkVisibility()).map(it => it.innerText.trim());";

/// Waits until these are the items' contents, newest first.
async fn shows(browser: &Browser, contents: &[&str]) {
    let script = format!(
        "{ROOT} return JSON.stringify(texts('.content')) === JSON.stringify({})",
        json!(contents)
    );
    let limit = Duration::from_secs(40);
    browser.until_within(limit, &format!("the feed shows {contents:?}"), &script).await;
}

/// Waits until the feed says this beside its title.
async fn says(browser: &Browser, word: &str) {
    let script = format!("{ROOT} return texts('.pill')[0] === {}", json!(word));
    let limit = Duration::from_secs(40);
    browser.until_within(limit, &format!("the feed says {word:?}"), &script).await;
}

/// Waits until the feed says this in the place of items.
async fn explains(browser: &Browser, sentence: &str) {
    let script = format!("{ROOT} return texts('.said')[0]?.includes({})", json!(sentence));
    browser.until(&format!("the feed explains {sentence:?}"), &script).await;
}

/// A transport as attributes name it, and as the feed does.
fn named(transport: Transport) -> (&'static str, &'static str) {
    match transport {
        Transport::WebSocket => ("websocket", "Live by WebSocket"),
        Transport::Sse => ("sse", "Live by server-sent events"),
        Transport::LongPoll => ("poll", "Live by long polling"),
    }
}

async fn a_feed_in_another_sites_page_follows_through_kills(transport: Transport) {
    let (mut server, site) = neighbours().await;
    let (name, title) = named(transport);
    let page = html(&tag(&server.origin(), &format!("data-transport={name}")));
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", page, "")).await;
    says(&browser, "Live").await;
    explains(&browser, "Nothing here yet").await;
    let how = browser.run(&format!("{ROOT} return root.querySelector('.pill').title")).await;
    assert_eq!(how, title);

    let publisher = server.publisher();
    let wrong = publisher.say("wrong").await;
    publisher.say("stays").await;
    shows(&browser, &["stays", "wrong"]).await;
    let edit = json!({"kind": "edit", "item": wrong.id, "data": {"text": "right"}});
    assert_eq!(publisher.command(edit).await.status(), 200);
    shows(&browser, &["stays", "right"]).await;
    let marks = browser.run(&format!("{ROOT} return texts('header i')")).await;
    assert_eq!(marks, json!(["edited"]));
    let delete = json!({"kind": "delete", "item": wrong.id});
    assert_eq!(publisher.command(delete).await.status(), 200);
    shows(&browser, &["stays"]).await;

    server.kill().await;
    says(&browser, "Reconnecting…").await;
    shows(&browser, &["stays"]).await;
    server.restart().await;
    publisher.say("missed").await;
    shows(&browser, &["missed", "stays"]).await;
    publisher.say("live again").await;
    shows(&browser, &["live again", "missed", "stays"]).await;
    says(&browser, "Live").await;
    browser.close().await;
}

#[tokio::test]
async fn a_page_that_is_not_allowed_says_so_and_shows_nothing() {
    let server =
        with_pages(Setup::new().arg("--allow-origin=https://friend.example")).start().await;
    server.publisher().say("not for everybody").await;
    let site = Site::start().await;
    let browser = Browser::open(Screen::Desk).await;
    for transport in ["auto", "websocket", "sse", "poll"] {
        let page = html(&tag(&server.origin(), &format!("data-transport={transport}")));
        browser.go(&site.page("/", page, "")).await;
        explains(&browser, "This live feed is not open to this site").await;
        explains(&browser, &format!("--allow-origin {}", site.origin())).await;
        says(&browser, "Not available").await;
        shows(&browser, &[]).await;
    }
    browser.picture("embed-not-allowed").await;
}

#[tokio::test]
async fn every_kind_is_shown_under_a_strict_policy_and_nothing_of_it_runs() {
    let (server, site) = neighbours().await;
    publish_all_kinds(&server.publisher()).await;
    let hostile = [
        "<script>window.hacked = 1</script>",
        "<img src=x onerror=\"window.hacked = 2\">",
        "[x](javascript:window.hacked=3)",
        "<iframe srcdoc=\"<script>parent.hacked=7</script>\"></iframe>",
    ];
    for text in hostile {
        server.publisher().say(text).await;
    }
    let origin = server.origin();
    let socket = origin.replace("http", "ws");
    let policy = format!(
        "default-src 'none'; script-src {origin}; connect-src {origin} {socket}; img-src {origin}; \
         require-trusted-types-for 'script'; trusted-types nowcast"
    );
    let page = html(&tag(&origin, "data-limit=30"));
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", page, &policy)).await;
    let shown = format!(
        "{ROOT} const found = selector => root.querySelector(`.content ${{selector}}`);
         const picture = found('figure img');
         picture?.scrollIntoView();
         return root?.querySelectorAll('.item').length === {}
             && picture?.naturalWidth === 480 && picture.alt === 'Sunrise over the sea'
             && found('a.card strong').innerText === 'The programme'
             && found('.prose strong').innerText === 'seven'
             && [...root.querySelectorAll('header b')].some(it => it.innerText === 'Ines')
             && found('.from a').innerText === 'Mastodon · example.org'
             && [...root.querySelectorAll('th[scope=row]')].some(it => it.innerText === 'home')",
        8 + hostile.len()
    );
    browser.until("all kinds are shown", &shown).await;
    let links = format!("{ROOT} return [...root.querySelectorAll('a')].map(it => it.protocol)");
    for scheme in browser.run(&links).await.as_array().unwrap() {
        assert!(scheme == "https:" || scheme == "http:", "{scheme}");
    }
    assert_eq!(browser.run("return window.hacked ?? null").await, Value::Null);
    browser.close().await;
}

/// Of each kind one or two, as a newsroom would.
async fn publish_all_kinds(publisher: &Api) {
    publisher.say("Doors open at **seven**. Bring a [ticket](https://example.org/tickets).").await;
    let programme = json!({"url": "https://example.org/programme", "title": "The programme",
        "description": "Who plays when, and where to sit: all three stages on one page."});
    publisher.publish("link", programme).await;
    let bytes = include_bytes!("../../fixtures/sunrise.png").to_vec();
    let upload = publisher.post("/api/rooms/main/uploads").body(bytes).send().await.unwrap();
    let upload: Value = upload.json().await.unwrap();
    let image = json!({"url": upload["url"], "alt": "Sunrise over the sea",
        "width": upload["width"], "height": upload["height"]});
    publisher.publish("image", image).await;
    let post = json!({"user": "Ines", "text": "First in the queue! See https://example.org/queue.",
        "source": "Mastodon", "url": "https://example.org/@ines/1"});
    publisher.publish("post", post).await;
    publisher.publish("custom", json!({"home": 2, "away": 1, "minute": 73})).await;
    let rows = json!([{"team": "Lions", "points": 12}, {"team": "Bears", "points": 9}]);
    publisher.publish("custom", rows).await;
    publisher.say("> A quote, and a list:\n\n- one\n- two with `code`\n").await;
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
    publisher.say(format!("{long} and a text that goes on for longer than a line is wide.")).await;
}

#[tokio::test]
async fn feeds_of_one_room_share_a_connection_and_scripts_draw_items_of_their_own() {
    let (server, site) = neighbours().await;
    let proxy = Proxy::start(server.address()).await;
    let origin = proxy.origin();
    server.publisher().publish("custom", json!({"goal": "Lions"})).await;
    server.publisher().say("plain").await;
    let body = format!(
        "<script>document.addEventListener('nowcast:item', event => {{
             const {{item, element}} = event.detail;
             if (item.kind !== 'custom') return;
             event.preventDefault();
             element.append(`GOAL for the ${{item.data.goal}}`);
         }});</script>
         <main></main>{}{}<nowcast-feed room=main limit=1></nowcast-feed>",
        tag(&origin, ""),
        tag(&origin, "data-limit=1")
    );
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", html(&body), "")).await;
    shows(&browser, &["plain", "GOAL for the Lions"]).await;
    let counts = "return JSON.stringify([...document.querySelectorAll('nowcast-feed')]
         .map(it => it.shadowRoot.querySelectorAll('.item').length))";
    browser.until("each shows as many as it should", &format!("{counts} === '[2,1,1]'")).await;
    let sockets = |seen: Vec<String>| seen.iter().filter(|path| path.contains("/ws?")).count();
    assert_eq!(sockets(proxy.seen()), 1, "{:?}", proxy.seen());

    // A script that is added later is no other module, and still asks for a feed.
    let added = format!(
        "const script = Object.assign(document.createElement('script'),
             {{type: 'module', src: '{origin}/embed.js'}});
         script.dataset.limit = 2;
         document.body.append(script)"
    );
    browser.run(&added).await;
    browser.until("there is one more", &format!("{counts} === '[2,1,1,2]'")).await;

    // Moving one keeps it, removing one does not end the others'.
    browser
        .run("document.querySelector('main').append(document.querySelector('nowcast-feed'))")
        .await;
    browser.run("document.querySelectorAll('nowcast-feed')[1].remove()").await;
    server.publisher().say("to those that are left").await;
    shows(&browser, &["to those that are left", "plain", "GOAL for the Lions"]).await;
    assert_eq!(sockets(proxy.seen()), 1);
    // Whoever is far from the server is told so, and sees what there is.
    proxy.set(|rules| rules.refuse_all = true);
    proxy.cut();
    says(&browser, "Reconnecting…").await;
    let unreachable =
        "const feed = document.body.appendChild(document.createElement('nowcast-feed'));
         feed.setAttribute('transport', 'poll');";
    browser.run(unreachable).await;
    let told = "return [...document.querySelectorAll('nowcast-feed')].at(-1).shadowRoot
         .querySelector('.said').innerText.startsWith('This live feed cannot be reached')";
    browser.until("one that shows nothing says why", told).await;
    browser.picture("embed-unreachable").await;
    proxy.set(|rules| rules.refuse_all = false);
    says(&browser, "Live").await;
    // Another room is another connection; one that is not there is said.
    browser.run("document.querySelector('nowcast-feed').setAttribute('room', 'nowhere')").await;
    explains(&browser, "There is no such live feed").await;
    browser.close().await;
}
