//! The browser extension's own tests: what it keeps, what it says, where it leads.

use crate::node::{output, program};
use nowcast_tests::server::repository;
use std::process::Stdio;
use tokio::process::Command;

#[tokio::test]
async fn the_extensions_logic_holds() {
    let mut command = Command::new(program());
    command
        .arg("--test")
        .arg("test/")
        .current_dir(repository().join("extension"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let said = output(command).await;
    assert!(said.contains("# fail 0"), "{said}");
    assert!(!said.contains("# pass 0"), "{said}");
}
