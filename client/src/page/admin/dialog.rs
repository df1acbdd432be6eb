//! A window over the page: the browser's own `<dialog>`, which keeps the focus inside, closes on
//! Esc and gives the focus back.

use super::icon::{Icon, icon};
use leptos::{ev, html, prelude::*};

/// A dialog that is there while `open` is true. Its content is made anew each time.
#[component]
pub fn Dialog(
    /// Whether it is open; closing it by Esc or by its cross sets it to false.
    open: RwSignal<bool>,
    /// What it is called, for the heading.
    #[prop(into)]
    title: Signal<String>,
    /// Added to its class.
    class: &'static str,
    /// While this is true a press beside the dialog does not close it: something would be lost.
    #[prop(optional, into)]
    held: Signal<bool>,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let children = StoredValue::new(children);
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        if open.get() && !dialog.open() {
            // It can only fail for a dialog that has left the page.
            let _ = dialog.show_modal();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    // A press on the backdrop reaches the dialog itself, one on its content does not. That is why
    // the dialog does not scroll: a press on its own scroll bar would be like one on the backdrop.
    let on_press = move |event: ev::PointerEvent| {
        let on_backdrop = event.target() == event.current_target();
        if on_backdrop && !held.get_untracked() {
            open.set(false);
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class=format!("dialog {class}")
            aria-label=title
            on:close=move |_| open.set(false)
            on:pointerdown=on_press
        >
            <Show when=move || open.get()>
                <div class="dialog-scroll">
                    <div class="dialog-sheet">
                        <header class="dialog-head">
                            <h2>{title}</h2>
                            <button
                                type="button"
                                class="quiet square"
                                aria-label="Close"
                                on:click=move |_| open.set(false)
                            >
                                {icon(Icon::Close)}
                            </button>
                        </header>
                        {children.with_value(|children| children())}
                    </div>
                </div>
            </Show>
        </dialog>
    }
}
