//! What readers that stop reading cost the other pages: a measurement, and so a part of `cargo
//! xtask soak` alone.

use futures_util::StreamExt;
use nowcast_shared::frame::SUBPROTOCOL;
use nowcast_tests::page::{Joining, Page, Transport, new_client_id};
use nowcast_tests::server::{Server, Setup};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

const PAGES: usize = 48;
const READERS: usize = 20;

/// Rounds of each kind; they alternate, because machines have moods.
const ROUNDS: usize = 7;

/// In each round this many items of this size, one every so often: more than an outbox and the
/// buffers on the way to a reader hold.
const ITEMS: usize = 120;
const ITEM: usize = 60_000;
const EVERY: Duration = Duration::from_millis(50);

/// How much longer the other pages may wait.
const BOUND: f64 = 1.2;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and takes minutes: cargo xtask soak"]
async fn soak_slow_readers_do_not_make_other_pages_wait() {
    let server = Setup::new().arg("--outbox=262144").start().await;
    let mut pages = Vec::new();
    for number in 0..PAGES {
        let joining = Joining::new(Transport::ALL[number % 3], server.origin());
        pages.push(joining.open().await);
    }
    let since = pages[0].resuming();
    // The first round warms up and does not count.
    round(&server, &mut pages, &since, Reading::On).await;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for number in 1..=ROUNDS {
        let before = round(&server, &mut pages, &since, Reading::On).await;
        let after = round(&server, &mut pages, &since, Reading::Stopped).await;
        println!(
            "round {number}: p99 {:.1} ms while all read, {:.1} ms when {READERS} have stopped",
            before.as_secs_f64() * 1e3,
            after.as_secs_f64() * 1e3
        );
        without.push(before);
        with.push(after);
    }
    let (with, without) = (median(with), median(without));
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    println!("medians: {without:?} while all read, {with:?} after; {ratio:.2} times");
    println!("the server had {} MiB at most", server.most_memory() / 1024 / 1024);
    assert!(ratio < BOUND, "the other pages wait {ratio:.2} times as long, {BOUND} is the bound");
}

/// What the readers do during a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    On,
    Stopped,
}

/// Publishes a round's items; the 99th percentile of the time until the pages have them.
async fn round(
    server: &Server,
    pages: &mut Vec<Page>,
    since: &Joining,
    reading: Reading,
) -> Duration {
    let (stop, stopped) = watch::channel(false);
    let mut readers = JoinSet::new();
    for number in 0..READERS {
        let joining = since.clone().client(new_client_id());
        let position = pages[0].position().to_string();
        let address = joining.since(position).address(["ws", "sse"][number % 2]);
        let reader = Reader::open(&address, number % 2 == 0).await;
        readers.spawn(reader.read(stopped.clone()));
    }
    stop.send_replace(reading == Reading::Stopped);

    let sent = Arc::new(Mutex::new(Vec::with_capacity(ITEMS)));
    let mut seeing = JoinSet::new();
    for mut page in pages.drain(..) {
        let sent = Arc::clone(&sent);
        seeing.spawn(async move {
            let mut took = Vec::with_capacity(ITEMS);
            for number in 0..ITEMS {
                page.next_event().await;
                let sent: Instant = sent.lock().expect("nothing panics while it is held")[number];
                took.push(sent.elapsed());
            }
            (page, took)
        });
    }
    let publisher = server.publisher();
    let mut clock = tokio::time::interval(EVERY);
    for number in 0..ITEMS {
        clock.tick().await;
        sent.lock().expect("nothing panics while it is held").push(Instant::now());
        let url = format!("https://example.org/{number}");
        let data = json!({"url": url, "title": "Large", "description": "x".repeat(ITEM)});
        publisher.publish("link", data).await;
    }
    let mut all = Vec::new();
    while let Some(seen) = seeing.join_next().await {
        let (page, took) = seen.expect("a page that reads sees everything");
        pages.push(page);
        all.extend(took);
    }
    all.sort_unstable();
    all[all.len() * 99 / 100]
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A reader that takes bytes without looking at them, so that it costs next to nothing.
enum Reader {
    WebSocket(
        Box<
            tokio_tungstenite::WebSocketStream<
                tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>,
            >,
        >,
    ),
    Sse(reqwest::Response),
}

impl Reader {
    async fn open(address: &str, websocket: bool) -> Self {
        if !websocket {
            let answer = reqwest::get(address).await.expect("an event stream");
            assert!(answer.status().is_success(), "{}", answer.status());
            return Self::Sse(answer);
        }
        let address = address.replacen("http", "ws", 1);
        let mut request = address.into_client_request().expect("an address");
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (stream, _) = connect_async(request).await.expect("a WebSocket");
        Self::WebSocket(Box::new(stream))
    }

    async fn read(mut self, mut stopped: watch::Receiver<bool>) {
        // The channel is closed when the round is over.
        while stopped.wait_for(|stopped| !stopped).await.is_ok() {
            let goes_on = match &mut self {
                Self::WebSocket(stream) => matches!(stream.next().await, Some(Ok(_))),
                Self::Sse(answer) => matches!(answer.chunk().await, Ok(Some(_))),
            };
            if !goes_on {
                return;
            }
        }
    }
}
