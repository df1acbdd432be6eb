//! What is done with a data folder beside serving from it.
//!
//! - [`backup`]: a copy of everything, also while a server works. [`export`] and [`import`]: a
//!   room's log as lines, out and in. [`check`]: whether all of it is as it should be.
//! - [`output`]: files that are there whole or not at all. [`progress`]: how far something is.

pub mod backup;
pub mod check;
pub mod export;
pub mod import;
mod output;
mod progress;

pub use progress::Progress;

use crate::config::Folder;
use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What is done with a data folder.
#[derive(Clone, Debug, Subcommand)]
pub enum Task {
    /// Copies everything that is kept, also while a server works on it.
    Backup(backup::Flags),
    /// Writes a room's log, an event a line, also while a server works on it.
    Export(export::Flags),
    /// Reads such lines into a room in which nothing happened. The server must be stopped.
    Import(import::Flags),
    /// Looks whether all that is kept is as it should be, also while a server works on it.
    Check(check::Flags),
}

impl Task {
    /// The folder that was named after the task, if one was.
    pub fn folder(&self) -> Option<PathBuf> {
        let Folder { data } = match self {
            Self::Backup(flags) => &flags.folder,
            Self::Export(flags) => &flags.folder,
            Self::Import(flags) => &flags.folder,
            Self::Check(flags) => &flags.folder,
        };
        data.clone()
    }

    /// Whether it makes a folder that is not there.
    pub fn makes(&self) -> bool {
        matches!(self, Self::Import(_))
    }

    /// Does it; what to exit with. `parts` is what else is kept.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn run(&self, folder: &Path, parts: &[check::Part]) -> anyhow::Result<ExitCode> {
        match self {
            Self::Backup(flags) => backup::run(folder, flags),
            Self::Export(flags) => export::run(folder, flags),
            Self::Import(flags) => import::run(folder, flags),
            Self::Check(flags) => check::run(folder, flags, parts),
        }
    }
}
