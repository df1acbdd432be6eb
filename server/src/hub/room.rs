//! A room with somebody in it: its sessions, who is behind them, what they are told.

use super::names::Claim;
use super::people::People;
use super::presence::Announced;
use super::{Seat, Transport};
use crate::auth::Visitor;
use crate::door::Pass;
use crate::encoded::Encoded;
use crate::engine::mailbox::{Mailbox, Message, SessionId, Signal, Tell};
use crate::push_id::PushId;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::{ClientId, PublicId};
use nowcast_shared::signal;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// A room with somebody in it.
#[derive(Default)]
pub(super) struct Room {
    pub(super) members: HashMap<SessionId, Member>,
    pub(super) clients: HashMap<ClientId, SessionId>,
    pub(super) people: People,
    pub(super) announced: Announced,
    /// How many sessions each shard has.
    pub(super) shares: Vec<usize>,
}

/// A session.
pub(super) struct Member {
    pub(super) transport: Transport,
    pub(super) counted: bool,
    pub(super) seat: Arc<Seat>,
    /// How others see who it is of; absent for a poll that is nobody's page.
    pub(super) who: Option<PublicId>,
    /// By which right it is here.
    pub(super) pass: Pass,
    /// The newest push that it was given, or has seen before it came.
    pub(super) pushed: PushId,
    /// Whether what was stored for its user is still looked up, so that pushes wait for that.
    pub(super) looking: bool,
}

impl Room {
    /// An empty one, in which no version is older than this.
    pub(super) fn after(version: u64) -> Self {
        Self { people: People::after(version), ..Self::default() }
    }

    /// Takes a session off the lists, if it is on them. Its person leaves at `leaves`, unless
    /// another page is open or comes before: then says who.
    pub(super) fn remove(
        &mut self,
        id: SessionId,
        shard: usize,
        leaves: Instant,
    ) -> Option<(Member, Option<PublicId>)> {
        let member = self.members.remove(&id)?;
        if let Some(client) = &member.seat.visitor().client
            && self.clients.get(client) == Some(&id)
        {
            self.clients.remove(client);
        }
        self.shares[shard] -= 1;
        let leaving = member.who.clone().filter(|who| self.people.leave(who, id, leaves));
        Some((member, leaving))
    }

    /// Whether nobody is here, nor about to come back.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.people.is_empty()
    }

    /// Gives somebody a name, and tells every page that is called otherwise by that.
    pub(super) fn name(
        &mut self,
        who: &PublicId,
        claim: Option<Claim>,
        reserved: &dyn Fn(&str) -> bool,
        tell: &dyn Fn(SessionId, Arc<Tell>),
    ) {
        // Its pages know: somebody may have many, and each says what they are called.
        if self.people.claim(who) == claim.as_ref() {
            return;
        }
        let displaced = self.people.name(who, claim, reserved);
        for who in displaced.iter().chain([who]) {
            self.call(who, tell);
        }
    }

    /// Lets the pages of somebody know what they go by, where they do not.
    pub(super) fn call(&self, who: &PublicId, tell: &dyn Fn(SessionId, Arc<Tell>)) {
        for page in self.people.pages(who) {
            let Some(member) = self.members.get(&page) else { continue };
            if let Some(visitor) = self.call_page(&member.seat, who) {
                tell(page, you(who, &visitor));
            }
        }
    }

    /// Has a page of somebody know what they go by; who it is of, if it did not.
    pub(super) fn call_page(&self, page: &Seat, who: &PublicId) -> Option<Arc<Visitor>> {
        let (name, known) = (self.people.name_of(who), page.visitor());
        if known.name.as_deref() == name {
            return None;
        }
        let visitor = Visitor { name: name.map(str::to_owned), ..Visitor::clone(&known) };
        let visitor = Arc::new(visitor);
        page.set(Arc::clone(&visitor));
        Some(visitor)
    }

    /// Leaves a signal for all its sessions. Under the hub's lock, so that signals keep their order.
    pub(super) fn tell(&self, shards: &[Mailbox], room: i64, signal: &Arc<Signal>) {
        for shard in self.mailboxes(shards) {
            shard.send(Message::Signal(room, Arc::clone(signal)));
        }
    }

    /// The shards that hold some of its sessions.
    pub(super) fn mailboxes<'a>(
        &'a self,
        shards: &'a [Mailbox],
    ) -> impl Iterator<Item = &'a Mailbox> {
        let used = self.shares.iter().zip(shards).filter(|(count, _)| **count > 0);
        used.map(|(_, shard)| shard)
    }
}

/// The signal that tells a page how others see it.
pub(super) fn you(who: &PublicId, visitor: &Visitor) -> Arc<Tell> {
    let signal = signal::Signal::You {
        you: who.clone(),
        name: visitor.name.clone(),
        user: visitor.user.as_ref().map(|user| user.id.clone()),
    };
    // Signals hold nothing that JSON cannot write.
    let frame = serde_json::to_string(&ServerFrame::<()>::Signal { signal }).unwrap_or_default();
    Arc::new(Tell { encoded: Encoded::new(&[&frame]), push: None })
}
