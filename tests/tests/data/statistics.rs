//! What happened in a room, counted: exactly, also through kills, and told in every form.

mod counted_log;
mod report;

use nowcast_tests::api::Api;
use nowcast_tests::server::Server;
use nowcast_tests::wait::eventually;
use serde_json::Value;

const STATS: &str = "/api/rooms/main/stats";

/// What is told when the whole log is counted.
async fn all_counted(admin: &Api) -> Value {
    counted(admin, STATS).await
}

/// The same at an address.
async fn counted(admin: &Api, path: &str) -> Value {
    eventually("the log is counted", async || {
        let figures = admin.json(path).await;
        (figures["counted"]["offset"] == figures["counted"]["head"]).then_some(figures)
    })
    .await
}

/// A list of names with counts as pairs.
fn pairs(list: &Value, name: &str) -> Vec<(String, i64)> {
    let pair =
        |one: &Value| (one[name].as_str().unwrap().to_owned(), one["count"].as_i64().unwrap());
    list.as_array().unwrap().iter().map(pair).collect()
}

/// Says something in the chat under a name.
async fn say(server: &Server, name: &str, text: &str) -> String {
    let path = format!("/api/rooms/main/chat?name={name}&client={name}-0123456789abcdef");
    let answer = server.visitor().post(&path).json(&serde_json::json!({"text": text})).send().await;
    let answer = nowcast_tests::api::expect_status(answer.expect("an answer"), 201).await;
    let body: Value = answer.json().await.expect("a JSON body");
    body["id"].as_str().expect("the words have a name").to_owned()
}
