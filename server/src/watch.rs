//! Who watches who comes and goes, beside the hub: features. What they are told is told on the way,
//! so they return at once and wait for nobody.

use crate::arrival::Arrival;
use crate::engine::mailbox::SessionId;
use crate::hub::Transport;
use crate::log::Room;
use nowcast_shared::id::{ClientId, PublicId};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A session that begins.
#[derive(Clone, Copy, Debug)]
pub struct Joined<'a> {
    /// Its name.
    pub session: SessionId,
    /// How others see who it is of.
    pub who: &'a PublicId,
    /// Which page it is of.
    pub client: &'a ClientId,
    /// By which way.
    pub transport: Transport,
    /// Whether the page goes on from something that it has seen.
    pub resumes: bool,
    /// Where the page comes from.
    pub arrival: &'a Arrival,
}

/// Watches. None of it may block: it is called by who lets pages in and by who writes to them.
pub trait Watcher: Send + Sync {
    /// Whether anything is counted in this room; its pages are told.
    fn counts(&self, room: &Room) -> bool;

    /// A viewer's page begins a session; before [`Self::left`] of the same.
    fn joined(&self, room: &Arc<Room>, joined: &Joined<'_>);

    /// A session is gone, of whatever page.
    fn left(&self, session: SessionId);

    /// An event was written to a shard's pages of a room, so long after it came in; as long as it
    /// takes to one of the pages is in it where that is known.
    fn delivered(&self, room: &Room, took: Duration);
}

/// Who watches; set once, before anybody comes.
#[derive(Default)]
pub struct Watchers(OnceLock<Arc<dyn Watcher>>);

impl Watchers {
    /// From now on this watches. There is one at most: what comes later is not told anything.
    pub fn watch(&self, watcher: Arc<dyn Watcher>) {
        if self.0.set(watcher).is_err() {
            tracing::error!("somebody watches already");
        }
    }

    /// Who watches, if anybody does.
    pub fn get(&self) -> Option<&dyn Watcher> {
        self.0.get().map(|watcher| &**watcher)
    }

    /// Whether anything is counted in this room.
    pub fn count(&self, room: &Room) -> bool {
        self.get().is_some_and(|watcher| watcher.counts(room))
    }
}
