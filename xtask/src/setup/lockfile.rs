//! Reads Cargo.lock: the tools that work on a crate's output have to be of its version.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// The one version of `package` that the checkout is built with.
pub(crate) fn version(root: &Path, package: &str) -> Result<String> {
    let path = root.join("Cargo.lock");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    match versions(&text, package).as_slice() {
        [version] => Ok((*version).to_owned()),
        [] => bail!("Cargo.lock has no package `{package}`"),
        several => bail!(
            "Cargo.lock has `{package}` in {} versions ({}); the pages can only be built with one",
            several.len(),
            several.join(", ")
        ),
    }
}

/// Cargo writes the file itself, always in this form: `[[package]]`, `name`, `version`.
fn versions<'a>(lockfile: &'a str, package: &str) -> Vec<&'a str> {
    let wanted = format!("name = \"{package}\"");
    let mut versions = Vec::new();
    let mut lines = lockfile.lines();
    while let Some(line) = lines.next() {
        if line.trim_end() == wanted
            && let Some(version) = lines.next().and_then(|line| line.strip_prefix("version = \""))
        {
            versions.push(version.trim_end().trim_end_matches('"'));
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKFILE: &str = r#"
[[package]]
name = "wasm-bindgen"
version = "0.2.130"
dependencies = [
 "wasm-bindgen-macro",
]

[[package]]
name = "wasm-bindgen-macro"
version = "0.2.131"

[[package]]
name = "syn"
version = "1.0.109"

[[package]]
name = "syn"
version = "2.0.1"
"#;

    #[test]
    fn a_version_is_that_of_the_package_with_exactly_this_name() {
        assert_eq!(versions(LOCKFILE, "wasm-bindgen"), ["0.2.130"]);
        assert_eq!(versions(LOCKFILE, "syn"), ["1.0.109", "2.0.1"]);
        assert!(versions(LOCKFILE, "wasm").is_empty());
    }

    #[test]
    fn the_lock_file_of_this_checkout_names_one_wasm_bindgen() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in a checkout");
        let version = version(root, "wasm-bindgen").expect("it is locked");
        assert!(version.starts_with("0.2."), "{version}");
    }
}
