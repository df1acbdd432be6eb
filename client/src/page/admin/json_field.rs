//! A field for JSON: it says what is wrong while one types, and lays out what is right.

use super::form::focus;
use super::json::tidy;
use crate::write;
use leptos::{ev, prelude::*};

/// The field: its label, its control, and under it what is wrong.
#[component]
pub fn JsonField(
    /// Of the control.
    #[prop(into)]
    id: String,
    /// What it is for.
    label: &'static str,
    /// The label is for screen readers alone.
    #[prop(optional)]
    unseen: bool,
    /// How many lines it has to begin with.
    lines: u32,
    /// What it might hold.
    placeholder: &'static str,
    /// What stands in it.
    #[prop(into)]
    text: Signal<String>,
    /// Types something else.
    #[prop(into)]
    on_type: Callback<String>,
    /// Why it could not go out as it was.
    #[prop(into)]
    problem: Signal<Option<String>>,
) -> impl IntoView {
    // Half of it is always wrong: that is said without alarm.
    let mistake = Memo::new(move |_| {
        let refused = problem.with(Option::is_some);
        text.with(|text| if refused || text.trim().is_empty() { None } else { tidy(text).err() })
    });
    // What is no JSON may have been meant as a text.
    let meant_as_text = Memo::new(move |_| {
        (problem.with(Option::is_some) || mistake.with(Option::is_some))
            && text.with(|text| {
                let text = text.trim();
                !text.is_empty() && !text.starts_with(['{', '[', '"', '\'']) && tidy(text).is_err()
            })
    });
    let lay = move |event: ev::Event| {
        if let Ok(laid) = tidy(&event_target_value(&event)) {
            // A field that is taken away with the cursor in it changes last of all.
            let _ = on_type.try_run(laid);
        }
    };
    let control = StoredValue::new(id.clone());
    let quote = move |_| {
        let mut quoted = String::new();
        text.with_untracked(|text| write::string(&mut quoted, text.trim()));
        on_type.run(quoted);
        focus(&control.get_value());
    };
    let note = format!("{id}-note");
    view! {
        <div class="field">
            <label for=id.clone() class:sr-only=unseen>{label}</label>
            <textarea
                id=id
                class="mono"
                rows=lines
                style=format!("--lines: {lines}")
                autocapitalize="off"
                spellcheck="false"
                placeholder=placeholder
                prop:value=text
                on:input=move |event| on_type.run(event_target_value(&event))
                on:change=lay
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                aria-describedby=note.clone()
            ></textarea>
            <div id=note>
                <p class="problem" role="alert">{problem}</p>
                <p class="hint">
                    {move || mistake.get().map(|wrong| wrong.to_string())}
                    <Show when=move || meant_as_text.get()>
                        " "
                        <button type="button" class="as-link" on:click=quote>
                            "Put it in quotes"
                        </button>
                    </Show>
                </p>
            </div>
        </div>
    }
}
