//! Visits: what is counted is what the pages did.

use super::{named, pairs, stats, totals};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Page, Transport};
use nowcast_tests::server::{Server, Setup};
use serde_json::{Value, json};

over_every_transport![a_visit_goes_on_over_transports_broken_connections_and_the_servers_death];

/// Longer than any test takes.
const LONG: &str = "--presence-grace=600000";

/// How a transport is called in statistics.
fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::WebSocket => "websocket",
        Transport::Sse => "sse",
        Transport::LongPoll => "poll",
    }
}

async fn open(server: &Server, transport: Transport, count: usize) -> Vec<Page> {
    let mut pages = Vec::with_capacity(count);
    for _ in 0..count {
        pages.push(Joining::new(transport, server.origin()).open().await);
    }
    pages
}

async fn a_visit_goes_on_over_transports_broken_connections_and_the_servers_death(
    transport: Transport,
) {
    let mut server = Setup::new().arg(LONG).start().await;
    let admin = server.admin().await;
    // Neither the desk nor a program is a viewer.
    let desk = Joining::new(transport, server.origin()).as_who(&admin).role("admin").open().await;
    let program = Joining::new(transport, server.origin()).as_who(&server.publisher()).open().await;
    let mut pages = open(&server, transport, 3).await;
    // Another tab of somebody who is here.
    let person = "the-person-with-two-tabs-0123456789";
    for _ in 0..2 {
        let tab = Joining::new(transport, server.origin()).saying("person", person);
        pages.push(tab.open().await);
    }
    totals(
        &admin,
        "four came",
        json!({"joins": 4, "visits": 4, "peak": 4, "leaves": 0, "reconnects": 0}),
    )
    .await;

    // Over another transport, it is the same page.
    let others = Transport::ALL.into_iter().filter(|other| *other != transport);
    let mut back = 0;
    for other in others {
        let again = pages[0].resuming().over(other);
        pages[0] = again.open().await;
        back += 1;
        totals(&admin, "it came back by another way", json!({"joins": 4, "reconnects": back}))
            .await;
    }
    let counted =
        totals(&admin, "it is one visit", json!({"joins": 4, "peak": 4, "leaves": 0})).await;
    let ways = vec![(name(transport).to_owned(), 4)];
    assert_eq!(pairs(&counted["viewers"]["transports"]), ways, "a visit counts as it came");

    server.kill().await;
    server.restart().await;
    let admin = server.admin().await;
    for page in &mut pages {
        *page = page.come_back().await;
        assert!(page.recovered());
        back += 1;
    }
    let counted =
        totals(&admin, "all are back", json!({"joins": 4, "visits": 4, "reconnects": back})).await;
    assert_eq!((&counted["totals"]["leaves"], &counted["totals"]["peak"]), (&json!(0), &json!(4)));
    assert_eq!(pairs(&counted["viewers"]["transports"]), ways);
    let late = open(&server, transport, 1).await;
    totals(&admin, "somebody else came", json!({"joins": 5, "peak": 5, "reconnects": back})).await;
    drop((desk, program, late));
}

#[tokio::test]
async fn joins_leaves_and_the_peak_are_what_they_were_also_where_the_server_is_killed() {
    let mut server = Setup::new().arg("--presence-grace=0").start().await;
    let admin = server.admin().await;
    let mut pages = open(&server, Transport::WebSocket, 3).await;
    pages.extend(open(&server, Transport::Sse, 2).await);
    totals(&admin, "five came", json!({"joins": 5, "leaves": 0, "peak": 5})).await;
    pages.drain(..3);
    totals(&admin, "three left", json!({"joins": 5, "leaves": 3, "peak": 5})).await;
    pages.extend(open(&server, Transport::WebSocket, 1).await);
    let counted = totals(&admin, "one came", json!({"joins": 6, "leaves": 3, "peak": 5})).await;
    assert_eq!(pairs(&counted["viewers"]["transports"]), named(&[("sse", 2), ("websocket", 4)]));
    assert!(counted["totals"]["median_stay"].is_u64(), "{counted}");

    server.kill().await;
    server.restart().await;
    let admin = server.admin().await;
    let counted =
        totals(&admin, "all left when it ended", json!({"joins": 6, "leaves": 6, "peak": 5})).await;
    let steps = counted["viewers"]["over_time"].as_array().expect("a list").clone();
    let sum = |name: &str| steps.iter().filter_map(|step| step[name].as_u64()).sum::<u64>();
    assert_eq!((sum("joins"), sum("leaves")), (6, 6));
    let peak = steps.iter().filter_map(|step| step["peak"].as_u64()).max();
    assert_eq!(peak, Some(5));
    drop(pages);
}

#[tokio::test]
async fn viewers_are_told_by_the_minute() {
    let server = Setup::new().with_clock().arg("--presence-grace=0").start().await;
    let admin = server.admin().await;
    let mut pages = open(&server, Transport::WebSocket, 2).await;
    totals(&admin, "two came", json!({"joins": 2})).await;
    server.set_clock(2 * 60);
    pages.extend(open(&server, Transport::Sse, 1).await);
    totals(&admin, "one more came", json!({"joins": 3})).await;
    server.set_clock(5 * 60);
    pages.clear();
    let counted = totals(&admin, "all left", json!({"joins": 3, "leaves": 3, "peak": 3})).await;
    let steps = counted["viewers"]["over_time"].as_array().expect("a list");
    let told: Vec<_> = steps
        .iter()
        .map(|step| [&step["peak"], &step["joins"], &step["leaves"]].map(|n| n.as_u64().unwrap()))
        .skip_while(|step| *step == [0, 0, 0])
        .collect();
    // Some minutes passed by the test's clock, and perhaps one by the machine's.
    assert_eq!(told.first().map(|step| step[0]), Some(2), "{told:?}");
    let peaks: Vec<u64> = told.iter().map(|step| step[0]).filter(|peak| *peak > 0).collect();
    assert!(
        peaks.len() >= 5 && peaks.is_sorted(),
        "nobody is gone while nothing is said: {told:?}"
    );
    assert_eq!(peaks.last(), Some(&3));
}

#[tokio::test]
async fn where_viewers_come_from_is_told_by_class_and_host_alone() {
    let server = Setup::new().arg(LONG).start().await;
    let admin = server.admin().await;
    let phone =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";
    let tablet = "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";
    let desktop = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
    let mut open = Vec::new();
    for (number, (agent, from)) in [
        (phone, "news.example"),
        (phone, "NEWS.example"),
        (tablet, "club.example:8443"),
        (desktop, "no/host"),
        ("curl/8", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/api/rooms/main/sse?client=a-page-of-a-test-{number}");
        let request = server.visitor().get(&path).query(&[("from", from)]);
        let answer = request.header("user-agent", agent).send().await.expect("a stream");
        assert_eq!(answer.status(), 200);
        open.push(answer);
    }
    let counted = totals(&admin, "five came", json!({"joins": 5})).await;
    let devices = [("desktop", 1), ("phone", 2), ("program", 1), ("tablet", 1)];
    assert_eq!(pairs(&counted["viewers"]["devices"]), named(&devices));
    let referrers = [("club.example:8443", 1), ("news.example", 2)];
    assert_eq!(pairs(&counted["viewers"]["referrers"]), named(&referrers));
}

#[tokio::test]
async fn how_long_events_take_is_measured_where_there_are_pages() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.publisher().say("nobody is here").await;
    let mut pages = open(&server, Transport::WebSocket, 2).await;
    pages.extend(open(&server, Transport::Sse, 1).await);
    pages.extend(open(&server, Transport::LongPoll, 1).await);
    for number in 0..20 {
        server.publisher().say(format!("number {number}")).await;
    }
    for page in &mut pages {
        page.next_texts(20).await;
    }
    let counted = stats(&admin, "main", "it was measured", |stats| {
        stats["latency"]["count"].as_u64().is_some_and(|count| count >= 5)
    })
    .await;
    let latency = &counted["latency"];
    let [median, p95, p99] =
        ["median", "p95", "p99"].map(|name| latency[name].as_f64().expect("a time"));
    assert!(0.0 < median && median <= p95 && p95 <= p99, "{latency}");
    let steps: &Value = &latency["over_time"];
    assert!(!steps.as_array().expect("a list").is_empty(), "{latency}");
}
