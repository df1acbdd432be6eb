//! The page's small menu: light and dark.

use crate::dom::{self, Listener};
use crate::page::part::effect;
use crate::page::people;
use crate::stored::Shelf;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlInputElement};

const KEY: &str = "nowcast.theme";

/// The theme that was chosen on an earlier page; empty is the system's.
fn kept() -> String {
    Shelf::Browser.get(KEY).unwrap_or_default()
}

/// Shows a theme and keeps it. The script in index.html reads it before the next page's first paint.
fn choose(theme: &str) {
    if let Some(root) = dom::document().document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
    Shelf::Browser.put(KEY, theme);
}

/// Makes the menu work: marks the present theme and follows the choice.
fn wire(menu: &Element) {
    let now = format!("[value='{}']", if kept().is_empty() { "system".to_owned() } else { kept() });
    if let Ok(Some(radio)) = menu.query_selector(&now) {
        radio.unchecked_into::<HtmlInputElement>().set_checked(true);
    }
    let change = Listener::on(menu, "change", |event| {
        if let Some(radio) = event.target() {
            let theme = radio.unchecked_into::<HtmlInputElement>().value();
            choose(if theme == "system" { "" } else { &theme });
        }
    });
    // The menu lives as long as the page.
    change.forever();
}

/// The menu and the button that opens it.
#[component]
pub fn Menu() -> impl IntoView {
    effect(|| {
        if let Some(menu) = dom::document().get_element_by_id("menu") {
            wire(&menu);
        }
    });
    view! {
        <button class="menu-button" popovertarget="menu" aria-label="Menu"></button>
        <div id="menu" popover="auto">
            {people::menu_entry()}
            <fieldset>
                <legend>"Theme"</legend>
                <label>
                    <input type="radio" name="theme" value="system" />
                    "System"
                </label>
                <label>
                    <input type="radio" name="theme" value="light" />
                    "Light"
                </label>
                <label>
                    <input type="radio" name="theme" value="dark" />
                    "Dark"
                </label>
            </fieldset>
        </div>
    }
}
