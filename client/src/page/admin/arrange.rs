//! A tile that can be moved, changed and deleted instead of fired.

use super::desk::{Desk, Editing};
use super::icon::{Icon, icon};
use super::order::{Step, stepped};
use super::tile::Tile;
use leptos::{ev, prelude::*};
use nowcast_shared::id::ButtonId;

/// The tile that is being dragged.
#[derive(Clone, Copy)]
pub(super) struct Dragged(RwSignal<Option<ButtonId>>);

impl Dragged {
    /// None so far, for the tiles inside.
    pub(super) fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }
}

/// A tile while the board is being arranged.
#[component]
pub(super) fn Arranged(tile: Tile) -> impl IntoView {
    let desk = Desk::here();
    let Dragged(dragged) = expect_context();
    let id = StoredValue::new(tile.id.clone());
    let place = Memo::new(move |_| id.with_value(|id| desk.place_of(id)).unwrap_or_default());
    let len = move || desk.board.with(|board| board.tiles().len());
    let asking = RwSignal::new(false);
    let label = tile.face.label.clone();
    let color = tile.face.color.name();
    let kind = tile.face.kind.clone();
    let tile = StoredValue::new(tile);

    let on_start = move |event: ev::DragEvent| {
        dragged.set(Some(id.get_value()));
        if let Some(data) = event.data_transfer() {
            data.set_effect_allowed("move");
            // Some browsers drag nothing that carries nothing.
            let _ = data.set_data("text/plain", &id.get_value().0);
        }
    };
    // The others make way while the tile is still held, so that what is seen is what will be.
    let on_over = move |event: ev::DragEvent| {
        let Some(from) = dragged
            .get_untracked()
            .and_then(|id| desk.board.with_untracked(|board| board.place_of(&id))) else {
            return;
        };
        event.prevent_default();
        desk.show_moved(from, place.get_untracked());
    };
    let on_drop = move |event: ev::DragEvent| {
        if dragged.get_untracked().is_some() {
            event.prevent_default();
        }
    };
    let on_end = move |_| {
        if dragged.get_untracked().is_some() {
            dragged.set(None);
            desk.save_order();
        }
    };
    let step = move |step: Step| {
        let from = place.get_untracked();
        if let Some(to) = stepped(from, step, desk.board.with_untracked(|b| b.tiles().len())) {
            desk.move_tile(from, to);
        }
    };
    let edit = move |_| {
        tile.with_value(|tile| {
            let (id, face) = (Some(tile.id.clone()), tile.face.clone());
            desk.editing.set(Some(Editing { id, face }));
        });
    };
    let name = StoredValue::new(label.clone());
    let named = move |verb: &str| name.with_value(|name| format!("{verb} “{name}”"));
    view! {
        <div
            class="tile arranged"
            class:held=move || dragged.get().is_some_and(|held| held == id.get_value())
            data-color=color
            draggable="true"
            on:dragstart=on_start
            on:dragover=on_over
            on:drop=on_drop
            on:dragend=on_end
        >
            <span class="tile-top">{icon(Icon::of_kind(&kind))}</span>
            <span class="tile-label" dir="auto">{label}</span>
            <Show
                when=move || asking.get()
                fallback=move || {
                    view! {
                        <span class="tile-tools">
                            <button
                                type="button"
                                class="square"
                                aria-label=named("Move earlier:")
                                disabled=move || place.get() == 0
                                on:click=move |_| step(Step::Earlier)
                            >
                                {icon(Icon::Earlier)}
                            </button>
                            <button
                                type="button"
                                class="square"
                                aria-label=named("Move later:")
                                disabled=move || place.get() + 1 == len()
                                on:click=move |_| step(Step::Later)
                            >
                                {icon(Icon::Later)}
                            </button>
                            <button
                                type="button"
                                class="square"
                                aria-label=named("Edit")
                                on:click=edit
                            >
                                {icon(Icon::Pen)}
                            </button>
                            <button
                                type="button"
                                class="square"
                                aria-label=named("Delete")
                                on:click=move |_| asking.set(true)
                            >
                                {icon(Icon::Bin)}
                            </button>
                        </span>
                    }
                }
            >
                <span class="tile-ask" role="group" aria-label=named("Delete")>
                    <button
                        type="button"
                        class="danger"
                        autofocus
                        on:click=move |_| desk.delete_tile(tile.get_value())
                    >
                        "Delete"
                    </button>
                    <button type="button" on:click=move |_| asking.set(false)>
                        "Keep"
                    </button>
                </span>
            </Show>
        </div>
    }
}
