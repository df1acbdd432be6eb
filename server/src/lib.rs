//! Nowcast's server. Read in this order:
//!
//! - [`app`]: the handles that everything shares; how the parts are tied.
//! - [`http`]: every URL. [`transport`]: how a request becomes a session, on [`connection`]s
//!   that [`accept`] takes.
//! - [`auth`]: request to actor, with [`name`] for what people go by. [`policy`]: may the actor
//!   do it?
//! - [`command`]: the way of a command, with [`json`] for what strangers send, [`item`] and
//!   [`markdown`] for what items must be.
//! - [`log`]: append, read, snapshot, on [`db`]: one writer, group commit;
//!   [`epochs`]: when a log's life ends.
//! - [`hub`]: who is in which room, presence. [`engine`]: the threads that hold the sessions; catch
//!   up, then live. [`encoded`], [`record`]: frames in the formats of the wire, each made once.
//! - [`pushes`]: something for a user alone, named by [`push_id`]s.
//! - [`stage`]: who holds which piece right now.
//! - [`watch`]: who counts those who come, with [`arrival`] for what their requests say.
//! - [`websocket`]: frames and messages of RFC 6455, without IO.
//! - [`assets`], [`buttons`], [`uploads`], [`metrics`]: what stands beside the way.
//! - [`features`]: what knows the core and is not known by it, each a cargo feature.
//! - [`store`]: what is done with a data folder beside serving: backup, export, import, check.
//! - [`config`]: flags. [`shutdown`]: the end. [`error`]: refusals as problem+json.
//!
//! `log` and `hub` know neither HTTP nor each other; `app` hands the one's events to the other.

pub mod accept;
pub mod app;
pub mod arrival;
pub mod assets;
pub mod auth;
pub mod buttons;
pub mod clock;
pub mod command;
pub mod config;
pub mod connection;
pub mod db;
pub mod door;
pub mod encoded;
pub mod engine;
pub mod epochs;
pub mod error;
pub mod features;
pub mod http;
pub mod hub;
pub mod item;
pub mod json;
pub mod limiter;
pub mod log;
pub mod markdown;
pub mod metrics;
pub mod name;
pub mod policy;
pub mod push_id;
pub mod pushes;
pub mod random;
pub mod record;
pub mod settings;
pub mod shutdown;
pub mod stage;
pub mod store;
pub mod transport;
pub mod uploads;
pub mod watch;
pub mod websocket;
pub mod words;

use app::App;
use axum::Router;
use std::fmt::Write;
use std::future::Future;
use tokio::net::TcpListener;

/// Serves, with the addresses of the `features`, until `shutdown` is ready; then says goodbye to
/// every page and waits for the connections to end, some seconds at most.
pub async fn serve(
    listener: TcpListener,
    app: App,
    features: Router<App>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    app.begin_to_trim();
    let stopping = app.clone();
    let signal = async move {
        shutdown.await;
        shutdown::begin(&stopping);
    };
    let server = accept::serve(listener, http::Http::new(app.clone(), features), signal);
    let mut stopping = app.stopping.subscribe();
    let out_of_patience = async {
        let _ = stopping.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(shutdown::PATIENCE).await;
    };
    let everything = async {
        server.await;
        // WebSockets left the HTTP server's care when they were upgraded.
        app.hub.emptied().await;
    };
    tokio::select! {
        () = everything => {}
        () = out_of_patience => {}
    }
    app.close().await;
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
