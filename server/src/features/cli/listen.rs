//! `nowcast listen`.

use super::{Failure, Server, line, note, print};
use crate::clock;
use clap::{Args, ValueEnum};
use nowcast_sdk::{Connect, Error, Event, News, Room, Snapshot, State, Transport};
use nowcast_shared::chat::Said;
use nowcast_shared::event::Event as Happened;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::offset::{BadPosition, Offset, Position};
use serde_json::Value;
use std::str::FromStr;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What to listen to.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    nowcast listen --server https://live.example --room main\n  \
    nowcast listen --since beginning --format json | jq .event\n\n\
    Exit codes: 0 the count was reached or nobody reads the output, 1 not started, 2 misused, 3 refused \
    by the server, 4 not reachable, 130 stopped by Ctrl-C.")]
pub struct Flags {
    #[command(flatten)]
    /// Where, and by which right.
    pub server: Server,

    /// From after this position (as `listen` tells it when it stops), or from the `beginning`: all
    /// that happened, or, where the server does not keep all of that, the newest items and words as
    /// they are now. Without, only what happens from now on.
    #[arg(long, value_name = "POSITION")]
    pub since: Option<Since>,

    /// By which way; `auto` finds the best one that works.
    #[arg(long, value_name = "WAY", default_value = "auto")]
    pub transport: Way,

    /// A line of text for each event (time, kind, who, what; separated by tabs), or its frame as
    /// JSON.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Stops after so many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,

    /// Prints signals (who is here, what is on its way) and pushes as well.
    #[arg(long)]
    pub all: bool,

    /// Gives up when the server was not there for so many seconds at the start; without, it waits
    /// for the server.
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<u64>,

    /// Registers as the user whom this token was signed for.
    #[arg(long, env = "NOWCAST_USER_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub user_token: Option<String>,

    /// The invitation to a private room.
    #[arg(long, env = "NOWCAST_INVITATION", hide_env_values = true, value_name = "SECRET")]
    pub invitation: Option<String>,

    /// Tells nothing about the connection on standard error.
    #[arg(long)]
    pub quiet: bool,
}

/// From where on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// From the first event, or else from what the room shows.
    Beginning,
    /// From after this.
    Position(Position),
}

impl FromStr for Since {
    type Err = BadPosition;

    fn from_str(text: &str) -> Result<Self, BadPosition> {
        match text {
            "beginning" => Ok(Self::Beginning),
            position => position.parse().map(Self::Position),
        }
    }
}

/// By which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// The best one that works.
    Auto,
    /// A WebSocket.
    Websocket,
    /// Server-sent events.
    Sse,
    /// Long polls.
    Poll,
}

impl Way {
    fn only(self) -> Option<Transport> {
        match self {
            Self::Auto => None,
            Self::Websocket => Some(Transport::WebSocket),
            Self::Sse => Some(Transport::Sse),
            Self::Poll => Some(Transport::LongPoll),
        }
    }
}

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Prints what happens until it is stopped, the count is reached or the server ends it.
///
/// # Errors
/// See [`Failure`].
pub async fn run(flags: Flags) -> Result<(), Failure> {
    let mut listening = Listening {
        flags,
        count: 0,
        failure: None,
        began: Instant::now(),
        told: false,
        shows: false,
    };
    let mut stopped = stopping();
    let mut room = tokio::select! {
        opened = listening.open() => opened?,
        Some(signal) = stopped.recv() => return Err(Failure::Interrupted(signal)),
    };
    let ended = tokio::select! {
        ended = listening.follow(&mut room) => ended,
        Some(signal) = stopped.recv() => Err(Failure::Interrupted(signal)),
    };
    if let Some(position) = room.position() {
        listening.note(&format!("stopped at {position}"));
    }
    room.close().await;
    ended
}

struct Listening {
    flags: Flags,
    /// How many events were printed.
    count: u64,
    /// What was said to be wrong last.
    failure: Option<String>,
    began: Instant,
    /// Whether it was told that it listens.
    told: bool,
    /// Whether it begins with what the room shows.
    shows: bool,
}

impl Listening {
    /// Begins to listen.
    async fn open(&mut self) -> Result<Room, Failure> {
        let connect = match &self.flags.since {
            None => self.connect(),
            Some(Since::Position(position)) => self.connect().since(position.clone()),
            Some(Since::Beginning) => {
                // Which life the log is in is known once a room is open. A user's token may count
                // only once: it is for the connection that stays.
                let mut room = self.connect_as(None).start()?;
                let epoch = loop {
                    match room.next().await {
                        Some(News::State(State::Open { .. })) => {}
                        Some(News::State(state)) => self.state(state)?,
                        Some(_) => {}
                        None => return Err(Error::Closed.into()),
                    }
                    if let Some(position) = room.position() {
                        break position.epoch.clone();
                    }
                };
                room.close().await;
                self.connect().since(Position { epoch, offset: Offset(0) })
            }
        };
        Ok(connect.start()?)
    }

    fn connect(&self) -> Connect {
        self.connect_as(self.flags.user_token.clone())
    }

    fn connect_as(&self, user_token: Option<String>) -> Connect {
        let Flags { server, transport, invitation, .. } = self.flags.clone();
        // It is no page that somebody looks at.
        let mut connect = Connect::to(server.server).room(server.room).uncounted();
        if let Some(token) = server.token {
            connect = connect.token(token);
        }
        if let Some(token) = user_token {
            connect = connect.user_token(token);
        }
        if let Some(secret) = invitation {
            connect = connect.invitation(secret);
        }
        if let Some(transport) = transport.only() {
            connect = connect.only(transport);
        }
        connect
    }

    async fn follow(&mut self, room: &mut Room) -> Result<(), Failure> {
        while let Some(news) = room.next().await {
            match news {
                News::State(state) => self.state(state)?,
                News::Snapshot(snapshot) if std::mem::take(&mut self.shows) => {
                    for event in shown(*snapshot) {
                        if self.flags.count != Some(self.count) {
                            self.event(event)?;
                        }
                    }
                }
                News::Event(event) => self.event(event)?,
                News::Unknown(frame) if frame["t"] == "event" => {
                    let text = match self.flags.format {
                        Format::Text => line::of_unknown(&frame),
                        Format::Json => frame.to_string(),
                    };
                    self.print(&text)?;
                }
                News::Signal(signal) if self.flags.all => print(&match self.flags.format {
                    Format::Text => line::of_signal(clock::now(), &signal),
                    Format::Json => json(&ServerFrame::Signal { signal }),
                })?,
                News::Push { id, data } if self.flags.all => print(&match self.flags.format {
                    Format::Text => line::of_push(clock::now(), &data),
                    Format::Json => json(&ServerFrame::Push { id, data }),
                })?,
                _ => {}
            }
            if self.flags.count == Some(self.count) {
                break;
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<(), Failure> {
        let text = match self.flags.format {
            Format::Text => line::of_event(&event),
            Format::Json => json(&ServerFrame::Event(event)),
        };
        self.print(&text)
    }

    fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.count += 1;
        print(text)
    }

    /// Tells how the connection stands, if that is worth a word, or why it is given up.
    fn state(&mut self, state: State) -> Result<(), Failure> {
        let Server { server, room, .. } = &self.flags.server;
        match state {
            State::Open { transport, recovered } => {
                let text = match (self.told, recovered) {
                    (false, _) => format!("listening to {room} at {server} over {transport}"),
                    (true, true) => format!("connected again over {transport}"),
                    (true, false) => format!("connected again over {transport}, as a new page"),
                };
                self.note(&text);
                self.shows = !recovered && !self.told && self.flags.since == Some(Since::Beginning);
                if self.shows {
                    self.note(
                        "the server does not keep all that happened: this begins with what the \
                         room shows now",
                    );
                } else if !recovered && (self.told || self.flags.since.is_some()) {
                    self.note("what happened in between is not in the server's log any more");
                }
                (self.told, self.failure) = (true, None);
            }
            State::Waiting { why, retry_in } => {
                if let Some(wait) = self.flags.wait.filter(|_| !self.told)
                    && self.began.elapsed() + retry_in > Duration::from_secs(wait)
                {
                    let nobody = || Error::Unreachable("nobody answers".to_owned());
                    return Err(why.unwrap_or_else(nobody).into());
                }
                // The same again and again is not worth a word.
                let text = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                if self.failure.as_ref() != Some(&text) {
                    let what = if self.told { "cut off" } else { "waiting for the server" };
                    self.note(&format!("{what}{text}; trying again"));
                    self.failure = Some(text);
                }
            }
            State::Closed(error) => return Err(error.into()),
            _ => {}
        }
        Ok(())
    }

    fn note(&self, text: &str) {
        if !self.flags.quiet {
            note(text);
        }
    }
}

/// What a room shows as events, in their order.
fn shown(snapshot: Snapshot) -> Vec<Event> {
    let items = snapshot.items.into_iter().map(|item| {
        let (offset, at, by) = (item.offset, item.at, item.by.clone());
        Event { offset, at, by, event: Happened::ItemPublished { item } }
    });
    let said = snapshot.chat.said.into_iter().map(|said| {
        let Said { id, offset, at, by, name, text, .. } = said;
        Event { offset, at, by, event: Happened::Said { id, name, text } }
    });
    let mut events: Vec<_> = items.chain(said).collect();
    events.sort_by_key(|event| event.offset);
    events
}

fn json(frame: &ServerFrame<Value>) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}

/// Tells when it is asked to stop. Where it cannot, since whoever reads the output does not, it ends
/// all the same.
fn stopping() -> mpsc::Receiver<u8> {
    const PATIENCE: Duration = Duration::from_secs(2);
    let (tell, told) = mpsc::channel(1);
    tokio::spawn(async move {
        let signal = stopped().await;
        // Who does not listen any more is about to end.
        let _ = tell.send(signal).await;
        tokio::time::sleep(PATIENCE).await;
        std::process::exit(128 + i32::from(signal));
    });
    told
}

/// Waits for Ctrl-C, or for a service manager to end it; the signal's number.
async fn stopped() -> u8 {
    const INTERRUPT: u8 = 2;
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        const TERMINATE: u8 = 15;
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                _ = tokio::signal::ctrl_c() => INTERRUPT,
                _ = terminate.recv() => TERMINATE,
            };
        }
    }
    let _ = tokio::signal::ctrl_c().await;
    INTERRUPT
}
