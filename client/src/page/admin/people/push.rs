//! Something for one person: to every page that is registered under an id, and to nobody else.

use crate::page::admin::ask;
use crate::page::admin::desk::Desk;
use crate::page::admin::form::focus;
use crate::page::admin::variables::json;
use crate::page::admin::words::reached;
use crate::write;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use nowcast_shared::error::Code;

/// Where something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    To,
    Text,
    Elsewhere,
}

/// The form, and what became of what it sent.
#[component]
pub fn Push() -> impl IntoView {
    let desk = Desk::here();
    let to = desk.push_to;
    let text = RwSignal::new(String::new());
    let is_json = RwSignal::new(false);
    let keep = RwSignal::new(true);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<(Place, String)>);
    let outcome = RwSignal::new(None::<String>);
    let typed = move || {
        problem.set(None);
        outcome.set(None);
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        typed();
        let id = to.with_untracked(|to| to.trim().to_owned());
        if id.is_empty() {
            problem.set(Some((Place::To, "To whom?".to_owned())));
            return focus("push-to");
        }
        let data = match written(&text.get_untracked(), is_json.get_untracked()) {
            Ok(data) => data,
            Err(why) => {
                problem.set(Some((Place::Text, why)));
                return focus("push-text");
            }
        };
        busy.set(true);
        let kept = keep.get_untracked();
        spawn_local(async move {
            let sent = ask::people::push(&desk.room(), &id, &data, kept).await;
            let _ = busy.try_set(false);
            match sent {
                Ok(pages) => {
                    let said = reached(pages, kept);
                    desk.said.set(said.clone());
                    let _ = outcome.try_set(Some(said));
                    // What went nowhere may be tried on somebody else.
                    if pages > 0 || kept {
                        let _ = text.try_set(String::new());
                    }
                }
                Err(failure) => {
                    let why = desk.explain(&failure);
                    let place = match Code::from_name(&failure.code) {
                        Some(Code::TooLarge | Code::BadJson) => Place::Text,
                        Some(Code::BadRequest) if why.contains("destination") => Place::To,
                        _ => Place::Elsewhere,
                    };
                    let _ = problem.try_set(Some((place, why)));
                }
            }
        });
    };
    let wrong = move |place: Place| {
        problem.with(|problem| {
            problem.as_ref().filter(|(at, _)| *at == place).map(|(_, why)| why.clone())
        })
    };
    let kind = move |json: bool, label: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name="push-kind"
                    prop:checked=move || is_json.get() == json
                    on:change=move |_| {
                        is_json.set(json);
                        typed();
                    }
                />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <section class="push" aria-labelledby="push-title">
            <h3 class="over" id="push-title">
                "Send to one person"
            </h3>
            <form class="fields" on:submit=submit novalidate>
                <div class="field">
                    <label for="push-to">"User id"</label>
                    <input
                        id="push-to"
                        type="text"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        prop:value=to
                        on:input=move |event| {
                            to.set(event_target_value(&event));
                            typed();
                        }
                        aria-invalid=move || wrong(Place::To).map(|_| "true")
                        aria-describedby="push-to-note"
                    />
                    <p class="problem" id="push-to-note" role="alert">
                        {move || wrong(Place::To)}
                    </p>
                </div>
                <div class="field">
                    <div class="field-head">
                        <label for="push-text">"What"</label>
                        <div class="segments tiny" role="group" aria-label="As what">
                            {kind(false, "Text")}
                            {kind(true, "JSON")}
                        </div>
                    </div>
                    <textarea
                        id="push-text"
                        class:mono=is_json
                        rows="2"
                        style="--lines: 2"
                        dir="auto"
                        spellcheck=move || (!is_json.get()).to_string()
                        prop:value=text
                        on:input=move |event| {
                            text.set(event_target_value(&event));
                            typed();
                        }
                        aria-invalid=move || wrong(Place::Text).map(|_| "true")
                        aria-describedby="push-text-note"
                    ></textarea>
                    <p class="problem" id="push-text-note" role="alert">
                        {move || wrong(Place::Text)}
                    </p>
                </div>
                <label class="switch">
                    <input
                        type="checkbox"
                        role="switch"
                        prop:checked=keep
                        on:change=move |event| keep.set(event_target_checked(&event))
                    />
                    <span>"Keep it for a day if they are away"</span>
                </label>
                <div class="form-foot">
                    <button type="submit" class="solid small" disabled=busy>
                        "Send"
                    </button>
                    <p class="push-outcome" role="status">
                        {outcome}
                    </p>
                    <p class="problem" role="alert">
                        {move || wrong(Place::Elsewhere)}
                    </p>
                </div>
            </form>
        </section>
    }
}

/// What was typed, as JSON.
fn written(text: &str, is_json: bool) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("Write something first.".to_owned());
    }
    if is_json {
        return json::tight(text).map_err(|wrong| wrong.to_string());
    }
    let mut out = String::new();
    write::string(&mut out, text.trim_end());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn text_goes_as_text_and_json_as_json() {
        assert_eq!(written("{\"seat\": 7}", true).unwrap(), "{\"seat\":7}");
        assert_eq!(written("{\"seat\": 7}\n", false).unwrap(), r#""{\"seat\": 7}""#);
        assert!(written("  ", false).is_err());
        assert!(written("seat 7", true).unwrap_err().contains("quotes"));
    }
}
