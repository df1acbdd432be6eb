//! Pushes: something for a user alone. Who is here is given it at once; for who is away it can be
//! stored for a day.

use crate::app::App;
use crate::auth::Visitor;
use crate::clock;
use crate::db::{Db, DbError};
use crate::engine::mailbox::SessionId;
use crate::error::Problem;
use crate::hub::{Hub, Stored};
use crate::log::Room;
use crate::push_id::PushId;
use nowcast_shared::error::Code;
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::{Arc, Mutex, PoisonError};

/// For how long a push is stored, in milliseconds.
const LIFE: i64 = 24 * 3600 * 1000;

/// How many pushes wait for a user at most, and how many bytes they have together.
const MOST: i64 = 100;
const MOST_BYTES: i64 = 1024 * 1024;

/// How far names may run without the database, in milliseconds.
const AHEAD: i64 = 120_000;

/// Up to where pushes may be named. Kept in the settings ahead of time, so that names grow across
/// restarts, also where the clock is set back between two.
pub struct PushNames {
    before: PushId,
    until: Mutex<i64>,
}

impl PushNames {
    /// As the server before this one left them.
    pub async fn load(db: &Db) -> Result<Self, DbError> {
        let until = db
            .read(|connection| {
                let sql = "SELECT value FROM settings WHERE name = 'push_names'";
                connection.query_row(sql, [], |row| row.get::<_, String>(0)).optional()
            })
            .await?;
        let until = until.and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(Self { before: PushId::at(until), until: Mutex::new(until) })
    }

    /// A name that no push has that was named before.
    pub fn before(&self) -> PushId {
        self.before
    }

    /// Makes sure that a push can be named now.
    async fn reserve(&self, app: &App) -> Result<(), DbError> {
        let newest = app.hub.newest_push().millis().max(clock::now());
        if newest + AHEAD / 2 < *self.until.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(());
        }
        let until = newest + AHEAD;
        app.db
            .write(move |connection| {
                let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES ('push_names', ?)";
                connection.execute(sql, [until.to_string()])
            })
            .await?;
        let mut known = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *known = until.max(*known);
        Ok(())
    }
}

/// What is to be pushed.
pub struct Push {
    /// To whom.
    pub user: String,
    /// Where; everywhere if absent.
    pub room: Option<i64>,
    /// JSON.
    pub data: String,
    /// Whether it waits for a user who is away.
    pub store: bool,
}

/// Gives a user something; how many sessions were reached.
///
/// # Errors
/// `pushes_full` where it would have to be stored and too many are.
pub async fn push(app: &App, push: Push) -> Result<usize, Problem> {
    app.push_names.reserve(app).await?;
    if !push.store {
        return Ok(app.hub.push(&push.user, push.room, &push.data).1);
    }
    // Done to the end, also if whoever asked for it does not wait for the answer.
    let app = app.clone();
    let storing = tokio::spawn(async move { store(&app, push).await });
    storing.await.map_err(|_| DbError::Closed)?
}

async fn store(app: &App, push: Push) -> Result<usize, Problem> {
    let Push { user, room, data, .. } = push;
    // What wakes nobody now has to be kept before anybody can come, or after: both look again.
    if let Some((id, reached)) = app.hub.push_if_here(&user, room, &data) {
        let kept = keep(&app.db, user, id, room, data, Some(String::new())).await;
        // They have it: that it cannot be kept for a page that breaks right now changes nothing.
        if let Err(error) = kept {
            tracing::warn!(%error, "a push that was delivered could not be stored");
        }
        return Ok(reached);
    }
    let id = app.hub.push_id();
    let kept = keep(&app.db, user.clone(), id, room, data.clone(), None).await?;
    if !kept {
        let detail = "As many pushes as may be wait for this user. They are kept for a day.";
        return Err(Problem::new(Code::PushesFull, detail));
    }
    // Whoever came meanwhile may have looked before it was there.
    if !app.hub.is_here(&user, room) || !take_one(&app.db, user.clone(), id).await? {
        return Ok(0);
    }
    if let Some((renamed, reached)) = app.hub.push_if_here(&user, room, &data) {
        rename(&app.db, user, id, renamed).await?;
        return Ok(reached);
    }
    give_back(&app.db, user, vec![id]).await?;
    Ok(0)
}

/// Looks up what was stored for the user of a session that begins, and gives it to that; nothing
/// to do for who is no user.
pub fn look_up(
    app: &App,
    room: &Arc<Room>,
    session: SessionId,
    visitor: &Arc<Visitor>,
    pushed: Option<PushId>,
) {
    if visitor.user.is_none() {
        return;
    }
    let (app, room, visitor) = (app.clone(), room.id(), Arc::clone(visitor));
    tokio::spawn(async move {
        let Some(user) = &visitor.user else { return };
        let client = visitor.client.as_ref().map(ToString::to_string).unwrap_or_default();
        let taking = take(&app, user.id.clone(), room, client, pushed).await;
        // What came meanwhile waits for this, whatever becomes of it.
        let (stored, fresh) = taking.unwrap_or_else(|error| {
            tracing::warn!(%error, "stored pushes could not be looked up");
            (Vec::new(), Vec::new())
        });
        if !app.hub.catch_up(room, session, &user.id, &stored)
            && let Err(error) = give_back(&app.db, user.id.clone(), fresh).await
        {
            tracing::warn!(%error, "stored pushes could not be given back");
        }
    });
}

/// Keeps a push, if there is room for one more that nobody took.
async fn keep(
    db: &Db,
    user: String,
    id: PushId,
    room: Option<i64>,
    data: String,
    taken: Option<String>,
) -> Result<bool, DbError> {
    db.write(move |connection| {
        let now = clock::now();
        let sql = "SELECT count(*), coalesce(sum(length(CAST(data AS BLOB))), 0) FROM pushes
                   WHERE user = ? AND taken IS NULL AND at > ?";
        let (count, bytes): (i64, i64) = connection
            .prepare_cached(sql)?
            .query_row(params![user, now - LIFE], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let length = i64::try_from(data.len()).unwrap_or(i64::MAX);
        if taken.is_none() && (count >= MOST || bytes.saturating_add(length) > MOST_BYTES) {
            return Ok(false);
        }
        connection
            .prepare_cached(
                "INSERT INTO pushes (user, id, room, data, at, taken) VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![user, id.to_string(), room, data, now, taken])?;
        // Of those that were delivered only the newest are needed again.
        let sql = "DELETE FROM pushes WHERE user = ?1 AND taken IS NOT NULL AND id NOT IN (
                       SELECT id FROM pushes WHERE user = ?1 AND taken IS NOT NULL
                       ORDER BY id DESC LIMIT ?2)";
        connection.prepare_cached(sql)?.execute(params![user, MOST])?;
        Ok(true)
    })
    .await
}

/// What a page of a user is to be given in a room, and which of that nobody was given before.
async fn take(
    app: &App,
    user: String,
    room: i64,
    client: String,
    pushed: Option<PushId>,
) -> Result<(Vec<Stored>, Vec<PushId>), DbError> {
    let here = "user = ?1 AND (room IS NULL OR room = ?2) AND at > ?3";
    let oldest = clock::now() - LIFE;
    // What a page was given and says that it has not seen: all after what it has, or, where it has
    // seen none though it was here, what it was given then.
    let seen = pushed.filter(|id| *id > PushId::default()).map(|id| id.to_string());
    let none = pushed == Some(PushId::default()) && !client.is_empty();
    let mine = none.then(|| client.clone());
    let wanted = user.clone();
    let select = move |connection: &Connection| {
        let sql = format!(
            "SELECT id, room, data, taken IS NULL FROM pushes
             WHERE {here} AND (taken IS NULL OR id > ?4 OR taken = ?5) ORDER BY id"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![wanted, room, oldest, seen, mine], |row| {
            let id: String = row.get(0)?;
            let id = id.parse().unwrap_or_default();
            Ok((Stored { id, room: row.get(1)?, data: row.get(2)? }, row.get::<_, bool>(3)?))
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    let select = Arc::new(select);
    let looking = Arc::clone(&select);
    // Looking costs no commit: mostly there is nothing.
    if app.db.read(move |connection| looking(connection)).await?.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let (db, hub) = (&app.db, Arc::clone(&app.hub));
    db.write(move |connection| {
        let sql = "UPDATE pushes SET taken = ?, id = ? WHERE user = ? AND id = ?";
        let mut statement = connection.prepare_cached(sql)?;
        let (mut stored, mut fresh) = (Vec::new(), Vec::new());
        for (mut push, is_fresh) in select(connection)? {
            if is_fresh {
                // Named when it is given: whatever was pushed between was not for this page, which
                // says from now on that it has seen this one.
                let kept = push.id.to_string();
                push.id = hub.push_id();
                statement.execute(params![client, push.id.to_string(), user, kept])?;
                fresh.push(push.id);
            }
            stored.push(push);
        }
        Ok((stored, fresh))
    })
    .await
}

/// Takes a push that nobody took; false if somebody did.
async fn take_one(db: &Db, user: String, id: PushId) -> Result<bool, DbError> {
    db.write(move |connection| {
        let sql = "UPDATE pushes SET taken = '' WHERE user = ? AND id = ? AND taken IS NULL";
        Ok(connection.execute(sql, params![user, id.to_string()])? > 0)
    })
    .await
}

/// Nobody was given these after all.
async fn give_back(db: &Db, user: String, ids: Vec<PushId>) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    db.write(move |connection| {
        let sql = "UPDATE pushes SET taken = NULL WHERE user = ? AND id = ?";
        let mut statement = connection.prepare_cached(sql)?;
        ids.iter().try_for_each(|id| statement.execute(params![user, id.to_string()]).map(drop))
    })
    .await
}

async fn rename(db: &Db, user: String, id: PushId, renamed: PushId) -> Result<(), DbError> {
    db.write(move |connection| {
        let sql = "UPDATE pushes SET id = ? WHERE user = ? AND id = ?";
        connection.execute(sql, params![renamed.to_string(), user, id.to_string()]).map(drop)
    })
    .await
}

/// Forgets what is too old.
pub async fn tidy(db: &Db, hub: &Hub) -> Result<usize, DbError> {
    hub.forget_pushes();
    let oldest = clock::now() - LIFE;
    db.write(move |c| c.execute("DELETE FROM pushes WHERE at <= ?", [oldest])).await
}
