//! The chat as an admin has it: what waits for approval ([`waiting`]), what is said ([`said`], [`say`]),
//! and what can be done about words and people ([`sanction`]).

pub mod said;
pub mod sanction;
pub mod say;
pub mod waiting;

use super::desk::Desk;
use super::me::Right;
use super::rooms::settings_form::slow;
use leptos::prelude::*;
use nowcast_shared::room::Who;
use said::SaidList;
use say::Say;
use waiting::WaitingWords;

/// The panel.
#[component]
pub fn Moderation() -> impl IntoView {
    let desk = Desk::here();
    let may = Memo::new(move |_| desk.may(Right::Settings));
    view! {
        <div class="moderation">
            <State/>
            <Show when=move || may.get()>
                <WaitingWords/>
            </Show>
            <SaidList/>
            <Say/>
        </div>
    }
}

/// Who may chat and how, in one line, with the way to the setting.
#[component]
fn State() -> impl IntoView {
    let desk = Desk::here();
    let says = move || {
        desk.store.settings.with(|settings| {
            let who = match settings.chat {
                Who::Everyone => "Everyone may chat",
                Who::Users => "Registered users may chat",
                Who::Nobody => "Only hosts may chat",
            };
            let slow = (settings.slow > 0).then(|| format!("slow mode {}", slow(settings.slow)));
            let approval = settings.approval.then(|| "words wait for approval".to_owned());
            let parts = [Some(who.to_owned()), slow, approval];
            parts.into_iter().flatten().collect::<Vec<_>>().join(", ") + "."
        })
    };
    view! {
        <p class="faint small-text">
            {says} " "
            <Show when=move || desk.may(Right::Settings)>
                <button type="button" class="as-link" on:click=move |_| desk.settings.set(true)>
                    "Change"
                </button>
            </Show>
        </p>
    }
}
