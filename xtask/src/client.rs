//! The pages: compiled to WebAssembly, put together by trunk, compressed; all of it only when
//! something that they are made of has changed.
//!
//! [`stamp`] tells whether that is so, [`sdk`] makes the scripts for other pages out of their modules
//! ([`script`]), [`precompress`] makes the `.br` and `.gz` files.

pub(crate) mod precompress;
mod script;
pub(crate) mod sdk;
mod stamp;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cargo;
use crate::paths::Paths;
use crate::progress::Progress;
use crate::setup::Tools;
use stamp::Stamp;

/// How many steps [`Pages::compile`] and [`Pages::finish`] show, one each.
pub(crate) const STEPS: usize = 2;

/// How WebAssembly is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wasm {
    /// As small as it can be; index.html names the profile, too.
    Release,
    /// As fast as it can be compiled.
    Debug,
}

impl Wasm {
    /// The name that cargo knows, and that of its folder in the target folder.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Release => ("wasm-release", "wasm-release"),
            Self::Debug => ("dev", "debug"),
        }
    }
}

const TARGET: &str = "wasm32-unknown-unknown";

/// The release pages in `dist/`.
pub(crate) struct Pages<'a> {
    paths: &'a Paths,
    stamp: Stamp,
    ready: bool,
    /// Held while `dist/` is looked at and written, so that two tasks do not mix their pages.
    _lock: File,
}

impl<'a> Pages<'a> {
    /// Looks whether the pages are those that the checkout's files make.
    pub(crate) fn look(paths: &'a Paths) -> Result<Self> {
        fs::create_dir_all(paths.state())?;
        let lock = File::create(paths.state().join("pages.lock"))?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            eprintln!("waiting for another `cargo xtask` of this checkout");
            // Where files cannot be locked, two tasks at once are the developer's own affair.
            let _ = lock.lock();
        }
        let stamp = Stamp::of_inputs(paths)?;
        let ready = stamp.fits(paths)?;
        // The server takes in the folder's files when it is compiled, and cannot without a folder.
        fs::create_dir_all(&paths.dist)?;
        Ok(Self { paths, stamp, ready, _lock: lock })
    }

    /// Compiles the WebAssembly. Trunk would do so as well, but one binary after the other; cargo
    /// does all at once, needs none of trunk's tools, and tells how far it is.
    pub(crate) fn compile(&self, progress: &Progress) -> Result<()> {
        let step = progress.step("WebAssembly of the pages", "");
        if self.ready {
            step.done("nothing changed");
            return Ok(());
        }
        step.note("compiling");
        let mut command = compiling(self.paths, Wasm::Release);
        // The extension's popup is in the same package, and no part of the pages.
        command.args(["--bin", "feed", "--bin", "admin"]);
        let log = cargo::log_path(&self.paths.state(), "pages-wasm");
        cargo::run(&step, "Compiling the pages", command, &log)?;
        step.done("compiled");
        Ok(())
    }

    /// Lets trunk put the pages together, and compresses them.
    pub(crate) fn finish(&self, tools: &Tools, progress: &Progress) -> Result<()> {
        let step = progress.step("pages", "");
        if self.ready {
            step.done("nothing changed");
            return Ok(());
        }
        Stamp::remove(self.paths)?;
        step.note("trunk");
        let mut command = trunk(self.paths, tools)?;
        command.args(["build", "--release", "--dist"]).arg(&self.paths.dist);
        let log = cargo::log_path(&self.paths.state(), "pages-trunk");
        cargo::run(&step, "`trunk build`", command, &log)?;
        sdk::write(&self.paths.root, &self.paths.dist)?;
        step.note("compressing");
        let sizes = precompress::folder(&self.paths.dist)
            .with_context(|| format!("{} cannot be compressed", self.paths.dist.display()))?;
        self.stamp.write(self.paths)?;
        step.done(&format!("built, {} files, {} KB as brotli", sizes.files, sizes.brotli / 1000));
        Ok(())
    }
}

/// A call of cargo that compiles, for browsers, the binaries that are named after it. What they have
/// in common is compiled once, as long as every call is made here.
pub(crate) fn compiling(paths: &Paths, wasm: Wasm) -> Command {
    let mut command = cargo::command(&paths.root);
    command
        .args(["build", "--target", TARGET, "--manifest-path"])
        .arg(paths.root.join("client").join("Cargo.toml"))
        .args(["--profile", wasm.names().0]);
    if wasm == Wasm::Release {
        keep_home_private(&mut command);
    }
    command
}

/// Where such a call leaves a binary.
pub(crate) fn compiled(paths: &Paths, wasm: Wasm, name: &str) -> PathBuf {
    paths.target.join(TARGET).join(wasm.names().1).join(format!("{name}.wasm"))
}

/// What wasm-opt may assume that browsers know, as index.html tells trunk.
pub(crate) fn wasm_features(root: &Path) -> Result<Vec<String>> {
    let page = fs::read_to_string(root.join("index.html"))?;
    let (_, rest) = page
        .split_once("data-wasm-opt-params=\"")
        .context("index.html has no data-wasm-opt-params")?;
    let features = rest.split('"').next().unwrap_or_default();
    Ok(features.split_whitespace().map(str::to_owned).collect())
}

/// The places of panics are part of the pages. They name crates, not folders of whoever builds.
fn keep_home_private(command: &mut Command) {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    if let Some(home) = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))) {
        let sources = home.join("registry").join("src");
        let flag = format!("--remap-path-prefix={}=crates", sources.display());
        // Encoded, so that a path may have blanks in it. Build scripts do not get it, since the
        // pages' target is named.
        command.env("CARGO_ENCODED_RUSTFLAGS", flag);
    }
}

/// A call of trunk that finds its tools.
pub(crate) fn trunk(paths: &Paths, tools: &Tools) -> Result<Command> {
    let mut command = cargo::other(tools.trunk(), &paths.root);
    command.env("PATH", tools.search_path()?);
    keep_home_private(&mut command);
    // Trunk wants `true` or `false` here, where the convention is any value.
    command.env_remove("NO_COLOR");
    Ok(command)
}
