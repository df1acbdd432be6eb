//! The one thread that writes.

use super::{DbError, fault};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// How many jobs may wait; with the largest item this is some tens of megabytes.
const QUEUE: usize = 512;

/// How many jobs share a commit at most, so that the first does not wait for ever.
const BATCH: usize = 256;

/// How long a caller waits for room in the queue.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something to do in a transaction.
pub trait Job: Send {
    /// Does it. An error undoes what this job wrote, not what the others did.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Called after the commit, in the order of the jobs, or with the reason why there was none.
    fn done(self: Box<Self>, outcome: Result<(), DbError>);
}

#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    thread: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
    /// Whether the last commit went well.
    well: Arc<AtomicBool>,
}

enum Message {
    Job(Box<dyn Job>),
    Relax,
    Stop,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let well = Arc::new(AtomicBool::new(true));
        let thread = thread::Builder::new().name("nowcast-writer".to_owned()).spawn({
            let well = Arc::clone(&well);
            move || write(connection, jobs, &well)
        })?;
        Ok(Self { queue, thread: Arc::new(Mutex::new(Some(thread))), well })
    }

    pub(super) async fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        match self.queue.send_timeout(Message::Job(job), PATIENCE).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(DbError::Busy),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(DbError::Closed),
        }
    }

    pub(super) fn is_well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
    }

    pub(super) async fn relax(&self) -> Result<(), DbError> {
        self.queue.send(Message::Relax).await.map_err(|_| DbError::Closed)
    }

    pub(super) async fn close(&self) {
        let _ = self.queue.send(Message::Stop).await;
        let thread = super::lock(&self.thread).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
    }
}

fn write(mut connection: Connection, mut jobs: mpsc::Receiver<Message>, well: &AtomicBool) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut stopping = false;
    while !stopping {
        let mut next = jobs.blocking_recv();
        while let Some(message) = next {
            match message {
                Message::Job(job) => batch.push(job),
                Message::Stop => stopping = true,
                // Between two transactions; within one it would have no effect.
                Message::Relax => {
                    commit(&mut connection, &mut batch, well);
                    if let Err(error) = connection.pragma_update(None, "synchronous", "normal") {
                        tracing::warn!(%error, "every commit will go to the disk");
                    }
                }
            }
            next = if batch.len() < BATCH { jobs.try_recv().ok() } else { None };
        }
        commit(&mut connection, &mut batch, well);
        stopping |= jobs.is_closed() && jobs.is_empty();
    }
    // Leaves a single file behind where that is possible.
    let _ = connection.pragma_update(None, "wal_checkpoint", "truncate");
}

/// Runs the whole batch in one transaction; leaves it empty.
fn commit(connection: &mut Connection, batch: &mut Vec<Box<dyn Job>>, well: &AtomicBool) {
    if batch.is_empty() {
        return;
    }
    let mut outcomes: Vec<Result<(), DbError>> = Vec::with_capacity(batch.len());
    let changes = connection.total_changes();
    let committed = (|| {
        let mut transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in batch.iter_mut() {
            let outcome = run(&mut transaction, job.as_mut());
            // A full disk undoes the whole transaction, not only this job. What ran after that
            // would be kept on its own, without anybody hearing of it.
            if transaction.is_autocommit() {
                return Err(outcome.err().unwrap_or(rusqlite::Error::InvalidQuery));
            }
            outcomes.push(outcome.map_err(DbError::from));
        }
        transaction.commit()
    })();
    // A commit of nothing, as for a repeated request, says nothing of the disk.
    if committed.is_err() || connection.total_changes() > changes {
        well.store(committed.is_ok(), Ordering::Relaxed);
    }
    match committed {
        Ok(()) => batch.drain(..).zip(outcomes).for_each(|(job, outcome)| job.done(outcome)),
        Err(error) => {
            let error = fault::explain(error, connection);
            tracing::error!(%error, jobs = batch.len(), "the database could not commit");
            batch.drain(..).for_each(|job| job.done(Err(error.clone())));
        }
    }
}

fn run(transaction: &mut Transaction<'_>, job: &mut dyn Job) -> rusqlite::Result<()> {
    let savepoint = transaction.savepoint()?;
    job.run(&savepoint)?;
    savepoint.commit()
}

#[cfg(test)]
mod tests {
    use crate::db::{Db, DbError};
    use rusqlite::Connection;

    async fn open() -> (Db, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).unwrap();
        db.write(|connection| connection.execute("CREATE TABLE t (x INTEGER UNIQUE)", []))
            .await
            .unwrap();
        (db, folder)
    }

    fn insert(x: i64) -> impl FnOnce(&Connection) -> rusqlite::Result<usize> + Send + 'static {
        move |connection| connection.execute("INSERT INTO t VALUES (?)", [x])
    }

    async fn all(db: &Db) -> Vec<i64> {
        db.read(|connection| {
            let mut statement = connection.prepare("SELECT x FROM t ORDER BY x")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })
        .await
        .unwrap()
    }

    #[tokio::test]
    async fn a_job_that_fails_undoes_itself_and_no_other() {
        let (db, _folder) = open().await;
        let half = db.write(|connection| {
            connection.execute("INSERT INTO t VALUES (7)", [])?;
            connection.execute("INSERT INTO t VALUES (1)", [])
        });
        // Queued together, so that they share a commit.
        let (one, half, two) = tokio::join!(db.write(insert(1)), half, db.write(insert(2)));
        assert!(one.is_ok() && two.is_ok());
        assert!(matches!(half, Err(DbError::Sqlite(_))));
        assert_eq!(all(&db).await, [1, 2]);
    }

    #[tokio::test]
    async fn a_full_disk_fails_the_batch_and_keeps_none_of_it() {
        let (db, _folder) = open().await;
        db.write(|connection| connection.pragma_update(None, "max_page_count", 20)).await.unwrap();
        let large = db
            .write(|connection| connection.execute("INSERT INTO t VALUES (zeroblob(1000000))", []));
        let (one, large, two) = tokio::join!(db.write(insert(1)), large, db.write(insert(2)));
        let kept = all(&db).await;
        assert!(large.is_err());
        for (x, outcome) in [(1, one), (2, two)] {
            assert_eq!(kept.contains(&x), outcome.is_ok(), "{x}: {kept:?}");
        }
        db.write(insert(3)).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_answered_is_there_after_closing() {
        let (db, folder) = open().await;
        let writes = (0..500).map(|x| db.write(insert(x)));
        for done in futures_util::future::join_all(writes).await {
            done.unwrap();
        }
        db.close().await;
        assert!(matches!(db.write(insert(501)).await, Err(DbError::Closed)));
        let again = Db::open(folder.path()).unwrap();
        assert_eq!(all(&again).await.len(), 500);
    }
}
