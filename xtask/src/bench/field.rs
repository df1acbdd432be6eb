//! Everything that takes part, ready to be started: ours and the load generator built, the others
//! installed. Who cannot be had is left out, with the reason.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::contestant::Contestant;
use super::options::Options;
use super::peers::{self, Nchan, Node};
use crate::paths::Paths;
use crate::progress::{Progress, Step};
use crate::server::{self, Profile};
use crate::setup::cache;
use crate::{cargo, process};

/// How many steps [`Field::prepare`] shows.
pub(super) const STEPS: usize = 5;

/// What is started.
pub(super) struct Field {
    pub server: PathBuf,
    pub bench: PathBuf,
    /// The peers' scripts and settings.
    pub scripts: PathBuf,
    /// Bun's program; empty where it is left out, as all of the others'.
    pub bun: PathBuf,
    pub node: Node,
    pub nchan: Nchan,
    /// Who takes part, and in which version.
    pub versions: BTreeMap<Contestant, String>,
    /// Who does not, and why.
    pub absent: BTreeMap<Contestant, String>,
}

impl Field {
    /// Builds and installs what is missing.
    ///
    /// # Errors
    /// If ours or the load generator cannot be had; a peer is left out.
    pub(super) fn prepare(paths: &Paths, progress: &Progress, options: &Options) -> Result<Self> {
        cache::prepare(paths)?;
        let mut field = Self {
            server: PathBuf::new(),
            bench: PathBuf::new(),
            scripts: paths.root.join("bench").join("peers"),
            bun: PathBuf::new(),
            node: Node::default(),
            nchan: Nchan::default(),
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
        let version = process::output(Command::new(&field.server).arg("--version"));
        let version =
            version.with_context(|| format!("{} does not run", field.server.display()))?;
        step.done("ready");
        field.versions.insert(Contestant::Relaxed, version.clone());
        field.versions.insert(Contestant::Full, version);
        field.versions.insert(Contestant::Floor, "of this checkout".to_owned());
        field.invite(paths, progress, options);
        Ok(field)
    }

    fn invite(&mut self, paths: &Paths, progress: &Progress, options: &Options) {
        use Contestant::{Bun, Nchan, SocketIo, Ws};
        let step = progress.step("Bun", "");
        let bun = wanted(options, &[Bun]).then(|| peers::bun(paths, &step));
        if let Some(program) = self.admit(&[Bun], bun, progress, step) {
            self.bun = program;
            self.versions.insert(Bun, peers::BUN.to_owned());
        }
        let step = progress.step("ws and Socket.IO", "");
        let node = wanted(options, &[Ws, SocketIo]).then(|| peers::node(paths, &step));
        if let Some(node) = self.admit(&[Ws, SocketIo], node, progress, step) {
            let on = |version| format!("{version} on Node {}", node.version);
            self.versions.insert(Ws, on(peers::WS));
            self.versions.insert(SocketIo, on(peers::SOCKETIO));
            self.node = node;
        }
        let step = progress.step("Nchan", "");
        let nchan = wanted(options, &[Nchan]).then(|| peers::nchan(paths, &step));
        if let Some(nchan) = self.admit(&[Nchan], nchan, progress, step) {
            self.versions.insert(Nchan, nchan.version.clone());
            self.nchan = nchan;
        }
    }

    /// Ends a peer's step; what was got for it, if it takes part.
    fn admit<T>(
        &mut self,
        who: &[Contestant],
        got: Option<Result<T>>,
        progress: &Progress,
        step: Step<'_>,
    ) -> Option<T> {
        match got {
            None => {
                step.done("not asked for");
                None
            }
            Some(Ok(got)) => {
                step.done("ready");
                Some(got)
            }
            Some(Err(error)) => {
                step.done("left out");
                progress.print(&format!("{error:#}"));
                let reason = error.to_string();
                let reason = reason.lines().next().unwrap_or_default();
                self.absent.extend(who.iter().map(|who| (*who, reason.to_owned())));
                None
            }
        }
    }

    /// Whether it can be started.
    pub(super) fn has(&self, contestant: Contestant) -> bool {
        self.versions.contains_key(&contestant)
    }
}

fn wanted(options: &Options, who: &[Contestant]) -> bool {
    who.iter().any(|who| options.contestants.contains(who))
}

pub(super) fn build_bench(paths: &Paths, step: &Step<'_>) -> Result<PathBuf> {
    let mut command = cargo::command(&paths.root);
    command.args(["build", "--package", "nowcast-bench", "--profile", "release"]);
    let log = cargo::log_path(&paths.state(), "bench-build");
    cargo::run(step, "Compiling the load generator", command, &log)?;
    Ok(paths.binary("release", "nowcast-bench"))
}
