//! The list of items: new ones at the top without a jump, older ones as they are scrolled to.

use super::item::{Actions, ItemView};
use crate::dom::{self, Listener, Watch};
use crate::store::Store;
use crate::store::feed::Older;
use crate::{api, read};
use leptos::html::Div;
use leptos::prelude::*;
use nowcast_shared::id::RoomName;
use nowcast_shared::offset::Offset;

/// How far the reader is.
#[derive(Clone, Copy)]
pub struct Reading {
    /// Whether the newest item is in view.
    pub at_top: RwSignal<bool>,
    /// How many items came that the reader has not had in view.
    pub unseen: Memo<usize>,
    /// Whether the page is in front.
    pub visible: RwSignal<bool>,
}

impl Reading {
    /// Follows a reader of `store`.
    pub fn new(store: Store) -> Self {
        let at_top = RwSignal::new(true);
        let visible = RwSignal::new(dom::visible());
        Listener::on(&dom::document(), "visibilitychange", move |_| visible.set(dom::visible()))
            .forever();
        let seen = RwSignal::new(None);
        Effect::new(move |_| {
            let newest = store.feed.newest();
            let looking = at_top.get() && visible.get();
            if store.feed.ready.get()
                && (looking || seen.get_untracked().is_none_or(|seen| seen > newest))
            {
                seen.set(Some(newest));
            }
        });
        let unseen =
            Memo::new(move |_| seen.get().map_or(0, |seen: Offset| store.feed.newer_than(seen)));
        Self { at_top, unseen, visible }
    }
}

/// Asks for items before the oldest one.
fn load_older(room: RoomName, store: Store) {
    let Some(request) = store.feed.ask_older() else {
        return;
    };
    wasm_bindgen_futures::spawn_local(async move {
        let url = format!("/api/rooms/{room}/items?before={}&limit=30", request.before);
        let answer = match api::get(&url).await {
            Ok(page) => Ok((read::list(&page, "items", read::item), read::truth(&page, "more"))),
            Err(problem) => Err(problem.detail),
        };
        store.feed.got_older(request, answer);
    });
}

/// The items of a room, newest first.
#[component]
pub fn FeedList(
    /// Whose items.
    store: Store,
    /// Where older ones are asked for.
    room: RoomName,
    /// How far the reader is.
    reading: Reading,
    /// What can be done with each item.
    #[prop(optional_no_strip)]
    actions: Option<Actions>,
) -> impl IntoView {
    let feed = store.feed;
    let top = NodeRef::<Div>::new();
    let end = NodeRef::<Div>::new();
    top.on_load(move |top| {
        let watch = Watch::on(&top, "0px", move |seen| reading.at_top.set(seen));
        StoredValue::new_local(watch);
    });
    let older = {
        let room = room.clone();
        move || load_older(room.clone(), store)
    };
    let more = older.clone();
    end.on_load(move |end| {
        let watch = Watch::on(&end, "800px", move |near| {
            if near && feed.older.get_untracked() == Older::More && feed.ready.get_untracked() {
                more();
            }
        });
        Effect::new(move |_| {
            let ready = feed.ready.get();
            if let Some(watch) = watch.as_ref().filter(|_| ready && feed.older.get() == Older::More)
            {
                watch.again();
            }
        });
    });
    Effect::new(move |_| {
        feed.entries.track();
        if reading.at_top.get() {
            feed.trim();
        }
    });
    let back_up = move |_| {
        if let Some(top) = top.get_untracked() {
            dom::scroll_to(&top);
            // The button goes away; without this the keyboard would be nowhere.
            let _ = top.focus();
        }
    };
    let news = move || {
        let count = reading.unseen.get();
        (count > 0 && !reading.at_top.get())
            .then(|| view! { <button on:click=back_up>{count}" new"</button> })
    };
    view! {
        <div class="feed">
            <div class="top" tabindex="-1" node_ref=top></div>
            <div class="news">{news}</div>
            <ol>
                <For each=move || feed.entries.get() key=|entry| entry.id.clone() let:entry>
                    {
                        let grow = entry.arrived && reading.at_top.get_untracked();
                        view! {
                            <li class:grow=grow>
                                <ItemView entry=entry actions=actions.clone() />
                            </li>
                        }
                    }
                </For>
            </ol>
            {move || state(store, older.clone())}
            <div class="end" node_ref=end></div>
        </div>
    }
}

/// What is to be said below the items.
fn state(store: Store, older: impl Fn() + Clone + Send + 'static) -> AnyView {
    let feed = store.feed;
    if !feed.ready.get() {
        return skeleton();
    }
    let empty = feed.entries.with(Vec::is_empty);
    match feed.older.get() {
        Older::End | Older::More if empty => view! {
            <p class="empty">
                <strong>"Nothing here yet"</strong>
                "What is published here will appear by itself."
            </p>
        }
        .into_any(),
        Older::More => ().into_any(),
        Older::Loading => skeleton(),
        Older::Failed(detail) => view! {
            <p class="hint">
                {detail} <button on:click=move |_| older()>"Try again"</button>
            </p>
        }
        .into_any(),
        Older::End => view! { <p class="hint">"That is where it began."</p> }.into_any(),
    }
}

fn skeleton() -> AnyView {
    view! { <div class="skeleton" aria-busy="true"></div> }.into_any()
}
