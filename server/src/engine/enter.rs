//! Joining: welcome, what was missed, live. And polling again.

use super::batch::Format;
use super::inbox::Pace;
use super::mailbox::Message;
use super::member::{Carrier, Entrant, Member, Stage};
use super::outbox::Entry;
use super::poll::{GRACE, Waiting};
use super::shard::{Shard, Share};
use super::timers::{Millis, NEVER};
use super::welcome::{self, Welcome};
use crate::app::App;
use crate::db::DbError;
use crate::hub::presence;
use crate::log::{ReadError, Snapshot};
use crate::push_id::PushId;
use crate::record::Record;
use mio::{Interest, Token};
use nowcast_shared::error::Reason;
use nowcast_shared::offset::Offset;
use std::borrow::Cow;
use std::sync::Arc;

impl Shard {
    /// Lets a session in. The hub knows it already.
    pub(super) fn join(&mut self, app: &App, entrant: Entrant) {
        let (id, room) = (entrant.id, Arc::clone(&entrant.room));
        let resumes = entrant.since.as_ref().is_some_and(|since| app.log.covers(&room, since));
        // What was said before it came is not for it: it may have caused that itself, as the
        // session before this one.
        if self.rooms.get(&room.id()).is_some_and(|share| !share.items.is_empty()) {
            self.deliver(app);
        }
        let (member, before) = Member::new(entrant, resumes, Pace::new(app), self.now);
        let key = self.members.insert(member);
        self.keys.insert(id, key);
        let share = self.rooms.entry(room.id()).or_insert_with(|| Share {
            room,
            members: Vec::new(),
            items: Vec::new(),
            waiting: Vec::new(),
        });
        let member = &mut self.members[key];
        member.cold.place = share.members.len();
        share.members.push(key);
        if let Carrier::Socket { stream, .. } = &mut member.carrier {
            let interest = Interest::READABLE | Interest::WRITABLE;
            if let Err(error) = self.poll.registry().register(stream, Token(key), interest) {
                tracing::warn!(%error, "a socket cannot be watched");
                self.let_go(key);
                return;
            }
        }
        if let Carrier::Polls(_) = &member.carrier {
            self.await_news(key);
        }
        if let Some(reason) = self.closed {
            self.close(app, key, reason);
            return;
        }
        self.advance(app, key);
        self.arm(key);
        if !before.is_empty() {
            let mut before = Vec::from(before);
            self.received(app, key, &mut before);
        }
    }

    /// Goes on with a session until it is live, or has to wait for the disk or for its socket.
    pub(super) fn advance(&mut self, app: &App, key: usize) {
        loop {
            let member = &mut self.members[key];
            if member.gone {
                return;
            }
            match member.stage {
                Stage::New { resumes: true } => {
                    member.stage = Stage::Behind;
                    // A covered poll begins with what it waits for.
                    if member.format != Format::Poll {
                        self.welcome(app, key, None);
                    }
                    self.hand_over(app, key);
                }
                Stage::New { resumes: false } => {
                    let inflated = |snapshot: &Arc<Snapshot>| {
                        member.format != Format::Deflated || snapshot.is_light()
                    };
                    let snapshot = member.cold.room.current_snapshot().filter(inflated);
                    let Some(snapshot) = snapshot else {
                        self.ask_for_snapshot(app, key);
                        return;
                    };
                    self.begin(app, key, &snapshot);
                }
                // What it has not taken yet comes first.
                Stage::Behind if !member.is_clear() && member.format != Format::Poll => {
                    self.mark(key);
                    return;
                }
                Stage::Behind => match member.cold.room.recent(member.cursor) {
                    Ok(Some(records)) if records.is_empty() => {
                        // Whatever comes after the head comes through the mailbox.
                        member.stage = Stage::Live;
                        self.arrived(app, key);
                        return;
                    }
                    Ok(Some(records)) => self.catch_up(app, key, &records),
                    Ok(None) => {
                        self.ask_for_records(app, key);
                        return;
                    }
                    // Retention took what it still needed: never silently partial.
                    Err(_) => member.stage = Stage::New { resumes: false },
                },
                Stage::Awaiting | Stage::Fetching | Stage::Live | Stage::Away | Stage::Over => {
                    return;
                }
            }
        }
    }

    /// All that a session missed is on its way.
    fn arrived(&mut self, app: &App, key: usize) {
        self.make_sure(app, key);
        if std::mem::take(&mut self.members[key].cold.outdated) {
            self.tell_in_flight(app, key);
        }
        let now = self.now;
        let member = &self.members[key];
        if let Carrier::Polls(polls) = &member.carrier
            && polls.waiting.is_some()
            && (!polls.due.is_empty() || polls.deadline <= now)
        {
            self.answer_poll(key);
        } else {
            self.arm(key);
        }
    }

    /// Tells who holds which piece and where it is. What was told of that before the events that
    /// the session just got may be older than these.
    fn tell_in_flight(&mut self, app: &App, key: usize) {
        let member = &self.members[key];
        if !super::deliver::hears(member) {
            return;
        }
        let cold = &member.cold;
        let (room, id) = (cold.room.id(), cold.id);
        for (signal, frame) in app.stages.in_flight(room, || app.hub.client(room, id)) {
            let bytes = welcome::bytes(self.members[key].format, frame.as_bytes());
            self.queue(app, key, Entry::signal(bytes, Some(signal.into())));
        }
    }

    /// Gives a session what it missed, or some of it.
    fn catch_up(&mut self, app: &App, key: usize, records: &[Arc<Record>]) {
        let now = self.now;
        let member = &mut self.members[key];
        for record in records {
            let position = (member.cold.room.epoch(), record.offset);
            let bytes = member.format.of(&record.encoded, Some(position)).clone();
            member.append(bytes.into(), now);
            member.cursor = record.offset;
            member.cold.outdated = true;
        }
        self.mark(key);
        // One answer to a poll takes what fits into it.
        let member = &mut self.members[key];
        if member.format == Format::Poll && !records.is_empty() {
            member.stage = Stage::Live;
            self.arrived(app, key);
        }
    }

    /// Begins with a snapshot.
    fn begin(&mut self, app: &App, key: usize, snapshot: &Snapshot) {
        let member = &mut self.members[key];
        member.cursor = snapshot.offset;
        member.stage = Stage::Behind;
        let mut waiting = Vec::new();
        if let Carrier::Polls(polls) = &mut member.carrier {
            waiting = polls.due.overtaken();
        }
        self.welcome(app, key, Some(snapshot));
        for entry in waiting {
            self.queue(app, key, entry);
        }
        self.hand_over(app, key);
    }

    /// Gives a session what came for it alone before it was welcomed.
    fn hand_over(&mut self, app: &App, key: usize) {
        for tell in std::mem::take(&mut self.members[key].cold.tells) {
            self.tell(app, key, tell);
        }
    }

    /// Tells a session who is here that does not know it, or may have missed it.
    fn make_sure(&mut self, app: &App, key: usize) {
        let member = &mut self.members[key];
        if member.cold.presence == 0 && super::deliver::hears(member) {
            let state = app.hub.presence(member.cold.room.id());
            member.cold.presence = state.version;
            let bytes = welcome::bytes(member.format, presence::whole(state).as_bytes());
            self.queue(app, key, Entry::signal(bytes, Some(Cow::Borrowed("presence"))));
        }
    }

    fn welcome(&mut self, app: &App, key: usize, snapshot: Option<&Snapshot>) {
        let member = &mut self.members[key];
        let presence = app.hub.presence(member.cold.room.id());
        member.cold.presence = presence.version;
        member.cold.outdated = true;
        let welcome = Welcome {
            room: &member.cold.room,
            you: &member.cold.you,
            offset: member.cursor,
            snapshot,
            presence: presence.clone(),
            open: app.is_open(),
            counts: app.watchers.count(&member.cold.room),
        };
        for entry in welcome.entries(member.format) {
            member.append(entry, self.now);
        }
        // Without a snapshot it would not know who is here until somebody comes or leaves.
        if snapshot.is_none() {
            let frame = presence::whole(presence);
            member.append(welcome::own(member.format, frame.as_bytes()), self.now);
        }
        self.mark(key);
    }

    /// Has a snapshot made, by one for all who wait for it.
    fn ask_for_snapshot(&mut self, app: &App, key: usize) {
        let member = &mut self.members[key];
        member.stage = Stage::Awaiting;
        let (id, room) = (member.cold.id, Arc::clone(&member.cold.room));
        let Some(share) = self.rooms.get_mut(&room.id()) else { return };
        // A page that polls again and again meanwhile waits once.
        if member.format != Format::Poll || !share.waiting.contains(&id) {
            share.waiting.push(id);
        }
        if share.waiting.len() > 1 {
            return;
        }
        let (app, mailbox) = (app.clone(), self.mailbox.clone());
        self.runtime.spawn(async move {
            let mut snapshot = app.log.snapshot(&room).await;
            if let Ok(made) = &snapshot
                && !made.is_light()
            {
                // A shard must not compress for long, nor must this thread.
                let made = Arc::clone(made);
                let deflating = tokio::task::spawn_blocking(move || {
                    made.deflated();
                    made
                });
                snapshot = deflating.await.map_err(|_| DbError::Closed);
            }
            if let Err(error) = &snapshot {
                tracing::warn!(room = %room.name(), %error, "pages cannot be given a snapshot");
            }
            mailbox.send(Message::Snapshot(room.id(), snapshot.ok()));
        });
    }

    /// The snapshot is there: all who waited begin with it.
    pub(super) fn begin_waiting(&mut self, app: &App, room: i64, snapshot: Option<&Snapshot>) {
        let Some(share) = self.rooms.get_mut(&room) else { return };
        for id in std::mem::take(&mut share.waiting) {
            let Some(key) = self.key(id) else { continue };
            let member = &mut self.members[key];
            if member.stage != Stage::Awaiting {
                continue;
            }
            match snapshot {
                Some(snapshot) => {
                    self.begin(app, key, snapshot);
                    self.advance(app, key);
                }
                None => self.close(app, key, Reason::Failed),
            }
        }
    }

    fn ask_for_records(&mut self, app: &App, key: usize) {
        let member = &mut self.members[key];
        member.stage = Stage::Fetching;
        let (id, room, after) = (member.cold.id, Arc::clone(&member.cold.room), member.cursor);
        let (app, mailbox) = (app.clone(), self.mailbox.clone());
        self.runtime.spawn(async move {
            let records = app.log.read(&room, after).await;
            mailbox.send(Message::Read(id, after, records));
        });
    }

    /// The events that a session missed were read.
    pub(super) fn fetched(
        &mut self,
        app: &App,
        key: usize,
        after: Offset,
        records: Result<Vec<Arc<Record>>, ReadError>,
    ) {
        let member = &mut self.members[key];
        // A page that polls anew may be somewhere else since.
        if member.stage != Stage::Fetching || member.cursor != after {
            return;
        }
        match records {
            Ok(records) => {
                member.stage = Stage::Behind;
                self.catch_up(app, key, &records);
            }
            Err(ReadError::Gone) => member.stage = Stage::New { resumes: false },
            Err(ReadError::Db(error)) => {
                tracing::warn!(room = %member.cold.room.name(), %error, "a session ended");
                self.close(app, key, Reason::Failed);
                return;
            }
        }
        self.advance(app, key);
    }

    /// Events of this room were left out: everybody reads them from the log.
    pub(super) fn catch_up_all(&mut self, app: &App, room: i64) {
        // What came before them is written first.
        self.deliver(app);
        let members = self.rooms.get(&room).map(|share| share.members.clone());
        for key in members.unwrap_or_default() {
            let member = &mut self.members[key];
            if member.stage == Stage::Live {
                member.stage = Stage::Behind;
                self.advance(app, key);
            }
        }
    }

    /// A page polls again.
    pub(super) fn poll_again(&mut self, app: &App, id: u64, mut waiting: Box<Waiting>) {
        // Without an answer whoever waits for one begins anew.
        let Some(key) = self.key(id) else { return };
        let member = &mut self.members[key];
        if member.gone || member.cold.ending.is_some() {
            return;
        }
        let since = waiting.since.as_ref().filter(|since| app.log.covers(&member.cold.room, since));
        member.cursor = since.map_or(Offset(0), |since| since.offset);
        member.stage = Stage::New { resumes: since.is_some() };
        let again = waiting.again.take();
        if let Carrier::Polls(polls) = &mut member.carrier {
            // A page that asks twice at once: the first is told that it was replaced.
            polls.refuse(&super::shard::goodbye(Reason::Replaced));
            polls.waiting = Some(waiting);
            // Events that no poll was answered with are read again from where the page is.
            polls.due.keep_signals();
            if let Some((seen, again)) = again {
                let these: Vec<_> = again.iter().filter_map(|tell| tell.push).collect();
                polls.due.drop_pushes(seen, &these);
                let tells = &mut member.cold.tells;
                tells.retain(|tell| tell.push.is_none_or(|push| !these.contains(&push)));
                tells.splice(0..0, again);
            }
        }
        self.await_news(key);
        self.advance(app, key);
    }

    /// A page is somebody else's: what was pushed to who it was of before, and no poll took yet, is
    /// dropped. What a stream has not sent yet was said before, and comes before.
    pub(super) fn forget_pushes(&mut self, id: u64, last: PushId) {
        let Some(key) = self.key(id) else { return };
        let member = &mut self.members[key];
        if let Carrier::Polls(polls) = &mut member.carrier {
            polls.due.drop_pushes(last, &[]);
            member.cold.tells.retain(|tell| tell.push.is_none_or(|push| push > last));
        }
    }

    /// From now on the poll waits, as long as it said.
    fn await_news(&mut self, key: usize) {
        let now = self.now;
        if let Carrier::Polls(polls) = &mut self.members[key].carrier {
            let wait = polls.waiting.as_ref().map_or(0, |waiting| waiting.wait.as_millis());
            polls.deadline = now + Millis::try_from(wait).unwrap_or(NEVER / 2);
        }
        self.arm(key);
    }

    /// A poll was answered: until the next one the page is away.
    pub(super) fn away(&mut self, key: usize) {
        let now = self.now;
        let member = &mut self.members[key];
        let Carrier::Polls(polls) = &mut member.carrier else { return };
        polls.deadline = now + GRACE;
        // Without a name it is gone with its answer.
        let returns = polls.returns;
        if member.stage != Stage::Over {
            member.stage = Stage::Away;
        }
        if returns {
            self.arm(key);
        } else {
            self.let_go(key);
        }
    }

    /// The request of a poll is gone before its answer.
    pub(super) fn hung(&mut self, id: u64, number: u64) {
        let Some(key) = self.key(id) else { return };
        if let Carrier::Polls(polls) = &mut self.members[key].carrier
            && polls.waiting.as_ref().is_some_and(|waiting| waiting.number == number)
        {
            polls.waiting = None;
            self.away(key);
        }
    }
}
