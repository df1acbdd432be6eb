//! What an admin does to shared variables.

use crate::windows::{Desk, fits, server};
use nowcast_tests::browser::Screen;
use serde_json::json;

/// Whether this stands somewhere in the panel.
fn shown(text: &str) -> String {
    format!("return document.querySelector('.variables')?.innerText.includes({})", json!(text))
}

#[tokio::test]
async fn a_variable_is_made_with_help_and_follows_what_others_make_of_it() {
    let server = server().await;
    let admin = server.admin().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.press(".side-tabs", "Variables").await;
    desk.until("there is none yet", &shown("No variables yet.")).await;
    desk.press(".variables", "New").await;
    desk.fill("#variable-new-name", "speaker").await;
    desk.fill("#variable-new-value", "Ana Marlow").await;
    desk.press(".variable-form", "Save").await;
    desk.until("what is no JSON is said", &shown("texts stand in quotes")).await;
    desk.press(".variable-form", "Put it in quotes").await;
    desk.press(".variable-form", "Save").await;
    let there = "return document.querySelector('.variable .value')?.innerText";
    assert_eq!(desk.until("it is there", there).await, "\"Ana Marlow\"");
    let variables = admin.json("/api/rooms/main/vars").await;
    assert_eq!(variables["variables"]["speaker"]["value"], "Ana Marlow");

    let put = admin.put("/api/rooms/main/vars/speaker").json(&json!("Ben")).send().await.unwrap();
    assert!(put.status().is_success());
    let followed = "return document.querySelector('.variable .value')?.innerText === '\"Ben\"'";
    desk.until("it shows what others make of it", followed).await;
    desk.close().await;
}

#[tokio::test]
async fn nothing_is_written_over_unseen() {
    let server = server().await;
    let admin = server.admin().await;
    let score = "/api/rooms/main/vars/score";
    admin.put(score).json(&json!({"home": 1})).send().await.unwrap();
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.press(".side-tabs", "Variables").await;
    desk.press(".variable", "Edit").await;
    desk.fill("#variable-value", "{\"home\": 2}").await;
    admin.put(score).json(&json!({"home": 5})).send().await.unwrap();
    desk.until("it shows the other value", &shown("Somebody else has set it meanwhile:")).await;
    desk.until("with its content", &shown("{\"home\": 5}")).await;
    desk.press(".variable-form", "Take theirs").await;
    let field = "return document.querySelector('#variable-value').value";
    assert_eq!(desk.run(field).await, "{\"home\": 5}");

    desk.fill("#variable-value", "{\"home\": 3}").await;
    admin.put(score).json(&json!({"home": 6})).send().await.unwrap();
    desk.until("it shows the next value", &shown("{\"home\": 6}")).await;
    desk.press(".variable-form", "Save mine over it").await;
    desk.until("the form is closed", "return !document.querySelector('.variable-form')").await;
    let now = admin.json("/api/rooms/main/vars").await;
    assert_eq!(now["variables"]["score"]["value"], json!({"home": 3}));
    desk.close().await;
}

#[tokio::test]
async fn a_deleted_variable_comes_back_by_undo() {
    let server = server().await;
    let admin = server.admin().await;
    admin.put("/api/rooms/main/vars/lap").json(&json!([1, 2])).send().await.unwrap();
    let desk = Desk::log_in(&server.origin(), Screen::Phone).await;
    desk.press("nav", "Room").await;
    desk.press(".side-tabs", "Variables").await;
    desk.press(".variable", "Delete").await;
    desk.until("it is gone", &shown("No variables yet.")).await;
    assert_eq!(admin.json("/api/rooms/main/vars").await["variables"], json!({}));
    desk.press(".toast", "Undo").await;
    desk.until("it is back", &shown("[1, 2]")).await;
    fits(&desk).await;
    desk.close().await;
}
