//! Why a record did not become an item, and how many did.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Why something that was heard is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is no JSON.
    Malformed,
    /// The map finds nothing in it that makes an item.
    Unmapped,
    /// None of the topic words is in it.
    Words,
    /// It is in another language.
    Language,
    /// Its author is blocked.
    Author,
    /// It was heard before, or says what was said before.
    Repeat,
    /// There were as many as may be this minute.
    Rate,
    /// As many wait for approval as may.
    Queue,
    /// No item can be like that: too large, or with an address that leads nowhere.
    Refused,
}

impl Reason {
    /// All of them.
    pub(super) const ALL: [Self; 9] = [
        Self::Malformed,
        Self::Unmapped,
        Self::Words,
        Self::Language,
        Self::Author,
        Self::Repeat,
        Self::Rate,
        Self::Queue,
        Self::Refused,
    ];

    /// Its name in answers.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unmapped => "unmapped",
            Self::Words => "words",
            Self::Language => "language",
            Self::Author => "author",
            Self::Repeat => "repeat",
            Self::Rate => "rate",
            Self::Queue => "queue",
            Self::Refused => "refused",
        }
    }

    /// Its place among all.
    const fn place(self) -> usize {
        self as usize
    }
}

/// How much was heard, and what became of it. What was heard is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Heard, those that could not be read among them.
    pub(super) seen: u64,
    /// Shown.
    pub(super) published: u64,
    /// Put into the approval queue.
    pub(super) held: u64,
    dropped: [u64; Reason::ALL.len()],
}

impl Counts {
    /// So many more were dropped.
    pub(super) fn drop(&mut self, reason: Reason, count: u64) {
        self.dropped[reason.place()] += count;
    }

    /// How many were dropped for this reason.
    pub(super) fn dropped(&self, reason: Reason) -> u64 {
        self.dropped[reason.place()]
    }

    /// How many were dropped altogether.
    pub(super) fn all_dropped(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// By their names.
    pub(super) fn reasons(&self) -> Value {
        let named =
            Reason::ALL.map(|reason| (reason.as_str().to_owned(), json!(self.dropped(reason))));
        Value::Object(Map::from_iter(named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_counted_for_itself() {
        let mut counts = Counts::default();
        for (count, reason) in (1..).zip(Reason::ALL) {
            counts.drop(reason, count);
        }
        for (count, reason) in (1..).zip(Reason::ALL) {
            assert_eq!(counts.dropped(reason), count);
            assert_eq!(counts.reasons()[reason.as_str()], count);
        }
        assert_eq!(counts.all_dropped(), 45);
    }
}
