//! Whether `dist/` is what the checkout's files make. By content, not by time: a checkout of
//! another branch and back changes nothing, and pages that somebody else's `trunk build` has put
//! there are noticed.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::precompress::files;
use crate::paths::Paths;
use crate::process;

/// What the pages are made of, seen from the checkout's root, and what makes them. What is not
/// there is no matter.
const INPUTS: &[&str] = &[
    "client",
    "link",
    "shared",
    "style",
    "sdk/js/src",
    "sdk/js/package.json",
    "public",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
    "xtask/src/client",
    "xtask/src/client.rs",
    "xtask/src/setup",
];

/// A digest of everything that the pages are made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    pub(crate) fn of_inputs(paths: &Paths) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        hasher
            .write(process::output(Command::new(rustc).arg("-vV")).unwrap_or_default().as_bytes());
        for name in INPUTS {
            add(&mut hasher, &paths.root, &paths.root.join(name))?;
        }
        Ok(Self(hasher.finish()))
    }

    /// Whether the pages that are there were made from these inputs, and are as they were made.
    pub(crate) fn fits(&self, paths: &Paths) -> Result<bool> {
        let Ok(written) = fs::read_to_string(file(paths)) else { return Ok(false) };
        Ok(paths.dist.join("index.html").is_file() && written == self.text(paths)?)
    }

    /// Notes that the pages that are there now were made from these inputs.
    pub(crate) fn write(&self, paths: &Paths) -> Result<()> {
        fs::write(file(paths), self.text(paths)?)
            .with_context(|| format!("{} cannot be written", file(paths).display()))
    }

    /// While pages are being made, there are none to rely on.
    pub(crate) fn remove(paths: &Paths) -> Result<()> {
        match fs::remove_file(file(paths)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn text(&self, paths: &Paths) -> Result<String> {
        let mut pages = DefaultHasher::new();
        add(&mut pages, &paths.dist, &paths.dist)?;
        Ok(format!("inputs {:016x}\npages {:016x}\n", self.0, pages.finish()))
    }
}

fn file(paths: &Paths) -> PathBuf {
    paths.state().join("pages.stamp")
}

/// Adds a file, or every file below a folder: its place, its length, its content.
fn add(hasher: &mut DefaultHasher, root: &Path, path: &Path) -> Result<()> {
    let found = if path.is_dir() {
        files(path).with_context(|| format!("{} cannot be read", path.display()))?
    } else if path.is_file() {
        vec![path.to_owned()]
    } else {
        Vec::new()
    };
    for file in found {
        let content =
            fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        hasher.write(file.strip_prefix(root).unwrap_or(&file).as_os_str().as_encoded_bytes());
        hasher.write_usize(content.len());
        hasher.write(&content);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_fit_until_an_input_or_a_page_changes() {
        let root = std::env::temp_dir().join(format!("nowcast-stamp-{}", std::process::id()));
        let paths = Paths {
            root: root.clone(),
            target: root.join("target"),
            dist: root.join("dist"),
            cache: root.join("cache"),
        };
        let write = |name: &str, content: &str| {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("it is below root")).expect("it can be made");
            fs::write(path, content).expect("it can be written");
        };
        let fits = || {
            let stamp = Stamp::of_inputs(&paths).expect("inputs can be read");
            stamp.fits(&paths).expect("pages can be read")
        };
        let made = || {
            let stamp = Stamp::of_inputs(&paths).expect("inputs can be read");
            stamp.write(&paths).expect("the stamp can be written");
        };
        write("client/src/app.rs", "one");
        write("dist/index.html", "page");
        write("target/xtask/.keep", "");
        assert!(!fits(), "there is no stamp yet");

        made();
        assert!(fits());
        write("server/src/main.rs", "no part of the pages");
        assert!(fits());

        write("client/src/app.rs", "two");
        assert!(!fits(), "an input changed");
        made();
        write("dist/index.html", "somebody else's page");
        assert!(!fits(), "a page changed");
        made();
        fs::rename(root.join("client/src/app.rs"), root.join("client/src/other.rs"))
            .expect("it can be renamed");
        assert!(!fits(), "an input was renamed");
        fs::remove_dir_all(&root).expect("the temporary folder can be removed");
    }
}
