//! Who is here, as far as counting needs it: visits. A visit is somebody's time in a room, over
//! tabs, transports and connections that broke, and ends when no page was open for as long as others
//! see nobody leave. What is known of it is forgotten then; sums are all that stays.

use super::histogram;
use super::tally::{Measure, Of, Tally};
use crate::arrival::Arrival;
use crate::engine::mailbox::SessionId;
use crate::limiter::Limiter;
use crate::log::Room;
use crate::watch::Joined;
use nowcast_shared::id::{ClientId, PublicId};
use std::collections::{HashMap, VecDeque};
use std::sync::Weak;
use std::time::{Duration, Instant};

/// How many visits are followed at most; who comes on top is not counted.
const MOST: usize = 200_000;

/// How many pages of a visit are known again.
const PAGES: usize = 8;

/// How many links somebody can click: a second, and at once.
const CLICKS: (u32, u32) = (1, 10);

/// A moment by both clocks: the calendar's in Unix milliseconds, and the one that only goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) at: i64,
    pub(super) instant: Instant,
}

/// Everybody who is here, and what was counted since it was kept last.
pub(super) struct Present {
    grace: Duration,
    next: u64,
    visits: HashMap<u64, Visit>,
    by_who: HashMap<(i64, PublicId), u64>,
    by_page: HashMap<(i64, ClientId), u64>,
    sessions: HashMap<SessionId, u64>,
    /// Who leaves when; in order, since everybody has the same grace.
    leaving: VecDeque<(Instant, u64)>,
    rooms: HashMap<i64, Here>,
    pub(super) tally: Tally,
}

/// A room with somebody in it.
#[derive(Default)]
struct Here {
    viewers: u64,
    room: Option<Weak<Room>>,
}

struct Visit {
    room: i64,
    who: PublicId,
    began: i64,
    /// When the last page was open.
    seen: i64,
    open: Vec<SessionId>,
    pages: Vec<ClientId>,
    leaves: Option<Instant>,
    /// Of who does not want to be tracked: a viewer, and nothing more.
    quiet: bool,
    /// Of before the server was started anew: until when its pages are on their way back.
    back_until: Option<Instant>,
    clicks: Limiter,
}

/// What became of a click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clicked {
    /// It can be counted.
    Counts,
    /// It is of nobody who is here, or of somebody who does not want it counted.
    Ignored,
    /// There were too many.
    TooFast,
}

impl Present {
    /// Nobody. Who is gone for longer than `grace` has left.
    pub(super) fn new(grace: Duration) -> Self {
        Self {
            grace,
            next: 0,
            visits: HashMap::new(),
            by_who: HashMap::new(),
            by_page: HashMap::new(),
            sessions: HashMap::new(),
            leaving: VecDeque::new(),
            rooms: HashMap::new(),
            tally: Tally::default(),
        }
    }

    /// A page begins a session.
    pub(super) fn join(&mut self, room: &std::sync::Arc<Room>, joined: &Joined<'_>, now: Moment) {
        self.enter(room.id(), joined, now);
        if let Some(here) = self.rooms.get_mut(&room.id()) {
            // Of now: a room may have been let go of and read again since somebody came.
            here.room = Some(std::sync::Arc::downgrade(room));
        }
    }

    fn enter(&mut self, room: i64, joined: &Joined<'_>, now: Moment) {
        self.tick(now);
        let &Joined { session, who, client, transport, resumes, arrival } = joined;
        let page = (room, client.clone());
        let known = self.by_page.get(&page).or_else(|| self.by_who.get(&(room, who.clone())));
        if let Some(id) = known.copied() {
            self.sessions.insert(session, id);
            self.return_to(id, page, resumes, arrival.quiet, session, now);
            return;
        }
        if self.visits.len() >= MOST {
            return;
        }
        let id = self.next;
        self.next += 1;
        let visit = Visit {
            room,
            who: who.clone(),
            began: now.at,
            seen: now.at,
            open: vec![session],
            pages: vec![client.clone()],
            leaves: None,
            quiet: arrival.quiet,
            back_until: None,
            clicks: Limiter::new(CLICKS.0, CLICKS.1),
        };
        self.sessions.insert(session, id);
        self.by_page.insert(page, id);
        self.put(id, visit);
        let viewers = self.viewers(room);
        self.tally.minute(room, now.at, viewers).joins += 1;
        if !arrival.quiet {
            self.tally.visits.insert((room, who.clone()), Some(now.at));
            self.tally.name(room, Of::Transport, now.at, transport.as_str(), None);
            self.come_from(room, arrival, now.at);
        }
    }

    fn come_from(&mut self, room: i64, arrival: &Arrival, at: i64) {
        self.tally.name(room, Of::Device, at, arrival.device.as_str(), None);
        if let Some(host) = &arrival.referrer {
            self.tally.name(room, Of::Referrer, at, host, None);
        }
    }

    /// Puts a visit on the lists.
    fn put(&mut self, id: u64, visit: Visit) {
        self.rooms.entry(visit.room).or_default().viewers += 1;
        self.by_who.insert((visit.room, visit.who.clone()), id);
        self.visits.insert(id, visit);
    }

    /// One more page of a visit, or one that comes back.
    fn return_to(
        &mut self,
        id: u64,
        page: (i64, ClientId),
        resumes: bool,
        quiet: bool,
        session: SessionId,
        now: Moment,
    ) {
        let Some(visit) = self.visits.get_mut(&id) else { return };
        visit.open.push(session);
        visit.leaves = None;
        let room = visit.room;
        let known = visit.pages.contains(&page.1);
        let back = visit.back_until.is_some_and(|until| now.instant < until);
        if !known && visit.pages.len() < PAGES {
            visit.pages.push(page.1.clone());
            self.by_page.insert(page, id);
        }
        if quiet && !visit.quiet {
            visit.quiet = true;
            self.tally.visits.insert((room, visit.who.clone()), None);
        }
        if !visit.quiet && (known || back && resumes) {
            let viewers = self.viewers(room);
            self.tally.minute(room, now.at, viewers).reconnects += 1;
        }
    }

    /// A session is gone.
    pub(super) fn leave(&mut self, session: SessionId, now: Moment) {
        let Some(id) = self.sessions.remove(&session) else { return };
        let Some(visit) = self.visits.get_mut(&id) else { return };
        visit.open.retain(|open| *open != session);
        if visit.open.is_empty() {
            visit.seen = now.at;
            let leaves = now.instant + self.grace;
            visit.leaves = Some(leaves);
            self.leaving.push_back((leaves, id));
        }
    }

    /// Ends the visits whose time it is.
    pub(super) fn tick(&mut self, now: Moment) {
        while let Some((_, id)) = self.leaving.pop_front_if(|(at, _)| *at <= now.instant) {
            let visit = self.visits.get(&id);
            if visit.is_some_and(|visit| visit.leaves.is_some_and(|at| at <= now.instant)) {
                self.end(id, now.at);
            }
        }
    }

    fn end(&mut self, id: u64, at: i64) {
        let Some(room) = self.visits.get(&id).map(|visit| visit.room) else { return };
        // Until now they were one more.
        self.tally.minute(room, at, self.viewers(room));
        let Some(visit) = self.take(id) else { return };
        let viewers = self.viewers(room);
        self.tally.minute(room, at, viewers).leaves += 1;
        if !visit.quiet {
            self.stayed(visit.room, visit.began, visit.seen, at);
            self.tally.visits.insert((visit.room, visit.who), None);
        }
    }

    fn stayed(&mut self, room: i64, began: i64, seen: i64, at: i64) {
        let stay = u64::try_from(seen - began).unwrap_or(0);
        self.tally.value(room, Measure::Stay, at, histogram::bucket(stay), 1);
    }

    /// Takes a visit off the lists.
    fn take(&mut self, id: u64) -> Option<Visit> {
        let visit = self.visits.remove(&id)?;
        let who = (visit.room, visit.who.clone());
        if self.by_who.get(&who) == Some(&id) {
            self.by_who.remove(&who);
        }
        for page in &visit.pages {
            self.by_page.remove(&(visit.room, page.clone()));
        }
        for session in &visit.open {
            self.sessions.remove(session);
        }
        if let Some(here) = self.rooms.get_mut(&visit.room) {
            here.viewers -= 1;
            if here.viewers == 0 {
                self.rooms.remove(&visit.room);
            }
        }
        Some(visit)
    }

    /// Forgets who is in the rooms for which this holds, and what was counted there.
    pub(super) fn forget(&mut self, holds: impl Fn(&Room) -> bool, at: i64) {
        let gone = |here: &Here| {
            here.room.as_ref().and_then(Weak::upgrade).is_some_and(|room| holds(&room))
        };
        let rooms: Vec<i64> =
            self.rooms.iter().filter(|(_, here)| gone(here)).map(|(id, _)| *id).collect();
        for room in rooms {
            let of_room = self.visits.iter().filter(|(_, visit)| visit.room == room);
            let ids: Vec<u64> = of_room.map(|(id, _)| *id).collect();
            let whos: Vec<_> =
                ids.iter().filter_map(|id| self.take(*id)).map(|visit| visit.who).collect();
            self.tally.forget(room);
            // From now on nobody is known to be here, and nothing else is said.
            self.tally.minute(room, at, 0);
            self.tally.visits.extend(whos.into_iter().map(|who| ((room, who), None)));
        }
    }

    /// Whether a page that is here may have one more click counted.
    pub(super) fn click(&mut self, room: i64, page: &ClientId) -> Clicked {
        let id = self.by_page.get(&(room, page.clone()));
        match id.and_then(|id| self.visits.get_mut(id)) {
            Some(visit) if !visit.quiet => {
                if visit.clicks.admit() {
                    Clicked::Counts
                } else {
                    Clicked::TooFast
                }
            }
            _ => Clicked::Ignored,
        }
    }

    /// Counts a click.
    pub(super) fn count_click(&mut self, room: i64, url: &str, title: Option<&str>, at: i64) {
        let viewers = self.viewers(room);
        self.tally.minute(room, at, viewers).clicks += 1;
        self.tally.name(room, Of::Link, at, url, title);
    }

    /// How many are in a room.
    pub(super) fn viewers(&self, room: i64) -> u64 {
        self.rooms.get(&room).map_or(0, |here| here.viewers)
    }

    /// Whether anybody is here.
    pub(super) fn is_empty(&self) -> bool {
        self.visits.is_empty()
    }

    /// Those who were here when the server ended, seen last at `alive`: `quiet` are how many of a
    /// room are not known by anything. Where that was so lately that nobody left yet, they may come
    /// back to their visits.
    pub(super) fn restore(
        &mut self,
        open: Vec<Open>,
        quiet: &[(i64, u64)],
        alive: i64,
        now: Moment,
    ) {
        let away = Duration::from_millis(u64::try_from(now.at - alive).unwrap_or(0));
        let back_until = now.instant + self.grace;
        let returns = away < self.grace;
        for &(room, count) in quiet {
            self.rooms.entry(room).or_default().viewers += count;
        }
        for Open { room, who, began } in open {
            let id = self.next;
            self.next += 1;
            let visit = Visit {
                room,
                who,
                began,
                seen: alive,
                open: Vec::new(),
                pages: Vec::new(),
                leaves: Some(back_until),
                quiet: false,
                back_until: Some(back_until),
                clicks: Limiter::new(CLICKS.0, CLICKS.1),
            };
            self.put(id, visit);
            if returns {
                self.leaving.push_back((back_until, id));
            } else {
                self.end(id, alive);
            }
        }
        for &(room, count) in quiet {
            if let Some(here) = self.rooms.get_mut(&room) {
                here.viewers -= count;
            }
            let viewers = self.viewers(room);
            self.tally.minute(room, alive, viewers).leaves += count;
        }
        self.rooms.retain(|_, here| here.viewers > 0);
    }
}

/// A visit that was not over when the server ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) room: i64,
    pub(super) who: PublicId,
    pub(super) began: i64,
}
