//! More than a room needs: whatever comes is kept or counted, and the server does not grow by it.

use super::followed::{Followed, post, server};
use nowcast_tests::outside::Answer;
use nowcast_tests::wait::{LIMIT, eventually_within};
use serde_json::{Value, json};

/// What is sent at once, as fast as it is taken.
const LINES: u64 = 3_000;
/// How much more memory the server may have after the second and third time; less than a third of
/// what is sent.
const GROWTH: u64 = 8 * 1024 * 1024;

fn flood(from: u64) -> Vec<u8> {
    let filling = "tide ".repeat(700);
    let lines = (from..from + LINES).map(|number| {
        let mut line = post(&number.to_string(), &format!("{number} {filling}")).to_string();
        line.push('\n');
        line
    });
    lines.collect::<String>().into_bytes()
}

/// All that was seen, and what became of it.
fn accounted(state: &Value) -> (u64, u64) {
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let dropped = state["dropped"].as_object().into_iter().flatten();
    let dropped: u64 = dropped.map(|(_, value)| count(value)).sum();
    (count(&state["seen"]), count(&state["published"]) + count(&state["held"]) + dropped)
}

#[tokio::test]
async fn a_flood_is_kept_or_counted_and_memory_stays_flat() {
    let (server, admin, outside) = server().await;
    outside.always("/stream", Answer::live("application/json"));
    let capped = json!({"per_minute": 600});
    let source = Followed::start(&admin, "ndjson", &outside.url("/stream"), capped).await;
    let mut stream = outside.live("/stream").await;
    let mut memory = Vec::new();
    for round in 0..3 {
        stream.send(flood(round * LINES)).await;
        let all = (round + 1) * LINES;
        let what = format!("{all} lines that are accounted for");
        eventually_within(10 * LIMIT, &what, async || {
            let state = source.state().await;
            let (seen, became) = accounted(&state);
            (seen == all && became == all).then_some(())
        })
        .await;
        memory.push(server.memory());
    }
    assert_eq!(outside.asked("/stream").len(), 1);
    assert!(memory[2] < memory[0] + GROWTH, "{memory:?}");
    let state = source.state().await;
    assert!(state["dropped"]["rate"].as_u64() > Some(0), "{state}");
}

#[tokio::test]
async fn without_a_cap_every_line_is_shown() {
    let (_server, admin, outside) = server().await;
    outside.always("/stream", Answer::live("application/json"));
    let source = Followed::start(&admin, "ndjson", &outside.url("/stream"), json!({})).await;
    let mut stream = outside.live("/stream").await;
    let mut lines = Vec::new();
    for id in 0..LINES {
        lines.extend(post(&id.to_string(), "x").to_string().into_bytes());
        lines.push(b'\n');
    }
    stream.send(lines).await;
    eventually_within(10 * LIMIT, "every line", async || {
        (source.state().await["published"] == LINES).then_some(())
    })
    .await;
    let kept = admin.json("/api/rooms/main/items?limit=1").await;
    assert_eq!(kept["items"][0]["data"]["text"], "x");
}
