//! Which binary is tested, and how it is called.

use super::repository;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use tokio::process::Command;

/// A call of the binary, without what the person who runs the tests has set for servers of their
/// own.
///
/// # Panics
/// When there is no binary.
pub fn nowcast() -> Command {
    nowcast_under(&[])
}

/// The same, started by a program that becomes it in the end (`launcher` with its arguments).
pub(super) fn nowcast_under(launcher: &[String]) -> Command {
    let mut command = match launcher.split_first() {
        None => Command::new(binary()),
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments).arg(binary());
            command
        }
    };
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NOWCAST_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The binary under test: `NOWCAST_BIN`, or what `cargo build` makes, built once.
pub(super) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        std::env::var_os("NOWCAST_BIN").map_or_else(build, |path| {
            let path = std::path::absolute(PathBuf::from(path)).expect("a current folder");
            assert!(path.is_file(), "NOWCAST_BIN names {}, which is no file", path.display());
            path
        })
    })
}

/// Builds the server and lets cargo say where it put it.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = std::process::Command::new(cargo)
        .args(["build", "--package", "nowcast", "--message-format", "json-render-diagnostics"])
        .current_dir(repository())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "the server does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "nowcast")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the binary that it made")
}
