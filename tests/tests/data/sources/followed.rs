//! A source that a test follows something with, and what came of it.

use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::outside::Outside;
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::eventually;
use serde_json::{Value, json};

/// A server that may follow this machine, its admin, and a service to follow.
pub(super) async fn server() -> (Server, Api, Outside) {
    let server = Setup::new().arg("--allow-private-sources").start().await;
    let admin = server.admin().await;
    (server, admin, Outside::start().await)
}

/// A running source.
pub(super) struct Followed {
    admin: Api,
    pub(super) id: String,
}

impl Followed {
    /// Makes a source of posts in the main room; `settings` says what it is beside that.
    pub(super) async fn start(admin: &Api, kind: &str, url: &str, settings: Value) -> Self {
        let mut whole = json!({"room": "main", "name": "Harbour", "kind": kind, "url": url,
            "format": "post", "filter": {"repeats": false}, "running": true});
        for (name, value) in settings.as_object().expect("settings are an object") {
            whole[name] = value.clone();
        }
        let answer = admin.post("/api/sources").json(&whole).send().await.expect("an answer");
        let made: Value = expect_status(answer, 201).await.json().await.expect("JSON");
        Self { admin: admin.clone(), id: made["id"].as_str().expect("an id").to_owned() }
    }

    /// How it stands.
    pub(super) async fn state(&self) -> Value {
        self.admin.json(&format!("/api/sources/{}", self.id)).await["state"].clone()
    }

    /// Waits until it stands like that.
    pub(super) async fn until(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("a source that {what}"), async || {
            let state = self.state().await;
            fits(&state).then_some(state)
        })
        .await
    }

    /// Waits until it has given up; the reason that it tells.
    pub(super) async fn failed(&self) -> String {
        let state = self.until("has given up", |state| state["state"] == "failed").await;
        state["error"]["text"].as_str().expect("a reason").to_owned()
    }

    /// Waits until it waits for its next try; the reason that it tells.
    pub(super) async fn waits(&self) -> String {
        let state = self.until("waits", |state| state["state"] == "waiting").await;
        state["error"]["text"].as_str().expect("a reason").to_owned()
    }
}

/// Waits for so many items in the main room; a field of each, the oldest first.
pub(super) async fn shown(admin: &Api, count: usize, field: &str) -> Vec<String> {
    eventually(&format!("{count} items"), async || {
        let read = admin.json("/api/rooms/main/items?limit=100").await;
        let items = read["items"].as_array().expect("items");
        let texts = items.iter().rev().map(|item| match &item["data"][field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        (items.len() >= count).then(|| texts.collect())
    })
    .await
}

/// A record as the format `post` has it.
pub(super) fn post(id: &str, text: &str) -> Value {
    json!({"id": id, "user": "Ana", "text": text})
}
