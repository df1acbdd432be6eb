//! A small disk of the server's own, to be filled up for real.
//!
//! It is a `tmpfs` in a mount namespace that only the server's process is in: nobody else sees it,
//! nothing has to be unmounted, it is gone with the process.

use super::{Server, Setup};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Makes the namespaces; part of every Debian.
const PROGRAM: &str = "unshare";

/// Mounts in the current folder, then becomes the rest of the command line.
const MOUNT: &str =
    r#"mkdir -p data && mount -t tmpfs -o "size=$1" nowcast data && shift && exec "$@""#;

/// A way to give a server such a disk on this machine.
#[derive(Clone, Debug)]
pub struct SmallDisk {
    launcher: Vec<String>,
}

impl SmallDisk {
    /// Finds out whether this user may mount in a namespace of its own; if not, says why.
    pub fn find() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut why = String::new();
        // Root needs no user namespace, and a container may forbid them; others have no other way.
        for namespaces in [&["--mount"][..], &["--mount", "--user", "--map-root-user"]] {
            let words = namespaces.iter().copied().chain(["sh", "-ec", MOUNT, "sh"]);
            let words: Vec<String> = words.map(str::to_owned).collect();
            let mut trial = Command::new(PROGRAM);
            trial.args(&words).args(["1m", "true"]).current_dir(folder.path());
            match trial.stdin(Stdio::null()).output() {
                Ok(output) if output.status.success() => {
                    return Ok(Self { launcher: [vec![PROGRAM.to_owned()], words].concat() });
                }
                Ok(output) => why.push_str(String::from_utf8_lossy(&output.stderr).trim()),
                Err(error) => why.push_str(&error.to_string()),
            }
            why.push('\n');
        }
        Err(why)
    }
}

impl Setup {
    /// With its data on a disk of this many bytes.
    #[must_use]
    pub fn on(mut self, disk: SmallDisk, bytes: u64) -> Self {
        self.launcher = disk.launcher;
        self.launcher.push(bytes.to_string());
        self
    }
}

/// Takes all the room that a server's disk has left, until this is dropped.
pub struct Ballast(PathBuf);

impl Server {
    /// Fills the disk that its data is on.
    ///
    /// # Panics
    /// When that fails otherwise than by being full, or the disk is not small.
    pub fn fill_disk(&self) -> Ballast {
        let path = self.seen(&self.data()).join("ballast");
        let mut file = std::fs::File::create(&path).expect("the disk can be written");
        let ballast = Ballast(path);
        for size in [4096, 1] {
            let block = vec![0; size];
            for blocks in 0.. {
                assert!(blocks < 1 << 14, "that is no small disk");
                match file.write_all(&block) {
                    Ok(()) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::StorageFull => break,
                    Err(error) => panic!("the disk cannot be filled: {error}"),
                }
            }
        }
        ballast
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let removed = std::fs::remove_file(&self.0);
        assert!(removed.is_ok() || std::thread::panicking(), "the disk stays full: {removed:?}");
    }
}
