//! Secrets of sources: encrypted in the database, with a key in a file beside it. Who has the one
//! without the other has nothing.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::Once;
use std::sync::{Mutex, PoisonError};

/// How long a key is, in bytes.
const KEY: usize = 32;
/// How long what makes an encryption unlike all others is, in bytes (`XChaCha20`: random will do).
const NONCE: usize = 24;
/// What sealed secrets begin with, so that there can be another way one day.
const VERSION: u8 = 1;

/// What a source keeps to itself.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Secrets {
    /// A password, a token, or what deliveries are signed with.
    pub(super) secret: Option<String>,
    /// Values of headers, by their names in lower case.
    pub(super) headers: BTreeMap<String, String>,
}

impl Secrets {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.secret.is_none() && self.headers.is_empty()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// Why secrets cannot be read or kept, in words for whoever runs the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Locked {
    /// There is no key file.
    #[error("The key file {0} is missing. Put it back, or enter the secrets again.")]
    Missing(String),
    /// What is in the file is no key.
    #[error(
        "The key file {0} holds no key. Put the right one back, or take it away and enter the secrets again."
    )]
    NoKey(String),
    /// The file cannot be read or written.
    #[error("The key file {0} cannot be used: {1}.")]
    Unusable(String, String),
    /// It is not the key that they were kept with.
    #[error(
        "The secrets were kept with another key than that of {0}. Put that one back, or enter them again."
    )]
    OtherKey(String),
}

/// Seals and opens secrets. The file is looked at each time: it can be put back while the server runs.
pub(super) struct Vault {
    path: PathBuf,
    /// Held while a key is made.
    making: Mutex<()>,
}

impl Vault {
    /// With its key in this file, which is made when the first secret is kept.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, making: Mutex::default() }
    }

    /// Encrypts. `whose` is what it can be opened for.
    pub(super) fn seal(&self, whose: &str, secrets: &Secrets) -> Result<Vec<u8>, Locked> {
        let cipher = self.cipher(Missing::Make)?;
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| self.unusable(&error))?;
        let plain = serde_json::to_vec(secrets).unwrap_or_default();
        let payload = Payload { msg: &plain, aad: whose.as_bytes() };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|error| self.unusable(&error))?;
        Ok([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// Decrypts.
    pub(super) fn open(&self, whose: &str, sealed: &[u8]) -> Result<Secrets, Locked> {
        let cipher = self.cipher(Missing::Say)?;
        let other = || Locked::OtherKey(self.name());
        let body = sealed.strip_prefix(&[VERSION]).ok_or_else(other)?;
        let (nonce, body) = body.split_first_chunk::<NONCE>().ok_or_else(other)?;
        let payload = Payload { msg: body, aad: whose.as_bytes() };
        let plain = cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| other())?;
        serde_json::from_slice(&plain).map_err(|_| other())
    }

    fn cipher(&self, missing: Missing) -> Result<XChaCha20Poly1305, Locked> {
        let _alone = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match (read(&self.path), missing) {
            (Ok(text), _) => parse(&text).ok_or_else(|| Locked::NoKey(self.name()))?,
            (Err(error), Missing::Make) if error.kind() == io::ErrorKind::NotFound => {
                make(&self.path).map_err(|error| self.unusable(&error))?
            }
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Locked::Missing(self.name()));
            }
            (Err(error), _) => return Err(self.unusable(&error)),
        };
        Ok(XChaCha20Poly1305::new(&Key::from(key)))
    }

    fn unusable(&self, error: &dyn fmt::Display) -> Locked {
        Locked::Unusable(self.name(), error.to_string())
    }

    /// The file's name; where it lies is nobody's business who only asks over HTTP.
    fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// What to do without a key file.
#[derive(Clone, Copy)]
enum Missing {
    Make,
    Say,
}

fn read(path: &Path) -> io::Result<String> {
    // A key is short: whatever else lies there is not read to its end.
    let mut text = String::new();
    let file = File::open(path)?;
    close(&file);
    file.take(200).read_to_string(&mut text)?;
    Ok(text)
}

/// Makes sure that nobody else reads it, where that is ours to say: of a file that a container was
/// given it is not.
#[cfg(unix)]
fn close(file: &File) {
    use std::os::unix::fs::PermissionsExt;
    static SAID: Once = Once::new();
    let mode = file.metadata().map_or(0, |data| data.permissions().mode());
    // The last two of three digits are what others may.
    if mode.trailing_zeros() >= 6 {
        return;
    }
    match file.set_permissions(fs::Permissions::from_mode(0o600)) {
        Ok(()) => tracing::warn!("others could read the key of the sources' secrets; not any more"),
        // The key is read again and again.
        Err(error) => SAID.call_once(|| {
            tracing::warn!(%error, "others may read the key of the sources' secrets");
        }),
    }
}

#[cfg(not(unix))]
fn close(_: &File) {}

fn parse(text: &str) -> Option<[u8; KEY]> {
    let text = text.trim();
    if text.len() != 2 * KEY || !text.is_ascii() {
        return None;
    }
    let mut key = [0; KEY];
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

/// Draws a key and writes it down, whole or not at all.
fn make(path: &Path) -> io::Result<[u8; KEY]> {
    let mut key = [0; KEY];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let part = path.with_extension("part");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    close(&file);
    writeln!(file, "{}", crate::hex(&key))?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    if let Some(folder) = path.parent() {
        // What is encrypted with it is on the disk a moment later; so has to be its name.
        File::open(folder).and_then(|folder| folder.sync_all())?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secrets(secret: &str) -> Secrets {
        let headers = BTreeMap::from([("x-key".to_owned(), secret.to_owned())]);
        Secrets { secret: Some(secret.to_owned()), headers }
    }

    fn vault() -> (Vault, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Vault::new(folder.path().join("sources.key")), folder)
    }

    #[test]
    fn what_is_sealed_is_opened_again_and_says_nothing_by_itself() {
        let (vault, folder) = vault();
        let sealed = vault.seal("s1", &secrets("a very secret word")).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("secret"));
        assert_eq!(vault.open("s1", &sealed).unwrap(), secrets("a very secret word"));
        assert_ne!(vault.seal("s1", &secrets("a very secret word")).unwrap(), sealed);
        let again = Vault::new(folder.path().join("sources.key"));
        assert_eq!(again.open("s1", &sealed).unwrap(), secrets("a very secret word"));
        assert!(!format!("{:?}", secrets("a very secret word")).contains("word"));
    }

    #[test]
    #[cfg(unix)]
    fn nobody_else_reads_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let (vault, folder) = vault();
        let sealed = vault.seal("s1", &secrets("x")).unwrap();
        let path = folder.path().join("sources.key");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        vault.open("s1", &sealed).unwrap();
        assert_eq!(mode(), 0o600, "it is closed again");
    }

    #[test]
    fn a_key_that_is_missing_or_another_is_told_apart() {
        let (vault, folder) = vault();
        let path = folder.path().join("sources.key");
        assert!(matches!(vault.open("s1", b"x"), Err(Locked::Missing(_))));
        let sealed = vault.seal("s1", &secrets("x")).unwrap();
        assert!(matches!(vault.open("s2", &sealed), Err(Locked::OtherKey(_))), "another source's");
        let key = fs::read(&path).unwrap();
        fs::write(&path, "no key").unwrap();
        assert!(matches!(vault.open("s1", &sealed), Err(Locked::NoKey(_))));
        assert!(
            matches!(vault.seal("s1", &secrets("y")), Err(Locked::NoKey(_))),
            "not overwritten"
        );
        fs::remove_file(&path).unwrap();
        assert!(matches!(vault.open("s1", &sealed), Err(Locked::Missing(_))));
        vault.seal("s3", &secrets("y")).unwrap();
        assert!(matches!(vault.open("s1", &sealed), Err(Locked::OtherKey(_))));
        fs::write(&path, key).unwrap();
        assert_eq!(vault.open("s1", &sealed).unwrap(), secrets("x"));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(vault.open("s1", &sealed), Err(Locked::Unusable(..))));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_noticed(place in 0..60_usize, change in 1..=255_u8) {
            let (vault, _folder) = vault();
            let mut sealed = vault.seal("s1", &secrets("x")).unwrap();
            let place = place % sealed.len();
            sealed[place] ^= change;
            prop_assert!(vault.open("s1", &sealed).is_err());
        }
    }
}
