//! What the log adds up to.

use super::{all_counted, pairs, say};
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::kills::{self, publish_through_kills};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::{in_time, pause};
use serde_json::{Value, json};

#[tokio::test]
async fn items_count_by_kind_source_and_author_over_time() {
    let server = Server::start().await;
    let (admin, publisher) = (server.admin().await, server.publisher());
    admin.say("The harbour is open #harbour").await;
    publisher.say("Storm at the harbour").await;
    let post = json!({"user": "Ana", "text": "Storm!", "source": "Mastodon"});
    publisher.publish("post", post).await;
    let figures = all_counted(&admin).await;
    assert_eq!(figures["totals"]["items"], 3);
    let kinds = [("message".to_owned(), 2), ("post".to_owned(), 1)];
    assert_eq!(pairs(&figures["items"]["by_kind"], "name"), kinds);
    let sources = pairs(&figures["items"]["by_source"], "name");
    assert_eq!(sources.len(), 3, "{sources:?}");
    assert!(sources.contains(&("Mastodon".to_owned(), 1)), "{sources:?}");
    assert_eq!(figures["totals"]["authors"], 3);
    let points = figures["items"]["over_time"].as_array().unwrap();
    let sum: i64 = points.iter().map(|point| point["kinds"]["message"].as_i64().unwrap_or(0)).sum();
    assert_eq!(sum, 2);
    let words = [("harbour".to_owned(), 2), ("storm".to_owned(), 2)];
    assert_eq!(pairs(&figures["words"], "word")[..2], words);
    assert_eq!(pairs(&figures["hashtags"], "word"), [("harbour".to_owned(), 1)]);
}

#[tokio::test]
async fn words_of_what_is_edited_or_deleted_change_and_go() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let first = admin.say("harbour harbour storm").await;
    let second = admin.say("lighthouse").await;
    assert_eq!(pairs(&all_counted(&admin).await["words"], "word")[0], ("harbour".to_owned(), 2));
    let edit = json!({"kind": "edit", "item": first.id, "data": {"text": "storm ferry"}});
    expect_status(admin.command(edit).await, 200).await;
    let delete = json!({"kind": "delete", "item": second.id});
    expect_status(admin.command(delete).await, 200).await;
    let figures = all_counted(&admin).await;
    let words = [("ferry".to_owned(), 1), ("storm".to_owned(), 1)];
    assert_eq!(pairs(&figures["words"], "word"), words);
    assert_eq!(figures["totals"]["edits"], 1);
    assert_eq!(figures["totals"]["deletes"], 1);
    assert_eq!(figures["totals"]["items"], 2, "two were published, whatever became of them");
}

#[tokio::test]
async fn the_chat_counts_and_lines_of_emoji_are_reactions() {
    let server = Server::start().await;
    let admin = server.admin().await;
    say(&server, "Bo", "Storm at the harbour").await;
    say(&server, "Bo", "🎉🎉").await;
    say(&server, "Cem", "🎉 👏").await;
    let figures = all_counted(&admin).await;
    assert_eq!(figures["totals"]["said"], 3);
    let authors =
        json!([{"name": "Bo", "items": 0, "said": 2}, {"name": "Cem", "items": 0, "said": 1}]);
    assert_eq!(figures["authors"], authors);
    let emoji = pairs(&figures["reactions"]["by_emoji"], "emoji");
    assert_eq!(emoji, [("🎉".to_owned(), 2), ("👏".to_owned(), 1)]);
    let words = pairs(&figures["words"], "word");
    assert_eq!(words, [("harbour".to_owned(), 1), ("storm".to_owned(), 1)]);
}

#[tokio::test]
async fn polls_and_questions_are_told_as_they_stand_at_the_end() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let poll = |votes: u64| json!({"type": "poll", "question": "Who wins?", "options": [{"text": "We", "votes": votes}]});
    let item = admin.publish("custom", poll(0)).await;
    let question = json!({"type": "question", "text": "When?", "votes": 4, "answered": true});
    admin.publish("custom", question).await;
    let edit = json!({"kind": "edit", "item": item.id, "data": poll(7)});
    expect_status(admin.command(edit).await, 200).await;
    let figures = all_counted(&admin).await;
    let polls = json!([{"question": "Who wins?", "options": [{"text": "We", "votes": 7}]}]);
    assert_eq!(figures["polls"], polls);
    assert_eq!(figures["questions"], json!([{"text": "When?", "votes": 4, "answered": true}]));
    expect_status(admin.command(json!({"kind": "delete", "item": item.id})).await, 200).await;
    assert_eq!(all_counted(&admin).await["polls"], json!([]));
}

#[tokio::test]
async fn every_event_counts_once_through_kills() {
    let mut server = Server::start().await;
    publish_through_kills(&mut server, publish_at_last).await;
    let figures = all_counted(&server.admin().await).await;
    let all = i64::try_from(kills::ALL).unwrap();
    assert_eq!(figures["totals"]["items"], all);
    assert_eq!(pairs(&figures["words"], "word"), [("storm".to_owned(), all)]);
    assert_eq!(figures["counted"]["head"], all);
}

/// Publishes with an idempotency key, again and again until there is an answer.
async fn publish_at_last(publisher: Api, text: String) {
    let body = json!({"kind": "message", "data": {"text": format!("storm {text}")}});
    let publishing = async {
        loop {
            let request = publisher.post("/api/rooms/main/items").header("idempotency-key", &text);
            let answer = request.json(&body).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            pause().await;
        }
    };
    in_time("a publish is answered", publishing).await;
}

#[tokio::test]
async fn a_span_has_what_happened_within_and_nothing_else() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let item = admin.say("storm").await;
    all_counted(&admin).await;
    let minute = item.at - item.at % 60_000;
    let within = async |from: i64, to: i64| -> Value {
        let figures = admin.json(&format!("{}?from={from}&to={to}", super::STATS)).await;
        figures["totals"]["items"].clone()
    };
    assert_eq!(within(minute, minute + 1).await, 1, "whole minutes count");
    assert_eq!(within(minute - 60_000, minute).await, 0);
    assert_eq!(within(minute + 60_000, minute + 120_000).await, 0);
    assert_eq!(within(minute - 86_400_000, minute + 86_400_000).await, 1);
}

#[tokio::test]
async fn nobody_but_an_admin_is_told() {
    let server = Server::start().await;
    // Nor which rooms there are.
    for path in [super::STATS, "/api/rooms/main/stats/words.csv", "/api/rooms/none/stats"] {
        let answer = server.visitor().get(path).send().await.unwrap();
        expect_problem(answer, 401, "unauthorized").await;
        let answer = server.publisher().get(path).send().await.unwrap();
        expect_problem(answer, 403, "forbidden").await;
    }
    let admin = server.admin().await;
    for (query, code) in
        [("from=x", "bad_query"), ("from=2&to=1", "bad_query"), ("to=-1", "bad_query")]
    {
        let answer = admin.get(&format!("{}?{query}", super::STATS)).send().await.unwrap();
        expect_problem(answer, 400, code).await;
    }
    let answer = admin.get("/api/rooms/none/stats").send().await.unwrap();
    expect_problem(answer, 404, "unknown_room").await;
    for path in ["/api/rooms/main/stats/none.csv", "/api/rooms/main/stats/words"] {
        expect_problem(admin.get(path).send().await.unwrap(), 404, "not_found").await;
    }
}

#[tokio::test]
async fn tables_are_safe_to_open_in_a_spreadsheet() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let post = json!({"user": "=HYPERLINK(\"https://evil.example\")", "text": "storm"});
    admin.publish("post", post).await;
    all_counted(&admin).await;
    let answer = admin.get("/api/rooms/main/stats/authors.csv").send().await.unwrap();
    let answer = expect_status(answer, 200).await;
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let csv = answer.text().await.unwrap();
    let row = "\"'=HYPERLINK(\"\"https://evil.example\"\")\",1,0";
    assert_eq!(csv, format!("name,items,said\r\n{row}\r\n"));
}

#[tokio::test]
async fn nothing_is_counted_where_that_is_turned_off() {
    let server = Setup::new().arg("--no-statistics").start().await;
    let admin = server.admin().await;
    admin.say("storm").await;
    let figures = admin.json(super::STATS).await;
    assert_eq!(figures["collecting"], false);
    assert_eq!(figures["totals"]["items"], 0);
    assert_eq!(figures["counted"], json!({"offset": 0, "head": 1}));
}
