//! Which rooms are in memory: found there, read when somebody comes, let go of when nobody does.

use super::Log;
use super::room::Room;
use super::row::{self, Listed, Row};
use crate::clock;
use crate::db::DbError;
use crate::random;
use crate::record::Record;
use nowcast_shared::id::RoomName;
use nowcast_shared::room::Settings;
use rusqlite::params;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLockReadGuard};
use tokio::sync::Mutex;

/// The rooms that are in memory.
#[derive(Default)]
pub(super) struct Rooms {
    loaded: HashMap<RoomName, Arc<Room>>,
    /// How often rooms were let go of, or changed without being here. What was read of a room before
    /// that may be older than what happened to it since.
    evictions: u64,
}

impl Rooms {
    /// The room, if it is in memory. Where it is not, whoever reads it just now reads it anew:
    /// something changed about it that no event says.
    pub(super) fn changed(&mut self, name: &RoomName) -> Option<&Arc<Room>> {
        let room = self.loaded.get(name);
        if room.is_none() {
            self.evictions += 1;
        }
        room
    }
}

impl Log {
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
                let Some(row) = row::load(&transaction, &wanted)? else { return Ok(None) };
                let newest = row::newest(&transaction, &row, tail)?;
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
                Ok((row::load(connection, &wanted)?, new > 0))
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
        self.db.read(row::list).await
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
        row: Row,
        newest: VecDeque<Arc<Record>>,
        evictions: u64,
    ) -> Option<Arc<Room>> {
        let mut rooms = self.shared.rooms.write().unwrap_or_else(PoisonError::into_inner);
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
        let mut rooms = self.shared.rooms.write().unwrap_or_else(PoisonError::into_inner);
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
        self.shared.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }
}
