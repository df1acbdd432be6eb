//! The words that wait until an admin lets them through, oldest first. A approves, D drops.

use super::sanction::{Doing, SanctionQuestion};
use crate::dom;
use crate::page::admin::ask::people::Waiting;
use crate::page::admin::desk::{Desk, Fetched};
use crate::page::admin::icon::{Icon, icon};
use crate::page::admin::words::NAMELESS;
use crate::page::clock::Time;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};

/// The list, while there is something in it.
#[component]
pub fn WaitingWords() -> impl IntoView {
    let desk = Desk::here();
    let waiting = move || desk.waiting.with(|waiting| waiting.here().cloned().unwrap_or_default());
    let count = Memo::new(move |_| desk.waiting.with(|waiting| waiting.here().map_or(0, Vec::len)));
    let failed = move || {
        desk.waiting.with(|waiting| match waiting {
            Fetched::Failed(why) => Some(why.clone()),
            _ => None,
        })
    };
    view! {
        {move || {
            failed()
                .map(|why| {
                    view! {
                        <p class="problem" role="alert">
                            "What waits for approval could not be fetched. " {why} " "
                            <button
                                type="button"
                                class="as-link"
                                on:click=move |_| desk.load_waiting()
                            >
                                "Try again"
                            </button>
                        </p>
                    }
                })
        }}
        <Show when=move || { count.get() > 0 }>
            <section class="waiting" aria-labelledby="waiting-title">
                <h3 class="over" id="waiting-title">
                    "Waiting for approval"
                </h3>
                <ul>
                    <For each=waiting key=|words| words.id.clone() let:words>
                        <WaitingRow words/>
                    </For>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn WaitingRow(words: Waiting) -> impl IntoView {
    let desk = Desk::here();
    let Waiting { id, at, by, name, text } = words;
    let name = if name.is_empty() { NAMELESS.to_owned() } else { name };
    let busy = RwSignal::new(false);
    let doing = RwSignal::new(Doing::Nothing);
    let problem = RwSignal::new(None::<String>);
    let id = StoredValue::new(id);
    let row = NodeRef::<leptos::html::Li>::new();
    let decide = move |approved: bool| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        // The row goes; the keyboard goes on with the next one.
        let next = row.get_untracked().and_then(|row| dom::beside_focused(&row));
        spawn_local(async move {
            let done = desk.decide(id.get_value(), approved).await;
            let _ = busy.try_set(false);
            match done {
                Ok(()) => {
                    if let Some(next) = next {
                        let _ = next.focus();
                    }
                }
                Err(why) => {
                    let _ = problem.try_set(Some(why));
                }
            }
        });
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if event.repeat() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        match event.key().as_str() {
            "a" | "A" => decide(true),
            "d" | "D" => decide(false),
            "m" | "M" => doing.set(Doing::Muting),
            "b" | "B" => doing.set(Doing::Blocking),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let asked = StoredValue::new((by, name.clone()));
    let label = format!("{name}: {text}");
    view! {
        <li node_ref=row class="words" tabindex="0" on:keydown=on_key aria-label=label>
            <header>
                <b dir="auto">{name}</b>
                <Time at/>
            </header>
            <p dir="auto">{text}</p>
            <div class="row-tools shown">
                <button type="button" class="small approve" disabled=busy aria-keyshortcuts="a" on:click=move |_| decide(true)>
                    {icon(Icon::Check)}
                    "Approve"
                </button>
                <button type="button" class="quiet small" disabled=busy aria-keyshortcuts="d" on:click=move |_| decide(false)>
                    "Drop"
                </button>
                <button type="button" class="quiet small" aria-keyshortcuts="m" on:click=move |_| doing.set(Doing::Muting)>
                    "Mute"
                </button>
                <button type="button" class="quiet small" aria-keyshortcuts="b" on:click=move |_| doing.set(Doing::Blocking)>
                    "Block"
                </button>
            </div>
            {move || {
                let (person, name) = asked.get_value();
                (doing.get() != Doing::Nothing)
                    .then(|| view! { <SanctionQuestion person name doing/> })
            }}
            <p class="problem" role="alert">
                {problem}
            </p>
        </li>
    }
}
