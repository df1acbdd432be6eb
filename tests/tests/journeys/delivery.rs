//! From one publish to every page.

use nowcast_shared::event::{Event, Logged};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Page, Transport, published_text};
use nowcast_tests::server::Server;
use serde_json::{Value, json};

over_every_transport![
    published_once_shows_on_every_page_once_and_in_order,
    a_late_page_sees_what_it_missed,
    a_snapshot_is_the_newest_fifty_and_the_rest_can_be_paged,
    edits_and_deletions_follow,
    rooms_do_not_hear_each_other,
];

async fn published_once_shows_on_every_page_once_and_in_order(transport: Transport) {
    let server = Server::start().await;
    let mut pages = Vec::new();
    for _ in 0..4 {
        pages.push(Joining::new(transport, server.origin()).open().await);
    }

    let publisher = server.publisher();
    for number in 1..=10 {
        let answer = publisher.say(format!("one by one {number}")).await;
        assert_eq!(answer.offset, number, "offsets count from 1 without gaps");
    }
    let at_once = (0..4).map(|who| {
        let publisher = server.publisher();
        tokio::spawn(async move {
            for number in 0..10 {
                publisher.say(format!("publisher {who}, {number}")).await;
            }
        })
    });
    for publishing in at_once.collect::<Vec<_>>() {
        publishing.await.expect("a publisher that got all its answers");
    }

    let mut seen = Vec::new();
    for page in &mut pages {
        seen.push(page.next_texts(50).await);
    }
    let expected: Vec<_> = (1..=10).map(|number| format!("one by one {number}")).collect();
    assert_eq!(seen[0][..10], expected);
    for who in 0..4 {
        let name = format!("publisher {who}, ");
        let own: Vec<_> = seen[0].iter().filter_map(|text| text.strip_prefix(&name)).collect();
        let expected: Vec<_> = (0..10).map(|number| number.to_string()).collect();
        assert_eq!(own, expected, "a publisher's items keep the order of its requests");
    }
    assert!(seen.iter().all(|texts| *texts == seen[0]), "every page sees the same");
}

async fn a_late_page_sees_what_it_missed(transport: Transport) {
    let server = Server::start().await;
    let publisher = server.publisher();
    for number in 1..=5 {
        publisher.say(format!("before {number}")).await;
    }

    let mut page = Joining::new(transport, server.origin()).open().await;
    assert!(!page.recovered());
    assert_eq!(page.position().offset.0, 5);
    assert!(!page.snapshot().more);
    let expected: Vec<_> = (1..=5).map(|number| format!("before {number}")).collect();
    assert_eq!(page.snapshot_texts(), expected);

    publisher.say("after").await;
    assert_eq!(page.next_texts(1).await, ["after"]);
}

async fn a_snapshot_is_the_newest_fifty_and_the_rest_can_be_paged(transport: Transport) {
    let server = Server::start().await;
    let publisher = server.publisher();
    let mut ids = Vec::new();
    for number in 1..=120 {
        ids.push(publisher.say(number.to_string()).await.id);
    }
    let deleted = publisher.command(json!({"kind": "delete", "item": ids[99]})).await;
    assert_eq!(deleted.status(), 200);

    let page = Joining::new(transport, server.origin()).open().await;
    let expected: Vec<_> =
        (70..=120).filter(|number| *number != 100).map(|number| number.to_string()).collect();
    assert_eq!(page.snapshot_texts(), expected, "fifty, oldest first, without the deleted one");
    assert!(page.snapshot().more);
    assert_eq!(page.position().offset.0, 121, "a snapshot is complete as of its offset");

    let mut before = page.snapshot().items[0].offset.0;
    let mut older = Vec::new();
    loop {
        let path = format!("/api/rooms/main/items?before={before}&limit=30");
        let answer = server.visitor().json(&path).await;
        let items = answer["items"].as_array().expect("items");
        assert!(items.len() <= 30);
        older.extend(items.iter().map(|item| item["data"]["text"].as_str().unwrap().to_owned()));
        if answer["more"] == false {
            break;
        }
        before = items.last().expect("more items after these")["offset"].as_u64().unwrap();
    }
    let expected: Vec<_> = (1..=69).rev().map(|number| number.to_string()).collect();
    assert_eq!(older, expected, "newest first, down to the first");
}

async fn edits_and_deletions_follow(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut desk =
        Joining::new(transport, server.origin()).as_who(&admin).role("admin").open().await;
    let mut page = Joining::new(transport, server.origin()).open().await;

    let item = json!({"kind": "message", "data": {"text": "wrong"}});
    let answer = desk.command(json!({"kind": "publish", "item": item})).await;
    let published = both_see(&mut desk, &mut page, answer.offset()).await;
    let Event::ItemPublished { item } = &published.event else { panic!("{published:?}") };
    let (id, offset, at) = (item.id.clone(), item.offset, item.at);
    assert_eq!(item.by, published.by);
    assert_eq!(item.edited_at, None);

    let edit = json!({"kind": "edit", "item": id, "data": {"text": "*right*"}});
    let answer = desk.command(edit).await;
    let edited = both_see(&mut desk, &mut page, answer.offset()).await;
    let Event::ItemEdited { item } = &edited.event else { panic!("{edited:?}") };
    assert_eq!((&item.id, item.offset, item.at), (&id, offset, at), "it is the same item");
    assert_eq!(item.data, json!({"text": "*right*"}));
    assert!(item.html.as_deref().unwrap_or_default().contains("<em>right</em>"), "{item:?}");
    assert!(item.edited_at.is_some_and(|edited_at| edited_at >= at), "{item:?}");

    let late = Joining::new(transport, server.origin()).open().await;
    assert_eq!(late.snapshot_texts(), ["*right*"]);
    assert_eq!(late.snapshot().items[0].edited_at, item.edited_at);

    let answer = desk.command(json!({"kind": "delete", "item": id})).await;
    let deleted = both_see(&mut desk, &mut page, answer.offset()).await;
    assert_eq!(deleted.event, Event::ItemDeleted { item: id });
    let late = Joining::new(transport, server.origin()).open().await;
    assert!(late.snapshot().items.is_empty());
}

/// The next event of both pages, which has to be the same one, at this offset.
async fn both_see(desk: &mut Page, page: &mut Page, offset: u64) -> Logged<Value> {
    let event = page.next_event().await;
    assert_eq!(event.offset.0, offset, "the ack names the event's place");
    assert_eq!(desk.next_event().await, event, "every page sees the same, the asking one too");
    event
}

async fn rooms_do_not_hear_each_other(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let made = admin.put("/api/rooms/side").json(&json!({"title": "Side"})).send().await;
    assert_eq!(made.expect("an answer").status(), 201);

    let mut main = Joining::new(transport, server.origin()).open().await;
    let mut side = Joining::new(transport, server.origin()).room("side").open().await;
    assert_eq!(side.snapshot().title, "Side");
    assert_ne!(main.position().epoch, side.position().epoch, "each log has a life of its own");

    admin.say("for main").await;
    admin.publish_in("side", "message", json!({"text": "for side"})).await;
    assert_eq!(main.next_texts(1).await, ["for main"]);
    let event = side.next_event().await;
    assert_eq!(published_text(&event), "for side");
}
