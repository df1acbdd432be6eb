//! `nowcast listen`.

use super::{Running, run, start, task, with_token};
use nowcast_tests::nginx::{AUTHORITY, Nginx};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{Server, Setup, TOKEN, repository};
use nowcast_tests::token;
use nowcast_tests::wait::in_time;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

nowcast_tests::over_every_transport! {
    it_prints_every_event_as_it_happens,
    it_goes_on_after_the_server_was_killed,
    it_stops_when_its_output_is_closed,
    it_speaks_tls_with_whom_the_system_trusts,
}

/// One that listens by this way, once it does.
async fn listening(server: &Server, transport: Transport, more: &[&str]) -> Running {
    let arguments = [&["listen", "--transport", transport.as_str()], more].concat();
    let mut running = start(task(&server.origin(), &arguments));
    running.noted(&format!("over {transport}")).await;
    running
}

async fn it_prints_every_event_as_it_happens(transport: Transport) {
    let server = Server::start().await;
    let mut text = listening(&server, transport, &["--count", "3"]).await;
    let mut frames = listening(&server, transport, &["--count", "3", "--format", "json"]).await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let admin = server.admin().await;
    let item = admin.say("Doors **open**").await;
    let url = json!({"url": "https://example.org", "title": "There"});
    admin.publish("link", url).await;
    admin.command(json!({"kind": "set", "name": "goal", "value": 3})).await;

    for expected in ["message\tHost\tDoors **open**", "link\tHost\tThere https://example.org"] {
        let line = text.line().await;
        assert!(line.ends_with(expected) && line.starts_with("20"), "{line}");
    }
    assert!(text.line().await.ends_with("variable_set\tHost\tgoal 3"));
    for event in page.next_events(3).await {
        let frame: Value = serde_json::from_str(&frames.line().await).expect("a frame");
        assert_eq!(frame["t"], "event");
        assert_eq!(frame["offset"], event.offset.0);
        assert_eq!(frame["event"], serde_json::to_value(&event.event).unwrap());
    }
    assert_eq!(item.offset, 1);
    // The count is reached.
    assert_eq!((text.end().await.code, frames.end().await.code), (Some(0), Some(0)));
}

async fn it_goes_on_after_the_server_was_killed(transport: Transport) {
    let mut server = Server::start().await;
    let mut running = listening(&server, transport, &[]).await;
    for round in 0..3 {
        server.publisher().say(format!("{round}")).await;
        assert!(running.line().await.ends_with(&format!("\t{round}")));
        server.restart().await;
        running.noted("connected again").await;
    }
    server.publisher().say("last").await;
    assert!(running.line().await.ends_with("\tlast"), "nothing came twice in between");
}

async fn it_stops_when_its_output_is_closed(transport: Transport) {
    let server = Server::start().await;
    let mut running = listening(&server, transport, &[]).await;
    server.publisher().say("read").await;
    running.line().await;
    // As `head -1` does.
    let Running { child, lines, notes, .. } = running;
    drop(lines);
    server.publisher().say("nobody reads this").await;
    let mut child = child;
    let status = in_time("it ends", child.wait()).await.expect("a status");
    assert_eq!(status.code(), Some(0), "that is no error");
    drop(notes);
}

#[tokio::test]
async fn it_can_begin_where_another_stopped_or_at_the_very_beginning() {
    let server = Server::start().await;
    for text in ["a", "b"] {
        server.publisher().say(text).await;
    }
    let mut first = listening(&server, Transport::WebSocket, &["--since", "beginning"]).await;
    assert!(first.line().await.ends_with("\ta"));
    assert!(first.line().await.ends_with("\tb"));
    interrupt(&first, Signal::INT);
    let noted = first.noted("stopped at").await;
    assert_eq!(first.status().await.code(), Some(130), "as shells know it");
    server.publisher().say("c").await;
    let position = noted.rsplit(' ').next().unwrap_or_default();
    let mut second = listening(&server, Transport::WebSocket, &["--since", position]).await;
    assert!(second.line().await.ends_with("\tc"));
    interrupt(&second, Signal::TERM);
    assert_eq!(second.status().await.code(), Some(143));
}

#[tokio::test]
async fn from_the_beginning_is_from_what_the_room_shows_where_not_all_is_kept() {
    // Where nothing is counted, no event has to wait for that before it goes.
    let setup = Setup::new().arg("--keep-events").arg("2").arg("--no-statistics");
    let server = setup.start().await;
    let publisher = server.publisher();
    let first = publisher.say("a").await;
    for text in ["b", "c", "d"] {
        publisher.say(text).await;
    }
    let edit = json!({"kind": "edit", "item": first.id, "data": {"text": "A"}});
    assert!(publisher.command(edit).await.status().is_success());
    let arguments = ["listen", "--since", "beginning", "--count", "5"];
    let mut running = start(task(&server.origin(), &arguments));
    running.noted("the server does not keep all that happened").await;
    for text in ["A", "b", "c", "d"] {
        let line = running.line().await;
        assert!(line.ends_with(&format!("\tmessage\tNewsdesk\t{text}")), "{line}");
    }
    publisher.say("e").await;
    assert!(running.line().await.ends_with("\te"));
    assert_eq!(running.end().await.code, Some(0));

    let arguments = ["listen", "--since", "beginning", "--count", "2", "--format", "json"];
    let done = run(task(&server.origin(), &arguments)).await;
    let frames = done.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let frames: Vec<_> =
        frames.map(|frame| (frame["t"].clone(), frame["offset"].clone())).collect();
    assert_eq!(frames, [(json!("event"), json!(1)), (json!("event"), json!(2))]);
}

#[tokio::test]
async fn a_token_that_counts_once_is_enough_from_the_beginning() {
    let server = Setup::new().env("NOWCAST_USER_KEY", token::KEY).start().await;
    server.publisher().say("before").await;
    let claims = json!({"sub": "ana", "exp": token::in_seconds(3600), "jti": "once"});
    let mut command = task(&server.origin(), &["listen", "--since", "beginning", "--count", "1"]);
    command.env("NOWCAST_USER_TOKEN", token::signed(&claims));
    let done = run(command).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.ends_with("\tbefore\n"), "{done:?}");
}

fn interrupt(running: &Running, signal: Signal) {
    let id = running.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    kill_process(id.expect("it runs"), signal).expect("it can be told");
}

#[tokio::test]
async fn it_can_be_stopped_also_while_nobody_reads() {
    let server = Server::start().await;
    let running = listening(&server, Transport::WebSocket, &[]).await;
    // More than a pipe holds.
    let text = "x".repeat(10_000);
    for _ in 0..20 {
        server.publisher().say(text.as_str()).await;
    }
    interrupt(&running, Signal::INT);
    let Running { mut child, lines: _lines, .. } = running;
    let status = in_time("it ends", child.wait()).await.expect("a status");
    assert_eq!(status.code(), Some(130));
}

#[tokio::test]
async fn it_says_what_is_lost_when_the_server_has_it_no_more() {
    let server = Server::start().await;
    server.publisher().say("before").await;
    let arguments = ["listen", "--since", "e1other:5", "--count", "1"];
    let mut running = start(task(&server.origin(), &arguments));
    running.noted("not in the server's log any more").await;
    server.publisher().say("after").await;
    assert!(running.line().await.ends_with("\tafter"));
}

#[tokio::test]
async fn it_waits_for_a_server_that_is_not_there_yet() {
    let mut server = Server::start().await;
    server.kill().await;
    let mut running = start(task(&server.origin(), &["listen"]));
    running.noted("waiting for the server").await;
    server.restart().await;
    running.noted("listening to main").await;
    server.publisher().say("here").await;
    assert!(running.line().await.ends_with("\there"));
}

#[tokio::test]
async fn who_asks_for_it_hears_signals_and_pushes_too() {
    let server = Setup::new().arg("--open").start().await;
    let user = server.task(&["user-token", "--user", "ana"]).await.stdout.trim().to_owned();
    let mut command = task(&server.origin(), &["listen", "--all"]);
    command.env("NOWCAST_USER_TOKEN", &user);
    let mut running = start(command);
    running.noted("listening").await;
    let push = json!({"destination": "ana", "data": {"seat": 7}});
    server.publisher().post("/api/push").json(&push).send().await.expect("an answer");
    loop {
        let line = running.line().await;
        if line.ends_with("\tpush\t\t{\"seat\":7}") {
            break;
        }
        assert!(line.contains("\tpresence\t") || line.contains("\tyou\t"), "{line}");
    }
}

#[tokio::test]
async fn a_private_room_opens_to_an_invitation() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let settings = json!({"title": "Backstage", "settings": {"private": true}});
    let made = admin.put("/api/rooms/back").json(&settings).send().await.expect("an answer");
    assert!(made.status().is_success(), "{made:?}");
    let done = run(task(&server.origin(), &["listen", "--room", "back"])).await;
    done.failed(3, "not_invited");
    let invitation = admin.post("/api/rooms/back/invitation").send().await.expect("an answer");
    let invitation: Value = invitation.json().await.expect("JSON");
    let secret = invitation["invitation"].as_str().expect("a secret").to_owned();
    let mut command = task(&server.origin(), &["listen", "--room", "back", "--count", "1"]);
    command.env("NOWCAST_INVITATION", secret);
    let mut running = start(command);
    running.noted("listening to back").await;
    admin.publish_in("back", "message", json!({"text": "quiet"})).await;
    assert!(running.line().await.ends_with("\tquiet"));
}

#[tokio::test]
async fn what_is_refused_is_said_and_has_a_code_of_its_own() {
    let mut server = Server::start().await;
    let refused = async |arguments: &[&str]| run(task(&server.origin(), arguments)).await;
    refused(&["listen", "--room", "nowhere"]).await.failed(3, "unknown_room");
    refused(&["listen", "--token", "wrong"]).await.failed(3, "unauthorized");
    refused(&["listen", "--user-token", "wrong"]).await.failed(3, "token_invalid");
    refused(&["listen", "--room", "No Room"]).await.failed(1, "A room's name has");
    refused(&["listen", "--server", "nonsense"]).await.failed(1, "no server's address");
    refused(&["listen", "--since", "5"]).await.failed(2, "epoch:offset");
    refused(&["listen", "--transport", "pigeon"]).await.failed(2, "pigeon");
    server.kill().await;
    let away = run(task(&server.origin(), &["listen", "--wait", "0"])).await;
    away.failed(4, "Connection refused");
    // Who is there is given the time that it takes.
    server.restart().await;
    let arguments = ["listen", "--wait", "0", "--count", "1"];
    let mut running = start(task(&server.origin(), &arguments));
    running.noted("listening").await;
}

#[tokio::test]
async fn what_strangers_write_does_not_steer_a_terminal() {
    // A clear screen in both forms, a title, a delete, and text that turns around.
    const TEXT: &str = "a\u{1b}[2J\u{9b}2Jb\u{1b}]0;owned\u{7}c\u{7f}\r\n\u{202e}d\u{61c}";
    let harmless = |line: &str| {
        let steers = |character: char| {
            character.is_control() && character != '\t'
                || matches!(character, '\u{202e}' | '\u{61c}')
        };
        assert!(!line.contains(steers), "{line:?}");
    };
    let server = Setup::new().arg("--open").start().await;
    let way = Transport::WebSocket;
    let mut text = listening(&server, way, &["--all"]).await;
    let mut frames = listening(&server, way, &["--format", "json"]).await;
    let data = json!({"text": TEXT, TEXT: 1});
    let publisher = server.publisher();
    publisher.publish("custom", data.clone()).await;
    publisher.publish("message", json!({"text": TEXT})).await;
    loop {
        let line = text.line().await;
        harmless(&line);
        if line.contains("\tmessage\t") {
            assert!(line.contains("c  d") || line.ends_with('d'), "the words are there: {line}");
            break;
        }
    }
    // Programs get it as it is.
    let frame: Value = serde_json::from_str(&frames.line().await).expect("a frame");
    assert_eq!(frame["event"]["item"]["data"], data);

    // Nor does what a server says of a refusal, in its words or in those of something between.
    let detail = json!({"type": "about:blank", "title": "No", "status": 403, "code": "forbidden",
        "detail": TEXT});
    for (kind, body, code) in
        [("application/problem+json", detail.to_string(), 3), ("text/html", TEXT.to_owned(), 4)]
    {
        let stranger = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", stranger.local_addr().expect("an address"));
        let answer = format!(
            "HTTP/1.1 403 No\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            body.len(),
        );
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = stranger.accept().await {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        for arguments in [&["listen", "--wait", "1"][..], &["publish", "Hi"]] {
            let done = run(task(&address, arguments)).await;
            assert_eq!((done.code, &*done.stdout), (Some(code), ""), "{done:?}");
            assert!(done.stderr.contains("owned"), "{done:?}");
            done.stderr.lines().for_each(harmless);
        }
    }
}

/// As most servers that others reach are: behind something that speaks TLS.
async fn it_speaks_tls_with_whom_the_system_trusts(transport: Transport) {
    let server = Server::start().await;
    let nginx = Nginx::with_tls("site", &server).await;
    let trusting = |arguments: &[&str]| {
        let mut command = task(&nginx.origin(), arguments);
        command.env("SSL_CERT_FILE", repository().join(AUTHORITY)).env("NOWCAST_TOKEN", TOKEN);
        command
    };
    let way = ["listen", "--transport", transport.as_str(), "--count", "1"];
    let mut running = start(trusting(&way));
    running.noted("listening").await;
    assert_eq!(run(trusting(&["publish", "In private"])).await.code, Some(0));
    assert!(running.line().await.ends_with("\tIn private"));
    assert_eq!(running.end().await.code, Some(0));

    let stranger = run(task(&nginx.origin(), &["listen", "--wait", "1"])).await;
    stranger.failed(4, "certificate");
}

#[tokio::test]
async fn it_needs_no_folder_and_makes_none() {
    let server = Server::start().await;
    let home = server.scratch().join("home");
    std::fs::create_dir(&home).expect("a folder");
    let mut command = with_token(&server, &["listen", "--count", "1"]);
    command.env("HOME", &home).current_dir(&home).env_remove("XDG_DATA_HOME");
    let mut running = start(command);
    running.noted("listening").await;
    let mut command = with_token(&server, &["publish", "Hello"]);
    command.env("HOME", &home).current_dir(&home).env_remove("XDG_DATA_HOME");
    assert_eq!(run(command).await.code, Some(0));
    running.line().await;
    assert_eq!(running.end().await.code, Some(0));
    assert_eq!(std::fs::read_dir(&home).expect("a folder").count(), 0);
    assert!(!server.stderr().contains(TOKEN));
}
