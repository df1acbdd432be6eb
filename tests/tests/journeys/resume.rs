//! Pages that go away and come back.

use nowcast_tests::api::expect_status;
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Transport, published_text};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::in_time;
use serde_json::Value;

over_every_transport![
    a_page_that_comes_back_gets_what_it_missed_and_nothing_else,
    offset_zero_is_the_beginning,
    another_epoch_begins_anew_with_a_complete_snapshot,
    a_position_past_the_end_begins_anew_with_a_complete_snapshot,
    an_unreadable_since_is_refused,
    a_page_may_change_its_transport_in_the_middle_of_the_stream,
    a_position_outlives_a_restart,
    a_position_that_is_kept_no_more_begins_anew_with_a_complete_snapshot,
];

async fn a_page_that_comes_back_gets_what_it_missed_and_nothing_else(transport: Transport) {
    let server = Server::start().await;
    let publisher = server.publisher();
    let mut page = Joining::new(transport, server.origin()).open().await;
    for number in 1..=3 {
        publisher.say(number.to_string()).await;
    }
    assert_eq!(page.next_texts(3).await, ["1", "2", "3"]);

    let gone = page.resuming();
    drop(page);
    for number in 4..=70 {
        publisher.say(number.to_string()).await;
    }
    let mut page = gone.open().await;
    assert!(page.recovered());
    let missed: Vec<_> = (4..=70).map(|number| number.to_string()).collect();
    assert_eq!(page.next_texts(67).await, missed, "more than a snapshot would hold");

    publisher.say("live").await;
    assert_eq!(page.next_texts(1).await, ["live"]);

    let mut page = page.resuming().open().await;
    assert!(page.recovered(), "a page that missed nothing continues too");
    publisher.say("live again").await;
    assert_eq!(page.next_texts(1).await, ["live again"]);
}

async fn offset_zero_is_the_beginning(transport: Transport) {
    let server = Server::start().await;
    let publisher = server.publisher();
    let page = Joining::new(transport, server.origin()).open().await;
    let beginning = format!("{}:0", page.position().epoch);

    let mut early = Joining::new(transport, server.origin()).since(&beginning).open().await;
    assert!(early.recovered(), "the beginning of an empty log is covered");
    for number in 1..=60 {
        publisher.say(number.to_string()).await;
    }
    let all: Vec<_> = (1..=60).map(|number| number.to_string()).collect();
    assert_eq!(early.next_texts(60).await, all);
    let mut late = Joining::new(transport, server.origin()).since(&beginning).open().await;
    assert!(late.recovered());
    assert_eq!(late.next_texts(60).await, all);
}

async fn another_epoch_begins_anew_with_a_complete_snapshot(transport: Transport) {
    begins_anew(transport, |_| "eAnother:1".to_owned()).await;
}

async fn a_position_past_the_end_begins_anew_with_a_complete_snapshot(transport: Transport) {
    begins_anew(transport, |epoch| format!("{epoch}:4")).await;
    begins_anew(transport, |epoch| format!("{epoch}:{}", u64::MAX)).await;
}

async fn begins_anew(transport: Transport, since: fn(&str) -> String) {
    let server = Server::start().await;
    let publisher = server.publisher();
    for number in 1..=3 {
        publisher.say(number.to_string()).await;
    }
    let page = Joining::new(transport, server.origin()).open().await;
    let since = since(&page.position().epoch.0);

    let mut page = Joining::new(transport, server.origin()).since(since).open().await;
    assert!(!page.recovered());
    assert_eq!(page.snapshot_texts(), ["1", "2", "3"]);
    assert_eq!(page.position().offset.0, 3);
    publisher.say("4").await;
    assert_eq!(page.next_texts(1).await, ["4"]);
}

async fn an_unreadable_since_is_refused(transport: Transport) {
    let server = Server::start().await;
    for since in ["nonsense", "e1", "e1:", ":1", "e1:-1", "e1:1.5", "e1:1:1", "1:e1", "e%C3%A4:1"] {
        let refused = Joining::new(transport, server.origin()).since(since).try_open().await;
        let Err(problem) = refused else { panic!("{since:?} was taken") };
        assert_eq!((problem.status, problem.code.as_str()), (400, "bad_since"), "{since:?}");
    }
}

async fn a_page_may_change_its_transport_in_the_middle_of_the_stream(transport: Transport) {
    let server = Server::start().await;
    let publisher = server.publisher();
    let publishing = tokio::spawn(async move {
        for number in 0..90 {
            publisher.say(number.to_string()).await;
        }
    });

    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut seen = page.snapshot_texts();
    let begin = Transport::ALL.iter().position(|other| *other == transport).unwrap();
    let mut next = Transport::ALL.iter().cycle().skip(begin + 1);
    while seen.len() < 90 {
        let count = (90 - seen.len()).min(7);
        seen.extend(page.next_texts(count).await);
        page = page.resuming().over(*next.next().unwrap()).open().await;
        assert!(page.recovered());
    }
    publishing.await.expect("everything was published");
    let all: Vec<_> = (0..90).map(|number| number.to_string()).collect();
    assert_eq!(seen, all);
}

async fn a_position_outlives_a_restart(transport: Transport) {
    let mut server = Server::start().await;
    server.publisher().say("before").await;
    let page = Joining::new(transport, server.origin()).open().await;
    server.publisher().say("missed").await;

    assert!(server.stop().await.success());
    server.restart().await;
    server.publisher().say("after").await;
    let mut page = page.come_back().await;
    assert!(page.recovered(), "the log is the same, so is its epoch");
    assert_eq!(page.next_texts(2).await, ["missed", "after"]);
}

async fn a_position_that_is_kept_no_more_begins_anew_with_a_complete_snapshot(
    transport: Transport,
) {
    let server = Setup::new().arg("--keep-events=10").start().await;
    let publisher = server.publisher();
    let page = Joining::new(transport, server.origin()).open().await;
    let beginning = page.resuming();
    // Old events may go when it suits the server; at some time they do.
    let mut count = 0;
    let anew = in_time(
        "the oldest events are gone",
        Box::pin(async {
            loop {
                for _ in 0..60 {
                    count += 1;
                    publisher.say(count.to_string()).await;
                }
                let page = beginning.clone().open().await;
                if !page.recovered() {
                    return page;
                }
            }
        }),
    )
    .await;
    let newest: Vec<_> = (count - 49..=count).map(|number| number.to_string()).collect();
    assert_eq!(anew.snapshot_texts(), newest);
    assert!(anew.snapshot().more);
    assert_eq!(anew.position().offset.0, count);

    // What is kept is covered: the last ten at least.
    let since = format!("{}:{}", anew.position().epoch, count - 9);
    let mut covered = beginning.since(since).open().await;
    assert!(covered.recovered());
    assert_eq!(covered.next_texts(9).await, newest[41..]);
    // Items are kept whatever becomes of the events.
    let path = "/api/rooms/main/items?before=2";
    let first = server.visitor().json(path).await;
    assert_eq!(first["items"][0]["data"]["text"], "1");
}

#[tokio::test]
async fn an_event_stream_resumes_from_its_last_event_id() {
    let server = Server::start().await;
    let publisher = server.publisher();
    for number in 1..=4 {
        publisher.say(number.to_string()).await;
    }
    let page = Joining::new(Transport::Sse, server.origin()).open().await;
    let epoch = &page.position().epoch;

    // A browser that reconnects sends the header, with the address that it was first given.
    for path in ["/api/rooms/main/sse".to_owned(), format!("/api/rooms/main/sse?since={epoch}:1")] {
        let request = server.visitor().get(&path).header("last-event-id", format!("{epoch}:3"));
        let mut answer = expect_status(request.send().await.unwrap(), 200).await;
        let mut text = String::new();
        while !text.contains("item_published") {
            let chunk = answer.chunk().await.expect("the stream goes on").expect("more of it");
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        let frames: Vec<Value> = text
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .filter_map(|data| serde_json::from_str(data).ok())
            .collect();
        assert_eq!((&frames[0]["t"], &frames[0]["recovered"]), (&"welcome".into(), &true.into()));
        let event = frames.iter().find(|frame| frame["t"] == "event").expect("there is one");
        assert_eq!(event["offset"], 4, "{path}: {text}");
    }

    let bad = server.visitor().get("/api/rooms/main/sse").header("last-event-id", "nonsense");
    nowcast_tests::api::expect_problem(bad.send().await.unwrap(), 400, "bad_since").await;
}

#[tokio::test]
async fn a_page_follows_through_a_network_that_is_cut_again_and_again() {
    use nowcast_tests::proxy::Proxy;
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    for transport in Transport::ALL {
        let mut page = Joining::new(transport, proxy.origin()).open().await;
        let mut seen = Vec::new();
        for round in 0..5 {
            for number in 0..4 {
                server.publisher().say(format!("{round}.{number}")).await;
            }
            seen.extend(page.follow(2).await.iter().map(published_text));
            proxy.cut();
        }
        seen.extend(page.follow(10).await.iter().map(published_text));
        let all: Vec<_> = (0..20).map(|number| format!("{}.{}", number / 4, number % 4)).collect();
        assert_eq!(seen, all, "{transport:?}");
    }
}
