//! Finds programs, and puts folders before others where programs are looked for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A program's file name on this platform.
pub(crate) fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// The first program of this name on PATH, which is the one that others find, too.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let file = executable(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|it| it.is_file())
}

/// PATH with those of `folders` first that are not on it. The others stay where they are: to have
/// `/usr/bin` first could put another cargo before the one in use.
pub(crate) fn with_first(folders: &[&Path]) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let present: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let absent = folders.iter().map(|folder| (*folder).to_owned());
    let absent = absent.filter(|folder| !present.contains(folder)).collect::<Vec<_>>();
    std::env::join_paths(absent.iter().chain(&present)).context(
        "a tool's folder cannot be put on PATH, because its name has PATH's separator in it",
    )
}
