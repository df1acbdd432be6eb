//! Older real-time pages, which ask plain addresses (`--compat`).
//!
//! - [`feed`]: waiting for items. [`stamps`]: their time stamps, whatever happens to the server.
//! - [`posting`]: publishing and pushing by forms, and who may.
//! - [`chat`]: lines of the chat.

mod chat;
mod feed;
mod posting;
mod stamps;

pub(crate) use feed::waits;

use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::server::{Server, Setup, TOKEN};
use nowcast_tests::wait::in_time;
use reqwest::Response;
use serde_json::Value;

/// A server that older pages can ask.
pub(crate) fn setup() -> Setup {
    Setup::new().arg("--compat")
}

/// As a page asks for the items after `since`: each, and when it was shown.
pub(crate) async fn feed(api: &Api, since: i64) -> Vec<Value> {
    read(ask(api, &format!("?since={since}")).await).await
}

/// What `/real_time_feed` answers to this query.
pub(crate) async fn ask(api: &Api, query: &str) -> Response {
    let request = api.get(&format!("/real_time_feed{query}")).send();
    in_time("an answer to the poll", request).await.expect("an answer")
}

/// The array of an answer.
pub(crate) async fn read(answer: Response) -> Vec<Value> {
    let answer = expect_status(answer, 200).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    answer.json().await.expect("a JSON array")
}

/// When an element was shown.
pub(crate) fn stamp(element: &Value) -> i64 {
    element["timestamp"].as_i64().unwrap_or_else(|| panic!("{element} has no timestamp"))
}

/// The texts of elements.
pub(crate) fn texts(elements: &[Value]) -> Vec<&str> {
    elements.iter().map(|element| element["text"].as_str().unwrap_or("?")).collect()
}

/// Posts a form with the publish token as one of its fields.
pub(crate) async fn send(server: &Server, path: &str, fields: &[(&str, &str)]) -> Response {
    let fields = fields.iter().copied().chain([("token", TOKEN)]).collect::<Vec<_>>();
    server.visitor().post(path).form(&fields).send().await.expect("an answer")
}

/// Publishes a message as an older program does.
pub(crate) async fn publish(server: &Server, text: &str) {
    let answer = send(server, "/send_feed_item", &[("type", "message"), ("text", text)]).await;
    assert_eq!(expect_status(answer, 200).await.text().await.unwrap(), "{}");
}
