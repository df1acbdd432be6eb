//! Rooms: the list of them with the way to each one's desk, [`new_room`], and this room's
//! [`settings`] with its [`invitation`], and how long it keeps things ([`keeping`]).
//!
//! Pure: [`address`] (from a title), [`settings_form`] (what is changed here and elsewhere),
//! [`patterns`] (of variables), [`keeping_form`] (limits as people say them).

pub mod address;
pub mod invitation;
pub mod keeping;
pub mod keeping_form;
pub mod new_room;
pub mod patterns;
pub mod settings;
pub mod settings_form;

use super::ask;
use super::ask::rooms::Room;
use super::broken::Broken;
use super::desk::{Desk, Fetched};
use super::dialog::Dialog;
use super::form::focus;
use super::icon::{Icon, icon};
use super::me::Right;
use super::words::{desk_path, page_path, viewers};
use crate::dom;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use new_room::NewRoom;
use nowcast_shared::id::RoomName;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// From how many rooms on one may search in them.
const MANY: usize = 8;

/// The list of rooms in a dialog, and the form for a new one.
#[component]
pub fn Rooms() -> impl IntoView {
    let desk = Desk::here();
    let making = RwSignal::new(false);
    Effect::new(move |_| {
        if desk.rooms.get() {
            making.set(false);
        }
    });
    let title =
        Signal::derive(move || (if making.get() { "New room" } else { "Rooms" }).to_owned());
    view! {
        <Dialog open=desk.rooms title class="rooms" held=making>
            {move || {
                if making.get() {
                    view! { <NewRoom on_back=move |()| making.set(false)/> }.into_any()
                } else {
                    view! { <RoomList making/> }.into_any()
                }
            }}
        </Dialog>
    }
}

#[component]
fn RoomList(making: RwSignal<bool>) -> impl IntoView {
    let desk = Desk::here();
    let rooms = RwSignal::new(Fetched::Loading);
    let load = move || {
        spawn_local(async move {
            let answer = match ask::rooms::rooms().await {
                Ok(mut rooms) => {
                    // The main room first, the others by their titles.
                    rooms.sort_by_cached_key(|room| {
                        (room.name != RoomName::main(), room.title.to_lowercase())
                    });
                    Fetched::Here(rooms)
                }
                Err(failure) => Fetched::Failed(desk.explain(&failure)),
            };
            if rooms.try_set(answer).is_none() {
                request_animation_frame(|| focus("room-here"));
            }
        });
    };
    load();
    let sought = RwSignal::new(String::new());
    let found = move || {
        let sought = sought.with(|sought| sought.trim().to_lowercase());
        rooms.with(|rooms| {
            let rooms = rooms.here().into_iter().flatten();
            let fits = |room: &&Room| {
                room.title.to_lowercase().contains(&sought) || room.name.as_str().contains(&sought)
            };
            rooms.filter(fits).cloned().collect::<Vec<_>>()
        })
    };
    let many = Memo::new(move |_| rooms.with(|rooms| rooms.here().is_some_and(|r| r.len() > MANY)));
    let again = Callback::new(move |()| {
        rooms.set(Fetched::Loading);
        load();
    });
    view! {
        <div on:keydown=move |event| walk(&event)>
            <Show when=move || many.get()>
                <input
                    class="room-search"
                    type="search"
                    aria-label="Find a room"
                    placeholder="Find a room"
                    autocomplete="off"
                    dir="auto"
                    prop:value=sought
                    on:input=move |event| sought.set(event_target_value(&event))
                />
            </Show>
            {move || match rooms.get() {
                Fetched::Loading => {
                    view! { <p class="faint" role="status">"Fetching the rooms"</p> }.into_any()
                }
                Fetched::Failed(why) => {
                    view! { <Broken what="The rooms could not be fetched." why again/> }.into_any()
                }
                Fetched::Here(_) => {
                    view! {
                        <ul class="room-list">
                            <For each=found key=|room| room.name.clone() let:room>
                                <RoomLink room/>
                            </For>
                        </ul>
                        <Show when=move || found().is_empty()>
                            <p class="faint">"No room is called that."</p>
                        </Show>
                    }
                        .into_any()
                }
            }}
            <Show when=move || desk.may(Right::Settings)>
                <div class="dialog-foot">
                    <button type="button" class="solid" on:click=move |_| making.set(true)>
                        {icon(Icon::Plus)}
                        "New room"
                    </button>
                </div>
            </Show>
        </div>
    }
}

/// One room: a link to its desk.
#[component]
fn RoomLink(room: Room) -> impl IntoView {
    let here = Desk::here().room() == room.name;
    let path = page_path(room.name.as_str());
    let title = if room.title.is_empty() { room.name.to_string() } else { room.title };
    view! {
        <li>
            <a
                class="room"
                id=here.then_some("room-here")
                href=desk_path(room.name.as_str())
                aria-current=here.then_some("page")
            >
                <span class="room-name">
                    <b dir="auto">{title}</b>
                    <span class="faint">{path}</span>
                </span>
                {room
                    .private
                    .then(|| {
                        view! {
                            <span class="sign" title="Only with an invitation">
                                {icon(Icon::Lock)}
                                "Private"
                            </span>
                        }
                    })}
                <span class="room-viewers" data-any=(room.viewers > 0).to_string()>
                    {if here { "You are here".to_owned() } else { viewers(room.viewers) }}
                </span>
            </a>
        </li>
    }
}

/// The arrow keys go from room to room.
fn walk(event: &ev::KeyboardEvent) {
    let step: isize = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    let Ok(links) = dom::document().query_selector_all(".room-list a, .room-search") else {
        return;
    };
    event.prevent_default();
    let links: Vec<HtmlElement> =
        (0..links.length()).filter_map(|n| links.get(n)?.dyn_into().ok()).collect();
    let now = dom::document().active_element();
    let at = links.iter().position(|link| now.as_ref() == Some(link.as_ref()));
    let to = match at {
        Some(at) => at.saturating_add_signed(step).min(links.len().saturating_sub(1)),
        None => 0,
    };
    if let Some(link) = links.get(to) {
        let _ = link.focus();
    }
}
