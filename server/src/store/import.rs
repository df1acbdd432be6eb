//! `nowcast import`: lines of a log into a room in which nothing happened. All of them or none.

use super::progress::Progress;
use crate::app;
use crate::auth::Owners;
use crate::config::Folder;
use crate::db;
use crate::log::archive::Restore;
use anyhow::{Context, bail};
use clap::Args;
use nowcast_shared::id::RoomName;
use rusqlite::TransactionBehavior;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The longest line that is read, in bytes; the server's own limits are far below.
const LONGEST: u64 = 16 * 1024 * 1024;

/// What from, and where to.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
FILE is what `nowcast export --format ndjson` wrote. Offsets, times and authors stay as they are; what \
is exported again is the same, byte for byte. All of it is taken or, where a line is not right or the \
import is interrupted, nothing. The room gets a new epoch: pages that were in it begin anew.

Exit codes: 0 done, 1 not done, 2 misused.")]
pub struct Flags {
    /// The room; it is made if it is not there.
    #[arg(long, value_name = "ROOM", default_value = "main")]
    pub room: String,

    /// The file to read; standard input if it is left out, or `-`.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    #[command(flatten)]
    /// Whose.
    pub folder: Folder,
}

/// Reads the lines.
///
/// # Errors
/// Why it cannot be done, with the number of the line; then nothing has changed.
pub fn run(folder: &Path, flags: &Flags) -> anyhow::Result<ExitCode> {
    let name: RoomName = flags.room.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let (lines, size): (Box<dyn Read>, _) = match flags.file.as_deref() {
        Some(file) if file != Path::new("-") => {
            let open = || format!("{} cannot be read", file.display());
            let opened = File::open(file).with_context(open)?;
            let size = opened.metadata().with_context(open)?.len();
            (Box::new(opened), Some(size))
        }
        _ => (Box::new(io::stdin()), None),
    };
    let _lock = app::claim(folder)?;
    let mut connection = db::alone(folder)?;
    let progress = Progress::bytes("read", size);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let owners = Owners::load(&transaction)?;
    let mut restore = Restore::begin(&transaction, &name, |id| owners.of(id))?;
    read(lines, &mut restore, &progress)?;
    let limited = restore.keeping()?;
    let count = restore.end()?;
    transaction.commit()?;
    drop(progress);
    // Leaves a single file behind where that is possible.
    let _ = connection.pragma_update(None, "wal_checkpoint", "truncate");
    writeln!(io::stdout(), "{name}\t{count} events")
        .context("it was done, but could not be said")?;
    if limited != crate::log::Keeping::default() {
        eprintln!(
            "nowcast: the room keeps so much of its past only; what is more goes when the server is started"
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn read(lines: impl Read, restore: &mut Restore<'_>, progress: &Progress) -> anyhow::Result<()> {
    let mut lines = BufReader::with_capacity(1 << 16, lines);
    let mut line = Vec::new();
    for number in 1u64.. {
        line.clear();
        let read = (&mut lines).take(LONGEST + 1).read_until(b'\n', &mut line);
        let read = read.with_context(|| format!("line {number} cannot be read"))?;
        if read == 0 {
            return Ok(());
        }
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        if length > LONGEST {
            bail!("line {number}: it is far too long for an event");
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = std::str::from_utf8(text);
        let text = text.ok().with_context(|| format!("line {number}: it is not UTF-8"))?;
        restore.take(text).map_err(|error| anyhow::anyhow!("line {number}: {error}"))?;
        progress.add(length);
    }
    Ok(())
}
