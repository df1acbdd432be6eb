//! The shared variables as far as this page has heard of them. Pure.
//!
//! They are heard of by events, in their order, and now and then asked for beside that. A variable's
//! version is where it was set in the room's log, so the newer of two is told by its number alone.

use crate::read::Json;
use nowcast_shared::frame::Variable;
use std::collections::BTreeMap;

/// What is known of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    all: BTreeMap<String, Variable<Json>>,
    /// Whether the server has said which there are.
    begun: bool,
}

impl Known {
    /// Whether the server has said which there are.
    pub fn begun(&self) -> bool {
        self.begun
    }

    /// These are all of them.
    pub fn begin(&mut self, all: BTreeMap<String, Variable<Json>>) {
        *self = Self { all, begun: true };
    }

    /// These were all of them when they were asked for; some may have been heard of since.
    pub fn see(&mut self, seen: BTreeMap<String, Variable<Json>>) {
        let last = seen.values().map(|variable| variable.version).max().unwrap_or_default();
        self.all.retain(|name, variable| seen.contains_key(name) || variable.version > last);
        for (name, variable) in seen {
            self.set(name, variable);
        }
    }

    /// One has a value.
    pub fn set(&mut self, name: String, variable: Variable<Json>) {
        if self.all.get(&name).is_none_or(|known| known.version < variable.version) {
            self.all.insert(name, variable);
        }
    }

    /// One is gone.
    pub fn unset(&mut self, name: &str) {
        self.all.remove(name);
    }

    /// The names of those that there are, in their order.
    pub fn names(&self) -> Vec<String> {
        self.all.keys().cloned().collect()
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<Variable<Json>> {
        self.all.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(value: &str, version: u64) -> Variable<Json> {
        Variable { value: Json(value.into()), version }
    }

    fn all(all: &[(&str, &str, u64)]) -> BTreeMap<String, Variable<Json>> {
        all.iter().map(|(name, value, at)| ((*name).to_owned(), variable(value, *at))).collect()
    }

    fn known(begun: &[(&str, &str, u64)]) -> Known {
        let mut known = Known::default();
        known.begin(all(begun));
        known
    }

    #[test]
    fn the_newest_version_wins_however_late_an_older_one_is_heard() {
        let mut known = known(&[("score", "1", 4)]);
        known.set("score".into(), variable("2", 10));
        known.set("score".into(), variable("1", 4));
        assert_eq!(known.get("score"), Some(variable("2", 10)));
        known.unset("score");
        assert_eq!((known.get("score"), known.names().len()), (None, 0));
    }

    #[test]
    fn an_answer_takes_nothing_back_that_was_heard_since() {
        let mut known = known(&[("a", "1", 3), ("b", "2", 5)]);
        known.set("c".into(), variable("9", 30));
        known.see(all(&[("b", "4", 12)]));
        assert_eq!(known.names(), ["b", "c"], "what is gone is gone, what is newer stays");
        assert_eq!(known.get("b"), Some(variable("4", 12)));
        known.see(all(&[("b", "2", 5), ("c", "9", 30)]));
        assert_eq!(known.get("b"), Some(variable("4", 12)));
        assert!(known.begun());
    }
}
