//! The room at a glance: how many pages are open and on which ways, and how to publish from
//! elsewhere.

use super::desk::Desk;
use super::help::modifier;
use super::icon::{Icon, icon};
use super::words::{curl_line, page_path, pages_open, ways};
use crate::dom;
use leptos::task::spawn_local;
use leptos::{html, prelude::*};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Node;

/// The numbers of the room.
#[component]
pub fn Glance() -> impl IntoView {
    let people = Desk::here().store.people;
    let count = move || people.count();
    let on_ways = move || {
        let ways = ways(people.transports());
        ways.into_iter()
            .map(|(way, count)| {
                view! {
                    <div>
                        <dt>{way}</dt>
                        <dd>{count}</dd>
                    </div>
                }
            })
            .collect_view()
    };
    view! {
        <section class="glance" aria-label="The room at a glance">
            <p class="glance-count">
                {move || match count() {
                    Some(0) => view! { "Nobody has the page open yet." }.into_any(),
                    Some(count) => {
                        view! {
                            <strong>{count}</strong>
                            " "
                            {pages_open(count)}
                        }
                            .into_any()
                    }
                    None => view! { <span class="faint">"Counting the open pages"</span> }.into_any(),
                }}
            </p>
            <dl class="glance-ways">{on_ways}</dl>
        </section>
    }
}

#[wasm_bindgen]
extern "C" {
    type Selection;
    #[wasm_bindgen(js_name = getSelection)]
    fn selection() -> Option<Selection>;
    #[wasm_bindgen(method, js_name = selectAllChildren)]
    fn select_all_children(this: &Selection, node: &Node);
}

/// What became of the line to paste.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copied {
    NotYet,
    Done,
    /// This page may not copy; the line is selected for whoever sits here to do it.
    Selected,
}

/// Writes to the clipboard, if the browser lets it. Over plain HTTP from another machine there is
/// no clipboard at all.
async fn write(text: &str) -> bool {
    let clipboard = dom::window().navigator().clipboard();
    !clipboard.is_undefined() && JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// How to publish from a program: a line to paste, folded away until it is wanted.
#[component]
pub fn FromElsewhere() -> impl IntoView {
    let desk = Desk::here();
    let room = desk.room();
    let origin = dom::window().location().origin().unwrap_or_default();
    let line = curl_line(&origin, room.as_str());
    let copied = RwSignal::new(Copied::NotYet);
    let block = NodeRef::<html::Pre>::new();
    let copy = {
        let line = line.clone();
        move |_| {
            let (line, block) = (line.clone(), block.get_untracked());
            spawn_local(async move {
                if write(&line).await {
                    copied.set(Copied::Done);
                    dom::sleep(2_000.0).await;
                } else {
                    if let (Some(selection), Some(block)) = (selection(), block) {
                        selection.select_all_children(&block);
                    }
                    copied.set(Copied::Selected);
                    dom::sleep(6_000.0).await;
                }
                copied.set(Copied::NotYet);
            });
        }
    };
    let says = move || match copied.get() {
        Copied::NotYet => "Copy".to_owned(),
        Copied::Done => "Copied".to_owned(),
        Copied::Selected => format!("Press {} C to copy", modifier()),
    };
    view! {
        <details class="elsewhere">
            <summary>
                "Publish from a program" {icon(Icon::Down)}
            </summary>
            <p class="faint">
                "Any program that can send one request can publish. The token was printed when the server was first started."
            </p>
            <div class="paste">
                <pre node_ref=block tabindex="0"><code>{line}</code></pre>
                <button type="button" class="quiet small" on:click=copy>
                    {icon(Icon::Copy)}
                    {says}
                </button>
            </div>
        </details>
    }
}

/// The way to the page that viewers see.
#[component]
pub fn PublicPage() -> impl IntoView {
    let room = Desk::here().room();
    view! {
        <a
            class="quiet button"
            href=page_path(room.as_str())
            target="_blank"
            rel="noopener"
            aria-label="Public page"
        >
            <span class="wide-only">"Public page"</span>
            {icon(Icon::Out)}
        </a>
    }
}
