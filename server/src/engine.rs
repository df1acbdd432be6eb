//! The delivery engine: sessions, held by shards.
//!
//! A shard is a thread with an event loop that owns many sessions and, where it can, their
//! sockets. What happens reaches it through its [`mailbox`]; it gathers all that is due, encodes
//! nothing that is encoded already, and writes each socket once. Read in this order:
//!
//! - [`mailbox`]: what a shard can be told. [`member`]: a session as its shard holds it.
//! - [`shard`]: the loop. `gather` is taking from the mailbox, [`deliver`] is writing.
//! - [`enter`]: joining, catching up from the log, polling again. [`receive`]: what pages send,
//!   with [`inbox`]. [`look`]: signs of life, time-outs, ends.
//! - [`batch`], [`outbox`], [`welcome`]: bytes. [`pipe`], [`poll`]: pages whose socket is not ours.
//!
//! Why threads of its own and not tasks: a task and a waker a session cost more than the write
//! itself, and a task writes as soon as one event is there. A loop that owns its sockets sees all
//! that is due first.

mod batch;
mod deliver;
mod enter;
pub mod inbox;
mod look;
pub mod mailbox;
pub mod member;
mod outbox;
pub mod pipe;
pub mod poll;
mod receive;
mod shard;
#[cfg(test)]
mod tests;
mod timers;
mod welcome;

pub use receive::FAR_TOO_LARGE;

use crate::app::WeakApp;
use mailbox::Mailbox;
use member::Times;
use shard::Shard;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Shards that were made and do not run yet: the hub needs their mailboxes, they need the hub.
pub struct Engine {
    polls: Vec<(mio::Poll, Mailbox)>,
    times: Times,
}

impl Engine {
    /// Makes `shards` of them, at least one.
    pub fn new(shards: usize) -> io::Result<Self> {
        let make = |_| {
            let poll = mio::Poll::new()?;
            let mailbox = Mailbox::new(&poll)?;
            Ok((poll, mailbox))
        };
        let polls = (0..shards.max(1)).map(make).collect::<io::Result<_>>()?;
        Ok(Self { polls, times: Times::default() })
    }

    /// The same with other time limits.
    #[cfg(test)]
    fn with(self, times: Times) -> Self {
        Self { times, ..self }
    }

    /// How to reach them.
    pub fn mailboxes(&self) -> Vec<Mailbox> {
        self.polls.iter().map(|(_, mailbox)| mailbox.clone()).collect()
    }

    /// Starts their threads, which end when the app is gone. Within a tokio runtime, which does
    /// what must wait for the disk.
    pub fn start(self, app: &WeakApp, outbox_limit: usize) -> io::Result<()> {
        for (index, (poll, mailbox)) in self.polls.into_iter().enumerate() {
            let shard = Shard::new(poll, mailbox, app.clone(), outbox_limit, self.times);
            let name = format!("nowcast-shard-{index}");
            std::thread::Builder::new().name(name).spawn(move || {
                let error = match catch_unwind(AssertUnwindSafe(|| shard.run())) {
                    Ok(Ok(())) => return,
                    Ok(Err(error)) => Some(error),
                    Err(_) => None,
                };
                // Pages of this shard would wait for ever. If the server is started again, they
                // come back and miss nothing.
                tracing::error!(?error, "a delivery thread failed; the server ends");
                std::process::abort();
            })?;
        }
        Ok(())
    }
}
