//! The browser extension, in a Chromium that has it.

mod looks;
mod notes;
mod offline;
mod settings;

use crate::windows::server;
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{Server, repository};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::ops::Deref;
use std::path::PathBuf;

/// A browser with the extension. It has one tab: the popup is open where that shows it.
pub(crate) struct Extended(Browser);

impl Deref for Extended {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.0
    }
}

/// The extension that was built: `NOWCAST_EXTENSION`, or `target/extension` in the checkout.
fn folder() -> PathBuf {
    let folder = std::env::var_os("NOWCAST_EXTENSION")
        .map_or_else(|| repository().join("target/extension"), PathBuf::from);
    assert!(
        folder.join("manifest.json").is_file(),
        "{} has no extension: run cargo xtask extension",
        folder.display()
    );
    // The browser names it after its true path.
    folder.canonicalize().expect("the folder is there")
}

/// The address of one of the extension's pages. An extension that has no key is named after the
/// digest of its folder's path, in letters from a to p.
fn page(name: &str) -> String {
    let digest = Sha256::digest(folder().as_os_str().as_encoded_bytes());
    let letter = |half: u8| char::from(b'a' + half);
    let id: String =
        digest[..16].iter().flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect();
    format!("chrome-extension://{id}/{name}")
}

impl Extended {
    /// Opens a browser in which nothing is set.
    pub(crate) async fn fresh() -> Self {
        let browser = Browser::with_extension(Screen::Desk, &folder()).await;
        let this = Self(browser);
        this.worker().run("true").await;
        this.options().await;
        this
    }

    /// Opens a browser whose extension follows this server's main room, and has connected.
    pub(crate) async fn following(server: &Server) -> Self {
        let this = Self::fresh().await;
        this.follow(&server.origin(), "main", "posts").await;
        let connected = format!(
            "return (await chrome.storage.local.get('kept')).kept?.place.server === {}
                 && Boolean((await chrome.storage.local.get('kept')).kept.position)",
            json!(server.origin())
        );
        this.until("the extension has connected", &asynchronous(&connected)).await;
        this
    }

    /// Shows the settings; the popup, if it was open, is closed by that.
    pub(crate) async fn options(&self) {
        self.resize(1280, 900).await;
        self.go(&page("options.html")).await;
        self.until(
            "the settings are there",
            "return document.querySelector('[name=notify]:checked')",
        )
        .await;
    }

    /// Opens the popup.
    pub(crate) async fn popup(&self) {
        self.resize(380, 560).await;
        self.go(&page("popup.html")).await;
        self.until("the popup is there", "return !document.querySelector('#start')").await;
    }

    /// Sets what to follow, as the settings' page does.
    pub(crate) async fn follow(&self, server: &str, room: &str, notify: &str) {
        self.options().await;
        self.fill("#server", server).await;
        self.fill("#room", room).await;
        self.click(&format!("[value={notify}]")).await;
        self.click("#save").await;
        self.says("Saved.").await;
    }

    /// Waits until the settings' page says something that begins like this.
    pub(crate) async fn says(&self, words: &str) {
        let script = format!(
            "return document.querySelector('#said').innerText.startsWith({})",
            json!(words)
        );
        self.until(&format!("the settings say {words:?}"), &script).await;
    }

    /// Waits until the button shows this.
    pub(crate) async fn badge(&self, text: &str) {
        let script = asynchronous(&format!(
            "return await chrome.action.getBadgeText({{}}) === {}",
            json!(text)
        ));
        self.until(&format!("the button shows {text:?}"), &script).await;
    }

    /// Waits until the popup shows these words as its items, newest first.
    pub(crate) async fn shows(&self, texts: &[&str]) {
        let script = format!(
            "const now = [...document.querySelectorAll('article')].map(it => it.innerText);
             const wanted = {};
             return now.length === wanted.length && now.every((it, at) => it.includes(wanted[at]))",
            json!(texts)
        );
        self.until(&format!("the popup shows {texts:?}"), &script).await;
    }

    /// Waits until the sign of the connection begins like this.
    pub(crate) async fn is(&self, word: &str) {
        let script = format!(
            "return document.querySelector('.pill')?.innerText.trim().startsWith({})",
            json!(word)
        );
        self.until(&format!("the popup says {word:?}"), &script).await;
    }

    /// What a script of an extension's page comes to, which may wait.
    pub(crate) async fn ask(&self, script: &str) -> Value {
        self.run(&asynchronous(script)).await
    }

    /// The names of the notifications that are to be seen.
    pub(crate) async fn notes(&self) -> Vec<String> {
        let names = self.ask("return Object.keys(await chrome.notifications.getAll())").await;
        let names = names.as_array().expect("a list").iter();
        names.map(|name| name.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Ends the browser; none of the pages may have complained.
    pub(crate) async fn close(self) {
        self.0.close().await;
    }
}

/// A script that may wait.
fn asynchronous(script: &str) -> String {
    format!("return (async () => {{ {script} }})()")
}

/// Publishes a post with this text, and says under which name.
pub(crate) async fn post(server: &Server, text: &str) -> String {
    let data = json!({"user": "Ana", "source": "Mastodon", "text": text});
    server.publisher().publish("post", data).await.id
}

#[tokio::test]
async fn an_item_reaches_the_button_and_the_popup() {
    let server = server().await;
    server.publisher().say("before").await;
    let browser = Extended::following(&server).await;
    browser.badge("").await;

    let first = post(&server, "first").await;
    browser.badge("1").await;
    let second = post(&server, "second").await;
    browser.badge("2").await;
    let title = browser.ask("return chrome.action.getTitle({})").await;
    assert!(title.as_str().unwrap_or_default().ends_with("2 new"), "{title}");

    browser.popup().await;
    browser.is("Live").await;
    browser.shows(&["second", "first", "before"]).await;
    let _page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let watching = "return document.querySelector('.count').innerText === '1 watching'";
    browser.until("pages are counted, the extension is none", watching).await;
    let line =
        "return document.querySelector('li.seen')?.nextElementSibling.innerText.includes('before')";
    browser.until("a line stands before what was seen", line).await;
    browser.badge("").await;

    // What comes while it is open is in it, and is neither counted nor announced.
    let third = post(&server, "third").await;
    browser.shows(&["third", "second", "first", "before"]).await;
    let edit = json!({"kind": "edit", "item": first, "data": {"text": "first, corrected"}});
    assert_eq!(server.publisher().command(edit).await.status(), 200);
    browser.shows(&["third", "second", "first, corrected", "before"]).await;
    let delete = json!({"kind": "delete", "item": second});
    assert_eq!(server.publisher().command(delete).await.status(), 200);
    browser.shows(&["third", "first, corrected", "before"]).await;
    browser.badge("").await;
    assert!(!browser.notes().await.contains(&format!("item {third}")));

    // Closed and opened again, it has all of it before the connection has said anything.
    browser.options().await;
    browser.popup().await;
    browser.shows(&["third", "first, corrected", "before"]).await;
    assert_eq!(browser.run("return document.querySelector('li.seen')").await, Value::Null);
    browser.close().await;
}

#[tokio::test]
async fn another_room_begins_anew() {
    let server = server().await;
    let admin = server.admin().await;
    let made = admin.put("/api/rooms/final").json(&json!({"title": "The final"})).send().await;
    assert!(made.unwrap().status().is_success());
    let browser = Extended::following(&server).await;
    post(&server, "in the main room").await;
    browser.badge("1").await;

    // The address of the room's page is enough.
    browser.fill("#server", &format!("{}/r/final", server.origin())).await;
    browser.click("#save").await;
    browser.says("Saved. Connected to “The final”").await;
    assert_eq!(browser.run("return document.querySelector('#room').value").await, "final");
    browser.badge("").await;
    assert!(browser.notes().await.is_empty());
    browser.popup().await;
    browser.is("Live").await;
    browser.shows(&[]).await;
    let title = "return document.querySelector('h1').innerText === 'The final'";
    browser.until("it is the other room", title).await;
    let page = browser.run("return document.querySelector('.page-link').href").await;
    assert_eq!(page, format!("{}/r/final", server.origin()));
    let said = json!({"kind": "message", "data": {"text": "in the final"}});
    admin.post("/api/rooms/final/items").json(&said).send().await.unwrap();
    browser.shows(&["in the final"]).await;
    browser.close().await;
}
