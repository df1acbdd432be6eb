//! The user's cache folder. A tool's folder appears there whole or not at all: it is filled under
//! another name and renamed, so an installation that was killed leaves nothing that looks like a
//! tool, and a lock lets two that begin at once do the work once.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::paths::Paths;
use crate::process;
use crate::progress::Step;

/// A tool in the cache folder.
pub(crate) struct Place {
    tools: PathBuf,
    /// `<name>-<version>`
    name: String,
    log: PathBuf,
}

/// Makes the folder, so that a cache that cannot be written is told before anything is compiled.
pub(crate) fn prepare(paths: &Paths) -> Result<()> {
    fs::create_dir_all(paths.cache.join("tools")).with_context(|| {
        format!(
            "the cache folder {} cannot be written; NOWCAST_CACHE can name another",
            paths.cache.display()
        )
    })
}

impl Place {
    pub(crate) fn new(paths: &Paths, name: &str, version: &str) -> Self {
        let name = format!("{name}-{version}");
        let log = paths.cache.join("logs").join(format!("{name}.log"));
        Self { tools: paths.cache.join("tools"), name, log }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.tools.join(&self.name)
    }

    /// Where what the installation writes is kept.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Where a tool is compiled. It stays after a failure, so that the next try goes on from there.
    pub(crate) fn build_folder(&self) -> PathBuf {
        self.tools.with_file_name("build").join(&self.name)
    }

    /// Fills the folder by `install`, which gets the path to install to. `is_ready` tells whether
    /// the folder holds a tool that works; it is asked again after a wait for somebody else.
    pub(crate) fn fill(
        &self,
        step: &Step<'_>,
        is_ready: impl Fn(&Path) -> bool,
        install: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        fs::create_dir_all(&self.tools)?;
        let _lock = self.lock(step)?;
        let folder = self.folder();
        if is_ready(&folder) {
            return Ok(());
        }
        self.remove_leftovers()?;
        let fresh = self.tools.join(format!("{}{}", self.fresh_prefix(), std::process::id()));
        let installed = install(&fresh);
        if installed.is_err() {
            let _ = fs::remove_dir_all(&fresh);
        }
        installed?;
        if folder.exists() {
            // What is there does not work (another platform's, damaged), or it would be used.
            fs::remove_dir_all(&folder)?;
        }
        fs::rename(&fresh, &folder)
            .with_context(|| format!("{} cannot be put in its place", folder.display()))?;
        let _ = fs::remove_dir_all(self.build_folder());
        Ok(())
    }

    fn fresh_prefix(&self) -> String {
        format!(".new-{}-", self.name)
    }

    /// The lock ends with this process however that ends, because the system holds it.
    fn lock(&self, step: &Step<'_>) -> Result<File> {
        let path = self.tools.join(format!(".lock-{}", self.name));
        let file = File::create(&path)
            .with_context(|| format!("the lock {} cannot be made", path.display()))?;
        loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    if process::is_ending() {
                        bail!("{}: stopped", self.name);
                    }
                    step.note("waiting for another set-up that is installing it");
                    std::thread::sleep(Duration::from_millis(500));
                }
                // Some network file systems know no locks; the rename still keeps tools whole.
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            }
        }
    }

    /// What an installation that was killed left; nobody else is at it, the lock says.
    fn remove_leftovers(&self) -> Result<()> {
        for entry in fs::read_dir(&self.tools)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&self.fresh_prefix()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::progress::Progress;

    /// A cache folder of its own for each test, removed at the end.
    struct Cache(PathBuf);

    impl Cache {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("nowcast-xtask-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).expect("the temporary folder can be written");
            Self(folder)
        }

        fn place(&self) -> Place {
            let paths = Paths {
                root: self.0.clone(),
                target: self.0.clone(),
                dist: self.0.clone(),
                cache: self.0.clone(),
            };
            Place::new(&paths, "tool", "1.0.0")
        }
    }

    impl Drop for Cache {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn has_binary(folder: &Path) -> bool {
        folder.join("bin").is_file()
    }

    fn write_binary(folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        Ok(fs::write(folder.join("bin"), "binary")?)
    }

    #[test]
    fn a_failed_installation_leaves_no_tool_and_the_next_one_succeeds() {
        let cache = Cache::new("failed");
        let progress = Progress::new(1);
        let step = progress.step("tool", "");
        let place = cache.place();
        let failed = place.fill(&step, has_binary, |folder| {
            write_binary(folder)?;
            bail!("the network went away")
        });
        assert!(failed.is_err());
        assert!(!place.folder().exists());
        place.fill(&step, has_binary, write_binary).expect("it can be installed now");
        assert!(has_binary(&place.folder()));
    }

    #[test]
    fn what_a_killed_installation_left_is_removed() {
        let cache = Cache::new("killed");
        let place = cache.place();
        let left = cache.0.join("tools/.new-tool-1.0.0-1");
        write_binary(&left).expect("the leftover can be written");
        let progress = Progress::new(1);
        place.fill(&progress.step("tool", ""), has_binary, write_binary).expect("it installs");
        assert!(!left.exists());
        assert!(has_binary(&place.folder()));
    }

    #[test]
    fn two_at_once_install_once() {
        let cache = Cache::new("two");
        let installed = AtomicUsize::new(0);
        let progress = Progress::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let step = progress.step("tool", "");
                    let filled = cache.place().fill(&step, has_binary, |folder| {
                        installed.fetch_add(1, Ordering::SeqCst);
                        write_binary(folder)
                    });
                    filled.expect("it installs");
                });
            }
        });
        assert_eq!(installed.load(Ordering::SeqCst), 1);
    }
}
