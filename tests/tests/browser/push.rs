//! What is for one user alone.

use crate::windows::{Feed, with_pages};
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::server::{Server, Setup};
use serde_json::{Value, json};

async fn push(server: &Server, destination: &str, data: Value) -> u64 {
    let push = json!({"destination": destination, "data": data});
    let answer = server.publisher().post("/api/push").json(&push).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    answer.json::<Value>().await.unwrap()["delivered"].as_u64().unwrap()
}

/// Keeps what scripts beside the page hear.
const LISTENS: &str = "window.heard = [];
    for (const name of ['nowcast:push', 'nowcast:variable', 'nowcast:variables'])
        addEventListener(name, event => heard.push([name, event.detail]));";

#[tokio::test]
async fn a_push_reaches_one_and_not_the_other_and_is_shown_once() {
    let server = with_pages(Setup::new()).arg("--open").start().await;
    let ana = Feed::open_as(&format!("{}/?id=ana&x=1", server.origin()), Screen::Desk, "Ana").await;
    let ben = Feed::open_as(&format!("{}/?id=ben", server.origin()), Screen::Desk, "Ben").await;
    let address = ana.run("return location.search").await;
    assert_eq!(address, "?x=1", "who one is does not stay in the address");
    let data =
        json!({"title": "For Ana", "text": "Your table is ready.", "url": "https://example.org/7"});
    assert_eq!(push(&server, "ana", data).await, 1);
    ana.shows_text(".for-me strong", "For Ana").await;
    ana.shows_text(".for-me a", "Open").await;
    assert_eq!(push(&server, "ben", json!("For Ben")).await, 1);
    ben.shows_text(".for-me p", "For Ben").await;
    let count = "return document.querySelectorAll('.for-me').length";
    assert_eq!((ana.run(count).await, ben.run(count).await), (json!(1), json!(1)));

    // It goes when it is put away, and does not come back with the page.
    ana.click(".for-me button").await;
    ana.hides(".for-me").await;
    ben.reload().await;
    ben.is("Live").await;
    assert_eq!(push(&server, "ben", json!("A second one")).await, 1, "the tab is still Ben's");
    ben.shows_text(".for-me p", "A second one").await;
    assert_eq!(ben.run(count).await, 1);
    ana.close().await;
    ben.close().await;
}

#[tokio::test]
async fn scripts_beside_the_page_hear_of_pushes_and_variables() {
    let server = with_pages(Setup::new()).arg("--open").start().await;
    let browser = Browser::open(Screen::Desk).await;
    browser.before_every_page(LISTENS).await;
    browser.go(&format!("{}/#id=ana", server.origin())).await;
    let heard = |name: &str, detail: Value| {
        format!(
            "return heard.some(it => JSON.stringify(it) === JSON.stringify({}))",
            json!([name, detail])
        )
    };
    browser.until("there are no variables", &heard("nowcast:variables", json!({}))).await;
    assert_eq!(browser.run("return location.href.includes('ana')").await, false);
    let path = "/api/rooms/main/vars/score";
    let put = server.publisher().put(path).json(&json!([2, 1])).send().await.unwrap();
    assert!(put.status().is_success());
    let set = "const it = heard.find(it => it[0] === 'nowcast:variable');
        return it && it[1].name === 'score' && it[1].value.join() === '2,1' && it[1].version > 0";
    browser.until("a variable is told", set).await;
    push(&server, "ana", json!({"any": ["thing", null]})).await;
    let pushed = "const it = heard.find(it => it[0] === 'nowcast:push');
        return it && JSON.stringify(it[1].data) === '{\"any\":[\"thing\",null]}' && it[1].id.length > 1";
    browser.until("a push is told", pushed).await;
    // A page that is loaded again knows them still.
    browser.reload().await;
    let all = "const it = heard.find(it => it[0] === 'nowcast:variables');
        return it && it[1].score?.value.join() === '2,1'";
    browser.until("the variables are told again", all).await;
    browser.close().await;
}

#[tokio::test]
async fn a_token_that_is_no_good_is_said_and_can_be_done_without() {
    let server = with_pages(Setup::new()).start().await;
    let browser = Browser::open(Screen::Phone).await;
    browser.go(&format!("{}/#token=not-a-token", server.origin())).await;
    let said = "return document.querySelector('.nowhere h1')?.innerText === 'This page does not know you.'";
    browser.until("it says that it does not know the token", said).await;
    browser.picture("token-refused-390").await;
    browser.press(".nowhere", "Go on without it").await;
    let live = "return document.querySelector('.pill')?.innerText.trim() === 'Live'";
    browser.until("the page is live", live).await;
    browser.close().await;
}
