//! What belongs to the Rust toolchain itself: the standard library for WebAssembly; rustfmt and
//! clippy, which a minimal toolchain lacks.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::path;
use crate::paths::Paths;
use crate::progress::{Progress, Step};
use crate::{cargo, process};

const TARGET: &str = "wasm32-unknown-unknown";

/// Adds the target, if it is not there.
pub(crate) fn install(paths: &Paths, progress: &Progress) -> Result<()> {
    let step = progress.step(format!("Rust's target {TARGET}"), "");
    if has_target() {
        step.done("ready");
        return Ok(());
    }
    step.note("downloading");
    rustup(
        &step,
        paths,
        &["target", "add", TARGET],
        "Rust's standard library for WebAssembly is missing, and there is no rustup to add it. \
         Install rustup (https://rustup.rs), or your distribution's package of it (Debian: \
         libstd-rust-dev-wasm32), then run this again",
    )?;
    if !has_target() {
        bail!(
            "rustup added {TARGET} to a toolchain that is not the one in use; `rustup show` tells \
             which is active, `rustup target add {TARGET} --toolchain NAME` adds it there"
        );
    }
    step.done("installed");
    Ok(())
}

/// Adds rustfmt and clippy, if they are not there.
pub(crate) fn install_components(paths: &Paths, step: &Step<'_>) -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if process::output(cargo::command(&paths.root).args([subcommand, "--version"])).is_some() {
            continue;
        }
        step.note(format!("downloading {component}"));
        let otherwise = format!(
            "`cargo {subcommand}` is missing, and there is no rustup to add it. Install rustup \
             (https://rustup.rs), or your distribution's package of {component}"
        );
        rustup(step, paths, &["component", "add", component], &otherwise)?;
    }
    Ok(())
}

fn rustup(step: &Step<'_>, paths: &Paths, words: &[&str], otherwise: &str) -> Result<()> {
    let Some(rustup) = path::find("rustup") else { bail!("{otherwise}") };
    let mut command = Command::new(rustup);
    command.args(words).env("RUSTUP_TERM_COLOR", "never");
    let log = paths.cache.join("logs").join("rustup.log");
    cargo::run(step, &format!("`rustup {}`", words.join(" ")), command, &log)
}

/// The compiler's own folder tells, whoever installed it.
fn has_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    process::output(Command::new(rustc).args(["--print", "sysroot"]))
        .is_some_and(|root| Path::new(&root).join("lib/rustlib").join(TARGET).join("lib").is_dir())
}
