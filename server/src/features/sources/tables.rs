//! What is kept of sources: their settings, where they are, what they showed.

use super::queue;
use super::reason::Counts;
use super::repeats::{MOST_NAMES, Name};
use super::settings::Settings;
use crate::clock;
use crate::db::{Db, DbError};
use crate::store::check::{Part, has_table};
use rusqlite::{Connection, OptionalExtension, params};

/// A source as it is kept.
#[derive(Clone)]
pub(super) struct Row {
    /// Its name for good.
    pub(super) id: String,
    /// What it is set to.
    pub(super) settings: Settings,
    /// Its secrets, encrypted.
    pub(super) sealed: Option<Vec<u8>>,
    /// Whether one of them is a secret, not only headers.
    pub(super) has_secret: bool,
    /// Whether it is to run.
    pub(super) running: bool,
    /// What became of what it heard.
    pub(super) counts: Counts,
}

/// Makes the tables, if they are not there.
pub(super) async fn prepare(db: &Db) -> Result<(), DbError> {
    let sql =
        "-- What is followed. `settings` and `counts` are JSON; `sealed` are encrypted secrets;
               -- `cursor` is where the service is asked to go on.
               CREATE TABLE IF NOT EXISTS sources (
                   id TEXT PRIMARY KEY,
                   settings TEXT NOT NULL,
                   sealed BLOB,
                   has_secret INTEGER NOT NULL,
                   running INTEGER NOT NULL,
                   cursor TEXT,
                   counts TEXT NOT NULL,
                   created_at INTEGER NOT NULL
               ) STRICT, WITHOUT ROWID;
               -- What services call the records that were shown, or wait: short hashes, the newest.
               CREATE TABLE IF NOT EXISTS source_names (
                   place INTEGER PRIMARY KEY,
                   source TEXT NOT NULL,
                   name BLOB NOT NULL,
                   UNIQUE (source, name)
               ) STRICT;
               CREATE INDEX IF NOT EXISTS source_names_by_age ON source_names (source, place);
               -- Items that wait until an admin lets them in, in the order of their rows: ids of the
               -- same millisecond have none. `taken` ones are being published.
               CREATE TABLE IF NOT EXISTS source_queue (
                   room TEXT NOT NULL,
                   id TEXT NOT NULL,
                   at INTEGER NOT NULL,
                   source TEXT NOT NULL,
                   title TEXT NOT NULL,
                   kind TEXT NOT NULL,
                   data TEXT NOT NULL,
                   html TEXT,
                   taken INTEGER NOT NULL DEFAULT 0,
                   PRIMARY KEY (room, id)
               ) STRICT";
    db.write(move |connection| {
        connection.execute_batch(sql)?;
        queue::tidy(connection)
    })
    .await
}

/// For who looks whether all is well: what waits belongs to a room.
pub const PART: Part = Part {
    look: |connection| {
        if !has_table(connection, "source_queue")? {
            return Ok(Vec::new());
        }
        let sql = "SELECT room, count(*) FROM live.source_queue
                   WHERE room NOT IN (SELECT name FROM live.rooms) GROUP BY room";
        let mut statement = connection.prepare(sql)?;
        let rooms = statement.query_map([], |row| {
            let (room, count): (String, i64) = (row.get(0)?, row.get(1)?);
            Ok(format!("{room}: {count} items wait for approval, and there is no such room"))
        })?;
        rooms.collect()
    },
    mend: |connection| {
        let sql = "DELETE FROM live.source_queue WHERE room NOT IN (SELECT name FROM live.rooms)";
        connection.execute(sql, []).map(|_| ())
    },
};

/// All of them, in the order in which they were made.
pub(super) async fn all(db: &Db) -> Result<Vec<Row>, DbError> {
    let sql = "SELECT id, settings, sealed, has_secret, running, counts FROM sources
               ORDER BY created_at, id";
    db.read(move |connection| {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let Ok(settings) = serde_json::from_str(row.get_ref(1)?.as_str()?) else {
                // A later version made it; it is there again with that.
                tracing::error!(source = %id, "the settings of a source cannot be read");
                continue;
            };
            all.push(Row {
                id,
                settings,
                sealed: row.get(2)?,
                has_secret: row.get(3)?,
                running: row.get(4)?,
                counts: serde_json::from_str(row.get_ref(5)?.as_str()?).unwrap_or_default(),
            });
        }
        Ok(all)
    })
    .await
}

/// Keeps a new one, or what it is now. Where it cannot continue, it begins anew.
pub(super) async fn keep(db: &Db, row: Row, continues: bool) -> Result<(), DbError> {
    let sql = "INSERT INTO sources (id, settings, sealed, has_secret, running, counts, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT DO UPDATE SET settings = ?2, sealed = ?3, has_secret = ?4, running = ?5,
                   cursor = iif(?8, cursor, NULL)";
    let settings = serde_json::to_string(&row.settings).unwrap_or_default();
    let counts = serde_json::to_string(&row.counts).unwrap_or_default();
    db.write(move |connection| {
        connection
            .execute(
                sql,
                params![
                    row.id,
                    settings,
                    row.sealed,
                    row.has_secret,
                    row.running,
                    counts,
                    clock::now(),
                    continues
                ],
            )
            .map(|_| ())
    })
    .await
}

/// Notes whether it is to run.
pub(super) async fn set_running(db: &Db, id: &str, running: bool) -> Result<(), DbError> {
    let id = id.to_owned();
    let sql = "UPDATE sources SET running = ? WHERE id = ?";
    db.write(move |connection| connection.execute(sql, params![running, id]).map(|_| ())).await
}

/// Forgets one. What it published stays, and what waits goes on waiting.
pub(super) async fn delete(db: &Db, id: &str) -> Result<(), DbError> {
    let id = id.to_owned();
    db.write(move |connection| {
        connection.execute("DELETE FROM source_names WHERE source = ?", [&id])?;
        connection.execute("DELETE FROM sources WHERE id = ?", [&id]).map(|_| ())
    })
    .await
}

/// Where a source is: from where to go on, and what it showed last, oldest first.
pub(super) async fn position(db: &Db, id: &str) -> Result<(Option<String>, Vec<Name>), DbError> {
    let id = id.to_owned();
    db.read(move |connection| {
        let sql = "SELECT cursor FROM sources WHERE id = ?";
        let cursor = connection.query_row(sql, [&id], |row| row.get(0)).optional()?.flatten();
        let sql = "SELECT name FROM source_names WHERE source = ? ORDER BY place DESC LIMIT ?";
        let most = i64::try_from(MOST_NAMES).unwrap_or(i64::MAX);
        let mut statement = connection.prepare(sql)?;
        let names = statement.query_map(params![id, most], |row| row.get(0))?;
        let mut names = names.collect::<rusqlite::Result<Vec<Name>>>()?;
        names.reverse();
        Ok((cursor, names))
    })
    .await
}

/// How far a source came.
#[derive(Clone, Default)]
pub(super) struct Progress {
    /// From where to go on; none: as it was.
    pub(super) cursor: Option<String>,
    /// What became of what it heard.
    pub(super) counts: Counts,
    /// What it showed that is not noted yet.
    pub(super) names: Vec<Name>,
    /// Whether names that are too old are forgotten on the way.
    pub(super) forget: bool,
}

/// Notes how far a source came.
pub(super) async fn note(db: &Db, id: &str, progress: Progress) -> Result<(), DbError> {
    let id = id.to_owned();
    db.write(move |connection| {
        let counts = serde_json::to_string(&progress.counts).unwrap_or_default();
        connection
            .prepare_cached(
                "UPDATE sources SET cursor = coalesce(?, cursor), counts = ? WHERE id = ?",
            )?
            .execute(params![progress.cursor, counts, id])?;
        for name in &progress.names {
            note_name(connection, &id, name)?;
        }
        if progress.forget {
            let most = i64::try_from(MOST_NAMES).unwrap_or(i64::MAX);
            connection
                .prepare_cached(
                    "DELETE FROM source_names WHERE source = ?1 AND place <= (
                         SELECT place FROM source_names WHERE source = ?1
                         ORDER BY place DESC LIMIT 1 OFFSET ?2)",
                )?
                .execute(params![id, most])?;
        }
        Ok(())
    })
    .await
}

/// Notes what a record is called; whether that is new.
pub(super) fn note_name(
    connection: &Connection,
    source: &str,
    name: &Name,
) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO source_names (source, name) VALUES (?, ?) ON CONFLICT DO NOTHING";
    Ok(connection.prepare_cached(sql)?.execute(params![source, name])? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::sources::reason::Reason;
    use crate::features::sources::repeats::name;

    fn row(id: &str) -> Row {
        Row {
            id: id.to_owned(),
            settings: Settings::for_tests(),
            sealed: Some(vec![1, 2]),
            has_secret: true,
            running: true,
            counts: Counts::default(),
        }
    }

    #[tokio::test]
    async fn a_source_is_there_again_with_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).unwrap();
        prepare(&db).await.unwrap();
        prepare(&db).await.unwrap();
        keep(&db, row("s1"), true).await.unwrap();
        let mut counts = Counts::default();
        counts.drop(Reason::Words, 7);
        let names = vec![name("a"), name("b"), name("a")];
        let progress = Progress { cursor: Some("c1".to_owned()), counts, names, forget: true };
        note(&db, "s1", progress).await.unwrap();
        let all = all(&db).await.unwrap();
        assert_eq!((all[0].counts, &all[0].settings), (counts, &Settings::for_tests()));
        let (cursor, names) = position(&db, "s1").await.unwrap();
        assert_eq!((cursor.as_deref(), names), (Some("c1"), vec![name("a"), name("b")]));

        keep(&db, row("s1"), true).await.unwrap();
        assert_eq!(position(&db, "s1").await.unwrap().0.as_deref(), Some("c1"));
        keep(&db, row("s1"), false).await.unwrap();
        assert_eq!(position(&db, "s1").await.unwrap().0, None, "another stream begins anew");
        delete(&db, "s1").await.unwrap();
        assert!(position(&db, "s1").await.unwrap().1.is_empty());
    }

    #[tokio::test]
    async fn only_the_newest_names_stay() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).unwrap();
        prepare(&db).await.unwrap();
        keep(&db, row("s1"), true).await.unwrap();
        let names = (0..MOST_NAMES + 50).map(|number| name(&number.to_string())).collect();
        note(&db, "s1", Progress { names, forget: true, ..Progress::default() }).await.unwrap();
        let (_, kept) = position(&db, "s1").await.unwrap();
        assert_eq!((kept.len(), kept[0]), (MOST_NAMES, name("50")));
        let count: i64 = db
            .read(|connection| {
                connection.query_row("SELECT count(*) FROM source_names", [], |row| row.get(0))
            })
            .await
            .unwrap();
        assert_eq!(count, i64::try_from(MOST_NAMES).unwrap());
    }
}
