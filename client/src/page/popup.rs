//! The extension's popup: the room's newest items in a small window.
//!
//! The extension's service worker has the connection, and keeps the items in the extension's
//! storage. The popup shows what is there at once, also offline; then the worker hands it the
//! server's frames, which change the same store in the same way as on the page.
//!
//! - [`worker`]: the other end. [`status`]: how it says that the connection stands.
//! - [`head`]: title, connection, ways out. [`rows`]: the items.

mod head;
mod rows;
mod status;
mod worker;

use super::clock::Clock;
use super::item::watch_pictures;
use super::part::{Part, button, effect, fixed, nothing, part};
use crate::store::feed::Older;
use crate::store::{Store, signal};
use crate::{dom, keep, read};
use leptos::prelude::*;
use nowcast_shared::id::RoomName;
use nowcast_shared::offset::Offset;
use status::{State, Status};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Shows the popup, once it is known what was kept.
pub fn mount() {
    dom::spawn(async {
        let stored = worker::stored().await;
        leptos::mount::mount_to_body(move || popup(&stored));
        // What has kept the place until now.
        if let Some(start) = dom::find("#start") {
            start.remove();
        }
    });
}

/// Which room it is about.
#[derive(Clone)]
struct Place {
    /// The server's origin.
    server: Rc<str>,
    /// The room's page.
    page: Rc<str>,
    /// What it is called until it has a title.
    room: Rc<str>,
}

impl Place {
    /// Reads it from the settings, if one is set.
    fn read(settings: &JsValue) -> Option<Self> {
        let place = read::get(settings, "place");
        let server = read::text(&place, "server")?;
        let room: RoomName = read::text(&place, "room")?.parse().ok()?;
        let mut page = if room == RoomName::main() {
            server.clone() + "/"
        } else {
            format!("{server}/r/{room}")
        };
        if let Some(invitation) = read::text(&place, "invitation") {
            let invitation: String = js_sys::encode_uri_component(&invitation).into();
            page = page + "?invitation=" + &invitation;
        }
        Some(Self { server: server.into(), page: page.into(), room: room.to_string().into() })
    }
}

fn popup(stored: &JsValue) -> AnyView {
    let Some(place) = Place::read(&read::get(stored, "settings")) else {
        return unset();
    };
    stand_on(&place.server);
    let store = Store::new();
    let kept = read::get(stored, "kept");
    keep::restore_value(&kept, store);
    let mark = seen(&kept, store);
    let status = signal(Status::default());
    Clock::start();
    watch_pictures();
    worker::follow(store, status);
    effect(move || {
        store.feed.entries.track();
        store.feed.trim();
    });
    let page = place.page.clone();
    view! {
        {head::head(store, status, &place)}
        <main class="feed">
            {part(move || problem(store, status))}
            <ol>{rows::rows(store, mark)}</ol>
            {end(store, status, &page)}
        </main>
    }
    .into_any()
}

/// Lets the addresses of pictures and links in items, which are the server's, lead there; all of
/// them to other tabs.
fn stand_on(server: &str) {
    let document = dom::document();
    if let (Ok(base), Some(head)) = (document.create_element("base"), document.head()) {
        let _ = base.set_attribute("href", server);
        let _ = base.set_attribute("target", "_blank");
        let _ = head.append_child(&base);
    }
}

/// Up to where the person had looked, if that is of the same life of the room.
fn seen(kept: &JsValue, store: Store) -> Option<Offset> {
    let seen = read::get(kept, "seen");
    let position = store.feed.position()?;
    let same = read::text(&seen, "epoch")? == position.epoch.0;
    read::whole(&seen, "offset").map(Offset).filter(|_| same)
}

/// What there is to do before there is a room.
fn unset() -> AnyView {
    view! {
        <main class="nowhere">
            <h1>"No room yet"</h1>
            <p>"Say which server and which room to follow."</p>
            <p>{button("Choose a room".to_owned(), worker::open_options)}</p>
        </main>
    }
    .into_any()
}

/// Why nothing new comes.
fn problem(store: Store, status: crate::store::live::Live<Status>) -> AnyView {
    let Some(problem) = status.with(|status| status.problem.clone()) else {
        return nothing();
    };
    let kept = if store.feed.empty.get() { "" } else { "This is what was kept." };
    let settings = button("Settings".to_owned(), worker::open_options);
    view! {
        <div class="notice" role="status">
            <p>{problem} " " {kept}</p>
            {settings}
        </div>
    }
    .into_any()
}

/// What is to be said below the items.
fn end(store: Store, status: crate::store::live::Live<Status>, page: &Rc<str>) -> Part {
    let page = page.to_string();
    part(move || {
        let feed = store.feed;
        if !feed.ready.get() {
            let waits = status.with(|status| status.state != State::Offline);
            return if waits { fixed(SKELETON) } else { nothing() };
        }
        if feed.older.get() != Older::End {
            return view! { <p class="hint"><a href=page.clone()>"Older items are on the page"</a></p> }
                .into_any();
        }
        fixed(if feed.empty.get() { EMPTY } else { BEGINNING })
    })
}

const SKELETON: &str = "<div class='skeleton' aria-busy='true'></div>";
const EMPTY: &str = "<p class='empty'><strong>Nothing here yet</strong> What is published in this \
                     room will appear by itself.</p>";
const BEGINNING: &str = "<p class='hint'>That is where it began.</p>";
