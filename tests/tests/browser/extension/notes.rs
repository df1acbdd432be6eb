//! Notifications.

use super::{Extended, post};
use crate::pictures::upload;
use crate::windows::server;
use nowcast_tests::wait::eventually;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Keeps what the browser shows for the extension. (It tells only the names.)
const RECORDS: &str = "globalThis.rung = [];
    const {create} = chrome.notifications;
    chrome.notifications.create = async (id, what) => {
        const shown = await create.call(chrome.notifications, id, what);
        rung.push({id, ...what});
        return shown;
    };
    true";

/// Waits for so many, and says what they are.
async fn rung(browser: &Extended, count: usize) -> Vec<Value> {
    let what = format!("there are {count} notifications");
    eventually(&what, async || {
        let rung = browser.worker().run("globalThis.rung").await;
        rung.as_array().filter(|rung| rung.len() == count).cloned()
    })
    .await
}

#[tokio::test]
async fn a_new_post_is_announced_with_its_words_and_its_picture() {
    let server = server().await;
    let browser = Extended::following(&server).await;
    browser.worker().run(RECORDS).await;
    // What is no post is not announced, as it was set.
    server.publisher().say("no post").await;
    let picture = upload(&server.publisher()).await["url"].clone();
    let data = json!({"user": "Ana", "source": "Mastodon", "text": "The sun is up",
        "picture": picture});
    let id = server.publisher().publish("post", data).await.id;
    let note = &rung(&browser, 1).await[0];
    assert_eq!(
        (&note["id"], &note["title"], &note["message"], &note["contextMessage"]),
        (
            &json!(format!("item {id}")),
            &json!("Ana · Mastodon"),
            &json!("The sun is up"),
            &json!("Nowcast")
        )
    );
    assert_eq!(note["type"], "image");
    let picture = note["imageUrl"].as_str().unwrap_or_default();
    assert!(picture.starts_with("data:image/png;base64,iVBOR"), "{note}");

    // A site that keeps its pictures to itself: the words come without.
    let data = json!({"text": "Words", "picture": format!("http://{}/x.png", closed_site().await)});
    let id = server.publisher().publish("post", data).await.id;
    let note = &rung(&browser, 2).await[1];
    assert_eq!((&note["type"], &note["message"]), (&json!("basic"), &json!("Words")));
    browser.until_noted(&format!("item {id}")).await;

    // What is deleted is not announced any longer.
    let delete = json!({"kind": "delete", "item": id});
    assert_eq!(server.publisher().command(delete).await.status(), 200);
    eventually("it is gone", async || (browser.notes().await.len() == 1).then_some(())).await;
    // What was not allowed is on the console.
    let _ = browser.complaints().await;

    // Looking at the feed is as good as reading them.
    browser.popup().await;
    browser.is("Live").await;
    eventually("all are gone", async || browser.notes().await.is_empty().then_some(())).await;
    let _ = browser.complaints().await;
    browser.close().await;
}

#[tokio::test]
async fn people_choose_what_is_announced() {
    let server = server().await;
    let browser = Extended::following(&server).await;
    browser.follow(&server.origin(), "main", "nothing").await;
    browser.worker().run(RECORDS).await;
    post(&server, "one").await;
    browser.badge("1").await;
    browser.follow(&server.origin(), "main", "everything").await;
    let id = server.publisher().say("two").await.id;
    let note = &rung(&browser, 1).await[0];
    assert_eq!((&note["id"], &note["message"]), (&json!(format!("item {id}")), &json!("two")));
    browser.badge("2").await;
    browser.close().await;
}

#[tokio::test]
async fn a_click_leads_to_where_a_post_comes_from_or_to_the_page() {
    let server = server().await;
    let browser = Extended::following(&server).await;
    let place = format!("{}/healthz", server.origin());
    let data = json!({"text": "with a way back", "url": place});
    let id = server.publisher().publish("post", data).await.id;
    let name = format!("item {id}");
    browser.until_noted(&name).await;
    let click =
        |name: &str| format!("chrome.notifications.onClicked.dispatch({}); true", json!(name));
    browser.worker().run(&click(&name)).await;
    eventually("the post's source is open", async || {
        browser.addresses().await.contains(&place).then_some(())
    })
    .await;
    assert!(browser.notes().await.is_empty());
    browser.worker().run(&click("summary")).await;
    let page = format!("{}/", server.origin());
    eventually("the page is open", async || {
        browser.addresses().await.contains(&page).then_some(())
    })
    .await;
    browser.close().await;
}

impl Extended {
    /// Waits until there is a notification of this name.
    async fn until_noted(&self, name: &str) {
        eventually("there is a notification", async || {
            self.notes().await.iter().any(|note| note == name).then_some(())
        })
        .await;
    }

    /// What all tabs show. (An extension without that right does not learn it; its worker's tools
    /// do.)
    async fn addresses(&self) -> Vec<String> {
        self.worker().tabs().await
    }
}

/// A site with one picture, which it lets no other site read.
async fn closed_site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    let picture = include_bytes!("../../../fixtures/sunrise.png");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n",
                picture.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(picture).await;
        }
    });
    address
}
