//! The shared variables of the room: what they are, and how they are changed ([`editor`]).
//!
//! Pure: [`known`] (what is heard of them).

pub mod editor;
pub mod known;

use super::desk::Desk;
use super::form::focus;
use super::icon::{Icon, icon};
use super::json::laid;
use super::me::Right;
use crate::read::Json;
use editor::Editor;
use leptos::prelude::*;
use nowcast_shared::frame::Variable;
use nowcast_shared::variable::{MOST_NAMES, is_listed};

/// The panel.
#[component]
pub fn Variables() -> impl IntoView {
    let desk = Desk::here();
    let making = RwSignal::new(false);
    let names = Memo::new(move |_| desk.variables.with(known::Known::names));
    let begun = Memo::new(move |_| desk.variables.with(known::Known::begun));
    let none = move || names.with(Vec::is_empty);
    let full = move || names.with(|names| names.len() >= MOST_NAMES);
    let done = move |()| {
        making.set(false);
        focus("new-variable");
    };
    view! {
        <div class="variables">
            <header class="side-head">
                <Writable/>
                <button
                    type="button"
                    class="quiet"
                    id="new-variable"
                    disabled=full
                    on:click=move |_| making.set(true)
                >
                    {icon(Icon::Plus)}
                    "New"
                </button>
            </header>
            <Show when=move || making.get()>
                <Editor name=None on_done=done/>
            </Show>
            <Show when=move || begun.get() && none() && !making.get()>
                <div class="blank">
                    <p>"No variables yet."</p>
                    <p class="faint">
                        "A score, a flag, a list: small values that every open page and any program sees at once."
                    </p>
                </div>
            </Show>
            <Show when=move || !begun.get()>
                <p class="faint" role="status">"Waiting for the room"</p>
            </Show>
            <ul class="variable-list" aria-label="Shared variables">
                <For each=move || names.get() key=Clone::clone let:name>
                    <VariableRow name/>
                </For>
            </ul>
        </div>
    }
}

/// Which variables pages may write, and the way to the setting.
#[component]
fn Writable() -> impl IntoView {
    let desk = Desk::here();
    let allowed = move || {
        desk.store.settings.with(|settings| match settings.variables.as_slice() {
            [] => "Pages may read them.".to_owned(),
            patterns => format!("Pages may write {}.", patterns.join(", ")),
        })
    };
    view! {
        <p class="faint small-text">
            {allowed} " "
            <Show when=move || desk.may(Right::Settings)>
                <button type="button" class="as-link" on:click=move |_| desk.settings.set(true)>
                    "Change"
                </button>
            </Show>
        </p>
    }
}

/// One variable: its name, its value, its version; or its form.
#[component]
fn VariableRow(name: String) -> impl IntoView {
    let desk = Desk::here();
    let editing = RwSignal::new(false);
    let name = StoredValue::new(name);
    let variable = Memo::new(move |_| {
        let variable = desk.variables.with(|known| name.with_value(|name| known.get(name)));
        variable.map(|Variable { value, version }| (value, version))
    });
    let value = move || {
        let json = variable.get().map_or_else(String::new, |(Json(json), _)| json);
        laid(&json)
    };
    let version = move || variable.get().map(|(_, version)| version);
    let begun = untrack(version);
    let writable = move || {
        let patterns = desk.store.settings.with(|settings| settings.variables.clone());
        name.with_value(|name| is_listed(name, &patterns))
    };
    let delete = move |_| {
        if let Some((value, version)) = variable.get_untracked() {
            desk.unset_variable(name.get_value(), Variable { value, version });
        }
    };
    let edit_id = name.with_value(|name| format!("edit-variable-{name}"));
    let done = {
        let edit_id = edit_id.clone();
        move |()| {
            editing.set(false);
            focus(&edit_id);
        }
    };
    let done = Callback::new(done);
    let edit_id = StoredValue::new(edit_id);
    view! {
        <li class="variable">
            <div class="variable-head">
                <b class="mono">{name.get_value()}</b>
                <Show when=writable>
                    <span class="sign" title="Pages may write it">
                        "Pages write"
                    </span>
                </Show>
                <span class="variable-version" title="Its version: where it was set in the room's log">
                    {move || version().map(|version| format!("v{version}"))}
                </span>
            </div>
            {move || {
                if editing.get() {
                    view! { <Editor name=Some(name.get_value()) on_done=done/> }.into_any()
                } else {
                    let shown = move || {
                        let fresh = version() != begun;
                        view! {
                            <pre class="value" data-fresh=fresh.to_string() tabindex="0" aria-label=format!("Value of {}", name.get_value())>
                                {value()}
                            </pre>
                        }
                    };
                    view! {
                        {shown}
                        <span class="row-tools">
                            <button
                                type="button"
                                class="quiet small"
                                id=edit_id.get_value()
                                on:click=move |_| editing.set(true)
                            >
                                {icon(Icon::Pen)}
                                "Edit"
                            </button>
                            <button type="button" class="quiet small" on:click=delete>
                                {icon(Icon::Bin)}
                                "Delete"
                            </button>
                        </span>
                    }
                        .into_any()
                }
            }}
        </li>
    }
}
