//! How sessions end, who is here, and how much one page may ask for.

use futures_util::future::join_all;
use nowcast_shared::error::{Code, Reason};
use nowcast_shared::signal::Transports;
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Ending, Joining, Page, Transport, new_client_id, published_text};
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::{eventually, in_time};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

over_every_transport![
    a_second_connection_with_the_same_client_id_replaces_the_first,
    a_server_that_stops_says_goodbye_and_asks_to_come_back,
    too_many_commands_are_refused_by_name_and_only_for_that_page,
    pages_that_only_look_on_are_not_counted,
];

/// Reads a page to its end in the background, and returns once it is sure that the page's request
/// is at the server, also if that is the next long poll.
async fn read_to_the_end(mut page: Page, proxy: &Proxy, server: &Server) -> Ends {
    let polling = page.transport() == Transport::LongPoll;
    let before = proxy.seen().len();
    let task = tokio::spawn(async move { page.ending().await });
    if polling {
        eventually("the next poll is on its way", async || {
            (proxy.seen().len() > before).then_some(())
        })
        .await;
    }
    // Connections are accepted in order: after this answer the server has the poll.
    server.ready().await;
    Ends(task)
}

struct Ends(JoinHandle<Ending>);

impl Ends {
    async fn ending(self) -> Ending {
        in_time("the session ends", self.0).await.expect("the page was read without a fault")
    }
}

fn expect_goodbye(ending: &Ending, reason: Reason, transport: Transport) {
    assert_eq!(ending.goodbye, Some((reason, reason.reconnect())), "{ending:?}");
    if transport == Transport::WebSocket {
        assert_eq!(ending.close_code, Some(reason.close_code()), "{ending:?}");
    }
}

async fn a_second_connection_with_the_same_client_id_replaces_the_first(transport: Transport) {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    for other in Transport::ALL {
        let first = Joining::new(transport, proxy.origin()).open().await;
        let again = first.resuming().over(other).at(server.origin());
        let first = read_to_the_end(first, &proxy, &server).await;
        let mut second = again.open().await;
        expect_goodbye(&first.ending().await, Reason::Replaced, transport);

        server.publisher().say("for the second").await;
        assert_eq!(second.next_texts(1).await, ["for the second"], "{other:?} goes on");
    }
}

async fn a_server_that_stops_says_goodbye_and_asks_to_come_back(transport: Transport) {
    let mut server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let page = Joining::new(transport, proxy.origin()).open().await;
    let joining = page.resuming();
    let page = read_to_the_end(page, &proxy, &server).await;

    server.ask_to_stop();
    expect_goodbye(&page.ending().await, Reason::Restarting, transport);
    assert!(server.ended().await.success(), "{}", server.stderr());

    server.restart().await;
    assert!(joining.open().await.recovered());
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_pages_that_do_not_read() {
    let mut server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let mut pages = Vec::new();
    for transport in Transport::ALL {
        pages.push(Joining::new(transport, proxy.origin()).open().await);
    }
    proxy.set(|rules| rules.stall = true);
    assert!(server.stop().await.success(), "{}", server.stderr());
}

/// Publishes so much that a page which does not read cannot be given all of it.
fn publish_much(server: &Server) -> JoinHandle<()> {
    let publisher = server.publisher();
    tokio::spawn(async move {
        for number in 0..MUCH {
            let url = format!("https://example.org/{number}");
            let description = "x".repeat(60_000);
            let data = json!({"url": url, "title": "Large", "description": description});
            publisher.publish("link", data).await;
        }
    })
}

/// More than the outbox and all buffers on the way hold together.
const MUCH: usize = 160;

#[tokio::test]
async fn a_slow_page_is_told_so_by_name_and_hurts_nobody_else() {
    for transport in [Transport::WebSocket, Transport::Sse] {
        let server = Server::start().await;
        let proxy = Proxy::start(server.address()).await;
        let mut slow = Joining::new(transport, proxy.origin()).open().await;
        let mut well = Joining::new(transport, server.origin()).open().await;
        well.presence(|presence| presence.count == 2).await;

        proxy.set(|rules| rules.stall = true);
        let publishing = publish_much(&server);
        // It hears the reason if it reads again within five seconds: so it does that at once.
        let reading = async {
            let counted = async || server.counted("nowcast_slow_consumers_total").await;
            eventually("it is counted as slow", async || (counted().await == 1).then_some(()))
                .await;
            proxy.set(|rules| rules.stall = false);
            slow.ending().await
        };
        let (seen, ending) = tokio::join!(well.next_events(MUCH), reading);
        publishing.await.expect("publishing does not wait for a slow page");
        expect_goodbye(&ending, Reason::SlowConsumer, transport);
        assert!(ending.events.len() < MUCH, "its queue was dropped");

        let mut slow = slow.come_back().await;
        assert!(slow.recovered());
        let mut all = ending.events;
        all.extend(slow.follow(MUCH - all.len()).await);
        assert!(all == seen, "with what it missed it has seen the same");
    }
}

#[tokio::test]
async fn a_slow_page_that_never_reads_again_is_let_go() {
    for transport in [Transport::WebSocket, Transport::Sse] {
        let server = Server::start().await;
        let proxy = Proxy::start(server.address()).await;
        let mut well = Joining::new(Transport::WebSocket, server.origin()).open().await;
        let _slow = Joining::new(transport, proxy.origin()).open().await;
        well.presence(|presence| presence.count == 2).await;

        proxy.set(|rules| rules.stall = true);
        let publishing = publish_much(&server);
        well.presence(|presence| presence.count == 1).await;
        well.next_events(MUCH).await;
        publishing.await.expect("publishing does not wait for a slow page");
    }
}

async fn too_many_commands_are_refused_by_name_and_only_for_that_page(transport: Transport) {
    let server = Setup::new().arg("--command-rate=1").arg("--command-burst=20").start().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut other = Joining::new(transport, server.origin()).open().await;
    let command = || json!({"kind": "delete", "item": "inone"});
    let mut codes = Vec::new();
    for _ in 0..60 {
        codes.push(page.command(command()).await.code());
    }
    assert!(codes[..20].iter().all(|code| *code == Code::Unauthorized), "{codes:?}");
    let refused = codes.iter().filter(|code| **code == Code::RateLimited).count();
    assert!(refused > 0, "{codes:?}");
    assert_eq!(other.command(command()).await.code(), Code::Unauthorized, "another page may ask");

    eventually("the page may ask again", async || {
        (page.command(command()).await.code() == Code::Unauthorized).then_some(())
    })
    .await;
    server.publisher().say("still here").await;
    assert_eq!(page.next_texts(1).await, ["still here"]);
}

#[tokio::test]
async fn by_default_four_hundred_commands_at_once_are_taken_and_a_flood_is_not() {
    let server = Server::start().await;
    let page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let path = format!("/api/rooms/main/commands?client={}", page.client());
    let visitor = server.visitor();
    let ask = async |count: usize| {
        join_all((0..count).map(async |_| {
            let body = json!({"command": {"kind": "delete", "item": "inone"}});
            let answer = visitor.post(&path).json(&body).send().await.expect("an answer");
            answer.json::<Value>().await.expect("a problem")["code"].take()
        }))
        .await
    };
    let mut codes = Vec::new();
    while codes.len() < 400 {
        codes.extend(ask(50).await);
    }
    assert!(codes.iter().all(|code| code == "unauthorized"), "{codes:?}");
    eventually("a flood is refused", async || {
        ask(200).await.contains(&"rate_limited".into()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_page_that_goes_on_flooding_is_ended_by_name_and_hurts_nobody_else() {
    // One a second and a burst of one: everything after the first frame is too much.
    let server = Setup::new().arg("--command-rate=1").arg("--command-burst=1").start().await;
    let mut flooding = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let mut well = Joining::new(Transport::WebSocket, server.origin()).open().await;
    for _ in 0..2_100 {
        flooding.send_text(r#"{"t":"ping"}"#).await;
    }
    let ending = flooding.ending().await;
    expect_goodbye(&ending, Reason::Flooding, Transport::WebSocket);
    server.publisher().say("still here").await;
    assert_eq!(well.next_texts(1).await, ["still here"]);
}

async fn pages_that_only_look_on_are_not_counted(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut counted = Joining::new(Transport::WebSocket, server.origin()).open().await;
    counted.presence(|presence| presence.count == 1).await;

    let joining = Joining::new(transport, server.origin());
    let _desk = joining.clone().as_who(&admin).role("admin").open().await;
    let _probe = joining.clone().role("probe").client(new_client_id()).open().await;
    let _feed = joining.client(new_client_id()).role("feed").open().await;
    let presence = counted.presence(|presence| presence.count != 1).await;
    assert_eq!(presence.count, 2, "the feed page alone came in addition");
}

#[tokio::test]
async fn presence_counts_open_pages_by_transport() {
    let server = Server::start().await;
    let joining = |transport| Joining::new(transport, server.origin());
    let mut first = joining(Transport::WebSocket).open().await;
    let second = joining(Transport::WebSocket).open().await;
    let third = joining(Transport::Sse).open().await;
    let _fourth = joining(Transport::LongPoll).open().await;
    let all = Transports { websocket: 2, sse: 1, poll: 1, bridge: 0 };
    let full = first.presence(|presence| presence.transports == all).await;
    assert_eq!(full.count, 4);

    let late = joining(Transport::Sse).role("probe").open().await;
    let state = &late.snapshot().presence;
    assert_eq!((state.count, state.transports), (4, all), "a snapshot says it too");
    assert!(state.version >= full.version);

    drop(third);
    let fewer = Transports { websocket: 2, sse: 0, poll: 1, bridge: 0 };
    let presence = first.presence(|presence| presence.transports == fewer).await;
    assert_eq!(presence.count, 3);
    assert!(presence.version > full.version, "versions grow");

    // A page that only changes its way is not a page that leaves.
    let second = second.resuming().over(Transport::Sse).open().await;
    let moved = Transports { websocket: 1, sse: 1, poll: 1, bridge: 0 };
    let presence = first.presence(|presence| presence.transports == moved).await;
    assert_eq!(presence.count, 3);
    drop(second);
    first.presence(|presence| presence.count == 2).await;
}

#[tokio::test]
async fn a_ping_is_answered() {
    use nowcast_shared::frame::ServerFrame;
    let server = Server::start().await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    page.send_text(r#"{"t":"ping"}"#).await;
    while page.next_frame().await.expect("the session goes on") != ServerFrame::Pong {}
}

#[tokio::test]
async fn a_page_that_leaves_in_the_middle_of_a_burst_disturbs_nobody() {
    let server = Server::start().await;
    let mut stays = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let publisher = server.publisher();
    let publishing = tokio::spawn(async move {
        for number in 0..60 {
            publisher.say(number.to_string()).await;
        }
    });
    for transport in Transport::ALL.into_iter().cycle().take(12) {
        let mut page = Joining::new(transport, server.origin()).open().await;
        if page.position().offset.0 < 60 {
            page.next_event().await;
        }
    }
    publishing.await.expect("everything was published");
    let texts: Vec<_> = stays.next_events(60).await.iter().map(published_text).collect();
    let all: Vec<_> = (0..60).map(|number| number.to_string()).collect();
    assert_eq!(texts, all);
}
