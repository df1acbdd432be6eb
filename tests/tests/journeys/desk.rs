//! The admin's desk: display buttons, preview, the room's title.

use nowcast_shared::event::Event;
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::request::RequestBuilder;
use nowcast_tests::server::Server;
use serde_json::{Value, json};

const BUTTONS: &str = "/api/rooms/main/buttons";
const PREVIEW: &str = "/api/rooms/main/preview";

fn button(label: &str) -> Value {
    let item = json!({"kind": "message", "data": {"text": label}});
    json!({"label": label, "color": "blue", "item": item})
}

async fn answered(request: RequestBuilder, status: u16) -> Value {
    expect_status(request.send().await.unwrap(), status).await.json().await.unwrap()
}

async fn labels(api: &Api) -> Vec<String> {
    let answer = api.json(BUTTONS).await;
    let buttons = answer["buttons"].as_array().expect("buttons").iter();
    buttons.map(|button| button["label"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_first_run_brings_buttons_that_work() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let answer = admin.json(BUTTONS).await;
    let buttons = answer["buttons"].as_array().unwrap();
    assert!(buttons.len() >= 3, "{buttons:?}");
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    for button in buttons {
        assert!(button["id"].as_str().unwrap().starts_with('b'));
        let item = &button["item"];
        admin.publish(item["kind"].as_str().unwrap(), item["data"].clone()).await;
        let Event::ItemPublished { item: shown } = page.next_event().await.event else {
            panic!("something else happened");
        };
        assert_eq!(shown.kind, item["kind"].as_str().unwrap());
    }
}

#[tokio::test]
async fn buttons_are_made_changed_ordered_and_deleted() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    for button in admin.json(BUTTONS).await["buttons"].as_array().unwrap() {
        let path = format!("{BUTTONS}/{}", button["id"].as_str().unwrap());
        expect_status(admin.delete(&path).send().await.unwrap(), 204).await;
    }
    assert!(labels(&admin).await.is_empty());

    let mut ids = Vec::new();
    for label in ["one", "two", "three"] {
        let made = answered(admin.post(BUTTONS).json(&button(label)), 201).await;
        assert_eq!((&made["label"], &made["color"]), (&json!(label), &json!("blue")));
        assert_eq!(made["item"], button(label)["item"]);
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(labels(&admin).await, ["one", "two", "three"]);

    let path = format!("{BUTTONS}/{}", ids[1]);
    let changed = answered(admin.put(&path).json(&button("2")), 200).await;
    assert_eq!((&changed["id"], &changed["label"]), (&json!(ids[1]), &json!("2")));

    let order = json!({"order": [ids[2], ids[0], ids[1]]});
    let ordered = answered(admin.put(BUTTONS).json(&order), 200).await;
    assert_eq!(ordered["buttons"][0]["label"], "three");
    assert_eq!(labels(&admin).await, ["three", "one", "2"]);

    server.kill().await;
    server.restart().await;
    assert_eq!(labels(&admin).await, ["three", "one", "2"], "they are kept");

    expect_status(admin.delete(&path).send().await.unwrap(), 204).await;
    assert_eq!(labels(&admin).await, ["three", "one"]);
    expect_problem(admin.delete(&path).send().await.unwrap(), 404, "unknown_button").await;
    let gone = admin.put(&path).json(&button("2")).send().await.unwrap();
    expect_problem(gone, 404, "unknown_button").await;
}

#[tokio::test]
async fn a_button_that_could_not_be_shown_is_refused() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let before = labels(&admin).await;
    let with = |change: fn(&mut Value)| {
        let mut button = button("label");
        change(&mut button);
        button
    };
    for (bad, status, code) in [
        (json!({}), 400, "bad_request"),
        (with(|button| button["label"] = json!(7)), 400, "bad_request"),
        (with(|button| button["color"] = json!("mauve")), 400, "bad_request"),
        (with(|button| button["label"] = json!(" ")), 400, "bad_request"),
        (with(|button| button["item"]["kind"] = json!("hologram")), 422, "unknown_kind"),
        (with(|button| button["item"]["data"] = json!({})), 422, "bad_item"),
    ] {
        let answer = admin.post(BUTTONS).json(&bad).send().await.unwrap();
        expect_problem(answer, status, code).await;
    }
    let link = json!({"kind": "link", "data": {"url": "javascript:alert(1)"}});
    let bad = json!({"label": "x", "color": "blue", "item": link});
    let answer = admin.post(BUTTONS).json(&bad).send().await.unwrap();
    expect_problem(answer, 422, "bad_url").await;
    let answer = admin.put(BUTTONS).json(&json!({"order": "b"})).send().await.unwrap();
    expect_problem(answer, 400, "bad_request").await;
    // An order may be of an earlier moment; whatever it names, no button is lost by it.
    for order in [json!(["bnone"]), json!([])] {
        admin.put(BUTTONS).json(&json!({"order": order})).send().await.unwrap();
    }
    assert_eq!(labels(&admin).await, before);
}

#[tokio::test]
async fn buttons_are_the_admins() {
    let server = Server::start().await;
    let answer = server.visitor().get(BUTTONS).send().await.unwrap();
    assert!(matches!(answer.status().as_u16(), 401 | 403));
    let seen = server.publisher().json(BUTTONS).await;
    assert!(seen["buttons"].is_array(), "whoever may publish may click them");
    let answer = server.publisher().post(BUTTONS).json(&button("mine")).send().await.unwrap();
    expect_problem(answer, 403, "forbidden").await;
}

#[tokio::test]
async fn a_preview_is_what_would_be_shown_and_shows_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let item = json!({"kind": "message", "data": {"text": "*Hi* <script>alert(1)</script>"}});
    let preview = answered(admin.post(PREVIEW).json(&item), 200).await;
    assert_eq!((&preview["kind"], &preview["data"]), (&item["kind"], &item["data"]));

    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    assert!(page.snapshot().items.is_empty());
    admin.publish("message", item["data"].clone()).await;
    let Event::ItemPublished { item: shown } = page.next_event().await.event else {
        panic!("something else happened");
    };
    assert_eq!(preview["html"], shown.html.unwrap());

    let link = json!({"kind": "link", "data": {"url": "https://example.org"}});
    let preview = answered(admin.post(PREVIEW).json(&link), 200).await;
    assert!(preview["html"].is_null(), "a link has no html");
    let bad = json!({"kind": "link", "data": {"url": "javascript:alert(1)"}});
    let answer = admin.post(PREVIEW).json(&bad).send().await.unwrap();
    expect_problem(answer, 422, "bad_url").await;
    let answer = server.visitor().post(PREVIEW).json(&item).send().await.unwrap();
    assert!(matches!(answer.status().as_u16(), 401 | 403));
}

#[tokio::test]
async fn a_room_is_made_and_named_by_the_admin() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let title = |title: &str| json!({"title": title});
    let room = "/api/rooms/finals-2026";
    expect_problem(admin.get(room).send().await.unwrap(), 404, "unknown_room").await;
    let answer = server.publisher().put(room).json(&title("Mine")).send().await.unwrap();
    expect_problem(answer, 403, "forbidden").await;

    let made = answered(admin.put(room).json(&title("Finals")), 201).await;
    assert_eq!((&made["room"], &made["title"]), (&json!("finals-2026"), &json!("Finals")));
    let named = answered(admin.put(room).json(&title("The finals")), 200).await;
    assert_eq!(named["title"], "The finals");
    server.kill().await;
    server.restart().await;
    assert_eq!(server.visitor().json(room).await["title"], "The finals");
    let page = Joining::new(Transport::Sse, server.origin()).room("finals-2026").open().await;
    assert_eq!(page.snapshot().title, "The finals");
}
