//! The report on what happened in a room: as an admin reads it while things happen, and as a file
//! that is kept.

use crate::pictures::pictures;
use crate::windows::{Desk, fits, server};
use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::server::Server;
use serde_json::json;

/// So many words that their table has to be scrolled.
const WORDS: &str = "harbour quay anchor sailor lighthouse seagull ferry island bridge market \
    cathedral garden museum library theatre orchestra violin trumpet painter sculptor";

/// Whether the report has this number under this name.
pub(crate) fn total(label: &str, count: u32) -> String {
    format!(
        "return [...document.querySelectorAll('.totals div')]
             .some(it => it.querySelector('dt').textContent === '{label}'
                 && it.querySelector('dd').textContent === '{count}')"
    )
}

/// Says something in the chat.
async fn say(server: &Server, text: &str) {
    let path = "/api/rooms/main/chat?name=Bo&client=Bo-0123456789abcdef";
    let said = server.visitor().post(path).json(&json!({"text": text})).send().await;
    expect_status(said.expect("an answer"), 201).await;
}

/// A room in which something was published, said and cheered at.
async fn lively() -> (Server, Api) {
    let server = server().await;
    let admin = server.admin().await;
    admin.say(WORDS).await;
    admin.say("The harbour is open").await;
    say(&server, "See you at the harbour").await;
    say(&server, "🎉").await;
    (server, admin)
}

#[tokio::test]
async fn the_report_stays_true_and_leaves_its_reader_in_peace() {
    let (server, admin) = lively().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.go(&format!("{}/statistics", server.origin())).await;
    desk.until("what was published is counted", &total("Items", 2)).await;
    desk.until("what was said is, too", &total("Reactions", 1)).await;
    desk.click("#words summary").await;
    let read = "window.table = document.querySelector('#words .scroll');
         table.focus();
         table.scrollTop = 40;
         return document.activeElement === table && table.scrollTop === 40";
    desk.until("somebody reads a table by keyboard", read).await;

    admin.say("The harbour is closed").await;
    let poll = json!({"type": "poll", "question": "Again?",
        "options": [{"text": "Yes", "votes": 3}, {"text": "No", "votes": 1}]});
    admin.publish("custom", poll).await;
    desk.until("the numbers move by themselves", &total("Items", 4)).await;
    desk.until("a part that was not there comes", "return document.querySelector('#polls')").await;
    let kept = "return table.isConnected && document.activeElement === table
         && table.scrollTop === 40 && table.closest('details').open";
    assert_eq!(desk.run(kept).await, true, "whoever reads goes on reading");
    let row =
        "return table.querySelector('tbody tr').innerText.split(/\\s+/).join() === 'harbour,4'";
    desk.until("and what they read is true", row).await;

    let csv = "return fetch(document.querySelector('#words a[download]').href)
         .then(answer => answer.text())";
    let csv = desk.run(csv).await;
    assert!(csv.as_str().is_some_and(|csv| csv.contains("harbour,4")), "{csv}");
    pictures(&desk, Screen::Desk, "statistics").await;
    desk.resize(Screen::Phone.width(), 844).await;
    fits(&desk).await;
    pictures(&desk, Screen::Phone, "statistics").await;
    desk.click(".own summary").await;
    desk.press(".own form", "Show").await;
    let own = "return location.search.includes('span=own')";
    desk.until("a span of one's own is shown", own).await;
    desk.until("with what happened in it", &total("Items", 4)).await;
    fits(&desk).await;
    desk.close().await;
}

#[tokio::test]
async fn a_kept_report_is_read_without_a_server() {
    let (server, admin) = lively().await;
    let browser = Browser::open(Screen::Phone).await;
    let counted = nowcast_tests::wait::eventually("all is counted", async || {
        let report = admin.get("/statistics?download").send().await.expect("an answer");
        let html = report.text().await.expect("a page");
        (html.contains("<dt>Items</dt><dd>2</dd>") && html.contains("<dt>Reactions</dt><dd>1</dd>"))
            .then_some(html)
    });
    let html = counted.await;
    drop(server);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    std::fs::write(&file, html).expect("it can be written");
    browser.go(&format!("file://{}", file.display())).await;
    browser.until("its numbers are there", &total("Items", 2)).await;
    let drawn = "return [...document.querySelectorAll('#items svg')]
         .some(it => it.getBoundingClientRect().height > 50)";
    browser.until("and its charts", drawn).await;
    let asked = "return performance.getEntriesByType('resource').length";
    assert_eq!(browser.run(asked).await, 0, "it asks for nothing");
    browser.click("#words summary").await;
    fits(&browser).await;
    browser.close().await;
}
