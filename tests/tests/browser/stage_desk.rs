//! The stage at the desk: what only an admin does with it, and how all of it looks.

use crate::pictures::{an_evening, pictures, upload};
use crate::stage::{FREE, Stage, put, text};
use crate::windows::{Desk, Feed, fits, server};
use nowcast_tests::api::Api;
use nowcast_tests::browser::{Hand, Place, Screen};
use serde_json::json;

/// Goes to the stage.
async fn open_stage(desk: &Desk, screen: Screen) {
    let bar = if screen == Screen::Desk { ".modes" } else { ".desk-tabs" };
    desk.press(bar, "Stage").await;
    let shown = "return document.querySelector('.stage-desk').checkVisibility()";
    desk.until("the stage is there", shown).await;
}

#[tokio::test]
async fn an_admin_adds_changes_locks_resizes_raises_and_removes_pieces() {
    let server = server().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    open_stage(&desk, Screen::Desk).await;
    let empty = "return document.querySelector('.stage-empty')?.checkVisibility()";
    desk.until("it says that there is nothing yet", empty).await;
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    let no_stage = "return !document.querySelector('.stage').checkVisibility()";
    feed.until("viewers have no stage without pieces", no_stage).await;

    desk.press(".stage-add", "Text").await;
    let chosen = "return document.querySelector('.stage-text input')?.value === 'New text'";
    desk.until("it is chosen", chosen).await;
    desk.run(
        "const field = document.querySelector('.stage-text input');
         field.value = 'Doors open'; field.dispatchEvent(new Event('change', {bubbles: true}))",
    )
    .await;
    let reads = "return document.querySelector('.piece.text p')?.innerText === 'Doors open'";
    feed.until("viewers read it", reads).await;

    let width = "return document.querySelector('.piece.text').getBoundingClientRect().width
        / document.querySelector('.stage').getBoundingClientRect().width";
    desk.run(
        "const size = document.querySelector('.stage-size input');
         size.value = 40; size.dispatchEvent(new Event('input', {bubbles: true}));
         size.dispatchEvent(new Event('change', {bubbles: true}))",
    )
    .await;
    feed.until("it is larger", &format!("{width} > 0.39")).await;
    let handle = desk
        .run(
            "const at = document.querySelector('.stage-handle').getBoundingClientRect();
             return [at.left + at.width / 2, at.top + at.height / 2]",
        )
        .await;
    let grip = Place { x: handle[0].as_f64().unwrap(), y: handle[1].as_f64().unwrap() };
    let pulled = Place { x: grip.x - 60.0, y: grip.y };
    desk.take(Hand::Mouse, grip).await;
    desk.move_to(Hand::Mouse, pulled).await;
    desk.let_go(Hand::Mouse, pulled).await;
    feed.until("it is smaller", &format!("{width} < 0.36")).await;

    desk.press(".stage-buttons", "Lock").await;
    feed.until(
        "viewers cannot move it",
        "return document.querySelector('.piece.locked:not(.free)')",
    )
    .await;
    let at = desk.middle_of_first().await;
    desk.take(Hand::Mouse, at).await;
    let there = Place { x: at.x + 120.0, y: at.y - 60.0 };
    desk.move_to(Hand::Mouse, there).await;
    desk.let_go(Hand::Mouse, there).await;
    desk.until("the admin can", FREE).await;
    desk.press(".stage-buttons", "Unlock").await;
    feed.until("viewers can again", "return document.querySelector('.piece.free')").await;

    desk.press(".stage-add", "Pointer").await;
    feed.until("there are two", "return document.querySelectorAll('.piece').length === 2").await;
    let over = "const z = kind => Number(document.querySelector(`.piece.${kind}`).style.zIndex);
        return z('text') > z('pointer')";
    let below = desk.run(over).await;
    assert_eq!(below, false, "what is new lies above");
    desk.click(".piece.text").await;
    desk.press(".stage-buttons", "To the front").await;
    feed.until("it lies above", over).await;

    desk.press(".stage-add", "Picture").await;
    let picture = upload(&server.publisher()).await;
    desk.fill("#stage-picture", picture["url"].as_str().unwrap()).await;
    desk.press(".stage-picture", "Add").await;
    let loaded = "return document.querySelector('.piece.image img')?.naturalWidth > 0";
    feed.until("the picture is there", loaded).await;

    desk.press(".stage-buttons", "Remove").await;
    feed.until("it is gone", "return !document.querySelector('.piece.image')").await;
    desk.press(".toast", "Undo").await;
    feed.until("it is back", loaded).await;
    feed.close().await;
    desk.close().await;
}

trait First {
    /// The middle of the first piece.
    async fn middle_of_first(&self) -> Place;
}

impl First for Desk {
    async fn middle_of_first(&self) -> Place {
        let script = "const at = document.querySelector('.piece').getBoundingClientRect();
            return [at.left + at.width / 2, at.top + at.height / 2]";
        let at = self.run(script).await;
        Place { x: at[0].as_f64().unwrap(), y: at[1].as_f64().unwrap() }
    }
}

/// Puts what a festival might: a picture, names, somebody's pointer, something that is locked.
async fn a_scene(admin: &Api) {
    let picture = upload(admin).await;
    put(
        admin,
        json!({"piece": "sunset", "look": "image", "text": "The harbour at sunset",
            "url": picture["url"], "x": 0.08, "y": 0.3, "width": 0.34}),
    )
    .await;
    put(
        admin,
        json!({"piece": "title", "look": "text", "text": "Who plays where tonight?", "x": 0.5,
            "y": 0.06, "width": 0.3, "locked": true}),
    )
    .await;
    for (id, words, x, y) in [
        ("lights", "Northern Lights", 0.62, 0.38),
        ("tide", "Low Tide", 0.86, 0.42),
        ("gulls", "The Gulls", 0.7, 0.62),
        ("rtl", "أضواء الشمال", 0.94, 0.75),
    ] {
        let mut piece = text(id, x, y);
        piece["text"] = json!(words);
        put(admin, piece).await;
    }
    put(
        admin,
        json!({"piece": "ana", "look": "pointer", "text": "Ana", "x": 0.45, "y": 0.8, "width": 0.13}),
    )
    .await;
}

#[tokio::test]
async fn pictures_of_the_stage() {
    let server = server().await;
    let admin = server.admin().await;
    an_evening(&server).await;
    a_scene(&admin).await;
    let loaded = "return document.querySelectorAll('.piece').length === 7
        && [...document.querySelectorAll('.stage img')].every(it => it.complete)
        && document.querySelectorAll('article').length >= 6";
    let mover = Feed::open(&server.origin(), Screen::Desk).await;
    mover.run("localStorage.setItem('nowcast.name', 'Mira')").await;
    mover.reload().await;
    mover.until("all is there", loaded).await;
    pictures(&mover, Screen::Desk, "stage").await;
    let watchers = [
        (Feed::open(&server.origin(), Screen::Desk).await, Screen::Desk),
        (Feed::open(&server.origin(), Screen::Phone).await, Screen::Phone),
    ];
    watchers[1].0.press(".tabs", "Stage").await;
    let at = mover.drag(Hand::Mouse, "lights", 0.42, 0.5).await;
    for (feed, screen) in &watchers {
        feed.until("all is there", loaded).await;
        feed.until("it is in hand", "return document.querySelector('.piece.held .tag')").await;
        pictures(feed, *screen, "stage-held").await;
        fits(feed).await;
    }
    pictures(&mover, Screen::Desk, "stage-mine").await;
    let watcher = &watchers[0].0;
    let pulled = watcher.drag(Hand::Mouse, "lights", 0.9, 0.9).await;
    let said = "return document.querySelector('.stage-said').innerText === 'Mira is moving Northern Lights.'";
    watcher.until("it says who has it", said).await;
    pictures(watcher, Screen::Desk, "stage-denied").await;
    watcher.let_go(Hand::Mouse, pulled).await;
    mover.let_go(Hand::Mouse, at).await;
    mover.run("document.querySelector('[data-piece=gulls]').focus()").await;
    mover.key("ArrowRight", nowcast_tests::browser::Modifier::None).await;
    pictures(&mover, Screen::Desk, "stage-focus").await;
    for (feed, _) in watchers {
        feed.close().await;
    }
    mover.close().await;
}

#[tokio::test]
async fn pictures_of_the_stage_at_the_desk() {
    let server = server().await;
    let admin = server.admin().await;
    for screen in [Screen::Desk, Screen::Phone] {
        let desk = Desk::log_in(&server.origin(), screen).await;
        open_stage(&desk, screen).await;
        if screen == Screen::Desk {
            pictures(&desk, screen, "desk-stage-empty").await;
            a_scene(&admin).await;
        }
        let loaded = "return document.querySelectorAll('.piece').length === 7
            && [...document.querySelectorAll('.stage img')].every(it => it.complete)";
        desk.until("all is there", loaded).await;
        desk.click("[data-piece=sunset]").await;
        desk.until("it is chosen", "return document.querySelector('.stage-chosen')").await;
        desk.press(".stage-add", "Picture").await;
        pictures(&desk, screen, "desk-stage").await;
        fits(&desk).await;
        desk.close().await;
    }
}
