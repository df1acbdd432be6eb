//! `nowcast listen` and `nowcast publish`: a room on the command line, through `nowcast-sdk`. They
//! need no data folder.
//!
//! - [`listen`]: each event as a line. [`line`](mod@line): what such a line says.
//! - [`publish`]: an item, or one for each line of standard input or of a file. [`what`]: what it is
//!   made of.

mod line;
pub mod listen;
pub mod publish;
mod what;

use crate::words::is_direction;
use clap::{Args, Subcommand};
use nowcast_sdk::Error;
use std::io::{self, Write};
use std::process::ExitCode;

/// What is done in a room of a server.
#[derive(Clone, Debug, Subcommand)]
pub enum Task {
    /// Prints what happens in a room of a server, as it happens; goes on over restarts.
    Listen(Box<listen::Flags>),
    /// Publishes in a room of a server, and prints the item's id and offset.
    Publish(Box<publish::Flags>),
}

/// Does it; what to exit with.
pub async fn run(task: Task) -> ExitCode {
    let done = match task {
        Task::Listen(flags) => listen::run(*flags).await,
        Task::Publish(flags) => publish::run(*flags).await,
    };
    done.map_or_else(Failure::exit, |()| ExitCode::SUCCESS)
}

/// How a task ended that did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// What it was given is not right; it was not sent.
    Invalid(String),
    /// The server does not want it.
    Refused(String),
    /// The server cannot be reached, or is none.
    Unreachable(String),
    /// It was done, but for what was said to be skipped.
    Skipped,
    /// Nobody reads the output any more; that is no error.
    Unread,
    /// Asked to stop by this signal.
    Interrupted(u8),
}

impl Failure {
    /// Says what was wrong, and gives the code to exit with.
    pub fn exit(self) -> ExitCode {
        let (text, code) = match self {
            Self::Unread => return ExitCode::SUCCESS,
            Self::Skipped => return ExitCode::from(5),
            // As shells expect it.
            Self::Interrupted(signal) => return ExitCode::from(128 + signal),
            Self::Invalid(text) => (text, 1),
            Self::Refused(text) => (text, 3),
            Self::Unreachable(text) => (text, 4),
        };
        note(&text);
        ExitCode::from(code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Refused(_) | Error::Ended(_) => Self::Refused(text),
            Error::Invalid(_) => Self::Invalid(text),
            _ => Self::Unreachable(text),
        }
    }
}

/// Where, and by which right.
#[derive(Clone, Debug, Args)]
pub struct Server {
    /// The server.
    #[arg(long, env = "NOWCAST_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,

    /// The room.
    #[arg(long, env = "NOWCAST_ROOM", value_name = "ROOM", default_value = "main")]
    pub room: String,

    /// A token, as `nowcast token` makes them. What stands on a command line can be seen by others
    /// on the machine; the variable cannot.
    #[arg(long, env = "NOWCAST_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
}

/// Prints one line of JSON or of [`plain`] text, at once.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Unread),
        Err(error) => Err(Failure::Invalid(format!("the output cannot be written: {error}"))),
    }
}

/// Says something beside the output; in words of the server's, perhaps. Whoever does not read it may
/// have closed it.
fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "nowcast: {}", plain(text));
}

/// On one line, and without what would tell a terminal to do something: strangers wrote it, or a
/// server that nobody has a reason to trust.
fn plain(text: &str) -> String {
    let blank = |character: char| {
        let breaks = character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
        if breaks { ' ' } else { character }
    };
    text.chars().filter(|character| !is_direction(*character)).map(blank).collect()
}
