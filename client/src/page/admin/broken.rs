//! What stands where something could not be fetched.

use leptos::prelude::*;

/// Says what and why, and offers to ask again.
#[component]
pub fn Broken(
    /// What is not there, as a sentence.
    what: &'static str,
    /// What the server said, or that it said nothing.
    why: String,
    /// Asks again.
    again: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="blank" role="alert">
            <p>{what}</p>
            <p class="faint">{why}</p>
            <button type="button" class="quiet" on:click=move |_| again.run(())>
                "Try again"
            </button>
        </div>
    }
}
