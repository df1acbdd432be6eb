//! Records that came together.

use super::events::MOST_ID;
use super::failure::Failure;
use super::{Heard, Listener, MOST_BATCH, MOST_RECORD, Resume};
use serde_json::Value;

/// Collects records until they are handed over.
#[derive(Debug, Default)]
pub(super) struct Batch {
    heard: Vec<Heard>,
    /// How long these were as they came.
    bytes: usize,
    malformed: u64,
}

impl Batch {
    /// One record more, as it came; it says by itself where it stands, if anything does.
    pub(super) fn json(&mut self, json: &[u8], resume: Option<&Resume>) {
        self.read(json, |json| resume.and_then(|resume| position(json, resume)));
    }

    /// One record more, as it came, which stands there.
    pub(super) fn json_at(&mut self, json: &[u8], cursor: Option<String>) {
        self.read(json, |_json| cursor);
    }

    fn read(&mut self, json: &[u8], cursor: impl FnOnce(&Value) -> Option<String>) {
        self.bytes += json.len();
        match serde_json::from_slice(json) {
            Ok(json) => {
                let cursor = cursor(&json);
                self.push(json, cursor);
            }
            Err(_unreadable) => self.malformed(),
        }
    }

    /// One record more.
    pub(super) fn push(&mut self, json: Value, cursor: Option<String>) {
        self.bytes += cursor.as_ref().map_or(0, String::len);
        self.heard.push(Heard { json, cursor });
    }

    /// One that cannot be read.
    pub(super) fn malformed(&mut self) {
        self.malformed += 1;
    }

    /// Takes what was read, and what else is there already: fewer and larger batches cost less to deal
    /// with. Why there is nothing more, once it ends.
    pub(super) fn fill<R>(
        &mut self,
        first: R,
        mut more: impl FnMut() -> Option<R>,
        mut take: impl FnMut(R, &mut Self) -> Option<Failure>,
    ) -> Option<Failure> {
        let mut next = Some(first);
        while let Some(read) = next {
            let end = take(read, self);
            if end.is_some() {
                return end;
            }
            next = if self.is_full() { None } else { more() };
        }
        None
    }

    /// Whether it is time to hand them over.
    fn is_full(&self) -> bool {
        self.heard.len() >= MOST_BATCH || self.bytes >= MOST_RECORD
    }

    /// Hands over what was collected, and notes where that ends; whether it was anything.
    pub(super) async fn hand_over(
        &mut self,
        cursor: &mut Option<String>,
        listener: &mut impl Listener,
    ) -> bool {
        if self.malformed > 0 {
            listener.malformed(std::mem::take(&mut self.malformed));
        }
        self.bytes = 0;
        let any = !self.heard.is_empty();
        let mut rest = std::mem::take(&mut self.heard).into_iter();
        loop {
            let batch: Vec<Heard> = rest.by_ref().take(MOST_BATCH).collect();
            if batch.is_empty() {
                return any;
            }
            let last = batch.iter().rev().find_map(|heard| heard.cursor.clone());
            listener.heard(batch).await;
            if last.is_some() {
                *cursor = last;
            }
        }
    }
}

/// Where a record says that it stands.
fn position(json: &Value, resume: &Resume) -> Option<String> {
    match json.pointer(&resume.pointer)? {
        Value::String(text) if text.len() <= MOST_ID => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn positions_count_and_are_short() {
        let resume = Resume { pointer: "/at".to_owned(), field: "cursor".to_owned() };
        assert_eq!(position(&json!({"at": 5}), &resume).as_deref(), Some("5"));
        assert_eq!(position(&json!({"at": "x".repeat(MOST_ID + 1)}), &resume), None);
        let mut batch = Batch::default();
        let cursor = "x".repeat(MOST_RECORD / 2);
        batch.json_at(b"1", Some(cursor.clone()));
        assert!(!batch.is_full());
        batch.json_at(b"1", Some(cursor));
        assert!(batch.is_full());
    }

    #[test]
    fn what_is_there_already_goes_with_it_until_a_batch_is_full_or_it_ends() {
        let number = |number: u32, batch: &mut Batch| {
            batch.json(number.to_string().as_bytes(), None);
            (number == 3).then_some(Failure::Ended)
        };
        let mut there = [1, 2].into_iter();
        let mut batch = Batch::default();
        assert!(batch.fill(0, || there.next(), number).is_none(), "there may come more");
        assert_eq!(batch.heard.len(), 3);
        assert!(matches!(batch.fill(3, || None, number), Some(Failure::Ended)));
        assert!(batch.fill(4, || Some(4), number).is_none());
        assert_eq!(batch.heard.len(), MOST_BATCH);
    }
}
