//! Tools that cargo compiles from crates.io. Unoptimised: they run for moments, and compile in a
//! third of the time.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::cache::Place;
use super::{lockfile, path, version_of};
use crate::cargo;
use crate::paths::Paths;
use crate::progress::Progress;

/// The version that Trunk.toml is written for; later ones ask for a later Rust.
const TRUNK_VERSION: &str = "0.21.14";

/// A package of crates.io whose binaries are tools here.
#[derive(Debug)]
pub(crate) struct CargoTool {
    package: &'static str,
    version: String,
    /// The binary that is asked for its version.
    binary: &'static str,
    /// What `--version` prints before the version.
    version_prefix: &'static str,
    arguments: &'static [&'static str],
}

impl CargoTool {
    /// Builds and serves the pages. Without its features it cannot download tools, and has no
    /// need of a TLS library; it finds the tools that are installed here.
    pub(crate) fn trunk() -> Self {
        Self {
            package: "trunk",
            version: TRUNK_VERSION.to_owned(),
            binary: "trunk",
            version_prefix: "trunk ",
            arguments: &["--locked", "--no-default-features"],
        }
    }

    /// Writes the JavaScript around WebAssembly; it understands only what its own version of the
    /// `wasm-bindgen` crate wrote. Without its features it speaks no TLS: the browser's driver that
    /// its test runner talks to is on this machine. Not `--locked`: its lock file names versions
    /// that were yanked.
    pub(crate) fn wasm_bindgen(paths: &Paths) -> Result<Self> {
        Ok(Self {
            package: "wasm-bindgen-cli",
            version: lockfile::version(&paths.root, "wasm-bindgen")?,
            binary: "wasm-bindgen",
            version_prefix: "wasm-bindgen ",
            arguments: &[
                "--no-default-features",
                "--bin=wasm-bindgen",
                "--bin=wasm-bindgen-test-runner",
            ],
        })
    }

    /// The folder with the tool's binaries; installs it when there is none.
    pub(crate) fn install(&self, paths: &Paths, progress: &Progress) -> Result<PathBuf> {
        let step = progress.step(format!("{} {}", self.package, self.version), "");
        if let Some(folder) = self.on_path() {
            step.done("on PATH");
            return Ok(folder);
        }
        let place = Place::new(paths, self.package, &self.version);
        let bin = |folder: &Path| folder.join("bin");
        let is_ready = |folder: &Path| self.works(&bin(folder).join(path::executable(self.binary)));
        if is_ready(&place.folder()) {
            step.done("ready");
            return Ok(bin(&place.folder()));
        }
        step.note("resolving its crates");
        place.fill(&step, is_ready, |folder| {
            let what = format!("{} {}", self.package, self.version);
            cargo::run(&step, &what, self.install_command(&place, folder), place.log())
        })?;
        step.done("installed");
        Ok(bin(&place.folder()))
    }

    fn install_command(&self, place: &Place, folder: &Path) -> std::process::Command {
        // Not in the checkout: its settings are not the tool's.
        let mut command = cargo::command(&std::env::temp_dir());
        command
            .args(["install", self.package, "--version", &self.version, "--debug", "--no-track"])
            .args(self.arguments)
            .arg("--root")
            .arg(folder)
            .env("CARGO_TARGET_DIR", place.build_folder())
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0")
            .env_remove("CARGO_BUILD_TARGET")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        command
    }

    fn on_path(&self) -> Option<PathBuf> {
        let found = path::find(self.binary).filter(|program| self.works(program))?;
        found.parent().map(Path::to_owned)
    }

    /// Whether a program is this tool in this version, and starts on this machine.
    fn works(&self, program: &Path) -> bool {
        program.is_file()
            && version_of(program)
                .is_some_and(|said| is_version(&said, self.version_prefix, &self.version))
    }
}

/// `trunk 0.21.14` or `wasm-bindgen 0.2.130 (a commit)` for prefix and version.
fn is_version(said: &str, prefix: &str, version: &str) -> bool {
    said.strip_prefix(prefix).and_then(|rest| rest.split_whitespace().next()) == Some(version)
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn only_the_exact_version_will_do() {
        assert!(is_version("trunk 0.21.14", "trunk ", "0.21.14"));
        assert!(is_version("wasm-bindgen 0.2.130 (abc)", "wasm-bindgen ", "0.2.130"));
        assert!(!is_version("trunk 0.21.140", "trunk ", "0.21.14"));
        assert!(!is_version("trunk 0.22.0-beta.1", "trunk ", "0.21.14"));
        assert!(!is_version("", "trunk ", "0.21.14"));
    }
}
