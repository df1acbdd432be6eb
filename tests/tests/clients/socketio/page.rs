//! A page in Node, led from here.

use crate::node::script;
use nowcast_tests::server::Server;
use nowcast_tests::wait::{LIMIT, in_time};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

/// Which client, and over what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    package: &'static str,
    transports: &'static str,
}

impl Way {
    pub(super) const V4_POLLS: Self = Self::of("socket.io-client", "polling");
    pub(super) const V4_WEBSOCKET: Self = Self::of("socket.io-client", "websocket");
    pub(super) const V4_UPGRADED: Self = Self::of("socket.io-client", "polling,websocket");
    pub(super) const V3_POLLS: Self = Self::of("socket.io-client-3", "polling");
    pub(super) const V3_WEBSOCKET: Self = Self::of("socket.io-client-3", "websocket");
    pub(super) const V3_UPGRADED: Self = Self::of("socket.io-client-3", "polling,websocket");

    const fn of(package: &'static str, transports: &'static str) -> Self {
        Self { package, transports }
    }

    /// Whether it asks again and again.
    pub(super) fn polls(self) -> bool {
        self.last() == "polling"
    }

    /// What it ends up with.
    fn last(self) -> &'static str {
        self.transports.rsplit(',').next().unwrap_or_default()
    }
}

/// A page. Its sockets are called after their namespaces; most tests have one.
pub(super) struct Page {
    _child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// What happened and was not asked for.
    happened: VecDeque<Happened>,
    /// The name of everything that happened.
    names: Vec<String>,
    namespace: String,
    /// Namespaces that were opened before.
    opened: usize,
    way: Way,
}

struct Happened {
    namespace: String,
    event: String,
    arguments: Vec<Value>,
}

impl Page {
    pub(super) fn open(server: &Server, way: Way) -> Self {
        let mut command = script("socketio.mjs");
        command
            .env("URL", server.origin())
            .env("PACKAGE", way.package)
            .env("TRANSPORTS", way.transports)
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::inherit());
        let mut child = command.spawn().expect("Node can be run");
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = child.stdout.take().expect("a pipe");
        Self {
            _child: child,
            stdin,
            lines: BufReader::new(stdout).lines(),
            happened: VecDeque::new(),
            names: Vec::new(),
            namespace: "/".to_owned(),
            opened: 0,
            way,
        }
    }

    async fn send(&mut self, command: Value) {
        let line = format!("{command}\n");
        self.stdin.write_all(line.as_bytes()).await.expect("Node is there");
    }

    /// Begins to connect.
    pub(super) async fn begin(&mut self, namespace: &str, auth: Value) {
        self.opened += 1;
        namespace.clone_into(&mut self.namespace);
        self.send(json!(["open", namespace, namespace, auth])).await;
    }

    /// Comes into a room; its welcome.
    pub(super) async fn connect(&mut self, namespace: &str, auth: Value) -> Value {
        self.begin(namespace, auth).await;
        self.next("connect").await;
        let welcome = self.next("welcome").await.0;
        // Whatever a test is about, it is about the transport that it names.
        let begun = Instant::now();
        while self.transport().await != self.way.last() {
            assert!(begun.elapsed() < LIMIT, "there is no upgrade by {:?}", self.way);
        }
        welcome
    }

    /// Is refused: the message, and what comes with it.
    pub(super) async fn refused(&mut self, namespace: &str, auth: Value) -> (String, Value) {
        self.begin(namespace, auth).await;
        let (message, data) = self.next("connect_error").await;
        (message.as_str().expect("a message").to_owned(), data)
    }

    async fn transport(&mut self) -> String {
        self.send(json!(["transport"])).await;
        loop {
            let happened = self.read("the transport").await;
            if happened.event == "transport" {
                return happened.arguments[0].as_str().unwrap_or_default().to_owned();
            }
            self.happened.push_back(happened);
        }
    }

    /// Speaks of this namespace from now on.
    pub(super) fn turn_to(&mut self, namespace: &str) {
        namespace.clone_into(&mut self.namespace);
    }

    pub(super) async fn emit(&mut self, event: &str, first: Value) {
        self.send(json!(["emit", self.namespace, event, first])).await;
    }

    /// Emits, and waits for the answer.
    pub(super) async fn ask(&mut self, event: &str, first: Value) -> Value {
        self.send(json!(["ask", self.namespace, event, first])).await;
        self.next("answer").await.0
    }

    /// Leaves the namespace.
    pub(super) async fn leave(&mut self) {
        self.send(json!(["close", self.namespace])).await;
        // Version 3 says the latter where it was the last namespace.
        let why = self.next("disconnect").await.0;
        assert!(why == "io client disconnect" || why == "forced close", "{why}");
        self.happened.clear();
    }

    /// Leaves all.
    pub(super) async fn close(mut self) {
        self.leave().await;
    }

    /// What comes next under this name: the first two arguments.
    pub(super) async fn next(&mut self, event: &str) -> (Value, Value) {
        let mut arguments = self.take(event, |_| true).await.into_iter();
        (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default())
    }

    /// What comes next under this name for which this holds.
    pub(super) async fn next_where(
        &mut self,
        event: &str,
        holds: impl Fn(&Value, &Value) -> bool,
    ) -> Value {
        let fits = |arguments: &[Value]| {
            let argument = |index| arguments.get(index).unwrap_or(&Value::Null);
            holds(argument(0), argument(1))
        };
        self.take(event, fits).await.swap_remove(0)
    }

    async fn take(&mut self, event: &str, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let (mut at, begun) = (0, Instant::now());
        loop {
            while at >= self.happened.len() {
                // Other things may happen all the time.
                assert!(begun.elapsed() < LIMIT, "waited {LIMIT:?} in vain for {event}");
                let happened = self.read(event).await;
                self.happened.push_back(happened);
            }
            let this = &self.happened[at];
            if this.namespace == self.namespace && this.event == event && fits(&this.arguments) {
                return self.happened.remove(at).map(|this| this.arguments).unwrap_or_default();
            }
            at += 1;
        }
    }

    /// How often something of this name has happened.
    pub(super) fn seen(&self, event: &str) -> usize {
        self.names.iter().filter(|name| *name == event).count()
    }

    async fn read(&mut self, awaited: &str) -> Happened {
        let what = format!("{awaited} in {} by {:?}", self.namespace, self.way);
        let line = in_time(&what, self.lines.next_line()).await.expect("Node is there");
        let line = line.unwrap_or_else(|| panic!("Node ended while it waited for {what}"));
        let line: Value = serde_json::from_str(&line).expect("a line of JSON");
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let event = text("event");
        self.names.push(event.clone());
        let arguments = line["args"].as_array().cloned().unwrap_or_default();
        Happened { namespace: text("name"), event, arguments }
    }
}
