//! Bringing a picture: chosen, dropped or pasted, with its progress.

use super::desk::Desk;
use super::draft::Kind;
use super::form::Form;
use super::me::Right;
use super::problem::Problem;
use super::upload;
use leptos::task::spawn_local;
use leptos::{ev, html, prelude::*};

/// The form of an item: pictures can be dropped on it and pasted into it.
#[component]
pub fn ItemForm(
    /// What is written in it.
    form: Form,
    /// What a picture does to it.
    switch: Switch,
    /// Its class.
    class: &'static str,
    /// What happens when it is sent off.
    #[prop(into)]
    on_submit: Callback<()>,
    children: Children,
) -> impl IntoView {
    let bring = Bring::new(form, switch);
    provide_context(bring);
    view! {
        <form
            class=class
            class:hovered=bring.hovered
            on:submit=move |event| {
                event.prevent_default();
                on_submit.run(());
            }
            on:paste=move |event| bring.on_paste(&event)
            on:dragover=move |event| bring.on_drag_over(&event)
            on:dragleave=move |_| bring.hovered.set(false)
            on:drop=move |event| bring.on_drop(&event)
            novalidate
        >
            {children()}
        </form>
    }
}

/// The place where pictures are dropped, and the way to the file picker.
#[component]
pub fn Picture(
    /// Where the picture goes.
    form: Form,
) -> impl IntoView {
    let desk = Desk::here();
    let picker = NodeRef::<html::Input>::new();
    let bring = use_context::<Bring>().unwrap_or_else(|| Bring::new(form, Switch::Stay));
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
struct Bring {
    desk: Desk,
    form: Form,
    switch: Switch,
    /// How much of the picture that is being sent has arrived, 0 to 1.
    progress: RwSignal<Option<f64>>,
    /// A picture is held over the form.
    hovered: RwSignal<bool>,
}

impl Bring {
    fn new(form: Form, switch: Switch) -> Self {
        let (progress, hovered) = (RwSignal::new(None), RwSignal::new(false));
        Self { desk: Desk::here(), form, switch, progress, hovered }
    }

    /// Sends a picture to the server and puts its address into the form.
    fn file(self, file: web_sys::File) {
        if self.progress.with_untracked(Option::is_some) || !self.desk.may(Right::Upload) {
            return;
        }
        let form = self.form;
        let fields = form.draft.with_untracked(|draft| draft.kind.picture_fields());
        let Some((field, alt)) = fields else { return };
        form.problem.set(None);
        self.progress.set(Some(0.0));
        spawn_local(async move {
            let progress = move |share| self.progress.set(Some(share));
            let sent = upload::send(&self.desk.room(), &file, progress).await;
            self.progress.set(None);
            match sent {
                Ok(picture) => {
                    form.draft.update(|draft| draft.bring(field, picture.url, picture.size));
                    form.focus(alt);
                }
                Err(failure) => {
                    let text = self.desk.explain(&failure);
                    form.problem.set(Some(Problem { field: Some(field), text }));
                }
            }
        });
    }

    /// Takes a pasted picture; pasted text is left to the field.
    fn on_paste(self, event: &ev::Event) {
        use wasm_bindgen::JsCast;
        let data = event
            .dyn_ref::<web_sys::ClipboardEvent>()
            .and_then(web_sys::ClipboardEvent::clipboard_data);
        let file =
            data.and_then(|data| first(&data)).filter(|file| file.type_().starts_with("image/"));
        self.take(file, event);
    }

    /// Takes a dropped picture.
    fn on_drop(self, event: &ev::DragEvent) {
        self.hovered.set(false);
        self.take(event.data_transfer().and_then(|data| first(&data)), event);
    }

    /// Shows that a picture could be dropped here.
    fn on_drag_over(self, event: &ev::DragEvent) {
        let has_files = event.data_transfer().is_some_and(|data| {
            data.types().iter().any(|kind| kind.as_string().as_deref() == Some("Files"))
        });
        if has_files && self.desk.may(Right::Upload) {
            event.prevent_default();
            self.hovered.set(true);
        }
    }

    fn take(self, file: Option<web_sys::File>, event: &web_sys::Event) {
        let fits = self.form.draft.with_untracked(|draft| draft.kind.picture_fields().is_some());
        let Some(file) = file.filter(|_| fits || self.switch == Switch::ToImage) else {
            return;
        };
        event.prevent_default();
        if !fits {
            self.form.draft.update(|draft| draft.kind = Kind::Image);
        }
        self.file(file);
    }
}

fn first(data: &web_sys::DataTransfer) -> Option<web_sys::File> {
    data.files()?.get(0)
}
