//! The protocol, piece by piece, for programs that decide about connections by themselves:
//! [`Address`] says where and as whom, [`Link`] carries frames over one connection, [`Http`] asks.
//! A [`Room`](crate::Room) is made of these.

mod address;
mod event_stream;
mod http;
mod long_poll;
mod websocket;

pub use address::{Address, Credential, Transport};
pub use event_stream::Stream;
pub use http::{Http, NewKeyed, Published};
pub use long_poll::Polls;
pub use websocket::Socket;

use crate::error::{Error, Problem};
use serde_json::Value;

/// What a connection has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// A frame, and how many bytes it took.
    Frame(Value, usize),
    /// A sign of life: a poll was answered with nothing.
    Quiet,
    /// The server does not let the page go on. Nothing comes after it.
    Refused(Problem),
    /// The server said what it must not; the connection is of no more use.
    Broken(String),
    /// The connection is over.
    End {
        /// The code that a WebSocket was closed with.
        close_code: Option<u16>,
    },
}

/// One connection, by whichever way. Dropping it closes it.
#[derive(Debug)]
pub enum Link {
    /// A WebSocket.
    WebSocket(Box<Socket>),
    /// A stream of server-sent events.
    Sse(Stream),
    /// One long poll after the other.
    LongPoll(Polls),
}

impl Link {
    /// Connects. A long poll has asked for the first time then, without waiting.
    ///
    /// # Errors
    /// If the server refuses, cannot be reached, or is none.
    pub async fn open(transport: Transport, address: &Address) -> Result<Self, Error> {
        Ok(match transport {
            Transport::WebSocket => Self::WebSocket(Box::new(Socket::open(address).await?)),
            Transport::Sse => Self::Sse(Stream::open(address).await?),
            Transport::LongPoll => Self::LongPoll(Polls::open(address).await?),
        })
    }

    /// What comes next; waits for it. Over a WebSocket or an event stream nothing is lost when the
    /// wait is given up.
    pub async fn next(&mut self) -> Incoming {
        match self {
            Self::WebSocket(link) => link.next().await,
            Self::Sse(link) => link.next().await,
            Self::LongPoll(link) => link.next().await,
        }
    }

    /// Sends a text over a WebSocket; false if the connection is gone, or carries nothing to the
    /// server.
    pub async fn send_text(&mut self, text: &str) -> bool {
        match self {
            Self::WebSocket(link) => link.send_text(text).await,
            Self::Sse(_) | Self::LongPoll(_) => false,
        }
    }

    /// Leaves; over a WebSocket by saying so, and waiting until the server has heard it.
    pub async fn close(self) {
        if let Self::WebSocket(link) = self {
            link.close().await;
        }
    }

    /// Whether the first frame is to be a `welcome`. A long poll that goes on has none.
    pub fn is_welcomed(&self) -> bool {
        match self {
            Self::LongPoll(link) => link.is_welcomed(),
            _ => true,
        }
    }
}
