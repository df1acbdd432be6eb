//! Rooms that nobody uses, many of them.

use futures_util::{StreamExt, stream};
use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::eventually_within;
use serde_json::json;
use std::time::Duration;

const ROOMS: usize = 10_000;

/// What so many rooms may cost when nobody is in them, in bytes.
const MOST: u64 = 50 * 1024 * 1024;

/// How many of them are made and visited at once.
const AT_ONCE: usize = 16;

#[tokio::test]
#[ignore = "makes ten thousand rooms; its numbers are in docs/BENCHMARKS.md"]
async fn ten_thousand_idle_rooms_cost_little() {
    // What is measured is memory: the disk need not be waited for.
    let setup = Setup::new().arg("--durability=relaxed").arg("--room-idle=300");
    let server = setup.start().await;
    let admin = server.admin().await;
    // Caches are warm before anything is measured.
    visit(&admin, "warm", 0..200).await;
    let before = server.memory();
    visit(&admin, "room", 0..ROOMS).await;
    let loaded = (rooms(&server).await, server.memory());

    // The same folder, as a server finds it that was not there when they were made.
    let mut server = server;
    server.restart().await;
    let admin = server.admin().await;
    visit(&admin, "warm", 0..200).await;
    let fresh = server.memory();
    again(&admin, 0..ROOMS).await;
    let visited = (rooms(&server).await, server.memory());
    let kilobytes = |bytes: u64, than: u64| bytes.saturating_sub(than) / 1024;
    eprintln!(
        "{} rooms in memory after they were made and visited: {} KB more than {} KB; after \
         a restart {} visited: {} KB more than {} KB",
        loaded.0,
        kilobytes(loaded.1, before),
        kilobytes(before, 0),
        visited.0,
        kilobytes(visited.1, fresh),
        kilobytes(fresh, 0),
    );
    assert!(loaded.1 < before + MOST && visited.1 < fresh + MOST);
}

#[tokio::test]
#[ignore = "makes ten thousand rooms; its numbers are in docs/BENCHMARKS.md"]
async fn ten_thousand_rooms_that_were_let_go_of_cost_next_to_nothing() {
    let setup = Setup::new().arg("--durability=relaxed").arg("--room-idle=2");
    let server = setup.start().await;
    let admin = server.admin().await;
    visit(&admin, "warm", 0..200).await;
    let before = server.memory();
    visit(&admin, "room", 0..ROOMS).await;
    eventually_within(Duration::from_mins(2), "all are let go of", async || {
        (rooms(&server).await == 0).then_some(())
    })
    .await;
    // The allocator gives back what it was given bit by bit, as requests come.
    let after = eventually_within(Duration::from_mins(2), "memory is given back", async || {
        again(&admin, 0..10).await;
        Some(server.memory()).filter(|memory| *memory < before + MOST / 2)
    })
    .await;
    let more = after.saturating_sub(before) / 1024;
    eprintln!("{ROOMS} rooms that were let go of: {more} KB more than {} KB", before / 1024);
}

/// Makes rooms, publishes and says something in each, and opens a page there once.
async fn visit(admin: &Api, prefix: &str, numbers: std::ops::Range<usize>) {
    stream::iter(numbers)
        .for_each_concurrent(AT_ONCE, async |number| {
            let room = format!("/api/rooms/{prefix}-{number}");
            let body = json!({"title": format!("Room {number}")});
            admin.put(&room).json(&body).send().await.expect("an answer");
            let item = json!({"kind": "message", "data": {"text": "Welcome"}});
            let published = admin.post(&format!("{room}/items")).json(&item).send().await;
            expect_status(published.expect("an answer"), 201).await;
            let poll = admin.get(&format!("{room}/poll?wait=0")).send().await;
            expect_status(poll.expect("an answer"), 200).await;
        })
        .await;
}

/// Opens a page in each room once.
async fn again(admin: &Api, numbers: std::ops::Range<usize>) {
    stream::iter(numbers)
        .for_each_concurrent(AT_ONCE, async |number| {
            let path = format!("/api/rooms/room-{number}/poll?wait=0");
            let poll = admin.get(&path).send().await.expect("an answer");
            expect_status(poll, 200).await;
        })
        .await;
}

/// How many rooms the server holds in memory.
async fn rooms(server: &Server) -> u64 {
    let metrics = server.visitor().get("/metrics").send().await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    let line = metrics.lines().find_map(|line| line.strip_prefix("nowcast_rooms "));
    line.and_then(|count| count.parse().ok()).expect("rooms are counted")
}
