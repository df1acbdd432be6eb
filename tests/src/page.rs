//! A page: what a viewer's window is to the server, over any of the three transports.
//!
//! A page holds the server to its promise all the time: an event that is not the one after the
//! last one (a gap, a repeat, another order) fails the test, whatever the test is about. So does a
//! frame that is not what the [description](crate::contract) of the frames says.

mod commands;
mod joining;
mod people;
mod signals;

pub use commands::Answer;
pub use joining::{Joining, Transport, new_client_id};
pub use people::You;

use crate::api::{Problem, unreachable};
use crate::contract;
use crate::wait::{in_time, pause};
use nowcast_sdk::wire::{Incoming, Link};
use nowcast_shared::error::Reason;
use nowcast_shared::event::{Event, Logged};
use nowcast_shared::frame::{PROTOCOL, ServerFrame, Snapshot};
use nowcast_shared::offset::{Offset, Position};
use nowcast_shared::signal::{Presence, PresenceState, Signal};
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;

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
    /// The version that the last signal had about that.
    told: Option<u64>,
    /// Who is here, by all that it was told.
    people: PresenceState,
    /// How it was told that others see it, the last time.
    you: Option<You>,
    open_house: bool,
    ended: bool,
    close_code: Option<u16>,
    commands: u64,
}

impl Page {
    /// Reads the `welcome`. A long poll that continues has none; what it would say is known.
    async fn begin(joining: Joining, mut link: Link) -> Result<Self, Problem> {
        let first =
            if link.is_welcomed() { Some(in_time("a welcome", link.next()).await) } else { None };
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
            told: None,
            people: PresenceState::default(),
            you: None,
            open_house: false,
            ended: false,
            close_code: None,
            commands: 0,
        };
        match first {
            Some(Incoming::Frame(frame, _)) => match read(&frame) {
                ServerFrame::Welcome(welcome) => page.welcomed(welcome),
                other => panic!("the first frame is {other:?} instead of a welcome"),
            },
            Some(Incoming::End { .. }) => return Err(unreachable("no welcome came")),
            Some(other) => panic!("{other:?} instead of a welcome"),
            None => {
                let since = page.joining.address.position().expect("only a page with a since");
                page.position = since.parse().expect("the server could read it, so can the test");
            }
        }
        Ok(page)
    }

    fn welcomed(&mut self, welcome: nowcast_shared::frame::Welcome<Value>) {
        assert_eq!(welcome.protocol, PROTOCOL);
        assert_eq!(welcome.room.as_str(), self.joining.address.room_name());
        assert!(welcome.you.0.starts_with('p'), "{} is no public id", welcome.you);
        assert!(!welcome.you.0.contains(self.client()), "the client id is a secret");
        assert_eq!(
            welcome.recovered,
            welcome.snapshot.is_none(),
            "a snapshot comes exactly where the page does not continue"
        );
        self.position = Position { epoch: welcome.epoch, offset: welcome.offset };
        self.recovered = welcome.recovered;
        if let Some(snapshot) = &welcome.snapshot {
            let PresenceState { version, count, transports, .. } = snapshot.presence;
            self.presence = Some(Presence { version, count, transports, ..Presence::default() });
            self.people = snapshot.presence.clone();
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

    /// The code that its WebSocket was closed with.
    pub fn close_code(&self) -> Option<u16> {
        self.close_code
    }

    /// By which way it is connected.
    pub fn transport(&self) -> Transport {
        self.joining.transport
    }

    /// The client id that it was opened with.
    pub fn client(&self) -> &str {
        self.joining.address.said("client").unwrap_or_default()
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

    /// Waits for a sign of life, as a page does that hears nothing else; longer than for anything
    /// that is due at once.
    ///
    /// # Panics
    /// When none comes within `limit`, or something else does.
    pub async fn sign_of_life(&mut self, limit: Duration) {
        let frame = tokio::time::timeout(limit, self.receive()).await;
        assert!(matches!(frame, Ok(Some(ServerFrame::Pong))), "{frame:?} is no sign of life");
    }

    /// The next event; signals are set aside for whoever asks for them, signs of life passed over.
    ///
    /// # Panics
    /// When the session ends instead.
    pub async fn next_event(&mut self) -> Logged<Value> {
        let way = self.transport();
        // Between two polls signals are kept, and given before the events: whoever asks for both
        // finds them in either order.
        let mut signals = VecDeque::new();
        let next = async {
            loop {
                match self.next_frame().await {
                    Some(ServerFrame::Event(event)) => return event,
                    // Of who is here the page keeps the newest anyway.
                    Some(
                        ServerFrame::Signal { signal: Signal::Presence(_) } | ServerFrame::Pong,
                    ) => {}
                    Some(signal @ ServerFrame::Signal { .. }) => signals.push_back(signal),
                    other => panic!("{other:?} instead of an event over {way:?}"),
                }
            }
        };
        let event = in_time("the next event of a page", next).await;
        signals.append(&mut self.set_aside);
        self.set_aside = signals;
        event
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

    /// Takes the next frame from the link and checks it against what the page has seen.
    async fn receive(&mut self) -> Option<ServerFrame<Value>> {
        if self.ended {
            return None;
        }
        let frame = loop {
            match self.link.next().await {
                Incoming::Frame(frame, _) => break read(&frame),
                Incoming::Quiet => {}
                Incoming::End { close_code } => {
                    (self.ended, self.close_code) = (true, close_code);
                    return None;
                }
                other => panic!("{other:?} over {:?}", self.transport()),
            }
        };
        match &frame {
            ServerFrame::Event(event) => {
                let due = self.position.offset.next();
                let way = self.joining.transport;
                assert_eq!(event.offset, due, "a gap or a repeat over {way:?}: {event:?}");
                self.position.offset = due;
            }
            ServerFrame::Welcome(welcome) => self.welcomed(welcome.clone()),
            ServerFrame::Signal { signal: Signal::Presence(presence) } => {
                let told = self.told.replace(presence.version).unwrap_or(0);
                assert!(presence.version > told, "{presence:?} came after version {told}");
                let known = self.people.version;
                if presence.version > known {
                    let applied = self.people.apply(presence);
                    assert!(applied, "{presence:?} does not continue {known}");
                }
                // One that the snapshot has overtaken may still be on its way.
                if self.presence.as_ref().is_none_or(|known| known.version < presence.version) {
                    self.presence = Some(presence.clone());
                }
            }
            ServerFrame::Signal { signal: Signal::You { you, name, user } } => {
                self.you = Some(You { id: you.clone(), name: name.clone(), user: user.clone() });
            }
            ServerFrame::Push { id, .. } => {
                let before = self.joining.address.newest_push();
                assert!(before.is_none_or(|before| before < &**id), "pushes come in order, once");
                self.joining = self.joining.clone().pushed(id.as_str());
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

fn read(frame: &Value) -> ServerFrame<Value> {
    contract::check(frame);
    let read = ServerFrame::deserialize(frame);
    let read = read.unwrap_or_else(|error| panic!("{frame} is no frame: {error}"));
    contract::check_whole(frame, &read);
    read
}
