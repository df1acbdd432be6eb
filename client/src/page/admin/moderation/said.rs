//! What is said, the newest at the end, with the tools that only hosts have. The arrow keys go from
//! words to words; D deletes them, M mutes and B blocks whoever said them.

use super::sanction::{Doing, SanctionQuestion};
use crate::api;
use crate::dom;
use crate::page::admin::ask::at;
use crate::page::admin::desk::Desk;
use crate::page::admin::icon::{Icon, icon};
use crate::page::admin::me::Right;
use crate::page::admin::question::Question;
use crate::page::admin::words::NAMELESS;
use crate::page::clock::Time;
use crate::people_color::color_of;
use crate::read;
use crate::store::chat::Entry;
use crate::store::feed::Older;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use nowcast_shared::id::SaidId;
use nowcast_shared::item::Role;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// The words, in a box that scrolls by itself.
#[component]
pub fn SaidList() -> impl IntoView {
    let desk = Desk::here();
    let chat = desk.store.chat;
    // The words that Tab leads to: those that had the focus last, else the newest.
    let current = RwSignal::new(None::<SaidId>);
    let stop = Memo::new(move |_| {
        chat.said.with(|said| {
            let known = |id: &SaidId| said.iter().any(|entry| entry.id == *id);
            current.get().filter(known).or_else(|| said.last().map(|entry| entry.id.clone()))
        })
    });
    let none = Memo::new(move |_| chat.ready.get() && chat.said.with(Vec::is_empty));
    view! {
        // Its last line stays in view while words come, unless somebody scrolled back.
        <div class="said-scroll" on:keydown=move |event| walk(&event)>
            <ol class="said-list" aria-label="What was said">
                <Earlier/>
                <For each=move || chat.said.get() key=|entry| entry.key let:entry>
                    <SaidRow entry current stop/>
                </For>
            </ol>
            <Show when=move || none.get()>
                <div class="blank">
                    <p>"Nobody has said anything yet."</p>
                    <p class="faint">
                        "What people say beside the feed comes here at once. You can begin."
                    </p>
                </div>
            </Show>
        </div>
    }
}

/// The way to what was said before.
#[component]
fn Earlier() -> impl IntoView {
    let desk = Desk::here();
    let chat = desk.store.chat;
    let load = move |_| {
        let Some(request) = chat.ask_older() else { return };
        spawn_local(async move {
            let url = at(&desk.room(), &format!("/chat?before={}&limit=50", request.before));
            let answer = match api::get(&url).await {
                Ok(page) => {
                    Ok((read::list(&page, "said", read::chat::said), read::truth(&page, "more")))
                }
                Err(failure) => Err(desk.explain(&failure)),
            };
            chat.got_older(request, answer);
        });
    };
    let button = move |label: &'static str| {
        view! {
            <button type="button" class="quiet small" on:click=load>
                {label}
            </button>
        }
    };
    view! {
        <li class="earlier">
            {move || match chat.older.get() {
                Older::End => ().into_any(),
                Older::Loading => view! { <span class="faint">"Fetching earlier words"</span> }.into_any(),
                Older::More => button("Earlier words").into_any(),
                Older::Failed(why) => {
                    view! {
                        <p class="problem" role="alert">{why}</p>
                        {button("Try again")}
                    }
                        .into_any()
                }
            }}
        </li>
    }
}

/// One person's words, and what can be done about them.
#[component]
fn SaidRow(
    entry: Entry,
    current: RwSignal<Option<SaidId>>,
    stop: Memo<Option<SaidId>>,
) -> impl IntoView {
    let desk = Desk::here();
    let Entry { id, at, by, name, words, .. } = entry;
    let name = if name.is_empty() { NAMELESS.to_owned() } else { name };
    let doing = RwSignal::new(Doing::Nothing);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let may = move || desk.may(Right::Settings);
    let may_now = move || desk.may_now(Right::Settings);
    // Hosts are not to be silenced by each other.
    let host = by.role == Role::Admin;
    let color = color_of(&by.id);
    let id = StoredValue::new(id);
    let whom = StoredValue::new((by.id, name.clone()));
    let delete = move || {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let deleted = desk.delete_said(id.get_value()).await;
            // The words leave by the event that follows, and this view with them.
            let _ = busy.try_set(false);
            if let Err(why) = deleted {
                let _ = problem.try_set(Some(why));
            }
        });
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if event.repeat() || event.ctrl_key() || event.meta_key() || event.alt_key() || !may_now() {
            return;
        }
        match event.key().as_str() {
            "d" | "D" | "Delete" => doing.set(Doing::Deleting),
            "m" | "M" if !host => doing.set(Doing::Muting),
            "b" | "B" if !host => doing.set(Doing::Blocking),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    // The keyboard comes back to the words when the question is answered.
    let row = NodeRef::<leptos::html::Li>::new();
    let settle = move || {
        doing.set(Doing::Nothing);
        if let Some(row) = row.get_untracked() {
            let _ = row.focus();
        }
    };
    let text = words.clone();
    let edited = move || words.with(|words| words.edited_at.is_some()).then_some("edited");
    let is_stop = move || stop.with(|stop| id.with_value(|id| stop.as_ref() == Some(id)));
    let tool = move |what: Doing, mark: Icon, label: &'static str, key: &'static str| {
        view! {
            <button
                type="button"
                class="quiet small"
                tabindex="-1"
                aria-keyshortcuts=key
                on:click=move |_| doing.set(what)
            >
                {icon(mark)}
                {label}
            </button>
        }
    };
    view! {
        <li
            node_ref=row
            class=format!("words said {color}")
            tabindex=move || if is_stop() { "0" } else { "-1" }
            on:focusin=move |_| current.set(Some(id.get_value()))
            on:keydown=on_key
        >
            <header>
                <b dir="auto">{name}</b>
                {host.then(|| view! { <span class="faint">"Host"</span> })}
                <Time at/>
                <i class="faint">{edited}</i>
                <Show when=may>
                    <span class="row-tools">
                        {tool(Doing::Deleting, Icon::Bin, "Delete", "d")}
                        {(!host).then(|| tool(Doing::Muting, Icon::Mute, "Mute", "m"))}
                        {(!host).then(|| tool(Doing::Blocking, Icon::Block, "Block", "b"))}
                    </span>
                </Show>
            </header>
            <p dir="auto">{move || text.with(|words| words.text.clone())}</p>
            {move || match doing.get() {
                Doing::Nothing => ().into_any(),
                Doing::Deleting => {
                    view! {
                        <Question
                            says="Delete it on every page?"
                            answers=&["Delete"]
                            key="d"
                            busy
                            problem
                            on_answer=move |_| delete()
                            on_keep=move |()| settle()
                        />
                    }
                        .into_any()
                }
                Doing::Muting | Doing::Blocking => {
                    let (person, name) = whom.get_value();
                    view! { <SanctionQuestion person name doing/> }.into_any()
                }
            }}
        </li>
    }
}

/// The arrow keys go from words to words.
fn walk(event: &ev::KeyboardEvent) {
    let up = match event.key().as_str() {
        "ArrowUp" => true,
        "ArrowDown" => false,
        _ => return,
    };
    let Some(row) =
        dom::document().active_element().filter(|active| active.matches(".said") == Ok(true))
    else {
        return;
    };
    event.prevent_default();
    let next = if up { row.previous_element_sibling() } else { row.next_element_sibling() };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        let _ = next.focus();
    }
}
