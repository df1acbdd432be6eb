//! The items of sources that wait until somebody lets them through, oldest first, each as viewers
//! will see it. A publishes, D turns down; the arrows, J and K go from one to the next.

use super::ask::queue::Queued;
use super::broken::Broken;
use super::desk::{Desk, Fetched, Panel};
use super::icon::{Icon, icon};
use super::me::Right;
use super::question::Question;
use super::sources::words::count;
use crate::dom::{self, Timer};
use crate::page::clock::Time;
use crate::page::item::content;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use nowcast_shared::item::Body;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// So many are drawn at once; the next ones follow as these are decided.
const DRAWN: usize = 50;
/// So long, in milliseconds, what comes in quickly is gathered before it is fetched.
const GATHERED: f64 = 500.0;

/// The panel.
#[component]
pub fn QueuePanel() -> impl IntoView {
    let desk = Desk::here();
    // A busy source says with every record how many wait: the list follows at its own pace.
    let timer = StoredValue::new_local(Timer::new(move || desk.load_queue()));
    Effect::new(move |_| {
        let count = desk.queued.get();
        let known = desk.queue.with_untracked(|queue| queue.here().map(|queue| queue.count));
        if known != Some(count) {
            timer.with_value(|timer| {
                if !timer.is_set() {
                    timer.after(GATHERED);
                }
            });
        }
    });
    desk.load_queue();
    let drawn = move || {
        desk.queue.with(|queue| {
            let waiting = queue.here().map(|queue| queue.waiting.as_slice()).unwrap_or_default();
            waiting.iter().take(DRAWN).cloned().collect::<Vec<_>>()
        })
    };
    let how = Memo::new(move |_| {
        desk.queue.with(|queue| match queue {
            Fetched::Loading => Fetched::Loading,
            Fetched::Failed(why) => Fetched::Failed(why.clone()),
            Fetched::Here(queue) => Fetched::Here(queue.waiting.is_empty()),
        })
    });
    let more = Memo::new(move |_| {
        desk.queue.with(|queue| {
            let queue = queue.here();
            queue.map_or(0, |queue| {
                queue.count.saturating_sub(queue.waiting.len().min(DRAWN) as u64)
            })
        })
    });
    let again = Callback::new(move |()| {
        desk.queue.set(Fetched::Loading);
        desk.load_queue();
    });
    view! {
        <div class="queue" on:keydown=move |event| walk(&event)>
            {move || match how.get() {
                Fetched::Loading => {
                    view! { <p class="faint" role="status">"Fetching what waits"</p> }.into_any()
                }
                Fetched::Failed(why) => {
                    view! { <Broken what="What waits for approval could not be fetched." why again/> }
                        .into_any()
                }
                Fetched::Here(true) => view! { <Nothing/> }.into_any(),
                Fetched::Here(false) => {
                    view! {
                        <Head/>
                        <ul class="queue-list" aria-label="Waiting for approval">
                            <For each=drawn key=|queued| queued.id.clone() let:queued>
                                <Row queued/>
                            </For>
                        </ul>
                        <Show when=move || { more.get() > 0 }>
                            <p class="faint small-text">
                                {move || count(more.get())} " more follow as you decide."
                            </p>
                        </Show>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    let desk = Desk::here();
    view! {
        <div class="blank">
            <p>"Nothing waits for approval."</p>
            <p class="faint">
                "What sources bring stands here first, where they are set to wait: each as viewers will see it."
            </p>
            <Show when=move || desk.may(Right::Settings)>
                <button
                    type="button"
                    class="quiet"
                    on:click=move |_| desk.panel.set(Panel::Sources)
                >
                    "Look at the sources"
                </button>
            </Show>
        </div>
    }
}

/// How many wait, and the way to be rid of them all.
#[component]
fn Head() -> impl IntoView {
    let desk = Desk::here();
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let how_many = move || match desk.queued.get() {
        1 => "One item waits.".to_owned(),
        many => format!("{} items wait.", count(many)),
    };
    let all = move || {
        busy.set(true);
        spawn_local(async move {
            let done = desk.turn_all_down().await;
            let _ = busy.try_set(false);
            match done {
                Ok(()) => drop(asking.try_set(false)),
                Err(why) => drop(problem.try_set(Some(why))),
            }
        });
    };
    view! {
        <header class="side-head">
            <p class="faint small-text" role="status">
                {how_many} <span class="wide-only keys-hint">
                    " " <kbd>"A"</kbd> " publishes, " <kbd>"D"</kbd> " turns down"
                </span>
            </p>
            <Show when=move || !asking.get()>
                <button
                    type="button"
                    class="quiet small"
                    on:click=move |_| {
                        problem.set(None);
                        asking.set(true);
                    }
                >
                    "Turn all down"
                </button>
            </Show>
        </header>
        <Show when=move || asking.get()>
            <Question
                says=Signal::derive(move || {
                    format!("Turn all {} down? They do not come back.", count(desk.queued.get()))
                })
                answers=&["Turn all down"]
                busy
                problem
                on_answer=move |_| all()
                on_keep=move |()| asking.set(false)
            />
        </Show>
    }
}

/// One item, as viewers will see it.
#[component]
fn Row(queued: Queued) -> impl IntoView {
    let desk = Desk::here();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let row = NodeRef::<leptos::html::Li>::new();
    let shown = content(&queued.body, queued.html.as_deref());
    let source = queued.source.clone();
    let who = match &queued.body {
        Body::Post { user: Some(user), .. } => user.clone(),
        _ => source.clone(),
    };
    let label = format!("{who}, from {source}");
    let at = queued.at;
    let queued = StoredValue::new(queued);
    let decide = move |approved: bool| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        // The row goes; the keyboard goes on with the next one.
        let next = row.get_untracked().and_then(|row| dom::beside_focused(&row));
        let queued = queued.get_value();
        spawn_local(async move {
            let done = if approved {
                desk.approve_queued(queued).await
            } else {
                desk.turn_down_queued(queued).await
            };
            let _ = busy.try_set(false);
            match done {
                Ok(()) => {
                    if let Some(next) = next {
                        let _ = next.focus();
                    }
                }
                Err(why) => drop(problem.try_set(Some(why))),
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
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    view! {
        <li node_ref=row class="queued" tabindex="0" on:keydown=on_key aria-label=label>
            <p class="queued-from">
                <span dir="auto">{source}</span>
                <Time at/>
            </p>
            <div class="preview feed">
                <article class="item">
                    <div class="what">
                        <header>
                            <b dir="auto">{who}</b>
                        </header>
                        {shown}
                    </div>
                </article>
            </div>
            <div class="row-tools shown">
                <button
                    type="button"
                    class="small approve"
                    disabled=busy
                    aria-keyshortcuts="a"
                    on:click=move |_| decide(true)
                >
                    {icon(Icon::Check)}
                    "Publish"
                </button>
                <button
                    type="button"
                    class="quiet small"
                    disabled=busy
                    aria-keyshortcuts="d"
                    on:click=move |_| decide(false)
                >
                    "Turn down"
                </button>
            </div>
            <p class="problem" role="alert">
                {problem}
            </p>
        </li>
    }
}

/// How many items wait for approval, as a mark.
#[component]
pub fn Waiting() -> impl IntoView {
    let desk = Desk::here();
    move || {
        let many = desk.queued.get();
        (many > 0).then(|| {
            view! {
                <span class="held-mark queued-mark">
                    {count(many)}
                    <span class="sr-only">" waiting for approval"</span>
                </span>
            }
        })
    }
}

/// Puts the keyboard on the first item that waits; false if there is none.
pub fn focus_first() -> bool {
    let first = dom::document().query_selector(".queued").ok().flatten();
    let first = first.and_then(|first| first.dyn_into::<HtmlElement>().ok());
    first.is_some_and(|first| first.focus().is_ok())
}

/// The arrows, J and K go from item to item.
fn walk(event: &ev::KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
        return;
    }
    let step: isize = match event.key().as_str() {
        "ArrowDown" | "j" | "J" => 1,
        "ArrowUp" | "k" | "K" => -1,
        _ => return,
    };
    let Ok(found) = dom::document().query_selector_all(".queued") else { return };
    event.prevent_default();
    let rows: Vec<HtmlElement> =
        (0..found.length()).filter_map(|n| found.get(n)?.dyn_into().ok()).collect();
    let active = dom::document().active_element();
    let at = rows
        .iter()
        .position(|row| active.as_ref().is_some_and(|active| row.contains(Some(active))));
    let to = at.map_or(0, |at| at.saturating_add_signed(step));
    if let Some(row) = rows.get(to.min(rows.len().saturating_sub(1))) {
        // Where it is too high for the window, its beginning is what one reads first.
        let _ = row.focus();
    }
}
