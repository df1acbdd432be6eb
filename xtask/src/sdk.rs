//! The library for JavaScript as a package: what `npm publish` in `sdk/js` takes, and what an
//! extension or a bundler imports.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::client::{precompress, sdk};
use crate::paths::Paths;

pub(crate) const HELP: &str = "
Usage: cargo xtask sdk [FOLDER]

Joins the modules of sdk/js/src into nowcast.js (an ES module), nowcast.classic.js (a script that
sets `nowcast`) and embed.js (the live feed for any page), and writes them with their types into
sdk/js/dist, or into FOLDER. After that `npm publish` in sdk/js has all it needs. The pages that
`cargo xtask build` makes have the same scripts in them.";

pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    let paths = Paths::find()?;
    let package = paths.root.join("sdk").join("js");
    let folder = match words {
        [] => package.join("dist"),
        [folder] => PathBuf::from(folder),
        _ => bail!("one folder at most is expected"),
    };
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    sdk::write(&paths.root, &folder)?;
    let copy = |from: PathBuf, to: PathBuf| {
        fs::copy(&from, to).with_context(|| format!("{} cannot be copied", from.display()))
    };
    copy(package.join("src").join("nowcast.d.ts"), folder.join("nowcast.d.ts"))?;
    if words.is_empty() {
        // A package carries the text of its licences.
        for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
            copy(paths.root.join(name), package.join(name))?;
        }
    }
    for (name, text) in sdk::scripts(&paths.root)? {
        let brotli = precompress::brotli(text.as_bytes())?.len();
        println!("{:<20} {:>6} bytes, {brotli:>5} as brotli", name, text.len());
    }
    println!("in {}", folder.display());
    Ok(ExitCode::SUCCESS)
}
