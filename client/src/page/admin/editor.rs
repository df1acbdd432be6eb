//! The editor of a display button: its label, its colour, and the item that it shows.

use super::desk::{Desk, Editing};
use super::dialog::Dialog;
use super::draft::Draft;
use super::fields::{Fields, Kinds};
use super::form::{Form, focus};
use super::picture::{ItemForm, Switch};
use super::preview::Preview;
use super::tile::{Color, Face};
use leptos::prelude::*;
use leptos::task::spawn_local;
use nowcast_shared::error::Code;

/// The editor in a dialog; there while `Desk::editing` holds a display button.
#[component]
pub fn Editor() -> impl IntoView {
    let desk = Desk::here();
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(desk.editing.with(Option::is_some)));
    Effect::new(move |_| {
        if !open.get() && desk.editing.with_untracked(Option::is_some) {
            desk.editing.set(None);
        }
    });
    let title = Signal::derive(move || {
        let old = desk.editing.with(|editing| editing.as_ref().is_some_and(|e| e.id.is_some()));
        if old { "Edit button".to_owned() } else { "New button".to_owned() }
    });
    let changed = RwSignal::new(false);
    view! {
        <Dialog open title class="editor" held=changed>
            {move || desk.editing.get().map(|editing| view! { <EditorForm editing changed/> })}
        </Dialog>
    }
}

#[component]
fn EditorForm(
    editing: Editing,
    /// Becomes whether something stands in it that closing it would lose.
    changed: RwSignal<bool>,
) -> impl IntoView {
    let desk = Desk::here();
    let Editing { id, face } = editing;
    let begun = Draft::of(&face.body).unwrap_or_default();
    let form = Form::new("button", begun.clone());
    let label = RwSignal::new(face.label.clone());
    let color = RwSignal::new(face.color);
    let before = face.clone();
    Effect::new(move |_| {
        let drafted = form.draft.with(|draft| *draft != begun);
        let named = label.with(|label| *label != face.label);
        changed.set(drafted || named || color.get() != face.color);
    });
    let label_problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let on_submit = move |()| {
        if busy.get_untracked() {
            return;
        }
        let draft = form.draft.get_untracked();
        let unnamed = label.with_untracked(|label| label.trim().is_empty());
        label_problem.set(unnamed.then(|| "What shall stand on it?".to_owned()));
        form.problem.set(draft.missing());
        if unnamed {
            focus("button-label");
            return;
        }
        if draft.missing().is_some() {
            form.focus_problem();
            return;
        }
        let (label, color) = (label.get_untracked(), color.get_untracked());
        let face = Face::of(label, color, &draft, Some(&before));
        let id = id.clone();
        busy.set(true);
        spawn_local(async move {
            let saved = desk.save_tile(id, &face).await;
            // By now the editor may be closed, or hold another display button.
            let gone = busy.try_set(false).is_some();
            match saved {
                Ok(()) if gone => {}
                Ok(()) => desk.editing.set(None),
                Err(failure) => {
                    let why = desk.explain(&failure);
                    if gone {
                        desk.tell(why, None);
                    } else if why.to_lowercase().contains("label") {
                        label_problem.set(Some(why));
                    } else {
                        form.problem.set(Some(draft.blame(Code::from_name(&failure.code), &why)));
                    }
                }
            }
        });
    };
    view! {
        <ItemForm form switch=Switch::ToImage class="editor-form" on_submit>
            <div class="field">
                <label for="button-label">"Label"</label>
                <input
                    id="button-label"
                    type="text"
                    autocomplete="off"
                    maxlength="60"
                    dir="auto"
                    prop:value=label
                    on:input=move |event| {
                        label.set(event_target_value(&event));
                        label_problem.set(None);
                    }
                    aria-invalid=move || label_problem.with(Option::is_some).then_some("true")
                    aria-describedby="button-label-note"
                />
                <p class="problem" id="button-label-note">{label_problem}</p>
            </div>
            <fieldset class="swatches">
                <legend>"Colour"</legend>
                {Color::ALL
                    .into_iter()
                    .map(|choice| {
                        view! {
                            <label class="swatch" data-color=choice.name() title=choice.name()>
                                <input
                                    type="radio"
                                    name="button-color"
                                    value=choice.name()
                                    aria-label=choice.name()
                                    prop:checked=move || color.get() == choice
                                    on:change=move |_| color.set(choice)
                                />
                            </label>
                        }
                    })
                    .collect_view()}
            </fieldset>
            <Kinds form/>
            <Fields form/>
            <h3 class="over">"As viewers will see it"</h3>
            <Preview form/>
            <div class="form-foot">
                <button type="submit" class="solid" disabled=busy>
                    "Save button"
                </button>
                <button type="button" class="quiet" on:click=move |_| desk.editing.set(None)>
                    "Cancel"
                </button>
            </div>
        </ItemForm>
    }
}
