//! The examples of `docs/clients.md`, run as they stand there.

use super::{compat, node};
use nowcast_tests::document::{example, examples};
use nowcast_tests::nginx::Nginx;
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{Server, TOKEN, nowcast, repository};
use nowcast_tests::wait::in_time;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const DOCUMENT: &str = "docs/clients.md";

/// Those that need no browser: run here.
const HERE: &[&str] = &[
    "curl-publish",
    "curl-follow",
    "command-line",
    "node",
    "rust-listen",
    "rust-publish",
    "python",
    "php",
    "socketio",
    "older-program",
];

/// Those that need one: run by `tests/browser/documents.rs`.
const IN_A_BROWSER: &[&str] = &["embed", "extension", "script-tag", "classic", "older-page"];

#[test]
fn no_example_is_left_out() {
    let shown: Vec<String> = examples(DOCUMENT).into_iter().map(|(name, _)| name).collect();
    let run: BTreeSet<&str> = HERE.iter().chain(IN_A_BROWSER).copied().collect();
    assert_eq!(shown.iter().map(String::as_str).collect::<BTreeSet<_>>(), run);
    assert_eq!(shown.len(), run.len(), "each name is one example");
}

/// A program that runs, and what it prints.
struct Running {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// The next line that has this in it.
    async fn prints(&mut self, part: &str) -> String {
        in_time(&format!("a line with {part}"), async {
            loop {
                let line = self.lines.next_line().await.expect("its output can be read");
                let line = line.unwrap_or_else(|| panic!("the example ended without {part}"));
                if line.contains(part) {
                    return line;
                }
            }
        })
        .await
    }
}

/// The example, as somebody would adapt it: with the address of their server.
fn adapted(name: &str, origin: &str) -> String {
    assert!(HERE.contains(&name));
    let text = example(DOCUMENT, name);
    assert!(text.contains("http://127.0.0.1:8080"), "{name} asks the server");
    text.replace("http://127.0.0.1:8080", origin)
}

/// What runs a file with the example in it.
fn command(server: &Server, program: &[&str], file: &str, text: &str) -> Command {
    let path = server.scratch().join(file);
    std::fs::write(&path, text).expect("the folder can be written");
    let mut command = Command::new(program[0]);
    command
        .args(&program[1..])
        .arg(Path::new(&path))
        .current_dir(server.scratch())
        .env("NOWCAST_TOKEN", TOKEN)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Begins what goes on until it is stopped.
fn run(mut command: Command) -> Running {
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let lines = BufReader::new(child.stdout.take().expect("standard output is a pipe")).lines();
    Running { _child: child, lines }
}

/// Runs what ends by itself, and well; what it printed.
async fn output(mut command: Command) -> String {
    let output = in_time("the example ends", command.output()).await.expect("it can be run");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

fn shell(name: &str, server: &Server) -> Command {
    // A line that fails ends it.
    command(server, &["bash", "-euo", "pipefail"], "example.sh", &adapted(name, &server.origin()))
}

/// A program that publishes, prints what there is, and then what comes.
async fn publishes_and_follows(mut server: Server, mut running: Running, hello: &str) {
    running.prints(hello).await;
    server.publisher().say("and this").await;
    assert!(running.prints("and this").await.starts_with("message "));
    server.restart().await;
    server.publisher().say("after a restart").await;
    running.prints("after a restart").await;
}

#[tokio::test]
async fn curl_publishes() {
    let server = Server::start().await;
    output(shell("curl-publish", &server)).await;
    let page = Joining::new(Transport::Sse, server.origin()).open().await;
    let kinds: Vec<_> = page.snapshot().items.iter().map(|item| item.kind.clone()).collect();
    assert_eq!(kinds, ["post", "custom"]);
}

#[tokio::test]
async fn curl_follows() {
    let server = Server::start().await;
    let mut running = run(shell("curl-follow", &server));
    running.prints(r#""t":"welcome""#).await;
    server.publisher().say("Hello curl").await;
    running.prints("Hello curl").await;
}

#[tokio::test]
async fn python_publishes_and_follows() {
    let server = Server::start().await;
    let command =
        command(&server, &["python3"], "example.py", &adapted("python", &server.origin()));
    publishes_and_follows(server, run(command), "Hello from Python").await;
}

#[tokio::test]
async fn php_publishes_and_follows() {
    let server = Server::start().await;
    let command = command(&server, &["php"], "example.php", &adapted("php", &server.origin()));
    publishes_and_follows(server, run(command), "Hello from PHP").await;
}

#[tokio::test]
async fn the_command_line_publishes_and_listens() {
    let server = Server::start().await;
    let mut command = shell("command-line", &server);
    let program = nowcast();
    let folder = Path::new(program.as_std().get_program()).parent().expect("it lies in a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).expect("a plain name"));
    let printed = output(command).await;
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 4, "{printed}");
    assert!(lines[2].contains("Doors open at **seven**"), "{printed}");
    assert!(lines[3].contains("Hello all"), "{printed}");
}

/// A folder where Node finds a package under this name.
fn node(server: &Server, name: &str, package: &Path, text: &str) -> Command {
    let modules = server.scratch().join("node_modules");
    std::fs::create_dir_all(&modules).expect("the folder can be written");
    let link = std::os::unix::fs::symlink(package, modules.join(name));
    link.expect("the folder can be written");
    let program = node::program();
    command(server, &[program.to_str().expect("a plain name")], "example.mjs", text)
}

/// The example for Node, which finds the library as it would an installed one.
fn with_library(server: &Server, origin: &str) -> Command {
    let package = server.scratch().join("package");
    std::fs::create_dir_all(&package).expect("the folder can be written");
    let described = json!({"type": "module", "exports": "./src/nowcast.js"}).to_string();
    std::fs::write(package.join("package.json"), described).expect("the folder can be written");
    let sources = repository().join("sdk/js/src");
    let link = std::os::unix::fs::symlink(sources, package.join("src"));
    link.expect("the folder can be written");
    node(server, "nowcast", &package, &adapted("node", origin))
}

#[tokio::test]
async fn node_publishes_and_follows() {
    let server = Server::start().await;
    let running = run(with_library(&server, &server.origin()));
    publishes_and_follows(server, running, "Hello from Node").await;
}

#[tokio::test]
async fn node_publishes_and_follows_behind_nginx() {
    let server = Server::start().await;
    let nginx = Nginx::start("site", &server).await;
    let running = run(with_library(&server, &nginx.origin()));
    publishes_and_follows(server, running, "Hello from Node").await;
}

/// A page with this version of the client.
async fn speaks_socket_io(mut server: Server, package: &str, origin: &str) {
    let package = node::modules().join(package);
    let text = adapted("socketio", origin);
    let mut running = run(node(&server, "socket.io-client", &package, &text));
    for line in ["from ", "post {", "tweet Ana Hello from Socket.IO", "chat "] {
        running.prints(line).await;
    }
    server.restart().await;
    running.prints("from ").await;
    server.publisher().say("after a restart").await;
    running.prints("after a restart").await;
}

#[tokio::test]
async fn socket_io_4_and_3_publish_say_and_follow() {
    for package in ["socket.io-client", "socket.io-client-3"] {
        let server = Server::start().await;
        let origin = server.origin();
        speaks_socket_io(server, package, &origin).await;
    }
}

#[tokio::test]
async fn socket_io_publishes_says_and_follows_behind_nginx() {
    let server = Server::start().await;
    let nginx = Nginx::start("site", &server).await;
    speaks_socket_io(server, "socket.io-client", &nginx.origin()).await;
}

/// A program of `sdk/rust/examples`, which the document shows as it is.
fn rust(server: &Server, name: &str, arguments: &[&str]) -> Command {
    let source = repository().join(format!("sdk/rust/examples/{name}.rs"));
    let source = std::fs::read_to_string(&source).expect("the example is there");
    assert_eq!(example(DOCUMENT, &format!("rust-{name}")), source, "{name}.rs is shown as it is");
    // Cargo puts examples beside the folder of the tests.
    let tests = std::env::current_exe().expect("where this test is");
    let folder = tests.parent().and_then(Path::parent).expect("it lies in target/debug/deps");
    let program = folder.join("examples").join(name);
    assert!(program.is_file(), "cargo build -p nowcast-sdk --examples makes {}", program.display());
    let mut command = Command::new(program);
    command.arg(server.origin()).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn rust_publishes_and_follows() {
    let mut server = Server::start().await;
    let mut running = run(rust(&server, "listen", &["main"]));
    running.prints("0 items so far").await;
    let published = output(rust(&server, "publish", &[TOKEN, "Hello from Rust"])).await;
    assert!(published.contains(" at 1"), "{published}");
    running.prints("Hello from Rust").await;
    server.restart().await;
    server.publisher().say("after a restart").await;
    running.prints("after a restart").await;
}

#[tokio::test]
async fn an_older_program_says_all_that_it_can() {
    let server = compat::setup().start().await;
    let printed = output(shell("older-program", &server)).await;
    for part in ["{}[{", r#""user":"Ana""#, "Ana : Hello\n"] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
}
