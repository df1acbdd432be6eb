//! A tile that can be moved, changed and deleted instead of fired.

use super::desk::{Desk, Editing};
use super::form::focus;
use super::icon::{Icon, icon};
use super::order::{Step, stepped};
use super::tile::Tile;
use leptos::{ev, html, prelude::*};
use nowcast_shared::id::ButtonId;
use nowcast_shared::item::Body;

/// The tile that is being dragged.
#[derive(Clone, Copy)]
pub struct Dragged(RwSignal<Option<ButtonId>>);

impl Dragged {
    /// None so far, for the tiles inside.
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }
}

/// A tile in its place, and what can be done with it there.
#[derive(Clone, Copy)]
struct Placed {
    desk: Desk,
    dragged: RwSignal<Option<ButtonId>>,
    tile: StoredValue<Tile>,
    place: Memo<usize>,
}

impl Placed {
    fn new(tile: Tile) -> Self {
        let desk = Desk::here();
        let Dragged(dragged) = expect_context();
        let id = tile.id.clone();
        let place = Memo::new(move |_| desk.place_of(&id).unwrap_or_default());
        Self { desk, dragged, tile: StoredValue::new(tile), place }
    }

    fn id(self) -> ButtonId {
        self.tile.with_value(|tile| tile.id.clone())
    }

    fn is_held(self) -> bool {
        self.dragged.get().is_some_and(|held| held == self.id())
    }

    fn on_drag_start(self, event: &ev::DragEvent) {
        self.dragged.set(Some(self.id()));
        if let Some(data) = event.data_transfer() {
            data.set_effect_allowed("move");
            // Some browsers drag nothing that carries nothing.
            let _ = data.set_data("text/plain", &self.id().0);
        }
    }

    /// The others make way while a tile is still held, so that what is seen is what will be.
    fn on_drag_over(self, event: &ev::DragEvent) {
        let held = self.dragged.get_untracked();
        let from = self.desk.board.with_untracked(|board| held.and_then(|id| board.place_of(&id)));
        if let Some(from) = from {
            event.prevent_default();
            self.desk.show_moved(from, self.place.get_untracked());
        }
    }

    fn on_drag_end(self) {
        // The board may have gone from under the pointer.
        if self.dragged.try_get_untracked().flatten().is_some() {
            self.dragged.set(None);
            self.desk.save_order();
        }
    }

    /// Whether there is a place in this direction.
    fn can_step(self, step: Step) -> bool {
        let len = self.desk.board.with(|board| board.tiles().len());
        stepped(self.place.get(), step, len).is_some()
    }

    fn step(self, step: Step) {
        let len = self.desk.board.with_untracked(|board| board.tiles().len());
        let from = self.place.get_untracked();
        let Some(to) = stepped(from, step, len) else { return };
        self.desk.move_tile(from, to);
        // What is moved within the page loses the focus; at an end only the way back is left.
        let onward = if stepped(to, step, len).is_some() { step } else { step.back() };
        let id = self.mover(onward);
        request_animation_frame(move || focus(&id));
    }

    /// The id of the control that moves the tile.
    fn mover(self, step: Step) -> String {
        self.tile.with_value(|tile| format!("move-{}-{step:?}", tile.id))
    }

    /// What this page does not understand it could only spoil.
    fn can_edit(self) -> bool {
        self.tile.with_value(|tile| tile.face.body != Body::Unknown)
    }

    fn edit(self) {
        let Tile { id, face } = self.tile.get_value();
        self.desk.editing.set(Some(Editing { id: Some(id), face }));
    }

    fn delete(self) {
        self.desk.delete_tile(self.tile.get_value());
    }

    /// What a control with nothing but a mark is called.
    fn named(self, verb: &str) -> String {
        self.tile.with_value(|tile| format!("{verb} “{}”", tile.face.label))
    }
}

/// A tile while the board is being arranged.
#[component]
pub fn Arranged(
    /// Which one.
    tile: Tile,
) -> impl IntoView {
    let face = tile.face.clone();
    let placed = Placed::new(tile);
    let asking = RwSignal::new(false);
    view! {
        <div
            class="tile arranged"
            class:held=move || placed.is_held()
            data-color=face.color.name()
            draggable="true"
            on:dragstart=move |event| placed.on_drag_start(&event)
            on:dragover=move |event| placed.on_drag_over(&event)
            on:drop=move |event| event.prevent_default()
            on:dragend=move |_| placed.on_drag_end()
        >
            <span class="tile-top">{icon(Icon::of_kind(&face.kind))}</span>
            <span class="tile-label" dir="auto">
                {face.label}
            </span>
            <Show
                when=move || asking.get()
                fallback=move || view! { <Tools placed=placed asking=asking /> }
            >
                <Ask placed=placed asking=asking />
            </Show>
        </div>
    }
}

#[component]
fn Tools(placed: Placed, asking: RwSignal<bool>) -> impl IntoView {
    let tool = move |mark: Icon, verb: &str, act: Callback<()>| {
        view! {
            <button
                type="button"
                class="square"
                aria-label=placed.named(verb)
                on:click=move |_| act.run(())
            >
                {icon(mark)}
            </button>
        }
    };
    let step = move |step: Step, mark: Icon, verb: &str| {
        view! {
            <button
                type="button"
                class="square"
                id=placed.mover(step)
                aria-label=placed.named(verb)
                disabled=move || !placed.can_step(step)
                on:click=move |_| placed.step(step)
            >
                {icon(mark)}
            </button>
        }
    };
    view! {
        <span class="tile-tools">
            {step(Step::Earlier, Icon::Earlier, "Move earlier:")}
            {step(Step::Later, Icon::Later, "Move later:")}
            {placed
                .can_edit()
                .then(|| tool(Icon::Pen, "Edit", Callback::new(move |()| placed.edit())))}
            {tool(Icon::Bin, "Delete", Callback::new(move |()| asking.set(true)))}
        </span>
    }
}

/// The one question before a tile goes.
#[component]
fn Ask(placed: Placed, asking: RwSignal<bool>) -> impl IntoView {
    let keep = NodeRef::<html::Button>::new();
    keep.on_load(|keep| {
        // The control that had the focus is gone. It fails for none that is on the page.
        let _ = keep.focus();
    });
    view! {
        <span class="tile-ask" role="group" aria-label=placed.named("Delete")>
            <button type="button" class="danger" on:click=move |_| placed.delete()>
                "Delete"
            </button>
            <button node_ref=keep type="button" on:click=move |_| asking.set(false)>
                "Keep"
            </button>
        </span>
    }
}
