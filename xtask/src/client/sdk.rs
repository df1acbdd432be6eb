//! The scripts that other pages load: the library, once as a module and once as a classic script,
//! and the live feed for any page.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::script;

/// Where the modules are, seen from the checkout's root.
const SOURCES: &str = "sdk/js/src";

/// Makes the scripts: their names and texts.
pub(crate) fn scripts(root: &Path) -> Result<Vec<(&'static str, String)>> {
    let sources = root.join(SOURCES);
    let library = script::join(&sources, "nowcast.js", &[])?;
    let embed = script::join(&sources, "embed.js", &["./nowcast.js"])?;
    let version = version(root)?;
    let whole = |text: String| format!("/*! Nowcast {version} | MIT OR Apache-2.0 */\n{text}");
    Ok(vec![
        ("nowcast.js", whole(library.module())),
        ("nowcast.classic.js", whole(library.classic("nowcast")?)),
        ("embed.js", whole(embed.module())),
    ])
}

/// Writes the scripts into a folder.
pub(crate) fn write(root: &Path, folder: &Path) -> Result<()> {
    for (name, text) in scripts(root)? {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// The version that the package says, which has to be everything else's.
fn version(root: &Path) -> Result<&'static str> {
    let path = root.join("sdk/js/package.json");
    let package =
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let version = env!("CARGO_PKG_VERSION");
    ensure!(
        package.contains(&format!("\"version\": \"{version}\"")),
        "{} names another version than {version}",
        path.display()
    );
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::super::precompress;
    use super::*;

    #[test]
    fn the_library_weighs_at_most_12_kb_as_brotli() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in a checkout");
        let scripts = scripts(root).expect("the scripts can be made");
        let weight = |name| {
            let (_, text) = scripts.iter().find(|(known, _)| *known == name).expect("it is made");
            precompress::brotli(text.as_bytes()).expect("it can be compressed").len()
        };
        for name in ["nowcast.js", "nowcast.classic.js"] {
            assert!(weight(name) <= 12_000, "{name} weighs {} bytes", weight(name));
        }
    }
}
