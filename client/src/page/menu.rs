//! The page's small menu: light and dark.

use crate::dom;
use leptos::prelude::*;

const KEY: &str = "nowcast.theme";

/// The themes, by the name that the style sheet knows and the word that people see.
const THEMES: [(&str, &str); 3] = [("", "System"), ("light", "Light"), ("dark", "Dark")];

fn kept() -> String {
    let storage = dom::window().local_storage().ok().flatten();
    storage.and_then(|storage| storage.get_item(KEY).ok().flatten()).unwrap_or_default()
}

/// Shows a theme and keeps it for the next page. The script in index.html reads it before the first paint.
fn choose(theme: &str) {
    if let Some(root) = dom::document().document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
    if let Ok(Some(storage)) = dom::window().local_storage() {
        // Where nothing can be kept, the choice lasts as long as the page.
        let _ = storage.set_item(KEY, theme);
    }
}

/// The menu and the button that opens it.
#[component]
pub fn Menu() -> impl IntoView {
    let now = RwSignal::new(kept());
    let themes = THEMES.map(|(name, word)| {
        view! {
            <label>
                <input
                    type="radio"
                    name="theme"
                    prop:checked=move || now.with(|now| now == name)
                    on:change=move |_| {
                        choose(name);
                        now.set(name.to_owned());
                    }
                />
                {word}
            </label>
        }
    });
    view! {
        <button class="menu-button" popovertarget="menu" aria-label="Menu"></button>
        <div id="menu" popover="auto">
            <fieldset>
                <legend>"Theme"</legend>
                {themes.into_iter().collect_view()}
            </fieldset>
        </div>
    }
}
