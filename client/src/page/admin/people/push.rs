//! Something for one person: to every page that is registered under an id, and to nobody else.

use crate::page::admin::ask;
use crate::page::admin::desk::Desk;
use crate::page::admin::form::focus;
use crate::page::admin::json;
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

/// What is typed, and what became of what was sent.
#[derive(Clone, Copy)]
struct Work {
    to: RwSignal<String>,
    text: RwSignal<String>,
    is_json: RwSignal<bool>,
    keep: RwSignal<bool>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<(Place, String)>>,
    outcome: RwSignal<Option<String>>,
}

impl Work {
    fn new(to: RwSignal<String>) -> Self {
        Self {
            to,
            text: RwSignal::new(String::new()),
            is_json: RwSignal::new(false),
            keep: RwSignal::new(true),
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            outcome: RwSignal::new(None),
        }
    }

    /// What was said about the last try is about something else now.
    fn typed(self) {
        self.problem.set(None);
        self.outcome.set(None);
    }

    fn wrong(self, place: Place) -> Option<String> {
        self.problem.with(|problem| {
            problem.as_ref().filter(|(at, _)| *at == place).map(|(_, why)| why.clone())
        })
    }

    fn send(self, desk: Desk) {
        if self.busy.get_untracked() {
            return;
        }
        self.typed();
        let id = self.to.with_untracked(|to| to.trim().to_owned());
        if id.is_empty() {
            self.problem.set(Some((Place::To, "To whom?".to_owned())));
            return focus("push-to");
        }
        let data = match written(&self.text.get_untracked(), self.is_json.get_untracked()) {
            Ok(data) => data,
            Err(why) => {
                self.problem.set(Some((Place::Text, why)));
                return focus("push-text");
            }
        };
        self.busy.set(true);
        let kept = self.keep.get_untracked();
        spawn_local(async move {
            let sent = ask::people::push(&desk.room(), &id, &data, kept).await;
            // By now another part of the room may be shown.
            let _ = self.busy.try_set(false);
            match sent {
                Ok(pages) => {
                    let said = reached(pages, kept);
                    desk.said.set(said.clone());
                    let _ = self.outcome.try_set(Some(said));
                    // What went nowhere may be tried on somebody else.
                    if pages > 0 || kept {
                        let _ = self.text.try_set(String::new());
                    }
                }
                Err(failure) => {
                    let why = desk.explain(&failure);
                    let place = match Code::from_name(&failure.code) {
                        Some(Code::TooLarge | Code::BadJson) => Place::Text,
                        Some(Code::BadRequest) if why.contains("destination") => Place::To,
                        _ => Place::Elsewhere,
                    };
                    let _ = self.problem.try_set(Some((place, why)));
                }
            }
        });
    }
}

/// The form, and what became of what it sent.
#[component]
pub fn Push() -> impl IntoView {
    let desk = Desk::here();
    let work = Work::new(desk.push_to);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        work.send(desk);
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
                        prop:value=work.to
                        on:input=move |event| {
                            work.to.set(event_target_value(&event));
                            work.typed();
                        }
                        aria-invalid=move || work.wrong(Place::To).map(|_| "true")
                        aria-describedby="push-to-note"
                    />
                    <p class="problem" id="push-to-note" role="alert">
                        {move || work.wrong(Place::To)}
                    </p>
                </div>
                <What work/>
                <label class="switch">
                    <input
                        type="checkbox"
                        role="switch"
                        prop:checked=work.keep
                        on:change=move |event| work.keep.set(event_target_checked(&event))
                    />
                    <span>"Keep it for a day if they are away"</span>
                </label>
                <div class="form-foot">
                    <button type="submit" class="solid small" disabled=work.busy>
                        "Send"
                    </button>
                    <p class="push-outcome" role="status">
                        {work.outcome}
                    </p>
                    <p class="problem" role="alert">
                        {move || work.wrong(Place::Elsewhere)}
                    </p>
                </div>
            </form>
        </section>
    }
}

/// What is sent, and whether that is text or JSON.
#[component]
fn What(work: Work) -> impl IntoView {
    let kind = move |json: bool, label: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name="push-kind"
                    prop:checked=move || work.is_json.get() == json
                    on:change=move |_| {
                        work.is_json.set(json);
                        work.typed();
                    }
                />
                <span>{label}</span>
            </label>
        }
    };
    view! {
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
                class:mono=work.is_json
                rows="2"
                style="--lines: 2"
                dir="auto"
                spellcheck=move || (!work.is_json.get()).to_string()
                prop:value=work.text
                on:input=move |event| {
                    work.text.set(event_target_value(&event));
                    work.typed();
                }
                aria-invalid=move || work.wrong(Place::Text).map(|_| "true")
                aria-describedby="push-text-note"
            ></textarea>
            <p class="problem" id="push-text-note" role="alert">
                {move || work.wrong(Place::Text)}
            </p>
        </div>
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
