//! A page: what a viewer's window is to the server, over any of the three transports.
//!
//! A page holds the server to its promise all the time: an event that is not the one after the
//! last one (a gap, a repeat, another order) fails the test, whatever the test is about.

mod event_stream;
mod long_poll;
mod websocket;

use crate::api::{Api, Credential, Problem};
use crate::wait::{in_time, pause};
use nowcast_shared::error::{Code, Reason};
use nowcast_shared::event::{Event, Logged};
use nowcast_shared::frame::{PROTOCOL, ServerFrame, Snapshot};
use nowcast_shared::offset::{Offset, Position};
use nowcast_shared::signal::{Presence, PresenceState, Signal};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// By which way a page is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket.
    WebSocket,
    /// A server-sent event stream, with commands by POST.
    Sse,
    /// One long poll after the other, with commands by POST.
    LongPoll,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Sse, Self::LongPoll];
}

/// A page that is to be opened.
#[derive(Clone, Debug)]
pub struct Joining {
    transport: Transport,
    origin: String,
    room: String,
    client: String,
    since: Option<String>,
    role: Option<&'static str>,
    credential: Credential,
}

impl Joining {
    /// A new page in the main room.
    pub fn new(transport: Transport, origin: impl Into<String>) -> Self {
        Self {
            transport,
            origin: origin.into(),
            room: "main".to_owned(),
            client: new_client_id(),
            since: None,
            role: None,
            credential: Credential::None,
        }
    }

    /// Over another transport.
    #[must_use]
    pub fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// From another address.
    #[must_use]
    pub fn at(self, origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), ..self }
    }

    /// In another room.
    #[must_use]
    pub fn room(self, room: impl Into<String>) -> Self {
        Self { room: room.into(), ..self }
    }

    /// From where it left off.
    #[must_use]
    pub fn since(self, since: impl fmt::Display) -> Self {
        Self { since: Some(since.to_string()), ..self }
    }

    /// With this client id instead of a new one.
    #[must_use]
    pub fn client(self, client: impl Into<String>) -> Self {
        Self { client: client.into(), ..self }
    }

    /// As this sort of page (`feed`, `admin`, `probe`).
    #[must_use]
    pub fn role(self, role: &'static str) -> Self {
        Self { role: Some(role), ..self }
    }

    /// With the credential of whoever this is.
    #[must_use]
    pub fn as_who(self, api: &Api) -> Self {
        Self { credential: api.credential().clone(), ..self }
    }

    /// Opens it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open(self) -> Page {
        match self.clone().try_open().await {
            Ok(page) => page,
            Err(problem) => panic!("{self:?} was refused: {problem}"),
        }
    }

    /// Opens it, or says why the server does not let it. A server that is not there, or goes away
    /// before the session has begun, is a problem with the status 0.
    ///
    /// # Panics
    /// When the server answers neither with a session nor with a problem.
    pub async fn try_open(self) -> Result<Page, Problem> {
        let opening = async {
            Ok(match self.transport {
                Transport::WebSocket => Link::WebSocket(websocket::Link::open(&self).await?),
                Transport::Sse => Link::Sse(event_stream::Link::open(&self).await?),
                Transport::LongPoll => Link::LongPoll(long_poll::Link::open(&self).await?),
            })
        };
        let link = in_time("a page is opened", opening).await?;
        Page::begin(self, link).await
    }

    /// The path and query of a transport's address.
    fn path(&self, endpoint: &str) -> String {
        let mut path = format!("/api/rooms/{}/{endpoint}?client={}", self.room, self.client);
        if let Some(since) = &self.since {
            path.push_str("&since=");
            path.push_str(since);
        }
        if let Some(role) = self.role {
            path.push_str("&page=");
            path.push_str(role);
        }
        path
    }

    fn api(&self) -> Api {
        Api::new(self.origin.clone(), self.credential.clone())
    }
}

/// A client id that no other page has, made as a page would: nobody can tell it from a random one.
pub fn new_client_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("client-of-a-test_{}_{count}", std::process::id())
}

/// What a link has to say.
enum Incoming {
    Frame(Value),
    End { close_code: Option<u16> },
}

enum Link {
    WebSocket(websocket::Link),
    Sse(event_stream::Link),
    LongPoll(long_poll::Link),
}

impl Link {
    async fn next(&mut self) -> Incoming {
        match self {
            Self::WebSocket(link) => link.next().await,
            Self::Sse(link) => link.next().await,
            Self::LongPoll(link) => link.next().await,
        }
    }
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took effect, as the event at this offset if it made one.
    Ack(Option<u64>),
    /// It had no effect.
    Reject(Code, String),
}

impl Answer {
    /// The offset of the event that the command made.
    ///
    /// # Panics
    /// When it was refused or made none.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Ack(Some(offset)) => *offset,
            other => panic!("{other:?} instead of an ack with an offset"),
        }
    }

    /// Why it was refused.
    ///
    /// # Panics
    /// When it was not.
    pub fn code(&self) -> Code {
        match self {
            Self::Reject(code, message) if !message.is_empty() => *code,
            other => panic!("{other:?} instead of a reject with a message"),
        }
    }
}

/// An open page.
pub struct Page {
    joining: Joining,
    link: Link,
    /// Frames that came while the page waited for something else.
    set_aside: VecDeque<ServerFrame<Value>>,
    position: Position,
    recovered: bool,
    snapshot: Option<Snapshot<Value>>,
    /// The newest that it heard of who is here.
    presence: Option<Presence>,
    open_house: bool,
    ended: bool,
    close_code: Option<u16>,
    commands: u64,
}

impl Page {
    /// Reads the `welcome`. A long poll that continues has none; what it would say is known.
    async fn begin(joining: Joining, mut link: Link) -> Result<Self, Problem> {
        let first = match &mut link {
            Link::LongPoll(link) if !link.is_welcomed() => None,
            link => Some(in_time("a welcome", link.next()).await),
        };
        let mut page = Self {
            position: Position {
                epoch: nowcast_shared::offset::Epoch(String::new()),
                offset: Offset(0),
            },
            joining,
            link,
            set_aside: VecDeque::new(),
            recovered: true,
            snapshot: None,
            presence: None,
            open_house: false,
            ended: false,
            close_code: None,
            commands: 0,
        };
        match first {
            Some(Incoming::Frame(frame)) => match read(frame) {
                ServerFrame::Welcome(welcome) => page.welcomed(welcome),
                other => panic!("the first frame is {other:?} instead of a welcome"),
            },
            Some(Incoming::End { .. }) => return Err(Problem::unreachable("no welcome came")),
            None => {
                let since = page.joining.since.as_deref().expect("only a page with a since");
                page.position = since.parse().expect("the server could read it, so can the test");
            }
        }
        Ok(page)
    }

    fn welcomed(&mut self, welcome: nowcast_shared::frame::Welcome<Value>) {
        assert_eq!(welcome.protocol, PROTOCOL);
        assert_eq!(welcome.room.as_str(), self.joining.room);
        assert!(welcome.you.0.starts_with('p'), "{} is no public id", welcome.you);
        assert!(!welcome.you.0.contains(&self.joining.client), "the client id is a secret");
        assert_eq!(
            welcome.recovered,
            welcome.snapshot.is_none(),
            "a snapshot comes exactly where the page does not continue"
        );
        self.position = Position { epoch: welcome.epoch, offset: welcome.offset };
        self.recovered = welcome.recovered;
        if let Some(snapshot) = &welcome.snapshot {
            let PresenceState { version, count, transports, .. } = snapshot.presence;
            let (joined, left) = (Vec::new(), Vec::new());
            self.presence = Some(Presence { version, count, joined, left, transports });
        }
        self.snapshot = welcome.snapshot;
        self.open_house = welcome.open;
    }

    /// Whether it continues what it had.
    pub fn recovered(&self) -> bool {
        self.recovered
    }

    /// Whether the server said that anyone may publish.
    pub fn open_house(&self) -> bool {
        self.open_house
    }

    /// The snapshot that it began with.
    ///
    /// # Panics
    /// When there was none.
    pub fn snapshot(&self) -> &Snapshot<Value> {
        self.snapshot.as_ref().expect("a page that begins anew has a snapshot")
    }

    /// The texts of the messages in the snapshot, in its order.
    pub fn snapshot_texts(&self) -> Vec<String> {
        self.snapshot().items.iter().map(|item| text_of(&item.data)).collect()
    }

    /// What it has seen.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// By which way it is connected.
    pub fn transport(&self) -> Transport {
        self.joining.transport
    }

    /// The client id that it was opened with.
    pub fn client(&self) -> &str {
        &self.joining.client
    }

    /// The same page again, from where it is now; over whichever transport.
    pub fn resuming(&self) -> Joining {
        self.joining.clone().since(&self.position)
    }

    /// The next frame; `None` when the session is over.
    ///
    /// # Panics
    /// When nothing comes in time, or an event is not the one that is due.
    pub async fn next_frame(&mut self) -> Option<ServerFrame<Value>> {
        match self.set_aside.pop_front() {
            Some(frame) => Some(frame),
            None => in_time("the next frame of a page", self.receive()).await,
        }
    }

    /// The next event; signals and signs of life are passed over.
    ///
    /// # Panics
    /// When the session ends instead.
    pub async fn next_event(&mut self) -> Logged<Value> {
        let next = async {
            loop {
                match self.next_frame().await {
                    Some(ServerFrame::Event(event)) => return event,
                    Some(ServerFrame::Signal { .. } | ServerFrame::Pong) => {}
                    other => panic!("{other:?} instead of an event"),
                }
            }
        };
        in_time("the next event of a page", next).await
    }

    /// The next `count` events.
    ///
    /// # Panics
    /// When the session ends before that.
    pub async fn next_events(&mut self, count: usize) -> Vec<Logged<Value>> {
        let mut events = Vec::with_capacity(count);
        while events.len() < count {
            events.push(self.next_event().await);
        }
        events
    }

    /// The texts of the next `count` messages that are published.
    ///
    /// # Panics
    /// When something else happens.
    pub async fn next_texts(&mut self, count: usize) -> Vec<String> {
        self.next_events(count).await.iter().map(published_text).collect()
    }

    /// The next `count` events, also when the session breaks in between: then it opens a new one
    /// from where it was, as often as that takes, and insists on continuing.
    ///
    /// # Panics
    /// When the server no longer knows where the page was, or nothing comes in time.
    pub async fn follow(&mut self, count: usize) -> Vec<Logged<Value>> {
        let mut events = Vec::with_capacity(count);
        while events.len() < count {
            match self.next_frame().await {
                Some(ServerFrame::Event(event)) => events.push(event),
                Some(_) => {}
                None => {
                    *self = self.come_back().await;
                    assert!(self.recovered, "the page was told to begin anew");
                }
            }
        }
        events
    }

    /// Opens the page again from where it is, as soon as the server lets it.
    ///
    /// # Panics
    /// When it does not in time, or refuses with more than being away.
    pub async fn come_back(&self) -> Self {
        let coming = async {
            loop {
                match Box::pin(self.resuming().try_open()).await {
                    Ok(page) => return page,
                    Err(problem) if matches!(problem.status, 0 | 503) => pause().await,
                    Err(problem) => panic!("a page that came back was refused: {problem}"),
                }
            }
        };
        in_time("the page comes back", coming).await
    }

    /// Waits until what the page knows of who is here fits; from its snapshot, or by signals.
    ///
    /// # Panics
    /// When that does not come to be.
    pub async fn presence(&mut self, fits: impl Fn(&Presence) -> bool) -> Presence {
        let fitting = async {
            while !self.presence.as_ref().is_some_and(&fits) {
                let frame = self.receive().await?;
                self.set_aside.push_back(frame);
            }
            self.presence.clone()
        };
        let found = tokio::time::timeout(crate::wait::LIMIT, fitting).await.ok().flatten();
        found.unwrap_or_else(|| panic!("no fitting presence; the last one was {:?}", self.presence))
    }

    /// Reads until the session is over; says why it ended, and with which events before that.
    ///
    /// # Panics
    /// When it goes on.
    pub async fn ending(&mut self) -> Ending {
        let mut ending = Ending { events: Vec::new(), goodbye: None, close_code: None };
        while let Some(frame) = self.next_frame().await {
            assert_eq!(ending.goodbye, None, "{frame:?} came after the goodbye");
            match frame {
                ServerFrame::Event(event) => ending.events.push(event),
                ServerFrame::Goodbye { reason, reconnect } => {
                    ending.goodbye = Some((reason, reconnect));
                }
                _ => {}
            }
        }
        ending.close_code = self.close_code;
        ending
    }

    /// Asks for something and waits for the answer.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn command(&mut self, command: Value) -> Answer {
        self.commands += 1;
        let id = format!("k{}", self.commands);
        self.command_with_id(&id, command).await
    }

    /// As [`Page::command`], with an id of the test's choice.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn command_with_id(&mut self, id: &str, command: Value) -> Answer {
        if !matches!(self.link, Link::WebSocket(_)) {
            return self.post(id, command).await;
        }
        let frame = json!({"t": "command", "id": id, "command": command});
        self.send_text(&frame.to_string()).await;
        let answer = async {
            loop {
                match self.receive().await {
                    Some(ServerFrame::Ack { command: Some(of), offset }) if of.0 == id => {
                        return Answer::Ack(offset.map(|offset| offset.0));
                    }
                    Some(ServerFrame::Reject { command: Some(of), code, message })
                        if of.0 == id =>
                    {
                        return Answer::Reject(code, message);
                    }
                    Some(frame) => self.set_aside.push_back(frame),
                    None => panic!("the session ended before the answer to {id}"),
                }
            }
        };
        in_time("the answer to a command", answer).await
    }

    async fn post(&self, id: &str, command: Value) -> Answer {
        let path =
            format!("/api/rooms/{}/commands?client={}", self.joining.room, self.joining.client);
        let frame = json!({"t": "command", "id": id, "command": command});
        let answer = self.joining.api().post(&path).json(&frame).send().await;
        let answer = answer.expect("an answer to the command");
        if !answer.status().is_success() {
            let problem = crate::api::problem(answer).await;
            let code = Code::from_name(&problem.code).expect("a code of the contract");
            return Answer::Reject(code, problem.detail);
        }
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.expect("an ack is JSON");
        assert_eq!((&body["t"], &body["command"]), (&json!("ack"), &json!(id)), "{body}");
        Answer::Ack(body["offset"].as_u64())
    }

    /// Sends a text that need not be a frame. Only over a WebSocket.
    ///
    /// # Panics
    /// When the page has none, or it is closed.
    pub async fn send_text(&mut self, text: &str) {
        match &mut self.link {
            Link::WebSocket(link) => link.send_text(text).await,
            _ => panic!("only a WebSocket carries frames from a page"),
        }
    }

    /// Sends bytes. Only over a WebSocket.
    ///
    /// # Panics
    /// When the page has none, or it is closed.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        match &mut self.link {
            Link::WebSocket(link) => link.send_binary(bytes).await,
            _ => panic!("only a WebSocket carries frames from a page"),
        }
    }

    /// Takes the next frame from the link and checks it against what the page has seen.
    async fn receive(&mut self) -> Option<ServerFrame<Value>> {
        if self.ended {
            return None;
        }
        let frame = match self.link.next().await {
            Incoming::Frame(frame) => read(frame),
            Incoming::End { close_code } => {
                (self.ended, self.close_code) = (true, close_code);
                return None;
            }
        };
        match &frame {
            ServerFrame::Event(event) => {
                let due = self.position.offset.next();
                assert_eq!(event.offset, due, "a gap or a repeat: {event:?}");
                self.position.offset = due;
            }
            ServerFrame::Welcome(welcome) => self.welcomed(welcome.clone()),
            ServerFrame::Signal { signal: Signal::Presence(presence) } => {
                let known = self.presence.as_ref().map_or(0, |known| known.version);
                assert!(presence.version > known, "{presence:?} came after version {known}");
                self.presence = Some(presence.clone());
            }
            _ => {}
        }
        Some(frame)
    }
}

/// How a session ended.
#[derive(Debug)]
pub struct Ending {
    /// What still came.
    pub events: Vec<Logged<Value>>,
    /// The reason that was given, and whether to come back.
    pub goodbye: Option<(Reason, bool)>,
    /// The WebSocket's close code.
    pub close_code: Option<u16>,
}

/// The text of the message that this event published.
///
/// # Panics
/// When it is another event, or another kind of item.
pub fn published_text(event: &Logged<Value>) -> String {
    match &event.event {
        Event::ItemPublished { item } => {
            assert_eq!(item.offset, event.offset, "an item knows its place");
            text_of(&item.data)
        }
        other => panic!("{other:?} instead of a published item"),
    }
}

fn text_of(data: &Value) -> String {
    data["text"].as_str().unwrap_or_else(|| panic!("{data} has no text")).to_owned()
}

fn read(frame: Value) -> ServerFrame<Value> {
    let text = frame.to_string();
    serde_json::from_value(frame).unwrap_or_else(|error| panic!("{text} is no frame: {error}"))
}
