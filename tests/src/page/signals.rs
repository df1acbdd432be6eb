//! What a page hears that is not kept.

use super::Page;
use crate::wait::in_time;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::signal::Signal;

impl Page {
    /// The next signal that `fits` makes something of, from those that came already on; frames that
    /// are no signals stay for later, other signals do not.
    ///
    /// # Panics
    /// When none comes.
    pub async fn next_signal<T>(&mut self, mut fits: impl FnMut(&Signal) -> Option<T>) -> T {
        let mut others = Vec::new();
        let next = async {
            loop {
                let frame = match self.set_aside.pop_front() {
                    Some(frame) => frame,
                    None => self.receive().await.expect("the session goes on"),
                };
                match frame {
                    ServerFrame::Signal { signal } => {
                        if let Some(found) = fits(&signal) {
                            return found;
                        }
                    }
                    frame => others.push(frame),
                }
            }
        };
        let found = in_time("a signal", next).await;
        for frame in others.into_iter().rev() {
            self.set_aside.push_front(frame);
        }
        found
    }
}
