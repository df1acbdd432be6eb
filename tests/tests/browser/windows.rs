//! The feed page and the desk, as people know them. Where a journey finds something in the markup
//! stands here alone.

use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::server::{PASSWORD, Server, Setup, repository};
use serde_json::{Value, json};
use std::ops::Deref;
use std::time::Duration;

/// A server with the pages that were built.
pub(crate) async fn server() -> Server {
    with_pages(Setup::new()).start().await
}

/// Adds the pages that were built: `NOWCAST_DIST`, or `dist` in the checkout.
pub(crate) fn with_pages(setup: Setup) -> Setup {
    let folder = std::env::var_os("NOWCAST_DIST")
        .map_or_else(|| repository().join("dist"), std::path::PathBuf::from);
    let folder = std::path::absolute(folder).expect("a current folder");
    assert!(
        folder.join("index.html").is_file(),
        "{} has no pages: run cargo xtask test",
        folder.display()
    );
    setup.arg("--assets").arg(folder.to_str().expect("a folder with a plain name"))
}

/// A window with the feed page.
pub(crate) struct Feed(Browser);

impl Deref for Feed {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.0
    }
}

impl Feed {
    /// Opens it and waits until it is live.
    pub(crate) async fn open(origin: &str, screen: Screen) -> Self {
        Self::visit(origin, screen, "Live").await
    }

    /// Opens it and waits until the sign of the connection has this text.
    pub(crate) async fn visit(origin: &str, screen: Screen, word: &str) -> Self {
        let browser = Browser::open(screen).await;
        browser.go(&format!("{origin}/")).await;
        let feed = Self(browser);
        feed.is_within(Duration::from_secs(40), word).await;
        feed
    }

    /// As [`Feed::open`], in a browser that knows its person's name; also with a query.
    pub(crate) async fn open_as(origin: &str, screen: Screen, name: &str) -> Self {
        let browser = Browser::open(screen).await;
        let name = format!("try {{ localStorage['nowcast.name'] ??= {} }} catch {{}}", json!(name));
        browser.before_every_page(&name).await;
        let address = if origin.contains('?') { origin.to_owned() } else { format!("{origin}/") };
        browser.go(&address).await;
        let feed = Self(browser);
        feed.is("Live").await;
        feed
    }

    /// As [`Feed::open`], with a script beside the page's own.
    pub(crate) async fn open_beside(origin: &str, screen: Screen, script: &str) -> Self {
        let browser = Browser::open(screen).await;
        browser.before_every_page(script).await;
        browser.go(&format!("{origin}/")).await;
        let feed = Self(browser);
        feed.is("Live").await;
        feed
    }

    /// Says something in the chat.
    pub(crate) async fn say(&self, text: &str) {
        self.fill("#say", &format!("{text}{ENTER}")).await;
    }

    /// What was said, oldest first, each as `name: text`; own words as `You: text`.
    pub(crate) async fn said(&self) -> Vec<String> {
        let said = self.run(&format!("return ({SAID})()")).await;
        let said = said.as_array().expect("a list").iter();
        said.map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until this is what was said.
    pub(crate) async fn hears<T: AsRef<str>>(&self, said: &[T]) {
        let said: Vec<&str> = said.iter().map(AsRef::as_ref).collect();
        let script =
            format!("return JSON.stringify(({SAID})()) === JSON.stringify({})", json!(said));
        self.until(&format!("the chat has {said:?}"), &script).await;
    }

    /// Waits until an element that can be seen has this text.
    pub(crate) async fn shows_text(&self, selector: &str, text: &str) {
        let script = format!(
            "return [...document.querySelectorAll({})]
                 .some(it => it.checkVisibility({{visibilityProperty: true}}) && it.innerText.trim() === {})",
            json!(selector),
            json!(text)
        );
        self.until(&format!("{selector} says {text:?}"), &script).await;
    }

    /// Waits until no element that fits can be seen.
    pub(crate) async fn hides(&self, selector: &str) {
        let script = format!(
            "return ![...document.querySelectorAll({})]
                 .some(it => it.checkVisibility({{visibilityProperty: true}}))",
            json!(selector)
        );
        self.until(&format!("{selector} is not to be seen"), &script).await;
    }

    /// The messages, newest first.
    pub(crate) async fn texts(&self) -> Vec<String> {
        let texts = self
            .run("return [...document.querySelectorAll('article .prose')].map(it => it.innerText)")
            .await;
        let texts = texts.as_array().expect("a list").iter();
        texts.map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until these are the messages, newest first.
    pub(crate) async fn shows<T: AsRef<str>>(&self, texts: &[T]) {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let script = format!(
            "const now = [...document.querySelectorAll('article .prose')].map(it => it.innerText);
             return JSON.stringify(now) === JSON.stringify({})",
            json!(texts)
        );
        self.until(&format!("the feed shows {texts:?}"), &script).await;
    }

    /// Waits until the sign of the connection has this text.
    pub(crate) async fn is(&self, word: &str) {
        self.is_within(Duration::from_secs(20), word).await;
    }

    /// As [`Feed::is`], for what is known to take long.
    pub(crate) async fn is_within(&self, limit: Duration, word: &str) {
        let script =
            format!("return document.querySelector('.pill')?.innerText.trim() === {}", json!(word));
        self.until_within(limit, &format!("the page says {word:?}"), &script).await;
    }

    /// Scrolls to this many pixels from the top, and lets the page notice.
    pub(crate) async fn scroll_to(&self, pixels: u32) {
        let script = format!(
            "window.scrollTo({{top: {pixels}, behavior: 'instant'}});
             return new Promise(done => {{
                 const watch = new IntersectionObserver(() => setTimeout(done));
                 requestAnimationFrame(() => requestAnimationFrame(() => watch.observe(document.body)));
             }}).then(() => window.scrollY)"
        );
        assert_eq!(self.run(&script).await, pixels, "there is enough to scroll through");
    }

    /// Waits until a button says how many are new.
    pub(crate) async fn says_new(&self, count: usize) {
        let script = format!("{NEW} return button?.innerText.includes('{count} new')");
        self.until(&format!("a button says \"{count} new\""), &script).await;
    }

    /// Clicks on that button, and waits until it has done what it is for.
    pub(crate) async fn go_to_new(&self) {
        self.run(&format!("{NEW} button.click()")).await;
        let top = format!("{NEW} return window.scrollY < 100 && !button");
        self.until("the newest is in view", &top).await;
    }

    /// Ends the window; the page must not have complained.
    pub(crate) async fn close(self) {
        self.0.close().await;
    }
}

/// The enter key, as `WebDriver` names it.
pub(crate) const ENTER: char = '\u{e007}';

const SAID: &str = "() => {
    let name = '';
    return [...document.querySelectorAll('.talk .said')].map(it => {
        name = it.querySelector('header b')?.innerText ?? (it.matches('.mine') ? 'You' : name);
        const text = it.querySelector('p').cloneNode(true);
        text.querySelectorAll('i').forEach(it => it.remove());
        return `${name}: ${text.textContent.trim()}`;
    });
}";

const NEW: &str = "const button = [...document.querySelectorAll('button')]
    .find(it => it.innerText.trim().endsWith(' new') && it.checkVisibility());";

/// A window with the desk.
pub(crate) struct Desk(Browser);

impl Deref for Desk {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.0
    }
}

impl Desk {
    /// Opens the login.
    pub(crate) async fn open(origin: &str, screen: Screen) -> Self {
        let browser = Browser::open(screen).await;
        browser.go(&format!("{origin}/admin")).await;
        let desk = Self(browser);
        desk.asks_to_log_in().await;
        desk
    }

    /// Opens it and logs in.
    pub(crate) async fn log_in(origin: &str, screen: Screen) -> Self {
        let desk = Self::open(origin, screen).await;
        desk.enter(PASSWORD).await;
        desk.is_open().await;
        desk
    }

    /// Opens the desk of a server that is open to all, where nobody has to log in.
    pub(crate) async fn open_to_all(origin: &str, screen: Screen) -> Self {
        let browser = Browser::open(screen).await;
        browser.go(&format!("{origin}/admin")).await;
        let desk = Self(browser);
        desk.is_open().await;
        desk
    }

    /// Waits until it asks for the password.
    pub(crate) async fn asks_to_log_in(&self) {
        let script = "return document.querySelector('#login-password')?.checkVisibility()";
        self.until("the desk asks for the password", script).await;
    }

    /// Types a password and sends it.
    pub(crate) async fn enter(&self, password: &str) {
        self.fill("#login-password", password).await;
        self.press("form:has(#login-password)", "Log in").await;
    }

    /// Waits until the buttons are there.
    pub(crate) async fn is_open(&self) {
        self.until("the desk has its buttons", "return document.querySelector('button.tile')")
            .await;
    }

    /// Clicks on a display button, and waits until it says that the item went out.
    pub(crate) async fn show(&self, label: &str) {
        let script = format!(
            "const tile = [...document.querySelectorAll('button.tile')]
                 .find(tile => tile.querySelector('.tile-label').innerText === {});
             tile?.click();
             return Boolean(tile);",
            json!(label)
        );
        self.until(&format!("there is a button {label:?}"), &script).await;
        let out = "return document.querySelector('button.tile[data-state=out]')";
        self.until("the button says that it went out", out).await;
    }

    /// Writes a message and publishes it.
    pub(crate) async fn publish(&self, text: &str) {
        self.fill("#compose-text", text).await;
        self.press("#composer", "Publish").await;
        let empty = "return document.querySelector('#compose-text').value === ''";
        self.until("the composer is empty again", empty).await;
    }

    /// Ends the window; the page must not have complained.
    pub(crate) async fn close(self) {
        self.0.close().await;
    }
}

/// Whether nothing in the window is wider than the window.
pub(crate) async fn fits(browser: &Browser) {
    let wider = browser
        .run(
            "const width = document.documentElement.clientWidth;
             if (document.scrollingElement.scrollWidth <= width) return null;
             const clipped = it => {
                 for (let up = it.parentElement; up; up = up.parentElement) {
                     if (getComputedStyle(up).overflowX !== 'visible') return true;
                 }
             };
             return [...document.body.querySelectorAll('*')]
                 .filter(it => it.getBoundingClientRect().right > width + 1 && !clipped(it))
                 .slice(0, 5).map(it => it.outerHTML.slice(0, 120));",
        )
        .await;
    if wider != Value::Null {
        browser.picture("failed-wider").await;
    }
    assert_eq!(wider, Value::Null, "the page can be scrolled sideways");
}
