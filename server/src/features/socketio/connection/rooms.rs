//! The rooms that a connection is in: its sessions come and go.

use super::entrance::{self, Entrance, Frames};
use super::{Connection, State, places};
use crate::features::socketio::moved::Moved;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// A room that the page is in, or about to be.
pub(super) struct Room {
    pub(super) session: u64,
    /// Absent until the session has begun.
    pub(super) entrance: Option<Entrance>,
    /// Ends when the session is gone.
    pub(super) gone: oneshot::Receiver<()>,
}

/// A session that the page has left.
pub(super) struct Leaving {
    pub(super) session: u64,
    pub(super) gone: oneshot::Receiver<()>,
}

impl Connection {
    /// Whether the page still wants this session.
    pub(in super::super) fn wants(&self, namespace: &str, session: u64) -> bool {
        self.state().rooms.get(namespace).is_some_and(|room| room.session == session)
    }

    /// A session has begun; nothing if the page does not want it any more.
    pub(in super::super) fn joined(
        &self,
        namespace: &str,
        session: u64,
        moved: &Moved,
    ) -> Option<Frames> {
        let mut state = self.state();
        let room = state.rooms.get_mut(namespace).filter(|room| room.session == session)?;
        let (entrance, frames) = entrance::open(places(&self.app), moved.clone());
        room.entrance = Some(entrance);
        Some(frames)
    }

    /// A session is gone.
    pub(in super::super) fn finished(&self, namespace: &str, session: u64) {
        let mut state = self.state();
        state.running -= 1;
        if state.leaving.get(namespace).is_some_and(|leaving| leaving.session == session) {
            state.leaving.remove(namespace);
        }
    }

    /// The page leaves a room. Its session ends when what it sent before is done, of which it hears
    /// no more.
    pub(super) fn leave(&self, namespace: &str) {
        let mut state = self.state();
        if let Some(Room { session, gone, .. }) = state.rooms.remove(namespace) {
            state.leaving.insert(namespace.to_owned(), Leaving { session, gone });
            self.left(&mut state);
        }
    }

    /// A session ends by itself; whether the page was in the room by this one.
    pub(in super::super) fn forget(&self, namespace: &str, session: u64) -> bool {
        let mut state = self.state();
        let is_this = state.rooms.get(namespace).is_some_and(|room| room.session == session);
        if is_this {
            state.rooms.remove(namespace);
            self.left(&mut state);
        }
        is_this
    }

    fn left(&self, state: &mut State) {
        if state.rooms.is_empty() {
            state.lonely_since = Some(Instant::now());
            self.changed.notify_one();
        }
    }
}
