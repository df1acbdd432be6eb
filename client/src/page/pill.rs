//! How the connection stands: a dot and a word.

use super::part::{part, sentence};
use crate::link::plan::{Status, Way};
use crate::store::Store;
use leptos::prelude::*;

/// The word for a state, and its classes in the style sheet.
pub fn word(status: &Status, online: bool) -> (&'static str, &'static str) {
    match status {
        Status::Live(Way::WebSocket) => ("Live", "pill live"),
        Status::Live(Way::EventSource) => ("Live by server-sent events", "pill live"),
        Status::Live(Way::LongPoll) => ("Live by long polling", "pill live"),
        Status::Ended(_) | Status::Refused(_) => ("Not connected", "pill off"),
        _ if !online => ("Offline", "pill off"),
        Status::Connecting => ("Connecting…", "pill wait"),
        Status::Reconnecting => ("Reconnecting…", "pill wait"),
    }
}

/// The live pill.
#[component]
pub fn LivePill(
    /// Whose connection.
    store: Store,
) -> impl IntoView {
    let pill = part(move || {
        let (word, state) = store.status.with(|status| word(status, store.online.get()));
        sentence(state, word.to_owned(), None)
    });
    view! { <div role="status">{pill}</div> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nowcast_shared::error::Reason;

    #[test]
    fn being_offline_is_said_only_when_nothing_comes_through() {
        assert_eq!(word(&Status::Live(Way::WebSocket), false), ("Live", "pill live"));
        assert_eq!(word(&Status::Reconnecting, false), ("Offline", "pill off"));
        assert_eq!(word(&Status::Reconnecting, true), ("Reconnecting…", "pill wait"));
        assert_eq!(word(&Status::Ended(Reason::RoomClosed), true), ("Not connected", "pill off"));
    }
}
