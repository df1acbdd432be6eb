//! What can be done with an item of the feed: edit it in place, delete it after one question.

use super::desk::Desk;
use super::draft::Draft;
use super::fields::Fields;
use super::form::{Form, focus};
use super::icon::{Icon, icon};
use super::me::Right;
use super::picture::{ItemForm, Switch};
use super::question::Question;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use nowcast_shared::item::{Body, Item};

/// What is being done with the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    Editing,
    Asking,
}

/// The tools under an item.
#[component]
pub fn ItemTools(
    /// The item as it is now.
    item: ArcRwSignal<Item<Body>>,
) -> impl IntoView {
    let desk = Desk::here();
    let item = RwSignal::from(item);
    let doing = RwSignal::new(Doing::Nothing);
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let opening = RwSignal::new(false);
    let begun = StoredValue::new(Draft::default());
    // What this page does not understand it could only spoil.
    let editable = move || desk.may(Right::Edit) && item.with(|item| item.data != Body::Unknown);
    let edit = move |_| {
        if opening.get_untracked() {
            return;
        }
        let open = move |draft| {
            begun.set_value(draft);
            doing.set(Doing::Editing);
        };
        let item = item.get_untracked();
        if !matches!(item.data, Body::Custom { .. }) {
            return open(Draft::of(&item.data).unwrap_or_default());
        }
        opening.set(true);
        spawn_local(async move {
            let draft = desk.to_edit(item).await;
            // The item may have left, or something else may be done with it by now.
            let gone = opening.try_set(false).is_some();
            match draft {
                Ok(draft) if !gone && doing.get_untracked() == Doing::Nothing => open(draft),
                Ok(_) => {}
                Err(why) => desk.tell(why, None),
            }
        });
    };
    let delete = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let Item { id, kind, offset, .. } = item.get_untracked();
        spawn_local(async move {
            let deleted = desk.delete_item(id, offset, kind).await;
            // The item leaves by the event that follows, and this view with it.
            let _ = busy.try_set(false);
            if let Err(why) = deleted {
                let _ = problem.try_set(Some(why));
            }
        });
    };
    view! {
        <div class="item-tools" data-doing=move || format!("{:?}", doing.get()).to_lowercase()>
            {move || match doing.get() {
                Doing::Nothing => {
                    view! {
                        <Show when=editable>
                            <button
                                type="button"
                                class="quiet small"
                                aria-busy=move || opening.get().then_some("true")
                                on:click=edit
                            >
                                {icon(Icon::Pen)}
                                "Edit"
                            </button>
                        </Show>
                        <Show when=move || desk.may(Right::Delete)>
                            <button
                                type="button"
                                class="quiet small"
                                on:click=move |_| doing.set(Doing::Asking)
                            >
                                {icon(Icon::Bin)}
                                "Delete"
                            </button>
                        </Show>
                    }
                        .into_any()
                }
                Doing::Asking => {
                    view! {
                        <Question
                            says="Delete it on every page?"
                            answers=&["Delete"]
                            busy
                            problem
                            on_answer=move |_| delete()
                            on_keep=move |()| doing.set(Doing::Nothing)
                        />
                    }
                        .into_any()
                }
                Doing::Editing => {
                    let done = Callback::new(move |()| doing.set(Doing::Nothing));
                    let (item, begun) = (item.get_untracked(), begun.get_value());
                    view! { <EditItem item begun done/> }.into_any()
                }
            }}
        </div>
    }
}

/// A name for a form that no other item in work has; the first is plainly `edit`.
fn free_name() -> String {
    let names = (1..).map(|n| if n == 1 { "edit".to_owned() } else { format!("edit-{n}") });
    let mut free =
        names.filter(|name| document().get_element_by_id(&format!("{name}-fields")).is_none());
    free.next().unwrap_or_default()
}

/// The item's fields, in its place.
#[component]
fn EditItem(
    item: Item<Body>,
    /// What stands in them to begin with.
    begun: Draft,
    /// It is saved, or given up.
    done: Callback<()>,
) -> impl IntoView {
    let desk = Desk::here();
    let form = Form::new(&free_name(), begun);
    let busy = RwSignal::new(false);
    let (id, at) = (StoredValue::new(item.id), item.offset);
    let first = form.draft.with_untracked(|draft| draft.kind.first_field());
    let field = form.id(first);
    Effect::new(move |_| focus(&field));
    let save = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let (id, draft) = (id.get_value(), form.draft.get_untracked());
        spawn_local(async move {
            let saved = desk.edit_item(id, at, &draft).await;
            // The form may have been closed meanwhile, or have left with its item.
            let gone = busy.try_set(false).is_some();
            match saved {
                Ok(()) => {
                    let _ = done.try_run(());
                }
                Err(problem) if gone => desk.tell(problem.text, None),
                Err(problem) => {
                    form.problem.set(Some(problem));
                    form.focus_problem();
                }
            }
        });
    };
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" => done.run(()),
        "Enter" if event.ctrl_key() || event.meta_key() => save(),
        _ => {}
    };
    view! {
        <ItemForm
            form
            switch=Switch::Stay
            class="edit-item"
            on_submit=move |()| save()
            on:keydown=on_key
            attr:aria-label="Edit this item"
        >
            <Fields form/>
            <div class="form-foot">
                <button type="submit" class="small solid" disabled=busy>
                    "Save"
                </button>
                <button type="button" class="quiet small" on:click=move |_| done.run(())>
                    "Cancel"
                </button>
            </div>
        </ItemForm>
    }
}
