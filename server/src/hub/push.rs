//! Something for a user alone.

use super::users::Given;
use super::{Hub, Inside};
use crate::encoded::Encoded;
use crate::engine::mailbox::{SessionId, Tell};
use crate::push_id::PushId;
use std::sync::Arc;
use std::time::Instant;

/// A push that was stored.
pub struct Stored {
    /// Its name.
    pub id: PushId,
    /// The room that it is for; absent for all.
    pub room: Option<i64>,
    /// JSON.
    pub data: String,
}

impl Hub {
    /// Pushes get names after this one.
    pub fn push_after(&self, id: PushId) {
        self.inside().users.begin_after(id);
    }

    /// A name for a push that nobody is given yet.
    pub fn push_id(&self) -> PushId {
        self.inside().users.name()
    }

    /// Gives every session of a user something, JSON, in all rooms or in one; its name and how many
    /// sessions these are.
    pub fn push(&self, user: &str, room: Option<i64>, data: &str) -> (PushId, usize) {
        self.inside().push(self, user, room, data)
    }

    /// The same, if any of those is here; else nothing happens.
    pub fn push_if_here(
        &self,
        user: &str,
        room: Option<i64>,
        data: &str,
    ) -> Option<(PushId, usize)> {
        let mut inside = self.inside();
        let here = !inside.users.sessions(user, room).is_empty();
        here.then(|| inside.push(self, user, room, data))
    }

    /// Whether a user has a session, in any room or in one.
    pub fn is_here(&self, user: &str, room: Option<i64>) -> bool {
        !self.inside().users.sessions(user, room).is_empty()
    }

    /// The newest name that a push has.
    pub fn newest_push(&self) -> PushId {
        self.inside().users.newest()
    }

    /// Forgets what nobody can have again.
    pub fn forget_pushes(&self) {
        self.inside().users.tidy(Instant::now());
    }

    /// Gives a session what was stored for its user, and what came while that was looked up;
    /// whether the session is still there.
    pub fn catch_up(&self, room: i64, session: SessionId, user: &str, stored: &[Stored]) -> bool {
        let mut inside = self.inside();
        let inside = &mut *inside;
        let member = inside.rooms.get_mut(&room).and_then(|room| room.members.get_mut(&session));
        let Some(member) = member else { return false };
        let known = member.seat.visitor();
        if known.user.as_ref().is_none_or(|known| known.id != user) {
            return false;
        }
        member.looking = false;
        let seen = member.pushed;
        let mut due: Vec<_> = stored
            .iter()
            .map(|stored| Given::new(stored.id, stored.room, frame(stored.id, &stored.data)))
            .collect();
        for given in &due {
            inside.users.give(user, given.clone());
        }
        for given in inside.users.after(user, room, seen) {
            if !due.iter().any(|due| due.id == given.id) {
                due.push(given);
            }
        }
        due.sort_by_key(|given| given.id);
        for given in &due {
            inside.give(self, room, session, given);
        }
        true
    }
}

impl Inside {
    fn push(&mut self, hub: &Hub, user: &str, room: Option<i64>, data: &str) -> (PushId, usize) {
        let id = self.users.name();
        let sessions = self.users.sessions(user, room);
        // Also where nobody is here: a page that broke a moment ago says what it has seen.
        let given = Given::new(id, room, frame(id, data));
        self.users.give(user, given.clone());
        for (room, session) in &sessions {
            self.give(hub, *room, *session, &given);
        }
        (id, sessions.len())
    }

    /// Gives a session a push, unless that waits until what was stored is looked up.
    fn give(&mut self, hub: &Hub, room: i64, session: SessionId, given: &Given) {
        let member = self.rooms.get_mut(&room).and_then(|room| room.members.get_mut(&session));
        let Some(member) = member else { return };
        if !member.looking {
            member.pushed = member.pushed.max(given.id);
            hub.tell(session, Arc::clone(&given.tell));
        }
    }

    /// What a session was given that its page has not seen, if it polls.
    pub(super) fn given_after(
        &self,
        room: i64,
        session: SessionId,
        seen: PushId,
    ) -> Vec<Arc<Tell>> {
        let member = self.rooms.get(&room).and_then(|room| room.members.get(&session));
        let Some(member) = member.filter(|member| member.pushed > seen && !member.looking) else {
            return Vec::new();
        };
        let Some(user) = &member.seat.visitor().user else { return Vec::new() };
        let given = self.users.after(&user.id, room, seen).into_iter();
        given.map(|given| given.tell).collect()
    }
}

fn frame(id: PushId, data: &str) -> Arc<Tell> {
    let head = format!(r#"{{"t":"push","id":"{id}","data":"#);
    Arc::new(Tell { encoded: Encoded::new(&[&head, data, "}"]), push: Some(id) })
}
