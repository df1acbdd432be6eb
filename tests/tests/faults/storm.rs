//! Pages and publishers in a network that cuts them at random, and a server that is killed again
//! and again: every page's sequence is the log's, and what was acknowledged is in it exactly once.
//!
//! The short form is a test like others. The long one is `cargo xtask soak`.

use crate::scale::Scale;
use nowcast_shared::event::{Event, Logged};
use nowcast_shared::frame::Snapshot;
use nowcast_shared::offset::Offset;
use nowcast_tests::api::{Api, Credential, Published};
use nowcast_tests::follower::{Follower, Interruptions};
use nowcast_tests::page::{Joining, Transport, published_text};
use nowcast_tests::server::{Server, TOKEN};
use nowcast_tests::wait::{eventually_within, pause};
use nowcast_tests::weather::{Struck, Weather};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const PUBLISHERS: usize = 8;

/// What is published last, once everything else is acknowledged: a page that has it has all.
const THE_END: &str = "the end";

#[tokio::test]
async fn pages_cut_at_random_and_a_server_killed_again_and_again_lose_nothing() {
    let scale = Scale::read(Scale {
        seed: fastrand::u64(..),
        pages: 30,
        items: 400,
        kills: 3,
        spell: Duration::from_secs(2),
        silence: Duration::from_secs(2),
        pace: Duration::from_millis(120),
        limit: Duration::from_mins(2),
    });
    weather(scale).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo xtask soak"]
async fn soak_pages_cut_at_random_and_a_server_killed_again_and_again_lose_nothing() {
    let scale = Scale::read(Scale {
        seed: fastrand::u64(..),
        pages: 500,
        items: 10_000,
        kills: 20,
        spell: Duration::from_secs(5),
        silence: Duration::from_secs(5),
        pace: Duration::from_millis(240),
        limit: Duration::from_mins(20),
    });
    weather(scale).await;
}

/// The whole journey, bounded in time.
async fn weather(scale: Scale) {
    println!("{scale}");
    let progress = Arc::new(Progress::default());
    let limit = scale.limit;
    let Ok(report) = timeout(limit, storm(scale, Arc::clone(&progress))).await else {
        panic!("not done after {limit:?}: {progress:?}");
    };
    println!("{report}");
}

/// How far it is.
#[derive(Debug, Default)]
struct Progress {
    acknowledged: AtomicUsize,
    /// Pages that have seen the end.
    done: AtomicUsize,
    /// Pages and publishers that have failed: the rest need not be waited for.
    failed: AtomicUsize,
}

/// Held by a page or a publisher; counts it where it ends by a panic.
struct Alarm(Arc<Progress>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn storm(scale: Scale, progress: Arc<Progress>) -> Report {
    let begun = Instant::now();
    let mut server = Server::start().await;
    let weather = Weather::start(server.address(), scale.seed, scale.spell).await;
    let first = Joining::new(Transport::Sse, server.origin()).open().await;
    let beginning = format!("{}:0", first.position().epoch);
    drop(first);

    let ledger = Arc::new(Ledger::default());
    let mut pages = JoinSet::new();
    for number in 0..scale.pages {
        let joining = Joining::new(Transport::ALL[number % 3], weather.origin())
            .client(format!("page-in-a-storm-{number:06}"));
        // Some begin with the room as it is, the others with its beginning.
        let joining = if number % 4 == 0 { joining } else { joining.since(&beginning) };
        // Some come while it is under way.
        let after = match number % 5 {
            0 => scale.items * number / scale.pages,
            _ => 0,
        };
        let (ledger, progress) = (Arc::clone(&ledger), Arc::clone(&progress));
        let follower = Follower::new(joining, scale.silence);
        pages.spawn(async move {
            let _alarm = Alarm(Arc::clone(&progress));
            while progress.acknowledged.load(Ordering::Relaxed) < after {
                pause().await;
            }
            let page = follow(follower, &ledger).await;
            progress.done.fetch_add(1, Ordering::Relaxed);
            page
        });
    }

    let mut publishers = JoinSet::new();
    for number in 0..PUBLISHERS {
        // Each through a weather of its own: whose connection it is follows from the path.
        let api = Api::new(weather.origin(), Credential::Token(TOKEN.to_owned()));
        let count = scale.items / PUBLISHERS + usize::from(number < scale.items % PUBLISHERS);
        publishers.spawn(publish(api, number, count, scale, Arc::clone(&progress)));
    }

    let mut random = fastrand::Rng::with_seed(scale.seed);
    let mut most_memory = 0;
    for kill in 1..=scale.kills {
        let enough = scale.items * kill / (scale.kills + 1);
        eventually_within(scale.limit, "publishing goes on", async || {
            assert_eq!(progress.failed.load(Ordering::Relaxed), 0, "see above for the reason");
            (progress.acknowledged.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
        most_memory = server.most_memory().max(most_memory);
        server.kill().await;
        // Some find nobody there.
        sleep(Duration::from_millis(random.u64(0..300))).await;
        server.restart().await;
        println!("killed {kill} times; {progress:?}, {:?}", weather.struck());
    }
    let mut acknowledged = HashMap::new();
    while let Some(answers) = publishers.join_next().await {
        acknowledged.extend(answers.expect("a publisher that went on until it had its answers"));
    }
    assert_eq!(acknowledged.len(), scale.items);

    weather.calm();
    let end = server.publisher().say(THE_END).await;
    acknowledged.insert(THE_END.to_owned(), end);
    let log = read_log(&server, &beginning, scale.items + 1).await;
    each_is_there_once(&log, acknowledged);

    let mut report = Report { scale, log: log.len(), ..Report::default() };
    let digests: Vec<u64> = log.iter().map(digest).collect();
    while let Some(page) = pages.join_next().await {
        let page = page.expect("a page that saw everything in order");
        if let Some((offset, snapshot)) = &page.began {
            is_as_of(snapshot, &log[..usize::try_from(offset.0).expect("a small number")]);
        }
        report.checked += page.events;
        report.interruptions = report.interruptions.and(page.interruptions);
    }
    ledger.equals(&digests);
    report.struck = weather.struck();
    report.took = begun.elapsed();
    report.most_memory = server.most_memory().max(most_memory);
    report
}

/// What a page has seen.
struct Seen {
    began: Option<(Offset, Snapshot<Value>)>,
    events: usize,
    interruptions: Interruptions,
}

/// Follows to the end. What it sees is compared with what the other pages see.
async fn follow(mut follower: Follower, ledger: &Ledger) -> Seen {
    let mut events = 0;
    loop {
        let event = follower.next_event().await;
        ledger.see(&event);
        events += 1;
        if published_text(&event) == THE_END {
            let began = follower.began().cloned();
            return Seen { began, events, interruptions: follower.interruptions() };
        }
    }
}

/// What each event was to whoever saw it first. That each page saw them in order, none twice and
/// none left out, the page itself makes sure of.
#[derive(Default)]
struct Ledger(Mutex<Vec<Option<u64>>>);

impl Ledger {
    fn see(&self, event: &Logged<Value>) {
        let place = usize::try_from(event.offset.0 - 1).expect("a small number");
        let digest = digest(event);
        let mut seen = self.0.lock().expect("no page has failed");
        if seen.len() <= place {
            seen.resize(place + 1, None);
        }
        let known = seen[place].get_or_insert(digest);
        assert_eq!(*known, digest, "two pages saw different events: {event:?}");
    }

    fn equals(&self, log: &[u64]) {
        let seen = self.0.lock().expect("no page has failed");
        assert_eq!(seen.len(), log.len(), "pages and log end at different places");
        for (place, (seen, kept)) in seen.iter().zip(log).enumerate() {
            assert_eq!(*seen, Some(*kept), "what pages saw as event {} is not kept", place + 1);
        }
    }
}

fn digest(event: &Logged<Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(event).expect("an event is JSON").hash(&mut hasher);
    hasher.finish()
}

/// Publishes so many items, each until it is acknowledged.
async fn publish(
    api: Api,
    who: usize,
    count: usize,
    scale: Scale,
    progress: Arc<Progress>,
) -> Vec<(String, Published)> {
    let _alarm = Alarm(Arc::clone(&progress));
    let mut random = fastrand::Rng::with_seed(scale.seed ^ who as u64);
    let mut answers = Vec::with_capacity(count);
    for number in 0..count {
        let text = format!("{who}.{number}");
        let body = json!({"kind": "message", "data": {"text": text}});
        let answer = loop {
            let request =
                api.post(&format!("/api/rooms/main/items?client=publisher-in-a-storm-{who}"));
            let request = request.header("idempotency-key", &text).timeout(scale.silence);
            if let Ok(answer) = request.json(&body).send().await {
                let status = answer.status().as_u16();
                match (status, answer.json::<Value>().await) {
                    (200 | 201, Ok(body)) => break Published::read(&body),
                    // It was cut off in the middle of its answer.
                    (_, Err(_)) | (503, _) => {}
                    (status, Ok(body)) => panic!("a publish was answered with {status}: {body}"),
                }
            }
            pause().await;
        };
        answers.push((text, answer));
        progress.acknowledged.fetch_add(1, Ordering::Relaxed);
        // As people and programs do; without it all would be over before anything can happen.
        sleep(scale.pace.mul_f64(random.f64())).await;
    }
    answers
}

/// The whole log, read by a page that comes when all is over.
async fn read_log(server: &Server, beginning: &str, length: usize) -> Vec<Logged<Value>> {
    let mut late =
        Joining::new(Transport::WebSocket, server.origin()).since(beginning).open().await;
    assert!(late.recovered());
    late.next_events(length).await
}

/// Every acknowledged publish is in the log where its answer says, once, and nothing else is.
fn each_is_there_once(log: &[Logged<Value>], mut acknowledged: HashMap<String, Published>) {
    for event in log {
        let text = published_text(event);
        let Event::ItemPublished { item } = &event.event else { unreachable!("it has a text") };
        let answer = acknowledged.remove(&text).unwrap_or_else(|| panic!("{text} is there twice"));
        let kept = Published { id: item.id.0.clone(), offset: event.offset.0, at: item.at };
        assert_eq!(answer, kept, "{text}");
    }
    assert!(acknowledged.is_empty(), "acknowledged, and lost: {acknowledged:?}");
}

/// A snapshot holds the newest of the items up to its offset.
fn is_as_of(snapshot: &Snapshot<Value>, log: &[Logged<Value>]) {
    let newest = &log[log.len().saturating_sub(50)..];
    let kept: Vec<_> = newest.iter().map(published_text).collect();
    let shown: Vec<_> = snapshot.items.iter().map(|item| item.data["text"].clone()).collect();
    assert_eq!(shown, kept, "a snapshot as of {}", log.len());
    assert_eq!(snapshot.more, log.len() > 50);
}

/// What came of it, for people.
#[derive(Default)]
struct Report {
    scale: Scale,
    log: usize,
    checked: usize,
    interruptions: Interruptions,
    struck: Struck,
    took: Duration,
    most_memory: u64,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { scale, log, checked, interruptions, struck, took, most_memory } = self;
        let Struck { reset, half_open, mid_frame, mid_poll, connections } = struck;
        let Interruptions { ended, silent, failed } = interruptions;
        writeln!(f, "{} pages saw {checked} events, each the log's {log}", scale.pages)?;
        writeln!(f, "of {connections} connections: {reset} reset, {half_open} half-open,")?;
        writeln!(f, "    {mid_frame} cut in the middle of a frame, {mid_poll} of a poll's answer")?;
        writeln!(f, "the server was killed {} times", scale.kills)?;
        writeln!(f, "pages came back {ended} times after an end, {silent} after a silence;")?;
        writeln!(f, "    {failed} attempts failed")?;
        writeln!(f, "the server had {} MiB at most", most_memory / 1024 / 1024)?;
        write!(f, "it took {:.1} s", took.as_secs_f64())
    }
}
