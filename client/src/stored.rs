//! Small texts that the browser stores for the page.
//!
//! Storage is a convenience. It may be full or forbidden: then what is put there lasts as long as
//! the page that knows it.

use crate::dom;
use web_sys::Storage;

/// Where a text is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// For all pages of this server in this browser, for good.
    Browser,
    /// For this tab, over reloads.
    Tab,
}

impl Shelf {
    fn storage(self) -> Option<Storage> {
        let window = dom::window();
        let storage = match self {
            Self::Browser => window.local_storage(),
            Self::Tab => window.session_storage(),
        };
        storage.ok().flatten()
    }

    /// What is stored under a name.
    pub fn get(self, name: &str) -> Option<String> {
        self.storage()?.get_item(name).ok().flatten()
    }

    /// Stores a text under a name.
    pub fn put(self, name: &str, value: &str) {
        if let Some(storage) = self.storage() {
            let _ = storage.set_item(name, value);
        }
    }

    /// Stores nothing under a name any more.
    pub fn remove(self, name: &str) {
        if let Some(storage) = self.storage() {
            let _ = storage.remove_item(name);
        }
    }
}
