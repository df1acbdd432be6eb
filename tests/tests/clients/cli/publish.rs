//! `nowcast publish`.

use super::{run, start, task, with_token};
use nowcast_tests::page::{Joining, Page, Transport};
use nowcast_tests::server::{Server, Setup};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn page(server: &Server) -> Page {
    Joining::new(Transport::WebSocket, server.origin()).open().await
}

/// The kind and data of the item that is published next, with its id and offset as they are
/// printed.
async fn next(page: &mut Page) -> (String, Value, String) {
    let event = page.next_event().await;
    let event = serde_json::to_value(event).expect("JSON");
    let item = &event["event"]["item"];
    let printed = format!("{}\t{}\n", item["id"].as_str().unwrap_or_default(), item["offset"]);
    (item["kind"].as_str().unwrap_or_default().to_owned(), item["data"].clone(), printed)
}

#[tokio::test]
async fn it_publishes_a_text_fields_or_json_and_prints_id_and_offset() {
    let server = Server::start().await;
    let mut page = page(&server).await;
    let link = json!({"url": "https://example.org/?a=b", "title": "There"});
    let cases: [(&[&str], &str, Value); 5] = [
        (&["Doors open at **seven**"], "message", json!({"text": "Doors open at **seven**"})),
        (&["2 + 2 = 4"], "message", json!({"text": "2 + 2 = 4"})),
        (&["--kind", "link", "url=https://example.org/?a=b", "title=There"], "link", link),
        (&["--kind", "link", "https://example.org"], "link", json!({"url": "https://example.org"})),
        (&["--kind", "custom", "--data", "{\"goals\":[2,1]}"], "custom", json!({"goals": [2, 1]})),
    ];
    for (words, kind, data) in cases {
        let done = run(with_token(&server, &[&["publish"], words].concat())).await;
        let (published, its_data, printed) = next(&mut page).await;
        assert_eq!((done.code, done.stdout), (Some(0), printed), "{}", done.stderr);
        assert_eq!((published.as_str(), its_data), (kind, data));
    }
    let done = run(with_token(&server, &["publish", "--format", "json", "As JSON"])).await;
    let answer: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(
        format!("{}\t{}\n", answer["id"].as_str().unwrap(), answer["offset"]),
        next(&mut page).await.2
    );
    assert_eq!(answer["repeated"], false);
}

#[tokio::test]
async fn it_reads_a_text_or_json_from_standard_input() {
    let server = Server::start().await;
    let mut page = page(&server).await;
    let mut running = start(with_token(&server, &["publish", "-"]));
    running.write("From a pipe,\nin two lines\n").await;
    assert_eq!(running.end().await.code, Some(0));
    assert_eq!(next(&mut page).await.1, json!({"text": "From a pipe,\nin two lines"}));
    let mut running = start(with_token(&server, &["publish", "--data", "-"]));
    running.write("{\"text\": \"As JSON\"}").await;
    assert_eq!(running.end().await.code, Some(0));
    assert_eq!(next(&mut page).await.1, json!({"text": "As JSON"}));
}

#[tokio::test]
async fn each_line_is_published_as_it_comes() {
    let server = Server::start().await;
    let mut page = page(&server).await;
    let mut running = start(with_token(&server, &["publish", "--lines"]));
    for text in ["first", "second"] {
        running.write(&format!("{text}\n\n")).await;
        let printed = running.line().await;
        let (_, data, expected) = next(&mut page).await;
        assert_eq!((data, printed + "\n"), (json!({"text": text}), expected));
    }
    assert_eq!(running.end().await.code, Some(0));

    let lines = ["publish", "--kind", "custom", "--lines", "--data", "-"];
    let mut running = start(with_token(&server, &lines));
    running.write("{\"n\":1}\nno JSON\n").await;
    let done = running.end().await;
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("not JSON"), "{done:?}");
    assert_eq!(next(&mut page).await.1, json!({"n": 1}));
}

#[tokio::test]
async fn a_server_that_is_away_gets_it_once_when_it_is_back() {
    let mut server = Server::start().await;
    server.kill().await;
    let mut running = start(with_token(&server, &["publish", "--wait", "60", "Late"]));
    running.noted("trying for 60 seconds").await;
    server.restart().await;
    let printed = running.line().await + "\n";
    assert_eq!(running.end().await.code, Some(0));
    let items = server.visitor().json("/api/rooms/main/items").await;
    let items = items["items"].as_array().expect("items");
    assert_eq!(items.len(), 1);
    assert_eq!(printed, format!("{}\t{}\n", items[0]["id"].as_str().unwrap(), items[0]["offset"]));
}

#[tokio::test]
async fn the_same_key_is_published_once_however_often_it_is_run() {
    let server = Server::start().await;
    let keyed = |text: &'static str| {
        run(with_token(&server, &["publish", "--idempotency-key", "doors", text]))
    };
    let (first, again) = (keyed("Doors open").await, keyed("Doors open").await);
    assert_eq!((first.code, again.code), (Some(0), Some(0)));
    assert_eq!(first.stdout, again.stdout);
    keyed("Something else").await.failed(3, "idempotency_mismatch");

    for _ in 0..2 {
        let lines = ["publish", "--lines", "--idempotency-key", "file"];
        let mut running = start(with_token(&server, &lines));
        running.write("a\nb\n").await;
        assert_eq!(running.end().await.code, Some(0));
    }
    let items = server.visitor().json("/api/rooms/main/items").await;
    assert_eq!(items["items"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn an_open_house_takes_it_without_a_token() {
    let server = Setup::new().arg("--open").start().await;
    let done = run(task(&server.origin(), &["publish", "Anyone"])).await;
    assert_eq!(done.code, Some(0), "{done:?}");
}

#[tokio::test]
async fn what_is_refused_is_said_in_the_servers_words() {
    let mut server = Server::start().await;
    let tried = async |arguments: &[&str]| {
        run(with_token(&server, &[&["publish"], arguments].concat())).await
    };
    tried(&["--kind", "nonsense", "a"]).await.failed(3, "unknown_kind");
    tried(&["--kind", "link", "not an address"]).await.failed(3, "bad_url");
    tried(&["--room", "nowhere", "a"]).await.failed(3, "There is no room called nowhere.");
    tried(&["--token", "wrong", "a"]).await.failed(3, "unauthorized");
    tried(&["--data", "{\"text\":\"\"}"]).await.failed(3, "bad_item");
    tried(&["--data", "{"]).await.failed(1, "not JSON");
    tried(&["--room", "No Room", "a"]).await.failed(1, "A room's name has");
    tried(&["--server", "https://", "a"]).await.failed(1, "no server's address");
    tried(&["--token", "two\nlines", "a"]).await.failed(1, "no token has");
    tried(&[]).await.failed(1, "nothing to publish");
    tried(&["--lines", "a"]).await.failed(2, "--lines");
    let stranger = run(task(&server.origin(), &["publish", "a"])).await;
    stranger.failed(3, "unauthorized");
    server.kill().await;
    let away = run(with_token(&server, &["publish", "--wait", "0", "a"])).await;
    away.failed(4, "cannot be reached");
}

/// Something that answers every request with this, whatever it is; its origin.
async fn impostor(status: &'static str, kind: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut asking, _)) = listener.accept().await {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            tokio::spawn(async move {
                let mut read = [0; 4096];
                while asking.read(&mut read).await.is_ok_and(|count| count > 0) {
                    if asking.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    origin
}

#[tokio::test]
async fn no_server_steers_the_terminal_by_what_it_answers() {
    let evil = "\u{1b}]0;PWNED\u{7}\u{1b}[2J\u{9b}31m\u{202e}";
    let problem = json!({"type": "about:blank", "title": evil, "status": 403, "code": evil,
        "detail": format!("{evil}\nnowcast: published")});
    let kept = json!({"id": format!("i1{evil}\n{evil}"), "offset": 1, "at": 1});
    for (status, kind, body) in [
        ("403 Forbidden", "application/problem+json", problem.to_string()),
        ("403 Forbidden", "text/html", format!("{evil}\n{evil}")),
        ("201 Created", "application/json", kept.to_string()),
    ] {
        let origin = impostor(status, kind, body).await;
        for arguments in [&["publish", "--wait", "0", "a"][..], &["listen", "--wait", "0"]] {
            let mut command = task(&origin, arguments);
            command.env("NOWCAST_TOKEN", "a-token");
            let done = run(command).await;
            let said = format!("{}{}", done.stdout, done.stderr);
            assert!(!said.is_empty(), "{arguments:?} and {status}");
            let harmless = |c: char| c == '\n' || c == '\t' || !c.is_control() && c != '\u{202e}';
            assert!(said.chars().all(harmless), "{said:?}");
            assert!(done.stdout.lines().count() <= 1, "{done:?}");
        }
    }
}
