//! The examples of `docs/clients.md`, run as they stand there.

use super::compat;
use nowcast_tests::document::{example, examples};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{Server, TOKEN};
use nowcast_tests::wait::in_time;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const DOCUMENT: &str = "docs/clients.md";

/// Those that need no browser: run here.
const HERE: &[&str] = &["curl-publish", "curl-follow", "python", "php", "older-program"];

/// Those that need one: run by `tests/browser/documents.rs`.
const IN_A_BROWSER: &[&str] = &["older-page"];

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
fn adapted(name: &str, server: &Server) -> String {
    assert!(HERE.contains(&name));
    let text = example(DOCUMENT, name);
    assert!(text.contains("http://127.0.0.1:8080"), "{name} asks the server");
    text.replace("http://127.0.0.1:8080", &server.origin())
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
    command(server, &["bash", "-euo", "pipefail"], "example.sh", &adapted(name, server))
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
    let command = command(&server, &["python3"], "example.py", &adapted("python", &server));
    publishes_and_follows(server, run(command), "Hello from Python").await;
}

#[tokio::test]
async fn php_publishes_and_follows() {
    let server = Server::start().await;
    let command = command(&server, &["php"], "example.php", &adapted("php", &server));
    publishes_and_follows(server, run(command), "Hello from PHP").await;
}

#[tokio::test]
async fn an_older_program_says_all_that_it_can() {
    let server = compat::setup().start().await;
    let printed = output(shell("older-program", &server)).await;
    for part in [r#"{}[{"#, r#""user":"Ana""#, "Ana : Hello\n"] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
}
