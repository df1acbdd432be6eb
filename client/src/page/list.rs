//! The list of items: new ones at the top without a jump, older ones as they are scrolled to.

use super::item::{Actions, ItemView, writer};
use super::part::{Keyed, button, effect, fixed, keyed, nothing, part, sentence, words};
use crate::dom::{self, Listener, Timer, Watch, find};
use crate::store::feed::{Entry, MOST, Older};
use crate::store::live::Live;
use crate::store::{Store, set, signal};
use crate::{api, read};
use leptos::prelude::*;
use nowcast_shared::id::RoomName;
use nowcast_shared::item::{Body, Item};
use nowcast_shared::offset::Offset;
use std::cell::Cell;
use std::iter::successors;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use web_sys::Element;

/// How far the reader is.
#[derive(Clone, Copy)]
pub struct Reading {
    /// Whether the newest item is in view.
    pub at_top: Live<bool>,
    /// How many items came that the reader has not had in view.
    pub unseen: Live<u64>,
    /// Whether the page is in front.
    pub visible: Live<bool>,
    /// Whether another part of the page lies over the list.
    pub covered: Live<bool>,
}

impl Reading {
    /// Follows a reader of `store`.
    pub fn new(store: Store) -> Self {
        let this = Self {
            at_top: signal(true),
            unseen: signal(0),
            visible: signal(dom::visible()),
            covered: signal(false),
        };
        // It ends with the view that reads; a desk has one for each login.
        StoredValue::new_local(Listener::on(&dom::document(), "visibilitychange", move |_| {
            this.visible.set(dom::visible());
        }));
        let mut seen: Option<Offset> = None;
        effect(move || {
            let newest = store.feed.newest();
            let looking = this.at_top.get() && this.visible.get() && !this.covered.get();
            if !store.feed.ready.get() {
                return;
            }
            let mark = seen.filter(|seen| !looking && *seen <= newest).unwrap_or(newest);
            seen = Some(mark);
            set(this.unseen, store.feed.newer_than(mark));
        });
        this
    }
}

/// Asks for items before the oldest one.
fn load_older(room: &RoomName, store: Store) {
    let Some(request) = store.feed.ask_older() else {
        return;
    };
    let url = format!("/api/rooms/{room}/items?before={}&limit=30", request.before);
    dom::spawn(async move {
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
    let older = move || load_older(&room, store);
    watch(store, reading, older.clone());
    let anchors = anchors();
    let holding = signal(false);
    let rows = move || {
        if !anchors {
            hold(reading, holding);
        }
        let row = |entry: &Entry| {
            let (entry, actions) = (entry.clone(), actions.clone());
            let key = entry.key;
            let draw = move || row(entry.clone(), reading, actions.clone());
            Keyed { key, draw: Arc::new(draw) }
        };
        feed.entries.with(|entries| entries.iter().map(row).collect())
    };
    let news = part(move || {
        let count = reading.unseen.get();
        if count == 0 || reading.at_top.get() {
            return nothing();
        }
        button(format!("{count} new"), move || {
            if let Some(top) = find(TOP) {
                if anchors {
                    dom::scroll_to(&top);
                } else {
                    // An item that comes on the way would end a gentle movement (see `hold`).
                    top.scroll_into_view();
                }
                // The button goes away; without this the keyboard would be nowhere.
                dom::focus(&top);
            }
        })
    });
    view! {
        <div class="feed">
            <div class="top" tabindex="-1"></div>
            <div class="news">{news}</div>
            <p class="sr-only" aria-live="polite">{words(announcements(store))}</p>
            <ol>
                {keyed(rows)}
            </ol>
            {part(move || state(store, older.clone()))}
            <div class="end"></div>
        </div>
    }
}

fn row(entry: Entry, reading: Reading, actions: Option<Actions>) -> AnyView {
    let grow = entry.arrived && reading.at_top.get_untracked();
    view! {
        <li class=if grow { "grow" } else { "" }>
            <ItemView entry=entry actions=actions />
        </li>
    }
    .into_any()
}

/// Says what is new to those who listen to the page: at most every few seconds, and of many items
/// only how many.
fn announcements(store: Store) -> impl Fn() -> String + Send + 'static {
    let said = signal(String::new());
    let mark = Rc::new(Cell::new(None));
    let marked = mark.clone();
    let timer = Timer::new(move || {
        untrack(|| {
            let Some(since) = marked.replace(Some(store.feed.newest())) else {
                return;
            };
            let news = match store.feed.newer_than(since) {
                0 => return,
                1 => store.feed.entries.with(|entries| {
                    entries.first().map(|entry| entry.item.with(in_words)).unwrap_or_default()
                }),
                count => format!("{count} new items"),
            };
            // The same words again would not be read again.
            let again = said.with(|said| *said == news);
            said.set(if again { news + "\u{a0}" } else { news });
        });
    });
    effect(move || {
        let newest = store.feed.newest();
        // A room that began anew counts from the beginning.
        let anew = mark.get().is_none_or(|mark| newest < mark);
        if anew && store.feed.ready.get() {
            mark.set(Some(newest));
        } else if mark.get().is_some_and(|mark| newest > mark) && !timer.is_set() {
            timer.after(SAY_AFTER);
        }
    });
    move || said.get()
}

/// News are gathered this long before they are said, in milliseconds.
const SAY_AFTER: f64 = 2_000.0;

/// An item in one sentence.
fn in_words(item: &Item<Body>) -> String {
    let what = match &item.data {
        Body::Message { text } | Body::Post { text: Some(text), .. } => text,
        Body::Link { url, title, .. } => title.as_ref().unwrap_or(url),
        Body::Image { alt, .. } => alt,
        Body::Post { picture, .. } => {
            picture.as_ref().and_then(|picture| picture.alt.as_ref()).unwrap_or(&item.kind)
        }
        Body::Custom { .. } | Body::Unknown => &item.kind,
    };
    let what: String = what.chars().take(200).collect();
    format!("{}: {what}", writer(item))
}

const TOP: &str = ".feed > .top";
const END: &str = ".feed > .end";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = CSS)]
    fn supports(condition: &str) -> bool;
}

/// Whether the browser keeps what is read in its place when something is put above it.
fn anchors() -> bool {
    supports("(overflow-anchor: auto)")
}

/// Does what browsers do that anchor: the first item in view stays where it is when the list is
/// drawn anew, which is about to happen. Changes until then count as one.
fn hold(reading: Reading, holding: Live<bool>) {
    if reading.at_top.get_untracked() || holding.get_untracked() {
        return;
    }
    let in_view = |item: &Element| item.get_bounding_client_rect().bottom() > 0.0;
    let Some(item) =
        successors(find(".feed > ol > li"), Element::next_element_sibling).find(in_view)
    else {
        return;
    };
    // On the page and not in the view, so that scrolling in between makes no difference.
    let place = |item: &Element| {
        item.get_bounding_client_rect().top() + dom::window().scroll_y().unwrap_or_default()
    };
    let before = place(&item);
    holding.set(true);
    request_animation_frame(move || {
        // The view may be gone.
        if item.is_connected() && !reading.at_top.get_untracked() {
            dom::window().scroll_by_with_x_and_y(0.0, place(&item) - before);
        }
        holding.set(false);
    });
}

/// How many items come after the last one in view.
fn below_view() -> usize {
    let height = dom::document().document_element().map_or(0, |root| root.client_height());
    successors(find(".feed > ol > li:last-child"), Element::previous_element_sibling)
        .take_while(|item| item.get_bounding_client_rect().top() > f64::from(height))
        .count()
}

/// Whether the list stands on a part of the page that is not shown.
fn out_of_sight() -> bool {
    find(".feed").is_none_or(|feed| feed.client_width() == 0)
}

/// Watches the ends of the list: at the top, new items are seen and a long list is cut, elsewhere a
/// very long one; near the end, older items are loaded.
fn watch(store: Store, reading: Reading, older: impl Fn() + Clone + 'static) {
    let feed = store.feed;
    let mut ends = None;
    effect(move || {
        let (top, end) = ends.get_or_insert_with(|| {
            let older = older.clone();
            let top = find(TOP)
                .and_then(|top| Watch::on(&top, "0px", move |seen| set(reading.at_top, seen)));
            let end = find(END).and_then(|end| {
                Watch::on(&end, "800px", move |near| {
                    if near
                        && feed.ready.get_untracked()
                        && feed.older.get_untracked() == Older::More
                    {
                        older();
                    }
                })
            });
            (top, end)
        });
        let long = feed.entries.with(Vec::len) > MOST;
        let at_top = reading.at_top.get() && top.is_some();
        if long && (at_top || out_of_sight()) {
            feed.trim();
        } else if long {
            feed.trim_below(below_view);
        }
        // After the list has grown, the end may still be near.
        if let Some(end) =
            end.as_ref().filter(|_| feed.ready.get() && feed.older.get() == Older::More)
        {
            end.again();
        }
    });
}

/// What is to be said below the items.
fn state(store: Store, older: impl Fn() + 'static) -> AnyView {
    let feed = store.feed;
    if !feed.ready.get() {
        return skeleton();
    }
    let empty = feed.empty.get();
    match feed.older.get() {
        Older::End if empty => fixed(EMPTY),
        Older::More => nothing(),
        Older::Loading => skeleton(),
        Older::Failed(detail) => {
            sentence("hint", detail, Some(button("Try again".to_owned(), older)))
        }
        Older::End => sentence("hint", "That is where it began.".to_owned(), None),
    }
}

const EMPTY: &str = "<p class='empty'><strong>Nothing here yet</strong> What is published here will \
                     appear by itself.</p>";

fn skeleton() -> AnyView {
    fixed("<div class='skeleton' aria-busy='true'></div>")
}
