//! The form for a shared variable: a new one, or another value for one that is there. What somebody
//! else makes of it meanwhile is shown, and nothing is written over unseen.

use crate::page::admin::desk::Desk;
use crate::page::admin::form::focus;
use crate::page::admin::json::{laid, tight};
use crate::page::admin::json_field::JsonField;
use crate::page::admin::rooms::patterns;
use crate::read::Json;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use nowcast_shared::error::Code;
use nowcast_shared::frame::Variable;

/// Where something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Name,
    Value,
}

/// What is typed, and what is known of the variable.
#[derive(Clone, Copy)]
struct Work {
    desk: Desk,
    new: bool,
    name: RwSignal<String>,
    text: RwSignal<String>,
    /// The version that whoever sits here has seen; 0 stands for none.
    seen: RwSignal<u64>,
    problem: RwSignal<Option<(Place, String)>>,
    busy: RwSignal<bool>,
    done: Callback<()>,
}

impl Work {
    fn new(desk: Desk, name: Option<String>, done: Callback<()>) -> Self {
        let new = name.is_none();
        let name = name.unwrap_or_default();
        let begun = desk.variables.with_untracked(|known| known.get(&name));
        let (text, version) =
            begun.map_or((String::new(), 0), |begun| (laid(&begun.value.0), begun.version));
        Self {
            desk,
            new,
            name: RwSignal::new(name),
            text: RwSignal::new(text),
            seen: RwSignal::new(version),
            problem: RwSignal::new(None),
            busy: RwSignal::new(false),
            done,
        }
    }

    /// The ids of the two fields; a new one may be made while another is edited.
    const fn id(self, place: Place) -> &'static str {
        match (self.new, place) {
            (true, Place::Name) => "variable-new-name",
            (true, Place::Value) => "variable-new-value",
            (false, Place::Name) => "variable-name",
            (false, Place::Value) => "variable-value",
        }
    }

    /// The variable as it is now. Follows it.
    fn now(self) -> Option<Variable<Json>> {
        self.desk.variables.with(|known| self.name.with(|name| known.get(name)))
    }

    /// Whether it is another one than whoever sits here has seen.
    fn differs(self) -> bool {
        self.now().map_or(0, |now| now.version) != self.seen.get()
    }

    fn wrong(self, place: Place) -> Option<String> {
        self.problem.with(|problem| {
            problem.as_ref().filter(|(at, _)| *at == place).map(|(_, why)| why.clone())
        })
    }

    fn blame(self, place: Place, why: String) {
        if self.problem.try_set(Some((place, why))).is_none() {
            focus(self.id(place));
        }
    }

    fn save(self) {
        if self.busy.get_untracked() {
            return;
        }
        self.problem.set(None);
        let name = self.name.with_untracked(|name| name.trim().to_owned());
        if let Some(why) = patterns::wrong(&name) {
            return self.blame(Place::Name, why.to_owned());
        }
        let value = match self.text.with_untracked(|text| tight(text)) {
            Ok(value) => value,
            Err(wrong) => return self.blame(Place::Value, wrong.to_string()),
        };
        self.busy.set(true);
        // What there is now is shown beside the field; that is what may be written over.
        let over = untrack(|| self.now()).map_or(0, |now| now.version);
        spawn_local(async move {
            let desk = self.desk;
            let saved = desk.set_variable(&name, &value, over).await;
            // By now the form may be closed.
            let gone = self.busy.try_set(false).is_some();
            match saved {
                Ok(()) => {
                    desk.said.set(format!("{name} is saved."));
                    let _ = self.done.try_run(());
                }
                Err(failure) if failure.is(Code::VersionMismatch) && !gone => {
                    // Nothing is written over unseen: what came between is shown first.
                    let _ = self.seen.try_set(over);
                    desk.look_at_variables().await;
                }
                Err(failure) => {
                    let why = desk.explain(&failure);
                    if gone {
                        return desk.tell(why, None);
                    }
                    let named = failure.is(Code::BadVariable) || failure.is(Code::VariablesFull);
                    self.blame(if named && self.new { Place::Name } else { Place::Value }, why);
                }
            }
        });
    }

    /// Gives up what was typed for what somebody else made of it.
    fn take_theirs(self) {
        match untrack(|| self.now()) {
            Some(Variable { value: Json(json), version }) => {
                self.text.set(laid(&json));
                self.seen.set(version);
                self.problem.set(None);
            }
            None => self.done.run(()),
        }
    }
}

/// The form.
#[component]
pub fn Editor(
    /// Of which variable; `None` for a new one.
    name: Option<String>,
    /// It is saved, or given up.
    #[prop(into)]
    on_done: Callback<()>,
) -> impl IntoView {
    let work = Work::new(Desk::here(), name, on_done);
    let differs = Memo::new(move |_| work.differs());
    let gone = move || work.now().is_none();
    let first = work.id(if work.new { Place::Name } else { Place::Value });
    Effect::new(move |_| focus(first));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        work.save();
    };
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" => on_done.run(()),
        "Enter" if event.ctrl_key() || event.meta_key() => work.save(),
        _ => {}
    };
    view! {
        <form class="variable-form" on:submit=submit on:keydown=on_key novalidate>
            <Show when=move || work.new>
                <Name work/>
            </Show>
            <JsonField
                id=work.id(Place::Value)
                label="Value, as JSON"
                lines=3
                placeholder="{\"home\": 2, \"away\": 1}"
                text=work.text
                on_type=move |text| {
                    work.text.set(text);
                    work.problem.set(None);
                }
                problem=Signal::derive(move || work.wrong(Place::Value))
            />
            <Show when=move || differs.get()>
                <Meanwhile work/>
            </Show>
            <div class="form-foot">
                <button type="submit" class="solid small" disabled=work.busy>
                    {move || if differs.get() { "Save mine over it" } else { "Save" }}
                </button>
                <Show when=move || differs.get()>
                    <button type="button" class="quiet small" on:click=move |_| work.take_theirs()>
                        {move || if gone() { "Leave it deleted" } else { "Take theirs" }}
                    </button>
                </Show>
                <button type="button" class="quiet small" on:click=move |_| on_done.run(())>
                    "Cancel"
                </button>
            </div>
        </form>
    }
}

#[component]
fn Name(work: Work) -> impl IntoView {
    let id = work.id(Place::Name);
    view! {
        <div class="field">
            <label for=id>"Name"</label>
            <input
                id=id
                class="mono"
                type="text"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                maxlength="64"
                prop:value=work.name
                on:input=move |event| {
                    work.name.set(event_target_value(&event));
                    work.problem.set(None);
                }
                aria-invalid=move || work.wrong(Place::Name).map(|_| "true")
                aria-describedby=format!("{id}-note")
            />
            <p class="problem" id=format!("{id}-note") role="alert">
                {move || work.wrong(Place::Name)}
            </p>
        </div>
    }
}

/// What there is by now, where it is something else than when the form was opened.
#[component]
fn Meanwhile(work: Work) -> impl IntoView {
    let says = if work.new {
        "There is one of this name already:"
    } else {
        "Somebody else has set it meanwhile:"
    };
    view! {
        <div class="meanwhile" role="status">
            {move || match work.now() {
                Some(now) => {
                    view! {
                        <p>{says}</p>
                        <pre class="value">{laid(&now.value.0)}</pre>
                    }
                        .into_any()
                }
                None => view! { <p>"Somebody else has deleted it meanwhile."</p> }.into_any(),
            }}
        </div>
    }
}
