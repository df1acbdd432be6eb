//! The viewers' page.

use super::clock::Clock;
use super::list::{FeedList, Reading};
use super::menu::Menu;
use super::pill::LivePill;
use crate::link::plan::Status;
use crate::link::{Link, Page};
use crate::place::Place;
use crate::store::Store;
use crate::{dom, keep};
use leptos::prelude::*;
use nowcast_shared::error::Reason;
use nowcast_shared::id::RoomName;

/// Shows what the address asks for, unless that is the desk, which is another program.
pub fn mount() {
    let place = Place::here();
    if matches!(place, Place::Admin(_)) {
        return;
    }
    if let Some(start) = dom::document().get_element_by_id("start") {
        start.remove();
    }
    match place {
        Place::Feed(room) => leptos::mount::mount_to_body(move || view! { <Feed room=room /> }),
        _ => {
            leptos::mount::mount_to_body(|| view! { <Nowhere sentence="There is no such page." /> })
        }
    }
}

/// A page that does not exist.
#[component]
fn Nowhere(#[prop(into)] sentence: String) -> impl IntoView {
    view! {
        <main class="page nowhere">
            <h1>{sentence}</h1>
            <p>
                <a href="/">"Go to the main room"</a>
            </p>
        </main>
    }
}

/// A room's feed.
#[component]
pub fn Feed(
    /// Which room.
    room: RoomName,
) -> impl IntoView {
    let store = Store::new();
    Clock::start();
    keep::restore(&room, store);
    keep::keep(room.clone(), store);
    let link = StoredValue::new_local(Link::start(room.clone(), Page::Feed, store));
    let reading = Reading::new(store);
    let name = room.clone();
    let title = Memo::new(move |_| {
        let title = store.title.get();
        if title.is_empty() { name.to_string() } else { title }
    });
    Effect::new(move |_| {
        let title = title.get();
        let unseen = if reading.visible.get() { 0 } else { reading.unseen.get() };
        dom::document().set_title(&if unseen > 0 { format!("({unseen}) {title}") } else { title });
    });
    let refused = Memo::new(move |_| match store.status.get() {
        Status::Refused(refusal) => Some(refusal),
        _ => None,
    });
    let again = move || link.with_value(Link::restart);
    move || match refused.get() {
        Some(refusal) if refusal.status == 404 => {
            view! { <Nowhere sentence=format!("There is no room called “{room}”.") /> }.into_any()
        }
        Some(refusal) => view! { <Nowhere sentence=refusal.detail /> }.into_any(),
        None => view! {
            <main class="page">
                <header class="head">
                    <h1>{move || title.get()}</h1>
                    <Menu />
                    <p>
                        <LivePill store=store />
                        {move || store.people.count.get().map(|count| format!("{count} watching"))}
                    </p>
                </header>
                <Notices store=store again=again />
                <FeedList store=store room=room.clone() reading=reading />
            </main>
        }
        .into_any(),
    }
}

/// What has to be said about the whole page.
#[component]
fn Notices(store: Store, again: impl Fn() + Copy + Send + 'static) -> impl IntoView {
    let ended = move || match store.status.get() {
        Status::Ended(reason) => Some(view! {
            <p class="notice">
                {sentence(reason)} <button on:click=move |_| again()>"Connect again"</button>
            </p>
        }),
        _ => None,
    };
    let restarted = move || {
        store.feed.restarted.get().then(|| {
            view! { <p class="notice">"This room began anew. Some older items may be missing."</p> }
        })
    };
    let open = move || {
        store.open.get().then(|| view! { <p class="notice">"Anyone can publish here."</p> })
    };
    view! {
        {ended}
        {restarted}
        {open}
    }
}

/// Why a session ended for good, in words.
fn sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::Replaced => "This page was continued somewhere else.",
        Reason::RoomClosed => "This room was closed.",
        _ => "The server ended this connection.",
    }
}
