//! Socket.IO (<https://socket.io/docs/v4/socket-io-protocol/>, version 5 of it, which
//! `socket.io-client` 3 and 4 speak), at `/socket.io/`.
//!
//! A namespace is a room, and being connected to one is a session like any other: the delivery
//! engine holds it, and everything that it promises holds here. What is ours is the translation,
//! and what a page cannot be trusted with. Read in this order:
//!
//! - [`packet`]: what goes over the wire, without IO.
//! - [`front`]: what is looked at before a request reaches the library that speaks `Engine.IO`
//!   (polls, WebSocket, the upgrade from one to the other, heartbeats).
//! - [`connection`]: one page's connection: its rooms, and what it may send.
//! - [`handshake`]: who joins, and from where on. [`session`]: a connection's part in one room.
//! - [`incoming`], [`outgoing`]: events to commands, frames to events. [`moved`]: what is no news to
//!   the page that did it.
//! - [`outlet`]: writing no faster than the page reads.

mod connection;
mod front;
mod handshake;
pub mod incoming;
pub mod moved;
mod outgoing;
mod outlet;
pub mod packet;
mod session;

use crate::app::App;
use axum::Router;
use axum::extract::Request;
use axum::routing::{any, get};
use clap::Args;
use front::Front;

/// Flags of Socket.IO.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Flags {
    /// How many Socket.IO connections there may be at once.
    #[arg(long, env = "NOWCAST_MAX_SOCKETIO", default_value_t = 10_000, value_name = "N")]
    pub max_socketio: usize,
}

/// The addresses of Socket.IO.
pub(super) fn start(app: &App, flags: &Flags) -> Router<App> {
    let front = Front::new(app, flags.max_socketio);
    let answer = move |request: Request| {
        let front = front.clone();
        async move { front.answer(request).await }
    };
    Router::new()
        .route("/socket.io", any(answer.clone()))
        .route("/socket.io/", any(answer))
        .route("/socket.io/{*file}", get(front::no_script))
}
