//! Adding pieces: a text and a pointer at once, a picture from a file or from its address.

use super::Director;
use super::new::{self, Kind};
use crate::dom;
use crate::page::admin::form::focus;
use crate::page::admin::icon::{Icon, icon};
use crate::page::admin::me::Right;
use crate::page::admin::upload;
use leptos::task::spawn_local;
use leptos::{ev, html, prelude::*};

impl Director {
    /// Adds a piece and chooses it.
    fn add(self, kind: Kind, text: &str, url: Option<String>) {
        let Some(id) = new::id(kind, &dom::random_id()) else { return };
        self.put(id.clone(), new::piece(kind, text, url, &self.pieces()));
        self.chosen.set(Some(id));
    }
}

/// What can be added.
#[component]
pub fn Add(
    /// Who adds.
    director: Director,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let add = move |kind: Kind, mark: Icon, name: &'static str| {
        let then = move |_| match kind {
            Kind::Image => {
                open.update(|open| *open = !*open);
                if open.get_untracked() {
                    request_animation_frame(|| focus("stage-picture"));
                }
            }
            Kind::Text => director.add(kind, "New text", None),
            Kind::Pointer => director.add(kind, "Here", None),
        };
        let pressed = move || (kind == Kind::Image).then(|| open.get().to_string());
        view! {
            <button
                type="button"
                class="quiet small"
                aria-label=format!("Add: {name}")
                aria-expanded=pressed
                on:click=then
            >
                {icon(mark)}
                {name}
            </button>
        }
    };
    view! {
        <div class="stage-add" role="group" aria-label="Add to the stage">
            <span aria-hidden="true">"Add"</span>
            {add(Kind::Image, Icon::Image, "Picture")}
            {add(Kind::Text, Icon::Message, "Text")}
            {add(Kind::Pointer, Icon::Pointer, "Pointer")}
        </div>
        <Show when=move || open.get()>
            <Picture director open/>
        </Show>
    }
}

/// Where a picture comes from.
#[component]
fn Picture(director: Director, open: RwSignal<bool>) -> impl IntoView {
    let desk = director.desk;
    let (picker, field) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let progress = RwSignal::new(None::<f64>);
    let problem = RwSignal::new(None::<String>);
    let on_pick = move |_| {
        let Some(picker) = picker.get_untracked() else { return };
        let Some(file) = picker.files().and_then(|files| files.get(0)) else { return };
        picker.set_value("");
        problem.set(None);
        progress.set(Some(0.0));
        spawn_local(async move {
            let name = file.name();
            let told = move |share| progress.set(Some(share));
            let sent = upload::send(&desk.room(), &file, told).await;
            progress.set(None);
            match sent {
                Ok(picture) => {
                    // What it shows is better said by whoever adds it; until then, what it is called.
                    let text = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
                    director.add(Kind::Image, text, Some(picture.url));
                    open.set(false);
                }
                Err(failure) => problem.set(Some(desk.explain(&failure))),
            }
        });
    };
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let url = field.get_untracked().map(|field| field.value().trim().to_owned());
        match url.filter(|url| crate::page::item::safe(url).is_some()) {
            Some(url) => {
                director.add(Kind::Image, "Picture", Some(url));
                open.set(false);
            }
            None => problem.set(Some("An address begins with https:// or http://.".to_owned())),
        }
    };
    view! {
        <form class="stage-picture" on:submit=on_submit novalidate>
            <Show when=move || desk.may(Right::Upload)>
                <input
                    node_ref=picker
                    type="file"
                    accept="image/*"
                    hidden
                    tabindex="-1"
                    on:change=on_pick
                />
                <button
                    type="button"
                    class="quiet"
                    disabled=move || progress.with(Option::is_some)
                    on:click=move |_| {
                        if let Some(picker) = picker.get_untracked() {
                            picker.click();
                        }
                    }
                >
                    {move || match progress.get() {
                        Some(share) => format!("Sending, {:.0} %", share * 100.0),
                        None => "Choose a file".to_owned(),
                    }}
                </button>
                <span>"or"</span>
            </Show>
            <input
                node_ref=field
                id="stage-picture"
                type="text"
                inputmode="url"
                autocomplete="off"
                spellcheck="false"
                aria-label="The picture's address"
                placeholder="https://"
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                on:input=move |_| problem.set(None)
            />
            <button type="submit" class="solid">"Add"</button>
            <p class="problem" role="alert">{problem}</p>
        </form>
    }
}
