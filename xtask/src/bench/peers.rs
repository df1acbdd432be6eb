//! How the peers come onto this machine: into the cache folder, each in a version that is written
//! here, and without anything being run or set up by their packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::paths::Paths;
use crate::progress::Step;
use crate::setup::cache::Place;
use crate::setup::{debian, path};
use crate::{cargo, process};

pub(super) const BUN: &str = "1.4.5";
pub(super) const WS: &str = "8.23.0";
pub(super) const SOCKETIO: &str = "4.8.4";

/// What `ws` and Socket.IO need.
#[derive(Default)]
pub(super) struct Node {
    /// The version of Node itself, which is not installed from here.
    pub version: String,
    /// Where it finds the two.
    pub modules: PathBuf,
}

/// What Nchan needs.
#[derive(Default)]
pub(super) struct Nchan {
    pub version: String,
    pub nginx: PathBuf,
    pub module: PathBuf,
}

/// npm's `bun` is a wrapper; the program itself is in the package for this platform that npm takes
/// along, so that no script has to run.
pub(super) fn bun(paths: &Paths, step: &Step<'_>) -> Result<PathBuf> {
    let place = Place::new(paths, "bench-bun", BUN);
    let find = |folder: &Path| -> Option<PathBuf> {
        let entries = fs::read_dir(folder.join("node_modules").join("@oven")).ok()?;
        let mut programs = entries.flatten().map(|entry| entry.path().join("bin").join("bun"));
        programs.find(|program| process::output(Command::new(program).arg("--version")).is_some())
    };
    if find(&place.folder()).is_none() {
        place.fill(
            step,
            |folder| find(folder).is_some(),
            |folder| npm(step, folder, place.log(), &[("bun", BUN)]),
        )?;
    }
    find(&place.folder()).context("npm's bun has no program for this platform")
}

/// `ws` and Socket.IO.
pub(super) fn node(paths: &Paths, step: &Step<'_>) -> Result<Node> {
    let place = Place::new(paths, "bench-node", &format!("ws-{WS}-socketio-{SOCKETIO}"));
    let version = process::output(Command::new("node").arg("--version"));
    let version = version.context("there is no Node on PATH")?;
    let is_ready = |folder: &Path| {
        ["ws", "socket.io"].iter().all(|name| folder.join("node_modules").join(name).is_dir())
    };
    if !is_ready(&place.folder()) {
        let packages = [("ws", WS), ("socket.io", SOCKETIO)];
        place.fill(step, is_ready, |folder| npm(step, folder, place.log(), &packages))?;
    }
    let version = version.trim_start_matches('v').to_owned();
    Ok(Node { version, modules: place.folder().join("node_modules") })
}

/// Installs exact versions into a folder of their own; no package runs anything meanwhile.
fn npm(step: &Step<'_>, folder: &Path, log: &Path, packages: &[(&str, &str)]) -> Result<()> {
    if path::find("npm").is_none() {
        bail!("there is no npm on PATH");
    }
    let exact: Vec<String> =
        packages.iter().map(|(name, version)| format!("\"{name}\": \"{version}\"")).collect();
    let exact = exact.join(", ");
    fs::create_dir_all(folder)?;
    let package = format!("{{\"private\": true, \"dependencies\": {{{exact}}}}}\n");
    fs::write(folder.join("package.json"), package)?;
    step.note("downloading by npm");
    let mut command = cargo::other("npm", folder);
    command.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]);
    cargo::run(step, "`npm install`", command, log)
}

/// Debian's packages are unpacked, not installed: no web server is set up and started thereby.
pub(super) fn nchan(paths: &Paths, step: &Step<'_>) -> Result<Nchan> {
    // Which version it is depends on Debian's.
    let place = Place::new(paths, "bench-nchan", "debian");
    let nginx = place.folder().join("nginx/sbin/nginx");
    let module = place.folder().join("nchan/lib/nginx/modules/ngx_nchan_module.so");
    let runs = || process::output(Command::new(&nginx).arg("-v")).is_some() && module.is_file();
    if runs() {
        return Ok(Nchan { version: nchan_version(&nginx), nginx, module });
    }
    if !debian::can_unpack() {
        bail!("only Debian's packages of it are known here");
    }
    let is_ready = |folder: &Path| folder.join("nginx").is_dir() && folder.join("nchan").is_dir();
    place.fill(step, is_ready, |folder| {
        debian::unpack(step, "nginx", &folder.join("nginx"), place.log())?;
        debian::unpack(step, "libnginx-mod-nchan", &folder.join("nchan"), place.log())
    })?;
    if !runs() {
        bail!("Debian's nginx does not run here");
    }
    Ok(Nchan { version: nchan_version(&nginx), nginx, module })
}

/// Debian says which Nchan it has, nginx which it is.
fn nchan_version(nginx: &Path) -> String {
    let policy = process::output(Command::new("apt-cache").args(["policy", "libnginx-mod-nchan"]));
    let policy = policy.unwrap_or_default();
    let nchan = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "));
    // It says so on standard error.
    let said = Command::new(nginx).arg("-v").output().map(|output| output.stderr);
    let said = String::from_utf8_lossy(&said.unwrap_or_default()).trim().to_owned();
    let nginx = said.rsplit('/').next().unwrap_or_default().to_owned();
    format!("{} on nginx {nginx}", nchan.unwrap_or("of Debian"))
}
