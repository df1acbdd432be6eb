//! `nowcast listen`.

use super::{Failure, Server, line, note, print};
use crate::clock;
use clap::{Args, ValueEnum};
use nowcast_sdk::{Connect, Error, News, Room, State, Transport};
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::offset::{BadPosition, Offset, Position};
use serde_json::Value;
use std::str::FromStr;
use std::time::Duration;

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

    /// From after this position (as `listen` tells it when it stops), or from the `beginning`;
    /// without, only what happens from now on.
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
    /// From the first event that the server has.
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
    let mut listening = Listening { count: 0, failure: None, told: false, flags };
    let stopped = stopped();
    tokio::pin!(stopped);
    let mut room = tokio::select! {
        opened = listening.open() => opened?,
        signal = &mut stopped => return Err(Failure::Interrupted(signal)),
    };
    let ended = tokio::select! {
        ended = listening.follow(&mut room) => ended,
        signal = &mut stopped => Err(Failure::Interrupted(signal)),
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
    /// What was wrong when it was told last.
    failure: Option<Error>,
    /// Whether it was told that it listens.
    told: bool,
}

impl Listening {
    /// Opens the room; where that takes a while, it is said why.
    async fn open(&mut self) -> Result<Room, Failure> {
        let mut connect = self.connect();
        match &self.flags.since {
            None => {}
            Some(Since::Position(position)) => connect = connect.since(position.clone()),
            Some(Since::Beginning) => {
                // Which life the log is in is known once a room is open.
                let mut room = self.opened(connect.clone()).await?;
                let epoch = loop {
                    match room.next().await {
                        Some(News::State(State::Closed(error))) => return Err(error.into()),
                        None => return Err(Error::Closed.into()),
                        Some(_) => {}
                    }
                    if let Some(position) = room.position() {
                        break position.epoch.clone();
                    }
                };
                room.close().await;
                connect = connect.since(Position { epoch, offset: Offset(0) });
            }
        }
        self.opened(connect).await
    }

    fn connect(&self) -> Connect {
        let Flags { server, transport, user_token, invitation, wait, .. } = self.flags.clone();
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
        match wait {
            Some(wait) => connect.patience(Duration::from_secs(wait)),
            None => connect,
        }
    }

    /// As [`Connect::open`], except that it says why that takes a while.
    async fn opened(&self, connect: Connect) -> Result<Room, Failure> {
        let opening = connect.open();
        tokio::pin!(opening);
        let hurry = tokio::time::sleep(Duration::from_secs(1));
        tokio::select! {
            opened = &mut opening => return Ok(opened?),
            () = hurry => self.note(&format!("waiting for {}", self.flags.server.server)),
        }
        Ok(opening.await?)
    }

    async fn follow(&mut self, room: &mut Room) -> Result<(), Failure> {
        while let Some(news) = room.next().await {
            match news {
                News::State(State::Closed(error)) => return Err(error.into()),
                News::State(state) => self.state(state),
                News::Event(event) => {
                    let text = match self.flags.format {
                        Format::Text => line::of_event(&event),
                        Format::Json => json(&ServerFrame::Event(event)),
                    };
                    self.event(&text)?;
                }
                News::Unknown(frame) if frame["t"] == "event" => self.event(&frame.to_string())?,
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

    fn event(&mut self, text: &str) -> Result<(), Failure> {
        self.count += 1;
        print(text)
    }

    fn state(&mut self, state: State) {
        let Server { server, room, .. } = &self.flags.server;
        match state {
            State::Open { transport, recovered } => {
                let lost = self.told || self.flags.since.is_some();
                let text = match (self.told, recovered) {
                    (false, _) => format!("listening to {room} at {server} over {transport}"),
                    (true, true) => format!("connected again over {transport}"),
                    (true, false) => format!("connected again over {transport}, as a new page"),
                };
                self.note(&text);
                if lost && !recovered {
                    self.note("what happened in between is not in the server's log any more");
                }
                (self.told, self.failure) = (true, None);
            }
            State::Waiting { why, .. } if self.failure != why || why.is_none() => {
                let why = why.map(|why| (format!(": {why}"), why));
                let text = why.as_ref().map(|(text, _)| text.as_str()).unwrap_or_default();
                self.note(&format!("cut off{text}; trying again"));
                self.failure = why.map(|(_, why)| why);
            }
            _ => {}
        }
    }

    fn note(&self, text: &str) {
        if !self.flags.quiet {
            note(text);
        }
    }
}

fn json(frame: &ServerFrame<Value>) -> String {
    serde_json::to_string(frame).unwrap_or_default()
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
