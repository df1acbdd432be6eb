//! What pages send over a connection of their own.

use super::batch::Format;
use super::inbox::{Inbox, Read as Frame};
use super::mailbox::Message;
use super::member::{Carrier, Leaving, Stage};
use super::shard::Shard;
use crate::app::App;
use crate::command;
use crate::websocket::{self, Decoder};
use bytes::Bytes;
use futures_util::FutureExt;
use nowcast_shared::error::Reason;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use tokio::sync::oneshot;

/// How many times what a frame may have ends the session; what is only too large gets an answer.
pub const FAR_TOO_LARGE: usize = 4;

/// How many reads a page gets before it is others' turn.
const READS: usize = 4;

/// How many frames may wait for the command before them until the page is read on.
const PENDING: usize = 64;

impl Shard {
    /// Reads what a socket has, for a while.
    pub(super) fn readable(&mut self, app: &App, key: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for turn in 0.. {
            let Some(member) = self.members.get_mut(key) else { break };
            if member.gone || member.cold.paused {
                break;
            }
            if turn == READS {
                self.unread.push(key);
                break;
            }
            let Carrier::Socket { stream, .. } = &mut member.carrier else { break };
            match stream.read(&mut buffer) {
                Ok(0) => {
                    self.leave(app, key, Leaving::Gone);
                    break;
                }
                Ok(length) => self.received(app, key, &mut buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.let_go(key);
                    break;
                }
            }
        }
        self.buffer = buffer;
    }

    /// Takes in what a page sent.
    pub(super) fn received(&mut self, app: &App, key: usize, bytes: &mut [u8]) {
        let now = self.now;
        let member = &mut self.members[key];
        member.cold.heard = now;
        member.cold.asked = false;
        if member.format == Format::Lines {
            // One whole frame, without a codec in between.
            if member.stage != Stage::Over {
                self.frame(app, key, bytes);
            }
            return;
        }
        if member.stage == Stage::Over {
            self.overheard(key, bytes);
            return;
        }
        let limit = app.limits.max_frame.saturating_mul(FAR_TOO_LARGE);
        let mut decoder = std::mem::replace(&mut member.cold.decoder, Decoder::new(false));
        let fed = decoder.feed(bytes, limit, &mut |message| {
            self.message(app, key, &message);
            let member = &self.members[key];
            // Nothing counts after the end, and of what has to wait there is a limit.
            if member.stage == Stage::Over || member.cold.paused {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        self.members[key].cold.decoder = decoder;
        match fed {
            Err(_) => self.close(app, key, Reason::BadFrame),
            Ok(fed) => {
                let rest = &mut bytes[fed.consumed..];
                let member = &mut self.members[key];
                if member.stage == Stage::Over {
                    self.overheard(key, rest);
                } else if !rest.is_empty() {
                    member.cold.unfed = rest.to_vec();
                }
            }
        }
    }

    /// Whoever brings frames from elsewhere brings more when its commands are done.
    pub(super) fn hold_back(&mut self, key: usize, sender: oneshot::Sender<()>) {
        let member = &mut self.members[key];
        if member.cold.paused
            && let Carrier::Pipe(piped) = &mut member.carrier
        {
            piped.more = Some(sender);
        }
    }

    /// After the end only the page's own closing matters, which ends the connection.
    fn overheard(&mut self, key: usize, bytes: &mut [u8]) {
        let member = &mut self.members[key];
        let mut closed = false;
        // What cannot be read does not count either; the rest is a matter of time.
        let _ = member.cold.decoder.feed(bytes, usize::MAX, &mut |message| {
            closed |= matches!(message, websocket::Message::Close(_));
            ControlFlow::Continue(())
        });
        let told = member.cold.ending.is_some_and(|ending| ending.told);
        if told && closed {
            self.let_go(key);
        }
    }

    fn message(&mut self, app: &App, key: usize, message: &websocket::Message<'_>) {
        match message {
            websocket::Message::Text(text) => self.frame(app, key, text.as_bytes()),
            websocket::Message::Binary(_) => {
                let answer =
                    if self.admit(app, key) { Inbox::not_text() } else { Inbox::too_fast() };
                self.reply(app, key, &answer);
            }
            websocket::Message::Ping(payload) => {
                // Only the newest has to be answered (RFC 6455, section 5.5.3).
                if self.admit(app, key) {
                    let pong = websocket::encode::pong(payload);
                    self.queue(app, key, pong.into());
                }
            }
            websocket::Message::Pong(_) => {
                if let Some(trip) = &mut self.members[key].cold.trip {
                    trip.end();
                }
            }
            websocket::Message::Close(close) => {
                let code = close.as_ref().map_or(websocket::close::NORMAL, |(code, _)| *code);
                self.leave(app, key, Leaving::Closed(code));
            }
        }
    }

    /// The page leaves. What it sent before that is still done.
    pub(super) fn leave(&mut self, app: &App, key: usize, leaving: Leaving) {
        let member = &mut self.members[key];
        let busy = member.cold.inbox.is_none() || !member.cold.pending.is_empty();
        if member.stage == Stage::Over {
            self.let_go(key);
        } else if busy {
            member.cold.leaving.get_or_insert(leaving);
        } else if matches!(leaving, Leaving::Gone) && member.is_clear() {
            self.let_go(key);
        } else {
            if let Leaving::Closed(code) = leaving {
                let room = member.cold.room.id();
                // A connection that breaks does not end a lease; neither does one that the page
                // has replaced.
                let client = app.hub.client(room, member.cold.id);
                if let Some(left) = client.and_then(|client| app.stages.leave(room, &client)) {
                    let _entered = self.runtime.enter();
                    command::settle(app, left);
                }
                if member.format != Format::Lines {
                    member.append(websocket::encode::close(code, "").into(), self.now);
                }
            }
            self.end(key, self.times.closing);
        }
    }

    /// Whether the page may send one more message; one that floods is let go.
    fn admit(&mut self, app: &App, key: usize) -> bool {
        let pace = &mut self.members[key].cold.pace;
        let admitted = pace.admit();
        if pace.is_flood() {
            self.close(app, key, Reason::Flooding);
        }
        admitted
    }

    /// Reads a frame, or lets it wait for the command before it.
    fn frame(&mut self, app: &App, key: usize, text: &[u8]) {
        let member = &mut self.members[key];
        // Whoever brings frames from elsewhere has asked the limit of what the page sent, which may
        // be written in fewer bytes.
        let far = if member.format == Format::Lines { FAR_TOO_LARGE } else { 1 };
        let limit = app.limits.max_frame.saturating_mul(far);
        let cold = &mut *member.cold;
        let Some(inbox) = &mut cold.inbox else {
            // Of what is too large anyway only so much that it stays too large.
            let kept = text.len().min(limit.saturating_add(1));
            cold.pending.push_back(Bytes::copy_from_slice(&text[..kept]));
            cold.paused = cold.pending.len() >= PENDING;
            return;
        };
        match inbox.read(app, &mut cold.pace, text, limit) {
            Frame::Answer(answer) => self.reply(app, key, &answer),
            Frame::Pong(answer) => {
                let measured = matches!(member.format, Format::WebSocket | Format::Deflated);
                if let Some(trip) = cold.trip.as_mut().filter(|_| measured) {
                    // Browsers answer this by themselves; it goes in the same write.
                    trip.begin();
                    self.queue(app, key, websocket::encode::ping(b"").into());
                }
                self.reply(app, key, &answer);
            }
            Frame::Done => {}
            Frame::Close(reason) => self.close(app, key, reason),
            Frame::Run(errand) => {
                let Some(inbox) = cold.inbox.take() else { return };
                let (id, app, mailbox) = (cold.id, app.clone(), self.mailbox.clone());
                self.runtime.spawn(async move {
                    let failed = errand.failed();
                    let run = AssertUnwindSafe(inbox.run(&app, *errand)).catch_unwind();
                    // A session whose command panicked would wait for its answer for ever.
                    let answer = run.await.unwrap_or(Some(failed));
                    mailbox.send(Message::Answered(id, inbox, answer));
                });
            }
        }
    }

    /// A command was carried out: the frames that waited for it are next.
    pub(super) fn answered(
        &mut self,
        app: &App,
        key: usize,
        inbox: Box<Inbox>,
        answer: Option<&[u8]>,
    ) {
        self.members[key].cold.inbox = Some(inbox);
        if let Some(answer) = answer {
            self.reply(app, key, answer);
        }
        while self.members[key].cold.inbox.is_some() {
            let member = &mut self.members[key];
            let Some(text) = member.cold.pending.pop_front() else {
                member.cold.pending = VecDeque::new();
                if std::mem::take(&mut member.cold.paused) {
                    self.read_on(app, key);
                } else if let Some(leaving) = member.cold.leaving.take() {
                    self.leave(app, key, leaving);
                }
                return;
            };
            self.frame(app, key, &text);
        }
    }

    /// Goes on with what waited until its commands were done.
    fn read_on(&mut self, app: &App, key: usize) {
        let mut unfed = std::mem::take(&mut self.members[key].cold.unfed);
        // Nothing is no frame.
        if !unfed.is_empty() {
            self.received(app, key, &mut unfed);
        }
        let member = &mut self.members[key];
        if !member.cold.paused {
            match &mut member.carrier {
                Carrier::Pipe(piped) => piped.more = None,
                _ => self.unread.push(key),
            }
        }
    }
}
