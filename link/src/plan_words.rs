//! What [`plan`](crate::plan) is told and what it answers.

use nowcast_shared::error::Reason;

/// A moment or a span, in milliseconds. Where the count starts does not matter.
pub type Millis = u64;

/// How frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The fastest, and it carries both directions.
    WebSocket,
    /// Passes where a `WebSocket` is blocked.
    EventSource,
    /// Passes everywhere.
    LongPoll,
}

/// One attempt of one way. Never used twice, so that a late word of an old one is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conn(pub(crate) u32);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The page wants to be connected; also after it was stopped.
    Start,
    /// The page wants it no more.
    Stop,
    /// It is [`Plan::wake_at`](crate::plan::Plan::wake_at), or later.
    Tick,
    /// The server's first word came through.
    Opened(Conn),
    /// A further sign of life.
    Alive(Conn),
    /// Cut, or it could not be opened.
    Lost(Conn),
    /// The same, and the server asks not to come back before so long.
    Later(Conn, Millis),
    /// Frames do not continue what the page has; it has to resume.
    Broken(Conn),
    /// The server's last word.
    Goodbye(Conn, Reason, Return),
    /// The server does not want this page, and trying again would not help.
    Refused(Conn, Refusal),
    /// The page came to the front.
    Visible,
    /// The network is back.
    Online,
}

/// Whether a `goodbye` asks the page to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// It does.
    Welcome,
    /// It does not.
    Unwanted,
}

/// Why a server turned a page away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// For programs.
    pub code: String,
    /// For people.
    pub detail: String,
    /// After how many seconds to look again, if the server said so.
    pub retry_after: Option<u64>,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// Open a connection.
    Open(Conn, Way),
    /// Close it and hear no more of it.
    Close(Conn),
    /// Ask it for a sign of life.
    Ping(Conn),
}

/// How it stands, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The first attempts of this page.
    Connecting,
    /// News come the moment they happen.
    Live(Way),
    /// Cut off and trying.
    Reconnecting,
    /// Ended by the server for good.
    Ended(Reason),
    /// Turned away.
    Refused(Refusal),
}
