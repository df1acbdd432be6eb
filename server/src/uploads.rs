//! Uploaded pictures: files named after their content, served as nothing but pictures.

use crate::error::Problem;
use imagesize::ImageType;
use nowcast_shared::error::Code;
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::fs::File;

/// The folder of uploads.
pub struct Uploads {
    folder: PathBuf,
    limit: usize,
}

/// A picture that was kept.
#[derive(Debug, serde::Serialize)]
pub struct Upload {
    /// Where it is served.
    pub url: String,
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
}

impl Uploads {
    /// Uploads kept in `folder`/uploads, of at most `limit` bytes each.
    pub fn open(folder: &Path, limit: usize) -> io::Result<Self> {
        let folder = folder.join("uploads");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, limit })
    }

    /// The most that a picture may weigh, in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Keeps a picture; the same one twice is one file.
    ///
    /// # Errors
    /// `not_an_image` if its bytes are of no format that browsers show, `too_large`.
    pub async fn keep(&self, bytes: &[u8]) -> Result<Upload, Problem> {
        if bytes.len() > self.limit {
            return Err(Problem::too_large("The picture", self.limit));
        }
        let (ending, size) = inspect(bytes).ok_or_else(|| {
            let detail =
                "This is no picture that browsers show: send PNG, JPEG, GIF, WebP or AVIF.";
            Problem::new(Code::NotAnImage, detail)
        })?;
        let digest = Sha256::digest(bytes);
        let name = format!("{}.{ending}", crate::hex(&digest[..16]));
        self.write(&name, bytes).await.map_err(|error| {
            tracing::error!(%error, "an upload could not be kept");
            Problem::new(Code::Unavailable, "The picture could not be kept. Try again in a moment.")
        })?;
        Ok(Upload { url: format!("/uploads/{name}"), width: size.width, height: size.height })
    }

    /// Whole or not at all: written beside its place, flushed, then renamed.
    async fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.folder.join(name);
        let (beside, bytes) = (self.folder.join(crate::random::name(".part-", 9)), bytes.to_vec());
        let write = move || {
            if path.exists() {
                return Ok(());
            }
            let mut file = std::fs::File::create(&beside)?;
            io::Write::write_all(&mut file, &bytes)
                .and_then(|()| file.sync_all())
                .and_then(|()| std::fs::rename(&beside, &path))
                .inspect_err(|_| {
                    let _ = std::fs::remove_file(&beside);
                })
        };
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }

    /// A kept picture's file, its size in bytes and its type; `None` if there is none of this name.
    pub async fn open_file(&self, name: &str) -> Option<(File, u64, &'static str)> {
        let (stem, ending) = name.split_once('.')?;
        let (_, mime) = FORMATS.into_iter().find(|(known, _)| *known == ending)?;
        if stem.is_empty() || !stem.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let file = File::open(self.folder.join(name)).await.ok()?;
        let size = file.metadata().await.ok()?.len();
        Some((file, size, mime))
    }
}

/// File ending and media type of each format that is taken.
const FORMATS: [(&str, &str); 5] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
];

/// Format and size, from the bytes themselves: what the sender says of them does not count.
fn inspect(bytes: &[u8]) -> Option<(&'static str, imagesize::ImageSize)> {
    let ending = match imagesize::image_type(bytes).ok()? {
        ImageType::Png => "png",
        ImageType::Jpeg => "jpg",
        ImageType::Gif => "gif",
        ImageType::Webp => "webp",
        ImageType::Heif(imagesize::Compression::Av1) => "avif",
        _ => return None,
    };
    let size = imagesize::blob_size(bytes).ok()?;
    let plausible = |pixels: usize| (1..=100_000).contains(&pixels);
    (plausible(size.width) && plausible(size.height)).then_some((ending, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of one pixel.
    const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

    #[tokio::test]
    async fn a_picture_is_kept_under_the_name_of_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(folder.path(), 1000).unwrap();
        let first = uploads.keep(PIXEL).await.unwrap();
        assert_eq!(first.url, uploads.keep(PIXEL).await.unwrap().url);
        assert_eq!((first.width, first.height), (1, 1));
        let name = first.url.strip_prefix("/uploads/").unwrap();
        let (_, size, mime) = uploads.open_file(name).await.unwrap();
        assert_eq!((size, mime), (PIXEL.len() as u64, "image/png"));
    }

    #[tokio::test]
    async fn what_is_no_picture_or_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(folder.path(), 80).unwrap();
        for bad in
            [&b""[..], b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
        {
            assert_eq!(uploads.keep(bad).await.unwrap_err().code, Code::NotAnImage);
        }
        let large = [PIXEL, &[0; 100]].concat();
        assert_eq!(uploads.keep(&large).await.unwrap_err().code, Code::TooLarge);
        for outside in ["../nowcast.db", "a/b.png", ".png", "x.svg", "zz.png"] {
            assert!(uploads.open_file(outside).await.is_none(), "{outside}");
        }
    }
}
