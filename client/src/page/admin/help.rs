//! The keys, shown by `?`, and the way to what programs can do.

use super::desk::Desk;
use super::dialog::Dialog;
use super::keys::HELP;
use leptos::prelude::*;

/// The list of keys in a dialog.
#[component]
pub fn Help() -> impl IntoView {
    let desk = Desk::here();
    view! {
        <Dialog open=desk.help title="Keys".to_owned() class="help">
            {HELP
                .iter()
                .map(|(subject, keys)| {
                    view! {
                        <h3 class="over">{*subject}</h3>
                        <dl class="keys">{keys.iter().map(line).collect_view()}</dl>
                    }
                })
                .collect_view()}
            <h3 class="over">"From a program"</h3>
            <p class="elsewhere">
                <a href="/api/docs" target="_blank">"All that programs can ask"</a>
            </p>
        </Dialog>
    }
}

fn line((keys, does): &(&'static str, &'static str)) -> impl IntoView + use<> {
    view! {
        <div>
            <dt>{caps(keys)}</dt>
            <dd>{*does}</dd>
        </div>
    }
}

/// The name of the key that goes with Enter to publish.
pub fn modifier() -> &'static str {
    let mac = window().navigator().user_agent().is_ok_and(|agent| agent.contains("Mac OS"));
    if mac { "⌘" } else { "Ctrl" }
}

/// The keys as caps; a dash between two of them stays a dash.
pub fn caps(keys: &str) -> impl IntoView + use<> {
    keys.split(' ')
        .map(|key| match key {
            "–" => view! { <span>" – "</span> }.into_any(),
            "{mod}" => view! { <kbd>{modifier()}</kbd> }.into_any(),
            key => view! { <kbd>{key.to_owned()}</kbd> }.into_any(),
        })
        .collect_view()
}
