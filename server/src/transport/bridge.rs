//! Sessions of pages that speak another protocol: whoever speaks it with them joins here, within
//! the process, and carries whole frames both ways.

use super::Joining;
use crate::app::App;
use crate::engine::mailbox::{Mailbox, Message, SessionId};
use crate::engine::member::Way;
use crate::engine::pipe::{Drain, pipe};
use crate::error::Problem;
use crate::http::extract::InRoom;
use crate::hub::Transport;
use axum::http::request::Parts;
use bytes::{Buf, Bytes, BytesMut};
use nowcast_shared::error::Code;
use tokio::sync::oneshot;

/// A session. When this is dropped, the connection with the page is broken.
pub struct Bridge {
    drain: Drain,
    /// What was taken and not handed on: lines, of which the last may not be whole.
    taken: BytesMut,
    way_in: WayIn,
}

/// The way of a page's frames into its session.
#[derive(Clone)]
pub struct WayIn {
    mailbox: Mailbox,
    session: SessionId,
}

impl Bridge {
    /// Begins a session in a room, as if these `parts` of a request had asked for one: the query
    /// says `since`, `client` and so on, the headers who asks.
    ///
    /// # Errors
    /// As any transport refuses.
    pub async fn join(app: &App, room: InRoom, parts: &Parts) -> Result<Self, Problem> {
        let joining = Joining::read(app, parts, room).await?;
        let (pipe, mut drain) = pipe();
        let mut shard = None;
        let session = joining.open(app, Transport::Bridge, |mailbox, session| {
            drain.tell(mailbox.clone(), session);
            shard = Some(mailbox.clone());
            Way::Bridge { pipe }
        });
        let nowhere = || Problem::new(Code::Unavailable, "The session could not begin. Try again.");
        let mailbox = shard.ok_or_else(nowhere)?;
        Ok(Self { drain, taken: BytesMut::new(), way_in: WayIn { mailbox, session } })
    }

    /// The next frame, JSON; nothing when the session is over. What is not asked for waits in the
    /// session's outbox, and where that is full the session ends.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(end) = self.taken.iter().position(|&byte| byte == b'\n') {
                let line = self.taken.split_to(end).freeze();
                self.taken.advance(1);
                return Some(line);
            }
            let more = self.drain.next().await?;
            self.taken.extend_from_slice(&more);
        }
    }

    /// The other way.
    pub fn way_in(&self) -> WayIn {
        self.way_in.clone()
    }
}

impl WayIn {
    /// Hands a page's frame in; returns when the session takes the next one.
    pub async fn send(&self, frame: Vec<u8>) {
        let (more, taken) = oneshot::channel();
        self.mailbox.send(Message::Received(self.session, frame, more));
        // An error: the sender is dropped when the session is ready for more.
        let _ = taken.await;
    }

    /// The page leaves on purpose; what it sent before is still done.
    pub fn leave(&self) {
        self.mailbox.send(Message::Leaves(self.session));
    }
}
