//! `nowcast export`: a room's log as lines.

use super::output::{self, Beside};
use super::progress::Progress;
use crate::config::Folder;
use crate::log::archive;
use crate::{clock, db};
use anyhow::Context;
use clap::{Args, ValueEnum};
use nowcast_shared::id::RoomName;
use serde_json::Value;
use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What of, and where to.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
What an event is in NDJSON is what pages are sent of it. `nowcast import` reads it again, and what \
comes of that is exported the same, byte for byte. CSV is for spreadsheets: cells that one would take \
for a formula begin with an apostrophe, and the last column has the whole event.

Exit codes: 0 done, 1 not done, 2 misused.")]
pub struct Flags {
    /// The room.
    #[arg(long, value_name = "ROOM", default_value = "main")]
    pub room: String,

    /// What the lines are.
    #[arg(long, value_name = "FORMAT", default_value = "ndjson")]
    pub format: Format,

    /// The file to make; standard output if it is left out, or `-`.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Writes over FILE if it is there.
    #[arg(long)]
    pub force: bool,

    #[command(flatten)]
    /// Whose.
    pub folder: Folder,
}

/// What lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON, as on the wire.
    Ndjson,
    /// Cells, separated by commas.
    Csv,
}

/// Writes the log.
///
/// # Errors
/// Why it cannot be done; then there is no FILE, or the one that was there.
pub fn run(folder: &Path, flags: &Flags) -> anyhow::Result<ExitCode> {
    let name: RoomName = flags.room.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    if let Some(file) = flags.file.as_deref().filter(|file| *file != Path::new("-")) {
        output::ensure_apart(file, folder)?;
        let beside = Beside::new(file, flags.force)?;
        let mut out = BufWriter::new(beside.open()?);
        write(folder, &name, flags.format, &mut out)?;
        out.flush().context("the file cannot be written")?;
        beside.put()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written =
        write(folder, &name, flags.format, &mut out).and_then(|()| out.flush().map_err(Into::into));
    // Whoever read the output may have had enough.
    let closed = |error: &anyhow::Error| {
        let error = error.downcast_ref::<io::Error>();
        error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    match written {
        Err(error) if closed(&error) => {}
        written => written?,
    }
    Ok(ExitCode::SUCCESS)
}

fn write(
    folder: &Path,
    name: &RoomName,
    format: Format,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let done: anyhow::Result<()> = db::peek(folder, |connection| {
        // One moment for all of it.
        connection.execute_batch("BEGIN")?;
        let Some(span) = archive::span(connection, name)? else {
            return Ok(Err(anyhow::anyhow!("there is no room called {name}")));
        };
        let count = u64::try_from(span.head - span.first + 1).unwrap_or(0);
        let progress = Progress::new("events", Some(count));
        let mut write = || -> anyhow::Result<()> {
            if format == Format::Csv {
                row(out, &COLUMNS.map(Cow::Borrowed))?;
            }
            archive::each(connection, &span, |offset, at, author, event| {
                match format {
                    // The same text as in `record`.
                    Format::Ndjson => writeln!(
                        out,
                        r#"{{"t":"event","offset":{offset},"at":{at},"by":{author},"event":{event}}}"#
                    )?,
                    Format::Csv => row(out, &cells(offset, at, author, event))?,
                }
                progress.add(1);
                anyhow::Ok(())
            })
        };
        Ok(write())
    })
    .with_context(|| format!("the database in {} cannot be read", folder.display()))?;
    done
}

/// What the columns are.
const COLUMNS: [&str; 11] =
    ["offset", "at", "time", "kind", "role", "author", "name", "id", "item", "text", "event"];

fn cells(offset: i64, at: i64, author: &str, event: &str) -> [Cow<'static, str>; 11] {
    let (by, what) = (read(author), read(event));
    let item = &what["item"];
    let text = |value: &Value| -> Cow<'static, str> {
        match value {
            Value::String(text) => text.clone().into(),
            Value::Null => "".into(),
            other => other.to_string().into(),
        }
    };
    let first = |values: &[&Value]| {
        values.iter().map(|value| text(value)).find(|text| !text.is_empty()).unwrap_or_default()
    };
    let data = &item["data"];
    let piece = &what["piece"];
    [
        offset.to_string().into(),
        at.to_string().into(),
        clock::written(at).into(),
        text(&what["kind"]),
        text(&by["role"]),
        text(&by["id"]),
        first(&[&what["name"], &by["name"]]),
        first(&[
            &item["id"],
            &what["id"],
            &piece["id"],
            if piece.is_string() { piece } else { &Value::Null },
            if item.is_string() { item } else { &Value::Null },
        ]),
        text(&item["kind"]),
        first(&[
            &data["text"],
            &data["title"],
            &data["url"],
            &what["text"],
            &what["title"],
            &what["value"],
        ]),
        event.to_owned().into(),
    ]
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A row, by RFC 4180.
fn row(out: &mut impl Write, cells: &[Cow<'_, str>]) -> io::Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(cell_of(cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

/// A cell that a spreadsheet takes for nothing but text.
fn cell_of(text: &str) -> Cow<'_, str> {
    let steers = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let text: Cow<'_, str> =
        if text.starts_with(steers) { format!("'{text}").into() } else { text.into() };
    if text.contains([',', '"', '\n', '\r', ';', '\t']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_a_row() {
        for (text, cell) in [
            ("plain", "plain"),
            ("", ""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("+49 30", "'+49 30"),
            ("＝1", "'＝1"),
            ("\tx", "\"'\tx\""),
            ("\r=1", "\"'\r=1\""),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("say \"hi\"\nthere", "\"say \"\"hi\"\"\nthere\""),
        ] {
            assert_eq!(cell_of(text), cell);
        }
    }

    #[test]
    fn a_row_says_who_what_and_all_of_it() {
        let author = r#"{"role":"publisher","id":"p1","name":"News"}"#;
        let event = r#"{"kind":"item_published","item":{"id":"i1","kind":"message","data":{"text":"=A1"}}}"#;
        let cells = cells(7, 0, author, event);
        let expected = [
            "7",
            "0",
            "1970-01-01T00:00:00Z",
            "item_published",
            "publisher",
            "p1",
            "News",
            "i1",
            "message",
            "=A1",
        ];
        assert_eq!(cells[..10], expected);
        assert_eq!(cells[10], event);
        let said = r#"{"kind":"said","id":"s1","name":"Ana","text":"Hi"}"#;
        let cells = super::cells(8, 0, r#"{"role":"viewer","id":"p2"}"#, said);
        assert_eq!((&*cells[6], &*cells[7], &*cells[9]), ("Ana", "s1", "Hi"));
    }
}
