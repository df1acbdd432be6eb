//! The fields of an item: in the composer, in a display button's editor, in the feed.

use super::draft::{Field, Kind};
use super::form::{Form, focus};
use super::icon::{Icon, icon};
use super::json_field::JsonField;
use super::picture::Picture;
use leptos::{ev, prelude::*};

/// The tabs, by click or arrow keys.
#[component]
pub fn Kinds(
    /// Whose.
    form: Form,
) -> impl IntoView {
    let chosen = Memo::new(move |_| form.draft.with(|draft| draft.kind));
    let choose = move |kind: Kind| {
        form.problem.set(None);
        form.draft.update(|draft| draft.kind = kind);
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowLeft" => -1,
            "ArrowRight" => 1,
            _ => return,
        };
        event.prevent_default();
        let kind = chosen.get_untracked().turned(step);
        choose(kind);
        focus(&tab_id(form, kind));
    };
    view! {
        <div class="kinds" role="tablist" aria-label="What to show" on:keydown=on_key>
            {Kind::ALL
                .into_iter()
                .map(|kind| {
                    let is_chosen = move || chosen.get() == kind;
                    view! {
                        <button
                            type="button"
                            role="tab"
                            class="kind"
                            id=tab_id(form, kind)
                            aria-controls=fields_id(form)
                            aria-selected=move || is_chosen().to_string()
                            tabindex=move || if is_chosen() { "0" } else { "-1" }
                            on:click=move |_| choose(kind)
                        >
                            {icon(Icon::of_kind(kind.name()))}
                            {kind.label()}
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}

fn tab_id(form: Form, kind: Kind) -> String {
    form.name.with_value(|name| format!("{name}-tab-{}", kind.name()))
}

fn fields_id(form: Form) -> String {
    form.name.with_value(|name| format!("{name}-fields"))
}

/// The fields of the chosen kind.
#[component]
pub fn Fields(
    /// Whose.
    form: Form,
) -> impl IntoView {
    let kind = Memo::new(move |_| form.draft.with(|draft| draft.kind));
    view! {
        <div class="fields" id=fields_id(form)>
            {move || match kind.get() {
                Kind::Message => {
                    view! {
                        <Entry form field=Field::Text label="Message" unseen=true lines=5 hint="Markdown works: **bold**, lists, links."/>
                    }
                        .into_any()
                }
                Kind::Link => {
                    view! {
                        <Entry form field=Field::LinkUrl label="Address" placeholder="https://"/>
                        <Entry form field=Field::Title label="Title" optional=true/>
                        <Entry form field=Field::Description label="Description" lines=2 optional=true/>
                    }
                        .into_any()
                }
                Kind::Image => {
                    view! {
                        <Picture form/>
                        <Entry form field=Field::ImageUrl label="Or its address" placeholder="https://"/>
                        <Entry
                            form
                            field=Field::Alt
                            label="What it shows"
                            lines=2
                            hint="In words, for those who do not see it."
                        />
                    }
                        .into_any()
                }
                Kind::Post => {
                    view! {
                        <Entry form field=Field::PostText label="Text" lines=3 hint="Plain text. Addresses in it become links."/>
                        <div class="pair">
                            <Entry form field=Field::User label="Who wrote it" optional=true/>
                            <Entry form field=Field::Source label="Where" placeholder="Mastodon" optional=true/>
                        </div>
                        <Entry form field=Field::PostUrl label="Link back" placeholder="https://" optional=true/>
                        <Picture form/>
                        <Entry form field=Field::PostPicture label="Or its address" placeholder="https://" optional=true/>
                        <Entry form field=Field::PostAlt label="What the picture shows" optional=true/>
                    }
                        .into_any()
                }
                Kind::Custom => {
                    view! {
                        <JsonField
                            id=form.id(Field::Json)
                            label="Any JSON"
                            lines=6
                            placeholder="{\"type\": \"goal\", \"minute\": 17}"
                            text=Signal::derive(move || form.draft.with(|draft| draft.json.clone()))
                            on_type=move |text| form.type_into(Field::Json, text)
                            problem=Signal::derive(move || form.problem_at(Field::Json))
                        />
                    }
                        .into_any()
                }
            }}
            {move || {
                form.problem_elsewhere()
                    .map(|text| view! { <p class="problem" role="alert">{text}</p> })
            }}
        </div>
    }
}

/// One field: its label, its control, and under it what is wrong or a hint.
#[component]
fn Entry(
    form: Form,
    field: Field,
    label: &'static str,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] placeholder: &'static str,
    /// How many lines it has to begin with; 0 is a single line for good.
    #[prop(optional)]
    lines: u32,
    #[prop(optional)] optional: bool,
    /// The label is for screen readers alone: the chosen tab says the same.
    #[prop(optional)]
    unseen: bool,
) -> impl IntoView {
    let id = form.id(field);
    let note = format!("{id}-note");
    let value = move || form.draft.with(|draft| draft.get(field).to_owned());
    let problem = Memo::new(move |_| form.problem_at(field));
    let invalid = move || problem.with(Option::is_some).then_some("true");
    let noted = {
        let note = note.clone();
        move || (problem.with(Option::is_some) || !hint.is_empty()).then(|| note.clone())
    };
    let is_address =
        matches!(field, Field::LinkUrl | Field::ImageUrl | Field::PostUrl | Field::PostPicture);
    let control = if lines == 0 {
        view! {
            <input
                id=id.clone()
                type="text"
                inputmode=if is_address { "url" } else { "text" }
                autocomplete="off"
                spellcheck=(!is_address).to_string()
                dir="auto"
                placeholder=placeholder
                prop:value=value
                on:input=move |event| form.type_into(field, event_target_value(&event))
                aria-invalid=invalid
                aria-describedby=noted
            />
        }
        .into_any()
    } else {
        view! {
            <textarea
                id=id.clone()
                rows=lines
                style=format!("--lines: {lines}")
                dir="auto"
                placeholder=placeholder
                prop:value=value
                on:input=move |event| form.type_into(field, event_target_value(&event))
                aria-invalid=invalid
                aria-describedby=noted
            ></textarea>
        }
        .into_any()
    };
    view! {
        <div class="field">
            <label for=id class:sr-only=unseen>
                {label} {optional.then(|| view! { <span class="faint">" optional"</span> })}
            </label>
            {control}
            {move || match problem.get() {
                Some(text) => view! { <p class="problem" id=note.clone()>{text}</p> }.into_any(),
                None if hint.is_empty() => ().into_any(),
                None => view! { <p class="hint" id=note.clone()>{hint}</p> }.into_any(),
            }}
        </div>
    }
}
