//! The library for JavaScript, in Node.

use crate::node;
use nowcast_tests::api::expect_status;
use nowcast_tests::over_every_transport;
use nowcast_tests::page::Transport;
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{Server, Setup, TOKEN, repository};
use nowcast_tests::token::{self, KEY};
use nowcast_tests::wait::in_time;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

over_every_transport![
    every_event_comes_once_and_in_order_through_kills,
    what_is_published_through_kills_takes_effect_once,
    chat_variables_and_the_stage_are_answered_with_offsets,
    refusals_are_errors_with_a_code,
    a_push_reaches_whoever_registered_and_comes_once,
    a_fresh_token_opens_a_room_again_whose_old_one_has_expired,
    a_program_goes_on_where_an_earlier_one_ended,
];

/// A room in a Node of its own.
struct Room {
    _child: Child,
    commands: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// What was told and nobody has asked for yet.
    told: Vec<Value>,
    asked: u64,
}

impl Room {
    fn open(server: &str, options: &Value) -> Self {
        let mut command = node::script("sdk.mjs");
        command.args([server, &options.to_string()]);
        // Older ones have a WebSocket only by this.
        command.env("NODE_OPTIONS", "--experimental-websocket --no-warnings");
        Self::run(command)
    }

    /// Over one transport alone.
    fn over(transport: Transport, server: &str, mut options: Value) -> Self {
        let name = match transport {
            Transport::WebSocket => "websocket",
            Transport::Sse => "sse",
            Transport::LongPoll => "poll",
        };
        options["transport"] = name.into();
        Self::open(server, &options)
    }

    fn run(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("Node can be started");
        let commands = child.stdin.take().expect("standard input is a pipe");
        let lines = BufReader::new(child.stdout.take().expect("standard output is a pipe")).lines();
        Self { _child: child, commands, lines, told: Vec::new(), asked: 0 }
    }

    async fn line(&mut self) -> Value {
        let line = self.lines.next_line().await.expect("its output can be read");
        let line = line.expect("the script ended early");
        serde_json::from_str(&line).expect("a line of JSON")
    }

    /// The next that was told and fits; what came before it stays for others.
    async fn hears(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        in_time(what, self.next(fits)).await
    }

    async fn next(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.told.iter().position(&fits) {
            return self.told.remove(place);
        }
        loop {
            let line = self.line().await;
            if fits(&line) {
                return line;
            }
            self.told.push(line);
        }
    }

    /// Waits until it is open; by which transport.
    async fn is_open(&mut self) -> String {
        let open = |line: &Value| line["on"] == "state" && line["told"]["state"] == "open";
        let line = self.hears("the room is open", open).await;
        line["told"]["transport"].as_str().expect("an open room has a transport").to_owned()
    }

    /// Begins to ask for something.
    async fn begin(&mut self, call: &str, arguments: Value) -> u64 {
        self.asked += 1;
        let line = json!({"id": self.asked, "call": call, "args": arguments});
        let line = format!("{line}\n");
        self.commands.write_all(line.as_bytes()).await.expect("the script reads");
        self.asked
    }

    /// What came of it.
    async fn end(&mut self, id: u64) -> Result<Value, Value> {
        let line = self.hears("an answer", |line| line["id"] == id).await;
        match line.get("ok") {
            Some(ok) => Ok(ok.clone()),
            None => Err(line["error"].clone()),
        }
    }

    async fn ask(&mut self, call: &str, arguments: Value) -> Result<Value, Value> {
        let id = self.begin(call, arguments).await;
        self.end(id).await
    }

    /// The code of a refusal that is one in every respect.
    async fn is_refused(&mut self, call: &str, arguments: Value) -> String {
        let error = self.ask(call, arguments).await.expect_err("it is refused");
        assert_eq!(error["typed"], true, "{error}");
        assert!(error["message"].as_str().is_some_and(|text| text.ends_with('.')), "{error}");
        error["code"].as_str().expect("a refusal has a code").to_owned()
    }

    /// The offsets of the events up to this one, each with the position that was told with it.
    async fn events_until(&mut self, last: u64) -> Vec<u64> {
        let mut offsets = Vec::new();
        while offsets.last() != Some(&last) {
            let event = self.hears("an event", |line| line["on"] == "event").await;
            let offset = event["told"]["offset"].as_u64().expect("an event has an offset");
            let position = event["position"].as_str().expect("a position");
            assert!(position.ends_with(&format!(":{offset}")), "{event}");
            offsets.push(offset);
        }
        offsets
    }
}

fn offset(answer: &Value) -> u64 {
    answer["offset"].as_u64().unwrap_or_else(|| panic!("{answer} has no offset"))
}

fn message(text: &str) -> Value {
    json!(["message", {"text": text}])
}

async fn every_event_comes_once_and_in_order_through_kills(transport: Transport) {
    let mut server = Server::start().await;
    let mut room = Room::over(transport, &server.origin(), json!({}));
    room.is_open().await;
    let mut last = 0;
    for round in 1..=3 {
        for number in 1..=20 {
            server.publisher().say(format!("{round}.{number}")).await;
        }
        server.kill().await;
        server.restart().await;
        last = server.publisher().say(format!("after kill {round}")).await.offset;
    }
    assert_eq!(room.events_until(last).await, (1..=last).collect::<Vec<_>>());
    let again = |line: &&Value| line["on"] == "snapshot";
    assert_eq!(room.told.iter().filter(again).count(), 1, "it went on, and did not begin anew");
    let items = room.told.iter().filter(|line| line["on"] == "item").count();
    assert_eq!(items, usize::try_from(last).unwrap());
}

async fn what_is_published_through_kills_takes_effect_once(transport: Transport) {
    const ALL: u64 = 60;
    let mut server = Setup::new().arg("--open").start().await;
    let mut room = Room::over(transport, &server.origin(), json!({}));
    room.is_open().await;
    let (mut asked, mut offsets) = (Vec::new(), BTreeSet::new());
    for number in 1..=ALL {
        asked.push(room.begin("publish", message(&number.to_string())).await);
        if number % 20 == 10 {
            // In the middle of what is under way.
            let id = asked.remove(asked.len() - 5);
            offsets.insert(offset(&room.end(id).await.expect("it is published")));
            server.kill().await;
            server.restart().await;
        }
    }
    for id in asked {
        offsets.insert(offset(&room.end(id).await.expect("it is published")));
    }
    assert_eq!(offsets, (1..=ALL).collect(), "each has a place of its own");
    let log = server.visitor().json("/api/rooms/main/items?limit=200").await;
    let texts: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|it| &it["data"]["text"]).collect();
    let in_order: Vec<_> = (1..=ALL).rev().map(|number| json!(number.to_string())).collect();
    assert_eq!(texts, in_order.iter().collect::<Vec<_>>(), "each once, as they were asked for");
}

async fn chat_variables_and_the_stage_are_answered_with_offsets(transport: Transport) {
    let server = Setup::new().arg("--open").start().await;
    let mut room = Room::over(transport, &server.origin(), json!({"name": "Ana"}));
    let mut other = Room::over(Transport::WebSocket, &server.origin(), json!({"name": "Ben"}));
    other.is_open().await;
    assert_eq!(offset(&room.ask("publish", message("Hello")).await.unwrap()), 1);
    assert_eq!(offset(&room.ask("say", json!(["Hello"])).await.unwrap()), 2);
    assert_eq!(offset(&room.ask("set", json!(["score", {"home": 1}, 0])).await.unwrap()), 3);
    assert_eq!(room.is_refused("set", json!(["score", 2, 0])).await, "version_mismatch");
    let piece =
        json!([{"kind": "put", "piece": "logo", "look": "text", "text": "Logo", "x": 0, "y": 0}]);
    assert_eq!(offset(&room.ask("command", piece).await.unwrap()), 4);
    room.ask("grab", json!(["logo"])).await.unwrap();
    assert_eq!(other.is_refused("move", json!(["logo", 0.1, 0.1])).await, "piece_held");
    for place in [0.25, 0.5, 0.75] {
        room.ask("move", json!(["logo", place, 0.5])).await.unwrap();
    }
    assert_eq!(offset(&room.ask("drop", json!(["logo", 1, 1])).await.unwrap()), 5);
    let moving = |line: &Value| line["on"] == "signal" && line["told"]["kind"] == "piece_moving";
    other.hears("the piece moves", moving).await;
    let item = room.hears("the item", |line| line["on"] == "item").await;
    let id = item["told"]["id"].clone();
    assert_eq!(item["told"]["html"], "<p>Hello</p>");
    assert_eq!(offset(&room.ask("edit", json!([id, {"text": "Bye"}])).await.unwrap()), 6);
    assert_eq!(offset(&room.ask("delete", json!([id])).await.unwrap()), 7);
    assert_eq!(offset(&room.ask("unset", json!(["score"])).await.unwrap()), 8);
    assert_eq!(other.events_until(8).await, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(!room.told.iter().any(moving), "what one did oneself is not echoed");
}

async fn refusals_are_errors_with_a_code(transport: Transport) {
    let server = Server::start().await;
    let mut room = Room::over(transport, &server.origin(), json!({}));
    assert_eq!(room.is_refused("publish", message("Hello")).await, "unauthorized");
    assert_eq!(room.is_refused("say", json!([""])).await, "bad_said");
    assert_eq!(room.is_refused("command", json!([{"kind": "explode"}])).await, "unknown_kind");

    let nowhere = json!({"room": "nowhere"});
    let mut nowhere = Room::over(transport, &server.origin(), nowhere);
    let error = nowhere.hears("an error", |line| line["on"] == "error").await;
    assert_eq!(error["told"]["code"], "unknown_room");
    assert_eq!(error["told"]["status"], 404);
    let waits = |line: &Value| line["told"]["state"] == "waiting";
    let state = nowhere.hears("it waits", waits).await;
    assert_eq!(state["told"]["reason"], "unknown_room");
    assert_eq!(nowhere.is_refused("say", json!(["Hello"])).await, "unknown_room");

    let remove = json!([{"kind": "remove", "piece": "logo"}]);
    // With a program's token, and up to the end.
    let mut program = Room::over(transport, &server.origin(), json!({"token": TOKEN}));
    assert_eq!(offset(&program.ask("publish", message("Hello")).await.unwrap()), 1);
    assert_eq!(program.is_refused("command", remove).await, "forbidden");
    program.ask("close", json!([])).await.unwrap();
    assert_eq!(program.is_refused("publish", message("Hello")).await, "closed");
}

async fn a_push_reaches_whoever_registered_and_comes_once(transport: Transport) {
    let mut server = Setup::new().env("NOWCAST_USER_KEY", KEY).start().await;
    let mut ana = Room::over(transport, &server.origin(), json!({"token": token::of("ana")}));
    let mut ben = Room::over(transport, &server.origin(), json!({}));
    ana.is_open().await;
    ben.is_open().await;
    ben.ask("register", json!([{"token": token::of("ben")}])).await.unwrap();
    assert_eq!(ben.is_refused("register", json!([{"token": "a.b.c"}])).await, "token_invalid");

    let push = async |server: &Server, user: &str, data: &str| {
        let body = json!({"destination": user, "data": {"text": data}, "store": true});
        let answer = server.publisher().post("/api/push").json(&body).send().await.unwrap();
        expect_status(answer, 202).await;
    };
    for round in ["before", "after"] {
        for user in ["ana", "ben"] {
            push(&server, user, &format!("{round} {user}")).await;
        }
        for (room, user) in [(&mut ana, "ana"), (&mut ben, "ben")] {
            let told = room.hears("a push", |line| line["on"] == "push").await;
            assert_eq!(told["told"], json!({"text": format!("{round} {user}")}));
            assert!(told["more"]["id"].is_string());
        }
        // Whoever registered by command is that user also to the next server.
        server.kill().await;
        server.restart().await;
    }
    let mark = server.publisher().say("a mark").await.offset;
    for room in [&mut ana, &mut ben] {
        room.events_until(mark).await;
        assert!(!room.told.iter().any(|line| line["on"] == "push"), "each comes once");
    }
}

async fn a_fresh_token_opens_a_room_again_whose_old_one_has_expired(transport: Transport) {
    let server = Setup::new().env("NOWCAST_USER_KEY", KEY).start().await;
    let short = token::signed(&json!({"sub": "ana", "exp": token::in_seconds(3)}));
    let mut room = Room::over(transport, &server.origin(), json!({"token": short}));
    room.is_open().await;
    server.publisher().say("seen").await;
    let error = room.hears("an error", |line| line["on"] == "error").await;
    assert_eq!(error["told"]["code"], "token_expired");
    assert_eq!(room.is_refused("say", json!(["Hello"])).await, "token_expired");
    assert_eq!(room.is_refused("register", json!([{"token": short}])).await, "token_expired");
    server.publisher().say("missed").await;

    room.ask("register", json!([{"token": token::of("ana")}])).await.unwrap();
    assert_eq!(offset(&room.ask("say", json!(["Hello"])).await.unwrap()), 3);
    assert_eq!(room.events_until(3).await, [1, 2, 3]);
    let push = json!({"destination": "ana", "data": "for Ana", "store": true});
    let answer = server.publisher().post("/api/push").json(&push).send().await.unwrap();
    expect_status(answer, 202).await;
    let told = room.hears("a push", |line| line["on"] == "push").await;
    assert_eq!(told["told"], "for Ana");
}

async fn a_program_goes_on_where_an_earlier_one_ended(transport: Transport) {
    let server = Server::start().await;
    let mut first = Room::over(transport, &server.origin(), json!({}));
    first.is_open().await;
    server.publisher().say("seen").await;
    let seen = first.hears("an event", |line| line["on"] == "event").await;
    drop(first);
    for text in ["missed", "missed, too"] {
        server.publisher().say(text).await;
    }
    let mut next = Room::over(transport, &server.origin(), json!({"since": seen["position"]}));
    assert_eq!(next.events_until(3).await, [2, 3]);
    let open = |line: &Value| line["on"] == "state" && line["told"]["state"] == "open";
    assert_eq!(next.hears("it is open", open).await["told"]["recovered"], true);
    assert!(!next.told.iter().any(|line| line["on"] == "snapshot"));

    let lost = json!({"since": "eAnotherLife:2"});
    let mut lost = Room::over(transport, &server.origin(), lost);
    let snapshot = lost.hears("a snapshot", |line| line["on"] == "snapshot").await;
    assert_eq!(snapshot["told"]["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(lost.hears("it is open", open).await["told"]["recovered"], false);
}

#[tokio::test]
async fn it_goes_by_the_next_way_where_a_proxy_refuses_one_and_back_up_when_it_is_free() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let mut room = Room::open(&proxy.origin(), &json!({}));
    assert_eq!(room.is_open().await, "websocket");
    proxy.set(|rules| rules.refuse_websocket = true);
    proxy.cut();
    server.publisher().say("while it was cut").await;
    assert_eq!(room.is_open().await, "sse");
    server.publisher().say("by events").await;
    // A way that worked before is tried again within seconds; if that was too soon, later.
    proxy.set(|rules| rules.refuse_websocket = false);
    let back =
        |line: &Value| line["told"]["state"] == "open" && line["told"]["transport"] == "websocket";
    let back = tokio::time::timeout(Duration::from_secs(100), room.next(back)).await;
    back.expect("it goes back up");
    server.publisher().say("by websocket").await;

    proxy.set(|rules| (rules.refuse_websocket, rules.refuse_sse) = (true, true));
    proxy.cut();
    server.publisher().say("cut again").await;
    assert_eq!(room.is_open().await, "poll");
    server.publisher().say("by polling").await;
    assert_eq!(room.events_until(5).await, [1, 2, 3, 4, 5]);
    let mut late = Room::open(&proxy.origin(), &json!({}));
    assert_eq!(late.is_open().await, "poll");
}

#[tokio::test]
async fn without_a_websocket_or_with_a_programs_token_it_streams() {
    let server = Server::start().await;
    let mut command = node::script("sdk.mjs");
    command.args([&server.origin(), "{}"]);
    command.env("NODE_OPTIONS", "--no-experimental-websocket");
    let mut room = Room::run(command);
    assert_eq!(room.is_open().await, "sse");
    let mut program = Room::open(&server.origin(), &json!({"token": TOKEN}));
    assert_eq!(program.is_open().await, "sse");
    assert_eq!(offset(&program.ask("publish", message("Hello")).await.unwrap()), 1);
    assert_eq!(room.events_until(1).await, [1]);
}

#[tokio::test]
async fn the_example_publishes_follows_and_goes_on_in_its_next_run() {
    let server = Server::start().await;
    let folder = server.scratch();
    std::fs::copy(repository().join("examples/follow.mjs"), folder.join("follow.mjs")).unwrap();
    let library = repository().join("sdk/js/src/nowcast.js");
    let library = format!("export * from {};", json!(format!("file://{}", library.display())));
    std::fs::write(folder.join("nowcast.mjs"), library).unwrap();
    let start = |token: &str| {
        let mut command = Command::new(node::program());
        command.arg("follow.mjs").current_dir(folder).stdout(Stdio::piped()).kill_on_drop(true);
        command.env("NOWCAST_URL", server.origin()).env("NOWCAST_TOKEN", token);
        let mut child = command.spawn().expect("Node can be started");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        (child, lines)
    };
    let (mut first, mut lines) = start(TOKEN);
    let line = in_time("an item", lines.next_line()).await.unwrap();
    assert_eq!(line.as_deref(), Some(r#"message {"text":"Hello from Node"}"#));
    let id = first.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).expect("it runs");
    kill_process(id, Signal::INT).expect("it can be told to end");
    assert!(in_time("it ends", first.wait()).await.unwrap().success());

    server.publisher().say("missed").await;
    let (_second, mut lines) = start("");
    let line = in_time("an item", lines.next_line()).await.unwrap();
    assert_eq!(line.as_deref(), Some(r#"message {"text":"missed"}"#), "and nothing again");
}

#[tokio::test]
async fn its_parts_pass_their_own_tests() {
    let (mut command, folder) = (Command::new(node::program()), repository().join("sdk/js"));
    command.arg("--test").current_dir(folder).kill_on_drop(true);
    node::output(command).await;
}

#[tokio::test]
async fn its_types_are_those_of_its_sources_and_of_its_use() {
    let mut command = Command::new(node::program());
    command.arg(node::modules().join("typescript/bin/tsc")).arg("-p");
    command.arg(repository().join("sdk/js")).kill_on_drop(true);
    node::output(command).await;
}
