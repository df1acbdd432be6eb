//! The shared variables as far as this page has heard of them. Pure.
//!
//! What is heard may be heard twice, and late: a variable's version is where it was set in the
//! room's log, so the newest is told from the rest by its number alone.

use crate::read::Json;
use nowcast_shared::frame::Variable;
use std::collections::BTreeMap;

/// What is known of each variable, also of those that are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    all: BTreeMap<String, (u64, Option<Json>)>,
    /// Whether the server has said which there are.
    begun: bool,
}

impl Known {
    /// Whether the server has said which there are.
    pub fn begun(&self) -> bool {
        self.begun
    }

    /// All of them, as they were at this place of the log.
    pub fn begin(&mut self, offset: u64, all: BTreeMap<String, Variable<Json>>) {
        self.begun = true;
        self.all.retain(|_, (version, _)| *version > offset);
        for (name, variable) in all {
            self.set(name, variable);
        }
    }

    /// These there are at the moment, and no others, wherever in the log that is.
    pub fn see(&mut self, now: BTreeMap<String, Variable<Json>>) {
        for (name, (version, value)) in &mut self.all {
            if !now.contains_key(name) && value.is_some() {
                // It went after it was set, and before it may be set again.
                *version += 1;
                *value = None;
            }
        }
        for (name, variable) in now {
            self.set(name, variable);
        }
    }

    /// One has a value; whether that is new.
    pub fn set(&mut self, name: String, Variable { value, version }: Variable<Json>) -> bool {
        let new = self.all.get(&name).is_none_or(|(known, _)| *known < version);
        if new {
            self.all.insert(name, (version, Some(value)));
        }
        new
    }

    /// One was gone at this place of the log; whether that is new.
    pub fn unset(&mut self, name: &str, at: u64) -> bool {
        let known = self.all.get_mut(name).filter(|(version, _)| *version < at);
        known.is_some_and(|known| {
            *known = (at, None);
            true
        })
    }

    /// The names of those that there are, in their order.
    pub fn names(&self) -> Vec<String> {
        let there = self.all.iter().filter(|(_, (_, value))| value.is_some());
        there.map(|(name, _)| name.clone()).collect()
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<Variable<Json>> {
        let (version, value) = self.all.get(name)?;
        Some(Variable { value: value.clone()?, version: *version })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.values().filter(|(_, value)| value.is_some()).count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(value: &str, version: u64) -> Variable<Json> {
        Variable { value: Json(value.into()), version }
    }

    fn known(all: &[(&str, &str, u64)]) -> Known {
        let mut known = Known::default();
        let all = all.iter().map(|(name, value, at)| ((*name).to_owned(), variable(value, *at)));
        known.begin(9, all.collect());
        known
    }

    #[test]
    fn the_newest_version_wins_however_often_and_late_it_is_heard() {
        let mut known = known(&[("score", "1", 4)]);
        known.set("score".into(), variable("2", 10));
        known.set("score".into(), variable("1", 4));
        assert_eq!(known.get("score"), Some(variable("2", 10)));
        known.unset("score", 7);
        assert!(known.get("score").is_some(), "it was set again after that");
        known.unset("score", 11);
        known.set("score".into(), variable("2", 10));
        assert_eq!((known.get("score"), known.names().len()), (None, 0));
        known.set("score".into(), variable("3", 12));
        assert_eq!(known.get("score"), Some(variable("3", 12)));
    }

    #[test]
    fn a_new_beginning_forgets_what_it_does_not_name() {
        let mut known = known(&[("a", "1", 3), ("b", "2", 5)]);
        known.set("c".into(), variable("3", 30));
        known.begin(20, BTreeMap::from([("b".to_owned(), variable("2", 5))]));
        assert_eq!(known.names(), ["b", "c"]);
        assert!(known.begun() && known.len() == 2);
    }

    #[test]
    fn what_is_gone_by_now_comes_back_only_when_it_is_set_again() {
        let mut known = known(&[("a", "1", 3), ("b", "2", 5)]);
        known.see(BTreeMap::from([("b".to_owned(), variable("4", 12))]));
        assert_eq!(
            (known.names(), known.get("b")),
            (vec!["b".to_owned()], Some(variable("4", 12)))
        );
        known.set("a".into(), variable("1", 3));
        assert_eq!(known.get("a"), None);
        known.set("a".into(), variable("5", 13));
        assert_eq!(known.get("a"), Some(variable("5", 13)));
    }
}
