//! Sources as tests set them, and what is looked at of them.

use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::eventually;
use serde_json::{Value, json};

/// A server that follows what runs on this machine.
pub(super) async fn server() -> Server {
    Setup::new().arg("--allow-private-sources").start().await
}

/// The settings of a stream in the main room, with these fields besides.
pub(super) fn stream(url: &str, fields: &Value) -> Value {
    let mut settings =
        json!({"room": "main", "name": "Harbour", "kind": "ndjson", "url": url, "running": true});
    for (name, value) in fields.as_object().expect("fields") {
        settings[name] = value.clone();
    }
    settings
}

/// The settings of a webhook whose deliveries are signed with `a secret of a test`.
pub(super) fn webhook(fields: &Value) -> Value {
    let mut settings = stream("", fields);
    settings["kind"] = "webhook".into();
    if settings["auth"].is_null() {
        settings["auth"] = json!({"kind": "hmac"});
        settings["secret"] = SECRET.into();
    }
    settings
}

/// What deliveries are signed with.
pub(super) const SECRET: &str = "a secret of a test";

/// Makes a source; what is told of it.
pub(super) async fn make(admin: &Api, settings: &Value) -> Value {
    let answer = admin.post("/api/sources").json(settings).send().await.expect("an answer");
    expect_status(answer, 201).await.json().await.expect("a source")
}

/// The address of a source.
pub(super) fn address(source: &Value) -> String {
    format!("/api/sources/{}", source["id"].as_str().expect("an id"))
}

/// Waits until this is so of a source.
pub(super) async fn until(
    admin: &Api,
    source: &Value,
    what: &str,
    holds: impl Fn(&Value) -> bool,
) -> Value {
    let mut last = Value::Null;
    eventually(what, async || {
        last = admin.json(&address(source)).await;
        holds(&last["state"]).then(|| last.clone())
    })
    .await
}

/// Waits until it heard so many.
pub(super) async fn seen(admin: &Api, source: &Value, count: u64) -> Value {
    let so_many = |state: &Value| {
        let dropped = state["dropped"].as_object().expect("reasons").values();
        let done: u64 =
            dropped.chain([&state["published"], &state["held"]]).filter_map(Value::as_u64).sum();
        state["seen"].as_u64() >= Some(count) && done >= count
    };
    until(admin, source, &format!("{count} records are dealt with"), so_many).await
}

/// What the room shows, the oldest first.
pub(super) async fn shown(admin: &Api) -> Vec<Value> {
    let items = admin.json("/api/rooms/main/items?limit=200").await;
    items["items"].as_array().expect("items").iter().rev().cloned().collect()
}

/// The texts of that.
pub(super) async fn texts(admin: &Api) -> Vec<String> {
    let text = |item: &Value| item["data"]["text"].as_str().unwrap_or_default().to_owned();
    shown(admin).await.iter().map(text).collect()
}
