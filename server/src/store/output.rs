//! Files that are there whole or not at all: written beside their place, flushed, then put there.

use anyhow::{Context, bail};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A file that is not in its place yet. It goes away unless it is [put there](Self::put).
pub(super) struct Beside {
    place: PathBuf,
    written: PathBuf,
    over: bool,
}

impl Beside {
    /// For a file at `place`, which is empty unless what is there may be written over.
    ///
    /// # Errors
    /// If something is there, or the folder cannot be written.
    pub(super) fn new(place: &Path, over: bool) -> anyhow::Result<Self> {
        let place = std::path::absolute(place)?;
        if !over && place.symlink_metadata().is_ok() {
            bail!("{} is there already; --force writes over it", place.display());
        }
        if place.is_dir() {
            bail!("{} is a folder: name a file", place.display());
        }
        let name = place.file_name().context("name a file")?.to_string_lossy().into_owned();
        let at = place.with_file_name(crate::random::name(&format!(".{name}.part-"), 9));
        let new = Self { place, written: at, over };
        new.create().with_context(|| {
            let folder = new.place.parent().unwrap_or(&new.place);
            format!("{} cannot be written", folder.display())
        })?;
        Ok(new)
    }

    /// Made for this user alone: what is kept is not for everybody.
    fn create(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.written)
    }

    /// Where it is for now.
    pub(super) fn path(&self) -> &Path {
        &self.written
    }

    /// Where it will be.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Opens it for being written.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn open(&self) -> io::Result<File> {
        OpenOptions::new().write(true).open(&self.written)
    }

    /// Puts it into its place, when the disk has it.
    ///
    /// # Errors
    /// If something has come there meanwhile, or the disk does not take it.
    pub(super) fn put(self) -> anyhow::Result<()> {
        self.open()?.sync_all()?;
        let put = if self.over {
            fs::rename(&self.written, &self.place)
        } else {
            // Unlike a new name, a second one is refused where something is.
            match fs::hard_link(&self.written, &self.place) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    if self.place.exists() {
                        Err(io::ErrorKind::AlreadyExists.into())
                    } else {
                        fs::rename(&self.written, &self.place)
                    }
                }
                put => put,
            }
        };
        put.with_context(|| format!("{} cannot be put in place", self.place.display()))?;
        sync_folder(&self.place)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.written);
    }
}

/// Makes sure that a file at `place` is none that a server works with in the data folder `data`, and
/// would not be taken for a database that has a log beside it.
///
/// # Errors
/// If it is or would.
pub(super) fn ensure_apart(place: &Path, data: &Path) -> anyhow::Result<()> {
    let place = std::path::absolute(place)?;
    let Some((folder, name)) = place.parent().zip(place.file_name()) else { return Ok(()) };
    let name = name.to_string_lossy();
    // However the folder is called: by a link, or on a disk that takes capitals for small letters.
    let is_in = |folder: &Path, of: &Path| {
        let both = (folder.canonicalize(), of.canonicalize());
        matches!(both, (Ok(folder), Ok(of)) if folder == of)
    };
    let lower = name.to_lowercase();
    let is_ours = lower.starts_with("nowcast.") || lower == "sources.key";
    if is_ours && is_in(folder, data) || is_in(folder, &data.join("uploads")) {
        bail!("{} belongs to the data folder itself: choose another place", place.display());
    }
    for log in ["-wal", "-journal"] {
        let beside = place.with_file_name(format!("{name}{log}"));
        if beside.symlink_metadata().is_ok() {
            bail!(
                "{} is a database that is in use, or was left in a hurry ({} is beside it): choose \
                 another place",
                place.display(),
                beside.display()
            );
        }
    }
    Ok(())
}

/// Has the disk know the names in a file's folder.
///
/// # Errors
/// Those of the system.
pub(super) fn sync_folder(file: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all_and_never_over_another_unless_told() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("copy");
        let write = |over, text: &str| -> anyhow::Result<()> {
            let beside = Beside::new(&place, over)?;
            fs::write(beside.path(), text)?;
            assert_ne!(fs::read_to_string(&place).unwrap_or_default(), text);
            beside.put()
        };
        write(false, "one").unwrap();
        assert!(write(false, "two").is_err());
        assert_eq!(fs::read_to_string(&place).unwrap(), "one");
        write(true, "three").unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "three");
        drop(Beside::new(&folder.path().join("given up"), false).unwrap());
        assert_eq!(names(folder.path()), ["copy"]);
        let late = Beside::new(&folder.path().join("late"), false).unwrap();
        fs::write(folder.path().join("late"), "theirs").unwrap();
        assert!(late.put().is_err());
        assert_eq!(fs::read_to_string(folder.path().join("late")).unwrap(), "theirs");
        assert_eq!(names(folder.path()), ["copy", "late"]);
    }

    #[test]
    fn nothing_goes_over_what_a_server_works_with() {
        let scratch = tempfile::tempdir().unwrap();
        let data = scratch.path().join("data");
        fs::create_dir_all(data.join("uploads")).unwrap();
        fs::write(scratch.path().join("other.db-wal"), "").unwrap();
        for ours in ["nowcast.db", "nowcast.db-wal", "nowcast.lock", "sources.key", "uploads/a"] {
            assert!(ensure_apart(&data.join(ours), &data).is_err(), "{ours}");
            assert!(ensure_apart(&data.join("../data").join(ours), &data).is_err(), "{ours}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&data, scratch.path().join("link")).unwrap();
            assert!(ensure_apart(&scratch.path().join("link/nowcast.db"), &data).is_err());
        }
        assert!(ensure_apart(&scratch.path().join("other.db"), &data).is_err());
        for free in ["data/monday.db", "nowcast.db", "sources.key", "elsewhere/nowcast.db"] {
            ensure_apart(&scratch.path().join(free), &data).unwrap();
        }
    }
}
