//! Moving what is committed from the write-ahead log into the database (a checkpoint), so that the
//! log can begin anew and stays short.
//!
//! SQLite on its own does that within whichever commit makes the log too long, and whoever waits
//! for that commit waits for a thousand pages more. Here a thread of its own copies them while the
//! writer goes on. Under steady load it never gets to the very end; then the writer copies the few
//! pages that came in the meantime, between two commits, and its next one begins the log anew.

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// How many pages (of 4 KiB) have to be new before they are copied.
const WORTH_IT: u32 = 1000;

/// From how many pages on the log is to begin anew.
const LONG: u32 = 4 * WORTH_IT;

/// How many pages the writer copies itself, so that it begins anew.
const FEW: u32 = 256;

/// From how many pages on the writer waits until all is copied: about 64 MiB.
const TOO_LONG: u32 = 16 * WORTH_IT;

/// Up to which size, in bytes, the log's file is kept for being written over.
const KEPT: u32 = 32 << 20;

/// The writer's side.
pub(super) struct Checkpoints {
    progress: Arc<Progress>,
    /// Dropped to stop the thread.
    wake: Option<SyncSender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Numbers of pages, counted from the log's beginning.
#[derive(Default)]
struct Progress {
    /// In the log.
    pages: AtomicU32,
    /// Of these, in the database.
    copied: AtomicU32,
    /// Held by whoever copies.
    turn: Mutex<()>,
}

impl Checkpoints {
    /// Takes over from SQLite's automatic checkpoints.
    pub(super) fn start(writer: &mut Connection, path: &Path) -> anyhow::Result<Self> {
        writer.pragma_update(None, "journal_size_limit", KEPT)?;
        let progress = Arc::<Progress>::default();
        // This takes the place of the hook that does automatic checkpoints.
        let seen = Arc::clone(&progress);
        writer.wal_hook(Some(move |_: &mut Wal, pages| {
            seen.committed(u32::try_from(pages).unwrap_or_default());
            Ok(())
        }))?;
        let connection = super::open_beside(path)?;
        let (wake, woken) = sync_channel(1);
        let thread = thread::Builder::new().name("nowcast-checkpoint".to_owned()).spawn({
            let progress = Arc::clone(&progress);
            move || copy(&connection, &woken, &progress)
        })?;
        Ok(Self { progress, wake: Some(wake), thread: Some(thread) })
    }

    /// Sees to it that the log stays short. Called between two transactions.
    pub(super) fn after_commit(&mut self, writer: &Connection) {
        let pages = self.progress.pages.load(Ordering::Acquire);
        let new = pages.saturating_sub(self.progress.copied.load(Ordering::Acquire));
        if pages >= TOO_LONG {
            let _turn = super::lock(&self.progress.turn);
            self.progress.checkpoint(writer);
        } else if pages >= LONG
            && new < FEW
            && let Ok(_turn) = self.progress.turn.try_lock()
        {
            self.progress.checkpoint(writer);
        } else if new >= WORTH_IT
            && let Some(wake) = &self.wake
        {
            // If it was woken already, that will do.
            let _ = wake.try_send(());
        }
    }

    /// Waits until the thread is done.
    pub(super) fn stop(&mut self) {
        self.wake = None;
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

fn copy(connection: &Connection, woken: &Receiver<()>, progress: &Progress) {
    while woken.recv().is_ok() {
        let _turn = super::lock(&progress.turn);
        progress.checkpoint(connection);
        // Once more for what came meanwhile: where that was little, the log is copied to its end
        // and the writer's next commit begins it anew.
        progress.checkpoint(connection);
    }
}

impl Progress {
    fn committed(&self, pages: u32) {
        if self.pages.swap(pages, Ordering::AcqRel) > pages {
            // The log began anew.
            self.copied.store(0, Ordering::Release);
        }
    }

    /// Copies what no reader needs to find in the log; waits for nobody.
    fn checkpoint(&self, connection: &Connection) {
        let done = connection.prepare_cached("PRAGMA wal_checkpoint(passive)");
        // The row: whether it was kept from it, pages in the log, pages copied (-1: unknown).
        match done.and_then(|mut done| done.query_row([], |row| row.get::<_, i64>(2))) {
            Ok(copied) => {
                if let Ok(copied) = u32::try_from(copied) {
                    self.copied.store(copied, Ordering::Release);
                }
            }
            // It stays in the log and is tried again after another commit.
            Err(error) => tracing::warn!(%error, "the log could not be copied into the database"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;

    const PAGE: u32 = 4096 + 24;

    async fn open() -> (Db, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).unwrap();
        let sql = "CREATE TABLE t (x INTEGER PRIMARY KEY, b BLOB)";
        db.write(move |connection| connection.execute(sql, [])).await.unwrap();
        (db, folder)
    }

    async fn write(db: &Db, x: u32, bytes: u32) {
        let sql = "INSERT INTO t VALUES (?, zeroblob(?))";
        db.write(move |connection| connection.execute(sql, [x, bytes])).await.unwrap();
    }

    #[tokio::test]
    async fn the_log_stays_short_however_much_is_written() {
        let (db, folder) = open().await;
        db.relax().await.unwrap();
        let (each, rounds) = (200, 2 * TOO_LONG / 200);
        for x in 0..rounds {
            write(&db, x, each * 4096).await;
            let log = folder.path().join("nowcast.db-wal").metadata().unwrap().len();
            // One commit more than the limit, with some pages beside its own.
            assert!(log <= u64::from((TOO_LONG + each + 50) * PAGE), "{log} bytes after {x}");
        }
        db.close().await;
        let again = Db::open(folder.path()).unwrap();
        let rows = again.read(|connection| {
            let sql = "SELECT count(*), sum(length(b)) FROM t";
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        });
        assert_eq!(rows.await.unwrap(), (rounds, rounds * each * 4096));
    }

    #[tokio::test]
    async fn what_is_copied_beside_the_writer_is_there_when_nothing_was_closed() {
        let (db, folder) = open().await;
        for x in 0..40 {
            write(&db, x, 100 * 4096).await;
        }
        // As after a kill: another connection has nothing but the files.
        let again = Connection::open(folder.path().join("nowcast.db")).unwrap();
        let text = |sql| again.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(text("PRAGMA integrity_check"), "ok");
        assert_eq!(text("SELECT format('%d', count(*)) FROM t"), "40");
    }
}
