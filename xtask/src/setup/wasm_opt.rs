//! wasm-opt makes the pages' WebAssembly smaller. It is a C++ program, so it is taken ready-made
//! where there is one: on PATH, Debian's (installed where this user may, else unpacked into the
//! cache folder), npm's. Compiling it from crates.io is the last resort: it takes many minutes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::cache::Place;
use super::debian::{self, Apt};
use super::{path, version_of};
use crate::cargo;
use crate::paths::Paths;
use crate::progress::{Progress, Step};

/// The oldest that understands what this Rust's compiler writes.
const OLDEST: u32 = 108;
/// Debian's package `binaryen`, which version of it depends on Debian's.
const DEBIAN_VERSION: &str = "debian";
/// npm's package `binaryen`.
const NPM_VERSION: &str = "130.0.0";
/// The crate `wasm-opt`, which is Binaryen 116.
const CRATE_VERSION: &str = "0.116.1";

/// The folder with `wasm-opt`; installs it when there is none.
pub(crate) fn install(paths: &Paths, progress: &Progress) -> Result<PathBuf> {
    let step = progress.step("wasm-opt", "");
    if let Some(folder) = find() {
        step.done("on PATH");
        return Ok(folder);
    }
    let from_debian = Place::new(paths, "binaryen", DEBIAN_VERSION);
    let from_npm = Place::new(paths, "binaryen", NPM_VERSION);
    let from_crates = Place::new(paths, "wasm-opt", CRATE_VERSION);
    for place in [&from_debian, &from_npm, &from_crates] {
        if has_working(&place.folder()) {
            step.done("ready");
            return Ok(place.folder().join("bin"));
        }
    }
    // One way that fails (no network to Debian, say) leaves the others to be tried.
    if let Some(apt) = Apt::find() {
        let log = paths.cache.join("logs").join("apt.log");
        if apt.install(&step, &["binaryen"], &log).is_ok()
            && let Some(folder) = find()
        {
            step.done("installed Debian's binaryen");
            return Ok(folder);
        }
    }
    let unpack = |folder: &Path| debian::unpack(&step, "binaryen", folder, from_debian.log());
    if debian::can_unpack() && fill(&from_debian, &step, unpack) {
        step.done("unpacked Debian's binaryen");
        return Ok(from_debian.folder().join("bin"));
    }
    let download = |folder: &Path| npm(&step, folder, from_npm.log());
    if path::find("npm").is_some()
        && path::find("node").is_some()
        && fill(&from_npm, &step, download)
    {
        step.done("installed npm's binaryen");
        return Ok(from_npm.folder().join("bin"));
    }
    step.note("compiling it, as neither Debian's nor npm's binaryen can be had");
    from_crates.fill(&step, has_working, |folder| {
        cargo::run(&step, "wasm-opt", compile(&from_crates, folder), from_crates.log())
    })?;
    step.done("installed");
    Ok(from_crates.folder().join("bin"))
}

fn find() -> Option<PathBuf> {
    // Debian's folder is looked at even where PATH leaves it out.
    let found = path::find("wasm-opt").unwrap_or_else(|| Path::new("/usr/bin").join(file()));
    if works(&found) { found.parent().map(Path::to_owned) } else { None }
}

/// Whether a way led to a tool that works.
fn fill(place: &Place, step: &Step<'_>, install: impl FnOnce(&Path) -> Result<()>) -> bool {
    place.fill(step, has_working, install).is_ok() && has_working(&place.folder())
}

fn has_working(folder: &Path) -> bool {
    works(&folder.join("bin").join(file()))
}

fn works(program: &Path) -> bool {
    program.is_file()
        && version_of(program).and_then(|said| version(&said)).is_some_and(|it| it >= OLDEST)
}

/// `wasm-opt version 108 (version_108)`
fn version(said: &str) -> Option<u32> {
    let number = said.strip_prefix("wasm-opt version ")?;
    number.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

fn file() -> String {
    path::executable("wasm-opt")
}

fn npm(step: &Step<'_>, folder: &Path, log: &Path) -> Result<()> {
    step.note("downloading npm's binaryen");
    let mut command = Command::new("npm");
    // A global installation into a prefix puts its programs into the prefix's `bin`.
    command.args(["install", "--global", "--no-audit", "--no-fund", "--prefix"]);
    command.arg(folder).arg(format!("binaryen@{NPM_VERSION}"));
    cargo::run(step, "`npm install binaryen`", command, log)
}

fn compile(place: &Place, folder: &Path) -> Command {
    let mut command = cargo::command(&std::env::temp_dir());
    command.args(["install", "wasm-opt", "--version", CRATE_VERSION, "--locked", "--no-track"]);
    command.arg("--root").arg(folder).env("CARGO_TARGET_DIR", place.build_folder());
    command
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_is_read_from_what_wasm_opt_says() {
        assert_eq!(version("wasm-opt version 108"), Some(108));
        assert_eq!(version("wasm-opt version 130 (version_130-12-gabc)"), Some(130));
        assert_eq!(version("wasm-opt"), None);
    }
}
