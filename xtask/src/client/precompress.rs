//! Brotli and gzip beside each file, once, as small as they get: the server then sends them as
//! they are.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What is worth compressing; pictures and fonts are compressed already.
const KINDS: &[&str] = &["wasm", "js", "css", "html", "svg", "json", "webmanifest", "txt", "ico"];

/// What a folder of pages weighs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// How many files there are, compressed forms not counted.
    pub files: usize,
    /// Their bytes as a browser gets them that takes brotli.
    pub brotli: usize,
}

/// Writes `file.br` and `file.gz` beside each file of `folder` that gets smaller by it.
pub(crate) fn folder(folder: &Path) -> io::Result<Sizes> {
    let mut sizes = Sizes::default();
    for path in files(folder)? {
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        if matches!(extension.as_str(), "br" | "gz") {
            continue;
        }
        let content = fs::read(&path)?;
        sizes.files += 1;
        sizes.brotli += content.len();
        if KINDS.contains(&extension.as_str()) {
            let brotli = brotli(&content)?;
            if brotli.len() < content.len() {
                sizes.brotli -= content.len() - brotli.len();
            }
            beside(&path, "br", &content, &brotli)?;
            beside(&path, "gz", &content, &gzip(&content)?)?;
        }
    }
    Ok(sizes)
}

/// Every file below a folder, in a fixed order.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(self::files(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Writes the compressed form, or removes an older one where it would not be smaller.
fn beside(path: &Path, suffix: &str, content: &[u8], compressed: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    if compressed.len() < content.len() {
        return fs::write(name, compressed);
    }
    match fs::remove_file(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The smallest brotli form.
pub(crate) fn brotli(content: &[u8]) -> io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        // A window of 4 MiB holds any file of ours, and every browser takes it.
        lgwin: 22,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn files_that_get_smaller_have_both_forms_beside_them() {
        let root = std::env::temp_dir().join(format!("nowcast-precompress-{}", std::process::id()));
        fs::create_dir_all(root.join("below")).expect("the temporary folder can be written");
        let text = "the same again and ".repeat(100);
        fs::write(root.join("below/page.js"), &text).expect("it can be written");
        fs::write(root.join("tiny.css"), "a").expect("it can be written");
        fs::write(root.join("tiny.css.br"), "of an older, longer file").expect("it can be written");
        fs::write(root.join("picture.png"), &text).expect("it can be written");

        let sizes = folder(&root).expect("the folder can be compressed");

        let mut unpacked = String::new();
        let gz = fs::File::open(root.join("below/page.js.gz")).expect("there is a gzip form");
        flate2::read::GzDecoder::new(gz).read_to_string(&mut unpacked).expect("it is gzip");
        assert_eq!(unpacked, text);
        let br = fs::read(root.join("below/page.js.br")).expect("there is a brotli form");
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &*br, &mut unpacked).expect("it is brotli");
        assert_eq!(unpacked, text.as_bytes());
        assert!(!root.join("tiny.css.br").exists() && !root.join("picture.png.br").exists());
        assert_eq!(sizes, Sizes { files: 3, brotli: br.len() + 1 + text.len() });
        fs::remove_dir_all(&root).expect("the temporary folder can be removed");
    }
}
