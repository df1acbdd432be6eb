//! Giving the disk back what was deleted. SQLite keeps the pages that become free for what comes
//! next; its incremental vacuum moves the last pages into them and cuts the file.
//!
//! A database has to be made for that. One that an earlier version made is written anew for it when
//! it is opened, if that takes a moment only; `nowcast check --repair` does it for the others.

use rusqlite::{Connection, Result};
use std::time::Duration;

/// How many free pages (of 4 KiB) are worth the work.
pub(super) const WORTH_IT: i64 = 1024;

/// How many free pages stay for what comes next.
const SPARE: i64 = 256;

/// How many pages are given back in one transaction, which publishers wait for.
const STEP: i64 = 64;

/// How long the writer is left alone between two of them.
pub(super) const PAUSE: Duration = Duration::from_millis(5);

/// Up to how many pages a database is written anew when it is opened: 128 MiB.
const SMALL: i64 = 32 * 1024;

/// What `PRAGMA auto_vacuum` says where pages can be given back.
const INCREMENTAL: i64 = 2;

/// To be called before there are tables; later it has no effect.
pub(super) fn begin(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "auto_vacuum", "incremental")
}

/// Lets a database give pages back that could not, if it is small. That it cannot is no reason not
/// to work with it.
pub(super) fn allow(connection: &Connection) {
    let allowed = || {
        if can(connection)? {
            return Ok(());
        }
        if number(connection, "page_count")? > SMALL {
            tracing::warn!(
                "the database keeps the disk space of what it lets go of, until it was written \
                 anew once: stop the server and run nowcast check --repair"
            );
            return Ok(());
        }
        rewrite(connection)
    };
    if let Err(error) = allowed() {
        tracing::warn!(%error, "the database keeps the disk space of what it lets go of");
    }
}

/// Writes the whole database anew, without free pages and so that it can give back such from now on.
pub(super) fn rewrite(connection: &Connection) -> Result<()> {
    begin(connection)?;
    connection.execute_batch("VACUUM")
}

/// Whether it can give pages back.
pub(super) fn can(connection: &Connection) -> Result<bool> {
    Ok(number(connection, "auto_vacuum")? == INCREMENTAL)
}

/// How many pages are free.
pub(super) fn free(connection: &Connection) -> Result<i64> {
    if can(connection)? { number(connection, "freelist_count") } else { Ok(0) }
}

/// Gives some pages back; whether there are more to be given.
pub(super) fn give_back(connection: &Connection) -> Result<bool> {
    let due = free(connection)? - SPARE;
    if due <= 0 {
        return Ok(false);
    }
    // A row for each page.
    let mut statement =
        connection.prepare(&format!("PRAGMA incremental_vacuum({})", due.min(STEP)))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(due > STEP)
}

fn number(connection: &Connection, pragma: &str) -> Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;

    const FILL: &str = "CREATE TABLE t (x INTEGER PRIMARY KEY, b BLOB);
        WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 8000)
        INSERT INTO t SELECT x, zeroblob(4000) FROM n";

    fn pages(connection: &Connection) -> i64 {
        number(connection, "page_count").unwrap()
    }

    #[tokio::test]
    async fn what_is_deleted_is_given_back_to_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).unwrap();
        db.write(|connection| connection.execute_batch(FILL)).await.unwrap();
        let full = db.read(|connection| Ok(pages(connection))).await.unwrap();
        db.write(|connection| connection.execute_batch("DELETE FROM t WHERE x > 100"))
            .await
            .unwrap();
        db.give_back().await.unwrap();
        let left = db.read(|connection| Ok(pages(connection))).await.unwrap();
        assert!(left < full / 8, "{left} of {full} pages");
        db.close().await;
        let size = folder.path().join("nowcast.db").metadata().unwrap().len();
        assert!(size < 8 << 20, "{size} bytes");
    }

    #[tokio::test]
    async fn a_database_that_could_not_is_made_able_to() {
        let folder = tempfile::tempdir().unwrap();
        let old = Connection::open(folder.path().join("nowcast.db")).unwrap();
        old.pragma_update(None, "journal_mode", "wal").unwrap();
        old.execute_batch(FILL).unwrap();
        old.execute_batch("DELETE FROM t WHERE x > 100").unwrap();
        assert_eq!(number(&old, "auto_vacuum").unwrap(), 0);
        drop(old);
        let db = Db::open(folder.path()).unwrap();
        let now = db.read(|connection| Ok((number(connection, "auto_vacuum")?, pages(connection))));
        let (allowed, pages) = now.await.unwrap();
        assert_eq!(allowed, INCREMENTAL);
        assert!(pages < 1000, "{pages}");
    }
}
