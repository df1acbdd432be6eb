//! The room at a glance, and its feed as viewers see it, with the tools that viewers do not have.

use super::desk::Desk;
use super::glance::{FromElsewhere, Glance};
use super::item_tools::ItemTools;
use crate::link::plan::Status;
use crate::page::item::Actions;
use crate::page::list::{FeedList, Reading};
use leptos::prelude::*;
use std::sync::Arc;

/// The feed.
#[component]
pub fn Live() -> impl IntoView {
    let desk = Desk::here();
    let store = desk.store;
    let reading = Reading::new(store);
    let actions: Actions = Arc::new(|item| view! { <ItemTools item=item/> }.into_any());
    view! {
        <div class="live">
            <Glance/>
            <FromElsewhere/>
            <FeedList store=store room=desk.room() reading=reading actions=Some(actions)/>
        </div>
    }
}

/// Says that what is below may be behind, and what can be done about it.
#[component]
pub fn Cut() -> impl IntoView {
    let desk = Desk::here();
    let store = desk.store;
    let sentence = Memo::new(move |_| match store.status.get() {
        Status::Live(_) | Status::Connecting => None,
        Status::Reconnecting if !store.online.get() => {
            Some("You are offline. It goes on when the network is back.".to_owned())
        }
        Status::Reconnecting => {
            Some("The connection was cut. It goes on when that is back.".to_owned())
        }
        Status::Ended(_) => Some("The server ended this connection.".to_owned()),
        Status::Refused(refusal) => Some(refusal.detail),
    });
    let ended = move || store.status.with(|status| matches!(status, Status::Ended(_)));
    view! {
        {move || {
            sentence
                .get()
                .map(|sentence| {
                    view! {
                        <p class="cut" role="status">
                            {sentence}
                            " "
                            <Show when=ended>
                                <button
                                    type="button"
                                    class="as-link"
                                    on:click=move |_| desk.reconnect()
                                >
                                    "Connect again"
                                </button>
                            </Show>
                        </p>
                    }
                })
        }}
    }
}
