//! A folder as one zip file: the same bytes for the same files, whoever makes it and when.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::client::precompress::files;

/// Writes the files of a folder, and says how large the archive is, in bytes.
pub(super) fn write(folder: &Path, to: &Path) -> Result<u64> {
    let mut names: Vec<String> = files(folder)?
        .iter()
        .filter_map(|file| file.strip_prefix(folder).ok())
        .map(|name| name.to_string_lossy().replace('\\', "/"))
        .collect();
    names.sort();
    let unwritten = || format!("{} cannot be written", to.display());
    let mut archive = ZipWriter::new(File::create(to).with_context(unwritten)?);
    // No time and nobody's rights: both would differ from machine to machine.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for name in names {
        let content = fs::read(folder.join(&name))?;
        archive.start_file(name, options)?;
        archive.write_all(&content)?;
    }
    let file = archive.finish().with_context(unwritten)?;
    Ok(file.metadata()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_are_the_same_archive() {
        let folder = std::env::temp_dir().join(format!("nowcast-archive-{}", std::process::id()));
        let made = |name: &str, order: [&str; 2]| {
            let source = folder.join(name);
            fs::create_dir_all(source.join("b")).expect("it can be made");
            for file in order {
                fs::write(source.join(file), file.repeat(100)).expect("it can be written");
            }
            let to = folder.join(format!("{name}.zip"));
            write(&source, &to).expect("it can be archived");
            fs::read(to).expect("it is there")
        };
        let one = made("one", ["a.js", "b/c.js"]);
        let other = made("other", ["b/c.js", "a.js"]);
        fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
        assert!(one == other && one.starts_with(b"PK"));
    }
}
