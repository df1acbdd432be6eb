//! How the connection stands: a dot and a word.

use super::part::part;
use crate::link::plan::{Status, Way};
use crate::store::Store;
use leptos::prelude::*;

/// The word for a state, and the name under which the style sheet knows it.
pub fn word(status: &Status, online: bool) -> (&'static str, &'static str) {
    match status {
        Status::Live(Way::WebSocket) => ("Live", "live"),
        Status::Live(Way::EventSource) => ("Live by server-sent events", "live"),
        Status::Live(Way::LongPoll) => ("Live by long polling", "live"),
        Status::Ended(_) | Status::Refused(_) => ("Not connected", "off"),
        _ if !online => ("Offline", "off"),
        Status::Connecting => ("Connecting…", "wait"),
        Status::Reconnecting => ("Reconnecting…", "wait"),
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
        view! { <span class="pill" data-state=state>{word}</span> }.into_any()
    });
    view! { <span role="status">{pill}</span> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nowcast_shared::error::Reason;

    #[test]
    fn being_offline_is_said_only_when_nothing_comes_through() {
        assert_eq!(word(&Status::Live(Way::WebSocket), false), ("Live", "live"));
        assert_eq!(word(&Status::Reconnecting, false), ("Offline", "off"));
        assert_eq!(word(&Status::Reconnecting, true), ("Reconnecting…", "wait"));
        assert_eq!(word(&Status::Ended(Reason::RoomClosed), true), ("Not connected", "off"));
    }
}
