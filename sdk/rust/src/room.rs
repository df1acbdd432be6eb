//! A room that a program follows.

mod carry;
mod driver;

use crate::commands::Commands;
use crate::error::Error;
use crate::wire::{Address, Transport};
use crate::{Event, Snapshot};
use driver::Driver;
use nowcast_link::sending::Sending;
use nowcast_shared::offset::Position;
use nowcast_shared::signal::Signal;
use serde_json::Value;
use std::collections::VecDeque;
use std::ops::Deref;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What a room has to say.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum News {
    /// How the connection stands now.
    State(State),
    /// The room as it is, since it does not continue what the program has seen: it comes first, and
    /// again where the server no longer has what was missed.
    Snapshot(Box<Snapshot>),
    /// Something happened and is kept. Each comes once, in the order of the offsets.
    Event(Event),
    /// Something happened and is not kept.
    Signal(Signal),
    /// Something for this user alone.
    Push {
        /// Its name.
        id: String,
        /// Whatever was sent.
        data: Value,
    },
    /// A frame of a later version's making; an event among them counts as seen.
    Unknown(Value),
}

/// How a connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It is being opened.
    Connecting,
    /// It is open.
    Open {
        /// By which way.
        transport: Transport,
        /// Whether it continues what the program has seen; if not, a snapshot comes next.
        recovered: bool,
    },
    /// It is gone, and will be opened again.
    Waiting {
        /// After this time.
        retry_in: Duration,
        /// What was wrong.
        why: Option<Error>,
    },
    /// It is over. Nothing comes after it.
    Closed(Error),
}

/// News, with what the program has seen once it has these.
#[derive(Debug)]
struct Told {
    news: News,
    position: Option<Position>,
}

/// A room that a program follows. It stays connected until it is dropped; what can be asked in it
/// is listed at [`Commands`].
///
/// Of what the program does not take, 4 MiB are kept. Then nothing more is read, which the server
/// ends at some time, and the room goes on from where it was as soon as there is space. Answers to
/// commands are among what is not read then, so take news while you wait for one.
#[derive(Debug)]
pub struct Room {
    told: mpsc::Receiver<Told>,
    /// What came while something else was waited for.
    set_aside: VecDeque<Told>,
    commands: Commands,
    position: Option<Position>,
    pushed: Option<String>,
    /// What went wrong last.
    failure: Option<Error>,
    driver: JoinHandle<()>,
}

impl Room {
    /// The ids of its commands begin with `prefix`, which no other room of this page had.
    pub(crate) fn start(
        runtime: &Handle,
        address: Address,
        only: Option<Transport>,
        prefix: String,
    ) -> Self {
        // What is kept is counted in bytes, by the driver.
        let (tell, told) = mpsc::channel(1);
        let (commands, asked) = Commands::new();
        let position = address.position().and_then(|position| position.parse().ok());
        let pushed = address.newest_push().map(str::to_owned);
        let driver =
            runtime.spawn(Driver::new(address, only, Sending::new(prefix), tell, asked).run());
        Self { told, set_aside: VecDeque::new(), commands, position, pushed, failure: None, driver }
    }

    /// What comes next; waits for it. `None` after [`State::Closed`]. Nothing is lost when the wait
    /// is given up.
    pub async fn next(&mut self) -> Option<News> {
        let told = match self.set_aside.pop_front() {
            Some(told) => told,
            None => self.told.recv().await?,
        };
        if told.position.is_some() {
            self.position = told.position;
        }
        if let News::Push { id, .. } = &told.news {
            self.pushed = Some(id.clone());
        }
        Some(told.news)
    }

    /// The next event; other news are passed over. `None` when the room is closed.
    pub async fn next_event(&mut self) -> Option<Event> {
        loop {
            if let News::Event(event) = self.next().await? {
                return Some(event);
            }
        }
    }

    /// What the program has taken: a [`Connect`](crate::Connect) that has it as its `since` goes on
    /// from here. `None` before the room was open for the first time.
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// The newest push that the program has taken, to be given as `pushed` when it comes back.
    pub fn newest_push(&self) -> Option<&str> {
        self.pushed.as_deref()
    }

    /// What can be asked in this room, to take elsewhere: it is cheap to clone, and works as long as
    /// the room is open.
    pub fn commands(&self) -> Commands {
        self.commands.clone()
    }

    /// Leaves: the server knows at once, as far as the connection can carry that.
    pub async fn close(self) {
        let Self { told, set_aside, driver, .. } = self;
        drop((told, set_aside));
        // It ends by itself now, and takes no longer than a close frame may take.
        let _ = driver.await;
    }

    /// Waits until it is open for the first time.
    pub(crate) async fn opened(&mut self) -> Result<(), Error> {
        while let Some(told) = self.told.recv().await {
            match told.news {
                News::State(State::Closed(error)) => return Err(error),
                News::State(State::Open { .. }) => {
                    self.set_aside.push_back(told);
                    return Ok(());
                }
                News::State(State::Waiting { why, .. }) => {
                    self.failure = why.or(self.failure.take());
                }
                _ => {}
            }
        }
        Err(Error::Closed)
    }

    /// What went wrong last while it was waited for.
    pub(crate) fn failure(&mut self) -> Error {
        let unknown = || Error::Unreachable("no answer came in time".to_owned());
        self.failure.take().unwrap_or_else(unknown)
    }
}

/// What can be asked in it.
impl Deref for Room {
    type Target = Commands;

    fn deref(&self) -> &Commands {
        &self.commands
    }
}
