//! The steps. Their order is that in which one compiles for the next: the checks (no code is
//! generated for them), then native code, then WebAssembly, then what needs the pages.
//!
//! What is compiled depends on which packages are asked for together, as cargo joins the features
//! that they want of a dependency; `--test NAME` asks for the packages that have such a test. So
//! all native code is compiled at once ([`built`](super::built)), and the integration tests are
//! started without cargo; only `no-features` compiles native code anew.

use std::process::Command;

use anyhow::{Result, bail};

use super::built::Group;
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
        needs: &[Need::Built],
        commands: |needs| {
            let mut commands = vec![
                tests(needs, &["--workspace", "--lib", "--bins"]),
                tests(needs, &["--workspace", "--doc"]),
            ];
            commands.extend(integration_tests(needs, Group::Package)?);
            Ok(commands)
        },
    },
    Step {
        name: "journeys",
        summary: "journeys over WebSocket, SSE and long poll against a real server",
        kind: Kind::Tests,
        needs: &[Need::Built],
        commands: |needs| integration_tests(needs, Group::Journeys),
    },
    Step {
        name: "faults",
        summary: "cut connections, a killed server, a full disk, a lock, a clock that is set back",
        kind: Kind::Tests,
        needs: &[Need::Built, Need::Faults],
        commands: |needs| integration_tests(needs, Group::Faults),
    },
    Step {
        name: "examples",
        summary: "what programs publish with: Python, PHP, bash, curl",
        kind: Kind::Tests,
        needs: &[Need::Built, Need::Languages],
        commands: |needs| integration_tests(needs, Group::Examples),
    },
    Step {
        name: "clients",
        summary: "other clients: in JavaScript, on the command line, of older pages, behind nginx",
        kind: Kind::Tests,
        needs: &[Need::Built, Need::Node, Need::Nginx, Need::Languages],
        commands: |needs| integration_tests(needs, Group::Clients),
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
        needs: &[Need::Built, Need::Pages, Need::Extension, Need::Browser, Need::Nginx],
        commands: |needs| integration_tests(needs, Group::Browser),
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

/// Runs the integration tests of a group.
fn integration_tests(needs: &Needs<'_>, group: Group) -> Result<Vec<Command>> {
    let paths = needs.paths();
    let built = needs.built()?;
    let binaries = built.tests.iter().filter(|test| test.group == group);
    let mut commands = Vec::new();
    for test in binaries {
        // As cargo would start it.
        let folder = paths.root.join(test.package);
        let mut command = cargo::other(&test.binary, &folder);
        command.env("CARGO_MANIFEST_DIR", &folder).env("NOWCAST_BIN", &built.server);
        if group == Group::Browser {
            let browser = needs.browser()?;
            command
                .env("NOWCAST_DIST", &paths.dist)
                .env("NOWCAST_EXTENSION", needs.extension()?)
                .env("NOWCAST_SCREENSHOTS", paths.target.join("screenshots"))
                .env("NOWCAST_NGINX", needs.nginx()?)
                .env("CHROMIUM", browser.chromium)
                .env("CHROMEDRIVER", browser.driver);
        }
        if group == Group::Clients {
            let node = needs.node()?;
            command
                .env("NODE", node.program)
                .env("NOWCAST_NODE_MODULES", node.modules)
                .env("NOWCAST_NGINX", needs.nginx()?);
        }
        commands.push(command);
    }
    if commands.is_empty() {
        bail!("there is no such test in tests/tests/");
    }
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::STEPS;

    #[test]
    fn step_names_are_different() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
