//! Shared variables: small named values that the server and all pages see alike.

use crate::read::Json;
use leptos::prelude::*;
use nowcast_shared::frame::Variable;
use std::collections::BTreeMap;

/// All of a room, by name. Views do not show them; who is interested hears of changes by
/// [`News`](super::News).
#[derive(Clone, Copy)]
pub struct Variables(StoredValue<BTreeMap<String, Variable<Json>>>);

impl Variables {
    pub(super) fn new() -> Self {
        Self(StoredValue::new(BTreeMap::new()))
    }

    /// Looks at all of them.
    pub fn with<T>(self, look: impl FnOnce(&BTreeMap<String, Variable<Json>>) -> T) -> T {
        self.0.with_value(look)
    }

    pub(crate) fn replace(self, all: BTreeMap<String, Variable<Json>>) {
        self.0.set_value(all);
    }

    pub(super) fn set(self, name: String, variable: Variable<Json>) {
        self.0.update_value(|all| drop(all.insert(name, variable)));
    }

    pub(super) fn unset(self, name: &str) {
        self.0.update_value(|all| drop(all.remove(name)));
    }
}
