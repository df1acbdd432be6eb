//! Bringing a picture: chosen, dropped or pasted, with its progress.

use super::desk::Desk;
use super::draft::{Field, Kind, Problem};
use super::form::{Form, focus};
use super::me::Right;
use super::upload;
use leptos::task::spawn_local;
use leptos::{ev, html, prelude::*};

/// The place where pictures are dropped, and the way to the file picker.
#[component]
pub fn Picture(
    /// Where the picture goes.
    form: Form,
) -> impl IntoView {
    let desk = Desk::here();
    let picker = NodeRef::<html::Input>::new();
    let bring = use_bring(form);
    let on_pick = move |_| {
        let Some(picker) = picker.get_untracked() else { return };
        if let Some(file) = picker.files().and_then(|files| files.get(0)) {
            bring.file(file);
        }
        // The same file can be chosen again after a failure.
        picker.set_value("");
    };
    let open = move |_| {
        if let Some(picker) = picker.get_untracked() {
            picker.click();
        }
    };
    view! {
        <Show when=move || desk.may(Right::Upload)>
            <div class="picture" class:busy=move || bring.progress.get().is_some()>
                <input
                    node_ref=picker
                    type="file"
                    accept="image/*"
                    hidden
                    tabindex="-1"
                    on:change=on_pick
                />
                {move || match bring.progress.get() {
                    Some(share) => {
                        view! {
                            <p role="status">
                                {format!("Sending the picture, {:.0} %", share * 100.0)}
                            </p>
                            <progress max="1" value=share.to_string()></progress>
                        }
                            .into_any()
                    }
                    None => {
                        view! {
                            <p>
                                <button type="button" class="as-link" on:click=open>
                                    "Choose a picture"
                                </button>
                                <span class="wide-only">", drop one here, or paste it"</span>
                            </p>
                        }
                            .into_any()
                    }
                }}
            </div>
        </Show>
    }
}

/// What a picture does to a form that shows the fields of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It turns to the picture.
    ToImage,
    /// It stays as it is, and does not take the picture: an item's kind cannot change.
    Stay,
}

/// Brings pictures into a form.
#[derive(Clone, Copy)]
pub struct Bring {
    desk: Desk,
    form: Form,
    switch: Switch,
    /// How much of the picture that is being sent has arrived, 0 to 1.
    pub progress: RwSignal<Option<f64>>,
    /// A picture is held over the form.
    pub hovered: RwSignal<bool>,
}

/// What brings pictures into the form around this view, made by [`provide_bring`].
fn use_bring(form: Form) -> Bring {
    use_context::<Bring>().unwrap_or_else(|| provide_bring(form, Switch::Stay))
}

/// Makes what brings pictures into this form, for the views inside.
pub fn provide_bring(form: Form, switch: Switch) -> Bring {
    let bring = Bring {
        desk: Desk::here(),
        form,
        switch,
        progress: RwSignal::new(None),
        hovered: RwSignal::new(false),
    };
    provide_context(bring);
    bring
}

impl Bring {
    /// Sends a picture to the server and puts its address into the form.
    pub fn file(self, file: web_sys::File) {
        if self.progress.with_untracked(Option::is_some) || !self.desk.may(Right::Upload) {
            return;
        }
        let form = self.form;
        form.problem.set(None);
        self.progress.set(Some(0.0));
        spawn_local(async move {
            let progress = move |share| self.progress.set(Some(share));
            let sent = upload::send(&self.desk.room(), &file, progress).await;
            self.progress.set(None);
            match sent {
                Ok(picture) => {
                    form.draft.update(|draft| {
                        draft.size = picture.size.map(|(w, h)| (picture.url.clone(), w, h));
                        draft.image_url = picture.url;
                    });
                    focus(&form.id(Field::Alt));
                }
                Err(failure) => {
                    let text = self.desk.explain(&failure);
                    form.problem.set(Some(Problem { field: Some(Field::ImageUrl), text }));
                }
            }
        });
    }

    /// Takes a pasted picture; pasted text is left to the field.
    pub fn on_paste(self, event: &ev::Event) {
        use wasm_bindgen::JsCast;
        let data = event
            .dyn_ref::<web_sys::ClipboardEvent>()
            .and_then(web_sys::ClipboardEvent::clipboard_data);
        self.take(data, event, true);
    }

    /// Takes a dropped picture.
    pub fn on_drop(self, event: &ev::DragEvent) {
        self.hovered.set(false);
        self.take(event.data_transfer(), event, false);
    }

    /// Shows that a picture could be dropped here.
    pub fn on_drag_over(self, event: &ev::DragEvent) {
        let has_files = event.data_transfer().is_some_and(|data| {
            data.types().iter().any(|kind| kind.as_string().as_deref() == Some("Files"))
        });
        if has_files && self.desk.may(Right::Upload) {
            event.prevent_default();
            self.hovered.set(true);
        }
    }

    fn take(self, data: Option<web_sys::DataTransfer>, event: &web_sys::Event, only_images: bool) {
        let is_image = self.form.draft.with_untracked(|draft| draft.kind == Kind::Image);
        if !is_image && self.switch == Switch::Stay {
            return;
        }
        let Some(file) = data.and_then(|d| d.files()).and_then(|files| files.get(0)) else {
            return;
        };
        if only_images && !file.type_().starts_with("image/") {
            return;
        }
        event.prevent_default();
        self.form.draft.update(|draft| draft.kind = Kind::Image);
        self.file(file);
    }
}
