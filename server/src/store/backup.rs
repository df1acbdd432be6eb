//! `nowcast backup`: a copy of everything, as of one moment, while a server works.

use super::output::{self, Beside};
use super::progress::Progress;
use crate::config::Folder;
use crate::{clock, db, epochs};
use anyhow::Context;
use clap::Args;
use rusqlite::backup::{Backup, StepResult};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How many pages (of 4 KiB) are copied between two looks at how far it is.
const STEP: i32 = 256;

/// Where to.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
FILE is a database with everything that is kept but the pictures, which go into FILE.uploads. To go \
back to it, put FILE as nowcast.db, and FILE.uploads as uploads, into an empty folder, and start the \
server there; its rooms begin new epochs, so that no page takes what happens then for what it saw \
before. A key file beside the database is not in it: keep that elsewhere.

Exit codes: 0 done, 1 not done, 2 misused.")]
pub struct Flags {
    /// The file to make.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Writes over FILE if it is there.
    #[arg(long)]
    pub force: bool,

    /// Leaves the pictures where they are.
    #[arg(long)]
    pub without_uploads: bool,

    #[command(flatten)]
    /// Whose.
    pub folder: Folder,
}

/// Copies everything.
///
/// # Errors
/// Why it cannot be done; then there is no FILE, or the one that was there.
pub fn run(folder: &Path, flags: &Flags) -> anyhow::Result<ExitCode> {
    output::ensure_apart(&flags.file, folder)?;
    let beside = Beside::new(&flags.file, flags.force)?;
    copy_database(folder, beside.path())?;
    // What a picture is shown by is kept after it: all that this copy knows of are there now.
    let pictures = if flags.without_uploads {
        None
    } else {
        Some(copy_uploads(&folder.join("uploads"), beside.place())?)
    };
    let place = beside.place().to_owned();
    beside.put()?;
    let size = fs::metadata(&place)?.len();
    let mut told = format!("{}\t{size} bytes", place.display());
    if let Some((uploads, count)) = pictures.filter(|(_, count)| *count > 0) {
        told = format!("{told}\n{}\t{count} pictures", uploads.display());
    }
    writeln!(std::io::stdout(), "{told}").context("it was done, but could not be said")?;
    Ok(ExitCode::SUCCESS)
}

/// Copies the database as it is at the beginning, whatever is written meanwhile.
fn copy_database(folder: &Path, to: &Path) -> anyhow::Result<()> {
    db::peek(folder, |source| {
        // One reader's moment for all steps: without it a copy begins anew with each commit.
        source.execute_batch("BEGIN")?;
        source.query_row("SELECT count(*) FROM settings", [], |_| Ok(()))?;
        let mut copy = rusqlite::Connection::open(to)?;
        copy.pragma_update(None, "synchronous", "full")?;
        let progress = Progress::bytes("copied", None);
        let page: u64 = source.pragma_query_value(None, "page_size", |row| {
            row.get::<_, i64>(0).map(|size| u64::try_from(size).unwrap_or(0))
        })?;
        {
            let backup = Backup::new(source, &mut copy)?;
            loop {
                match backup.step(STEP)? {
                    StepResult::Done => break,
                    StepResult::More => {}
                    _ => std::thread::sleep(Duration::from_millis(50)),
                }
                let told = backup.progress();
                let pages = |pages: i32| u64::try_from(pages).unwrap_or(0) * page;
                progress.of(pages(told.pagecount));
                progress.set(pages(told.pagecount - told.remaining));
            }
        }
        drop(progress);
        // A file of its own, without a log beside it.
        copy.pragma_update(None, "journal_mode", "delete")?;
        epochs::note_copy(&copy, clock::now())?;
        copy.close().map_err(|(_, error)| error)
    })
    .with_context(|| format!("the database in {} cannot be copied", folder.display()))
}

/// Copies the pictures that are not there yet into a folder beside FILE; the folder, and how many
/// there are.
fn copy_uploads(from: &Path, file: &Path) -> anyhow::Result<(PathBuf, usize)> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let to = file.with_file_name(format!("{name}.uploads"));
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((to, 0)),
        Err(error) => return Err(error).context(format!("{} cannot be read", from.display())),
    };
    // What is half-written has a name that begins with a dot.
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let names: Vec<_> = names.collect::<Result<_, _>>()?;
    let names: Vec<_> =
        names.into_iter().filter(|name| !name.to_string_lossy().starts_with('.')).collect();
    let progress = Progress::new("pictures", Some(u64::try_from(names.len()).unwrap_or(0)));
    if !names.is_empty() {
        fs::create_dir_all(&to).with_context(|| format!("{} cannot be made", to.display()))?;
    }
    for name in &names {
        let (from, to) = (from.join(name), to.join(name));
        // They are named after their content: one that is there is the same.
        if to.metadata().ok().map(|there| there.len()) != Some(from.metadata()?.len()) {
            let beside = Beside::new(&to, true)?;
            fs::copy(&from, beside.path())?;
            beside.put()?;
        }
        progress.add(1);
    }
    if !names.is_empty() {
        output::sync_folder(&to)?;
    }
    Ok((to, names.len()))
}
