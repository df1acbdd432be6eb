//! Something to copy, and the button that does.

use super::help::modifier;
use super::icon::{Icon, icon};
use crate::dom;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Node;

#[wasm_bindgen]
extern "C" {
    type Selection;
    #[wasm_bindgen(js_name = getSelection)]
    fn selection() -> Option<Selection>;
    #[wasm_bindgen(method, js_name = selectAllChildren)]
    fn select_all_children(this: &Selection, node: &Node);
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copied {
    NotYet,
    Done,
    /// This page may not copy; the text is selected for whoever sits here to do it.
    Selected,
}

/// Writes to the clipboard, if the browser lets it. Over plain HTTP from another machine there is
/// no clipboard at all.
async fn write(text: &str) -> bool {
    let clipboard = dom::window().navigator().clipboard();
    !clipboard.is_undefined() && JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// A text to paste somewhere else, with a button that copies it.
#[component]
pub fn Paste(
    /// The id of its block.
    #[prop(into)]
    id: String,
    /// What it is, for those who do not see it.
    label: &'static str,
    /// The text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let copied = RwSignal::new(Copied::NotYet);
    let block = StoredValue::new(id.clone());
    let copy = move |_| {
        spawn_local(async move {
            let text = text.get_untracked();
            if write(&text).await {
                let _ = copied.try_set(Copied::Done);
                dom::sleep(2_000.0).await;
            } else {
                let block = block.try_with_value(|id| document().get_element_by_id(id)).flatten();
                if let (Some(selection), Some(block)) = (selection(), block) {
                    selection.select_all_children(&block);
                }
                let _ = copied.try_set(Copied::Selected);
                dom::sleep(6_000.0).await;
            }
            // By then what it stood in may be closed.
            let _ = copied.try_set(Copied::NotYet);
        });
    };
    let says = move || match copied.get() {
        Copied::NotYet => "Copy".to_owned(),
        Copied::Done => "Copied".to_owned(),
        Copied::Selected => format!("Press {} C to copy", modifier()),
    };
    view! {
        <div class="paste">
            <pre id=id tabindex="0" aria-label=label><code>{text}</code></pre>
            <button type="button" class="quiet small" on:click=copy>
                {icon(Icon::Copy)}
                {says}
            </button>
        </div>
    }
}
