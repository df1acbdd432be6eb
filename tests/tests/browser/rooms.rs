//! What an admin does about rooms: making them, setting them, inviting into them.

use crate::windows::{Desk, fits, server};
use nowcast_tests::api::Api;
use nowcast_tests::browser::{Browser, Screen};
use serde_json::{Value, json};

async fn set(admin: &Api, room: &str, body: Value) {
    let answer = admin.put(&format!("/api/rooms/{room}")).json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{body}: {}", answer.status());
}

/// Whether this stands somewhere in the dialog that is open.
fn said(text: &str) -> String {
    format!("return document.querySelector('dialog[open]')?.innerText.includes({})", json!(text))
}

#[tokio::test]
async fn a_room_is_made_from_its_title_and_has_a_desk_of_its_own() {
    let server = server().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.click(".room-switch").await;
    desk.press(".dialog.rooms", "New room").await;
    desk.fill("#room-title", "Größe & Übermut").await;
    let suggested = "return document.querySelector('#room-address').value";
    assert_eq!(desk.run(suggested).await, "groesse-and-uebermut");
    desk.press(".dialog.rooms", "Make the room").await;
    let there = "return location.pathname === '/r/groesse-and-uebermut/admin'
         && document.querySelector('.desk h1')?.innerText.includes('Größe & Übermut')";
    desk.until("the new room's desk is there", there).await;

    desk.click(".room-switch").await;
    desk.until("it is in the list of rooms", &said("/r/groesse-and-uebermut")).await;
    let way_back =
        "return document.querySelector('.room-list a[href=\"/admin\"]')?.click() ?? true";
    desk.until("there is a way to the main room", way_back).await;
    desk.until("it leads there", "return location.pathname === '/admin'").await;
    desk.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_new_room_is_said_at_the_field() {
    let server = server().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.click(".room-switch").await;
    desk.press(".dialog.rooms", "New room").await;
    desk.press(".dialog.rooms", "Make the room").await;
    desk.until("it asks for a title", &said("What shall it be called?")).await;
    desk.fill("#room-title", "Main").await;
    desk.press(".dialog.rooms", "Make the room").await;
    desk.until("the address is taken", &said("There is a room at this address already.")).await;
    desk.fill("#room-address", "Not legal").await;
    desk.press(".dialog.rooms", "Make the room").await;
    desk.until("the address is not legal", &said("Only a to z, 0 to 9 and dashes.")).await;
    let at_field = "return document.activeElement.id";
    assert_eq!(desk.run(at_field).await, "room-address", "the cursor is where it is mended");
    desk.close().await;
}

const SLOW: &str = "return [...document.querySelectorAll('input[name=setting-slow]')]
    .find(it => it.checked)?.parentElement.innerText.trim()";

#[tokio::test]
async fn settings_are_saved_in_part_and_show_what_others_change_meanwhile() {
    let server = server().await;
    let admin = server.admin().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.press(".desk-bar", "Settings").await;
    desk.fill("#setting-title", "Harbour Festival").await;
    set(&admin, "main", json!({"settings": {"slow": 30}})).await;
    desk.until("the change from elsewhere is said", &said("Somebody else just changed this."))
        .await;
    assert_eq!(desk.run(SLOW).await, "30 s");
    desk.press(".dialog.editor[open]", "Save settings").await;
    desk.until("it is saved", "return !document.querySelector('dialog[open]')").await;
    let now = admin.json("/api/rooms/main").await;
    assert_eq!((&now["title"], &now["settings"]["slow"]), (&json!("Harbour Festival"), &json!(30)));

    desk.press(".desk-bar", "Settings").await;
    desk.run("document.querySelectorAll('input[name=setting-slow]')[1].click()").await;
    set(&admin, "main", json!({"settings": {"slow": 300}})).await;
    desk.until("both changed it", &said("Somebody else just made this “5 min”.")).await;
    assert_eq!(desk.run(SLOW).await, "5 s", "what was chosen here stays until somebody decides");
    desk.press(".dialog.editor[open]", "Take theirs").await;
    assert_eq!(desk.run(SLOW).await, "5 min");
    desk.close().await;
}

#[tokio::test]
async fn a_private_room_lets_in_who_has_the_link_until_there_is_another() {
    let server = server().await;
    let admin = server.admin().await;
    set(&admin, "quay", json!({"title": "The quay"})).await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.go(&format!("{}/r/quay/admin", server.origin())).await;
    desk.press(".desk-bar", "Settings").await;
    desk.run("document.querySelector('#setting-private').click()").await;
    desk.press(".dialog.editor[open]", "Save settings").await;
    let link = "return document.querySelector('#invitation-link')?.innerText";
    let make = "const make = [...document.querySelectorAll('.invitation button')]
             .find(it => it.innerText === 'Make a link');
         make?.click();
         return make || document.querySelector('#invitation-link')";
    desk.until("there is a link, or the way to one", make).await;
    let first = desk.until("there is a link", link).await;
    let first = first.as_str().unwrap().to_owned();

    let guest = Browser::open(Screen::Desk).await;
    guest.go(&format!("{}/r/quay", server.origin())).await;
    let closed = "return !document.querySelector('.pill') && document.body.innerText.trim() !== ''
         && document.querySelector('h1')?.innerText.trim() !== ''";
    guest.until("without the link, the room says that one has to be invited", closed).await;
    guest.go(&first).await;
    let live = "return document.querySelector('.pill')?.innerText.trim() === 'Live'";
    guest.until("with it, the page is live", live).await;

    desk.press(".invitation", "New link").await;
    desk.press(".invitation .ask", "Make a new link").await;
    let another = format!(
        "const link = document.querySelector('#invitation-link')?.innerText;
         return link && link !== {}",
        json!(first)
    );
    desk.until("there is another link", &another).await;
    let out = "return document.querySelector('.pill')?.innerText.trim() !== 'Live'";
    guest.until("who came by the first one has to leave", out).await;

    desk.press(".invitation", "Take the link away").await;
    desk.press(".invitation .ask", "Take it away").await;
    desk.until("there is none", &said("There is no link: nobody new can come in.")).await;
    desk.close().await;
}

#[tokio::test]
async fn what_pages_may_write_is_a_list_of_names_that_variables_can_have() {
    let server = server().await;
    let admin = server.admin().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.press(".desk-bar", "Settings").await;
    desk.fill("#setting-variables", "vote.*, sc/ore").await;
    desk.press(".dialog.editor[open]", "Save settings").await;
    desk.until("it says which one is wrong", &said("“sc/ore”")).await;
    desk.fill("#setting-variables", "vote.*, score").await;
    desk.press(".dialog.editor[open]", "Save settings").await;
    desk.until("it is saved", "return !document.querySelector('dialog[open]')").await;
    let now = admin.json("/api/rooms/main").await;
    assert_eq!(now["settings"]["variables"], json!(["vote.*", "score"]));
    desk.close().await;
}

#[tokio::test]
async fn rooms_and_settings_fit_a_phone() {
    let server = server().await;
    let admin = server.admin().await;
    for number in 1..=10 {
        let title = format!("Donaudampfschifffahrtselektrizitätenhauptbetriebswerk {number}");
        set(&admin, &format!("room-{number}"), json!({"title": title})).await;
    }
    let desk = Desk::log_in(&server.origin(), Screen::Phone).await;
    desk.click(".room-switch").await;
    desk.until("the rooms are there", "return document.querySelectorAll('.room').length === 11")
        .await;
    fits(&desk).await;
    desk.fill(".room-search", "werk 10").await;
    desk.until("one is found", "return document.querySelectorAll('.room').length === 1").await;
    desk.click(".dialog.rooms[open] [aria-label=Close]").await;
    desk.click("[aria-label='Room settings']").await;
    desk.until("the settings are there", "return document.querySelector('#setting-title')").await;
    fits(&desk).await;
    desk.close().await;
}
