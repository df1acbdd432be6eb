//! The one thread that writes.

use super::DbError;
use rusqlite::{Connection, Transaction, TransactionBehavior};
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
}

enum Message {
    Job(Box<dyn Job>),
    Stop,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("nowcast-writer".to_owned())
            .spawn(move || write(connection, jobs))?;
        Ok(Self { queue, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    pub(super) async fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        match self.queue.send_timeout(Message::Job(job), PATIENCE).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(DbError::Busy),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(DbError::Closed),
        }
    }

    pub(super) async fn close(&self) {
        let _ = self.queue.send(Message::Stop).await;
        let thread = super::lock(&self.thread).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
    }
}

fn write(mut connection: Connection, mut jobs: mpsc::Receiver<Message>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut stopping = false;
    while !stopping {
        let mut next = jobs.blocking_recv();
        while let Some(message) = next {
            match message {
                Message::Job(job) => batch.push(job),
                Message::Stop => stopping = true,
            }
            next = if batch.len() < BATCH { jobs.try_recv().ok() } else { None };
        }
        if batch.is_empty() {
            // The queue is closed, or this was the request to stop.
            break;
        }
        commit(&mut connection, &mut batch);
    }
    // Leaves a single file behind where that is possible.
    let _ = connection.pragma_update(None, "wal_checkpoint", "truncate");
}

/// Runs the whole batch in one transaction; leaves it empty.
fn commit(connection: &mut Connection, batch: &mut Vec<Box<dyn Job>>) {
    let mut outcomes: Vec<Result<(), DbError>> = Vec::with_capacity(batch.len());
    let committed = (|| {
        let mut transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in batch.iter_mut() {
            outcomes.push(run(&mut transaction, job.as_mut()).map_err(DbError::from));
        }
        transaction.commit()
    })();
    match committed {
        Ok(()) => batch.drain(..).zip(outcomes).for_each(|(job, outcome)| job.done(outcome)),
        Err(error) => {
            tracing::error!(%error, jobs = batch.len(), "the database could not commit");
            let error = DbError::from(error);
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
    use crate::config::Durability;
    use crate::db::{Db, DbError};
    use rusqlite::Connection;

    async fn open() -> (Db, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path(), Durability::Relaxed).unwrap();
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
    async fn what_was_answered_is_there_after_closing() {
        let (db, folder) = open().await;
        let writes = (0..500).map(|x| db.write(insert(x)));
        for done in futures_util::future::join_all(writes).await {
            done.unwrap();
        }
        db.close().await;
        assert!(matches!(db.write(insert(501)).await, Err(DbError::Closed)));
        let again = Db::open(folder.path(), Durability::Full).unwrap();
        assert_eq!(all(&again).await.len(), 500);
    }
}
