//! The head of the popup: what the room is called, how the connection stands, the ways out.

use super::Place;
use super::status::{State, Status};
use super::worker;
use crate::page::part::{part, sentence, words};
use crate::store::Store;
use crate::store::live::Live;
use crate::time;
use leptos::prelude::*;
use web_sys::MouseEvent;

pub(super) fn head(store: Store, status: Live<Status>, place: &Place) -> AnyView {
    let room = place.room.to_string();
    let title = words(move || {
        let title = store.title.get();
        if title.is_empty() { room.clone() } else { title }
    });
    let pill = part(move || {
        let (class, words) = status.with(said);
        sentence(class, words, None)
    });
    let watching = words(move || match status.with(|status| status.watching) {
        None | Some(0) => String::new(),
        Some(count) => format!("{count} watching"),
    });
    let options: Box<dyn FnMut(MouseEvent)> = Box::new(|_| worker::open_options());
    view! {
        <header class="head">
            <h1 dir="auto">{title}</h1>
            <nav>
                <a
                    class="tool page-link"
                    href=place.page.to_string()
                    aria-label="Open the page"
                    title="Open the page"
                ></a>
                <button
                    class="tool options-link"
                    aria-label="Settings"
                    title="Settings"
                    on:click=options
                ></button>
            </nav>
            <div class="now">
                <div role="status">{pill}</div>
                <span class="count">{watching}</span>
            </div>
        </header>
    }
    .into_any()
}

/// The class and the words of the sign.
fn said(status: &Status) -> (&'static str, String) {
    match (status.state, status.since) {
        (State::Live, _) => ("pill live", "Live".to_owned()),
        (State::Connecting, _) => ("pill wait", "Connecting…".to_owned()),
        (State::Offline, Some(since)) => {
            ("pill off", "Offline since ".to_owned() + &time::short(since))
        }
        (State::Offline, None) => ("pill off", "Not connected".to_owned()),
    }
}
