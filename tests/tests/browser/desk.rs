//! What an admin does.

use crate::windows::{Desk, Feed, fits, server, with_pages};
use nowcast_tests::browser::Screen;
use nowcast_tests::server::Setup;
use serde_json::json;

#[tokio::test]
async fn a_click_on_a_display_button_shows_the_item_on_the_other_page() {
    let server = server().await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let phone = Feed::open(&server.origin(), Screen::Phone).await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    let admin = server.admin().await;
    let item = json!({"kind": "message", "data": {"text": "The doors are open"}});
    let button = json!({"label": "Doors", "color": "green", "item": item});
    let made = admin.post("/api/rooms/main/buttons").json(&button).send().await.unwrap();
    assert_eq!(made.status(), 201);
    desk.reload().await;

    desk.show("Doors").await;
    feed.shows(&["The doors are open"]).await;
    phone.shows(&["The doors are open"]).await;
    let seen = "return [...document.querySelectorAll('article .prose')]
         .some(it => it.innerText === 'The doors are open')";
    desk.until("the desk shows the feed as viewers see it", seen).await;
    desk.close().await;
    feed.close().await;
    phone.close().await;
}

#[tokio::test]
async fn the_composer_publishes_and_the_desk_edits_and_deletes() {
    let server = server().await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.publish("Doors open at *sevn*").await;
    feed.shows(&["Doors open at sevn"]).await;

    desk.press(".item-tools", "Edit").await;
    desk.fill("#edit-text", "Doors open at *seven*").await;
    desk.press(".edit-item", "Save").await;
    feed.shows(&["Doors open at seven"]).await;

    desk.press(".item-tools", "Delete").await;
    desk.press(".item-tools .ask", "Delete").await;
    feed.shows::<&str>(&[]).await;
    desk.close().await;
    feed.close().await;
}

#[tokio::test]
async fn a_wrong_password_is_said_in_words() {
    let server = server().await;
    let desk = Desk::open(&server.origin(), Screen::Desk).await;
    desk.enter("not the password").await;
    let said = "return [...document.querySelectorAll('[role=alert]')]
         .some(it => it.innerText.includes('password'))";
    desk.until("it says that the password is another", said).await;
    desk.picture("admin-wrong-password").await;
    desk.enter(nowcast_tests::server::PASSWORD).await;
    desk.is_open().await;
}

#[tokio::test]
async fn a_login_lasts_through_a_reload_and_ends_with_the_logout() {
    let server = server().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.reload().await;
    desk.is_open().await;
    assert_eq!(desk.run("return document.cookie").await, "", "scripts do not see the session");

    desk.click("[popovertarget=account]").await;
    desk.press("#account", "Log out").await;
    desk.asks_to_log_in().await;
    desk.reload().await;
    desk.asks_to_log_in().await;
    desk.close().await;
}

#[tokio::test]
async fn the_desk_says_how_many_pages_are_open_and_by_which_way() {
    let server = server().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let second = Feed::open(&server.origin(), Screen::Phone).await;
    let says = |count: usize| {
        format!("return document.querySelector('.glance-count')?.innerText.includes('{count}')")
    };
    desk.until("two pages are counted", &says(2)).await;
    second.close().await;
    desk.until("one page is counted", &says(1)).await;
    feed.close().await;
    desk.close().await;
}

#[tokio::test]
async fn under_open_anyone_may_use_the_desk_and_every_page_says_so() {
    let server = with_pages(Setup::new().arg("--open")).start().await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let says = "return document.body.innerText.includes('Anyone can publish here')";
    feed.until("the feed says that it is open", says).await;
    feed.go(&format!("{}/admin", server.origin())).await;
    feed.until("the desk opens without a login", "return document.querySelector('button.tile')")
        .await;
    feed.until(
        "the desk says that it is open",
        "return /any(one|body)/i.test(document.body.innerText)",
    )
    .await;
    feed.close().await;
}

#[tokio::test]
async fn the_desk_fits_a_phone() {
    let server = server().await;
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
    server.publisher().say(long).await;
    let desk = Desk::log_in(&server.origin(), Screen::Phone).await;
    fits(&desk).await;
    desk.close().await;
}
