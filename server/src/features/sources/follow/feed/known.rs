//! What was seen of a feed already. It is written into the cursor, so that a restart repeats nothing
//! and asks for news alone.

use super::entries::Entry;
use crate::features::sources::follow::batch::Batch;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The entries that the first look at a feed hands over: the newest.
pub const FIRST: usize = 10;
/// The entries that are remembered beyond those that the feed has now.
const REMEMBERED: usize = 500;

/// What is remembered.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Known {
    /// The version that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// Hashes of the ids of what was seen, the newest first; nothing before the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<Vec<String>>,
}

impl Known {
    /// What a cursor says; nothing where it cannot be read.
    pub fn read(cursor: Option<&str>) -> Self {
        cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_default()
    }

    /// Takes a document's entries, the oldest first: those that are new go into the batch.
    pub(super) fn take(
        &mut self,
        entries: Vec<Entry>,
        etag: Option<String>,
        modified: Option<String>,
        batch: &mut Batch,
    ) {
        (self.etag, self.modified) = (etag, modified);
        let before = self.seen.take();
        let mut seen = Vec::with_capacity(entries.len());
        let mut new = Vec::new();
        for entry in entries {
            let hash = hash(&entry.id);
            let known = before.as_ref().is_some_and(|before| before.contains(&hash));
            if seen.contains(&hash) {
                continue;
            }
            if !known {
                new.push(entry);
            }
            seen.push(hash);
        }
        seen.reverse();
        let most = seen.len() + REMEMBERED;
        for hash in before.iter().flatten() {
            if seen.len() < most && !seen.contains(hash) {
                seen.push(hash.clone());
            }
        }
        if before.is_none() {
            new.drain(..new.len().saturating_sub(FIRST));
        }
        self.seen = Some(seen);
        // What comes before the last of them is not yet dealt with by then.
        let cursor = serde_json::to_string(self).ok();
        let count = new.len();
        for (index, entry) in new.into_iter().enumerate() {
            let cursor = if index + 1 == count { cursor.clone() } else { None };
            batch.push(entry.json, cursor);
        }
    }
}

/// Enough to tell entries of one feed apart.
fn hash(id: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(id)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::sources::follow::{FollowState, Heard, Listener};
    use serde_json::json;

    #[derive(Default)]
    struct Kept(Vec<Heard>);

    impl Listener for Kept {
        async fn heard(&mut self, batch: Vec<Heard>) {
            self.0.extend(batch);
        }

        fn malformed(&mut self, _count: u64) {}

        async fn state(&mut self, _state: FollowState) {}
    }

    async fn look(cursor: &mut Option<String>, ids: std::ops::Range<u64>) -> Vec<u64> {
        let mut known = Known::read(cursor.as_deref());
        let entries = ids.map(|id| Entry { id: id.to_string(), json: json!(id) }).collect();
        let (mut batch, mut kept) = (Batch::default(), Kept::default());
        known.take(entries, Some("\"v\"".to_owned()), None, &mut batch);
        batch.hand_over(cursor, &mut kept).await;
        kept.0.iter().map(|heard| heard.json.as_u64().unwrap()).collect()
    }

    #[tokio::test]
    async fn at_first_the_newest_then_what_is_new_and_nothing_twice() {
        let mut cursor = None;
        assert_eq!(look(&mut cursor, 0..30).await, (20..30).collect::<Vec<_>>());
        assert_eq!(look(&mut cursor, 0..30).await, Vec::<u64>::new());
        assert_eq!(look(&mut cursor, 2..32).await, [30, 31]);
        // What left the document and comes back is not new.
        assert_eq!(look(&mut cursor, 0..33).await, [32]);
        assert_eq!(Known::read(cursor.as_deref()).etag.as_deref(), Some("\"v\""));
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let mut cursor = None;
        for round in 0..40 {
            look(&mut cursor, round * 50..round * 50 + 60).await;
        }
        assert!(cursor.unwrap().len() < 10_000);
    }
}
