//! The server dies in the middle of its work.

use nowcast_shared::event::Event;
use nowcast_tests::api::{Api, Published};
use nowcast_tests::kills::{ALL, publish_through_kills};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::Server;
use nowcast_tests::wait::{in_time, pause};
use serde_json::json;

over_every_transport![acknowledged_items_survive_kills_and_readers_see_each_once];

async fn acknowledged_items_survive_kills_and_readers_see_each_once(transport: Transport) {
    let mut server = Server::start().await;
    let mut readers = Vec::new();
    for _ in 0..2 {
        let mut page = Joining::new(transport, server.origin()).open().await;
        readers.push(tokio::spawn(async move { page.follow(ALL).await }));
    }
    let first = Joining::new(transport, server.origin()).open().await;
    let beginning = format!("{}:0", first.position().epoch);

    let mut answers = publish_through_kills(&mut server, publish_at_last).await;

    let mut late = Joining::new(transport, server.origin()).since(&beginning).open().await;
    assert!(late.recovered());
    let log = late.follow(ALL).await;
    for event in &log {
        let Event::ItemPublished { item } = &event.event else { panic!("{event:?}") };
        let text = item.data["text"].as_str().expect("a message");
        let answer = answers.remove(text).unwrap_or_else(|| panic!("{text} is there twice"));
        assert_eq!((answer.id, answer.offset), (item.id.0.clone(), event.offset.0), "{text}");
        assert_eq!(answer.at, item.at, "{text}");
    }
    assert!(answers.is_empty(), "acknowledged, and lost: {answers:?}");
    for reader in readers {
        assert_eq!(reader.await.expect("a reader that saw everything"), log);
    }
    let after = server.publisher().say("nothing but these").await;
    assert_eq!(after.offset, u64::try_from(ALL).unwrap() + 1);
}

/// Publishes with an idempotency key, again and again until there is an answer.
async fn publish_at_last(publisher: Api, text: String) -> Published {
    let body = json!({"kind": "message", "data": {"text": text}});
    let publishing = async {
        loop {
            let request = publisher.post("/api/rooms/main/items").header("idempotency-key", &text);
            if let Ok(answer) = request.json(&body).send().await {
                let status = answer.status().as_u16();
                let body = answer.json().await;
                match (status, body) {
                    (200 | 201, Ok(body)) => return Published::read(&body),
                    // It was killed in the middle of its answer, or is about to stop.
                    (_, Err(_)) | (503, _) => {}
                    (status, Ok(body)) => panic!("a publish was answered with {status}: {body}"),
                }
            }
            pause().await;
        }
    };
    in_time("a publish is answered", publishing).await
}
