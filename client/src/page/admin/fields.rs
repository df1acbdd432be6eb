//! The fields of an item: in the composer, in a display button's editor, in the feed.

use super::draft::{Draft, Field, Kind, Problem};
use super::icon::{Icon, icon};
use super::picture::Picture;
use leptos::{ev, prelude::*};

/// A draft with what is wrong with it, and a name that makes the ids of its fields unique.
#[derive(Clone, Copy)]
pub struct Form {
    /// What is written.
    pub draft: RwSignal<Draft>,
    /// What is wrong with it.
    pub problem: RwSignal<Option<Problem>>,
    /// Begins the ids of its fields.
    pub name: &'static str,
}

impl Form {
    /// A form of its own over this draft.
    pub fn new(name: &'static str, draft: Draft) -> Self {
        Self { draft: RwSignal::new(draft), problem: RwSignal::new(None), name }
    }

    /// The id of a field's control.
    pub fn id(self, field: Field) -> String {
        let field = match field {
            Field::Text => "text",
            Field::LinkUrl | Field::ImageUrl => "url",
            Field::Title => "title",
            Field::Description => "description",
            Field::Alt => "alt",
        };
        format!("{}-{field}", self.name)
    }

    fn problem_at(self, field: Field) -> Option<String> {
        self.problem.with(|problem| {
            let problem = problem.as_ref().filter(|problem| problem.field == Some(field));
            problem.map(|problem| problem.text.clone())
        })
    }

    fn type_into(self, field: Field, value: String) {
        self.draft.update(|draft| draft.set(field, value));
        // What was wrong is being mended; the next try says whether it is.
        if self.problem.with_untracked(Option::is_some) {
            self.problem.set(None);
        }
    }

    /// Puts the cursor into the first field that is wrong.
    pub fn focus_problem(self) {
        let field = self.problem.with_untracked(|problem| problem.as_ref().and_then(|p| p.field));
        if let Some(field) = field {
            focus(&self.id(field));
        }
    }
}

/// Moves the focus to the element with this id, if it is there.
pub fn focus(id: &str) {
    use wasm_bindgen::JsCast;
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
        // It fails for no element that is on the page.
        let _ = element.focus();
    }
}

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
                            aria-controls=format!("{}-fields", form.name)
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
    format!("{}-tab-{}", form.name, kind.name())
}

/// The fields of the chosen kind.
#[component]
pub fn Fields(
    /// Whose.
    form: Form,
) -> impl IntoView {
    let kind = Memo::new(move |_| form.draft.with(|draft| draft.kind));
    view! {
        <div class="fields" id=format!("{}-fields", form.name)>
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
    let is_address = matches!(field, Field::LinkUrl | Field::ImageUrl);
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
