//! All native code, compiled once: the server's binary, and the integration tests with what each
//! of them needs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::cargo;
use crate::paths::Paths;
use crate::progress::Progress;

/// The packages that have native integration tests. (The client's are for browsers.)
const PACKAGES: [&str; 3] = ["server", "shared", "tests"];

/// What was compiled.
#[derive(Debug)]
pub(super) struct Built {
    /// The server, in a place where no other build of it is put.
    pub server: PathBuf,
    pub tests: Vec<IntegrationTest>,
}

/// The binary of one integration test.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IntegrationTest {
    /// The folder of its package, seen from the checkout's root.
    pub package: &'static str,
    pub group: Group,
    pub binary: PathBuf,
}

/// Integration tests by what they need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// A package's own tests: nothing.
    Package,
    /// The server.
    Journeys,
    /// The server and what breaks things for it.
    Faults,
    /// The server, the pages and a browser.
    Browser,
    /// The server and what the examples are written in.
    Examples,
    /// The server and what other clients are written in.
    Clients,
}

impl Group {
    /// In `tests/`, the beginning of a name tells.
    fn of(package: &str, name: &str) -> Self {
        if package != "tests" {
            Self::Package
        } else if name.starts_with("browser") {
            Self::Browser
        } else if name.starts_with("examples") {
            Self::Examples
        } else if name.starts_with("clients") {
            Self::Clients
        } else if name.starts_with("faults") {
            Self::Faults
        } else {
            Self::Journeys
        }
    }
}

impl Built {
    pub(super) fn make(paths: &Paths, progress: &Progress) -> Result<Self> {
        let step = progress.step("server and tests", "compiling");
        let mut build = cargo::command(&paths.root);
        build.args(["build", "--workspace", "--all-targets", "--keep-going"]);
        let log = cargo::log_path(&paths.state(), "build");
        cargo::run(&step, "Compiling the server and the tests", build, &log)?;

        // Compiles nothing more: it tells which binaries there are.
        let mut list = cargo::command(&paths.root);
        list.args(["test", "--workspace", "--no-run"]);
        let log = cargo::log_path(&paths.state(), "tests");
        cargo::run(&step, "Compiling the tests", list, &log)?;
        let said = fs::read_to_string(&log)
            .with_context(|| format!("{} cannot be read", log.display()))?;

        let server = keep_server(paths)?;
        let tests = integration_tests(&paths.root, &said)?;
        step.done("compiled");
        Ok(Self { server, tests })
    }
}

/// Puts the server's binary aside, as another step compiles it with fewer features, and cargo puts
/// that in the same place.
fn keep_server(paths: &Paths) -> Result<PathBuf> {
    let built = paths.binary("debug", "nowcast");
    let kept = paths.binary("xtask/bin", "nowcast");
    if let Some(folder) = kept.parent() {
        fs::create_dir_all(folder)?;
    }
    // Not over the old file: a server that runs from it would keep it from being written.
    let _ = fs::remove_file(&kept);
    fs::copy(&built, &kept).with_context(|| format!("{} cannot be copied", built.display()))?;
    Ok(kept)
}

/// Finds every integration test of the checkout in what cargo said; one that is missing there is
/// an error, so that no test is left out unseen.
fn integration_tests(root: &Path, said: &str) -> Result<Vec<IntegrationTest>> {
    let mut tests = Vec::new();
    for package in PACKAGES {
        for name in names(&root.join(package).join("tests"))? {
            let Some(binary) = said.lines().find_map(|line| executable(line, &name)) else {
                bail!("cargo did not say where the test `{name}` of {package}/ is");
            };
            let group = Group::of(package, &name);
            tests.push(IntegrationTest { package, group, binary: root.join(binary) });
        }
    }
    Ok(tests)
}

/// The names of the tests in a package's `tests/`: each file, and each folder with a `main.rs`.
fn names(folder: &Path) -> Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_test = path.extension().is_some_and(|extension| extension == "rs")
            || path.join("main.rs").is_file();
        if let (true, Some(name)) = (is_test, path.file_stem()) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// `  Executable tests/journeys/main.rs (target/debug/deps/journeys-0123456789abcdef)`
fn executable(line: &str, test: &str) -> Option<PathBuf> {
    let rest = line.trim_start().strip_prefix("Executable ")?;
    let (source, binary) = rest.strip_suffix(')')?.split_once(" (")?;
    let source = source.replace('\\', "/");
    let wanted = [format!("tests/{test}.rs"), format!("tests/{test}/main.rs")];
    wanted.contains(&source).then(|| PathBuf::from(binary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_grouped_by_package_and_by_the_beginning_of_their_names() {
        assert_eq!(Group::of("tests", "browser"), Group::Browser);
        assert_eq!(Group::of("tests", "browser_links"), Group::Browser);
        assert_eq!(Group::of("tests", "examples"), Group::Examples);
        assert_eq!(Group::of("tests", "clients"), Group::Clients);
        assert_eq!(Group::of("tests", "faults"), Group::Faults);
        assert_eq!(Group::of("tests", "journeys"), Group::Journeys);
        assert_eq!(Group::of("shared", "frames"), Group::Package);
    }

    #[test]
    fn the_binary_of_a_test_is_where_cargo_says() {
        let line = "  Executable tests/journeys/main.rs (target/debug/deps/journeys-0a)";
        assert_eq!(executable(line, "journeys"), Some("target/debug/deps/journeys-0a".into()));
        assert_eq!(executable(line, "journey"), None);
        let line = "  Executable tests/frames.rs (/t/debug/deps/frames-1b)";
        assert_eq!(executable(line, "frames"), Some("/t/debug/deps/frames-1b".into()));
        let line = "  Executable unittests src/lib.rs (/t/debug/deps/frames-1b)";
        assert_eq!(executable(line, "frames"), None);
    }

    #[test]
    fn every_integration_test_of_this_checkout_has_to_be_compiled() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in a checkout");
        let error = integration_tests(root, "").expect_err("cargo said nothing");
        assert!(error.to_string().contains("did not say"), "{error}");
    }
}
