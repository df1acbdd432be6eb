//! The composer: what was not prepared is written, looked at and published here.

use super::desk::{Desk, Editing};
use super::fields::{Fields, Kinds};
use super::form::Form;
use super::help::modifier;
use super::me::Right;
use super::picture::{ItemForm, Switch};
use super::preview::Preview;
use super::tile::{Color, Face, Outcome, suggested_label};
use leptos::prelude::*;

/// The panel with the composer.
#[component]
pub fn Composer() -> impl IntoView {
    let desk = Desk::here();
    let form = desk.form;
    let sending = move || desk.outcome.with(|outcome| *outcome == Outcome::Sending);
    let status = move || match desk.outcome.get() {
        Outcome::Out(at) => format!("Out {at}"),
        _ => String::new(),
    };
    view! {
        <section class="panel composer" aria-labelledby="composer-title">
            <header class="panel-head">
                <h2 id="composer-title">"Compose"</h2>
                <div class="panel-tools">
                    <span class="hint wide-only">
                        <kbd>{modifier()}</kbd>
                        " "
                        <kbd>"Enter"</kbd>
                        " publishes"
                    </span>
                </div>
            </header>
            <ItemForm
                form
                switch=Switch::ToImage
                class="composer-form"
                on_submit=move |()| publish(desk)
                attr:id="composer"
            >
                <Kinds form/>
                <Fields form/>
                <div class="form-foot">
                    <button type="submit" class="primary" disabled=sending>
                        {move || if sending() { "Publishing" } else { "Publish" }}
                    </button>
                    <Show when=move || desk.may(Right::Buttons)>
                        <button type="button" class="quiet" on:click=move |_| save(desk, form)>
                            "Save as button"
                        </button>
                    </Show>
                    <span class="status">{status}</span>
                </div>
            </ItemForm>
            <h3 class="over">"As viewers will see it"</h3>
            <Preview form/>
        </section>
    }
}

/// Publishes what stands in the composer, or goes to the field that keeps it from that.
pub fn publish(desk: Desk) {
    desk.publish();
    desk.form.focus_problem();
}

/// Opens the editor with a display button that shows what stands in the composer.
fn save(desk: Desk, form: Form) {
    let draft = desk.draft.get_untracked();
    desk.problem.set(draft.missing());
    if draft.missing().is_some() {
        form.focus_problem();
        return;
    }
    let face = Face::of(suggested_label(&draft), Color::default(), &draft, None);
    desk.editing.set(Some(Editing { id: None, face }));
}

/// Puts the cursor into the composer's first field.
pub fn focus_composer(desk: Desk) {
    let kind = desk.draft.with_untracked(|draft| draft.kind);
    desk.form.focus(kind.first_field());
}
