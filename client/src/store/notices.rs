//! What was sent to this user alone.

use super::live::Live;
use super::signal;
use crate::read::Json;
use leptos::prelude::*;

/// So many are remembered, so that none is shown a second time.
const REMEMBERED: usize = 64;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its name.
    pub id: String,
    /// Whatever was sent.
    pub data: Json,
}

/// Those that are to be seen, and up to where the page has seen them.
#[derive(Clone, Copy)]
pub struct Notices {
    /// Oldest first.
    pub open: Live<Vec<Notice>>,
    /// Newest last.
    known: StoredValue<Vec<String>>,
}

impl Notices {
    pub(super) fn new() -> Self {
        Self { open: signal(Vec::new()), known: StoredValue::new(Vec::new()) }
    }

    /// The last one that the page has seen.
    pub fn last(self) -> Option<String> {
        self.known.with_value(|known| known.last().cloned())
    }

    /// Goes on after one that an earlier page has seen.
    pub fn restore(self, last: String) {
        self.known.set_value(vec![last]);
    }

    /// Takes one in, and says whether it is new.
    pub(super) fn add(self, notice: Notice) -> bool {
        if self.known.with_value(|known| known.contains(&notice.id)) {
            return false;
        }
        self.known.update_value(|known| {
            if known.len() >= REMEMBERED {
                known.remove(0);
            }
            known.push(notice.id.clone());
        });
        self.open.update(|open| open.push(notice));
        true
    }

    /// Shows one no more.
    pub fn dismiss(self, id: &str) {
        self.open.update(|open| open.retain(|notice| notice.id != id));
    }
}
