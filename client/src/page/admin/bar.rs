//! The top of the desk: which room it is, how the link is, and who sits here.

use super::ask;
use super::desk::{Desk, LoginReason, Notice};
use super::glance::PublicPage;
use super::icon::{Icon, icon};
use super::me::{Me, Right};
use super::stage::Modes;
use crate::page::pill::LivePill;
use leptos::task::spawn_local;
use leptos::{ev, html, prelude::*};

/// The bar at the top.
#[component]
pub fn Bar() -> impl IntoView {
    let desk = Desk::here();
    view! {
        <header class="desk-bar">
            <Title/>
            <LivePill store=desk.store/>
            <Modes/>
            <div class="desk-bar-end">
                <PublicPage/>
                <Show when=move || desk.may(Right::Settings)>
                    <button
                        type="button"
                        class="quiet"
                        aria-label="Room settings"
                        aria-keyshortcuts=","
                        on:click=move |_| desk.settings.set(true)
                    >
                        <span class="wide-only">"Settings"</span>
                        <span class="narrow-only">{icon(Icon::Settings)}</span>
                    </button>
                </Show>
                <button
                    type="button"
                    class="quiet wide-only"
                    aria-keyshortcuts="?"
                    on:click=move |_| desk.help.set(true)
                >
                    "Keys"
                </button>
                <Account/>
            </div>
        </header>
    }
}

/// The room's title; a click leads to the other rooms.
#[component]
fn Title() -> impl IntoView {
    let desk = Desk::here();
    let private = Memo::new(move |_| desk.store.settings.with(|settings| settings.private));
    view! {
        <div class="desk-title">
            <h1>
                <Show
                    when=move || desk.may(Right::Settings)
                    fallback=move || view! { <span dir="auto">{move || desk.store.title.get()}</span> }
                >
                    <button
                        type="button"
                        class="quiet room-switch"
                        aria-haspopup="dialog"
                        aria-keyshortcuts="r"
                        title="Other rooms"
                        on:click=move |_| desk.rooms.set(true)
                    >
                        <span dir="auto">{move || desk.store.title.get()}</span>
                        {icon(Icon::Down)}
                    </button>
                </Show>
            </h1>
            <Show when=move || private.get()>
                <span class="sign" title="Only with an invitation">
                    {icon(Icon::Lock)}
                    <span class="wide-only">"Private"</span>
                </span>
            </Show>
        </div>
    }
}

/// Who sits here, what is shown as their name, and the way out; or the way in.
#[component]
fn Account() -> impl IntoView {
    let desk = Desk::here();
    let guest = Memo::new(move |_| desk.me.with(|me| me.as_ref().is_none_or(Me::is_guest)));
    let name = move || {
        let name = desk.me.with(|me| me.as_ref().and_then(|me| me.name.clone()));
        name.unwrap_or_else(|| "Host".to_owned())
    };
    view! {
        <Show
            when=move || !guest.get()
            fallback=move || {
                view! {
                    <button
                        type="button"
                        class="quiet"
                        on:click=move |_| desk.login.set(Some(LoginReason::Asked))
                    >
                        "Log in"
                    </button>
                }
            }
        >
            <button
                type="button"
                class="quiet account-button"
                popovertarget="account"
                aria-label=move || format!("{}: name and log out", name())
            >
                <span class="wide-only" dir="auto">{name}</span>
                <span class="narrow-only">{icon(Icon::Person)}</span>
                {icon(Icon::Down)}
            </button>
            <div id="account" class="account" popover="auto">
                <AccountForm/>
            </div>
        </Show>
    }
}

#[component]
fn AccountForm() -> impl IntoView {
    let desk = Desk::here();
    let field = NodeRef::<html::Input>::new();
    let problem = RwSignal::new(None::<String>);
    let current =
        move || desk.me.with(|me| me.as_ref().and_then(|me| me.name.clone())).unwrap_or_default();
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else { return };
        spawn_local(async move {
            match ask::rename_me(field.value().trim()).await {
                Ok(me) => {
                    desk.me.set(Some(me));
                    problem.set(None);
                    desk.tell("Your name is saved.", None);
                }
                Err(failure) => problem.set(Some(desk.explain(&failure))),
            }
        });
    };
    let leave = move |_| {
        spawn_local(async move {
            match ask::log_out().await {
                Ok(()) => desk.leave(),
                Err(failure) => problem.set(Some(failure.detail)),
            }
        });
    };
    view! {
        <form class="account-form" on:submit=save novalidate>
            <div class="field">
                <label for="account-name">"Your name"</label>
                <input
                    node_ref=field
                    id="account-name"
                    type="text"
                    autocomplete="nickname"
                    maxlength="60"
                    dir="auto"
                    prop:value=current
                    aria-describedby="account-note"
                />
                <p class="hint" id="account-note">
                    "Shown with what you publish from now on."
                </p>
                <p class="problem" role="alert">
                    {problem}
                </p>
            </div>
            <div class="form-foot">
                <button type="submit" class="small solid">
                    "Save"
                </button>
                <button type="button" class="quiet small" on:click=leave>
                    "Log out"
                </button>
            </div>
        </form>
    }
}

/// What was done last, with the way back, at the edge of the page.
#[component]
pub fn Notices() -> impl IntoView {
    let desk = Desk::here();
    view! {
        <p class="sr-only" role="status" aria-live="polite">
            {desk.said}
        </p>
        {move || {
            desk.notice
                .get()
                .map(|Notice { text, undo }| {
                    let undo = undo
                        .map(|undo| {
                            let label = undo.label();
                            view! {
                                <button
                                    type="button"
                                    class="as-link"
                                    on:click=move |_| desk.undo(undo.clone())
                                >
                                    {label}
                                </button>
                            }
                        });
                    view! {
                        <div class="toast">
                            <span>{text}</span>
                            {undo}
                            <button
                                type="button"
                                class="quiet square"
                                aria-label="Close"
                                on:click=move |_| desk.notice.set(None)
                            >
                                {icon(Icon::Close)}
                            </button>
                        </div>
                    }
                })
        }}
    }
}
