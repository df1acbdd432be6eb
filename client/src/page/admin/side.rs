//! The right side of the desk: what goes on in the room, one part of it at a time.

use super::desk::Panel;
use super::desk::{Desk, Side};
use super::form::focus;
use super::live::{Cut, Live};
use super::me::Right;
use super::moderation::Moderation;
use super::people::People;
use super::queue::{QueuePanel, Waiting};
use super::variables::Variables;
use leptos::{ev, prelude::*};

/// The panel with its tabs.
#[component]
pub fn SidePanel() -> impl IntoView {
    let desk = Desk::here();
    let side = desk.side;
    let tab = move |which: Side| {
        let chosen = move || side.get() == which;
        view! {
            <button
                type="button"
                role="tab"
                id=tab_id(which)
                data-side=which.name()
                aria-controls="side"
                aria-selected=move || chosen().to_string()
                tabindex=move || if chosen() { "0" } else { "-1" }
                on:click=move |_| side.set(which)
            >
                {which.label()}
                {(which == Side::Chat).then(|| view! { <Held/> })}
                {(which == Side::Queue).then(|| view! { <Waiting/> })}
            </button>
        }
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let step: isize = match event.key().as_str() {
            "ArrowLeft" => -1,
            "ArrowRight" => 1,
            _ => return,
        };
        event.prevent_default();
        let len = Side::ALL.len().cast_signed();
        let at = Side::ALL.iter().position(|known| *known == side.get_untracked()).unwrap_or(0);
        let to = (at.cast_signed() + step).rem_euclid(len).cast_unsigned();
        side.set(Side::ALL[to]);
        focus(tab_id(Side::ALL[to]));
    };
    // How many wait is known from the first moment, and followed on every part of the desk.
    Effect::new(move |_| {
        let live = desk.store.feed.ready.get();
        let may = desk.may(Right::Settings);
        if live && may {
            desk.held.track();
            desk.load_waiting();
        }
    });
    Effect::new(move |_| {
        if desk.store.feed.ready.get() && desk.may(Right::Settings) {
            desk.load_queue();
        }
    });
    // What is shown already is not drawn anew when it is asked for once more.
    let shown = Memo::new(move |_| side.get());
    view! {
        <section class="panel side" data-side=move || side.get().name()>
            <div class="side-tabs" role="tablist" aria-label="The room" on:keydown=on_key>
                {Side::ALL.into_iter().map(tab).collect_view()}
                <Show when=move || desk.may(Right::Settings)>
                    // Phones have no place for it at their lower edge.
                    <button
                        type="button"
                        class="narrow-only to-sources"
                        on:click=move |_| desk.panel.set(Panel::Sources)
                    >
                        "Sources"
                    </button>
                </Show>
            </div>
            <Cut/>
            <div id="side" role="tabpanel" aria-labelledby=move || tab_id(side.get())>
                // The feed stays where it is, with what was scrolled to and what is being edited.
                <div hidden=move || side.get() != Side::Feed>
                    <Live/>
                </div>
                {move || match shown.get() {
                    Side::Feed => ().into_any(),
                    Side::Queue => view! { <QueuePanel/> }.into_any(),
                    Side::Chat => view! { <Moderation/> }.into_any(),
                    Side::People => view! { <People/> }.into_any(),
                    Side::Variables => view! { <Variables/> }.into_any(),
                }}
            </div>
        </section>
    }
}

/// The id of a part's tab.
pub const fn tab_id(side: Side) -> &'static str {
    match side {
        Side::Feed => "side-tab-feed",
        Side::Queue => "side-tab-queue",
        Side::Chat => "side-tab-chat",
        Side::People => "side-tab-people",
        Side::Variables => "side-tab-variables",
    }
}

/// How many words wait for approval, as a mark.
#[component]
pub fn Held() -> impl IntoView {
    let held = Desk::here().held;
    move || {
        let count = held.get();
        (count > 0).then(|| {
            view! {
                <span class="held-mark">
                    {count}
                    <span class="sr-only">" waiting for approval"</span>
                </span>
            }
        })
    }
}
