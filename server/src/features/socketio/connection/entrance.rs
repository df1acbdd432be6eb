//! The way of a page's commands into a session: a queue with a limit, which tells the other end when
//! the page has left.

use crate::error::Problem;
use crate::features::socketio::moved::{Moved, Step};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, oneshot};

/// How many bytes of a page's commands may wait in one room.
const WAITING: usize = 256 * 1024;

/// The page's end. When this is dropped, the page has left.
pub(super) struct Entrance {
    /// Frames; the session takes one after the other.
    frames: mpsc::Sender<Vec<u8>>,
    /// How many bytes of them wait.
    waiting: Arc<AtomicUsize>,
    moved: Moved,
    _present: oneshot::Sender<()>,
}

/// The session's end.
pub(in super::super) struct Frames {
    taken: mpsc::Receiver<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
    left: Option<oneshot::Receiver<()>>,
}

/// Both ends, for so many frames.
pub(super) fn open(places: usize, moved: Moved) -> (Entrance, Frames) {
    let (frames, taken) = mpsc::channel(places);
    let waiting = Arc::<AtomicUsize>::default();
    let (present, left) = oneshot::channel();
    let other = Arc::clone(&waiting);
    let entrance = Entrance { frames, waiting, moved, _present: present };
    (entrance, Frames { taken, waiting: other, left: Some(left) })
}

impl Entrance {
    /// Hands a command in, with its name and what it does to a piece.
    pub(super) fn send(&self, frame: Vec<u8>, step: Option<(&str, Step)>) -> Result<(), Problem> {
        let length = frame.len();
        let place = self.frames.try_reserve().map_err(|_| crate::command::too_fast())?;
        if self.waiting.fetch_add(length, Ordering::Relaxed) + length > WAITING {
            self.waiting.fetch_sub(length, Ordering::Relaxed);
            return Err(crate::command::too_fast());
        }
        if let Some((command, step)) = step {
            self.moved.begin(command, step);
        }
        place.send(frame);
        Ok(())
    }
}

impl Frames {
    /// The next frame; nothing when the page has left the room.
    pub(in super::super) async fn next(&mut self) -> Option<Vec<u8>> {
        let frame = self.taken.recv().await?;
        self.waiting.fetch_sub(frame.len(), Ordering::Relaxed);
        Some(frame)
    }

    /// What resolves as soon as the page leaves, whatever still waits. Asked for once.
    pub(in super::super) fn left(&mut self) -> impl Future<Output = ()> + use<> {
        let left = self.left.take();
        async move {
            if let Some(left) = left {
                // The other end says nothing; that it is gone says it.
                let _ = left.await;
            }
        }
    }
}
