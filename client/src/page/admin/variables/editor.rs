//! The form for a shared variable: a new one, or another value for one that is there. What somebody
//! else makes of it meanwhile is shown, and nothing is written over unseen.

use super::json::{tidy, tight};
use crate::page::admin::desk::Desk;
use crate::page::admin::form::focus;
use crate::page::admin::rooms::patterns;
use crate::read::Json;
use crate::write;
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

/// The form.
#[component]
pub fn Editor(
    /// Of which variable; `None` for a new one.
    name: Option<String>,
    /// It is saved, or given up.
    #[prop(into)]
    on_done: Callback<()>,
) -> impl IntoView {
    let desk = Desk::here();
    let new = name.is_none();
    let name = RwSignal::new(name.unwrap_or_default());
    let known = move || desk.variables.with(|known| name.with(|name| known.get(name)));
    let begun = untrack(known);
    let text = RwSignal::new(begun.as_ref().map_or_else(String::new, |variable| {
        tidy(&variable.value.0).unwrap_or_else(|_| variable.value.0.clone())
    }));
    // The version that whoever sits here has seen; 0 stands for none.
    let base = RwSignal::new(begun.map_or(0, |variable| variable.version));
    let now = Memo::new(move |_| known().map_or(0, |variable| variable.version));
    let conflict = Memo::new(move |_| now.get() != base.get());
    let problem = RwSignal::new(None::<(Place, String)>);
    let busy = RwSignal::new(false);
    let prefix = if new { "variable-new" } else { "variable" };
    let ids = StoredValue::new((format!("{prefix}-name"), format!("{prefix}-value")));
    let (name_id, value_id) = ids.get_value();
    {
        let first = if new { name_id.clone() } else { value_id.clone() };
        Effect::new(move |_| focus(&first));
    }
    let blame = move |place: Place, why: String| {
        if problem.try_set(Some((place, why))).is_none() {
            ids.with_value(|(name, value)| {
                focus(if place == Place::Name { name } else { value });
            });
        }
    };
    let save = move || {
        if busy.get_untracked() {
            return;
        }
        problem.set(None);
        let called = name.with_untracked(|name| name.trim().to_owned());
        if let Some(why) = patterns::wrong(&called) {
            return blame(Place::Name, why.to_owned());
        }
        let value = match text.with_untracked(|text| tight(text)) {
            Ok(value) => value,
            Err(wrong) => return blame(Place::Value, wrong.to_string()),
        };
        busy.set(true);
        // Whoever saves sees what is there now; that is what may be written over.
        let seen = now.get_untracked();
        spawn_local(async move {
            let saved = desk.set_variable(&called, &value, seen).await;
            let gone = busy.try_set(false).is_some();
            match saved {
                Ok(()) => {
                    desk.said.set(format!("{called} is saved."));
                    let _ = on_done.try_run(());
                }
                Err(failure) if failure.is(Code::VersionMismatch) && !gone => {
                    // Nothing is written over: what came between is shown first.
                    let _ = base.try_set(seen);
                    desk.look_at_variables().await;
                }
                Err(failure) => {
                    let why = desk.explain(&failure);
                    if gone {
                        return desk.tell(why, None);
                    }
                    let named = failure.is(Code::BadVariable) || failure.is(Code::VariablesFull);
                    blame(if named && new { Place::Name } else { Place::Value }, why);
                }
            }
        });
    };
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" => on_done.run(()),
        "Enter" if event.ctrl_key() || event.meta_key() => save(),
        _ => {}
    };
    let wrong = move |place: Place| {
        problem.with(|problem| {
            problem.as_ref().filter(|(at, _)| *at == place).map(|(_, why)| why.clone())
        })
    };
    // What is no JSON may have been meant as a text.
    let bare = move || {
        wrong(Place::Value).is_some()
            && text.with(|text| {
                let text = text.trim();
                !text.is_empty() && !text.starts_with(['{', '[', '"', '\''])
            })
    };
    let quote = move |_| {
        text.update(|text| {
            let mut quoted = String::new();
            write::string(&mut quoted, text.trim());
            *text = quoted;
        });
        problem.set(None);
        ids.with_value(|(_, value)| focus(value));
    };
    let look = move |event: ev::Event| {
        if let Ok(laid) = tidy(&event_target_value(&event)) {
            text.set(laid);
        }
    };
    let take_theirs = move |_| match untrack(known) {
        Some(Variable { value: Json(json), version }) => {
            text.set(tidy(&json).unwrap_or(json));
            base.set(version);
            problem.set(None);
        }
        None => on_done.run(()),
    };
    view! {
        <form
            class="variable-form"
            on:submit=move |event: ev::SubmitEvent| {
                event.prevent_default();
                save();
            }
            on:keydown=on_key
            novalidate
        >
            <Show when=move || new>
                <div class="field">
                    <label for=name_id.clone()>"Name"</label>
                    <input
                        id=name_id.clone()
                        class="mono"
                        type="text"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        maxlength="64"
                        prop:value=name
                        on:input=move |event| {
                            name.set(event_target_value(&event));
                            problem.set(None);
                        }
                        aria-invalid=move || wrong(Place::Name).map(|_| "true")
                        aria-describedby=format!("{name_id}-note")
                    />
                    <p class="problem" id=format!("{name_id}-note") role="alert">
                        {move || wrong(Place::Name)}
                    </p>
                </div>
            </Show>
            <div class="field">
                <label for=value_id.clone()>"Value, as JSON"</label>
                <textarea
                    id=value_id.clone()
                    class="mono"
                    rows="3"
                    style="--lines: 3"
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder="{\"home\": 2, \"away\": 1}"
                    prop:value=text
                    on:input=move |event| {
                        text.set(event_target_value(&event));
                        problem.set(None);
                    }
                    on:change=look
                    aria-invalid=move || wrong(Place::Value).map(|_| "true")
                    aria-describedby=format!("{value_id}-note")
                ></textarea>
                <p class="problem" id=format!("{value_id}-note") role="alert">
                    {move || wrong(Place::Value)}
                    <Show when=bare>
                        " "
                        <button type="button" class="as-link" on:click=quote>
                            "Put it in quotes"
                        </button>
                    </Show>
                </p>
            </div>
            <Show when=move || conflict.get()>
                <Conflict new theirs=Signal::derive(move || known().map(|now| now.value))/>
            </Show>
            <div class="form-foot">
                <button type="submit" class="solid small" disabled=busy>
                    {move || if conflict.get() { "Save mine over it" } else { "Save" }}
                </button>
                <Show when=move || conflict.get()>
                    <button type="button" class="quiet small" on:click=take_theirs>
                        {move || if now.get() == 0 { "Leave it deleted" } else { "Take theirs" }}
                    </button>
                </Show>
                <button type="button" class="quiet small" on:click=move |_| on_done.run(())>
                    "Cancel"
                </button>
            </div>
        </form>
    }
}

/// What there is by now, where it is something else than when the form was opened.
#[component]
fn Conflict(new: bool, theirs: Signal<Option<Json>>) -> impl IntoView {
    view! {
        <div class="meanwhile" role="status">
            {move || match theirs.get() {
                Some(Json(json)) => {
                    let says = if new {
                        "There is one of this name already:"
                    } else {
                        "Somebody else has set it meanwhile:"
                    };
                    view! {
                        <p>{says}</p>
                        <pre class="value">{tidy(&json).unwrap_or(json)}</pre>
                    }
                        .into_any()
                }
                None => view! { <p>"Somebody else has deleted it meanwhile."</p> }.into_any(),
            }}
        </div>
    }
}
