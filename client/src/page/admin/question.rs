//! One question before something is done that matters, asked in the place where it was wished for.

use leptos::{ev, html, prelude::*};

/// A question with its answers, and the way out, which has the focus.
#[component]
pub fn Question(
    /// What is asked.
    #[prop(into)]
    says: Signal<String>,
    /// The answers that do something.
    answers: &'static [&'static str],
    /// The way out.
    #[prop(default = "Keep")]
    keep: &'static str,
    /// The key that asked: pressed again, it gives the first answer.
    #[prop(optional)]
    key: &'static str,
    /// An answer is on its way.
    #[prop(into)]
    busy: Signal<bool>,
    /// Why the last answer did not work.
    #[prop(into)]
    problem: Signal<Option<String>>,
    /// Gets which answer was given, counted from 0.
    #[prop(into)]
    on_answer: Callback<usize>,
    /// The way out was taken.
    #[prop(into)]
    on_keep: Callback<()>,
) -> impl IntoView {
    let way_out = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if let Some(way_out) = way_out.get() {
            let _ = way_out.focus();
        }
    });
    let answer = move |n: usize| {
        if !busy.get_untracked() {
            on_answer.run(n);
        }
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            // In a dialog, it closes the question and not the dialog.
            event.prevent_default();
            on_keep.run(());
        } else if !key.is_empty() && event.key().eq_ignore_ascii_case(key) && !event.repeat() {
            event.prevent_default();
            answer(0);
        }
        event.stop_propagation();
    };
    view! {
        <div class="ask" role="group" aria-label=says on:keydown=on_key>
            <span>{says}</span>
            {answers
                .iter()
                .enumerate()
                .map(|(n, label)| {
                    view! {
                        <button
                            type="button"
                            class="danger small"
                            disabled=busy
                            on:click=move |_| answer(n)
                        >
                            {*label}
                        </button>
                    }
                })
                .collect_view()}
            <button
                node_ref=way_out
                type="button"
                class="quiet small"
                on:click=move |_| on_keep.run(())
            >
                {keep}
            </button>
        </div>
        <p class="problem" role="alert">
            {problem}
        </p>
    }
}
