//! Retention, backup, export and import, checks, upgrades.

mod backup;
mod check;
mod export;
mod keeping;
mod publish;
mod upgrade;

use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{Ended, Server, Setup, nowcast};
use nowcast_tests::wait::in_time;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;

/// Something of everything happens in a room.
async fn live(server: &Server, room: &str) {
    let admin = server.admin().await;
    let path = format!("/api/rooms/{room}");
    let put = async |path: String, body: Value| {
        let answer = admin.put(&path).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {:?}", answer.text().await);
    };
    put(path.clone(), json!({"title": "Harbour"})).await;
    put(path.clone(), json!({"title": "Harbour, live", "settings": {"drag": "users"}})).await;
    let publisher = server.publisher();
    let first =
        publisher.publish_in(room, "message", json!({"text": "**One** \"quoted\" <b>"})).await;
    let second = publisher.publish_in(room, "message", json!({"text": "=1+1"})).await;
    let gone = publisher.publish_in(room, "message", json!({"text": "gone soon"})).await;
    publisher.publish_in(room, "link", json!({"url": "https://example.org/?a=b"})).await;
    publisher.publish_in(room, "custom", json!({"goals": [2, 1.5], "ü": "\u{2028}"})).await;
    run(&publisher, room, json!({"kind": "edit", "item": first.id, "data": {"text": "Uno"}})).await;
    run(&admin, room, json!({"kind": "edit", "item": second.id, "data": {"text": "+2"}})).await;
    run(&publisher, room, json!({"kind": "delete", "item": gone.id})).await;
    let said = run(&admin, room, json!({"kind": "say", "text": "Hello"})).await;
    assert!(said["offset"].is_u64(), "{said}");
    run(&admin, room, json!({"kind": "say", "text": "-again"})).await;
    run(&admin, room, json!({"kind": "say", "text": "gone soon"})).await;
    let chat = admin.json(&format!("{path}/chat")).await;
    let (gone, again) = (&chat["said"][0]["id"], &chat["said"][1]["id"]);
    for text in ["+again", "@again"] {
        run(&admin, room, json!({"kind": "edit_said", "said": again, "text": text})).await;
    }
    run(&admin, room, json!({"kind": "delete_said", "said": gone})).await;
    for command in [
        json!({"kind": "put", "piece": "logo", "look": "pointer", "x": 0.1, "y": 0.300_000_000_000_000_04}),
        json!({"kind": "put", "piece": "away", "look": "text", "text": "hi"}),
        json!({"kind": "drop", "piece": "logo", "x": 0.123_456_789, "y": 0.7}),
        json!({"kind": "remove", "piece": "away"}),
        json!({"kind": "set", "name": "score", "value": {"a": [1, null]}}),
        json!({"kind": "set", "name": "away", "value": 1}),
        json!({"kind": "unset", "name": "away"}),
    ] {
        run(&admin, room, command).await;
    }
}

/// Runs a command; the answer.
async fn run(api: &Api, room: &str, command: Value) -> Value {
    let path = format!("/api/rooms/{room}/commands");
    let request = api.post(&path).json(&json!({"command": command}));
    let answer = request.send().await.expect("an answer to the command");
    expect_status(answer, 200).await.json().await.expect("JSON")
}

/// What a page that joins is shown of a room, but for who is here.
async fn shown(server: &Server, room: &str) -> Value {
    let page = Joining::new(Transport::WebSocket, server.origin()).room(room).open().await;
    let mut snapshot = serde_json::to_value(page.snapshot()).expect("JSON");
    snapshot["presence"] = Value::Null;
    json!({"offset": page.position().offset, "snapshot": snapshot})
}

/// Runs a task on a data folder.
async fn task(data: &Path, arguments: &[&str]) -> Ended {
    let mut command = nowcast();
    command.args(arguments).arg("--data").arg(data);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = in_time("the task ends", command.output()).await.expect("it can be started");
    Ended {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a task that succeeds; what it printed.
async fn done(data: &Path, arguments: &[&str]) -> String {
    let ended = task(data, arguments).await;
    assert!(ended.status.success(), "{arguments:?}: {ended:?}");
    assert_eq!(ended.stderr, "", "{arguments:?}");
    ended.stdout
}

/// Runs a task that ends with this code, and says this.
async fn refused(data: &Path, arguments: &[&str], code: i32, saying: &str) -> Ended {
    let ended = task(data, arguments).await;
    assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {ended:?}");
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(said.contains(saying), "{saying:?} is to be in {said:?}");
    ended
}

/// A server on this folder.
async fn serve(data: &Path) -> Server {
    Setup::new().in_folder(data).start().await
}

/// Works on the database as another program would.
fn tamper(data: &Path, sql: &str) {
    let connection = Connection::open(data.join("nowcast.db")).expect("the database");
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// What `nowcast check` says where nothing is wrong.
async fn is_well(data: &Path) {
    let told = done(data, &["check"]).await;
    assert!(told.ends_with("rooms: all is well\n") && told.lines().count() == 1, "{told}");
}
