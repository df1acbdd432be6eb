//! Records that came together.

use super::{Heard, Listener, MOST_BATCH};
use serde_json::Value;

/// Collects records until they are handed over.
#[derive(Debug, Default)]
pub(super) struct Batch {
    heard: Vec<Heard>,
    malformed: u64,
}

impl Batch {
    /// One record more.
    pub(super) fn push(&mut self, json: Value, cursor: Option<String>) {
        self.heard.push(Heard { json, cursor });
    }

    /// One that cannot be read.
    pub(super) fn malformed(&mut self) {
        self.malformed += 1;
    }

    /// Whether it is time to hand them over.
    pub(super) fn is_full(&self) -> bool {
        self.heard.len() >= MOST_BATCH
    }

    /// Hands over what was collected; whether that was anything.
    pub(super) async fn hand_over(&mut self, listener: &mut impl Listener) -> bool {
        if self.malformed > 0 {
            listener.malformed(std::mem::take(&mut self.malformed));
        }
        let any = !self.heard.is_empty();
        let mut rest = std::mem::take(&mut self.heard).into_iter();
        loop {
            let batch: Vec<Heard> = rest.by_ref().take(MOST_BATCH).collect();
            if batch.is_empty() {
                return any;
            }
            listener.heard(batch).await;
        }
    }
}
