//! Items that wait until an admin lets them in.

use super::repeats::Name;
use super::tables::note_name;
use crate::app::App;
use crate::clock;
use crate::db::{Db, DbError};
use crate::error::Problem;
use crate::item::Content;
use crate::log::{AppendError, Appended, Change, Draft, Once, Room};
use crate::random;
use nowcast_shared::id::{ItemId, RoomName};
use nowcast_shared::item::{Author, Role};
use nowcast_shared::signal::Signal;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;

/// How many items may wait in a room.
const MOST: i64 = 500;
/// How long to wait until the store is asked again that took nothing.
const AGAIN: Duration = Duration::from_secs(1);

/// An item that waits.
#[derive(Debug, Serialize)]
pub(super) struct Waiting {
    id: String,
    at: i64,
    source: From,
    kind: String,
    data: Box<RawValue>,
    html: Option<String>,
}

/// Where it is from.
#[derive(Debug, Serialize)]
struct From {
    id: String,
    name: String,
}

/// What is to wait.
pub(super) struct Hold {
    /// What the item is.
    pub(super) content: Content,
    /// What the service calls it, short.
    pub(super) name: Option<Name>,
}

/// What became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// So many wait now.
    pub(super) waiting: u64,
    /// So many had no place.
    pub(super) full: u64,
    /// So many waited or were shown before.
    pub(super) repeated: u64,
}

/// The names under which what waits is published once.
const ACTOR: &str = "queue";
const KEY: &str = "queue:";

/// Who an item of this source is by, as others see it.
pub(super) fn author(app: &App, source: &str, title: &str) -> Author {
    let id = app.auth.public_id(&owner(source));
    Author { role: Role::Publisher, id, name: Some(title.to_owned()) }
}

/// The subject that owns what a source publishes.
pub(super) fn owner(source: &str) -> String {
    format!("source:{source}")
}

/// Lets items of a source wait, each once.
pub(super) async fn hold(
    app: &App,
    room: &Arc<Room>,
    source: &str,
    title: &str,
    items: Vec<Hold>,
) -> Result<Outcome, DbError> {
    let (name, source, title) = (room.name().clone(), source.to_owned(), title.to_owned());
    let outcome = app
        .db
        .write(move |connection| {
            let mut outcome = Outcome::default();
            let mut waiting = count(connection, &name)?;
            for item in &items {
                if waiting >= MOST {
                    outcome.full += 1;
                } else if item
                    .name
                    .map_or(Ok(true), |name| note_name(connection, &source, &name))?
                {
                    insert(connection, &name, (&source, &title), &item.content)?;
                    (outcome.waiting, waiting) = (outcome.waiting + 1, waiting + 1);
                } else {
                    outcome.repeated += 1;
                }
            }
            Ok(outcome)
        })
        .await?;
    if outcome.waiting > 0 {
        tell(app, room).await;
    }
    Ok(outcome)
}

fn insert(
    connection: &Connection,
    room: &RoomName,
    (source, title): (&str, &str),
    content: &Content,
) -> rusqlite::Result<()> {
    let at = clock::now();
    let id = random::name_in_order("q", at, 10);
    connection
        .prepare_cached(
            "INSERT INTO source_queue (room, id, at, source, title, kind, data, html)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            room.as_str(),
            id,
            at,
            source,
            title,
            content.kind,
            content.data.get(),
            content.html
        ])
        .map(|_| ())
}

fn count(connection: &Connection, room: &RoomName) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT count(*) FROM source_queue WHERE room = ?")?
        .query_row([room.as_str()], |row| row.get(0))
}

const COLUMNS: &str = "id, at, source, title, kind, data, html";

fn read(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let data = RawValue::from_string(row.get(5)?).map_err(|error| {
        let text = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(5, text, Box::new(error))
    })?;
    Ok(Waiting {
        id: row.get(0)?,
        at: row.get(1)?,
        source: From { id: row.get(2)?, name: row.get(3)? },
        kind: row.get(4)?,
        data,
        html: row.get(6)?,
    })
}

/// Puts in order what whoever took items and is gone left behind: what is published waits no longer,
/// the others wait again.
pub(super) fn tidy(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "DELETE FROM source_queue WHERE taken AND EXISTS (
                   SELECT 1 FROM answers JOIN rooms ON rooms.id = answers.room
                   WHERE rooms.name = source_queue.room AND answers.actor = ?
                       AND answers.key = ? || source_queue.id)";
    connection.execute(sql, [ACTOR, KEY])?;
    connection.execute("UPDATE source_queue SET taken = 0 WHERE taken", []).map(|_| ())
}

/// What waits in a room, the oldest first.
pub(super) async fn list(db: &Db, room: &RoomName) -> Result<Vec<Waiting>, DbError> {
    let room = room.clone();
    db.read(move |connection| {
        let sql = format!(
            "SELECT {COLUMNS} FROM source_queue WHERE room = ? AND NOT taken ORDER BY rowid"
        );
        connection.prepare_cached(&sql)?.query_map([room.as_str()], read)?.collect()
    })
    .await
}

/// Publishes an item that waits. Asked again, it gives the first answer: the item is published once.
pub(super) async fn publish(app: &App, room: &Arc<Room>, id: &str) -> Result<Appended, Problem> {
    let once = || Once {
        actor: ACTOR.to_owned(),
        key: format!("{KEY}{id}"),
        // Whatever waits under a name is what it was.
        fingerprint: [0; 32],
    };
    let Some(Waiting { source, kind, data, html, .. }) = take(&app.db, room.name(), id).await?
    else {
        // Perhaps it is published already.
        let change = Change::Delete { item: ItemId(id.to_owned()) };
        let (by, owner) = (author(app, "", ""), String::new());
        let draft = Draft { by, owner, change, once: Some(once()) };
        return app.log.append(room, draft).await.map_err(|error| match error {
            AppendError::UnknownItem => unknown(),
            other => other.into(),
        });
    };
    let (by, owner) = (author(app, &source.id, &source.name), owner(&source.id));
    let change = Change::Publish { kind, data, html };
    let draft = Draft { by, owner, change, once: Some(once()) };
    let appended = app.log.append(room, draft).await;
    let sql = match appended {
        Ok(_) => "DELETE FROM source_queue WHERE room = ? AND id = ?",
        Err(_) => "UPDATE source_queue SET taken = 0 WHERE room = ? AND id = ?",
    };
    if let Err(error) = settle(&app.db, room.name(), id, sql).await {
        tracing::warn!(%error, "what became of an item that waited is noted later");
        let (db, name, id) = (app.db.clone(), room.name().clone(), id.to_owned());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                match settle(&db, &name, &id, sql).await {
                    // The next start of the server sees to it.
                    Ok(_) | Err(DbError::Closed) => return,
                    Err(_) => {}
                }
            }
        });
    }
    let appended = appended?;
    tell(app, room).await;
    Ok(appended)
}

/// Notes what became of an item that was taken.
async fn settle(db: &Db, room: &RoomName, id: &str, sql: &'static str) -> Result<usize, DbError> {
    let (room, id) = (room.clone(), id.to_owned());
    db.write(move |connection| connection.execute(sql, params![room.as_str(), id])).await
}

/// Marks an item as being published, so that nobody turns it down meanwhile.
async fn take(db: &Db, room: &RoomName, id: &str) -> Result<Option<Waiting>, DbError> {
    let (room, id) = (room.clone(), id.to_owned());
    db.write(move |connection| {
        let sql = format!(
            "UPDATE source_queue SET taken = 1 WHERE room = ? AND id = ? RETURNING {COLUMNS}"
        );
        connection.prepare_cached(&sql)?.query_row(params![room.as_str(), id], read).optional()
    })
    .await
}

/// Turns an item down.
pub(super) async fn turn_down(app: &App, room: &Arc<Room>, id: &str) -> Result<(), Problem> {
    let (name, id) = (room.name().clone(), id.to_owned());
    let sql = "DELETE FROM source_queue WHERE room = ? AND id = ? AND NOT taken";
    let gone =
        app.db.write(move |connection| connection.execute(sql, params![name.as_str(), id])).await?;
    if gone == 0 {
        return Err(unknown());
    }
    tell(app, room).await;
    Ok(())
}

/// Turns all down that wait.
pub(super) async fn turn_all_down(app: &App, room: &Arc<Room>) -> Result<(), Problem> {
    let name = room.name().clone();
    let sql = "DELETE FROM source_queue WHERE room = ? AND NOT taken";
    app.db.write(move |connection| connection.execute(sql, [name.as_str()])).await?;
    tell(app, room).await;
    Ok(())
}

fn unknown() -> Problem {
    let detail = "This item does not wait any more: it was published or turned down.";
    Problem::new(nowcast_shared::error::Code::UnknownItem, detail)
}

/// Tells the admins at work how many items wait now. What was done is done, whether or not they hear
/// of it: whoever did it does not do it again because of that.
async fn tell(app: &App, room: &Arc<Room>) {
    if !app.hub.any(room.id(), |_, pass| pass.desk) {
        return;
    }
    // One after the other, so that the last that is told is what is so.
    let _alone = app.log.arranging().lock().await;
    let name = room.name().clone();
    let sql = "SELECT count(*) FROM source_queue WHERE room = ? AND NOT taken";
    let count: Result<i64, _> = app
        .db
        .read(move |connection| connection.query_row(sql, [name.as_str()], |row| row.get(0)))
        .await;
    match count {
        Ok(count) => {
            let count = u64::try_from(count).unwrap_or(0);
            app.hub.tell_desks(room.id(), &Signal::Queued { count });
        }
        Err(error) => tracing::warn!(%error, "nobody was told how many items wait"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::sources::tables;

    #[tokio::test]
    async fn what_was_published_waits_no_more_and_what_was_not_waits_again() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).unwrap();
        tables::prepare(&db).await.unwrap();
        // As the server leaves it that is killed while two are being published, one of them for good.
        db.write(|connection| {
            connection.execute_batch(
                "INSERT OR IGNORE INTO rooms (name, title, epoch, created_at) VALUES ('main', '', 'e', 0);
                 INSERT INTO source_queue (room, id, at, source, title, kind, data, taken) VALUES
                     ('main', 'q1', 0, 's', '', 'post', '{}', 1),
                     ('main', 'q2', 0, 's', '', 'post', '{}', 1),
                     ('main', 'q3', 0, 's', '', 'post', '{}', 0);",
            )?;
            let sql = "INSERT INTO answers (room, actor, key, fingerprint, item, offset, at)
                       SELECT id, ?, ? || 'q1', x'', 'i1', 1, 0 FROM rooms WHERE name = 'main'";
            connection.execute(sql, [ACTOR, KEY])
        })
        .await
        .unwrap();
        let room: RoomName = "main".parse().unwrap();
        let waiting = async || {
            let waiting = list(&db, &room).await.unwrap();
            waiting.into_iter().map(|one| one.id).collect::<Vec<_>>()
        };
        assert_eq!(waiting().await, ["q3"]);
        tables::prepare(&db).await.unwrap();
        assert_eq!(waiting().await, ["q2", "q3"]);
    }
}
