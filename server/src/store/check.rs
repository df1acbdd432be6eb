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

/// What somebody else keeps in the same database, by tables of its own: how to look at it and to
/// mend it, where the database is attached as `live`. Its tables may not be there.
pub struct Part {
    /// What is not as it should be.
    pub look: fn(&Connection) -> rusqlite::Result<Vec<String>>,
    /// Mends all of that.
    pub mend: fn(&Connection) -> rusqlite::Result<()>,
}

/// Whether `live` has such a table.
///
/// # Errors
/// Those of the database.
pub fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM live.sqlite_schema WHERE type = 'table' AND name = ?)";
    connection.query_row(sql, [name], |row| row.get(0))
}

/// Looks, and says what is found.
///
/// # Errors
/// Why it cannot be looked at.
pub fn run(folder: &Path, flags: &Flags, parts: &[Part]) -> Result<ExitCode> {
    match look_at_all(folder, flags, parts) {
        // So damaged that SQLite does not get to say where.
        Err(error) if is_damage(&error) => {
            writeln!(std::io::stdout(), "the file: {error:#}\nGo back to a backup.")
                .context("it cannot be said")?;
            Ok(ExitCode::from(DIFFERS))
        }
        looked => looked,
    }
}

fn is_damage(error: &anyhow::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let codes = error.chain().filter_map(|cause| cause.downcast_ref::<rusqlite::Error>());
    codes
        .filter_map(rusqlite::Error::sqlite_error_code)
        .any(|code| matches!(code, DatabaseCorrupt | NotADatabase))
}

fn look_at_all(folder: &Path, flags: &Flags, parts: &[Part]) -> Result<ExitCode> {
    let _lock = flags.repair.then(|| app::claim(folder)).transpose()?;
    db::ensure_something(folder)?;
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
    for part in parts {
        let found = (part.look)(&scratch).context("what belongs to rooms cannot be looked at")?;
        if flags.repair && !found.is_empty() {
            (part.mend)(&scratch).context("what belongs to rooms cannot be mended")?;
        }
        for what in found {
            tell(&Difference { what, mendable: true }, flags.repair)?;
        }
    }
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
