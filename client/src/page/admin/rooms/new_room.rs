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

/// The form, in place of the list of rooms.
#[component]
pub fn NewRoom(
    /// Goes back to the list.
    #[prop(into)]
    on_back: Callback<()>,
) -> impl IntoView {
    let desk = Desk::here();
    let title = RwSignal::new(String::new());
    // What was typed; until then the address follows the title.
    let typed = RwSignal::new(None::<String>);
    let address = move || typed.get().unwrap_or_else(|| title.with(|title| suggest(title)));
    let private = RwSignal::new(false);
    let title_problem = RwSignal::new(None::<String>);
    let address_problem = RwSignal::new(None::<String>);
    // A room that is at that address already.
    let taken = RwSignal::new(None::<RoomName>);
    let busy = RwSignal::new(false);
    Effect::new(move |_| focus("room-title"));
    let clear = move || {
        address_problem.set(None);
        taken.set(None);
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let called = title.with_untracked(|title| title.trim().to_owned());
        title_problem.set(called.is_empty().then(|| "What shall it be called?".to_owned()));
        clear();
        if called.is_empty() {
            return focus("room-title");
        }
        let name = match check(&untrack(address)) {
            Ok(name) => name,
            Err(why) => {
                address_problem.set(Some(why.to_owned()));
                return focus("room-address");
            }
        };
        busy.set(true);
        let settings = Settings { private: private.get_untracked(), ..Settings::default() };
        spawn_local(async move {
            let made = make(&name, called, settings).await;
            let _ = busy.try_set(false);
            match made {
                Ok(true) => {
                    // It fails for no address of this server.
                    let _ = dom::window().location().set_href(&desk_path(name.as_str()));
                }
                Ok(false) => {
                    let _ = taken.try_set(Some(name));
                    focus("room-address");
                }
                Err(failure) => {
                    let why = desk.explain(&failure);
                    let at_title = why.to_lowercase().contains("title");
                    let place = if at_title { title_problem } else { address_problem };
                    let _ = place.try_set(Some(why));
                }
            }
        });
    };
    let wrong = move || address_problem.with(Option::is_some) || taken.with(Option::is_some);
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
                    prop:value=title
                    on:input=move |event| {
                        title.set(event_target_value(&event));
                        title_problem.set(None);
                        clear();
                    }
                    aria-invalid=move || title_problem.with(Option::is_some).then_some("true")
                    aria-describedby="room-title-note"
                />
                <p class="problem" id="room-title-note" role="alert">{title_problem}</p>
            </div>
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
                        prop:value=address
                        on:input=move |event| {
                            let value = event_target_value(&event);
                            // Emptied, it follows the title again.
                            typed.set(Some(value).filter(|value| !value.is_empty()));
                            clear();
                        }
                        aria-invalid=move || wrong().then_some("true")
                        aria-describedby="room-address-note"
                    />
                </div>
                <div id="room-address-note" role="alert">
                    <p class="problem">{address_problem}</p>
                    {move || {
                        taken
                            .get()
                            .map(|name| {
                                view! {
                                    <p class="problem">
                                        "There is a room at this address already. "
                                        <a href=desk_path(name.as_str())>"Open its desk"</a>
                                    </p>
                                }
                            })
                    }}
                </div>
                <p class="hint">"It stays, also when the title changes."</p>
            </div>
            <label class="switch">
                <input
                    type="checkbox"
                    role="switch"
                    prop:checked=private
                    on:change=move |event| private.set(event_target_checked(&event))
                />
                <span>
                    "Only with an invitation"
                    <span class="hint">"Its settings have the link to give to people."</span>
                </span>
            </label>
            <div class="form-foot">
                <button type="submit" class="solid" disabled=busy>
                    "Make the room"
                </button>
                <button type="button" class="quiet" on:click=move |_| on_back.run(())>
                    "Back"
                </button>
            </div>
        </form>
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
