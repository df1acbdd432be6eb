//! `nowcast publish --from`.

use super::*;
use nowcast_tests::server::TOKEN;
use nowcast_tests::wait::eventually;
use std::fs;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

fn publish(server: &Server, arguments: &[&str]) -> Command {
    let mut command = nowcast();
    command.arg("publish").args(arguments).env("NOWCAST_URL", server.origin());
    command.env("NOWCAST_TOKEN", TOKEN);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end: its code and what it said beside its output, which is empty.
async fn run_to_the_end(mut command: Command) -> (Option<i32>, String) {
    let output = in_time("it ends", command.output()).await.expect("it can be started");
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!said.contains(TOKEN) && !said.contains("panicked"), "{said}");
    assert!(!said.contains('\u{1b}'), "no bar where no terminal is: {said:?}");
    (output.status.code(), said)
}

/// The texts of the items, oldest first.
async fn texts(server: &Server) -> Vec<Value> {
    let items = server.visitor().json("/api/rooms/main/items?limit=100").await;
    let items = items["items"].as_array().expect("items");
    items.iter().rev().map(|item| item["data"]["text"].clone()).collect()
}

#[tokio::test]
async fn a_file_is_published_in_order_and_what_is_no_item_is_named_counted_and_skipped() {
    let server = Server::start().await;
    let file = server.scratch().join("items.ndjson");
    let mut lines = Vec::new();
    lines.extend_from_slice(b"{\"kind\":\"message\",\"data\":{\"text\":\"one\"}}\r\n");
    lines.extend_from_slice(b"{\"text\":\"two\"}\n\n");
    lines.extend_from_slice(
        b"no JSON\n\xff\xfe\n{\"kind\":\"nonsense\",\"data\":{}}\n{\"text\":\"\"}\n[1]\n",
    );
    lines.extend_from_slice(format!("{{\"text\":\"{}\"}}\n", "x".repeat(2_000_000)).as_bytes());
    lines.extend_from_slice(
        b"{\"kind\":\"custom\",\"data\":{\"text\":\"three\"}}\n{\"text\":\"four\"}",
    );
    fs::write(&file, lines).expect("the file");
    let (code, said) =
        run_to_the_end(publish(&server, &["--from", file.to_str().expect("UTF-8")])).await;
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("4 published, 0 had been before, 6 skipped"), "{said}");
    for number in [4, 5, 6, 7, 8, 9] {
        assert!(said.contains(&format!("line {number} is skipped: ")), "{number} in {said}");
    }
    assert_eq!(texts(&server).await, ["one", "two", "three", "four"]);
    let (code, said) = run_to_the_end(publish(&server, &["--from", "/nowhere/at.all"])).await;
    assert_eq!((code, said.contains("cannot be read")), (Some(1), true));
    let (code, _) = run_to_the_end(publish(&server, &["--from", "x", "words"])).await;
    assert_eq!(code, Some(2));
    let (code, said) = run_to_the_end({
        let mut command = publish(&server, &["--from", file.to_str().expect("UTF-8")]);
        command.env("NOWCAST_TOKEN", "another token");
        command
    })
    .await;
    assert_eq!(code, Some(3), "what every line would meet ends it: {said}");
    assert!(said.contains("line 1: ") && said.contains("0 published"), "{said}");
}

#[tokio::test]
async fn fields_are_found_by_pointers_and_the_order_is_that_of_the_lines() {
    let server = Server::start().await;
    let mut command = publish(
        &server,
        &[
            "--from",
            "-",
            "--kind",
            "post",
            "--map",
            "user=/account/name",
            "--map",
            "text=/content",
            "--map",
            "source==Elsewhere",
        ],
    );
    let mut child = command.spawn().expect("it can be started");
    let mut input = child.stdin.take().expect("a pipe");
    for number in 0..40 {
        let line =
            json!({"account": {"name": "Ana"}, "content": format!("post {number}"), "more": [1]});
        input.write_all(format!("{line}\n").as_bytes()).await.expect("it reads");
    }
    drop(input);
    let output = in_time("it ends", child.wait_with_output()).await.expect("its output");
    assert!(output.status.success(), "{output:?}");
    let items = server.visitor().json("/api/rooms/main/items?limit=100").await;
    let items = items["items"].as_array().expect("items");
    assert_eq!(items.len(), 40);
    for (place, item) in items.iter().rev().enumerate() {
        assert_eq!(item["data"]["text"], format!("post {place}"));
        assert_eq!((&item["kind"], &item["data"]["user"]), (&"post".into(), &"Ana".into()));
        assert_eq!(item["data"]["source"], "Elsewhere");
    }
}

#[tokio::test]
async fn after_a_break_a_resume_key_repeats_nothing() {
    let mut server = Server::start().await;
    let file = server.scratch().join("items.ndjson");
    let line = |number: u32| format!("{{\"text\":\"item {number}\"}}\n");
    fs::write(&file, (0..3000).map(line).collect::<String>()).expect("the file");
    let path = file.to_str().expect("UTF-8").to_owned();
    let arguments = ["--from", &path, "--resume-key", "items", "--wait", "60"];

    // The server is killed in the middle, and so is the program.
    let mut first: Child = publish(&server, &arguments).spawn().expect("it can be started");
    eventually("some are published", async || (texts(&server).await.len() > 5).then_some(())).await;
    server.restart().await;
    first.kill().await.expect("it can be killed");
    let (code, said) = run_to_the_end(publish(&server, &arguments)).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("0 skipped") && !said.contains("3000 published"), "{said}");
    let expected: Vec<_> = (2900..3000).map(|number| format!("item {number}")).collect();
    assert_eq!(texts(&server).await, expected);
    let kept = server.admin().await.json("/api/rooms/main/keeping").await;
    assert_eq!(kept["kept"]["events"], 3000);
    let (_, said) = run_to_the_end(publish(&server, &arguments)).await;
    assert!(said.contains("0 published, 3000 had been before, 0 skipped"), "{said}");
    // Another line under the same key is another thing.
    fs::write(&file, line(99)).expect("the file");
    let (code, said) = run_to_the_end(publish(&server, &arguments)).await;
    assert_eq!(code, Some(5), "{said}");
    let kept = server.admin().await.json("/api/rooms/main/keeping").await;
    assert_eq!(kept["kept"]["events"], 3000);
}

#[tokio::test]
async fn many_in_one_request_are_kept_in_order_and_each_is_told_what_came_of_it() {
    let server = Server::start().await;
    let path = "/api/rooms/main/items/batch";
    let item = |text: &str| json!({"kind": "message", "data": {"text": text}, "key": text});
    let long = "long-".repeat(2000);
    let items = json!({"items": [item("a"), item(&long[..100]), {"kind": "nonsense", "data": {}}, 7,
        {"kind": "message", "data": {"text": long}}, item("b"), item("a"),
        {"kind": "message", "data": {"text": "c"}, "key": "a"}, {"kind": "message", "data": {}, "key": ""}]});
    let answer = server.publisher().post(path).json(&items).send().await.expect("an answer");
    let told: Value = expect_status(answer, 200).await.json().await.expect("JSON");
    let told = told["items"].as_array().expect("items");
    let offsets: Vec<_> = told.iter().map(|told| told["offset"].as_u64()).collect();
    let expected = [Some(1), Some(2), None, None, Some(3), Some(4), Some(1), None, None];
    assert_eq!(offsets, expected);
    assert_eq!((&told[0]["repeated"], &told[6]["repeated"]), (&false.into(), &true.into()));
    assert_eq!(told[0]["id"], told[6]["id"]);
    let codes: Vec<_> = [2, 3, 7, 8].map(|place: usize| told[place]["code"].as_str()).into();
    let expected = ["unknown_kind", "bad_request", "idempotency_mismatch", "bad_key"];
    assert_eq!(codes, expected.map(Some));
    // A key is the same for one item alone.
    let alone = server.publisher().post("/api/rooms/main/items").header("idempotency-key", "b");
    let answer = alone.json(&json!({"kind": "message", "data": {"text": "b"}})).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    for (body, code) in
        [(json!({}), "bad_request"), (json!({"items": vec![0; 257]}), "bad_request")]
    {
        let answer = server.publisher().post(path).json(&body).send().await.expect("an answer");
        nowcast_tests::api::expect_problem(answer, 400, code).await;
    }
    let stranger = server.visitor().post(path).json(&items).send().await.expect("an answer");
    nowcast_tests::api::expect_problem(stranger, 401, "unauthorized").await;
}
