//! A page that goes on through every fault, as a real one does: it comes back when its connection
//! ends, and also when it has heard nothing for a while.

use crate::page::{Joining, Page};
use crate::wait::pause;
use nowcast_shared::event::Logged;
use nowcast_shared::frame::{ServerFrame, Snapshot};
use nowcast_shared::offset::Offset;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// Follows a room from where it joined, over as many connections as that takes.
pub struct Follower {
    /// How it comes back; begins where it has got to.
    joining: Joining,
    page: Option<Page>,
    silence: Duration,
    began: Option<(Offset, Snapshot<Value>)>,
    interruptions: Interruptions,
}

/// How its connections ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interruptions {
    /// They broke, or the server ended them.
    pub ended: u64,
    /// Nothing came for too long, and the page left.
    pub silent: u64,
    /// There was none: the server could not be reached, or did not answer in time.
    pub failed: u64,
}

impl Interruptions {
    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            ended: self.ended + other.ended,
            silent: self.silent + other.silent,
            failed: self.failed + other.failed,
        }
    }
}

impl Follower {
    /// A page that leaves a connection when it has heard nothing for `silence`.
    pub fn new(joining: Joining, silence: Duration) -> Self {
        let interruptions = Interruptions::default();
        Self { joining, page: None, silence, began: None, interruptions }
    }

    /// The snapshot that it began with, and where that stood; `None` for one that resumed.
    pub fn began(&self) -> Option<&(Offset, Snapshot<Value>)> {
        self.began.as_ref()
    }

    /// How its connections ended up to now.
    pub fn interruptions(&self) -> Interruptions {
        self.interruptions
    }

    /// The next event. Waits as long as there is none.
    ///
    /// # Panics
    /// When an event is missing or comes twice, when the page is told to begin anew or to stay
    /// away, or is refused.
    pub async fn next_event(&mut self) -> Logged<Value> {
        loop {
            let mut page = match self.page.take() {
                Some(page) => page,
                None => self.come().await,
            };
            match timeout(self.silence, page.next_frame()).await {
                Ok(Some(ServerFrame::Event(event))) => {
                    self.page = Some(page);
                    return event;
                }
                Ok(Some(ServerFrame::Goodbye { reason, reconnect })) => {
                    assert!(reconnect, "a page that nobody replaced was sent away: {reason}");
                }
                Ok(Some(_)) => {
                    self.page = Some(page);
                    continue;
                }
                Ok(None) => self.interruptions.ended += 1,
                Err(_) => self.interruptions.silent += 1,
            }
            self.joining = page.resuming();
        }
    }

    /// Opens the page, again and again until it is open.
    async fn come(&mut self) -> Page {
        loop {
            match timeout(self.silence, self.joining.clone().try_open()).await {
                Ok(Ok(page)) => {
                    let resumes = self.joining.resumes();
                    assert_eq!(page.recovered(), resumes, "nothing makes a page begin anew here");
                    if !resumes {
                        self.began = Some((page.position().offset, page.snapshot().clone()));
                    }
                    return page;
                }
                Ok(Err(problem)) => assert!(
                    matches!(problem.status, 0 | 503),
                    "a page that came back was refused: {problem}"
                ),
                Err(_) => {}
            }
            self.interruptions.failed += 1;
            pause().await;
        }
    }
}
