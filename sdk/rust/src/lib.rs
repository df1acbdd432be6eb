//! A client for Nowcast over tokio: follow a room, say something in it, publish to it.
//!
//! ```no_run
//! use nowcast_sdk::{Connect, News};
//!
//! # async fn example() -> Result<(), nowcast_sdk::Error> {
//! let mut room = Connect::to("http://127.0.0.1:8080").room("main").open().await?;
//! while let Some(news) = room.next().await {
//!     if let News::Event(event) = news {
//!         println!("{} {:?}", event.offset, event.event);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Room`] stays connected by itself, by the same decisions as Nowcast's pages: a WebSocket
//! first, then server-sent events, then long polls; it comes back with growing waits and goes on
//! where it was. Every event is told once and in order. One difference: where the server turns it
//! away (there is no such room, a token is not valid any more), a page looks again every half minute
//! for its person; a room is closed, and the program that is told why decides.
//!
//! Read in this order:
//! - [`Connect`]: where, as whom, from where on.
//! - [`Room`]: what comes ([`News`]), and how it stands ([`State`]).
//! - [`Commands`]: what can be asked; each is answered.
//! - [`Publisher`]: publishing without following, kept once however often it has to be sent.
//! - [`Error`]: what can go wrong.
//! - [`wire`]: the protocol by itself, for who decides about connections.
//!
//! What goes over the wire is typed by [`shared`].

mod commands;
mod connect;
mod error;
mod publish;
mod random;
mod room;
mod tls;
pub mod wire;

pub use commands::{Ack, Commands};
pub use connect::Connect;
pub use error::{Error, Problem};
pub use nowcast_shared as shared;
pub use publish::Publisher;
pub use room::{News, Room, State};
pub use wire::{NewKeyed, Published, Transport};

/// An event with its place in the log.
pub type Event = shared::event::Logged<serde_json::Value>;

/// The room as it is at one offset.
pub type Snapshot = shared::frame::Snapshot<serde_json::Value>;

/// What can be asked for.
pub type Command = shared::command::Command<serde_json::Value>;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
