//! A session: catch up from the log, then live. The same for every transport; it does not know
//! which one carries it.

use crate::app::App;
use crate::auth::{Actor, Credential};
use crate::command;
use crate::error::Problem;
use crate::hub::{Ending, Join, Outgoing, Replies, Subscription, Transport};
use crate::limiter::Limiter;
use crate::log::{ReadError, Room};
use crate::random;
use crate::record::Record;
use bytes::Bytes;
use nowcast_shared::error::Reason;
use nowcast_shared::frame::{PROTOCOL, PageFrame, ServerFrame};
use nowcast_shared::id::{ClientId, CommandId, PublicId};
use nowcast_shared::offset::{Offset, Position};
use serde_json::{Value, json};
use std::sync::Arc;

/// How many frames in a row may be too many before the session ends.
const EXCESS: u32 = 2_000;

/// What a page says when it connects.
pub struct Hello {
    /// What it has seen.
    pub since: Option<Position>,
    /// Who it is to the server.
    pub client: Option<ClientId>,
    /// Whether it counts as an open page.
    pub counted: bool,
}

/// Something to send, in order.
#[derive(Debug)]
pub enum Due {
    /// An event.
    Event(Arc<Record>),
    /// Any other frame: JSON text without line breaks.
    Frame(Bytes),
    /// The last one; the session is over.
    Goodbye(Reason),
}

/// One connection's share of a room.
pub struct Session {
    app: App,
    room: Arc<Room>,
    client: Option<ClientId>,
    transport: Transport,
    subscription: Option<Subscription>,
    /// The last event it was given.
    cursor: Offset,
    stage: Stage,
    you: PublicId,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was sent.
    New { resumes: bool },
    /// The log has events that it lacks.
    Behind,
    /// It gets what the hub brings.
    Live,
    /// The goodbye was given.
    Over,
}

impl Session {
    /// Takes a place in the room; nothing was sent yet.
    pub fn open(
        app: &App,
        room: Arc<Room>,
        transport: Transport,
        actor: &Actor,
        hello: Hello,
    ) -> Self {
        let Hello { since, client, counted } = hello;
        let subject = client.as_ref().map_or_else(|| actor.subject(), |id| format!("client:{id}"));
        let you = app.auth.public_id(&subject);
        let waiting = match (&client, transport) {
            (Some(client), Transport::Poll) => app.hub.parked().take(room.id(), client),
            _ => None,
        };
        let subscription = waiting.filter(|place| !place.is_closed()).unwrap_or_else(|| {
            // A poll without a client id is gone with its answer: it is nobody's open page.
            let counted = counted && (transport != Transport::Poll || client.is_some());
            app.hub.join(room.id(), Join { client: client.clone(), transport, counted })
        });
        // Only after joining: whatever is kept from now on reaches the subscription.
        let since = since.filter(|since| app.log.covers(&room, since));
        if since.is_some() && transport != Transport::Poll {
            // Without a snapshot it would not know who is here until somebody comes or leaves.
            app.hub.tell_presence(room.id(), &subscription);
        }
        Self {
            app: app.clone(),
            room,
            client,
            transport,
            subscription: Some(subscription),
            cursor: since.as_ref().map_or(Offset(0), |since| since.offset),
            stage: Stage::New { resumes: since.is_some() },
            you,
        }
    }

    /// What the page has seen when it has got everything that was given so far.
    pub fn position(&self) -> Position {
        self.position_at(self.cursor)
    }

    /// The position of an event that this session gave.
    pub fn position_at(&self, offset: Offset) -> Position {
        Position { epoch: self.room.epoch().clone(), offset }
    }

    /// For the half of the transport that reads.
    pub fn inbox(&self, credential: Credential) -> Option<Inbox> {
        Some(Inbox {
            app: self.app.clone(),
            room: Arc::clone(&self.room),
            client: self.client.clone(),
            credential,
            replies: self.subscription.as_ref()?.replies(),
            scope: match &self.client {
                Some(client) => client.to_string(),
                None => random::name("connection-", 13),
            },
            excess: 0,
            limiter: Limiter::new(self.app.limits.command_rate, self.app.limits.command_burst),
        })
    }

    /// For whoever waits for the end beside the writer.
    pub fn ending(&self) -> Option<Ending> {
        self.subscription.as_ref().map(Subscription::ending)
    }

    /// Returns when the session is to end, though its writer may be stuck.
    pub async fn closed(&self) -> Reason {
        match &self.subscription {
            Some(subscription) => subscription.closed().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until something is due and gives all of it; nothing when the session is over.
    ///
    /// May be dropped at any time: nothing that it took is lost before it returned.
    pub async fn next(&mut self) -> Vec<Due> {
        loop {
            let due = self.advance().await;
            if !due.is_empty() || self.stage == Stage::Over {
                return due;
            }
        }
    }

    /// What is due without anything having to happen: the welcome, what was missed. Nothing once
    /// the session is live.
    pub async fn missed(&mut self) -> Vec<Due> {
        while !matches!(self.stage, Stage::Live | Stage::Over) {
            let due = self.advance().await;
            if !due.is_empty() {
                return due;
            }
        }
        Vec::new()
    }

    async fn advance(&mut self) -> Vec<Due> {
        self.step().await.unwrap_or_else(|problem| {
            tracing::warn!(room = %self.room.name(), %problem, "a session ended");
            self.stage = Stage::Over;
            vec![Due::Goodbye(Reason::Failed)]
        })
    }

    async fn step(&mut self) -> Result<Vec<Due>, Problem> {
        match self.stage {
            Stage::New { resumes: true } => {
                self.stage = Stage::Behind;
                // A covered poll begins with what it waits for.
                if self.transport == Transport::Poll {
                    return Ok(Vec::new());
                }
                Ok(vec![Due::Frame(self.welcome(None))])
            }
            Stage::New { resumes: false } => self.start_over().await,
            Stage::Behind => self.catch_up().await,
            Stage::Live => self.live().await,
            Stage::Over => Ok(Vec::new()),
        }
    }

    /// Begins with a snapshot.
    async fn start_over(&mut self) -> Result<Vec<Due>, Problem> {
        let snapshot = self.app.log.snapshot(&self.room).await?;
        self.cursor = snapshot.offset;
        self.stage = Stage::Behind;
        Ok(vec![Due::Frame(self.welcome(Some(&snapshot.fields)))])
    }

    async fn catch_up(&mut self) -> Result<Vec<Due>, Problem> {
        match self.app.log.read(&self.room, self.cursor).await {
            Ok(records) if records.is_empty() => {
                if let Some(subscription) = &self.subscription {
                    subscription.listen();
                }
                // What was kept before the subscription listened is still in the log alone.
                if self.room.head() <= self.cursor {
                    self.stage = Stage::Live;
                }
                Ok(Vec::new())
            }
            Ok(records) => {
                self.cursor = records.last().map_or(self.cursor, |record| record.offset);
                let mut due: Vec<_> = records.into_iter().map(Due::Event).collect();
                // Answers, and the end, do not wait until a long way is caught up with. Events
                // among them are in the log and will be read from there.
                let queued = self.subscription.as_ref().map(Subscription::take_now);
                for outgoing in queued.into_iter().flatten() {
                    if !matches!(outgoing, Outgoing::Event(_)) {
                        self.pass_on(outgoing, &mut due);
                    }
                }
                Ok(due)
            }
            // Retention took what it still needed: never silently partial.
            Err(ReadError::Gone) => self.start_over().await,
            Err(ReadError::Db(error)) => Err(error.into()),
        }
    }

    async fn live(&mut self) -> Result<Vec<Due>, Problem> {
        let Some(subscription) = &self.subscription else { return Ok(Vec::new()) };
        let mut due = Vec::new();
        for outgoing in subscription.take().await {
            self.pass_on(outgoing, &mut due);
        }
        Ok(due)
    }

    fn pass_on(&mut self, outgoing: Outgoing, due: &mut Vec<Due>) {
        match outgoing {
            Outgoing::Event(record) if record.offset <= self.cursor => {}
            Outgoing::Event(record) if record.offset == self.cursor.next() => {
                self.cursor = record.offset;
                due.push(Due::Event(record));
            }
            // One is missing: the log has it, and this one too.
            Outgoing::Event(_) => self.stage = Stage::Behind,
            Outgoing::Signal { frame, .. } | Outgoing::Reply(frame) => due.push(Due::Frame(frame)),
            Outgoing::Goodbye(reason) => {
                self.stage = Stage::Over;
                due.push(Due::Goodbye(reason));
            }
        }
    }

    fn welcome(&self, snapshot: Option<&Bytes>) -> Bytes {
        let mut welcome = json!({
            "t": "welcome",
            "protocol": PROTOCOL,
            "room": self.room.name(),
            "you": self.you,
            "epoch": self.room.epoch(),
            "offset": self.cursor,
            "recovered": snapshot.is_none(),
        })
        .to_string();
        // The snapshot is encoded already, for all who join at this offset.
        welcome.pop();
        match snapshot {
            None => welcome.push_str(r#","snapshot":null"#),
            Some(fields) => {
                let presence = json!(self.app.hub.presence(self.room.id()));
                let fields = String::from_utf8_lossy(fields);
                let presence = presence.to_string();
                welcome.extend([r#","snapshot":{"#, &fields, r#","presence":"#, &presence, "}"]);
            }
        }
        if self.app.is_open() {
            welcome.push_str(r#","open":true"#);
        }
        welcome.push('}');
        welcome.into()
    }
}

impl Drop for Session {
    /// A page on long polls keeps its place until the next one, also when it gave up waiting.
    fn drop(&mut self) {
        let Some(subscription) = self.subscription.take() else { return };
        if self.transport == Transport::Poll
            && !subscription.is_closed()
            && let Some(client) = self.client.take()
        {
            self.app.hub.parked().park(self.room.id(), client, subscription);
        }
    }
}

/// The JSON of a goodbye.
pub fn goodbye(reason: Reason) -> Bytes {
    encode(&ServerFrame::Goodbye { reason, reconnect: reason.reconnect() })
}

/// The JSON of a frame.
pub fn encode(frame: &ServerFrame<Value>) -> Bytes {
    // Frames hold nothing that JSON cannot write.
    serde_json::to_vec(frame).unwrap_or_default().into()
}

/// What a page sends over a connection of its own.
pub struct Inbox {
    app: App,
    room: Arc<Room>,
    client: Option<ClientId>,
    credential: Credential,
    replies: Replies,
    limiter: Limiter,
    /// How many frames in a row were too many.
    excess: u32,
    /// Whose command ids these are: the client's, or without one this connection's.
    scope: String,
}

impl Inbox {
    /// Carries out a frame; the answer goes out with the session's frames.
    pub async fn receive(&mut self, text: &[u8]) {
        let answer = self.answer(text).await;
        self.replies.reply(encode(&answer));
    }

    /// Refuses something that is no frame at all.
    pub fn refuse(&self, problem: Problem) {
        self.replies.reply(encode(&command::reject(None, problem)));
    }

    /// Ends the session.
    pub fn close(&self, reason: Reason) {
        self.replies.close(reason);
    }

    async fn answer(&mut self, text: &[u8]) -> ServerFrame<Value> {
        let limit = self.app.limits.max_frame;
        if text.len() > limit {
            return command::reject(None, Problem::too_large("The frame", limit));
        }
        let actor = match self.app.auth.actor(&self.credential, self.client.as_ref()) {
            Ok(actor) => actor,
            Err(problem) => return command::reject(None, problem),
        };
        // Whatever a page sends costs something, also what cannot be read.
        let too_fast = actor.is_limited() && !self.limiter.admit();
        self.excess = if too_fast { self.excess + 1 } else { 0 };
        if self.excess > EXCESS {
            self.replies.close(Reason::Flooding);
        }
        let frame = match command::read(text, None) {
            Ok(frame) => frame,
            Err(unreadable) => return command::reject(unreadable.command, unreadable.problem),
        };
        let PageFrame::Command { id, command } = frame else {
            return if too_fast {
                command::reject(None, command::too_fast())
            } else {
                ServerFrame::Pong
            };
        };
        let result = async {
            if too_fast {
                return Err(command::too_fast());
            }
            let key = id.as_ref().map(|id| key(&self.scope, id));
            command::run(&self.app, &self.room, &actor, command, key).await
        };
        let result = result.await;
        command::answer(id, result)
    }
}

/// The key under which a command's answer is filed: ids are a page's own.
pub fn key(page: &str, id: &CommandId) -> String {
    format!("command:{page}:{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use clap::Parser;
    use nowcast_shared::command::Command;
    use nowcast_shared::id::RoomName;
    use nowcast_shared::item::NewItem;

    #[tokio::test]
    async fn an_answer_does_not_wait_until_a_long_way_is_caught_up_with() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse_from(["nowcast"]).serve;
        let (app, _) = App::open(folder.path(), &config).await.unwrap();
        let room = app.log.room(&RoomName::main()).await.unwrap().unwrap();
        let admin = Actor::Admin { name: "Host".to_owned(), login: [0; 32] };
        for _ in 0..40 {
            let data = json!({"text": "x".repeat(20_000)});
            let item = NewItem { kind: "message".to_owned(), data };
            command::run(&app, &room, &admin, Command::Publish { item }, None).await.unwrap();
        }
        let since = Some(Position { epoch: room.epoch().clone(), offset: Offset(0) });
        let hello = Hello { since, client: None, counted: true };
        let transport = Transport::WebSocket;
        let mut session = Session::open(&app, Arc::clone(&room), transport, &admin, hello);
        let mut inbox = session.inbox(Credential::default()).unwrap();
        inbox.receive(br#"{"t":"ping"}"#).await;
        let (mut offsets, mut answered_at) = (Vec::new(), None);
        while offsets.len() < 40 {
            for due in session.next().await {
                match due {
                    Due::Event(record) => offsets.push(record.offset.0),
                    Due::Frame(frame) if frame.starts_with(br#"{"t":"pong""#) => {
                        answered_at = Some(offsets.len());
                    }
                    Due::Frame(_) => {}
                    Due::Goodbye(reason) => panic!("it ended: {reason}"),
                }
            }
        }
        assert_eq!(offsets, (1..=40).collect::<Vec<_>>());
        assert!(answered_at.is_some_and(|at| at < 40), "answered after {answered_at:?} events");
    }
}
