//! Who this page is: to the server, by secrets; to others, by a public id and a name.

use super::live::Live;
use super::signal;
use leptos::prelude::*;
use nowcast_shared::id::PublicId;

/// What the server recognises this page's person by. None of it is shown to anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// Made once, the same in all tabs of this browser; empty where the page is nobody's.
    pub person: String,
    /// Signed by the owner of the page: which user this is.
    pub token: Option<String>,
    /// Which user this says to be, under `--open`.
    pub user: Option<String>,
}

/// Who this page is.
#[derive(Clone, Copy)]
pub struct Me {
    /// What the link tells the server.
    pub secrets: StoredValue<Secrets>,
    /// What the person wants to be called; `None` if nobody has asked yet, empty for nothing.
    pub wish: Live<Option<String>>,
    /// What others see this page as.
    pub id: Live<PublicId>,
    /// What others see this page called: as wished, perhaps with a number behind it.
    pub name: Live<Option<String>>,
    /// As which user the page is registered.
    pub user: Live<Option<String>>,
}

impl Me {
    pub(super) fn new() -> Self {
        Self {
            secrets: StoredValue::new(Secrets::default()),
            wish: signal(None),
            id: signal(PublicId(String::new())),
            name: signal(None),
            user: signal(None),
        }
    }

    /// What others most likely see this page called; empty if nothing. Reading it tracks it.
    pub fn called(self) -> String {
        self.name.get().or_else(|| self.wish.get()).unwrap_or_default()
    }
}
