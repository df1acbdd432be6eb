//! Node, and what tests of clients in JavaScript need from npm: `tests/node/package-lock.json`.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::cache::Place;
use super::path;
use super::programs;
use crate::cargo;
use crate::paths::Paths;
use crate::progress::Step;

/// What lists the packages.
const LISTS: [&str; 2] = ["package.json", "package-lock.json"];

/// Node and where it finds packages.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub program: PathBuf,
    pub modules: PathBuf,
}

/// Finds or installs both; fails, saying what to install, where it may not. The packages lie in a
/// folder that is named after what the lists ask for, so that every checkout finds its own.
pub(crate) fn install(paths: &Paths, step: &Step<'_>) -> Result<Node> {
    let program = programs::node(paths, step)?;
    let lists = paths.root.join("tests").join("node");
    let mut hasher = DefaultHasher::new();
    for name in LISTS {
        let list = lists.join(name);
        let text = fs::read(&list).with_context(|| format!("{} is missing", list.display()))?;
        hasher.write(&text);
    }
    let place = Place::new(paths, "tests-node", &format!("{:016x}", hasher.finish()));
    let is_ready = |folder: &Path| folder.join("node_modules/.package-lock.json").is_file();
    if !is_ready(&place.folder()) {
        place.fill(step, is_ready, |folder| npm(step, folder, &lists, place.log()))?;
    }
    Ok(Node { program, modules: place.folder().join("node_modules") })
}

/// Installs exactly what the lock names; no package runs anything meanwhile.
fn npm(step: &Step<'_>, folder: &Path, lists: &Path, log: &Path) -> Result<()> {
    if path::find("npm").is_none() {
        bail!("there is no npm on PATH");
    }
    fs::create_dir_all(folder)?;
    for name in LISTS {
        fs::copy(lists.join(name), folder.join(name))?;
    }
    step.note("downloading by npm");
    let mut command = cargo::other("npm", folder);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    cargo::run(step, "`npm ci`", command, log)
}
