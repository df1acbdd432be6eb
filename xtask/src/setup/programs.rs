//! What only the tests need: a browser and its driver, the languages of the examples, a wrong clock.

use std::path::PathBuf;

use anyhow::Result;

use super::debian::{self, Apt};
use super::path;
use crate::paths::Paths;
use crate::progress::Step;

/// A program that tests start.
pub(crate) struct Program {
    /// What people call it.
    name: &'static str,
    /// What its file may be called.
    files: &'static [&'static str],
    /// Debian's package of it.
    package: &'static str,
}

const CHROMIUM: Program = Program {
    name: "Chromium",
    files: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    package: "chromium",
};
const DRIVER: Program =
    Program { name: "chromedriver", files: &["chromedriver"], package: "chromium-driver" };

/// What runs the examples.
const EXAMPLES: &[Program] = &[
    Program { name: "Python 3", files: &["python3"], package: "python3" },
    Program { name: "PHP", files: &["php"], package: "php-cli" },
    Program { name: "bash", files: &["bash"], package: "bash" },
    Program { name: "curl", files: &["curl"], package: "curl" },
];

/// What gives a server a wrong clock.
const FAULTS: &[Program] =
    &[Program { name: "faketime", files: &["faketime"], package: "faketime" }];

/// What runs clients in JavaScript.
const NODE: Program = Program { name: "Node", files: &["node", "nodejs"], package: "nodejs" };
const NPM: Program = Program { name: "npm", files: &["npm"], package: "npm" };

/// What many servers stand behind.
const NGINX: Program =
    Program { name: "nginx", files: &["nginx", "../sbin/nginx"], package: "nginx" };

/// The browser and its driver.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub chromium: PathBuf,
    pub driver: PathBuf,
}

/// Finds or installs Chromium and its driver; fails, saying what to install, where it may not.
pub(crate) fn browser(paths: &Paths, step: &Step<'_>) -> Result<Browser> {
    install(paths, step, &[&CHROMIUM, &DRIVER])?;
    Ok(Browser { chromium: find(&CHROMIUM)?, driver: find(&DRIVER)? })
}

/// Finds or installs what the examples are written in; fails as [`browser`] does.
pub(crate) fn examples(paths: &Paths, step: &Step<'_>) -> Result<()> {
    install(paths, step, &EXAMPLES.iter().collect::<Vec<_>>())
}

/// Finds or installs what the journeys with faults need; fails as [`browser`] does.
pub(crate) fn faults(paths: &Paths, step: &Step<'_>) -> Result<()> {
    install(paths, step, &FAULTS.iter().collect::<Vec<_>>())
}

/// Finds or installs Node and npm; fails as [`browser`] does.
pub(crate) fn node(paths: &Paths, step: &Step<'_>) -> Result<PathBuf> {
    install(paths, step, &[&NODE, &NPM])?;
    find(&NODE)
}

/// Finds or installs nginx; fails as [`browser`] does.
pub(crate) fn nginx(paths: &Paths, step: &Step<'_>) -> Result<PathBuf> {
    install(paths, step, &[&NGINX])?;
    find(&NGINX)
}

fn install(paths: &Paths, step: &Step<'_>, programs: &[&Program]) -> Result<()> {
    let missing: Vec<&Program> =
        programs.iter().copied().filter(|program| program.find().is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|program| program.name).collect();
    let packages: Vec<&str> = missing.iter().map(|program| program.package).collect();
    match Apt::find() {
        Some(apt) => apt.install(step, &packages, &paths.cache.join("logs").join("apt.log")),
        None => debian::cannot(&names.join(" and "), &packages),
    }
}

fn find(program: &Program) -> Result<PathBuf> {
    program.find().ok_or_else(|| {
        anyhow::anyhow!(
            "{} was installed, but there is no `{}` on PATH",
            program.name,
            program.files.join("` or `")
        )
    })
}

impl Program {
    fn find(&self) -> Option<PathBuf> {
        self.files.iter().find_map(|file| path::find(file))
    }
}
