//! Which sessions are a user's, and what users were pushed lately.

use crate::clock;
use crate::engine::mailbox::{SessionId, Tell};
use crate::push_id::PushId;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many bytes of pushes a user's pages can have again that came back, and all users' together.
const EACH: usize = 1024 * 1024;
const ALL: usize = 32 * 1024 * 1024;

/// For how long they can.
const LIFE: Duration = Duration::from_mins(5);

/// A push that was given to somebody.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) id: PushId,
    /// The room that it was for; absent for all.
    pub(super) room: Option<i64>,
    pub(super) tell: Arc<Tell>,
    at: Instant,
}

impl Given {
    pub(super) fn new(id: PushId, room: Option<i64>, tell: Arc<Tell>) -> Self {
        Self { id, room, tell, at: Instant::now() }
    }

    fn size(&self) -> usize {
        self.tell.encoded.json().len() + size_of::<Self>()
    }
}

/// All users of whom there is something to know.
#[derive(Default)]
pub(super) struct Users {
    sessions: HashMap<String, Vec<(i64, SessionId)>>,
    recent: HashMap<String, Recent>,
    /// Of all that is recent.
    bytes: usize,
    /// The newest name that a push has.
    newest: PushId,
}

#[derive(Default)]
struct Recent {
    given: VecDeque<Given>,
    bytes: usize,
}

impl Recent {
    fn drop_first(&mut self) -> usize {
        let size = self.given.pop_front().map_or(0, |given| given.size());
        self.bytes -= size;
        size
    }
}

impl Users {
    /// Names of pushes are newer than this one from now on.
    pub(super) fn begin_after(&mut self, id: PushId) {
        self.newest = self.newest.max(id);
    }

    /// The newest name that a push has.
    pub(super) fn newest(&self) -> PushId {
        self.newest
    }

    /// A name for one more.
    pub(super) fn name(&mut self) -> PushId {
        self.newest = self.newest.next().max(PushId::at(clock::now()));
        self.newest
    }

    pub(super) fn add(&mut self, user: &str, room: i64, session: SessionId) {
        self.sessions.entry(user.to_owned()).or_default().push((room, session));
    }

    pub(super) fn remove(&mut self, user: &str, room: i64, session: SessionId) {
        let Some(sessions) = self.sessions.get_mut(user) else { return };
        sessions.retain(|one| *one != (room, session));
        if sessions.is_empty() {
            self.sessions.remove(user);
        }
    }

    /// The user's sessions, in all rooms or in one.
    pub(super) fn sessions(&self, user: &str, room: Option<i64>) -> Vec<(i64, SessionId)> {
        let all = self.sessions.get(user).map_or(&[][..], Vec::as_slice);
        all.iter().filter(|(here, _)| room.is_none_or(|room| room == *here)).copied().collect()
    }

    /// What the user was given after `id` that is for this room, in order.
    pub(super) fn after(&self, user: &str, room: i64, id: PushId) -> Vec<Given> {
        let given = self.recent.get(user).into_iter().flat_map(|recent| &recent.given);
        given
            .filter(|given| given.id > id && given.room.is_none_or(|only| only == room))
            .cloned()
            .collect()
    }

    /// The user is given something, which pages that come back can have again for a while.
    pub(super) fn give(&mut self, user: &str, given: Given) {
        let recent = self.recent.entry(user.to_owned()).or_default();
        let Err(place) = recent.given.binary_search_by_key(&given.id, |given| given.id) else {
            return;
        };
        let size = given.size();
        recent.bytes += size;
        self.bytes += size;
        recent.given.insert(place, given);
        while recent.bytes > EACH && recent.given.len() > 1 {
            self.bytes -= recent.drop_first();
        }
        if self.bytes > ALL {
            self.tidy(Instant::now());
        }
        if self.bytes > ALL {
            self.make_room();
        }
    }

    /// Forgets what users had who had something longest ago: they are the least likely to come back
    /// for it. More than has to go, so that this is not done for each push.
    fn make_room(&mut self) {
        let at = |recent: &Recent| recent.given.front().map(|given| given.at);
        let mut users: Vec<_> =
            self.recent.iter().map(|(user, recent)| (at(recent), user.clone())).collect();
        users.sort_unstable();
        for (_, user) in users {
            if self.bytes <= ALL / 4 * 3 {
                return;
            }
            self.bytes -= self.recent.remove(&user).map_or(0, |recent| recent.bytes);
        }
    }

    /// Forgets what is too old.
    pub(super) fn tidy(&mut self, now: Instant) {
        let bytes = &mut self.bytes;
        self.recent.retain(|_, recent| {
            while recent.given.front().is_some_and(|given| now.duration_since(given.at) > LIFE) {
                *bytes -= recent.drop_first();
            }
            !recent.given.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoded::Encoded;

    fn given(id: PushId, room: Option<i64>, length: usize) -> Given {
        let encoded = Encoded::new(&[&"x".repeat(length)]);
        Given::new(id, room, Arc::new(Tell { encoded, push: Some(id) }))
    }

    fn ids(users: &Users, room: i64, after: PushId) -> Vec<PushId> {
        users.after("ana", room, after).iter().map(|given| given.id).collect()
    }

    #[test]
    fn names_grow_also_where_the_clock_was_set_back() {
        let mut users = Users::default();
        let ahead = PushId::at(clock::now() + 3_600_000);
        users.begin_after(ahead);
        let first = users.name();
        assert!(first > ahead && users.name() > first);
    }

    #[test]
    fn a_page_gets_what_came_after_what_it_saw_in_order_and_for_its_room() {
        let mut users = Users::default();
        let [a, b, c, d] = [(); 4].map(|()| users.name());
        for (id, room) in [(a, None), (c, Some(1)), (d, Some(2)), (b, None), (b, None)] {
            users.give("ana", given(id, room, 10));
        }
        assert_eq!(ids(&users, 1, PushId::default()), [a, b, c]);
        assert_eq!(ids(&users, 2, a), [b, d]);
        assert!(users.after("eva", 1, PushId::default()).is_empty());
    }

    #[test]
    fn what_is_kept_for_pages_that_come_back_is_bounded() {
        let mut users = Users::default();
        for _ in 0..40 {
            let id = users.name();
            users.give("ana", given(id, None, 60_000));
        }
        let kept = ids(&users, 1, PushId::default());
        assert!(kept.len() < 18 && kept.last() == Some(&users.newest()), "the newest are kept");
        for number in 0..100 {
            for _ in 0..10 {
                let id = users.name();
                users.give(&format!("user {number}"), given(id, None, 60_000));
            }
            assert!(users.bytes <= ALL);
        }
        users.tidy(Instant::now() + LIFE * 2);
        assert_eq!((users.bytes, users.recent.len()), (0, 0));
    }

    #[test]
    fn sessions_are_found_by_user_and_room() {
        let mut users = Users::default();
        users.add("ana", 1, 10);
        users.add("ana", 2, 11);
        users.add("eva", 1, 12);
        assert_eq!(users.sessions("ana", None), [(1, 10), (2, 11)]);
        assert_eq!(users.sessions("ana", Some(2)), [(2, 11)]);
        users.remove("ana", 2, 11);
        users.remove("ana", 1, 10);
        assert!(users.sessions("ana", None).is_empty() && users.sessions.len() == 1);
    }
}
