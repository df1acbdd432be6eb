//! Coming and going: sessions begin, go on, change who they are of, and end.

use super::room::{Member, Room, you};
use super::{Claim, Hub, Inside, Seat, Transport};
use crate::auth::Visitor;
use crate::door::Pass;
use crate::engine::mailbox::{Mailbox, Message, SessionId, Tell};
use crate::engine::member::Entrant;
use crate::engine::poll::Waiting;
use crate::push_id::PushId;
use nowcast_shared::error::Reason;
use nowcast_shared::id::PublicId;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Says whether a name, folded, is nobody's to choose.
pub(super) type Reserved<'a> = &'a dyn Fn(&str) -> bool;

/// Who joins.
pub struct Join {
    /// What is known of the page; a second session with the same client id replaces the first.
    pub visitor: Arc<Visitor>,
    /// How others see it; absent for a poll that is nobody's page.
    pub who: Option<PublicId>,
    /// What it is to be called; without, it keeps the name that it has by another page.
    pub claim: Option<Claim>,
    /// By which way.
    pub transport: Transport,
    /// Whether it counts as an open page.
    pub counted: bool,
    /// The newest push that it has seen.
    pub pushed: Option<PushId>,
    /// By which right it is here.
    pub pass: Pass,
}

impl Hub {
    /// Lets a session in, with what `entrant` makes of its place.
    pub fn join(
        &self,
        room: i64,
        join: Join,
        reserved: Reserved<'_>,
        entrant: impl FnOnce(&Mailbox, &Arc<Seat>) -> Entrant,
    ) -> SessionId {
        let mut inside = self.inside();
        self.enter(&mut inside, room, join, reserved, |mailbox, seat| {
            Box::new(entrant(mailbox, seat))
        })
    }

    /// Hands a poll to the place that its page has from the last one, or lets it in; whether it is
    /// new.
    pub fn poll(
        &self,
        room: i64,
        join: Join,
        reserved: Reserved<'_>,
        mut waiting: Box<Waiting>,
        entrant: impl FnOnce(&Mailbox, &Arc<Seat>, Box<Waiting>) -> Entrant,
    ) -> (Mailbox, SessionId, bool) {
        let mut inside = self.inside();
        let place = join.visitor.client.as_ref().and_then(|client| {
            let state = inside.rooms.get(&room)?;
            let id = state.clients.get(client)?;
            let member = state.members.get(id)?;
            // Who is somebody else begins anew; the same user by another token goes on.
            let known = member.seat.visitor();
            let same = join.visitor.user.is_none() || join.visitor.is_user_of(&known);
            let stays = same && inside.is_good(room, *id, &known);
            (member.transport == Transport::Poll && stays).then_some(*id)
        });
        if let Some(id) = place {
            waiting.again = join.pushed.map(|seen| (seen, inside.given_after(room, id, seen)));
            self.renew(&mut inside, room, id, join, reserved);
            if waiting.since.is_none() {
                // It begins anew, and knows nothing of itself any more.
                self.introduce(&inside, room, id);
            }
            self.shard(id).send(Message::Poll(id, waiting));
            return (self.shard(id).clone(), id, false);
        }
        let id = self.enter(&mut inside, room, join, reserved, |mailbox, seat| {
            Box::new(entrant(mailbox, seat, waiting))
        });
        (self.shard(id).clone(), id, true)
    }

    /// A page goes on by what it shows now: it may have been invited since, and its user's token
    /// may say another end or another name.
    fn renew(
        &self,
        inside: &mut Inside,
        room: i64,
        id: SessionId,
        join: Join,
        reserved: Reserved<'_>,
    ) {
        let Some(member) = inside.member_mut(room, id) else { return };
        member.pass = join.pass;
        let (seat, who) = (Arc::clone(&member.seat), member.who.clone());
        let known = seat.visitor();
        let user = join.visitor.user.as_ref().filter(|user| known.user.as_ref() != Some(user));
        let Some(user) = user else { return };
        let visitor = Visitor { user: Some(Arc::clone(user)), ..Visitor::clone(&known) };
        let renamed = visitor.given() != known.given();
        inside.unregister(room, id, &known);
        inside.register(room, id, &visitor);
        seat.set(Arc::new(visitor));
        if renamed
            && let Some(who) = who.filter(|who| join.who.as_ref() == Some(who))
            && let Some(state) = inside.rooms.get_mut(&room)
        {
            self.call(state, &seat, &who, join.claim, reserved);
            self.introduce(inside, room, id);
        }
        self.stir(inside, room);
    }

    fn enter(
        &self,
        inside: &mut Inside,
        room: i64,
        join: Join,
        reserved: Reserved<'_>,
        entrant: impl FnOnce(&Mailbox, &Arc<Seat>) -> Box<Entrant>,
    ) -> SessionId {
        let Join { visitor, who, claim, transport, counted, pushed, pass } = join;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let after = inside.version;
        let state = inside.rooms.entry(room).or_insert_with(|| Room::after(after));
        state.shares.resize(self.shards.len(), 0);
        if let Some(client) = &visitor.client
            && let Some(earlier) = state.clients.insert(client.clone(), id)
        {
            self.take_out(inside, room, earlier);
            self.shard(earlier).send(Message::Close(earlier, Reason::Replaced));
        }
        let state = inside.rooms.entry(room).or_default();
        let seat = Arc::new(Seat::new(id, Arc::clone(&visitor)));
        state.shares[self.index(id)] += 1;
        self.sessions.send_modify(|count| *count += 1);
        if let Some(who) = &who {
            state.people.join(who, id, counted.then_some(transport));
        }
        let pushed = pushed.unwrap_or(inside.users.newest());
        let looking = visitor.user.is_some();
        let member = Member {
            transport,
            counted,
            seat: Arc::clone(&seat),
            who: who.clone(),
            pass,
            pushed,
            looking,
        };
        state.members.insert(id, member);
        inside.register(room, id, &visitor);
        // Under the lock: what is told to a session must not reach its shard before itself.
        let shard = self.shard(id);
        shard.send(Message::Join(entrant(shard, &seat)));
        if let (Some(who), Some(state)) = (&who, inside.rooms.get_mut(&room)) {
            self.call(state, &seat, who, claim, reserved);
            let known = seat.visitor();
            if known.name != visitor.name || known.user.is_some() {
                self.tell(id, you(who, &known));
            }
        }
        self.stir(inside, room);
        id
    }

    /// Tells a page how others see it, where it cannot know.
    fn introduce(&self, inside: &Inside, room: i64, id: SessionId) {
        let member = inside.rooms.get(&room).and_then(|state| state.members.get(&id));
        let Some((member, who)) = member.and_then(|member| Some((member, member.who.as_ref()?)))
        else {
            return;
        };
        let known = member.seat.visitor();
        if known.name.is_some() || known.user.is_some() {
            self.tell(id, you(who, &known));
        }
    }

    /// Calls whoever a page is of by the name that is theirs, and lets their other pages know.
    fn call(
        &self,
        state: &mut Room,
        page: &Seat,
        who: &PublicId,
        claim: Option<Claim>,
        reserved: Reserved<'_>,
    ) {
        if claim.is_some() {
            state.name(who, claim, reserved, &|other, tell| {
                // It hears itself what came of what it asked for.
                if other != page.session() {
                    self.tell(other, tell);
                }
            });
        }
        state.call_page(page, who);
    }

    /// The page of this session is to be called so, as far as that is free.
    ///
    /// # Errors
    /// If its name is not its own to choose, or nobody's page.
    pub fn name(
        &self,
        room: i64,
        session: SessionId,
        wish: Option<String>,
        reserved: Reserved<'_>,
    ) -> Result<(), Fixed> {
        let mut inside = self.inside();
        let Some(state) = inside.rooms.get_mut(&room) else { return Ok(()) };
        let who = state.members.get(&session).and_then(|member| member.who.clone());
        let who = who.ok_or(Fixed)?;
        if state.people.claim(&who).is_some_and(|claim| !claim.is_wish()) {
            return Err(Fixed);
        }
        let tell = |page, tell| self.tell(page, tell);
        state.name(&who, wish.map(Claim::Wish), reserved, &tell);
        self.stir(&mut inside, room);
        Ok(())
    }

    /// The page of this session is known as somebody else from now on: `change` says how others see
    /// it, what is known of it, and what it is to be called. Without that it keeps what it asked
    /// for.
    pub fn change(
        &self,
        room: i64,
        session: SessionId,
        reserved: Reserved<'_>,
        change: impl FnOnce(&Visitor) -> (PublicId, Visitor, Option<Claim>),
    ) -> Option<Arc<Visitor>> {
        let mut inside = self.inside();
        let inside = &mut *inside;
        let newest = inside.users.newest();
        let state = inside.rooms.get_mut(&room)?;
        let member = state.members.get_mut(&session)?;
        let seat = Arc::clone(&member.seat);
        let known = seat.visitor();
        let (who, visitor, claim) = change(&known);
        let name = known.name.clone();
        // The same user still lacks what they lacked.
        if !visitor.is_user_of(&known) {
            member.pushed = member.pushed.max(newest);
            self.shard(session).send(Message::Forget(session, newest));
        }
        seat.set(Arc::new(Visitor { name, ..visitor }));
        member.looking = true;
        let way = member.counted.then_some(member.transport);
        let before = member.who.replace(who.clone());
        let mut kept = None;
        if let Some(before) = before.filter(|before| *before != who) {
            kept = state.people.claim(&before).filter(|claim| claim.is_wish()).cloned();
            // It is the same page: nobody left, somebody is called otherwise.
            if state.people.leave(&before, session, Instant::now()) {
                state.people.forget(&before);
            }
            state.people.join(&who, session, way);
        }
        let claim = claim.or(kept.filter(|_| state.people.claim(&who).is_none()));
        self.call(state, &seat, &who, claim, reserved);
        let visitor = seat.visitor();
        self.tell(session, you(&who, &visitor));
        inside.unregister(room, session, &known);
        inside.register(room, session, &visitor);
        self.stir(inside, room);
        Some(visitor)
    }

    /// A name is an admin's from now on, in every room.
    pub fn displace(&self, name: &str, reserved: Reserved<'_>) {
        let mut inside = self.inside();
        let mut stirred = Vec::new();
        for (room, state) in &mut inside.rooms {
            if let Some(who) = state.people.displace(name, reserved) {
                state.call(&who, &|page, tell| self.tell(page, tell));
                stirred.push(*room);
            }
        }
        for room in stirred {
            self.stir(&mut inside, room);
        }
    }

    /// The name that somebody would get in a room who has no page there.
    pub fn free_name(&self, room: i64, wanted: &str, reserved: Reserved<'_>) -> String {
        let inside = self.inside();
        match inside.rooms.get(&room) {
            Some(state) => state.people.free(wanted, reserved),
            None => super::people::People::default().free(wanted, reserved),
        }
    }

    /// A session is gone; called once for each, by its shard.
    pub fn leave(&self, room: i64, id: SessionId) {
        let mut inside = self.inside();
        self.take_out(&mut inside, room, id);
        self.stir(&mut inside, room);
        drop(inside);
        self.sessions.send_modify(|count| *count -= 1);
    }

    /// Takes a session off the lists, if it is on them.
    fn take_out(&self, inside: &mut Inside, room: i64, id: SessionId) {
        let leaves = Instant::now() + self.grace;
        let Some(state) = inside.rooms.get_mut(&room) else { return };
        let Some((member, leaving)) = state.remove(id, self.index(id), leaves) else { return };
        if let Some(who) = leaving {
            inside.leaving.push_back((leaves, room, who));
        }
        inside.unregister(room, id, &member.seat.visitor());
    }

    /// There may be something to announce in a room.
    fn stir(&self, inside: &mut Inside, room: i64) {
        inside.stirred.insert(room);
        self.changed.notify_one();
    }

    pub(super) fn tell(&self, session: SessionId, tell: Arc<Tell>) {
        self.shard(session).send(Message::Tell(session, tell));
    }
}

/// Its name is not its own to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed;

impl Inside {
    fn member_mut(&mut self, room: i64, session: SessionId) -> Option<&mut Member> {
        self.rooms.get_mut(&room)?.members.get_mut(&session)
    }

    /// Whether a session was not ended yet with its registration.
    fn is_good(&self, room: i64, session: SessionId, visitor: &Visitor) -> bool {
        let until = visitor.user.as_ref().and_then(|user| user.until);
        until.is_none_or(|until| self.ending.contains(&(until, room, session)))
    }

    fn register(&mut self, room: i64, session: SessionId, visitor: &Visitor) {
        let Some(user) = &visitor.user else { return };
        self.users.add(&user.id, room, session);
        if let Some(until) = user.until {
            self.ending.insert((until, room, session));
        }
    }

    fn unregister(&mut self, room: i64, session: SessionId, visitor: &Visitor) {
        let Some(user) = &visitor.user else { return };
        self.users.remove(&user.id, room, session);
        if let Some(until) = user.until {
            self.ending.remove(&(until, room, session));
        }
    }
}
