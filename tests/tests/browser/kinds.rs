//! Posts and custom items: on the feed, beside a script of an embedding page, at the desk.

use crate::pictures::{pictures, upload};
use crate::windows::{Desk, Feed, fits, server};
use nowcast_tests::browser::Screen;
use serde_json::{Value, json};

/// What came last, as programs read it.
async fn newest(server: &nowcast_tests::server::Server) -> Value {
    server.visitor().json("/api/rooms/main/items?limit=1").await["items"][0].clone()
}

#[tokio::test]
async fn posts_and_custom_items_look_like_the_rest() {
    let server = server().await;
    let (admin, publisher) = (server.admin().await, server.publisher());
    admin.put("/api/rooms/main").json(&json!({"title": "Harbour Festival"})).send().await.unwrap();
    let picture = upload(&publisher).await;
    for data in [
        json!({"type": "goal", "minute": 17, "extra time": false, "by": {"name": "Ana Marlow",
            "number": 9, "club": {"name": "Harbour Rats", "since": 1908}}, "assists": ["Bo", "Cem"],
            "film": "https://example.org/goals/17", "var": null, "cards": []}),
        json!([{"team": "Northern Lights", "points": 12, "goals": "9:2"},
            {"team": "Harbour Rats", "points": 10, "goals": "7:4"},
            {"team": "Quay Side", "points": 4}]),
        json!({}),
        json!("Only words, on\ntwo lines"),
        json!({"log": (1..=40).map(|lap| json!({"lap": lap, "s": 61.5})).collect::<Vec<_>>(),
            "hash": "d41d8cd98f00b204e9800998ecf8427e".repeat(6), "numbers": (0..30).collect::<Vec<_>>()}),
    ] {
        publisher.publish("custom", data).await;
    }
    for data in [
        json!({"user": "Bo Lindqvist", "source": "Mastodon", "url": "https://social.example/@bo/110",
            "text": "The band is tuning up on the quay.\n\nPictures at https://example.org/quay?day=2 (all of them).",
            "picture": picture["url"], "alt": picture["alt"], "width": picture["width"],
            "height": picture["height"]}),
        json!({"user": "مريم", "text": "مساء الخير من الميناء", "source": "Bluesky"}),
        json!({"text": "No name, no source, just words."}),
        json!({"user": "Cem", "picture": picture["url"], "url": "https://pictures.example/cem/7"}),
    ] {
        publisher.publish("post", data).await;
    }
    for screen in [Screen::Desk, Screen::Phone] {
        let feed = Feed::open(&server.origin(), screen).await;
        let shown = "return document.querySelectorAll('article').length === 9
            && [...document.images].every(image => image.complete || image.loading === 'lazy')";
        feed.until("all of it is shown", shown).await;
        pictures(&feed, screen, "kinds-posts").await;
        fits(&feed).await;
        feed.run("document.querySelector('.custom').closest('article').scrollIntoView()").await;
        pictures(&feed, screen, "kinds-custom").await;
        feed.run("window.scrollTo(0, document.body.scrollHeight)").await;
        pictures(&feed, screen, "kinds-custom-end").await;
        let back = "return document.querySelectorAll('.from a')[1].innerText";
        assert_eq!(feed.run(back).await, "Mastodon · social.example");
        feed.close().await;
    }
}

/// Shows goals itself, counts what it is told, and leaves the rest to the page.
const SCRIPT: &str = "
    window.told = [];
    document.addEventListener('nowcast:item', event => {
        const {item, element} = event.detail;
        window.told.push(`item ${item.data.goal ?? '-'}`);
        if (item.data.goal === undefined) return;
        event.preventDefault();
        const big = element.appendChild(document.createElement('output'));
        big.textContent = `Goal! ${item.data.goal}`;
        requestAnimationFrame(() => { window.drawn = element.isConnected && item.data.goal; });
    });
    document.addEventListener('nowcast:item-removed', event => {
        window.told.push(`removed ${event.detail.item.data.goal}`);
    });";

#[tokio::test]
async fn a_script_beside_the_page_shows_custom_items_its_own_way() {
    let server = server().await;
    let publisher = server.publisher();
    let goal = publisher.publish("custom", json!({"goal": "1:0"})).await;
    let feed = Feed::open_beside(&server.origin(), Screen::Desk, SCRIPT).await;
    publisher.publish("custom", json!({"weather": "rain"})).await;
    let shown = "return document.querySelector('.custom output')?.innerText === 'Goal! 1:0'
        && window.drawn === '1:0' && document.querySelector('.custom td')?.innerText === 'rain'";
    feed.until("each is shown in its way", shown).await;

    let edit = json!({"kind": "edit", "item": goal.id, "data": {"goal": "2:0"}});
    assert_eq!(publisher.command(edit).await.status(), 200);
    let again = "return document.querySelector('.custom output')?.innerText === 'Goal! 2:0'
        && window.drawn === '2:0'";
    feed.until("the edit is shown by the script", again).await;

    let delete = json!({"kind": "delete", "item": goal.id});
    assert_eq!(publisher.command(delete).await.status(), 200);
    let told = "return window.told.length >= 5 && window.told";
    let told = feed.until("the script hears that it is gone", told).await;
    let expected = ["item 1:0", "item -", "item 2:0", "removed 1:0", "removed 2:0"];
    assert_eq!(told, json!(expected));
    feed.close().await;
}

#[tokio::test]
async fn the_desk_writes_a_post_and_an_edit_keeps_what_it_does_not_know() {
    let server = server().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.press("#composer", "Post").await;
    desk.fill("#compose-text", "On the quay: https://example.org").await;
    desk.fill("#compose-user", "Bo").await;
    desk.fill("#compose-source", "Mastodon").await;
    desk.fill("#compose-url", "social.example/@bo/1").await;
    let seen =
        "return document.querySelector('.preview .from a')?.innerText.includes('social.example')";
    desk.until("the preview shows it", seen).await;
    desk.fill("#compose-picture", "javascript:alert(1)").await;
    desk.press("#composer", "Publish").await;
    let wrong = "return document.querySelector('#compose-picture')?.ariaInvalid === 'true'";
    desk.until("the field that is wrong says so", wrong).await;
    pictures(&desk, Screen::Desk, "kinds-desk-post").await;
    desk.fill("#compose-picture", " ").await;
    desk.press("#composer", "Publish").await;
    let out = "return document.querySelector('.live .post, .feed li .post')";
    desk.until("it is out", out).await;
    let sent = json!({"text": "On the quay: https://example.org", "user": "Bo", "source": "Mastodon",
        "url": "https://social.example/@bo/1"});
    assert_eq!(newest(&server).await["data"], sent);

    // A number that no browser can hold is among the fields that the form does not have.
    let data =
        r#"{"kind":"post","data":{"text":"Helo","user":"Cem","id":9007199254740993,"tags":["a"]}}"#;
    let request = server.publisher().post("/api/rooms/main/items");
    let request = request.header("content-type", "application/json").body(data);
    assert_eq!(request.send().await.unwrap().status(), 201);
    desk.until("it is there", "return document.body.innerText.includes('Helo')").await;
    desk.press(".feed li:first-child .item-tools", "Edit").await;
    desk.fill("#edit-text", "Hello").await;
    desk.press(".edit-item", "Save").await;
    desk.until("it is changed", "return document.body.innerText.includes('Hello')").await;
    let now = newest(&server).await["data"].to_string();
    assert_eq!(now, r#"{"id":9007199254740993,"tags":["a"],"text":"Hello","user":"Cem"}"#);
    desk.close().await;
}

#[tokio::test]
async fn the_desk_writes_any_json_and_says_mistakes_while_one_types() {
    let server = server().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    desk.press("#composer", "Custom").await;
    desk.fill("#compose-data", "{\"goal\": \"1:0\", minute: 17}").await;
    let said =
        "return document.querySelector('#compose-data-note').innerText.includes('in quotes')";
    desk.until("the mistake is said before it is sent", said).await;
    pictures(&desk, Screen::Desk, "kinds-desk-custom-mistake").await;
    desk.press("#composer", "Publish").await;
    let alert = "return document.querySelector('#compose-data-note [role=alert]').innerText";
    desk.until("it does not go out", &format!("{alert} !== ''")).await;
    desk.fill("#compose-data", "{\"goal\": \"1:0\", \"minute\": 17, \"by\": {\"name\": \"Ana\"}}")
        .await;
    desk.until("the preview has a table", "return document.querySelector('.preview .custom td')")
        .await;
    pictures(&desk, Screen::Desk, "kinds-desk-custom").await;

    desk.press("#composer", "Save as button").await;
    desk.fill("#button-label", "Goal").await;
    desk.press(".editor-form", "Save button").await;
    let there =
        "return [...document.querySelectorAll('.tile-label')].some(it => it.innerText === 'Goal')";
    desk.until("the button is there", there).await;
    desk.show("Goal").await;
    let goal = json!({"goal": "1:0", "minute": 17, "by": {"name": "Ana"}});
    assert_eq!(newest(&server).await["data"], goal);

    desk.until("it is in the feed", "return document.querySelector('.feed li .custom td')").await;
    desk.press(".feed li:first-child .item-tools", "Edit").await;
    desk.fill("#edit-data", "[1, 2]").await;
    desk.press(".edit-item", "Save").await;
    let list = "return document.querySelectorAll('.feed li .custom li').length === 2";
    desk.until("it is a list now", list).await;
    assert_eq!(newest(&server).await["data"], json!([1, 2]));

    desk.press(".feed li:first-child .item-tools", "Delete").await;
    desk.press(".feed li:first-child .item-tools .ask", "Delete").await;
    desk.press(".toast", "Publish again as new").await;
    desk.until("it is back", list).await;
    desk.close().await;
}

/// No browser can hold the first number, and it writes the second without its point.
const EXACT: &str = r#"{"id":9007199254740993,"note":"early","ratio":1.0}"#;

#[tokio::test]
async fn numbers_that_no_browser_can_hold_stay_as_they_are() {
    let server = server().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    let item = format!(r#"{{"kind":"custom","data":{EXACT}}}"#);
    let request = server.publisher().post("/api/rooms/main/items");
    let request = request.header("content-type", "application/json").body(item);
    assert_eq!(request.send().await.unwrap().status(), 201);
    desk.until("it is in the feed", "return document.querySelector('.feed li .custom td')").await;
    desk.press(".feed li:first-child .item-tools", "Edit").await;
    let written = "return document.querySelector('#edit-data')?.value";
    let written = desk.until("the form is there", written).await;
    let written = written.as_str().unwrap().to_owned();
    desk.fill("#edit-data", &written.replace("early", "late")).await;
    desk.press(".edit-item", "Save").await;
    desk.until("it is changed", "return document.body.innerText.includes('late')").await;
    assert_eq!(newest(&server).await["data"].to_string(), EXACT.replace("early", "late"));

    desk.press("#composer", "Custom").await;
    desk.fill("#compose-data", EXACT).await;
    desk.press("#composer", "Save as button").await;
    desk.fill("#button-label", "Exact").await;
    desk.press(".editor-form", "Save button").await;
    let there =
        "return [...document.querySelectorAll('.tile-label')].some(it => it.innerText === 'Exact')";
    desk.until("the button is there", there).await;
    desk.run("location.reload()").await;
    desk.until("it is there after a reload", there).await;
    desk.show("Exact").await;
    desk.until("it is out", "return document.body.innerText.includes('early')").await;
    assert_eq!(newest(&server).await["data"].to_string(), EXACT);
    desk.close().await;
}

#[tokio::test]
async fn the_desk_has_room_for_both_on_a_phone() {
    let server = server().await;
    let desk = Desk::log_in(&server.origin(), Screen::Phone).await;
    desk.press("nav", "Compose").await;
    for kind in ["Post", "Custom"] {
        desk.press("#composer", kind).await;
        pictures(&desk, Screen::Phone, &format!("kinds-desk-{}", kind.to_lowercase())).await;
        fits(&desk).await;
    }
    desk.close().await;
}
