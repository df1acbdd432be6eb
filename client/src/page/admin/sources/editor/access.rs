//! Who the source is to what it follows, and who may send to it.

use super::Work;
use super::parts::{Text, choice};
use crate::page::admin::sources::draft::{Draft, Field};
use crate::page::admin::sources::source::{AuthKind, Kind};
use leptos::prelude::*;

/// How it proves who it is, or whoever sends to it; and the secret of that, which is never shown.
#[component]
pub fn Auth(
    /// The form that it is a part of.
    work: Work,
) -> impl IntoView {
    let kind = Memo::new(move |_| work.draft.with(|draft| draft.source.kind));
    let auth = Memo::new(move |_| work.draft.with(|draft| draft.source.auth));
    let hook = move || kind.get() == Kind::Webhook;
    view! {
        {move || {
            let legend = if hook() { "How senders prove who they are" } else { "How it signs in" };
            choice(
                legend,
                "source-auth",
                kind.get().auths(),
                AuthKind::label,
                Signal::derive(move || auth.get()),
                move |to| work.change(|draft| draft.source.auth = to),
            )
        }}
        <Show when=move || auth.get() != AuthKind::None>
            <div class="pair">
                <Show when=move || auth.get() == AuthKind::Basic>
                    <Text
                        work
                        field=Field::User
                        label="Name"
                        get=|draft| &draft.source.user
                        set=|draft, to| draft.source.user = to
                    />
                </Show>
                <Secret work/>
            </div>
        </Show>
    }
}

#[component]
fn Secret(work: Work) -> impl IntoView {
    let auth = Memo::new(move |_| work.draft.with(|draft| draft.source.auth));
    let kept = Memo::new(move |_| work.draft.with(Draft::keeps_secret));
    let id = Field::Secret.id();
    view! {
        <div class="field">
            <label for=id>{move || auth.get().secret()}</label>
            <input
                id=id
                type="password"
                autocomplete="new-password"
                placeholder=move || if kept.get() { "Kept; type to replace" } else { "" }
                prop:value=move || work.draft.with(|draft| draft.secret.clone())
                on:input=move |event| {
                    let value = event_target_value(&event);
                    work.change(|draft| draft.secret = value);
                }
                aria-invalid=move || work.problem_at(Field::Secret).map(|_| "true")
                aria-describedby="source-secret-note"
            />
            <div id="source-secret-note">
                <p class="problem" role="alert">{move || work.problem_at(Field::Secret)}</p>
                <p class="hint">
                    {move || match auth.get() {
                        AuthKind::Hmac => {
                            "The same as at the sender, who signs with it as GitHub does. It is kept encrypted and never shown again."
                        }
                        _ => "It is kept encrypted and never shown again.",
                    }}
                </p>
            </div>
        </div>
    }
}
