//! How the contestants come onto this machine: ours and the load generator are built, the others
//! installed into the cache folder. Who cannot be had is left out, with the reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::contestant::Contestant;
use super::options::Options;
use crate::paths::Paths;
use crate::progress::{Progress, Step};
use crate::server::{self, Profile};
use crate::setup::cache::{self, Place};
use crate::setup::{debian, path};
use crate::{cargo, process};

/// How many steps [`Field::prepare`] shows.
pub(super) const STEPS: usize = 5;

const BUN: &str = "1.4.5";
const WS: &str = "8.23.0";
const SOCKETIO: &str = "4.8.4";
/// Which version of it depends on Debian's.
const NCHAN: &str = "debian";

/// Everything that is started.
pub(super) struct Field {
    pub server: PathBuf,
    pub bench: PathBuf,
    /// The peers' scripts and settings.
    pub scripts: PathBuf,
    /// Bun's program.
    pub bun: PathBuf,
    /// Where Node finds `ws` and `socket.io`.
    pub modules: PathBuf,
    pub nginx: PathBuf,
    pub nchan: PathBuf,
    /// Who takes part, and in which version.
    pub versions: BTreeMap<Contestant, String>,
    /// Who does not, and why.
    pub absent: BTreeMap<Contestant, String>,
}

impl Field {
    pub(super) fn prepare(paths: &Paths, progress: &Progress, options: &Options) -> Result<Self> {
        cache::prepare(paths)?;
        let bun = Place::new(paths, "bench-bun", BUN);
        let node = Place::new(paths, "bench-node", &format!("ws-{WS}-socketio-{SOCKETIO}"));
        let nginx = Place::new(paths, "bench-nchan", NCHAN);
        let mut field = Self {
            server: PathBuf::new(),
            bench: PathBuf::new(),
            scripts: paths.root.join("bench").join("peers"),
            bun: PathBuf::new(),
            modules: node.folder().join("node_modules"),
            nginx: nginx.folder().join("nginx/sbin/nginx"),
            nchan: nginx.folder().join("nchan/lib/nginx/modules/ngx_nchan_module.so"),
            versions: BTreeMap::new(),
            absent: BTreeMap::new(),
        };

        let step = progress.step("the load generator", "compiling");
        field.bench = build_bench(paths, &step)?;
        step.done("ready");
        let step = progress.step("our server", "compiling");
        field.server = match &options.server {
            Some(server) => server.clone(),
            None => server::compile(paths, Profile::Release, &step)?,
        };
        let said = process::output(Command::new(&field.server).arg("--version"));
        let version = said.with_context(|| format!("{} does not run", field.server.display()))?;
        field.versions.insert(Contestant::Relaxed, version.clone());
        field.versions.insert(Contestant::Full, version);
        step.done("ready");
        field.versions.insert(Contestant::Floor, "of this checkout".to_owned());

        let wants = |who: &[Contestant]| who.iter().any(|it| options.contestants.contains(it));
        let mut admit =
            |name, who: &[Contestant], get: &mut dyn FnMut(&mut Self, &Step<'_>) -> Result<()>| {
                let step = progress.step(name, "");
                if !wants(who) {
                    step.done("not asked for");
                    return;
                }
                match get(&mut field, &step) {
                    Ok(()) => step.done("ready"),
                    Err(error) => {
                        step.done("left out");
                        progress.print(&format!("{name} is left out: {error:#}"));
                        let reason = error.to_string();
                        let reason = reason.lines().next().unwrap_or_default();
                        for who in who {
                            field.absent.insert(*who, reason.to_owned());
                        }
                    }
                }
            };
        admit("Bun", &[Contestant::Bun], &mut |field, step| {
            field.bun = get_bun(&bun, step)?;
            field.versions.insert(Contestant::Bun, BUN.to_owned());
            Ok(())
        });
        admit("ws and Socket.IO", &[Contestant::Ws, Contestant::SocketIo], &mut |field, step| {
            let runtime = get_node(&node, step)?;
            field.versions.insert(Contestant::Ws, format!("{WS} on Node {runtime}"));
            field.versions.insert(Contestant::SocketIo, format!("{SOCKETIO} on Node {runtime}"));
            Ok(())
        });
        admit("Nchan", &[Contestant::Nchan], &mut |field, step| {
            get_nchan(&nginx, step, &field.nginx, &field.nchan)?;
            field.versions.insert(Contestant::Nchan, nchan_version(&field.nginx));
            Ok(())
        });
        Ok(field)
    }

    /// Whether it can be started.
    pub(super) fn has(&self, contestant: Contestant) -> bool {
        self.versions.contains_key(&contestant)
    }
}

fn build_bench(paths: &Paths, step: &Step<'_>) -> Result<PathBuf> {
    let mut command = cargo::command(&paths.root);
    command.args(["build", "--package", "nowcast-bench", "--profile", "release"]);
    let log = cargo::log_path(&paths.state(), "bench-build");
    cargo::run(step, "Compiling the load generator", command, &log)?;
    Ok(paths.binary("release", "nowcast-bench"))
}

/// npm's `bun` is a wrapper; the program itself is in the package for this platform that npm takes
/// along, so that no script has to run.
fn get_bun(place: &Place, step: &Step<'_>) -> Result<PathBuf> {
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

/// The version of Node, which is not installed from here.
fn get_node(place: &Place, step: &Step<'_>) -> Result<String> {
    let version = process::output(Command::new("node").arg("--version"));
    let version = version.context("there is no Node on PATH")?;
    let is_ready = |folder: &Path| {
        ["ws", "socket.io"].iter().all(|name| folder.join("node_modules").join(name).is_dir())
    };
    if !is_ready(&place.folder()) {
        let packages = [("ws", WS), ("socket.io", SOCKETIO)];
        place.fill(step, is_ready, |folder| npm(step, folder, place.log(), &packages))?;
    }
    Ok(version.trim_start_matches('v').to_owned())
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
fn get_nchan(place: &Place, step: &Step<'_>, nginx: &Path, nchan: &Path) -> Result<()> {
    let runs = || process::output(Command::new(nginx).arg("-v")).is_some() && nchan.is_file();
    if runs() {
        return Ok(());
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
    Ok(())
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
