//! The log: a room's events in order, kept before anybody sees them.
//!
//! [`Log::append`] keeps a change and answers with its offset; whoever follows the log is handed
//! each event after its commit, in offset order. [`Log::read`] and [`Log::snapshot`] serve pages
//! that join, from memory where they can.

mod append;
mod chat;
mod door;
mod held;
mod room;
mod stage;
mod variables;

pub use append::{AppendError, Appended, Change, Draft, Once};
pub use chat::{ChatChange, SaidHead};
pub use door::{FOR_GOOD, Kind, Sanction, Sanctions};
pub use held::{Held, Hold};
pub use room::{Listed, Room, Snapshot};
pub use stage::{Spot, StageChange};
pub use variables::{Expect, VariableChange};

use crate::clock;
use crate::db::{Db, DbError};
use crate::random;
use crate::record::Record;
use nowcast_shared::frame::{SNAPSHOT_ITEMS, Variable};
use nowcast_shared::id::{ItemId, RoomName};
use nowcast_shared::offset::{Offset, Position};
use nowcast_shared::room::Settings;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::Mutex;

/// How many bytes of events one read gives at most, about.
const CHUNK: usize = 256 * 1024;

/// How many bytes of items one page of them holds, about.
const PAGE: usize = 512 * 1024;

/// Is handed each event after its commit, in offset order, on the writer's thread: must not block.
pub trait Follower: Send + Sync {
    /// This event is kept.
    fn followed(&self, room: &Arc<Room>, record: &Arc<Record>);

    /// Everything of this commit has been handed over, which may be nothing. Those who asked for
    /// it are answered after this.
    fn gathered(&self);
}

/// All rooms' logs.
pub struct Log {
    db: Db,
    rooms: RwLock<Rooms>,
    follower: Arc<dyn Follower>,
    keep: u64,
    tail: usize,
    arranging: Mutex<()>,
}

/// The rooms that are in memory.
#[derive(Default)]
struct Rooms {
    loaded: HashMap<RoomName, Arc<Room>>,
    /// How often rooms were let go of. What was read of a room before that may be older than what
    /// happened to it since.
    evictions: u64,
}

/// An item as far as it matters for who may change it.
pub struct ItemHead {
    /// See [`nowcast_shared::item::Item::kind`].
    pub kind: String,
    /// The subject that published it.
    pub owner: String,
}

/// Why the room as it is does not allow a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such piece.
    #[error("no such piece")]
    UnknownPiece,
    /// Nobody but an admin may move the piece.
    #[error("the piece is locked")]
    PieceLocked,
    /// Somebody else holds the piece.
    #[error("the piece is held")]
    PieceHeld,
    /// Of the piece nothing would be to be seen.
    #[error("the piece lacks something")]
    IncompletePiece,
    /// There are as many pieces as may be.
    #[error("the stage is full")]
    StageFull,
    /// There is no such variable.
    #[error("no such variable")]
    UnknownVariable,
    /// The variable has another version.
    #[error("another version")]
    VersionMismatch,
    /// There are as many variables, or as much in them, as may be.
    #[error("the variables are full")]
    VariablesFull,
    /// There are no such words.
    #[error("no such words")]
    UnknownSaid,
    /// Whoever says this said something a moment ago, in slow mode.
    #[error("too soon in slow mode")]
    SlowMode {
        /// For how long to wait.
        seconds: u64,
    },
    /// As many words wait for approval as may.
    #[error("too many words wait for approval")]
    HeldFull,
}

/// Why events could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log begins later: the page needs a snapshot.
    #[error("the log does not reach back that far")]
    Gone,
    /// The database did not answer.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Log {
    /// The logs kept in `db`. `keep` is how many events a room keeps (0: all), `tail` how many
    /// bytes of the newest stay in memory for each room.
    pub fn new(db: Db, keep: u64, tail: usize, follower: Arc<dyn Follower>) -> Self {
        let told = Arc::clone(&follower);
        db.after_commits(move || told.gathered());
        Self { db, rooms: RwLock::default(), follower, keep, tail, arranging: Mutex::default() }
    }

    /// The room of this name, if there is one.
    pub async fn room(&self, name: &RoomName) -> Result<Option<Arc<Room>>, DbError> {
        loop {
            let evictions = match self.known(name) {
                Ok(room) => return Ok(Some(room)),
                Err(evictions) => evictions,
            };
            let (wanted, tail) = (name.clone(), self.tail);
            let found = self.db.read(move |connection| {
                // One transaction, so that head and events are of the same moment.
                let transaction = connection.transaction()?;
                let Some(row) = room::load(&transaction, &wanted)? else { return Ok(None) };
                let newest = room::newest(&transaction, &row, tail)?;
                Ok(Some((row, newest)))
            });
            let Some((row, newest)) = found.await? else { return Ok(None) };
            if let Some(room) = self.remember(name, row, newest, evictions) {
                return Ok(Some(room));
            }
        }
    }

    /// Makes a room that is set as rooms are, or finds it; whether it is new.
    pub async fn create(&self, name: &RoomName, title: &str) -> Result<(Arc<Room>, bool), DbError> {
        self.create_as(name, title, &Settings::default()).await
    }

    /// Makes a room that is set so from its first moment, or finds it as it is; whether it is new.
    pub async fn create_as(
        &self,
        name: &RoomName,
        title: &str,
        settings: &Settings,
    ) -> Result<(Arc<Room>, bool), DbError> {
        if let Some(room) = self.room(name).await? {
            return Ok((room, false));
        }
        let evictions = self.read_rooms().evictions;
        let (wanted, title) = (name.clone(), title.to_owned());
        let epoch = random::name("e", 9);
        let settings = serde_json::to_string(settings).unwrap_or_default();
        let (row, new) = self
            .db
            .write(move |connection| {
                let new = connection.execute(
                    "INSERT INTO rooms (name, title, settings, epoch, created_at)
                     VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    params![wanted.as_str(), title, settings, epoch, clock::now()],
                )?;
                Ok((room::load(connection, &wanted)?, new > 0))
            })
            .await?;
        let row = row.ok_or(DbError::Closed)?;
        let room = match self.remember(name, row, VecDeque::new(), evictions) {
            Some(room) => room,
            None => self.room(name).await?.ok_or(DbError::Closed)?,
        };
        Ok((room, new))
    }

    /// All rooms, also those that nobody uses, by name.
    pub async fn rooms(&self) -> Result<Vec<Listed>, DbError> {
        self.db.read(room::list).await
    }

    /// Held by whoever changes a room by what it was before.
    pub fn arranging(&self) -> &Mutex<()> {
        &self.arranging
    }

    /// The room, if it is in memory; else how often rooms were let go of.
    fn known(&self, name: &RoomName) -> Result<Arc<Room>, u64> {
        let rooms = self.read_rooms();
        let room = rooms.loaded.get(name).ok_or(rooms.evictions)?;
        room.touch();
        Ok(Arc::clone(room))
    }

    /// The first to load a room decides which object stands for it. None where rooms were let go of
    /// since it was read: it has to be read anew.
    fn remember(
        &self,
        name: &RoomName,
        row: room::Row,
        newest: VecDeque<Arc<Record>>,
        evictions: u64,
    ) -> Option<Arc<Room>> {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.loaded.get(name) {
            return Some(Arc::clone(room));
        }
        if rooms.evictions != evictions {
            return None;
        }
        let room = Arc::new(Room::new(name.clone(), row, newest, self.tail));
        rooms.loaded.insert(name.clone(), Arc::clone(&room));
        Some(room)
    }

    /// Lets go of the rooms that nobody has used since this was called the last time: no session, no
    /// request and nothing that waits to be kept holds them. They are read again when somebody
    /// comes.
    pub fn evict(&self) -> usize {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        // Nobody can come by another handle meanwhile: all are made under this lock.
        let idle = |_: &RoomName, room: &mut Arc<Room>| {
            let held = Arc::strong_count(room) > 1;
            if held {
                room.touch();
            }
            !held && !room.was_touched()
        };
        let gone: Vec<_> = rooms.loaded.extract_if(idle).collect();
        if !gone.is_empty() {
            rooms.evictions += 1;
            if rooms.loaded.capacity() > 4 * rooms.loaded.len() {
                rooms.loaded.shrink_to_fit();
            }
        }
        drop(rooms);
        // Their memory is given back when nobody waits for the lock.
        gone.len()
    }

    /// How many rooms are in memory.
    pub fn loaded(&self) -> usize {
        self.read_rooms().loaded.len()
    }

    fn read_rooms(&self) -> RwLockReadGuard<'_, Rooms> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a change and answers where it stands. When this returns, it is committed and the
    /// follower has been handed the event.
    pub async fn append(&self, room: &Arc<Room>, draft: Draft) -> Result<Appended, AppendError> {
        let (job, answered) =
            append::Append::new(Arc::clone(room), draft, self.keep, Arc::clone(&self.follower));
        self.db.submit(Box::new(job)).await?;
        answered.await.map_err(|_| AppendError::Db(DbError::Closed))?
    }

    /// Some of the events after `after`, in order; none if there are no newer ones.
    ///
    /// # Errors
    /// [`ReadError::Gone`] if events after `after` are no longer kept.
    pub async fn read(
        &self,
        room: &Arc<Room>,
        after: Offset,
    ) -> Result<Vec<Arc<Record>>, ReadError> {
        if let Some(records) = room.recent(after)? {
            return Ok(records);
        }
        let id = room.id();
        let records = self.db.read(move |connection| events(connection, id, after)).await?;
        if records.first().is_some_and(|record| record.offset != after.next()) {
            return Err(ReadError::Gone);
        }
        Ok(records)
    }

    /// The room as it is now, encoded once for all who ask at the same offset.
    pub async fn snapshot(&self, room: &Arc<Room>) -> Result<Arc<Snapshot>, DbError> {
        if let Some(snapshot) = room.current_snapshot() {
            return Ok(snapshot);
        }
        // Many pages that join at once wait for one of them to do the work.
        let _alone = room.snapshots().lock().await;
        if let Some(snapshot) = room.current_snapshot() {
            return Ok(snapshot);
        }
        let id = room.id();
        let snapshot = Arc::new(self.db.read(move |connection| snapshot(connection, id)).await?);
        room.keep_snapshot(&snapshot);
        Ok(snapshot)
    }

    /// Items before an offset (or the newest), newest first, as a JSON array, and whether there
    /// are more.
    pub async fn items(
        &self,
        room: &Arc<Room>,
        before: Option<Offset>,
        limit: usize,
    ) -> Result<(String, bool), DbError> {
        let id = room.id();
        let before = before.map_or(i64::MAX, as_column);
        let read =
            move |connection: &mut Connection| items_before(connection, id, before, limit, PAGE);
        let (items, more) = self.db.read(read).await?;
        Ok((format!("[{}]", items.join(",")), more))
    }

    /// What is to be known of an item before it is changed.
    pub async fn item(&self, room: &Arc<Room>, item: &ItemId) -> Result<Option<ItemHead>, DbError> {
        let (id, item) = (room.id(), item.clone());
        self.db
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT kind, owner FROM items WHERE room = ? AND id = ?")?
                    .query_row(params![id, item.0], |row| {
                        Ok(ItemHead { kind: row.get(0)?, owner: row.get(1)? })
                    })
                    .optional()
            })
            .await
    }

    /// A shared variable, its value as JSON.
    pub async fn variable(
        &self,
        room: &Arc<Room>,
        name: String,
    ) -> Result<Option<Variable<String>>, DbError> {
        let id = room.id();
        self.db.read(move |connection| variables::find(connection, id, &name)).await
    }

    /// All shared variables, as a JSON object.
    pub async fn variables(&self, room: &Arc<Room>) -> Result<String, DbError> {
        let id = room.id();
        self.db.read(move |connection| variables::snapshot(connection, id)).await
    }

    /// Has memory know the room's pieces, so that [`Room::spot`] can tell of them.
    pub async fn load_stage(&self, room: &Arc<Room>) -> Result<(), DbError> {
        while room.lacks_stage() {
            let id = room.id();
            let read = move |connection: &mut Connection| {
                // One transaction, so that head and pieces are of the same moment.
                let transaction = connection.transaction()?;
                let head = transaction
                    .prepare_cached("SELECT head FROM rooms WHERE id = ?")?
                    .query_row([id], |row| row.get(0))?;
                Ok((from_column(head), stage::Spots::load(&transaction, id)?))
            };
            let (head, spots) = self.db.read(read).await?;
            room.keep_stage(head, spots);
        }
        Ok(())
    }

    /// Forgets the answers of idempotent requests from before `before`, in Unix milliseconds.
    pub async fn forget_answers(&self, before: i64) -> Result<usize, DbError> {
        self.db
            .write(move |connection| {
                connection.execute("DELETE FROM answers WHERE at < ?", [before])
            })
            .await
    }

    /// Whether the log can continue from `since`.
    pub fn covers(&self, room: &Room, since: &Position) -> bool {
        room.covers(since)
    }
}

/// Offsets are stored as SQLite's signed integers; a log does not reach 2^63.
fn as_column(offset: Offset) -> i64 {
    i64::try_from(offset.0).unwrap_or(i64::MAX)
}

fn from_column(column: i64) -> Offset {
    Offset(u64::try_from(column).unwrap_or(0))
}

fn events(connection: &Connection, room: i64, after: Offset) -> rusqlite::Result<Vec<Arc<Record>>> {
    let mut statement = connection.prepare_cached(
        "SELECT offset, at, author, event FROM events WHERE room = ? AND offset > ?
         ORDER BY offset LIMIT 1000",
    )?;
    let mut rows = statement.query(params![room, as_column(after)])?;
    let (mut records, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let (author, event) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str()?);
        let record = Record::new(from_column(row.get(0)?), row.get(1)?, author, event);
        bytes += record.size();
        records.push(Arc::new(record));
        if bytes >= CHUNK {
            break;
        }
    }
    Ok(records)
}

fn snapshot(connection: &mut Connection, room: i64) -> rusqlite::Result<Snapshot> {
    // One transaction, so that head and items are of the same moment.
    let transaction = connection.transaction()?;
    let (head, title, settings): (i64, String, String) = transaction
        .prepare_cached("SELECT head, title, settings FROM rooms WHERE id = ?")?
        .query_row([room], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (mut items, more) = items_before(&transaction, room, i64::MAX, SNAPSHOT_ITEMS, usize::MAX)?;
    items.reverse();
    let fields = format!(
        r#""title":{},"items":[{}],"more":{more},"pieces":{},"variables":{},"chat":{},"settings":{}"#,
        serde_json::Value::from(title),
        items.join(","),
        stage::snapshot(&transaction, room)?,
        variables::snapshot(&transaction, room)?,
        chat::snapshot(&transaction, room)?,
        append::json(&room::settings(&settings))?,
    );
    Ok(Snapshot::new(from_column(head), fields))
}

fn items_before(
    connection: &Connection,
    room: i64,
    before: i64,
    limit: usize,
    most_bytes: usize,
) -> rusqlite::Result<(Vec<String>, bool)> {
    let sql = "SELECT item FROM items WHERE room = ? AND offset < ? ORDER BY offset DESC LIMIT ?";
    newest_before(connection, sql, room, before, limit, most_bytes)
}

/// What `sql` selects of `room` before an offset, at most a `limit`; newest first, and whether
/// there is more.
fn newest_before(
    connection: &Connection,
    sql: &str,
    room: i64,
    before: i64,
    limit: usize,
    most_bytes: usize,
) -> rusqlite::Result<(Vec<String>, bool)> {
    let mut statement = connection.prepare_cached(sql)?;
    // One more than asked for tells whether there are more.
    let most = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
    let mut rows = statement.query(params![room, before, most])?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if items.len() == limit || bytes > most_bytes {
            return Ok((items, true));
        }
        let item: String = row.get(0)?;
        bytes += item.len();
        items.push(item);
    }
    Ok((items, false))
}

#[cfg(test)]
mod tests;
