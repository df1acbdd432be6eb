//! The set-up: gets what a machine with nothing but Rust, git and a C compiler lacks. A tool that
//! is on PATH in the right version is used; any other goes to the user's cache folder, where the
//! next checkout finds it.
//!
//! - [`wasm_target`]: Rust's standard library for WebAssembly; rustfmt and clippy.
//! - [`cargo_tool`]: trunk and wasm-bindgen-cli, compiled from crates.io; the table of them.
//! - [`wasm_opt`]: from npm or Debian, whichever there is.
//! - [`programs`]: what only the tests need: Chromium, its driver, PHP, Python, curl.
//! - [`node`]: Node and npm's packages for tests of clients in JavaScript.
//! - [`debian`]: installs Debian's packages where that is allowed.
//! - [`cache`]: folders that appear whole or not at all. [`path`] finds programs.
//! - [`lockfile`]: which version Cargo.lock asks for. [`advice`]: what to do about a failure.

pub(crate) mod advice;
pub(crate) mod cache;
pub(crate) mod cargo_tool;
pub(crate) mod debian;
pub(crate) mod lockfile;
pub(crate) mod nginx;
pub(crate) mod node;
pub(crate) mod path;
pub(crate) mod programs;
pub(crate) mod wasm_opt;
pub(crate) mod wasm_target;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Error, Result, bail};

use crate::paths::Paths;
use crate::process;
use crate::progress::Progress;
use cargo_tool::CargoTool;

pub(crate) const HELP: &str = "
Usage: cargo xtask setup

Gets what is needed to build the pages, each in the version that this checkout asks for:
  - the target wasm32-unknown-unknown, by rustup
  - trunk and wasm-bindgen-cli, compiled from crates.io (unoptimised: a few minutes, once)
  - wasm-opt 116 or newer, from npm's or Debian's binaryen; where neither can be had, the pages
    are built without it, and are some 3 % larger

What is on PATH in the right version is used. The rest is kept in the cache folder, in
tools/<name>-<version>/, for every checkout; its logs are beside it in logs/.
`run`, `build`, `dev` and `test` do the same by themselves.";

/// How many steps [`Tools::install`] shows.
pub(crate) const STEPS: usize = 4;

/// The tools that build the pages, each as the folder it is in.
#[derive(Debug)]
pub(crate) struct Tools {
    trunk: PathBuf,
    wasm_bindgen: PathBuf,
    wasm_opt: PathBuf,
}

impl Tools {
    /// Finds or installs every tool. `meanwhile` is compiled at the same time by what the set-up
    /// leaves free of the processor: it gets going when the wasm target is there.
    pub(crate) fn install(
        paths: &Paths,
        progress: &Progress,
        meanwhile: impl FnOnce() -> Result<()> + Send,
    ) -> Result<Self> {
        cache::prepare(paths)?;
        wasm_target::install(paths, progress)?;
        let trunk_tool = CargoTool::trunk();
        let bindgen_tool = CargoTool::wasm_bindgen(paths)?;
        let first_error = FirstError::default();
        let (trunk, rest) = thread::scope(|scope| {
            let trunk = scope.spawn(|| first_error.watch(|| trunk_tool.install(paths, progress)));
            let rest = first_error.watch(|| {
                let wasm_bindgen = bindgen_tool.install(paths, progress)?;
                let wasm_opt = wasm_opt::install(paths, progress)?;
                meanwhile()?;
                Ok((wasm_bindgen, wasm_opt))
            });
            (trunk.join().ok().flatten(), rest)
        });
        match (trunk, rest, first_error.take()) {
            (Some(trunk), Some((wasm_bindgen, wasm_opt)), None) => {
                Ok(Self { trunk, wasm_bindgen, wasm_opt })
            }
            (_, _, Some(error)) => Err(error),
            _ => bail!("the set-up ended early"),
        }
    }

    pub(crate) fn trunk(&self) -> PathBuf {
        self.trunk.join(path::executable("trunk"))
    }

    pub(crate) fn wasm_bindgen(&self) -> PathBuf {
        self.wasm_bindgen.join(path::executable("wasm-bindgen"))
    }

    pub(crate) fn wasm_opt(&self) -> PathBuf {
        self.wasm_opt.join(path::executable("wasm-opt"))
    }

    pub(crate) fn wasm_bindgen_test_runner(&self) -> PathBuf {
        self.wasm_bindgen.join(path::executable("wasm-bindgen-test-runner"))
    }

    /// PATH with these tools first, which is where trunk looks for the other two.
    pub(crate) fn search_path(&self) -> Result<OsString> {
        path::with_first(&[&self.trunk, &self.wasm_bindgen, &self.wasm_opt])
    }
}

pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    if let Some(word) = words.first() {
        bail!("`setup` takes no argument like `{word}`");
    }
    let paths = Paths::find()?;
    let tools = Tools::install(&paths, &Progress::new(STEPS), || Ok(()))?;
    for folder in [&tools.trunk, &tools.wasm_bindgen, &tools.wasm_opt] {
        println!("{}", folder.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What a short command says of its version, e.g. `trunk 0.21.14`.
fn version_of(program: &std::path::Path) -> Option<String> {
    process::output(Command::new(program).arg("--version"))
}

/// Of two things that are done at once, the first failure ends the other; only it is told.
#[derive(Default)]
struct FirstError(Mutex<Option<Error>>);

impl FirstError {
    fn watch<T>(&self, work: impl FnOnce() -> Result<T>) -> Option<T> {
        match work() {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                process::end_all();
                None
            }
        }
    }

    fn take(self) -> Option<Error> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
