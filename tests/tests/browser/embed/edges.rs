//! What a feed does with scripts beside it, with changes in mid-course, and with servers that mean
//! no good.

use super::{ROOT, explains, html, neighbours, says, shows, tag};
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::wait::eventually;
use serde_json::{Value, json};

#[tokio::test]
async fn a_script_that_draws_an_item_hears_when_its_element_is_gone() {
    let (server, site) = neighbours().await;
    let publisher = server.publisher();
    let first = publisher.publish("custom", json!({"goal": 1})).await;
    publisher.say("no custom item").await;
    let body = format!(
        "<script>window.told = [];
         document.addEventListener('nowcast:item', event => {{
             const {{item, element}} = event.detail;
             told.push(`${{item.kind}} ${{item.data.goal}}`);
             element.append(`GOAL ${{item.data.goal}}`);
             event.preventDefault();
         }});
         document.addEventListener('nowcast:item-removed', ({{detail: {{item, element}}}}) =>
             told.push(`${{element.isConnected}} ${{item.data.goal}} ${{element.innerText}}`));
         </script>{}",
        tag(&server.origin(), "data-limit=2")
    );
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", html(&body), "")).await;
    shows(&browser, &["no custom item", "GOAL 1"]).await;
    let hears = async |told: Value| {
        let script = format!("return JSON.stringify(told) === {}", json!(told.to_string()));
        browser.until(&format!("the script has heard {told}"), &script).await;
        browser.run("told.length = 0").await;
    };
    hears(json!(["custom 1"])).await;
    let edit = json!({"kind": "edit", "item": first.id, "data": {"goal": 2}});
    assert_eq!(publisher.command(edit).await.status(), 200);
    hears(json!(["custom 2", "false 1 GOAL 1"])).await;
    // Beyond the limit, by a deletion, by a refresh, and together with the feed.
    let second = publisher.publish("custom", json!({"goal": 3})).await;
    hears(json!(["custom 3", "false 2 GOAL 2"])).await;
    let delete = json!({"kind": "delete", "item": second.id});
    assert_eq!(publisher.command(delete).await.status(), 200);
    hears(json!(["custom 2", "false 3 GOAL 3"])).await;
    browser.run("document.querySelector('nowcast-feed').refresh()").await;
    hears(json!(["custom 2", "false 2 GOAL 2"])).await;
    browser.run("document.querySelector('nowcast-feed').remove()").await;
    hears(json!(["false 2 GOAL 2"])).await;
    browser.close().await;
}

#[tokio::test]
async fn a_feed_that_is_changed_while_it_is_moved_shows_what_it_says() {
    let (server, site) = neighbours().await;
    let admin = server.admin().await;
    let made = admin.put("/api/rooms/final").json(&json!({"title": "The final"})).send().await;
    assert!(made.unwrap().status().is_success());
    let said = json!({"kind": "message", "data": {"text": "in the final"}});
    admin.post("/api/rooms/final/items").json(&said).send().await.unwrap();
    for text in ["one", "two"] {
        server.publisher().say(text).await;
    }
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", html(&tag(&server.origin(), "")), "")).await;
    shows(&browser, &["two", "one"]).await;
    let moved = |name: &str, value: &str| {
        format!(
            "const feed = document.querySelector('nowcast-feed');
             feed.remove();
             feed.setAttribute('{name}', '{value}');
             document.body.append(feed)"
        )
    };
    browser.run(&moved("limit", "1")).await;
    shows(&browser, &["two"]).await;
    browser.run(&moved("room", "final")).await;
    shows(&browser, &["in the final"]).await;
    says(&browser, "Live").await;
    browser.close().await;
}

#[tokio::test]
async fn a_feed_that_is_asked_for_what_there_is_not_says_so_and_is_not_busy() {
    let (server, site) = neighbours().await;
    let browser = Browser::open(Screen::Desk).await;
    let heard = "<script>window.states = [];
         document.addEventListener('nowcast:state', event => states.push(event.detail.state), true);
         </script>";
    for (number, attribute) in ["transport=x", "server=ftp://a.example"].iter().enumerate() {
        let feed = tag(&server.origin(), &format!("data-{attribute}"));
        let page = html(&format!("{heard}{feed}"));
        browser.go(&site.page(&format!("/{number}"), page, "")).await;
        explains(&browser, "This live feed does not open").await;
        says(&browser, "Not available").await;
        let stands = format!(
            "{ROOT} return [root.querySelector('.skeleton').checkVisibility(),
                 root.querySelector('.body').getAttribute('aria-busy'),
                 root.querySelector('.feed').getAttribute('aria-label'), states.join()]"
        );
        assert_eq!(browser.run(&stands).await, json!([false, "false", "Live feed", "off"]));
    }
    // What is mended opens.
    browser.run("document.querySelector('nowcast-feed').removeAttribute('server')").await;
    says(&browser, "Live").await;
    browser.close().await;
}

/// A server that sends what ours would not.
#[tokio::test]
async fn a_hostile_server_cannot_make_a_page_ask_its_own_site_for_something() {
    let (server, site) = neighbours().await;
    let hostile = "<p>hello <img src='/logout?raw' alt=x><img src='logout?relative'>\
         <a href='/logout?link'>link</a><img src='http://localhost:PORT/allowed'></p>";
    let hostile = hostile.replace("http://localhost:PORT", &site.origin());
    let item = json!({"id": "i1", "offset": 1, "at": 0, "kind": "message", "data": {"text": "x"},
        "html": hostile, "by": {"role": "publisher", "id": "p"}});
    let welcome = json!({"t": "welcome", "protocol": 1, "room": "main", "you": "p", "epoch": "e",
        "offset": 1, "recovered": false,
        "snapshot": {"title": "", "items": [item], "more": false}});
    let stub = format!(
        "<script>window.WebSocket = class {{
             readyState = 1;
             constructor() {{
                 setTimeout(() => this.onmessage({{data: JSON.stringify({welcome})}}));
             }}
             send() {{}}
             close() {{}}
         }};</script>"
    );
    let page = html(&format!("{stub}{}", tag(&server.origin(), "")));
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", page, "")).await;
    shows(&browser, &["hello link"]).await;
    let what = "the picture that is allowed is asked for";
    eventually(what, async || site.seen().contains(&"/allowed".to_owned()).then_some(())).await;
    let seen = site.seen();
    assert!(!seen.iter().any(|target| target.contains("logout")), "{seen:?}");
    let _ = browser.complaints().await;
    browser.close().await;
}
