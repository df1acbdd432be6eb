//! The service worker of an extension, through the browser's own developer tools: a driver knows
//! pages alone.

use super::Browser;
use crate::wait::{eventually, in_time};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// An extension's service worker, running or not.
#[derive(Clone, Copy)]
pub struct Worker<'a> {
    browser: &'a Browser,
}

impl Browser {
    /// The worker of the extension that this browser has.
    pub fn worker(&self) -> Worker<'_> {
        Worker { browser: self }
    }
}

impl Worker<'_> {
    /// Whether it runs.
    ///
    /// # Panics
    /// When the browser does not say.
    pub async fn runs(&self) -> bool {
        self.address().await.is_some()
    }

    /// Ends it, as the browser does when nothing happens for a while, and waits until it has ended.
    ///
    /// # Panics
    /// When it goes on.
    pub async fn end(&self) {
        self.browser.devtools("ServiceWorker.enable", json!({})).await;
        self.browser.devtools("ServiceWorker.stopAllWorkers", json!({})).await;
        eventually("the worker has ended", async || (!self.runs().await).then_some(())).await;
    }

    /// What a script in it comes to; waits until it runs.
    ///
    /// # Panics
    /// When the script throws.
    pub async fn run(&self, script: &str) -> Value {
        let address = eventually("the worker runs", async || self.address().await).await;
        let evaluate = json!({"id": 1, "method": "Runtime.evaluate", "params": {
            "expression": script, "awaitPromise": true, "returnByValue": true}});
        let answer = in_time("a script runs in the worker", async {
            let (mut tools, _) = Box::pin(tokio_tungstenite::connect_async(&address)).await.ok()?;
            tools.send(Message::text(evaluate.to_string())).await.ok()?;
            while let Some(Ok(message)) = tools.next().await {
                let said: Value = serde_json::from_str(message.to_text().ok()?).ok()?;
                if said["id"] == 1 {
                    return Some(said["result"].clone());
                }
            }
            None
        })
        .await
        .unwrap_or_else(|| panic!("{script}: the worker ended"));
        assert_eq!(answer["exceptionDetails"], Value::Null, "{script}: {answer:#}");
        answer["result"]["value"].clone()
    }

    /// The addresses of all tabs.
    ///
    /// # Panics
    /// When the browser does not say.
    pub async fn tabs(&self) -> Vec<String> {
        let targets = self.targets().await.expect("the browser tells what is open");
        let pages = targets.iter().filter(|target| target["type"] == "page");
        pages.filter_map(|page| page["url"].as_str().map(str::to_owned)).collect()
    }

    /// Where its developer tools are, if it runs.
    async fn address(&self) -> Option<String> {
        let targets = self.targets().await?;
        let worker = targets.iter().find(|target| target["type"] == "service_worker")?;
        worker["webSocketDebuggerUrl"].as_str().map(str::to_owned)
    }

    /// All that the browser shows and runs.
    async fn targets(&self) -> Option<Vec<Value>> {
        let capabilities = self.browser.client.capabilities()?;
        let tools = capabilities.get("goog:chromeOptions")?["debuggerAddress"].as_str()?;
        let answer = reqwest::get(format!("http://{tools}/json/list")).await.ok()?;
        answer.json().await.ok()
    }
}
