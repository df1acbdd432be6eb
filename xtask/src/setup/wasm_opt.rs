//! wasm-opt makes the pages' WebAssembly a little smaller. It is a C++ program, so it is taken
//! ready-made where there is one: on PATH, npm's, Debian's where that is new enough. Compiling it
//! would take longer than everything else together and save some three per cent: where it cannot
//! be had, the pages are built without, and that is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::cache::Place;
use super::debian;
use super::{path, version_of};
use crate::cargo;
use crate::paths::Paths;
use crate::progress::{Progress, Step};

/// The oldest that gets modules with two tables right, as wasm-bindgen makes them. Debian 12's 108
/// exports the wrong one of them, and the pages do not start.
const OLDEST: u32 = 116;
/// Debian's package `binaryen`, which version of it depends on Debian's.
const DEBIAN_VERSION: &str = "debian";
/// npm's package `binaryen`.
const NPM_VERSION: &str = "130.0.0";

/// The folder with `wasm-opt`; installs it when there is none.
pub(crate) fn install(paths: &Paths, progress: &Progress) -> Result<PathBuf> {
    let step = progress.step("wasm-opt", "");
    if let Some(folder) = find() {
        step.done("on PATH");
        return Ok(folder);
    }
    let from_npm = Place::new(paths, "binaryen", NPM_VERSION);
    let from_debian = Place::new(paths, "binaryen", DEBIAN_VERSION);
    let without = Place::new(paths, "wasm-opt", "none");
    for place in [&from_npm, &from_debian] {
        if has_working(&place.folder()) {
            step.done("ready");
            return Ok(place.folder().join("bin"));
        }
    }
    // One way that fails (no network to npm, say) leaves the others to be tried.
    let download = |folder: &Path| npm(&step, folder, from_npm.log());
    if path::find("npm").is_some()
        && path::find("node").is_some()
        && fill(&from_npm, &step, download)
    {
        step.done("installed npm's binaryen");
        return Ok(from_npm.folder().join("bin"));
    }
    let told = "none here that works; the pages will be some 3 % larger";
    if is_stand_in(&without.folder()) {
        step.done(told);
        return Ok(without.folder().join("bin"));
    }
    let unpack = |folder: &Path| debian::unpack(&step, "binaryen", folder, from_debian.log());
    if debian::can_unpack() && fill(&from_debian, &step, unpack) {
        step.done("unpacked Debian's binaryen");
        return Ok(from_debian.folder().join("bin"));
    }
    without.fill(&step, is_stand_in, stand_in)?;
    step.done(told);
    Ok(without.folder().join("bin"))
}

/// Trunk insists on calling wasm-opt; this one hands the module on as it is.
fn stand_in(folder: &Path) -> Result<()> {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin)?;
    let program = bin.join(file());
    fs::write(&program, STAND_IN)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    anyhow::bail!("wasm-opt is missing: install Binaryen {OLDEST} or newer, and put it on PATH");
    #[cfg(unix)]
    Ok(())
}

const STAND_IN: &str = "#!/bin/sh
# Stands in for wasm-opt where there is none: called as `wasm-opt --output=FILE … FILE`.
for word in \"$@\"; do
    case $word in
    --version) echo 'wasm-opt version none'; exit ;;
    --output=*) output=${word#--output=} ;;
    -*) ;;
    *) input=$word ;;
    esac
done
exec cp \"$input\" \"$output\"
";

fn is_stand_in(folder: &Path) -> bool {
    fs::read_to_string(folder.join("bin").join(file())).is_ok_and(|text| text == STAND_IN)
}

fn find() -> Option<PathBuf> {
    // Debian's folder is looked at even where PATH leaves it out.
    let found = path::find("wasm-opt").unwrap_or_else(|| Path::new("/usr/bin").join(file()));
    if works(&found) { found.parent().map(Path::to_owned) } else { None }
}

/// Whether a way led to a tool that works.
fn fill(place: &Place, step: &Step<'_>, install: impl FnOnce(&Path) -> Result<()>) -> bool {
    place.fill(step, has_working, install).is_ok() && has_working(&place.folder())
}

fn has_working(folder: &Path) -> bool {
    works(&folder.join("bin").join(file()))
}

fn works(program: &Path) -> bool {
    program.is_file()
        && version_of(program).and_then(|said| version(&said)).is_some_and(|it| it >= OLDEST)
}

/// `wasm-opt version 108 (version_108)`
fn version(said: &str) -> Option<u32> {
    let number = said.strip_prefix("wasm-opt version ")?;
    number.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

fn file() -> String {
    path::executable("wasm-opt")
}

fn npm(step: &Step<'_>, folder: &Path, log: &Path) -> Result<()> {
    step.note("downloading npm's binaryen");
    let mut command = Command::new("npm");
    // A global installation into a prefix puts its programs into the prefix's `bin`.
    command.args(["install", "--global", "--no-audit", "--no-fund", "--prefix"]);
    command.arg(folder).arg(format!("binaryen@{NPM_VERSION}"));
    cargo::run(step, "`npm install binaryen`", command, log)
}

#[cfg(test)]
mod tests {
    use super::{STAND_IN, stand_in, version};
    use std::process::Command;

    #[test]
    #[cfg(unix)]
    fn the_stand_in_hands_on_what_trunk_gives_it() {
        let folder = std::env::temp_dir().join(format!("nowcast-stand-in-{}", std::process::id()));
        stand_in(&folder).expect("the folder can be written");
        let (input, output) = (folder.join("a b.wasm"), folder.join("c.wasm"));
        std::fs::write(&input, STAND_IN).expect("the folder can be written");
        let ended = Command::new(folder.join("bin").join("wasm-opt"))
            .arg(format!("--output={}", output.display()))
            .args(["-Oz", "--enable-bulk-memory"])
            .arg(&input)
            .status()
            .expect("it can be run");
        let copied = std::fs::read_to_string(&output).expect("it wrote");
        std::fs::remove_dir_all(&folder).expect("it is ours");
        assert!(ended.success());
        assert_eq!(copied, STAND_IN);
    }

    #[test]
    fn the_version_is_read_from_what_wasm_opt_says() {
        assert_eq!(version("wasm-opt version 108"), Some(108));
        assert_eq!(version("wasm-opt version 130 (version_130-12-gabc)"), Some(130));
        assert_eq!(version("wasm-opt"), None);
    }
}
