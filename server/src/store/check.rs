//! `nowcast check`: whether all that is kept is as it should be.

use super::progress::Progress;
use crate::app;
use crate::auth::Owners;
use crate::config::Folder;
use crate::db;
use crate::log::verify::{self, Difference, Examined};
use anyhow::{Context, Result};
use clap::Args;
use rusqlite::{Connection, TransactionBehavior};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// What to exit with where something is not as it should be.
const DIFFERS: u8 = 5;

/// What to look at.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
It looks at the database file itself; then it applies each room's log anew and compares what comes of \
that with what pages are shown: items, words, the stage, variables, title and settings. Where a room \
no longer has the beginning of its log, that is done as far as the log reaches. Each difference is a \
line of output.

Exit codes: 0 all is well (with --repair: now), 1 it cannot be looked at, 2 misused, 5 something is not \
as it should be and stays so: without --repair, or because the log itself is damaged. Then go back to a \
backup.")]
pub struct Flags {
    /// Rebuilds what is otherwise than the log says, and writes the database anew where it could not
    /// give disk space back. The server must be stopped.
    #[arg(long)]
    pub repair: bool,

    #[command(flatten)]
    /// Whose.
    pub folder: Folder,
}

/// Looks, and says what is found.
///
/// # Errors
/// Why it cannot be looked at.
pub fn run(folder: &Path, flags: &Flags) -> Result<ExitCode> {
    let _lock = flags.repair.then(|| app::claim(folder)).transpose()?;
    let path = folder.join("nowcast.db");
    if flags.repair {
        // Brings the tables to today's version; nobody else does, while this has the lock.
        let connection = db::alone(folder)?;
        connection.execute_batch("REINDEX").context("the indexes cannot be made anew")?;
        db::compact(&connection).context("the database cannot be written anew")?;
    }
    let (mut left, mut mended) = (0_u64, 0_u64);
    let mut tell = |difference: &Difference, is_mended: bool| -> Result<()> {
        let count = if is_mended { &mut mended } else { &mut left };
        *count += 1;
        let suffix = if is_mended { " (mended)" } else { "" };
        writeln!(std::io::stdout(), "{}{suffix}", difference.what).context("it cannot be said")
    };
    let scratch = db::beside(&path)?;
    for what in file(&scratch)? {
        tell(&Difference { what, mendable: false }, false)?;
    }
    let rooms = verify::rooms(&scratch)?;
    let progress = Progress::new("events", Some(rooms.iter().map(|room| room.events).sum()));
    for room in &rooms {
        let found = look(db::beside(&path)?, room, flags.repair, &progress)
            .with_context(|| format!("the room {} cannot be looked at", room.name))?;
        for difference in found {
            tell(&difference, flags.repair && difference.mendable)?;
        }
    }
    drop(progress);
    let count = rooms.len();
    let told = match (left, mended) {
        (0, 0) => format!("{count} rooms: all is well"),
        (0, _) => format!("{count} rooms: {mended} differences, all mended"),
        (_, 0) => format!("{count} rooms: {left} differences"),
        _ => format!("{count} rooms: {left} differences, and {mended} that are mended"),
    };
    writeln!(std::io::stdout(), "{told}").context("it cannot be said")?;
    Ok(if left == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) })
}

/// What is wrong with the file.
fn file(scratch: &Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = scratch.prepare("PRAGMA live.integrity_check")?;
    let told = statement.query_map([], |row| row.get::<_, String>(0))?;
    for told in told {
        found.extend(
            Some(told?).filter(|told| told != "ok").map(|told| format!("the file: {told}")),
        );
    }
    let mut statement = scratch.prepare("PRAGMA live.foreign_key_check")?;
    let told =
        statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(2)?)))?;
    for told in told {
        let (table, parent) = told?;
        found.push(format!("the table {table}: a row belongs to none of {parent}"));
    }
    Ok(found)
}

/// Looks at one room; what is found, of which what can be mended is.
fn look(
    mut scratch: Connection,
    room: &Examined,
    repair: bool,
    progress: &Progress,
) -> Result<Vec<Difference>> {
    let behavior =
        if repair { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    let owners = Owners::load_from(&scratch, "live")?;
    let transaction = scratch.transaction_with_behavior(behavior)?;
    let found = verify::examine(&transaction, room, &|| progress.add(1))?;
    // What a damaged log says is not better than what there is.
    let whole = found.iter().all(|difference| difference.mendable);
    if repair && whole && !found.is_empty() {
        verify::mend(&transaction, room, &|id| owners.of(id))?;
        transaction.commit()?;
    }
    let stays = |difference: Difference| Difference { mendable: whole, ..difference };
    Ok(found.into_iter().map(stays).collect())
}
