//! A Chromium that a test drives, through chromedriver.

mod chromedriver;
mod devtools;
mod hand;
mod worker;

pub use hand::{Hand, Modifier, Place};
pub use worker::Worker;

use crate::wait::{LIMIT, eventually, in_time, pause};
use chromedriver::Chromedriver;
use devtools::{BrowserLog, DevTools};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What the browser's window is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// 1280 by 900 pixels, a mouse.
    Desk,
    /// 390 by 844 pixels, a touch screen.
    Phone,
}

impl Screen {
    /// The width in CSS pixels.
    pub fn width(self) -> u32 {
        match self {
            Self::Desk => 1280,
            Self::Phone => 390,
        }
    }
}

/// What the person has chosen in the system's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A browser with one window and a profile of its own.
pub struct Browser {
    client: Client,
    /// The browser's process, to end it also when the test has failed.
    process: Option<Pid>,
    _driver: Chromedriver,
    /// Everything that the browser writes, its temporary files too.
    folder: TempDir,
}

impl Browser {
    /// Opens a browser.
    ///
    /// # Panics
    /// When there is none; the message says what to install.
    pub async fn open(screen: Screen) -> Self {
        Self::start(screen, None).await
    }

    /// Opens a browser with an extension, which lies in this folder.
    ///
    /// # Panics
    /// When there is no browser; the message says what to install.
    pub async fn with_extension(screen: Screen, extension: &Path) -> Self {
        Self::start(screen, Some(extension)).await
    }

    async fn start(screen: Screen, extension: Option<&Path>) -> Self {
        let folder = TempDir::with_prefix("nowcast-browser-").expect("a temporary folder");
        let driver = Chromedriver::start(folder.path()).await;
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // Containers have little shared memory.
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ]
        .map(str::to_owned)
        .into();
        arguments.push(format!("--user-data-dir={}", folder.path().join("profile").display()));
        if let Some(extension) = extension {
            arguments.push(format!("--load-extension={}", extension.display()));
        }
        let mut options =
            json!({"args": arguments, "binary": chromedriver::program("CHROMIUM", "chromium")});
        if screen == Screen::Phone {
            let metrics = json!({"width": 390, "height": 844, "pixelRatio": 2.0, "touch": true});
            options["mobileEmulation"] = json!({"deviceMetrics": metrics});
        }
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let connecting = builder.capabilities(capabilities).connect(driver.address());
        let client = in_time("Chromium starts", connecting).await;
        let client = client.unwrap_or_else(|error| {
            panic!("Chromium does not start: {error}. {}", chromedriver::INSTALL)
        });
        let process = client
            .capabilities()
            .and_then(|has| has.get("goog:processID")?.as_i64())
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let browser = Self { client, process, _driver: driver, folder };
        if screen == Screen::Desk {
            browser.resize(1280, 900).await;
        }
        browser
    }

    /// Gives the page this size, in CSS pixels.
    ///
    /// # Panics
    /// When the browser does not obey.
    pub async fn resize(&self, width: u32, height: u32) {
        // A window's size counts its frame, which the picture should not lack.
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Goes to an address and waits until it has loaded.
    ///
    /// # Panics
    /// When that fails.
    pub async fn go(&self, address: &str) {
        in_time("a page loads", self.client.goto(address)).await.expect("the page loads");
    }

    /// Loads the page again.
    ///
    /// # Panics
    /// When that fails.
    pub async fn reload(&self) {
        in_time("a page loads", self.client.refresh()).await.expect("the page loads");
    }

    /// Opens an address in another tab of the same browser, and stays in this one.
    ///
    /// # Panics
    /// When that fails.
    pub async fn open_tab(&self, address: &str) {
        let opening = async {
            let here = self.client.window().await?;
            let tab = self.client.new_window(true).await?;
            self.client.switch_to_window(tab.handle).await?;
            self.client.goto(address).await?;
            self.client.switch_to_window(here).await
        };
        in_time("another tab opens", opening).await.expect("another tab");
    }

    /// What a script returns.
    ///
    /// # Panics
    /// When it throws.
    pub async fn run(&self, script: &str) -> Value {
        let running = self.client.execute(script, Vec::new());
        in_time("a script runs", running).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until a script returns something else than `null` or `false`.
    ///
    /// # Panics
    /// When it does not in time; the message has the page's text, and a picture is taken.
    pub async fn until(&self, what: &str, script: &str) -> Value {
        self.until_within(LIMIT, what, script).await
    }

    /// As [`Browser::until`], for what is known to take long.
    ///
    /// # Panics
    /// When it does not come to be within `limit`.
    pub async fn until_within(&self, limit: Duration, what: &str, script: &str) -> Value {
        let begun = Instant::now();
        loop {
            // A page that is just being loaded cannot run a script; that is not the answer yet.
            let value = self.client.execute(script, Vec::new()).await.unwrap_or_default();
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            // A page that has given up will not come to it in the rest of the time either.
            let given_up = "const said = document.querySelector('body > main[role=alert]');
                 return Boolean(said?.checkVisibility())";
            let given_up =
                self.client.execute(given_up, Vec::new()).await.is_ok_and(|it| it == true);
            if given_up || begun.elapsed() > limit {
                let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
                // Files have names of limited length.
                let name: String = what.chars().map(plain).take(80).collect();
                self.picture(&format!("failed-{name}")).await;
                let text = self.run("return document.body.innerText").await;
                let complaints = self.complaints().await;
                let waited = begun.elapsed();
                panic!("waited {waited:?} in vain for this: {what}. {complaints:#?} {text:#}");
            }
            pause().await;
        }
    }

    /// Clicks on the first element that fits, once there is one that can be clicked on.
    ///
    /// # Panics
    /// When there is none.
    pub async fn click(&self, selector: &str) {
        let what = format!("{selector} can be clicked on");
        let find = fantoccini::Locator::Css(selector);
        eventually(&what, async || self.client.find(find).await.ok()?.click().await.ok()).await;
    }

    /// Clicks on the button with this text inside of the first element that fits.
    ///
    /// # Panics
    /// When there is none.
    pub async fn press(&self, selector: &str, text: &str) {
        let what = format!("{selector} has a button {text:?}");
        let script = format!(
            "const inside = document.querySelector({});
             const found = [...inside?.querySelectorAll('button, [role=button], [role=tab]') ?? []]
                 .find(button => button.innerText.trim() === {} && button.checkVisibility());
             found?.click();
             return Boolean(found);",
            json!(selector),
            json!(text)
        );
        self.until(&what, &script).await;
    }

    /// Types into the first field that fits, after emptying it.
    ///
    /// # Panics
    /// When there is none.
    pub async fn fill(&self, selector: &str, text: &str) {
        let what = format!("{selector} can be typed into");
        let find = fantoccini::Locator::Css(selector);
        eventually(&what, async || {
            let field = self.client.find(find).await.ok()?;
            field.clear().await.ok()?;
            field.send_keys(text).await.ok()
        })
        .await;
    }

    /// Shows pages as to somebody who has chosen this theme.
    ///
    /// # Panics
    /// When the browser does not know how.
    pub async fn prefer(&self, theme: Theme) {
        let value = match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Runs a script in every page from now on, before the page's own.
    ///
    /// # Panics
    /// When the browser does not know how.
    pub async fn before_every_page(&self, script: &str) {
        let source = json!({"source": script});
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source).await;
    }

    async fn devtools(&self, method: &'static str, parameters: Value) {
        let command = DevTools { method, parameters };
        let done = in_time("the browser obeys", self.client.issue_cmd(command)).await;
        done.unwrap_or_else(|error| panic!("{method}: {error}"));
    }

    /// What the page has complained about since the last time: errors of scripts, broken rules of
    /// the content security policy. Failed requests are none, some journeys are about them.
    ///
    /// # Panics
    /// When the log cannot be read.
    pub async fn complaints(&self) -> Vec<String> {
        let log = in_time("the log is read", self.client.issue_cmd(BrowserLog)).await;
        let log = log.expect("the browser keeps a log");
        let entries = log.as_array().cloned().unwrap_or_default();
        let grave = entries.iter().filter(|entry| {
            entry["level"] == "SEVERE" && !matches!(entry["source"].as_str(), Some("network"))
        });
        let texts = grave.filter_map(|entry| entry["message"].as_str().map(str::to_owned));
        texts.filter(|text| !text.contains("WebSocket connection to")).collect()
    }

    /// Takes a picture of what is in the window once nothing moves any more, into `NOWCAST_SCREENSHOTS` or
    /// `target/screenshots`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub async fn picture(&self, name: &str) {
        let folder = std::env::var_os("NOWCAST_SCREENSHOTS")
            .map_or_else(|| crate::server::repository().join("target/screenshots"), PathBuf::from);
        std::fs::create_dir_all(&folder).expect("the folder for screenshots can be made");
        // A picture of something that is still on its way would be another one every time.
        let still = "const moving = document.getAnimations().filter(it =>
                 it.playState === 'running' && it.effect.getComputedTiming().endTime !== Infinity);
             return Promise.all(moving.map(it => it.finished.catch(() => null))).then(() => true)";
        let _ = in_time("nothing moves any more", self.client.execute(still, Vec::new())).await;
        let picture = in_time("a picture is taken", self.client.screenshot()).await;
        let file = folder.join(format!("{name}.png"));
        std::fs::write(&file, picture.expect("a picture")).expect("the picture can be written");
    }

    /// Ends the browser, and makes sure that the page had nothing to complain about.
    ///
    /// # Panics
    /// When it had.
    pub async fn close(mut self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "the page complained: {complaints:#?}");
        let closing = self.client.clone().close();
        in_time("the browser ends", closing).await.expect("the browser ends");
        self.process = None;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium outlives a chromedriver that is killed, and its helpers outlive Chromium for a
        // moment, in which they write.
        for member in self.process.map(family).unwrap_or_default() {
            let _ = kill_process(member, Signal::KILL);
        }
        for _ in 0..50 {
            let removed = std::fs::remove_dir_all(self.folder.path());
            if removed.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A process and all that it started, as far as the system tells (Linux).
fn family(head: Pid) -> Vec<Pid> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
        // After the name, which may hold anything, come the state and the parent.
        let parent =
            stat.rsplit_once(')').and_then(|(_, rest)| rest.split(' ').nth(2)?.parse().ok());
        let pids = id.and_then(Pid::from_raw).zip(parent.and_then(Pid::from_raw));
        parents.extend(pids);
    }
    let mut family = vec![head];
    let mut next = 0;
    while let Some(&member) = family.get(next) {
        let children = parents.iter().filter(|(_, parent)| *parent == member);
        family.extend(children.map(|(child, _)| *child));
        next += 1;
    }
    family
}
