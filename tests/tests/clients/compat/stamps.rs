//! The time stamps that older pages go on from: an item has its own for good, and whoever asks from
//! the last one they saw gets every item once.

use super::{feed, read, setup, stamp, texts};
use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::kills::{ALL, publish_through_kills};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::{LIMIT, in_time, pause};
use serde_json::{Value, json};
use std::collections::HashSet;
use tempfile::TempDir;
use tokio::task::JoinHandle;

#[tokio::test]
async fn through_kills_every_reader_sees_each_acknowledged_item_once_and_in_order() {
    let mut server = setup().arg("--items-backlog").arg("1000").start().await;
    let readers: Vec<_> = (0..4).map(|_| reader(&server, ALL)).collect();
    publish_through_kills(&mut server, publish_at_last).await;
    let all = feed(&server.visitor(), 0).await;
    assert_eq!(all.len(), ALL);
    assert_eq!(texts(&all).into_iter().collect::<HashSet<_>>().len(), ALL);
    for reader in readers {
        assert_eq!(in_time("a reader sees them all", reader).await.unwrap(), all);
    }
}

#[tokio::test]
async fn in_a_burst_every_item_has_a_time_stamp_of_its_own() {
    let server = setup().arg("--durability").arg("relaxed").arg("--items-backlog").arg("2000");
    let server = server.start().await;
    let reader = reader(&server, 1000);
    let publishers: Vec<_> = (0..20)
        .map(|who| {
            let publisher = server.publisher();
            tokio::spawn(async move {
                for number in 0..50 {
                    publisher.say(format!("{who}.{number}")).await;
                }
            })
        })
        .collect();
    for publisher in publishers {
        in_time("a publisher is through", publisher).await.unwrap();
    }
    let seen = in_time("the reader sees them all", reader).await.unwrap();
    assert_eq!(texts(&seen).into_iter().collect::<HashSet<_>>().len(), 1000);
}

#[tokio::test]
async fn time_stamps_stay_through_kills_and_times_without_the_flag() {
    let folder = TempDir::with_prefix("nowcast-test-").unwrap();
    let start = async |setup: Setup| setup.in_folder(folder.path().join("data")).start().await;
    let older = || setup().arg("--keep-events").arg("3");

    let mut server = start(older()).await;
    let publisher = server.publisher();
    let mut kept = Vec::new();
    for number in 0..10 {
        kept.push(publisher.say(number.to_string()).await);
    }
    let first = feed(&server.visitor(), 0).await;
    assert_eq!(first.len(), 10);
    // The newest goes: what comes next is later all the same.
    delete(&publisher, &kept[9].id).await;
    server.kill().await;
    server.restart().await;
    assert_eq!(feed(&server.visitor(), 0).await, first[..9]);
    publisher.say("10").await;
    let second = feed(&server.visitor(), stamp(&first[9])).await;
    assert_eq!(texts(&second), ["10"]);
    server.kill().await;

    let mut server = start(Setup::new()).await;
    let publisher = server.publisher();
    for number in 11..15 {
        publisher.say(number.to_string()).await;
    }
    delete(&publisher, &kept[3].id).await;
    server.kill().await;

    let mut server = start(older()).await;
    let third = feed(&server.visitor(), stamp(&second[0])).await;
    assert_eq!(texts(&third), ["11", "12", "13", "14"]);
    let expected = first[..3].iter().chain(&first[4..9]).chain(&second).chain(&third);
    let expected: Vec<_> = expected.cloned().collect();
    assert_eq!(feed(&server.visitor(), 0).await, expected);
    server.kill().await;

    // With a smaller backlog, then with a larger one again.
    let mut server = start(older().arg("--items-backlog").arg("2")).await;
    assert_eq!(feed(&server.visitor(), 0).await, third[2..]);
    server.publisher().say("15").await;
    assert_eq!(texts(&feed(&server.visitor(), stamp(&third[3])).await), ["15"]);
    server.kill().await;
    let server = start(older()).await;
    let all = feed(&server.visitor(), 0).await;
    assert_eq!(all.len(), expected.len() + 1);
    assert_eq!(feed(&server.visitor(), stamp(&third[2])).await[0], third[3]);
    assert!(all.iter().map(stamp).collect::<Vec<_>>().is_sorted_by(|one, next| one < next));
    // Nobody who has seen an item gets it again.
    for seen in &expected {
        let newer = feed(&server.visitor(), stamp(seen)).await;
        assert!(newer.iter().all(|item| item["text"] != seen["text"]), "{seen} {newer:?}");
    }
}

async fn delete(publisher: &Api, item: &str) {
    let answer = publisher.command(json!({"kind": "delete", "item": item})).await;
    expect_status(answer, 200).await;
}

/// A page that asks from the last time stamp it saw, through everything, until it has seen so many
/// items.
fn reader(server: &Server, count: usize) -> JoinHandle<Vec<Value>> {
    let visitor = server.visitor();
    tokio::spawn(async move {
        let mut seen: Vec<Value> = Vec::new();
        while seen.len() < count {
            let since = seen.last().map_or(0, stamp);
            let request = visitor.get(&format!("/real_time_feed?since={since}"));
            match request.timeout(LIMIT).send().await {
                Ok(answer) if answer.status().is_success() => {
                    // It may be killed while it answers.
                    let Ok(new) = answer.json::<Vec<Value>>().await else { continue };
                    for item in new {
                        let last = seen.last().map_or(0, stamp);
                        assert!(stamp(&item) > last, "{item} is not after {last}");
                        seen.push(item);
                    }
                }
                _ => pause().await,
            }
        }
        seen
    })
}

/// Publishes with an idempotency key, again and again until there is an answer.
async fn publish_at_last(publisher: Api, text: String) {
    let publishing = async {
        loop {
            let form = [("type", "message"), ("text", text.as_str())];
            let request = publisher.post("/send_feed_item").header("idempotency-key", &text);
            match request.form(&form).send().await {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => assert_eq!(answer.status().as_u16(), 503, "{answer:?}"),
                // It was killed.
                Err(_) => {}
            }
            pause().await;
        }
    };
    in_time("a publish is answered", publishing).await;
}

#[tokio::test]
async fn a_retention_shorter_than_a_burst_loses_no_item() {
    let server = setup().arg("--keep-events").arg("1").arg("--durability").arg("relaxed");
    let server = server.start().await;
    let reader = reader(&server, 150);
    let publishers: Vec<_> = (0..15)
        .map(|who| {
            let publisher = server.publisher();
            tokio::spawn(async move {
                for number in 0..10 {
                    publisher.say(format!("{who}.{number}")).await;
                }
            })
        })
        .collect();
    for publisher in publishers {
        in_time("a publisher is through", publisher).await.unwrap();
    }
    in_time("the reader sees them all", reader).await.unwrap();
    let visitor = server.visitor();
    let all = read(super::ask(&visitor, "?since=0").await).await;
    assert_eq!(all.len(), 150);
}
