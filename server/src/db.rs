//! The database: one file, one writer, a few readers.
//!
//! Writes are [`Job`]s on a bounded queue. The writer thread takes whatever has queued up, runs it
//! in one transaction and commits once (group commit), so that the cost of a disk flush is shared.
//! Moving what is committed from the write-ahead log into the database is done beside it.
//!
//! A job hears of its outcome only after the commit, in the order in which the jobs ran; whoever
//! waits for it is answered when all of them have heard.

mod checkpoint;
mod fault;
mod schema;
mod shrink;
mod writer;

pub use fault::Fault;
pub use writer::Job;

use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Connections that only read.
const READERS: usize = 4;

/// Why the database did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DbError {
    /// What SQLite said.
    #[error("database: {0}")]
    Sqlite(Arc<rusqlite::Error>),
    /// Nothing was committed, for a reason that somebody can mend.
    #[error("database: {1} ({0:?})")]
    Fault(Fault, Arc<rusqlite::Error>),
    /// The writer has stopped.
    #[error("the database is closed")]
    Closed,
    /// The writer has more waiting than it may hold.
    #[error("the database has too much waiting")]
    Busy,
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

/// A handle to the database; clones are cheap.
#[derive(Clone)]
pub struct Db {
    writer: writer::Writer,
    readers: Arc<Readers>,
}

struct Readers {
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
}

/// A reader's connection at work.
struct Lent {
    connection: Option<Connection>,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lent {
    fn drop(&mut self) {
        lock(&self.readers.idle).extend(self.connection.take());
    }
}

impl Db {
    /// Opens `folder`/nowcast.db, makes or upgrades its tables, and starts the writer.
    ///
    /// A commit counts when the disk has it; see [`Self::relax`].
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("nowcast.db");
        keep_private(&path)?;
        let mut connection = Connection::open(&path)?;
        prepare(&connection)?;
        shrink::begin(&connection)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        schema::migrate(&mut connection)?;
        shrink::allow(&connection);
        let readers = (0..READERS).map(|_| open_reader(&path)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            writer: writer::Writer::start(connection, &path)?,
            readers: Arc::new(Readers {
                idle: Mutex::new(readers),
                free: Arc::new(Semaphore::new(READERS)),
            }),
        })
    }

    /// From now on a commit counts when the operating system has it.
    pub async fn relax(&self) -> Result<(), DbError> {
        self.writer.relax().await
    }

    /// Calls `hook` on the writer's thread after each commit, when all its jobs heard of their
    /// outcome and before anybody is answered: must not block.
    pub fn after_commits(&self, hook: impl Fn() + Send + Sync + 'static) {
        self.writer.after_commits(Box::new(hook));
    }

    /// Queues a job; waits while the queue is full, at most some seconds.
    pub async fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        self.writer.submit(job).await
    }

    /// Runs `work` in a transaction and gives its result once that is committed.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        let (answer, answered) = oneshot::channel();
        self.submit(Box::new(Call {
            work: Some(work),
            result: None,
            outcome: Err(DbError::Closed),
            answer,
        }))
        .await?;
        answered.await.map_err(|_| DbError::Closed)?
    }

    /// Fails if the last commit did, and another does now.
    pub async fn writable(&self) -> Result<(), DbError> {
        let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES ('written', '')";
        // Only after a failure: a probe should not cost a flush of the disk each time.
        if self.writer.is_well() {
            self.write(|_| Ok(())).await
        } else {
            self.write(move |connection| connection.execute(sql, []).map(|_| ())).await
        }
    }

    /// Gives the disk back what was deleted, a little at a time, so that nobody waits for it.
    pub async fn give_back(&self) -> Result<(), DbError> {
        let free = self.read(|connection| shrink::free(connection)).await?;
        if free < shrink::WORTH_IT {
            return Ok(());
        }
        while self.write(shrink::give_back).await? {
            tokio::time::sleep(shrink::PAUSE).await;
        }
        Ok(())
    }

    /// Runs `work` on a reader's connection, on a thread that may block.
    ///
    /// Two statements of one `work` may see two states unless it opens a transaction.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        let free = Arc::clone(&self.readers.free);
        let permit = free.acquire_owned().await.map_err(|_| DbError::Closed)?;
        let readers = Arc::clone(&self.readers);
        let done = tokio::task::spawn_blocking(move || {
            // Goes back with its permit, also if nobody waits any more or the work panics.
            let connection = lock(&readers.idle).pop();
            let mut lent = Lent { connection, readers, _permit: permit };
            let connection = lent.connection.as_mut().ok_or(DbError::Closed)?;
            work(connection).map_err(DbError::from)
        });
        done.await.map_err(|_| DbError::Closed)?
    }

    /// Commits what is queued and stops the writer.
    pub async fn close(&self) {
        self.writer.close().await;
    }
}

/// A closure as a job.
struct Call<F, T> {
    work: Option<F>,
    result: Option<T>,
    outcome: Result<(), DbError>,
    answer: oneshot::Sender<Result<T, DbError>>,
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(work) = self.work.take() {
            self.result = Some(work(connection)?);
        }
        Ok(())
    }

    fn done(&mut self, outcome: Result<(), DbError>) {
        self.outcome = outcome;
    }

    fn answer(self: Box<Self>) {
        let Self { result, outcome, answer, .. } = *self;
        let result = outcome.and_then(|()| result.ok_or(DbError::Closed));
        // Nobody waits any more if the request was dropped; the work is done all the same.
        let _ = answer.send(result);
    }
}

/// The file holds hashes of credentials: only this user reads it. SQLite gives its other files the
/// same rights.
fn keep_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// A connection for what is not queued; it has to leave the writer alone.
fn open_beside(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection)?;
    Ok(connection)
}

/// Looks into `folder`/nowcast.db, also while a server works on it.
pub fn peek<T>(
    folder: &Path,
    look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    look(&open_reader(&folder.join("nowcast.db"))?)
}

/// Makes sure that there is something in the database of a folder, whatever it is.
///
/// # Errors
/// If it is empty, as a full disk or a copy that went wrong leaves it; or no database.
pub fn ensure_something(folder: &Path) -> anyhow::Result<()> {
    let version: u32 = peek(folder, |connection| {
        connection.pragma_query_value(None, "user_version", |row| row.get(0))
    })?;
    anyhow::ensure!(
        version > 0,
        "{} is empty: there is nothing to look at. Go back to a backup.",
        folder.join("nowcast.db").display()
    );
    Ok(())
}

/// Opens `folder`/nowcast.db for who has it alone, and makes or upgrades its tables; makes it if it is
/// not there.
pub fn alone(folder: &Path) -> anyhow::Result<Connection> {
    let path = folder.join("nowcast.db");
    keep_private(&path)?;
    let mut connection = open_beside(&path)?;
    shrink::begin(&connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// Writes the database anew if it could not give disk space back.
pub fn compact(connection: &Connection) -> rusqlite::Result<()> {
    if shrink::can(connection)? { Ok(()) } else { shrink::rewrite(connection) }
}

/// Empty tables that are gone when they are closed, with the database at `path` attached as `live`.
///
/// # Errors
/// If that one's tables are of another version.
pub fn beside(path: &Path) -> anyhow::Result<Connection> {
    // A file without a name: it has as much room as the disk.
    let mut connection = Connection::open("")?;
    prepare(&connection)?;
    schema::migrate(&mut connection)?;
    connection.execute("ATTACH ? AS live", [path.to_string_lossy()])?;
    schema::ensure_newest(&connection, "live")?;
    Ok(connection)
}

fn open_reader(path: &PathBuf) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "foreign_keys", true)
}

/// A poisoned lock only means that another thread panicked; the state behind these is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
