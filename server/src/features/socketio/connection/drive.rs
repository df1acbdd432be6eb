//! What a connection says by itself, and how it ends.

use super::{Connection, Ending, Slot};
use crate::features::socketio::outgoing::sentence;
use crate::features::socketio::{outlet, packet};
use engineioxide::{DisconnectReason, Socket};
use nowcast_shared::error::{Code, Reason};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

/// How long a connection may be in no room.
const LONELY: Duration = Duration::from_secs(15);

/// How long a page has to read why its connection ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long what a page that floods has under way is read and dropped.
const LINGER: Duration = Duration::from_secs(1);

/// Writes what is answered on the spot, and ends the connection when it is time for that.
pub(super) async fn drive(
    connection: Arc<Connection>,
    socket: Arc<Socket<Slot>>,
    mut words: mpsc::Receiver<String>,
) {
    let mut ending = connection.ending.subscribe();
    let mut stopping = connection.app.stopping.subscribe();
    let mut stops = *stopping.borrow();
    let mut word = None;
    loop {
        let deadline = connection.deadline();
        let lonely = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let speak = async {
            if word.is_none() {
                word = words.recv().await;
            }
            let sent = outlet::send(&socket, word.clone().unwrap_or_default()).await;
            word = None;
            sent
        };
        tokio::select! {
            biased;
            _ = connection.ended() => return,
            _ = ending.wait_for(Option::is_some) => break,
            () = connection.changed.notified() => {}
            _ = stopping.wait_for(|stopping| *stopping), if !stops => stops = true,
            sent = speak => if sent.is_err() { return },
            () = lonely => break,
        }
    }
    let last_words = async {
        for word in word.into_iter().chain(std::iter::from_fn(|| words.try_recv().ok())) {
            outlet::send(&socket, word).await?;
        }
        for word in connection.goodbyes() {
            outlet::send(&socket, word).await?;
        }
        outlet::taken(&socket).await
    };
    let _ = timeout(FAREWELL, last_words).await;
    let flood = matches!(*connection.ending.borrow(), Some(Ending::Flood));
    if flood {
        // What is under way is still read: closing before it is would reset the connection, and
        // could take the reason with it.
        let _ = timeout(LINGER, connection.ended()).await;
    }
    socket.close(DisconnectReason::ClosingServer);
}

impl Connection {
    /// What says why the connection ends, where nothing has yet.
    fn goodbyes(&self) -> Vec<String> {
        let of = |reason: Reason| (reason.as_str(), sentence(reason));
        let (code, why) = match *self.ending.borrow() {
            Some(Ending::Told) => return Vec::new(),
            Some(Ending::Flood) => of(Reason::Flooding),
            None if *self.app.stopping.borrow() => of(Reason::Restarting),
            None => (Code::TimedOut.as_str(), "This connection came into no room."),
        };
        let rooms = self.state().rooms.keys().cloned().collect::<Vec<_>>();
        let everywhere = if rooms.is_empty() { vec!["/".to_owned()] } else { rooms };
        everywhere.iter().flat_map(|room| packet::refused(room, None, code, why)).collect()
    }

    /// When the connection ends if the page stays in no room.
    fn deadline(&self) -> Option<Instant> {
        let patience = if *self.app.stopping.borrow() { Duration::ZERO } else { LONELY };
        self.state().lonely_since.map(|since| since + patience)
    }
}
