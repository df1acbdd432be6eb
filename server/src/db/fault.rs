//! Why nothing can be written, as far as it is something that somebody can mend.

use super::DbError;
use rusqlite::{Connection, ErrorCode};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What is wrong with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full, or a quota or limit is reached.
    Full,
    /// Another program holds a lock on it.
    Locked,
    /// The system lets nobody write to it.
    ReadOnly,
    /// The disk or the file is broken.
    Failed,
}

impl Fault {
    /// What SQLite's code means; `None` for what is no fault of the store.
    fn of(error: &rusqlite::Error) -> Option<Self> {
        match error.sqlite_error_code()? {
            ErrorCode::DiskFull => Some(Self::Full),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(Self::Locked),
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Some(Self::ReadOnly),
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::FileLockingProtocolFailed => Some(Self::Failed),
            _ => None,
        }
    }

    /// What the system's answer to a write means.
    fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Self::ReadOnly,
            _ => Self::Failed,
        }
    }
}

impl DbError {
    /// What is wrong with the store, if it is that.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Fault(fault, _) => Some(*fault),
            Self::Sqlite(error) => Fault::of(error),
            Self::Closed | Self::Busy => None,
        }
    }
}

/// Says why `connection` could not commit.
///
/// SQLite tells a full disk and a lock by codes of their own; everything else that the system may
/// answer to a write is one "disk I/O error" to it. So the system is asked again, with a small file
/// beside the database.
pub(super) fn explain(error: rusqlite::Error, connection: &Connection) -> DbError {
    let fault = match Fault::of(&error) {
        Some(Fault::Failed) => connection
            .path()
            .and_then(|path| Path::new(path).parent())
            .and_then(probe)
            .unwrap_or(Fault::Failed),
        Some(fault) => fault,
        None => return error.into(),
    };
    DbError::Fault(fault, Arc::new(error))
}

/// Why a file in `folder` cannot be written; `None` if it can.
fn probe(folder: &Path) -> Option<Fault> {
    let file = folder.join("nowcast.probe");
    let refused = fs::write(&file, [0; 512]).err();
    let _ = fs::remove_file(&file);
    refused.as_ref().map(Fault::of_io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn told(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn a_code_of_sqlite_is_the_fault_that_it_stands_for() {
        assert_eq!(Fault::of(&told(ffi::SQLITE_FULL)), Some(Fault::Full));
        assert_eq!(Fault::of(&told(ffi::SQLITE_BUSY)), Some(Fault::Locked));
        assert_eq!(Fault::of(&told(ffi::SQLITE_READONLY)), Some(Fault::ReadOnly));
        assert_eq!(Fault::of(&told(ffi::SQLITE_IOERR_WRITE)), Some(Fault::Failed));
        assert_eq!(Fault::of(&told(ffi::SQLITE_CONSTRAINT)), None, "that is a mistake of ours");
        assert_eq!(Fault::of(&rusqlite::Error::QueryReturnedNoRows), None);
    }

    #[test]
    fn an_error_that_sqlite_cannot_name_is_named_by_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("nowcast.db")).unwrap();
        let fault = |connection| explain(told(ffi::SQLITE_IOERR_WRITE), connection).fault();
        assert_eq!(fault(&connection), Some(Fault::Failed), "the folder can be written");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
        // Root may write in every folder, but in none that is gone.
        drop(folder);
        assert_eq!(fault(&connection), Some(Fault::Failed));
        for (kind, fault) in [
            (io::ErrorKind::QuotaExceeded, Fault::Full),
            (io::ErrorKind::FileTooLarge, Fault::Full),
            (io::ErrorKind::ReadOnlyFilesystem, Fault::ReadOnly),
            (io::ErrorKind::PermissionDenied, Fault::ReadOnly),
        ] {
            assert_eq!(Fault::of_io(&kind.into()), fault);
        }
    }
}
