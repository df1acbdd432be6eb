//! Writing: each session that something is due for, once.

use super::batch::{Batch, Format, Item};
use super::mailbox::{Presence, Signal, Tell};
use super::member::{Carrier, Ending, Member, Stage, Trip};
use super::outbox::{Entry, Full, Outbox};
use super::shard::{Shard, goodbye};
use super::timers::Millis;
use super::welcome;
use crate::app::App;
use crate::websocket;
use bytes::Bytes;
use nowcast_shared::error::Reason;
use nowcast_shared::offset::Offset;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Of how many events of a batch it is told how long they took, at most.
const SAMPLES: usize = 16;

/// The answer to a poll, and who waits for it.
pub(super) type Answer = (oneshot::Sender<Bytes>, Bytes);

/// What became of a batch for one session.
#[derive(Clone, Copy)]
enum Offered {
    Taken,
    /// Something waits for the socket, or is to be sent with the rest.
    Queued,
    /// One is missing: the log has it.
    Behind,
    /// More waits than may.
    Slow,
    /// The socket is broken.
    Broken,
    /// A poll was answered.
    Answered,
}

impl Shard {
    /// Hands what was gathered to the sessions of its rooms.
    pub(super) fn deliver(&mut self, app: &App) {
        self.due_bytes = 0;
        for room in std::mem::take(&mut self.due) {
            let Some(share) = self.rooms.get_mut(&room) else { continue };
            let items = std::mem::take(&mut share.items);
            // None joins or is forgotten before the round is over.
            let members = std::mem::take(&mut share.members);
            let batch =
                Batch::new(items, share.room.epoch().clone(), |id| self.keys.get(&id).copied());
            for &key in &members {
                let member = &mut self.members[key];
                let offered = offer(member, key, &batch, self.limit, self.now, &mut self.answers);
                self.settle(app, key, offered);
            }
            self.measure(app, room, &batch, &members);
            if let Some(share) = self.rooms.get_mut(&room) {
                share.members = members;
            }
        }
    }

    /// Tells whoever wants to know how long the events of a batch took that was written just now,
    /// of a few of them; with the way to one of the pages, a different one each time.
    fn measure(&self, app: &App, room: i64, batch: &Batch, members: &[usize]) {
        let Some(watcher) = app.watchers.get() else { return };
        let (Some(share), false) = (self.rooms.get(&room), members.is_empty()) else { return };
        if !watcher.counts(&share.room) {
            return;
        }
        let came = batch.items.iter().filter_map(|item| match item {
            Item::Event(record) => record.came,
            Item::Signal(_) => None,
        });
        let (now, pages) = (Instant::now(), members.len());
        for came in came.step_by(batch.items.len() / SAMPLES + 1) {
            let took = now.saturating_duration_since(came);
            let page = members[usize::try_from(took.as_nanos()).unwrap_or(0) % pages];
            let there = self.members[page].cold.trip.map_or(Duration::ZERO, Trip::there);
            watcher.delivered(&share.room, took + there);
        }
    }

    /// Lets the requests of polls go on. Waking a task from this thread takes a lock and, mostly, a
    /// call of the system; one task that wakes the others, on a thread that is one of theirs,
    /// takes these once.
    pub(super) fn answer_polls(&mut self) {
        let answer = |answers: Vec<Answer>| {
            for (waiting, body) in answers {
                // Whoever asks again after a broken connection says what it has seen.
                let _ = waiting.send(body);
            }
        };
        let answers = std::mem::take(&mut self.answers);
        if answers.len() > 1 {
            self.runtime.spawn(async move { answer(answers) });
        } else {
            answer(answers);
        }
    }

    fn settle(&mut self, app: &App, key: usize, offered: Offered) {
        match offered {
            Offered::Taken => {}
            Offered::Queued => {
                self.mark(key);
                self.arm(key);
            }
            Offered::Behind => {
                self.mark(key);
                self.advance(app, key);
            }
            Offered::Slow => self.close(app, key, Reason::SlowConsumer),
            Offered::Broken => self.let_go(key),
            Offered::Answered => self.away(key),
        }
    }

    /// Sends what waits, and goes on with what waited for that.
    pub(super) fn flush(&mut self, app: &App) {
        while let Some(key) = self.dirty.pop() {
            let member = &mut self.members[key];
            member.dirty = false;
            if member.gone {
                continue;
            }
            if member.flush(self.now).is_err() {
                self.let_go(key);
                continue;
            }
            if let Carrier::Polls(polls) = &member.carrier {
                let waits = member.stage == Stage::Live && polls.waiting.is_some();
                if waits && !polls.due.is_empty() {
                    self.answer_poll(key);
                }
                continue;
            }
            if member.cold.ending.is_some() {
                self.told(key);
                continue;
            }
            if matches!(member.stage, Stage::Behind) && member.is_clear() {
                self.advance(app, key);
            }
            self.arm(key);
        }
    }

    /// Answers the poll that waits with what is due, be it nothing.
    pub(super) fn answer_poll(&mut self, key: usize) {
        let member = &mut self.members[key];
        let next = member.position();
        if let Carrier::Polls(polls) = &mut member.carrier {
            polls.answer(&next);
        }
        self.away(key);
    }

    /// Ends a session: what waits is dropped, since the log has it; the page is told why.
    pub(super) fn close(&mut self, app: &App, key: usize, reason: Reason) {
        let member = &mut self.members[key];
        if member.cold.ending.is_some() || member.gone {
            return;
        }
        if let Carrier::Polls(polls) = &mut member.carrier {
            polls.refuse(&goodbye(reason));
            member.stage = Stage::Over;
            self.let_go(key);
            count(app, reason);
            return;
        }
        member.abandon();
        member.append(welcome::own(member.format, &goodbye(reason)), self.now);
        if matches!(member.format, Format::WebSocket | Format::Deflated) {
            let close = websocket::encode::close(reason.close_code(), reason.as_str());
            member.append(close.into(), self.now);
        }
        self.end(key, self.times.farewell);
        count(app, reason);
    }

    /// Nothing follows what waits; after `patience` milliseconds the connection is ended.
    pub(super) fn end(&mut self, key: usize, patience: Millis) {
        let member = &mut self.members[key];
        member.stage = Stage::Over;
        member.cold.pending = VecDeque::new();
        member.cold.unfed = Vec::new();
        member.cold.paused = false;
        member.cold.ending = Some(Ending { deadline: self.now + patience, told: false });
        if let Carrier::Pipe(piped) = &member.carrier {
            piped.pipe.end();
        }
        self.mark(key);
        self.arm(key);
    }

    /// Looks whether the last byte left. Then nothing more is sent, and the other side has the rest
    /// of its time to read it and to close: closing first, while it still sends, would reset the
    /// connection and could take the goodbye with it.
    fn told(&mut self, key: usize) {
        let member = &mut self.members[key];
        let Some(ending) = &mut member.cold.ending else { return };
        if let Carrier::Socket { stream, outbox: None } = &member.carrier
            && !std::mem::replace(&mut ending.told, true)
        {
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    /// Queues a frame for one session alone.
    pub(super) fn reply(&mut self, app: &App, key: usize, json: &[u8]) {
        let member = &mut self.members[key];
        let entry = welcome::own(member.format, json);
        self.queue(app, key, entry);
    }

    /// Gives a session what is for it alone, as soon as it is welcomed.
    pub(super) fn tell(&mut self, app: &App, key: usize, tell: Arc<Tell>) {
        let member = &mut self.members[key];
        if matches!(member.stage, Stage::New { .. } | Stage::Awaiting) {
            member.cold.tells.push(tell);
            let waiting: usize =
                member.cold.tells.iter().map(|tell| tell.encoded.json().len()).sum();
            if waiting > self.limit {
                self.close(app, key, Reason::SlowConsumer);
            }
            return;
        }
        let bytes = member.format.of(&tell.encoded, None).clone();
        self.queue(app, key, Entry::tell(bytes, tell.push));
    }

    /// Queues something for one session alone.
    pub(super) fn queue(&mut self, app: &App, key: usize, entry: Entry) {
        let (limit, now) = (self.limit, self.now);
        let member = &mut self.members[key];
        if member.cold.ending.is_some() || member.gone {
            return;
        }
        match member.push(entry, limit, now) {
            Ok(()) => self.mark(key),
            Err(_) => self.close(app, key, Reason::SlowConsumer),
        }
    }

    /// Forgets the sessions that ended in this turn.
    pub(super) fn forget(&mut self, app: &App) {
        while let Some(key) = self.gone.pop() {
            let member = self.members.remove(key);
            self.keys.remove(&member.cold.id);
            let room = member.cold.room.id();
            if let Some(share) = self.rooms.get_mut(&room) {
                share.members.swap_remove(member.cold.place);
                if let Some(moved) = share.members.get(member.cold.place) {
                    self.members[*moved].cold.place = member.cold.place;
                }
                if share.members.is_empty() {
                    self.rooms.remove(&room);
                }
            }
            app.hub.leave(room, member.cold.id);
            if let Some(watcher) = app.watchers.get() {
                watcher.left(member.cold.id);
            }
        }
    }
}

/// Whoever asks how many are slow does not wait until they are gone.
fn count(app: &App, reason: Reason) {
    if reason == Reason::SlowConsumer {
        app.hub.count_slow();
    }
}

/// Gives a session its part of a batch.
fn offer(
    member: &mut Member,
    key: usize,
    batch: &Batch,
    limit: usize,
    now: Millis,
    answers: &mut Vec<Answer>,
) -> Offered {
    if member.stage == Stage::Live
        && let Some(cursor) = batch.whole(key, member.cursor)
    {
        return offer_whole(member, batch, cursor, limit, now, answers);
    }
    offer_each(member, batch, limit, now)
}

/// Looks at each thing by itself: what it has already, what it may hear, what is missing.
fn offer_each(member: &mut Member, batch: &Batch, limit: usize, now: Millis) -> Offered {
    let mut offered = Offered::Taken;
    for item in &batch.items {
        match item {
            Item::Event(_) if member.stage != Stage::Live => continue,
            Item::Event(record) if record.offset <= member.cursor => continue,
            Item::Event(record) if record.offset != member.cursor.next() => {
                member.stage = Stage::Behind;
                continue;
            }
            Item::Signal(_) if !hears(member) => continue,
            Item::Signal(signal) if signal.except == Some(member.cold.id) => continue,
            Item::Event(_) | Item::Signal(_) => {}
        }
        let entry = match item {
            Item::Signal(signal) if let Some(presence) = &signal.presence => {
                // Whoever joined last knows it from the snapshot.
                if member.cold.presence >= presence.version {
                    continue;
                }
                who_is_here(member, signal, presence)
            }
            item => item.entry(member.format, &batch.epoch),
        };
        match member.push(entry, limit, now) {
            Ok(()) => offered = Offered::Queued,
            Err(Full { at_once: false }) => return Offered::Slow,
            // It had no time to take any of it: it is not slow, and the log has the rest. Who is
            // here it is told when it has that.
            Err(Full { at_once: true }) => {
                if matches!(item, Item::Signal(signal) if signal.presence.is_some()) {
                    member.cold.presence = 0;
                }
                // It may have been a signal.
                member.cold.outdated = true;
                if member.stage == Stage::Live {
                    member.stage = Stage::Behind;
                }
                continue;
            }
        }
        match item {
            Item::Event(record) => member.cursor = record.offset,
            Item::Signal(signal) => {
                let version = signal.presence.as_ref().map(|presence| presence.version);
                member.cold.presence = version.unwrap_or(member.cold.presence);
            }
        }
    }
    if member.stage == Stage::Behind { Offered::Behind } else { offered }
}

/// The news of who is here, if they continue what this session was told; else all of it. Who polls
/// may not have got the last answer, and is told all of it each time.
fn who_is_here(member: &Member, signal: &Signal, presence: &Presence) -> Entry {
    let told = member.cold.presence;
    if member.format == Format::Poll {
        let whole = member.format.of(&presence.whole, None).clone();
        return Entry::signal(whole, Some(Cow::Borrowed("presence")));
    }
    let continues = told > 0 && told == presence.since;
    let encoded = if continues { &signal.encoded } else { &presence.whole };
    // Of its own key: the news before it are no less needed.
    let key = format!("presence {}", presence.version);
    Entry::signal(member.format.of(encoded, None).clone(), Some(Cow::Owned(key)))
}

/// Whether signals make sense to it already, or still.
pub(super) fn hears(member: &Member) -> bool {
    // A poll without a name is nobody's page, and what it waits for is events.
    let nameless = matches!(&member.carrier, Carrier::Polls(polls) if !polls.returns);
    !nameless && !matches!(member.stage, Stage::New { .. } | Stage::Awaiting | Stage::Over)
}

/// The common case: what everybody gets, in one write.
fn offer_whole(
    member: &mut Member,
    batch: &Batch,
    cursor: Offset,
    limit: usize,
    now: Millis,
    answers: &mut Vec<Answer>,
) -> Offered {
    let format = member.format;
    match &mut member.carrier {
        Carrier::Socket { stream, outbox: slot @ None } => {
            member.cursor = cursor;
            let joined = batch.joined(format);
            let mut sent = match stream.write(joined) {
                Ok(sent) => sent,
                Err(error) if is_full(&error) => 0,
                Err(_) => return Offered::Broken,
            };
            if sent == joined.len() {
                return Offered::Taken;
            }
            member.cold.wrote = now;
            // The rest waits in pieces, so that signals can still be replaced.
            let outbox = slot.insert(Box::<Outbox>::default());
            for item in &batch.items {
                let entry = item.entry(format, &batch.epoch);
                let length = entry.bytes.len();
                if sent >= length {
                    sent -= length;
                    continue;
                }
                outbox.append(entry, now);
                if sent > 0 {
                    outbox.advance(std::mem::take(&mut sent));
                }
            }
            Offered::Queued
        }
        Carrier::Polls(polls) if polls.due.is_empty() && batch.has_events() => {
            member.cursor = cursor;
            let Some(waiting) = polls.waiting.take() else { return Offered::Taken };
            answers.push((waiting.answer, batch.body(cursor).clone()));
            Offered::Answered
        }
        Carrier::Pipe(piped) if piped.pipe.is_idle() => {
            member.cursor = cursor;
            // It counts: if it is not taken, the session is slow.
            let joined = batch.joined(format).clone();
            // The first is taken whatever its length.
            let _ = piped.pipe.push(joined.into(), limit, now);
            Offered::Queued
        }
        _ => offer_each(member, batch, limit, now),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
