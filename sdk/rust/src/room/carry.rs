//! One connection of a room, in a task of its own: what comes over it is told to the driver, what
//! the driver sends goes out.

use crate::error::{Error, Problem};
use crate::wire::{Address, Incoming, Link, Transport};
use nowcast_link::plan::Conn;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How much may be on its way from a connection to the driver, and back.
const QUEUE: usize = 16;

/// How long the server may take to hear that the page leaves.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a connection tells.
#[derive(Debug)]
pub(super) enum Heard {
    /// A frame, and how many bytes it took.
    Frame(Value, usize),
    /// It is open, and has no `welcome` to say so; or a sign of life.
    Open,
    /// Cut, or it could not be opened.
    Lost(Option<Error>),
    /// The server does not want this page.
    Refused(Problem),
}

/// What a connection tells, and which one it is.
pub(super) type Telling = mpsc::Sender<(Conn, Heard)>;

/// Where a driver is told.
pub(super) fn hearing() -> (Telling, mpsc::Receiver<(Conn, Heard)>) {
    mpsc::channel(QUEUE)
}

/// An open or opening connection. Nothing is heard of it after it is dropped.
#[derive(Debug)]
pub(super) struct Carrier {
    frames: mpsc::Sender<String>,
    task: AbortHandle,
    transport: Transport,
}

impl Carrier {
    pub(super) fn start(conn: Conn, transport: Transport, address: Address, tell: Telling) -> Self {
        let (frames, due) = mpsc::channel(QUEUE);
        let task = tokio::spawn(async move {
            let end = carry(conn, transport, &address, &tell, due).await;
            // Nobody listens any more once the room is gone.
            if let Some(end) = end {
                let _ = tell.send((conn, end)).await;
            }
        });
        Self { frames, task: task.abort_handle(), transport }
    }

    /// Sends a frame, if it is a connection that carries one, and says whether it took it.
    pub(super) fn send(&self, frame: String) -> bool {
        self.transport == Transport::WebSocket && self.frames.try_send(frame).is_ok()
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // A WebSocket says that it leaves, as soon as its queue ends.
        if self.transport != Transport::WebSocket {
            self.task.abort();
        }
    }
}

/// Carries until the connection ends; how it ended, or nothing if it was the driver who ended it.
async fn carry(
    conn: Conn,
    transport: Transport,
    address: &Address,
    tell: &Telling,
    mut due: mpsc::Receiver<String>,
) -> Option<Heard> {
    let opening = Link::open(transport, address);
    let opened = tokio::select! {
        opened = opening => opened,
        () = ended(&mut due) => return None,
    };
    let mut link = match opened {
        Ok(link) => link,
        Err(Error::Refused(problem)) if is_final(&problem) => return Some(Heard::Refused(problem)),
        Err(error) => return Some(Heard::Lost(Some(error))),
    };
    if !link.is_welcomed() {
        tell.send((conn, Heard::Open)).await.ok()?;
    }
    loop {
        let incoming = tokio::select! {
            incoming = link.next() => incoming,
            // Of the others this only tells that the driver ends them.
            frame = due.recv() => match frame {
                Some(frame) if link.send_text(&frame).await => continue,
                Some(_) => return Some(Heard::Lost(None)),
                None => {
                    let _ = timeout(FAREWELL, link.close()).await;
                    return None;
                }
            },
        };
        let heard = match incoming {
            Incoming::Frame(frame, size) => Heard::Frame(frame, size),
            Incoming::Quiet => Heard::Open,
            Incoming::Refused(problem) if is_final(&problem) => {
                return Some(Heard::Refused(problem));
            }
            Incoming::Refused(problem) => return Some(Heard::Lost(Some(Error::Refused(problem)))),
            Incoming::Broken(why) => return Some(Heard::Lost(Some(Error::Broken(why)))),
            Incoming::End { .. } => return Some(Heard::Lost(None)),
        };
        tell.send((conn, heard)).await.ok()?;
    }
}

/// Waits until the driver ends the connection; what it would send before it is open is sent again.
async fn ended(due: &mut mpsc::Receiver<String>) {
    while due.recv().await.is_some() {}
}

/// Whether trying again would not help.
fn is_final(problem: &Problem) -> bool {
    (400..500).contains(&problem.status) && !matches!(problem.status, 408 | 429)
}
