//! What the form of a source is made of.

use super::Work;
use crate::page::admin::icon::{Icon, icon};
use crate::page::admin::sources::draft::{Draft, Field};
use leptos::prelude::*;

/// A line of text.
#[component]
pub fn Text(
    /// The form that it is a part of.
    work: Work,
    /// Which.
    field: Field,
    /// What it is for.
    label: &'static str,
    /// More about that.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// What stands in it while it is empty.
    #[prop(optional, into)]
    placeholder: Signal<String>,
    /// Reads what is typed.
    get: fn(&Draft) -> &String,
    /// Types.
    set: fn(&mut Draft, String),
) -> impl IntoView {
    let id = field.id();
    let note = format!("{id}-note");
    let plain = matches!(field, Field::Url | Field::TopicsField);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                type="text"
                inputmode=if field == Field::PerMinute { "numeric" } else { "text" }
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                dir=if plain { "ltr" } else { "auto" }
                placeholder=placeholder
                prop:value=move || work.draft.with(|draft| get(draft).clone())
                on:input=move |event| {
                    let value = event_target_value(&event);
                    work.change(|draft| set(draft, value));
                }
                aria-invalid=move || work.problem_at(field).map(|_| "true")
                aria-describedby=note.clone()
            />
            <div id=note>
                <p class="problem" role="alert">{move || work.problem_at(field)}</p>
                {move || hint.get().map(|hint| view! { <p class="hint">{hint}</p> })}
            </div>
        </div>
    }
}

/// On or off.
#[component]
pub fn SwitchField(
    /// The form that it is a part of.
    work: Work,
    /// What it is for.
    label: &'static str,
    /// More about that.
    hint: &'static str,
    /// Whether it is on.
    get: fn(&Draft) -> bool,
    /// Switches it.
    set: fn(&mut Draft, bool),
) -> impl IntoView {
    view! {
        <label class="switch">
            <input
                type="checkbox"
                role="switch"
                prop:checked=move || work.draft.with(get)
                on:change=move |event| {
                    let on = event_target_checked(&event);
                    work.change(|draft| set(draft, on));
                }
            />
            <span>
                {label}
                <span class="hint">{hint}</span>
            </span>
        </label>
    }
}

/// One of a few.
pub fn choice<T: Copy + PartialEq + Send + Sync + 'static>(
    legend: &'static str,
    name: &'static str,
    choices: &'static [T],
    label: fn(T) -> &'static str,
    chosen: Signal<T>,
    choose: impl Fn(T) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <fieldset class="choice">
            <legend>{legend}</legend>
            <div class="segments">
                {choices
                    .iter()
                    .map(|choice| {
                        let choice = *choice;
                        view! {
                            <label>
                                <input
                                    type="radio"
                                    name=name
                                    prop:checked=move || chosen.get() == choice
                                    on:change=move |_| choose(choice)
                                />
                                <span>{label(choice)}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
        </fieldset>
    }
}

/// What is folded away until it is wanted.
#[component]
pub fn Fold(
    /// Whether it is shown.
    open: RwSignal<bool>,
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    view! {
        <div class="fold">
            <button
                type="button"
                class="quiet fold-button"
                aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                "More: languages, authors, headers, the map"
                {icon(Icon::Down)}
            </button>
            <Show when=move || open.get()>
                <div class="fields">{children.with_value(|children| children())}</div>
            </Show>
        </div>
    }
}
