//! The line in which whoever sits at the desk speaks in the chat.

use crate::page::admin::desk::Desk;
use crate::page::admin::form::focus;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use nowcast_shared::chat::MAX_TEXT;

/// A line to write in; Enter sends, Shift and Enter makes a new line.
#[component]
pub fn Say() -> impl IntoView {
    let desk = Desk::here();
    let text = desk.saying;
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let send = move || {
        let words = text.with_untracked(|text| text.trim().to_owned());
        if words.is_empty() || busy.get_untracked() {
            return;
        }
        if words.chars().count() > MAX_TEXT {
            return problem.set(Some(format!("That is too long: {MAX_TEXT} characters at most.")));
        }
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let said = desk.say(&words).await;
            let _ = busy.try_set(false);
            match said {
                Ok(()) => {
                    // What was typed on while it was on its way stays.
                    text.update(|now| {
                        if now.trim() == words {
                            now.clear();
                        }
                    });
                    focus("say-text");
                }
                Err(why) => {
                    let _ = problem.try_set(Some(why));
                }
            }
        });
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
    };
    let name = move || {
        let name = desk.me.with(|me| me.as_ref().and_then(|me| me.name.clone()));
        format!("Say something as {}", name.unwrap_or_else(|| "Host".to_owned()))
    };
    view! {
        <form
            class="say"
            on:submit=move |event: ev::SubmitEvent| {
                event.prevent_default();
                send();
            }
            novalidate
        >
            <textarea
                id="say-text"
                rows="1"
                dir="auto"
                placeholder=name
                aria-label=name
                prop:value=text
                on:input=move |event| {
                    text.set(event_target_value(&event));
                    problem.set(None);
                }
                on:keydown=on_key
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                aria-describedby="say-note"
            ></textarea>
            <button type="submit" class="solid" disabled=move || busy.get() || text.with(|text| text.trim().is_empty())>
                "Send"
            </button>
            <p class="problem" id="say-note" role="alert">
                {problem}
            </p>
        </form>
    }
}
