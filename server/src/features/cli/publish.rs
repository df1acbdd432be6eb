//! `nowcast publish`.

mod from;

use super::listen::Format;
use super::{Failure, Server, note, plain, print, what};
use clap::Args;
use from::Mapped;
use nowcast_sdk::{Error, Published, Publisher};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// What to publish.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    nowcast publish 'Doors open at **seven**'\n  \
    nowcast publish --kind link url=https://example.org 'title=The programme'\n  \
    nowcast publish --kind custom --data '{\"goals\": [2, 1]}'\n  \
    tail -f notes.txt | nowcast publish --lines\n  \
    nowcast publish --from posts.ndjson --resume-key posts\n  \
    nowcast publish --from - --kind post --map user=/account/acct --map text=/content\n\n\
    Exit codes: 0 published, 1 not sent, 2 misused, 3 refused by the server, 4 not reachable, \
    5 published but for lines that were skipped (--from).")]
pub struct Flags {
    #[command(flatten)]
    /// Where, and by which right.
    pub server: Server,

    /// The item's kind.
    #[arg(long, value_name = "KIND", default_value = "message")]
    pub kind: String,

    /// The item's data as JSON; `-` reads it from standard input.
    #[arg(long, value_name = "JSON")]
    pub data: Option<String>,

    /// What to publish, in place of --data: a text, or fields of the data as `FIELD=VALUE`; `-`
    /// reads a text from standard input.
    #[arg(value_name = "TEXT")]
    pub words: Vec<String>,

    /// Publishes each line of standard input as it comes: a text, or JSON with `--data -`.
    #[arg(long, conflicts_with = "words")]
    pub lines: bool,

    /// Publishes each line of a file, or of standard input (`-`), in order: an item as
    /// {"kind":…,"data":…}, or the data of one of --kind. Lines that are no items are named, counted
    /// and skipped.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words", "lines", "data", "idempotency_key"])]
    pub from: Option<PathBuf>,

    /// With --from, makes the data of each line by JSON pointers: FIELD=/pointer, or FIELD==text for
    /// the same text in each. Repeatable.
    #[arg(long, value_name = "FIELD=/POINTER", requires = "from")]
    pub map: Vec<Mapped>,

    /// With --from, a name for this file: run again within a day after a break, nothing is published
    /// twice.
    #[arg(long, value_name = "KEY", requires = "from", value_parser = resume_key)]
    pub resume_key: Option<String>,

    /// Publishes what has this key once, however often it is run. With --lines, the number of the
    /// line is added to it.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,

    /// For how many seconds to try while the server is away; what was sent twice for that is
    /// published once.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub wait: u64,

    /// How to print what was published: the id and the offset with a tab between them, or the
    /// server's answer as JSON.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// Publishes, and prints each item's id and offset.
///
/// # Errors
/// See [`Failure`].
pub async fn run(flags: Flags) -> Result<(), Failure> {
    let Server { server, room, token } = &flags.server;
    let publisher = match token {
        Some(token) => Publisher::to(server, room, token)?,
        None => Publisher::anyone(server, room)?,
    };
    if let Some(from) = &flags.from {
        return from::run(publisher, &flags, from).await;
    }
    let publishing = Publishing { publisher, flags };
    if publishing.flags.lines {
        return publishing.lines().await;
    }
    let Flags { kind, data, words, idempotency_key, .. } = &publishing.flags;
    let data = what::data(kind, data.as_deref(), words)?;
    publishing.publish(idempotency_key.clone(), data).await
}

/// A key that the number of a line fits behind.
fn resume_key(text: &str) -> Result<String, String> {
    let fits = (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let wrong = "it has 1 to 100 visible ASCII characters, without spaces";
    if fits { Ok(text.to_owned()) } else { Err(wrong.to_owned()) }
}

struct Publishing {
    publisher: Publisher,
    flags: Flags,
}

impl Publishing {
    async fn lines(&self) -> Result<(), Failure> {
        let as_json = match self.flags.data.as_deref() {
            None => false,
            Some("-") => true,
            Some(_) => {
                let text =
                    "With --lines the data comes from standard input: give --data - or none.";
                return Err(Failure::Invalid(text.to_owned()));
            }
        };
        let mut lines = what::lines();
        let mut number = 0u64;
        while let Some(line) = lines.recv().await {
            let line = line?;
            number += 1;
            if line.trim().is_empty() {
                continue;
            }
            let data = if as_json {
                what::from_json(&line)?
            } else {
                what::from_text(&self.flags.kind, &line)
            };
            let key = self.flags.idempotency_key.as_ref().map(|key| format!("{key}-{number}"));
            self.publish(key, data).await?;
        }
        Ok(())
    }

    async fn publish(&self, key: Option<String>, data: Value) -> Result<(), Failure> {
        let key = key.map_or_else(Publisher::new_key, Ok)?;
        let published = self.publish_as(&key, data).await?;
        let Published { id, offset, at, repeated } = published;
        print(&match self.flags.format {
            Format::Text => format!("{}\t{offset}", plain(&id.to_string())),
            Format::Json => {
                json!({"id": id, "offset": offset, "at": at, "repeated": repeated}).to_string()
            }
        })
    }

    /// Says so when the server is away, and goes on trying.
    async fn publish_as(&self, key: &str, data: Value) -> Result<Published, Error> {
        let Flags { kind, wait, .. } = &self.flags;
        let at_once = self.publisher.clone().patience(Duration::ZERO);
        let error = match at_once.publish_as(key, kind, data.clone()).await {
            Err(error) if error.is_temporary() && *wait > 0 => error,
            answer => return answer,
        };
        note(&format!("{error}; trying for {wait} seconds"));
        let patient = self.publisher.clone().patience(Duration::from_secs(*wait));
        patient.publish_as(key, kind, data).await
    }
}
