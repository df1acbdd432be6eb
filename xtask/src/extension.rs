//! The browser extension: a folder that browsers load as it is, and the archive that shops take.
//!
//! - [`icon`]: the button's picture in all its sizes. [`archive`]: the same files, the same bytes.

mod archive;
mod icon;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::cargo;
use crate::client::{self, Wasm, sdk};
use crate::paths::Paths;
use crate::progress::{Progress, Step};
use crate::setup::{self, Tools};

pub(crate) const HELP: &str = "
Usage: cargo xtask extension [--debug]

Gets the tools (see `cargo xtask help setup`) and builds the browser extension:
  - target/extension/, a folder that Chromium and Firefox load as it is (docs/extension.md)
  - target/nowcast-extension-VERSION.zip, the same as one file, byte by byte the same each time

  --debug  the popup as fast as it compiles, which is large and slow; no archive";

/// How many steps [`make`] shows.
pub(crate) const STEPS: usize = 2;

/// The version in the source of the manifest, which is that of the workspace in the built one.
const NO_VERSION: &str = "\"version\": \"0.0.0\"";

/// The sizes that browsers ask for, in pixels.
const ICONS: [u32; 4] = [16, 32, 48, 128];

/// What comes from elsewhere in the checkout: from where, and to where.
const COPIED: &[(&str, &str)] = &[
    ("extension/pages/popup.html", "popup.html"),
    ("extension/pages/options.html", "options.html"),
    ("extension/pages/popup.css", "style/popup.css"),
    ("extension/pages/options.css", "style/options.css"),
    ("extension/pages/page.svg", "style/page.svg"),
    ("extension/pages/options.svg", "style/options.svg"),
    ("style/base.css", "style/base.css"),
    ("style/feed.css", "style/feed.css"),
];

/// What the service worker connects with.
const LIBRARY: &str = "nowcast.js";

pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    let wasm = match words {
        [] => Wasm::Release,
        [word] if word == "--debug" => Wasm::Debug,
        [first, ..] => bail!("`extension` takes no argument like `{first}`"),
    };
    let paths = Paths::find()?;
    fs::create_dir_all(paths.state())?;
    let progress = Progress::new(setup::STEPS + STEPS);
    let tools = Tools::install(&paths, &progress, || Ok(()))?;
    let folder = make(&paths, &tools, &progress, wasm)?;
    println!("{}", folder.display());
    if wasm == Wasm::Release {
        let name = format!("nowcast-extension-{}.zip", env!("CARGO_PKG_VERSION"));
        let file = paths.target.join(name);
        let size = archive::write(&folder, &file)?;
        println!("{} ({} KB)", file.display(), size / 1000);
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the folder, and says where it is.
pub(crate) fn make(
    paths: &Paths,
    tools: &Tools,
    progress: &Progress,
    wasm: Wasm,
) -> Result<PathBuf> {
    let step = progress.step("WebAssembly of the extension", "compiling");
    let module = compile(paths, &step, wasm)?;
    step.done("compiled");
    let step = progress.step("extension", "");
    // It appears whole: a browser may look at it while it is made.
    let fresh = paths.state().join("extension");
    let _ = fs::remove_dir_all(&fresh);
    for folder in ["icons", "popup", "src", "style"] {
        fs::create_dir_all(fresh.join(folder))?;
    }
    copy_files(&paths.root, &fresh)?;
    for size in ICONS {
        fs::write(fresh.join(format!("icons/{size}.png")), icon::png(size)?)?;
    }
    bind(paths, tools, &step, &module, &fresh.join("popup"), wasm)?;
    let folder = paths.target.join("extension");
    let _ = fs::remove_dir_all(&folder);
    fs::rename(&fresh, &folder)
        .with_context(|| format!("{} cannot be put in its place", folder.display()))?;
    step.done("built");
    Ok(folder)
}

fn compile(paths: &Paths, step: &Step<'_>, wasm: Wasm) -> Result<PathBuf> {
    let mut command = client::compiling(paths, wasm);
    command.args(["--bin", "popup"]);
    let log = cargo::log_path(&paths.state(), "extension-wasm");
    cargo::run(step, "Compiling the popup", command, &log)?;
    Ok(client::compiled(paths, wasm, "popup"))
}

fn copy_files(root: &Path, to: &Path) -> Result<()> {
    let copy = |from: &Path, to: PathBuf| {
        fs::copy(from, to).with_context(|| format!("{} cannot be copied", from.display()))
    };
    for (from, name) in COPIED {
        copy(&root.join(from), to.join(name))?;
    }
    let source = root.join("extension").join("src");
    for entry in fs::read_dir(&source)? {
        let entry = entry?;
        copy(&entry.path(), to.join("src").join(entry.file_name()))?;
    }
    let scripts = sdk::scripts(root)?;
    let library = scripts.into_iter().find(|(name, _)| *name == LIBRARY);
    let (name, text) = library.with_context(|| format!("there is no {LIBRARY}"))?;
    fs::write(to.join(name), text)?;
    let manifest = fs::read_to_string(root.join("extension").join("manifest.json"))?;
    fs::write(to.join("manifest.json"), with_version(&manifest)?)?;
    Ok(())
}

fn with_version(manifest: &str) -> Result<String> {
    if !manifest.contains(NO_VERSION) {
        bail!("extension/manifest.json does not have {NO_VERSION}");
    }
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    Ok(manifest.replace(NO_VERSION, &version))
}

/// Writes the JavaScript around the module, and makes it small.
fn bind(
    paths: &Paths,
    tools: &Tools,
    step: &Step<'_>,
    module: &Path,
    folder: &Path,
    wasm: Wasm,
) -> Result<()> {
    step.note("wasm-bindgen");
    let mut command = cargo::other(tools.wasm_bindgen(), &paths.root);
    command.args(["--target=web", "--no-typescript", "--out-name=popup", "--out-dir"]);
    command.arg(folder).arg(module);
    let log = cargo::log_path(&paths.state(), "extension-bindgen");
    cargo::run(step, "`wasm-bindgen`", command, &log)?;
    if wasm == Wasm::Debug {
        return Ok(());
    }
    step.note("wasm-opt");
    let bound = folder.join("popup_bg.wasm");
    let small = folder.join("small.wasm");
    let mut command = cargo::other(tools.wasm_opt(), &paths.root);
    command.arg(format!("--output={}", small.display())).arg("-Oz");
    command.args(client::wasm_features(&paths.root)?).arg(&bound);
    let log = cargo::log_path(&paths.state(), "extension-opt");
    cargo::run(step, "`wasm-opt`", command, &log)?;
    Ok(fs::rename(&small, &bound)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in a checkout")
    }

    #[test]
    fn the_built_manifest_has_the_version_of_the_workspace() {
        let manifest = fs::read_to_string(root().join("extension/manifest.json")).expect("it is");
        let built = with_version(&manifest).expect("it has a place for it");
        assert!(built.contains(concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"")));
        assert!(with_version("{}").is_err());
    }

    #[test]
    fn every_icon_of_the_manifest_is_made() {
        let manifest = fs::read_to_string(root().join("extension/manifest.json")).expect("it is");
        let named = manifest.split('"').filter_map(|word| word.strip_prefix("icons/"));
        let known: Vec<String> = ICONS.iter().map(|size| format!("{size}.png")).collect();
        for name in named {
            assert!(known.iter().any(|icon| icon == name), "{name}");
        }
    }
}
