//! A new room: its title, and the address that follows from it until somebody types another.

use super::address::{check, suggest};
use super::settings_form::{RoomState, patch};
use crate::dom;
use crate::page::admin::ask;
use crate::page::admin::desk::Desk;
use crate::page::admin::form::focus;
use crate::page::admin::words::desk_path;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use nowcast_shared::id::RoomName;
use nowcast_shared::room::Settings;

/// What is typed, and what is wrong with it.
#[derive(Clone, Copy)]
struct Work {
    title: RwSignal<String>,
    /// What was typed; until then the address follows the title.
    typed: RwSignal<Option<String>>,
    private: RwSignal<bool>,
    title_problem: RwSignal<Option<String>>,
    address_problem: RwSignal<Option<String>>,
    /// A room that is at that address already.
    taken: RwSignal<Option<RoomName>>,
    busy: RwSignal<bool>,
}

impl Work {
    fn address(self) -> String {
        self.typed.get().unwrap_or_else(|| self.title.with(|title| suggest(title)))
    }

    fn clear(self) {
        self.title_problem.set(None);
        self.address_problem.set(None);
        self.taken.set(None);
    }

    fn submit(self, desk: Desk) {
        if self.busy.get_untracked() {
            return;
        }
        self.clear();
        let title = self.title.with_untracked(|title| title.trim().to_owned());
        if title.is_empty() {
            self.title_problem.set(Some("What shall it be called?".to_owned()));
            return focus("room-title");
        }
        let name = match check(&untrack(|| self.address())) {
            Ok(name) => name,
            Err(why) => {
                self.address_problem.set(Some(why.to_owned()));
                return focus("room-address");
            }
        };
        self.busy.set(true);
        let settings = Settings { private: self.private.get_untracked(), ..Settings::default() };
        spawn_local(async move {
            let made = make(&name, title, settings).await;
            // By now the dialog may be closed.
            let _ = self.busy.try_set(false);
            match made {
                Ok(true) => {
                    // It fails for no address of this server.
                    let _ = dom::window().location().set_href(&desk_path(name.as_str()));
                }
                Ok(false) => {
                    let _ = self.taken.try_set(Some(name));
                    focus("room-address");
                }
                Err(failure) => {
                    let why = desk.explain(&failure);
                    let at_title = why.to_lowercase().contains("title");
                    let place = if at_title { self.title_problem } else { self.address_problem };
                    let _ = place.try_set(Some(why));
                }
            }
        });
    }
}

/// The form, in place of the list of rooms.
#[component]
pub fn NewRoom(
    /// Goes back to the list.
    #[prop(into)]
    on_back: Callback<()>,
) -> impl IntoView {
    let desk = Desk::here();
    let work = Work {
        title: RwSignal::new(String::new()),
        typed: RwSignal::new(None),
        private: RwSignal::new(false),
        title_problem: RwSignal::new(None),
        address_problem: RwSignal::new(None),
        taken: RwSignal::new(None),
        busy: RwSignal::new(false),
    };
    Effect::new(move |_| focus("room-title"));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        work.submit(desk);
    };
    view! {
        <form class="editor-form" on:submit=submit novalidate>
            <div class="field">
                <label for="room-title">"Title"</label>
                <input
                    id="room-title"
                    type="text"
                    autocomplete="off"
                    maxlength="120"
                    dir="auto"
                    prop:value=work.title
                    on:input=move |event| {
                        work.title.set(event_target_value(&event));
                        work.clear();
                    }
                    aria-invalid=move || work.title_problem.with(Option::is_some).then_some("true")
                    aria-describedby="room-title-note"
                />
                <p class="problem" id="room-title-note" role="alert">
                    {work.title_problem}
                </p>
            </div>
            <Address work/>
            <label class="switch">
                <input
                    type="checkbox"
                    role="switch"
                    prop:checked=work.private
                    on:change=move |event| work.private.set(event_target_checked(&event))
                />
                <span>
                    "Only with an invitation"
                    <span class="hint">"Its settings have the link to give to people."</span>
                </span>
            </label>
            <div class="form-foot">
                <button type="submit" class="solid" disabled=work.busy>
                    "Make the room"
                </button>
                <button type="button" class="quiet" on:click=move |_| on_back.run(())>
                    "Back"
                </button>
            </div>
        </form>
    }
}

/// Where it will be.
#[component]
fn Address(work: Work) -> impl IntoView {
    let wrong =
        move || work.address_problem.with(Option::is_some) || work.taken.with(Option::is_some);
    let taken = move || {
        work.taken.get().map(|name| {
            view! {
                <p class="problem">
                    "There is a room at this address already. "
                    <a href=desk_path(name.as_str())>"Open its desk"</a>
                </p>
            }
        })
    };
    view! {
        <div class="field">
            <label for="room-address">"Address"</label>
            <div class="prefixed">
                <span aria-hidden="true">"/r/"</span>
                <input
                    id="room-address"
                    type="text"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    maxlength="64"
                    prop:value=move || work.address()
                    on:input=move |event| {
                        // Emptied, it follows the title again.
                        let value = Some(event_target_value(&event));
                        work.typed.set(value.filter(|value| !value.is_empty()));
                        work.clear();
                    }
                    aria-invalid=move || wrong().then_some("true")
                    aria-describedby="room-address-note"
                />
            </div>
            <div id="room-address-note" role="alert">
                <p class="problem">{work.address_problem}</p>
                {taken}
            </div>
            <p class="hint">"It stays, also when the title changes."</p>
        </div>
    }
}

/// Makes a room; false if there is one at that address already.
async fn make(
    name: &RoomName,
    title: String,
    settings: Settings,
) -> Result<bool, crate::api::Problem> {
    // Setting one that exists would give it this title.
    if ask::rooms::is_there(name).await? {
        return Ok(false);
    }
    let body = patch(&RoomState::default(), &RoomState { title, settings });
    ask::rooms::set_room(name, &body).await?;
    Ok(true)
}
