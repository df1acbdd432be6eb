//! The way in: as a page of its own, or over the desk when a session ended.

use super::ask;
use super::desk::{Desk, LoginReason};
use super::dialog::Dialog;
use super::me::Right;
use super::words;
use crate::api::Problem as Failure;
use leptos::task::spawn_local;
use leptos::{ev, html, prelude::*};
use nowcast_shared::error::Code;

/// The login as a page of its own.
#[component]
pub fn LoginPage() -> impl IntoView {
    let desk = Desk::here();
    let room = desk.room();
    view! {
        <main class="gate">
            <div class="gate-sheet">
                <h1>"Log in to the desk"</h1>
                <p class="faint">
                    {if room.as_str() == "main" {
                        "The password was printed when the server first started.".to_owned()
                    } else {
                        format!("To control the room {room}.")
                    }}
                </p>
                <LoginForm/>
                <p class="gate-foot">
                    "Lost it? "
                    <code>"nowcast password"</code>
                    " on the server draws a new one."
                </p>
                <p class="gate-foot">
                    <a href=words::page_path(room.as_str())>"To the public page"</a>
                </p>
            </div>
        </main>
    }
}

/// What stands in the place of a desk for a room that does not exist.
#[component]
pub fn NoRoom() -> impl IntoView {
    let desk = Desk::here();
    let problem = RwSignal::new(None::<String>);
    let make = move |_| {
        spawn_local(async move {
            let room = desk.room();
            match ask::rooms::make_room(&room, room.as_str()).await {
                Ok(()) => desk.missing.set(false),
                Err(failure) => problem.set(Some(desk.explain(&failure))),
            }
        });
    };
    view! {
        <main class="gate">
            <div class="gate-sheet">
                <h1>{format!("No room “{}” yet", desk.room())}</h1>
                <p class="faint">
                    "Check the address, or make the room now. Its page and its desk are empty at first."
                </p>
                <Show when=move || desk.may(Right::Settings)>
                    <button type="button" class="primary wide" on:click=make>
                        "Make this room"
                    </button>
                </Show>
                <p class="problem" role="alert">
                    {problem}
                </p>
                <p class="gate-foot">
                    <a href="/admin">"To the desk of the main room"</a>
                </p>
            </div>
        </main>
    }
}

/// The login over the desk; what was typed there stays.
#[component]
pub fn LoginDialog() -> impl IntoView {
    let desk = Desk::here();
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(desk.login.get().is_some()));
    Effect::new(move |_| {
        if !open.get() && desk.login.with_untracked(Option::is_some) {
            desk.login.set(None);
        }
    });
    let title = Signal::derive(|| "Log in".to_owned());
    view! {
        <Dialog open title class="login">
            <p class="faint">
                {move || match desk.login.get() {
                    Some(LoginReason::Ended) => {
                        "Your session has ended. What you typed is still here."
                    }
                    _ => "For the display buttons and the settings.",
                }}
            </p>
            <LoginForm/>
        </Dialog>
    }
}

/// Why a login did not work, as a sentence.
fn sentence(failure: &Failure) -> String {
    match failure.wait {
        _ if failure.is(Code::WrongPassword) => "That is not the password.".to_owned(),
        Some(seconds) => format!("Too many tries. Wait {}, then try again.", words::wait(seconds)),
        None if failure.is(Code::RateLimited) => {
            "Too many tries. Wait a minute, then try again.".to_owned()
        }
        None => failure.detail.clone(),
    }
}

#[component]
fn LoginForm() -> impl IntoView {
    let desk = Desk::here();
    let password = NodeRef::<html::Input>::new();
    let name = NodeRef::<html::Input>::new();
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    // Who was here before goes on under the same name.
    let known = desk
        .me
        .with_untracked(|me| me.as_ref().filter(|me| !me.is_guest()).and_then(|me| me.name.clone()))
        .unwrap_or_default();
    Effect::new(move |_| {
        if let Some(password) = password.get() {
            let _ = password.focus();
        }
    });
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (Some(field), Some(name)) = (password.get_untracked(), name.get_untracked()) else {
            return;
        };
        if busy.get_untracked() {
            return;
        }
        if field.value().is_empty() {
            problem.set(Some("Type the password first.".to_owned()));
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let answer = enter(desk, &field.value(), name.value().trim()).await;
            busy.set(false);
            if let Err(failure) = answer {
                problem.set(Some(sentence(&failure)));
                let _ = field.focus();
                field.select();
            }
        });
    };
    view! {
        <form class="login-form" on:submit=on_submit novalidate>
            <div class="field">
                <label for="login-password">"Password"</label>
                <input
                    node_ref=password
                    id="login-password"
                    name="password"
                    type="password"
                    autocomplete="current-password"
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    aria-describedby="login-problem"
                />
                <p class="problem" id="login-problem" role="alert">
                    {problem}
                </p>
            </div>
            <div class="field">
                <label for="login-name">
                    "Your name" <span class="faint">" optional"</span>
                </label>
                <input
                    node_ref=name
                    id="login-name"
                    name="name"
                    type="text"
                    autocomplete="nickname"
                    maxlength="60"
                    dir="auto"
                    prop:value=known
                    aria-describedby="login-name-note"
                />
                <p class="hint" id="login-name-note">"Shown with what you publish."</p>
            </div>
            <button type="submit" class="primary wide" disabled=busy>
                {move || if busy.get() { "One moment" } else { "Log in" }}
            </button>
        </form>
    }
}

/// Logs in, and fetches what that changes.
async fn enter(desk: Desk, password: &str, name: &str) -> Result<(), Failure> {
    ask::log_in(password, name).await?;
    let me = ask::me().await?;
    desk.me.set(Some(me));
    desk.login.set(None);
    desk.problem.set(None);
    desk.load_board();
    Ok(())
}
