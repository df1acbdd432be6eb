//! The admin page: the desk from which a room is controlled. A WebAssembly binary of its own, so
//! that viewers never load it.
//!
//! Read in this order:
//! - [`desk`]: the state and what can be done; `desk/` holds the actions by subject.
//!   [`ask`] and [`upload`]: the requests behind them. [`keep`]: what survives a reload.
//! - Pure, and tested without a browser: [`draft`] and [`problem`] (fields to item), [`json`] (as it is
//!   typed), [`tile`] (display buttons), [`keys`], [`order`], [`me`] (rights), [`words`], and parts of [`rooms`],
//!   [`sources`] and [`variables`].
//! - Views: [`login`], [`bar`], [`board`] and [`arrange`] (display buttons), [`composer`],
//!   [`editor`] (of a display button); [`sources`] (what is followed elsewhere); [`rooms`] (the others, and this one's settings); at the right
//!   [`side`] with its parts: [`live`] (the feed, with [`item_tools`] and [`glance`]), [`queue`] (what
//!   of the sources waits), [`moderation`] (the chat), [`people`], [`variables`].
//!   They share [`form`] and [`fields`], [`json_field`], [`picture`], [`preview`], [`dialog`], [`question`],
//!   [`clipboard`], [`broken`], [`help`] and [`mod@icon`].

pub mod arrange;
pub mod ask;
pub mod bar;
pub mod board;
pub mod broken;
pub mod clipboard;
pub mod composer;
pub mod desk;
pub mod dialog;
pub mod draft;
pub mod editor;
pub mod fields;
pub mod form;
pub mod glance;
pub mod help;
pub mod icon;
pub mod item_tools;
pub mod json;
pub mod json_field;
pub mod keep;
pub mod keys;
pub mod live;
pub mod login;
pub mod me;
pub mod moderation;
pub mod order;
pub mod people;
pub mod picture;
pub mod preview;
pub mod problem;
pub mod question;
pub mod queue;
pub mod rooms;
pub mod side;
pub mod sources;
pub mod stage;
pub mod tile;
pub mod upload;
pub mod variables;
pub mod words;

use crate::dom::{self, Listener};
use crate::link::{Link, Page};
use crate::page::clock::Clock;
use crate::page::item::watch_pictures;
use crate::place::Place;
use crate::store::Store;
use desk::{Desk, LoginReason, Panel, Side};
use icon::{Icon, icon};
use keys::{Intent, Press, intent};
use leptos::prelude::*;
use me::Right;
use nowcast_shared::id::RoomName;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// Puts the admin page onto the document.
pub fn mount() {
    let room = match Place::here() {
        Place::Admin(room) | Place::Feed(room) => room,
        Place::Nowhere => RoomName::main(),
    };
    if let Some(start) = dom::document().get_element_by_id("start") {
        start.remove();
    }
    leptos::mount::mount_to_body(move || view! { <Admin room/> });
}

/// How far the page is with finding out who sits here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Gate {
    /// It asks.
    Asking,
    /// It got no answer, and why.
    Failed(String),
    /// Somebody who has to log in first.
    Closed,
    /// Somebody who may publish, but there is no such room.
    NoRoom,
    /// Somebody who may publish.
    Open,
}

/// The page: the login, or the desk.
#[component]
pub fn Admin(
    /// Which room.
    room: RoomName,
) -> impl IntoView {
    Clock::start();
    watch_pictures();
    let store = Store::new();
    let desk = Desk::new(room, store);
    provide_context(desk);
    let gate = Memo::new(move |_| {
        if let Some(why) = desk.unreached.get() {
            return Gate::Failed(why);
        }
        desk.me.with(|me| match me {
            None => Gate::Asking,
            Some(me) if me.may(Right::Publish) && desk.missing.get() => Gate::NoRoom,
            Some(me) if me.may(Right::Publish) => Gate::Open,
            Some(_) => Gate::Closed,
        })
    });
    Effect::new(move |_| {
        let title = desk.store.title.get();
        let title = if title.is_empty() { desk.room().to_string() } else { title };
        document().set_title(&format!("{title} · Desk"));
    });
    desk.meet();
    move || match gate.get() {
        Gate::Asking => view! { <main class="gate" aria-busy="true"></main> }.into_any(),
        Gate::Failed(why) => view! {
            <main class="gate">
                <div class="gate-sheet" role="alert">
                    <h1>"No answer"</h1>
                    <p class="faint">{why}</p>
                    <button type="button" class="primary" on:click=move |_| desk.meet()>
                        "Try again"
                    </button>
                </div>
            </main>
        }
        .into_any(),
        Gate::Closed => view! { <login::LoginPage/> }.into_any(),
        Gate::NoRoom => view! { <login::NoRoom/> }.into_any(),
        Gate::Open => view! { <DeskView/> }.into_any(),
    }
}

#[component]
fn DeskView() -> impl IntoView {
    let desk = Desk::here();
    desk.load_board();
    let link = Link::start(desk.room(), Page::Admin, desk.store);
    desk.connect(link.clone());
    let listener = Listener::on(&dom::window(), "keydown", move |event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            on_key(desk, event);
        }
    });
    let listener = StoredValue::new_local(Some(listener));
    on_cleanup(move || {
        listener.update_value(|listener| *listener = None);
        desk.disconnect();
    });
    let panel = move || match desk.panel.get() {
        Panel::Board => "board",
        Panel::Compose => "compose",
        Panel::Stage => "stage",
        Panel::Sources => "sources",
        Panel::Side => desk.side.get().name(),
    };
    view! {
        <div class="desk" data-panel=panel>
            <bar::Bar/>
            <OpenBanner/>
            <main class="desk-panels">
                <board::Board/>
                <composer::Composer/>
                <stage::StagePanel link/>
                <sources::SourcesPanel/>
                <side::SidePanel/>
            </main>
            <Tabs/>
            <bar::Notices/>
            <editor::Editor/>
            <rooms::Rooms/>
            <rooms::settings::RoomSettings/>
            <help::Help/>
            <login::LoginDialog/>
        </div>
    }
}

/// Says that anybody may publish here, and what a login adds.
#[component]
fn OpenBanner() -> impl IntoView {
    let desk = Desk::here();
    let open = move || desk.me.with(|me| me.as_ref().is_some_and(|me| me.open));
    let guest = move || desk.me.with(|me| me.as_ref().is_some_and(me::Me::is_guest));
    view! {
        <Show when=open>
            <p class="banner">
                "This server is open: anyone who reaches it may publish, edit and delete. "
                <Show when=guest>
                    <button
                        type="button"
                        class="as-link"
                        on:click=move |_| desk.login.set(Some(LoginReason::Asked))
                    >
                        "Log in"
                    </button>
                    " to make buttons and change settings."
                </Show>
            </p>
        </Show>
    }
}

/// What phones have at their lower edge to go from panel to panel.
#[component]
fn Tabs() -> impl IntoView {
    let desk = Desk::here();
    let tab = move |place: (Panel, Side), mark: Icon, name: &'static str| {
        let here = move || {
            let (panel, side) = (desk.panel.get(), desk.side.get());
            // The feed and what waits to be in it share a place; so do people, variables, sources.
            let shared = match side {
                Side::Queue => Side::Feed,
                Side::Variables => Side::People,
                side => side,
            };
            match panel {
                Panel::Sources => place.1 == Side::People,
                Panel::Side => place == (Panel::Side, shared),
                panel => panel == place.0,
            }
        };
        view! {
            <button
                type="button"
                aria-current=move || here().then_some("true")
                on:click=move |_| {
                    desk.panel.set(place.0);
                    if place.0 == Panel::Side {
                        desk.side.set(place.1);
                    }
                    dom::window().scroll_to_with_x_and_y(0.0, 0.0);
                }
            >
                {icon(mark)}
                {name}
                {(place.1 == Side::Chat).then(|| view! { <side::Held/> })}
                {(place == (Panel::Side, Side::Feed)).then(|| view! { <queue::Waiting/> })}
            </button>
        }
    };
    view! {
        <nav class="desk-tabs" aria-label="Parts of the desk">
            {tab((Panel::Board, Side::Feed), Icon::Board, "Buttons")}
            {tab((Panel::Compose, Side::Feed), Icon::Pen, "Compose")}
            {tab((Panel::Stage, Side::Feed), Icon::Stage, "Stage")}
            {tab((Panel::Side, Side::Feed), Icon::Feed, "Feed")}
            {tab((Panel::Side, Side::Chat), Icon::Chat, "Chat")}
            {tab((Panel::Side, Side::People), Icon::Person, "Room")}
        </nav>
    }
}

fn on_key(desk: Desk, event: &KeyboardEvent) {
    if event.default_prevented() || event.is_composing() {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let inside = |selector: &str| {
        target.as_ref().is_some_and(|element| matches!(element.closest(selector), Ok(Some(_))))
    };
    let key = event.key();
    let press = Press {
        key: &key,
        primary: event.ctrl_key() || event.meta_key(),
        alt: event.alt_key(),
        repeat: event.repeat(),
        typing: inside("input:not([type=radio]):not([type=checkbox]), textarea, select"),
        composing: inside("#composer"),
        dialog: matches!(dom::document().query_selector("dialog[open]"), Ok(Some(_))),
    };
    let Some(intent) = intent(press) else { return };
    event.prevent_default();
    match intent {
        // While tiles are being arranged, nothing goes out by accident.
        Intent::Fire(_) if desk.arranging.get_untracked() => {}
        // Nor does what cannot be seen.
        Intent::Fire(_) if matches!(desk.panel.get_untracked(), Panel::Stage | Panel::Sources) => {}
        Intent::Fire(place) => desk.fire_at(place),
        Intent::Compose => {
            desk.panel.set(Panel::Compose);
            composer::focus_composer(desk);
        }
        Intent::Help => desk.help.set(true),
        Intent::Publish => composer::publish(desk),
        Intent::Look(side) => {
            desk.look_at(side);
            // What is to take the focus has to be drawn first.
            request_animation_frame(move || {
                if side != Side::Queue || !queue::focus_first() {
                    form::focus(side::tab_id(side));
                }
            });
        }
        Intent::Stage => desk.panel.update(|panel| {
            *panel = if *panel == Panel::Stage { Panel::Board } else { Panel::Stage };
        }),
        Intent::Sources if desk.may_now(Right::Settings) => desk.panel.update(|panel| {
            *panel = if *panel == Panel::Sources { Panel::Board } else { Panel::Sources };
        }),
        Intent::Rooms if desk.may_now(Right::Settings) => desk.rooms.set(true),
        Intent::Settings if desk.may_now(Right::Settings) => desk.settings.set(true),
        Intent::Sources | Intent::Rooms | Intent::Settings => {}
    }
}
