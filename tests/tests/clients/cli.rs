//! `nowcast listen` and `nowcast publish`: the real binary, beside a real server.

mod listen;
mod publish;

use nowcast_tests::server::{Server, TOKEN, nowcast};
use nowcast_tests::wait::in_time;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// A task of the command line that runs.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    notes: Lines<BufReader<ChildStderr>>,
    input: Option<ChildStdin>,
}

/// How one ended.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// A task of the command line, for this server.
fn task(server: &str, arguments: &[&str]) -> Command {
    let mut command = nowcast();
    command
        .args(arguments)
        .env("NOWCAST_URL", server)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The same, with the publish token.
fn with_token(server: &Server, arguments: &[&str]) -> Command {
    let mut command = task(&server.origin(), arguments);
    command.env("NOWCAST_TOKEN", TOKEN);
    command
}

fn start(mut command: Command) -> Running {
    let mut child = command.spawn().expect("the binary can be started");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let notes = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let input = child.stdin.take();
    Running { child, lines, notes, input }
}

/// Runs one to its end.
async fn run(command: Command) -> Done {
    start(command).end().await
}

impl Running {
    /// The next line of its output.
    async fn line(&mut self) -> String {
        let line = in_time("a line", self.lines.next_line()).await.expect("UTF-8");
        line.expect("the output goes on")
    }

    /// Reads what it says beside its output until something of this kind.
    async fn noted(&mut self, what: &str) -> String {
        let noting = async {
            loop {
                let line = self.notes.next_line().await.expect("UTF-8");
                let line = line.unwrap_or_else(|| panic!("it ended and did not say {what:?}"));
                if line.contains(what) {
                    return line;
                }
            }
        };
        in_time(what, noting).await
    }

    /// Writes to its standard input.
    async fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("it is not closed");
        input.write_all(text.as_bytes()).await.expect("it reads");
    }

    /// Waits until it has ended.
    async fn status(&mut self) -> ExitStatus {
        in_time("the task ends", self.child.wait()).await.expect("its status can be read")
    }

    /// Closes its standard input and waits for its end; what it still said.
    async fn end(mut self) -> Done {
        drop(self.input.take());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let (mut lines, mut notes) = (self.lines.into_inner(), self.notes.into_inner());
        let reading = async {
            tokio::try_join!(lines.read_to_string(&mut stdout), notes.read_to_string(&mut stderr))
        };
        in_time("the task ends", reading).await.expect("UTF-8");
        let status = in_time("the task ends", self.child.wait()).await.expect("a status");
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(!stderr.contains(TOKEN), "the token is a secret: {stderr}");
        Done { code: status.code(), stdout, stderr }
    }
}

impl Done {
    /// Makes sure that it ended so, and said this beside its output.
    fn failed(&self, code: i32, saying: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.contains(saying), "{saying:?} is to be in {self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
    }
}
