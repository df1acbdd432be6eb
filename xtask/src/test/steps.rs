//! The steps. Their order is that in which one compiles for the next: the checks (no code is
//! generated for them), then native code, then WebAssembly, then what needs the pages.
//!
//! What is compiled depends on which packages are asked for together, as cargo joins the features
//! that they want of a dependency. So every native step asks for the whole workspace, and picks
//! targets, not packages; only `no-features` cannot.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::needs::{Need, Needs};
use crate::cargo;

/// What a step is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It passes or fails as a whole, and counts as one.
    Check,
    /// Tests, which are counted; none at all is a failure.
    Tests,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Step {
    pub name: &'static str,
    pub summary: &'static str,
    pub kind: Kind,
    pub needs: &'static [Need],
    pub commands: fn(&Needs<'_>) -> Result<Vec<Command>>,
}

const WASM: [&str; 4] = ["--package", "nowcast-client", "--target", "wasm32-unknown-unknown"];

pub(super) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        summary: "the code is formatted",
        kind: Kind::Check,
        needs: &[Need::Components],
        commands: |needs| Ok(vec![cargo(needs, &["fmt", "--all", "--", "--check"])]),
    },
    Step {
        name: "clippy",
        summary: "no warnings, in all packages and all their targets",
        kind: Kind::Check,
        needs: &[Need::Components],
        commands: |needs| {
            let words =
                ["clippy", "--workspace", "--all-targets", "--keep-going", "--", "-D", "warnings"];
            Ok(vec![cargo(needs, &words)])
        },
    },
    Step {
        name: "docs",
        summary: "the documentation has no warnings",
        kind: Kind::Check,
        needs: &[],
        commands: |needs| {
            let mut command = cargo(needs, &["doc", "--workspace", "--no-deps", "--keep-going"]);
            command.env("RUSTDOCFLAGS", "-D warnings");
            Ok(vec![command])
        },
    },
    Step {
        name: "clippy-wasm",
        summary: "no warnings in the pages as they are compiled for browsers",
        kind: Kind::Check,
        needs: &[Need::Components, Need::Tools],
        commands: |needs| {
            let mut command = cargo(needs, &["clippy"]);
            command.args(WASM).args(["--all-targets", "--", "-D", "warnings"]);
            Ok(vec![command])
        },
    },
    Step {
        name: "unit",
        summary: "unit, snapshot and property tests, examples in the documentation",
        kind: Kind::Tests,
        needs: &[],
        commands: |needs| {
            Ok(vec![
                tests(needs, &["--workspace", "--lib", "--bins"]),
                tests(needs, &["--workspace", "--doc"]),
            ])
        },
    },
    Step {
        name: "journeys",
        summary: "journeys over WebSocket, SSE and long poll against a real server",
        kind: Kind::Tests,
        needs: &[Need::Server],
        commands: |needs| journeys(needs, Group::Plain),
    },
    Step {
        name: "examples",
        summary: "what programs publish with: Python, PHP, bash, curl",
        kind: Kind::Tests,
        needs: &[Need::Server, Need::Languages],
        commands: |needs| journeys(needs, Group::Examples),
    },
    Step {
        name: "no-features",
        summary: "the server without its optional features builds and passes its tests",
        kind: Kind::Tests,
        needs: &[],
        commands: |needs| {
            Ok(vec![tests(needs, &["--package", "nowcast", "--no-default-features"])])
        },
    },
    Step {
        name: "wasm",
        summary: "the pages' own tests, in a browser",
        kind: Kind::Tests,
        needs: &[Need::Tools, Need::Browser],
        commands: |needs| {
            let mut command = tests(needs, &WASM);
            command
                .arg("--tests")
                .env(
                    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
                    needs.tools()?.wasm_bindgen_test_runner(),
                )
                .env("CHROMEDRIVER", needs.browser()?.driver)
                // In seconds; the debug build of a test is large.
                .env("WASM_BINDGEN_TEST_TIMEOUT", "180");
            Ok(vec![command])
        },
    },
    Step {
        name: "browser",
        summary: "journeys through the pages in a real Chromium, with screenshots",
        kind: Kind::Tests,
        needs: &[Need::Server, Need::Pages, Need::Browser],
        commands: |needs| journeys(needs, Group::Browser),
    },
];

fn cargo(needs: &Needs<'_>, words: &[&str]) -> Command {
    let mut command = cargo::command(&needs.paths().root);
    command.args(words);
    command
}

fn tests(needs: &Needs<'_>, words: &[&str]) -> Command {
    let mut command = cargo(needs, &["test", "--no-fail-fast"]);
    command.args(words);
    command
}

/// Integration tests by what they need, which the beginning of their file's name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Plain,
    Browser,
    Examples,
}

impl Group {
    fn of(target: &str) -> Self {
        if target.starts_with("browser") {
            Self::Browser
        } else if target.starts_with("examples") {
            Self::Examples
        } else {
            Self::Plain
        }
    }
}

fn journeys(needs: &Needs<'_>, group: Group) -> Result<Vec<Command>> {
    let paths = needs.paths();
    let targets: Vec<String> =
        integration_tests(&paths.root)?.into_iter().filter(|it| Group::of(it) == group).collect();
    if targets.is_empty() {
        bail!("there is no such test in tests/tests/");
    }
    let mut command = tests(needs, &["--workspace"]);
    for target in &targets {
        command.args(["--test", target]);
    }
    command.env("NOWCAST_BIN", needs.server()?);
    if group == Group::Browser {
        let browser = needs.browser()?;
        command
            .env("NOWCAST_DIST", &paths.dist)
            .env("NOWCAST_SCREENSHOTS", paths.target.join("screenshots"))
            .env("CHROMIUM", browser.chromium)
            .env("CHROMEDRIVER", browser.driver);
    }
    Ok(vec![command])
}

/// The names of all native integration tests. The client's run in a browser (`wasm`).
fn integration_tests(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for package in ["server", "shared", "tests"] {
        let Ok(entries) = std::fs::read_dir(root.join(package).join("tests")) else { continue };
        for entry in entries {
            let path = entry?.path();
            let is_test = path.extension().is_some_and(|extension| extension == "rs")
                || path.join("main.rs").is_file();
            if let (true, Some(name)) = (is_test, path.file_stem()) {
                names.push(name.to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_grouped_by_the_beginning_of_their_names() {
        assert_eq!(Group::of("browser"), Group::Browser);
        assert_eq!(Group::of("browser_links"), Group::Browser);
        assert_eq!(Group::of("examples"), Group::Examples);
        assert_eq!(Group::of("resume"), Group::Plain);
    }

    #[test]
    fn step_names_are_different() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
