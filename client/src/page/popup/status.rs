//! How the connection stands, as the extension's service worker tells it.

use crate::read;
use wasm_bindgen::prelude::*;

/// What can be said about it in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// It is on its way; also before the worker has said anything.
    #[default]
    Connecting,
    /// What is published comes at once.
    Live,
    /// Nothing comes through.
    Offline,
}

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) state: State,
    /// When it was last live, in Unix milliseconds, if it is not now.
    pub(super) since: Option<i64>,
    /// Why nothing comes, in words.
    pub(super) problem: Option<String>,
    /// How many pages are open.
    pub(super) watching: Option<u64>,
}

impl Status {
    pub(super) fn read(value: &JsValue) -> Self {
        let state = match read::text(value, "state").as_deref() {
            Some("live") => State::Live,
            Some("offline") => State::Offline,
            _ => State::Connecting,
        };
        Self {
            state,
            since: read::whole(value, "since").and_then(|since| since.try_into().ok()),
            problem: read::text(value, "problem"),
            watching: read::whole(value, "watching"),
        }
    }
}
