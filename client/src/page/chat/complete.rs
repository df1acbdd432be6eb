//! Names that are completed while they are typed behind an `@`.

use super::Talk;
use super::text::{completions, name_begun};
use crate::dom::find;
use crate::page::part::{nothing, part};
use crate::store::set;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlTextAreaElement};

/// The list above the field.
pub(super) fn names(talk: Talk) -> AnyView {
    part(move || {
        let (names, chosen) = talk.names.get();
        if names.is_empty() {
            return nothing();
        }
        let each = names.into_iter().enumerate().map(|(place, name)| {
            let selected = if place == chosen { "true" } else { "false" };
            view! {
                <li role="option" aria-selected=selected data-do="name" dir="auto">
                    {name}
                </li>
            }
            .into_any()
        });
        let each = each.collect_view();
        view! { <ul id="say-names" class="names" role="listbox" aria-label="Names">{each}</ul> }
            .into_any()
    })
    .into_any()
}

fn field() -> Option<HtmlTextAreaElement> {
    find("#say")?.dyn_into().ok()
}

/// Where in `text` the letter stands that browsers count as this one.
fn byte_at(text: &str, units: u32) -> usize {
    let mut left = units as usize;
    for (at, letter) in text.char_indices() {
        if left == 0 {
            return at;
        }
        left = left.saturating_sub(letter.len_utf16());
    }
    text.len()
}

/// Looks whether a name is being typed.
pub(super) fn look(talk: Talk) {
    let names = field().map(|field| {
        let (text, caret) = (field.value(), field.selection_start().ok().flatten());
        let caret = byte_at(&text, caret.unwrap_or_default());
        let Some((_, begun)) = name_begun(&text, caret) else {
            return Vec::new();
        };
        let mut others = talk.known_names();
        let me = talk.store.me.called();
        others.retain(|name| *name != me && !name.is_empty());
        completions(begun, &others)
    });
    set(talk.names, (names.unwrap_or_default(), 0));
}

/// Shows no names.
pub(super) fn close(talk: Talk) {
    set(talk.names, (Vec::new(), 0));
}

/// Whether the key was meant for the list.
pub(super) fn pressed(talk: Talk, key: &str) -> bool {
    let (names, chosen) = talk.names.get_untracked();
    let count = names.len();
    if count == 0 {
        return false;
    }
    match key {
        "ArrowDown" => set(talk.names, (names, (chosen + 1) % count)),
        "ArrowUp" => set(talk.names, (names, (chosen + count - 1) % count)),
        "Enter" | "Tab" => take(talk, &names[chosen]),
        "Escape" => close(talk),
        _ => return false,
    }
    true
}

/// Takes the name that was clicked on.
pub(super) fn choose(talk: Talk, option: &Element) {
    take(talk, &option.text_content().unwrap_or_default());
}

fn take(talk: Talk, name: &str) {
    let Some(field) = field() else {
        return;
    };
    let (text, caret) = (field.value(), field.selection_start().ok().flatten());
    let caret = byte_at(&text, caret.unwrap_or_default());
    if let Some((at, _)) = name_begun(&text, caret) {
        let before = format!("{}@{name} ", &text[..at]);
        let units = u32::try_from(before.encode_utf16().count()).unwrap_or(u32::MAX);
        field.set_value(&(before + text[caret..].trim_start_matches(' ')));
        // It only fails for a field that has no caret.
        let _ = field.set_selection_range(units, units);
    }
    close(talk);
}

#[cfg(test)]
mod tests {
    use super::byte_at;

    #[test]
    fn carets_are_found_among_letters_of_any_width() {
        let text = "aß🎉b";
        for (units, byte) in [(0, 0), (1, 1), (2, 3), (4, 7), (5, 8), (99, 8)] {
            assert_eq!(byte_at(text, units), byte, "{units}");
        }
    }
}
