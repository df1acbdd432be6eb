//! The room at a glance: how many pages are open and on which ways, and how to publish from
//! elsewhere.

use super::clipboard::Paste;
use super::desk::Desk;
use super::icon::{Icon, icon};
use super::me::Right;
use super::words::{curl_line, page_path, pages_open, statistics_path, ways};
use crate::dom;
use leptos::prelude::*;

/// The numbers of the room.
#[component]
pub fn Glance() -> impl IntoView {
    let desk = Desk::here();
    let people = desk.store.people;
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
            <Show when=move || desk.may(Right::Settings) && desk.serves("stats")>
                <a
                    class="glance-statistics"
                    href=statistics_path(desk.room().as_str())
                    target="_blank"
                    rel="noopener"
                >
                    "Statistics"
                    {icon(Icon::Out)}
                </a>
            </Show>
        </section>
    }
}

/// How to publish from a program: a line to paste, folded away until it is wanted.
#[component]
pub fn FromElsewhere() -> impl IntoView {
    let desk = Desk::here();
    let room = desk.room();
    let origin = dom::window().location().origin().unwrap_or_default();
    let line = curl_line(&origin, room.as_str());
    view! {
        <details class="elsewhere">
            <summary>
                "Publish from a program" {icon(Icon::Down)}
            </summary>
            <p class="faint">
                "Any program that can send one request can publish. The token was printed when the server was first started."
            </p>
            <Paste id="curl-line" label="A line for a terminal" text=line/>
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
