//! Scripts that Node runs.

use nowcast_tests::server::repository;
use nowcast_tests::wait::in_time;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::process::Command;

/// A call of Node that runs `tests/node/{script}`, with the packages of `tests/node/package.json`:
/// `NODE` and `NOWCAST_NODE_MODULES` say where both are. The packages are found by
/// `createRequire(process.env.NOWCAST_NODE_MODULES + "/")`, since modules are looked for beside
/// the script alone.
///
/// # Panics
/// When the two are not set: `cargo xtask test --only clients` sets them.
pub(crate) fn script(name: &str) -> Command {
    let mut command = Command::new(program());
    command
        .arg(repository().join("tests").join("node").join(name))
        .env("NOWCAST_NODE_MODULES", modules())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Node itself.
///
/// # Panics
/// When it is not known where it is.
pub(crate) fn program() -> PathBuf {
    set("NODE")
}

/// The packages of `tests/node/package.json`.
///
/// # Panics
/// When it is not known where they are.
pub(crate) fn modules() -> PathBuf {
    set("NOWCAST_NODE_MODULES")
}

fn set(name: &str) -> PathBuf {
    let value = std::env::var_os(name);
    value.unwrap_or_else(|| panic!("{name} is not set; see `cargo xtask test`")).into()
}

/// What a script printed, which has to end well.
///
/// # Panics
/// When it does not, with what it said.
pub(crate) async fn output(mut command: Command) -> String {
    let output = in_time("a script of Node", command.output()).await.expect("Node can be run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {complained}\n{said}");
    said
}

#[tokio::test]
async fn node_finds_the_packages_that_tests_need() {
    assert_eq!(output(script("packages.mjs")).await, "4.8.4 3.1.3 5.9.3\n");
}
