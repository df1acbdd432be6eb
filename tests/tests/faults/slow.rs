//! Readers that stop reading: they cost the server a bounded amount of memory and the other pages
//! nothing; each is closed by name or catches up, and misses nothing when it is back.

use nowcast_shared::error::Reason;
use nowcast_shared::event::Logged;
use nowcast_shared::frame::ServerFrame;
use nowcast_tests::api::Api;
use nowcast_tests::page::{Joining, Page, Transport};
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::Setup;
use serde_json::{Value, json};

const READERS: usize = 20;
const OUTBOX: usize = 256 * 1024;
const TAIL: usize = 1024 * 1024;

/// The size of an item, and how many are published while nobody reads: far more than all outboxes
/// and all buffers on the way hold.
const ITEM: usize = 60_000;
const ITEMS: usize = 1_000;

/// What the server may need beside outboxes and tail, in bytes: what its allocator keeps, what
/// SQLite caches, what is under way; on a busy machine that was three times as much as on a quiet
/// one. With it the bound is still little more than half of all that is published, which is what one
/// queue without a limit would come to.
const SLACK: usize = 26 * 1024 * 1024;

#[tokio::test]
async fn readers_that_stop_cost_bounded_memory_and_others_nothing() {
    let setup = Setup::new().arg(format!("--outbox={OUTBOX}")).arg(format!("--tail={TAIL}"));
    // What is measured is memory: the disk need not be waited for.
    let server = setup.arg("--durability=relaxed").start().await;
    let proxy = Proxy::start(server.address()).await;
    let publisher = server.publisher();
    // The tail and the caches are full before anything is measured.
    publish_large(&publisher, ITEMS / 4).await;
    let since = Joining::new(Transport::Sse, server.origin()).open().await.resuming();
    let new = |transport| {
        let client = nowcast_tests::page::new_client_id();
        since.clone().over(transport).client(client)
    };
    let mut others = Vec::new();
    for transport in Transport::ALL {
        others.push(new(transport).open().await);
    }
    let mut readers = Vec::new();
    for number in 0..READERS {
        readers.push(new(Transport::ALL[number % 3]).at(proxy.origin()).open().await);
    }
    let before = server.memory();

    proxy.set(|rules| rules.stall = true);
    let mut most = before;
    let mut log: Vec<Logged<Value>> = Vec::new();
    for _ in 0..ITEMS {
        publish_large(&publisher, 1).await;
        // Step by step, so that whoever reads is never slow, however busy the machine is.
        let mut seen = Vec::new();
        for page in &mut others {
            seen.push(page.next_event().await);
        }
        assert!(seen.iter().all(|event| *event == seen[0]), "all see the same");
        log.extend(seen.pop());
        most = server.memory().max(most);
    }
    let grown = usize::try_from(most.saturating_sub(before)).expect("a size");
    println!("the server grew by {} KiB at most", grown / 1024);
    let bound = READERS * OUTBOX + TAIL + SLACK;
    assert!(bound < ITEMS * ITEM, "a queue without a limit would be noticed");
    assert!(grown < bound, "it grew by {grown} bytes, the bound is {bound}");

    proxy.set(|rules| rules.stall = false);
    let mut closed = 0;
    for (number, page) in readers.into_iter().enumerate() {
        let thorough = number < Transport::ALL.len();
        closed += usize::from(read_again(page, &log, thorough).await == Kept::Closed);
    }
    println!("{closed} of {READERS} were closed, the others caught up");
    assert!(closed > 0, "what waits for a page has a limit");
    assert!(
        closed <= server.counted("nowcast_slow_consumers_total").await,
        "each was closed for a reason with a name"
    );
}

async fn publish_large(publisher: &Api, count: usize) {
    for number in 0..count {
        let url = format!("https://example.org/{number}");
        let data = json!({"url": url, "title": "Large", "description": "x".repeat(ITEM)});
        publisher.publish("link", data).await;
    }
}

/// What became of a session that was not read.
#[derive(Debug, PartialEq, Eq)]
enum Kept {
    /// It goes on.
    Open,
    /// It was ended.
    Closed,
}

/// Reads on, comes back if that ends, and makes sure that nothing is missing. What it missed is
/// read to its end if that is asked for, else as far as it takes to see that it follows.
async fn read_again(mut page: Page, log: &[Logged<Value>], thorough: bool) -> Kept {
    let mut kept = Kept::Open;
    let mut seen = 0;
    let mut told = None;
    while seen < log.len() {
        match page.next_frame().await {
            Some(ServerFrame::Event(event)) => {
                assert!(event == log[seen], "event {} is another", event.offset);
                seen += 1;
                if kept == Kept::Closed && !thorough {
                    break;
                }
            }
            Some(ServerFrame::Goodbye { reason, reconnect }) => {
                assert_eq!((reason, reconnect), (Reason::SlowConsumer, true));
                told = Some(reason);
            }
            Some(_) => {}
            None => {
                // Who reads nothing for too long is cut off before it can hear the reason.
                if let (Some(reason), Some(code)) = (told.take(), page.close_code()) {
                    assert_eq!(code, reason.close_code());
                }
                kept = Kept::Closed;
                page = page.come_back().await;
                assert!(page.recovered());
            }
        }
    }
    kept
}
