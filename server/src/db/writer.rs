//! The one thread that writes.

use super::checkpoint::Checkpoints;
use super::{DbError, fault};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// How many jobs may wait; with the largest item this is some tens of megabytes.
const QUEUE: usize = 512;

/// How many jobs share a commit at most, so that the first does not wait for ever.
const BATCH: usize = 256;

/// How long a caller waits for room in the queue.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a commit waits for another program that has locked the database, and how long the
/// next ones wait once that was in vain: whoever publishes meanwhile is to hear soon.
const LOCKED: Duration = Duration::from_secs(2);
const STILL_LOCKED: Duration = Duration::from_millis(200);

/// Something to do in a transaction.
pub trait Job: Send {
    /// Does it. An error undoes what this job wrote, not what the others did.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Called after the commit, in the order of the jobs, or with the reason why there was none.
    fn done(&mut self, outcome: Result<(), DbError>);

    /// Whether [`Self::run`] may be called again after what it wrote was undone. A batch of such
    /// jobs needs no savepoint for each.
    fn is_repeatable(&self) -> bool {
        false
    }

    /// Called last, when every job of the commit is done and the commit was told of: whoever waits
    /// for this one may go on.
    fn answer(self: Box<Self>);
}

/// What is to be told of a commit, after its jobs are done and before they answer.
pub(super) type Hook = Box<dyn Fn() + Send + Sync>;

#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    thread: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
    told: Arc<Told>,
}

/// What the writer's thread and its handles share.
struct Told {
    /// Whether the last commit went well.
    well: AtomicBool,
    /// Called after each commit.
    hooks: Mutex<Vec<Hook>>,
    /// Where those who wait for answers run, if that is known.
    runtime: Option<Handle>,
}

enum Message {
    Job(Box<dyn Job>),
    Relax,
    Stop,
}

impl Writer {
    pub(super) fn start(mut connection: Connection, path: &Path) -> anyhow::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let told = Arc::new(Told {
            well: AtomicBool::new(true),
            hooks: Mutex::default(),
            runtime: Handle::try_current().ok(),
        });
        connection.busy_timeout(LOCKED)?;
        let checkpoints = Checkpoints::start(&mut connection, path)?;
        let thread = thread::Builder::new().name("nowcast-writer".to_owned()).spawn({
            let told = Arc::clone(&told);
            move || {
                let work = AssertUnwindSafe(|| write(connection, jobs, &told, checkpoints));
                if catch_unwind(work).is_err() {
                    // Nothing would be kept any more. If the server is started again, it goes on
                    // from what was committed.
                    tracing::error!("the writer failed; the server ends");
                    std::process::abort();
                }
            }
        })?;
        Ok(Self { queue, thread: Arc::new(Mutex::new(Some(thread))), told })
    }

    pub(super) async fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        match self.queue.send_timeout(Message::Job(job), PATIENCE).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(DbError::Busy),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(DbError::Closed),
        }
    }

    pub(super) fn is_well(&self) -> bool {
        self.told.well.load(Ordering::Relaxed)
    }

    pub(super) fn after_commits(&self, hook: Hook) {
        super::lock(&self.told.hooks).push(hook);
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

fn write(
    mut connection: Connection,
    mut jobs: mpsc::Receiver<Message>,
    told: &Told,
    mut checkpoints: Checkpoints,
) {
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
                    commit(&mut connection, &mut batch, told);
                    if let Err(error) = connection.pragma_update(None, "synchronous", "normal") {
                        tracing::warn!(%error, "every commit will go to the disk");
                    }
                }
            }
            next = if batch.len() < BATCH { jobs.try_recv().ok() } else { None };
        }
        commit(&mut connection, &mut batch, told);
        checkpoints.after_commit(&connection);
        stopping |= jobs.is_closed() && jobs.is_empty();
    }
    checkpoints.stop();
    // Leaves a single file behind where that is possible.
    let _ = connection.pragma_update(None, "wal_checkpoint", "truncate");
}

/// Runs the whole batch in one transaction; leaves it empty.
fn commit(connection: &mut Connection, batch: &mut Vec<Box<dyn Job>>, told: &Told) {
    if batch.is_empty() {
        return;
    }
    let changes = connection.total_changes();
    let committed = match all_or_none(connection, batch) {
        Ok(true) => Ok(vec![Ok(()); batch.len()]),
        Ok(false) => each_for_itself(connection, batch),
        Err(error) => Err(error),
    };
    // A commit of nothing, as for a repeated request, says nothing of the disk.
    if committed.is_err() || connection.total_changes() > changes {
        let was_well = told.well.swap(committed.is_ok(), Ordering::Relaxed);
        if was_well != committed.is_ok() {
            // To be forgiven: the wait stays as it is.
            let _ = connection.busy_timeout(if was_well { STILL_LOCKED } else { LOCKED });
        }
    }
    match committed {
        Ok(outcomes) => {
            for (job, outcome) in batch.iter_mut().zip(outcomes) {
                job.done(outcome);
            }
            for hook in super::lock(&told.hooks).iter() {
                hook();
            }
        }
        Err(error) => {
            let error = fault::explain(error, connection);
            tracing::error!(%error, jobs = batch.len(), "the database could not commit");
            for job in batch.iter_mut() {
                job.done(Err(error.clone()));
            }
        }
    }
    answer(batch, told.runtime.as_ref());
}

/// Lets those who wait go on; leaves the batch empty.
fn answer(batch: &mut Vec<Box<dyn Job>>, runtime: Option<&Handle>) {
    match runtime {
        // Waking a task from this thread takes a lock and, mostly, a call of the system. One task
        // that wakes the others, on a thread that is one of theirs, takes these once.
        Some(runtime) if batch.len() > 1 => {
            let batch = std::mem::replace(batch, Vec::with_capacity(BATCH));
            runtime.spawn(async move { batch.into_iter().for_each(Job::answer) });
        }
        _ => batch.drain(..).for_each(Job::answer),
    }
}

/// The short way: no savepoints, for jobs that can be run once more if one of them fails. Whether
/// it was gone to the end; if not, nothing is kept.
///
/// A savepoint copies every page before its first change, which for small jobs is most of the work.
fn all_or_none(connection: &mut Connection, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<bool> {
    if !batch.iter().all(|job| job.is_repeatable()) {
        return Ok(false);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in batch {
        if job.run(&transaction).is_err() {
            return Ok(false);
        }
    }
    transaction.commit().map(|()| true)
}

/// The long way: a job that fails is undone, the others are kept.
fn each_for_itself(
    connection: &mut Connection,
    batch: &mut [Box<dyn Job>],
) -> rusqlite::Result<Vec<Result<(), DbError>>> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for job in batch {
        let outcome = run(&mut transaction, job.as_mut());
        // A full disk undoes the whole transaction, not only this job. What ran after that
        // would be kept on its own, without anybody hearing of it.
        if transaction.is_autocommit() {
            return Err(outcome.err().unwrap_or(rusqlite::Error::InvalidQuery));
        }
        outcomes.push(outcome.map_err(DbError::from));
    }
    transaction.commit()?;
    Ok(outcomes)
}

fn run(transaction: &mut Transaction<'_>, job: &mut dyn Job) -> rusqlite::Result<()> {
    let savepoint = transaction.savepoint()?;
    job.run(&savepoint)?;
    savepoint.commit()
}

#[cfg(test)]
mod tests {
    use crate::db::{Db, DbError, Fault, Job};
    use rusqlite::Connection;
    use tokio::sync::oneshot;

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

    /// Inserts a number; may be run again.
    struct Insert {
        x: i64,
        outcome: Option<Result<(), DbError>>,
        answer: oneshot::Sender<Result<(), DbError>>,
    }

    impl Job for Insert {
        fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
            connection.execute("INSERT INTO t VALUES (?)", [self.x])?;
            // Half of what it does is done when it fails.
            connection.execute("INSERT INTO t VALUES (?)", [self.x + 100]).map(|_| ())
        }

        fn done(&mut self, outcome: Result<(), DbError>) {
            self.outcome = Some(outcome);
        }

        fn is_repeatable(&self) -> bool {
            true
        }

        fn answer(self: Box<Self>) {
            let _ = self.answer.send(self.outcome.unwrap());
        }
    }

    #[tokio::test]
    async fn jobs_that_can_be_repeated_fail_each_for_itself_too() {
        let (db, _folder) = open().await;
        let insert = async |x| {
            let (answer, answered) = oneshot::channel();
            db.submit(Box::new(Insert { x, outcome: None, answer })).await.unwrap();
            answered.await.unwrap()
        };
        insert(1).await.unwrap();
        // -99 fails with its second half, whatever shares its commit.
        let outcomes = tokio::join!(insert(2), insert(-99), insert(3), insert(4));
        assert!(outcomes.0.is_ok() && outcomes.2.is_ok() && outcomes.3.is_ok());
        assert!(matches!(outcomes.1, Err(DbError::Sqlite(_))));
        assert_eq!(all(&db).await, [1, 2, 3, 4, 101, 102, 103, 104]);
    }

    #[tokio::test]
    async fn a_database_that_another_program_locks_serves_again_when_it_is_free() {
        let (db, folder) = open().await;
        let other = Connection::open(folder.path().join("nowcast.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        for x in [1, 2] {
            let fault = db.write(insert(x)).await.unwrap_err().fault();
            assert_eq!(fault, Some(Fault::Locked));
        }
        other.execute_batch("COMMIT").unwrap();
        db.write(insert(3)).await.unwrap();
        assert_eq!(all(&db).await, [3]);
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
