//! Where things are: the checkout, cargo's target folder, the user's cache folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Told at the end of `cargo xtask help`.
pub(crate) const HELP: &str = "\
Environment:
  NOWCAST_CACHE     where tools are kept (else $XDG_CACHE_HOME/nowcast, else the platform's cache folder)
  CARGO_TARGET_DIR  where cargo builds (else target/)
  NO_COLOR, CI      plain output";

/// The folders that every task needs.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// The checkout.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// Where trunk puts the pages; the server's binary takes them in from there.
    pub dist: PathBuf,
    /// The user's cache folder: tools and the logs of their installation, shared by all checkouts.
    pub cache: PathBuf,
}

impl Paths {
    pub(crate) fn find() -> Result<Self> {
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = xtask.parent().context("the folder of xtask has no parent")?.to_owned();
        let target = target_folder(&std::env::current_exe().unwrap_or_default())
            .unwrap_or_else(|| root.join("target"));
        let cache =
            cache_folder(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
                .context("no home folder is known; set NOWCAST_CACHE to a folder for the tools")?;
        let cache = std::path::absolute(cache)?;
        Ok(Self { dist: root.join("dist"), root, target, cache })
    }

    /// What xtask itself keeps between two runs: stamps, logs of test steps.
    pub(crate) fn state(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// The binary that cargo makes in a profile's folder.
    pub(crate) fn binary(&self, profile_folder: &str, name: &str) -> PathBuf {
        self.target.join(profile_folder).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

/// Cargo marks its target folder with a `CACHEDIR.TAG`, and this program runs from within it. This
/// holds wherever the folder was set (environment, a config file) and needs no call of cargo.
fn target_folder(own_binary: &Path) -> Option<PathBuf> {
    own_binary.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

/// The order of the places is told in [`HELP`].
fn cache_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from);
    if let Some(chosen) = folder("NOWCAST_CACHE") {
        return Some(chosen);
    }
    let base = folder("XDG_CACHE_HOME").or_else(|| {
        if cfg!(windows) {
            folder("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            Some(folder("HOME")?.join("Library/Caches"))
        } else {
            Some(folder("HOME")?.join(".cache"))
        }
    })?;
    Some(base.join("nowcast"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &'static [(&str, &str)]) -> Option<PathBuf> {
        cache_folder(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_cache_folder_is_the_most_particular_one_that_is_set() {
        let all = &[("NOWCAST_CACHE", "/n"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(with(all), Some("/n".into()));
        assert_eq!(with(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]), Some("/x/nowcast".into()));
        assert_eq!(with(&[]), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn without_settings_it_is_below_the_home_folder() {
        assert_eq!(with(&[("HOME", "/h")]), Some("/h/.cache/nowcast".into()));
    }
}
