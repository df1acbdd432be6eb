//! What a room's log keeps in memory: its head, its newest events, its last snapshot.

use super::door::{Kind, Sanctions};
use super::read::CHUNK;
use super::row::Row;
use super::snapshot::Snapshot;
use super::stage::{Spot, Spots};
use super::{Change, ChatChange, Keeping, ReadError};
use crate::record::Record;
use nowcast_shared::id::{PieceId, PublicId, RoomName};
use nowcast_shared::offset::{Epoch, Offset, Position};
use nowcast_shared::room::Settings;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A room and the end of its log.
pub struct Room {
    id: i64,
    name: RoomName,
    epoch: Epoch,
    memory: Mutex<Memory>,
    snapshots: tokio::sync::Mutex<()>,
    /// Whether somebody asked for it lately.
    touched: AtomicBool,
    /// Changes with every word in the chat, for those who wait for words alone.
    spoken: watch::Sender<()>,
    tail_limit: usize,
}

struct Memory {
    title: String,
    settings: Settings,
    /// The secret that lets people into a private room.
    invitation: Option<Box<str>>,
    /// Who may not speak or come in; absent where that is nobody.
    sanctions: Option<Box<Sanctions>>,
    head: Offset,
    first: Offset,
    /// How much of its past it keeps.
    keeping: Keeping,
    /// How often something of that was let go of.
    life: u64,
    /// The newest events, oldest first, without gaps up to `head`.
    tail: VecDeque<Arc<Record>>,
    tail_bytes: usize,
    snapshot: Option<Arc<Snapshot>>,
    /// The pieces of the stage, from when somebody first moves one; as of that offset or later.
    stage: Option<(Offset, Spots)>,
    /// Where the newest event that changed the stage stands, or the head when the room was loaded.
    staged: Offset,
}

impl Room {
    pub(super) fn new(
        name: RoomName,
        row: Row,
        tail: VecDeque<Arc<Record>>,
        tail_limit: usize,
    ) -> Self {
        let memory = Memory {
            title: row.title,
            settings: row.settings,
            invitation: row.invitation.map(String::into_boxed_str),
            sanctions: row.sanctions,
            head: row.head,
            staged: row.head,
            first: row.first,
            keeping: row.keeping,
            life: 0,
            tail_bytes: tail.iter().map(|record| record.size()).sum(),
            tail,
            snapshot: None,
            stage: None,
        };
        Self {
            id: row.id,
            name,
            epoch: Epoch(row.epoch),
            memory: Mutex::new(memory),
            snapshots: tokio::sync::Mutex::default(),
            touched: AtomicBool::new(true),
            spoken: watch::Sender::new(()),
            tail_limit,
        }
    }

    /// Its key in the database.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Its name in addresses.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// The life of its log.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Somebody asks for it.
    pub(super) fn touch(&self) {
        self.touched.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked for it since this was asked the last time.
    pub(super) fn was_touched(&self) -> bool {
        self.touched.swap(false, Ordering::Relaxed)
    }

    /// What people call it.
    pub fn title(&self) -> String {
        self.memory().title.clone()
    }

    /// What it is set to.
    pub fn settings(&self) -> Settings {
        self.memory().settings.clone()
    }

    /// Whether not everybody may come in, so that it has to be looked into.
    pub fn is_guarded(&self) -> bool {
        let memory = self.memory();
        memory.settings.private || memory.sanctions.as_ref().is_some_and(|all| all.block())
    }

    /// Until when this was done to one of these, who are the same person, if it is still so.
    pub fn sanctioned(&self, person: &[PublicId], kind: Kind) -> Option<i64> {
        let memory = self.memory();
        let sanctions = memory.sanctions.as_ref()?;
        person.iter().find_map(|id| sanctions.find(id, kind))
    }

    /// Whether anybody was muted or blocked.
    pub fn has_sanctions(&self) -> bool {
        self.memory().sanctions.is_some()
    }

    /// From now on these are muted and blocked.
    pub(super) fn sanction(&self, sanctions: Option<Box<Sanctions>>) {
        self.memory().sanctions = sanctions;
    }

    /// The secret of its invitation link, if there is one.
    pub fn invitation(&self) -> Option<String> {
        self.memory().invitation.as_deref().map(str::to_owned)
    }

    /// From now on this is the secret.
    pub(super) fn invite(&self, secret: Option<String>) {
        self.memory().invitation = secret.map(String::into_boxed_str);
    }

    /// The offset of the newest event that may be shown.
    pub fn head(&self) -> Offset {
        self.memory().head
    }

    /// Whether a page that has seen `since` can be given all that it missed.
    pub(super) fn covers(&self, since: &Position) -> bool {
        let memory = self.memory();
        since.epoch == self.epoch
            && since.offset <= memory.head
            && since.offset.next() >= memory.first
    }

    /// The events after `after` from memory, up to about [`CHUNK`] bytes; `None` if the disk has to
    /// be asked.
    ///
    /// # Errors
    /// [`ReadError::Gone`] if events after `after` are no longer kept.
    pub fn recent(&self, after: Offset) -> Result<Option<Vec<Arc<Record>>>, ReadError> {
        let memory = self.memory();
        if after.next() < memory.first {
            return Err(ReadError::Gone);
        }
        if after >= memory.head {
            return Ok(Some(Vec::new()));
        }
        let Some(oldest) = memory.tail.front().map(|record| record.offset) else { return Ok(None) };
        if after.next() < oldest {
            return Ok(None);
        }
        let skip = usize::try_from(after.next().0 - oldest.0).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let fits = |record: &&Arc<Record>| {
            let fits = bytes < CHUNK;
            bytes += record.size();
            fits
        };
        Ok(Some(memory.tail.iter().skip(skip).take_while(fits).cloned().collect()))
    }

    /// Takes in an event that was just committed. Called in offset order.
    pub(super) fn push(&self, record: &Arc<Record>, first: Offset, change: &Change) {
        let mut memory = self.memory();
        if record.offset != memory.head.next() {
            // Something was kept that memory was not told of: the disk knows better.
            memory.tail.clear();
            memory.tail_bytes = 0;
            memory.stage = None;
            memory.staged = record.offset;
        }
        memory.head = record.offset;
        memory.first = first;
        match change {
            Change::Retitle { title } => memory.title.clone_from(title),
            Change::Settings(settings) => memory.settings.clone_from(settings),
            Change::Stage(change) => {
                memory.staged = record.offset;
                if let Some((since, spots)) = &mut memory.stage
                    && record.offset > *since
                {
                    spots.apply(change);
                }
            }
            _ => {}
        }
        memory.tail_bytes += record.size();
        memory.tail.push_back(Arc::clone(record));
        memory.shorten(self.tail_limit);
        drop(memory);
        if let Change::Chat(ChatChange::Say { .. }) = change {
            self.spoken.send_replace(());
        }
    }

    /// What it keeps of its past.
    pub fn keeping(&self) -> Keeping {
        self.memory().keeping
    }

    /// Whether what happens in it may be counted.
    pub fn counts(&self) -> bool {
        self.memory().keeping.statistics
    }

    /// From now on it keeps so much.
    pub(super) fn keep(&self, keeping: Keeping) {
        self.memory().keeping = keeping;
    }

    /// Events before this one, and the items and words of then, are gone. A snapshot of before may
    /// show them.
    pub(super) fn let_go(&self, first: Offset) {
        let mut memory = self.memory();
        memory.first = memory.first.max(first);
        memory.life += 1;
        memory.snapshot = None;
        memory.shorten(self.tail_limit);
    }

    /// Changes when something is said.
    pub fn spoken(&self) -> watch::Receiver<()> {
        self.spoken.subscribe()
    }

    /// Where a piece was left, or that there is none; `None` while memory does not know.
    pub fn spot(&self, piece: &PieceId) -> Option<Option<Spot>> {
        self.memory().stage.as_ref().map(|(_, spots)| spots.get(piece))
    }

    pub(super) fn lacks_stage(&self) -> bool {
        self.memory().stage.is_none()
    }

    /// Takes the pieces as the disk has them as of `head`, unless the stage was changed since.
    pub(super) fn keep_stage(&self, head: Offset, spots: Spots) {
        let mut memory = self.memory();
        if memory.stage.is_none() && head >= memory.staged {
            memory.stage = Some((head, spots));
        }
    }

    /// The last snapshot that was made, if nothing happened since.
    pub fn current_snapshot(&self) -> Option<Arc<Snapshot>> {
        let memory = self.memory();
        memory.snapshot.as_ref().filter(|snapshot| snapshot.offset >= memory.head).cloned()
    }

    /// How often something of its past was let go of.
    pub(super) fn life(&self) -> u64 {
        self.memory().life
    }

    /// Keeps a snapshot that was begun then: where something was let go of since, it may show that.
    pub(super) fn keep_snapshot(&self, snapshot: &Arc<Snapshot>, life: u64) {
        let mut memory = self.memory();
        if life == memory.life {
            memory.snapshot = Some(Arc::clone(snapshot));
        }
    }

    /// Held by whoever makes a snapshot.
    pub(super) fn snapshots(&self) -> &tokio::sync::Mutex<()> {
        &self.snapshots
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Lets go of the oldest events, where there are too many bytes or the log begins later.
    fn shorten(&mut self, limit: usize) {
        while self.tail_bytes > limit
            || self.tail.front().is_some_and(|record| record.offset < self.first)
        {
            let Some(oldest) = self.tail.pop_front() else { break };
            self.tail_bytes -= oldest.size();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoded::Encoded;
    use nowcast_shared::id::ItemId;

    fn room(tail_limit: usize) -> Room {
        let row = Row {
            id: 1,
            title: String::new(),
            settings: Settings::default(),
            invitation: None,
            sanctions: None,
            epoch: "e1".to_owned(),
            head: Offset(0),
            first: Offset(1),
            keeping: Keeping::default(),
        };
        Room::new(RoomName::main(), row, VecDeque::new(), tail_limit)
    }

    fn push(room: &Room, offset: u64, first: u64) {
        let record =
            Record { came: None, offset: Offset(offset), encoded: Encoded::new(&["xxxxxxxxxx"]) };
        let item = ItemId("i1".to_owned());
        room.push(&Arc::new(record), Offset(first), &Change::Delete { item });
    }

    fn offsets(room: &Room, after: u64) -> Option<Vec<u64>> {
        let records = room.recent(Offset(after)).ok().flatten()?;
        Some(records.iter().map(|record| record.offset.0).collect())
    }

    #[test]
    fn the_tail_serves_what_it_holds_and_says_when_it_does_not() {
        let room = room(30);
        (1..=5).for_each(|offset| push(&room, offset, 1));
        assert_eq!(offsets(&room, 5), Some(vec![]));
        assert_eq!(offsets(&room, 3), Some(vec![4, 5]));
        assert_eq!(offsets(&room, 2), Some(vec![3, 4, 5]));
        assert_eq!(offsets(&room, 1), None, "10 bytes an event: only three fit");
    }

    #[test]
    fn a_hole_in_what_memory_was_told_is_read_from_the_disk() {
        let room = room(1000);
        push(&room, 1, 1);
        push(&room, 3, 1);
        assert_eq!(offsets(&room, 1), None);
        assert_eq!(offsets(&room, 2), Some(vec![3]));
    }

    #[test]
    fn an_event_larger_than_the_tail_is_read_from_the_disk() {
        let room = room(5);
        push(&room, 1, 1);
        assert_eq!(offsets(&room, 0), None);
        assert_eq!(room.head(), Offset(1));
    }

    #[test]
    fn a_position_is_covered_from_the_event_before_the_first_to_the_head() {
        let room = room(1000);
        (1..=5).for_each(|offset| push(&room, offset, if offset == 5 { 3 } else { 1 }));
        let at = |epoch: &str, offset| {
            room.covers(&Position { epoch: Epoch(epoch.to_owned()), offset: Offset(offset) })
        };
        assert!(at("e1", 2) && at("e1", 5));
        assert!(!at("e1", 1), "the event 2 is no longer kept");
        assert!(!at("e1", 6), "past the end");
        assert!(!at("e2", 5), "another life");
        assert!(room.recent(Offset(1)).is_err());
    }
}
