//! The server as a process of the system: its id, its memory, what it may write.

use super::Server;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::path::{Path, PathBuf};

/// A limit on what a server may write.
pub struct FileLimit(Pid);

impl FileLimit {
    fn set(&self, bytes: Option<u64>) -> rustix::io::Result<()> {
        // Only the soft limit: nobody needs a privilege to raise that again.
        let maximum = getrlimit(Resource::Fsize).maximum;
        let limit = Rlimit { current: bytes.or(maximum), maximum };
        prlimit(Some(self.0), Resource::Fsize, limit).map(|_| ())
    }
}

impl Drop for FileLimit {
    fn drop(&mut self) {
        let lifted = self.set(None);
        assert!(lifted.is_ok() || std::thread::panicking(), "the limit stays: {lifted:?}");
    }
}

impl Server {
    /// Its process id.
    ///
    /// # Panics
    /// When it has ended.
    pub fn id(&self) -> Pid {
        let id = self.child.id().expect("the server is running");
        i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process id")
    }

    /// No file that it writes may grow beyond this many bytes (`RLIMIT_FSIZE`) until what comes
    /// back is dropped; with 0 it can write nothing at all, whoever it runs as.
    ///
    /// # Panics
    /// When the system does not allow it.
    pub fn limit_files(&self, bytes: u64) -> FileLimit {
        let limit = FileLimit(self.id());
        limit.set(Some(bytes)).expect("a process may limit its children");
        limit
    }

    /// How many bytes of memory it has now.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// How many bytes of memory it has had at most since it was started.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn most_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, field: &str) -> u64 {
        let id = self.id().as_raw_nonzero();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.unwrap_or_else(|| panic!("/proc/{id}/status has no {field}: {status}")) * 1024
    }

    /// A file as the server sees it, which may have mounts of its own.
    ///
    /// # Panics
    /// When the path is not absolute.
    pub fn seen(&self, path: &Path) -> PathBuf {
        let path = path.strip_prefix("/").expect("an absolute path");
        Path::new(&format!("/proc/{}/root", self.id().as_raw_nonzero())).join(path)
    }
}
