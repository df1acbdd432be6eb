//! What the server says of itself, as people read it.

use crate::pictures::pictures;
use crate::windows::{fits, server};
use nowcast_tests::browser::{Browser, Screen};

#[tokio::test]
async fn the_http_side_can_be_read_and_its_command_lines_copied() {
    let server = server().await;
    for screen in [Screen::Desk, Screen::Phone] {
        let browser = Browser::open(screen).await;
        browser.go(&format!("{}/api/docs", server.origin())).await;
        let line = "return document.querySelector('#publish .sample code').textContent
            .includes(location.origin)";
        browser.until("the server's own address is in what can be copied", line).await;
        let buttons = "return document.querySelectorAll('.sample button').length > 40";
        browser.until("each can be copied", buttons).await;
        pictures(&browser, screen, "docs").await;
        fits(&browser).await;
        for place in ["publish", "setVariable", "codes", "type-Item"] {
            browser.run(&format!("location.hash = '{place}'")).await;
            let there = format!(
                "const top = document.getElementById('{place}').getBoundingClientRect().top;
                 return Math.abs(top) < 60 || innerHeight + scrollY >= document.body.scrollHeight - 2"
            );
            browser.until("a link leads there", &there).await;
            pictures(&browser, screen, &format!("docs-{place}")).await;
        }
        fits(&browser).await;
        browser.close().await;
    }
}
