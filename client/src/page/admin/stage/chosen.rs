//! The chosen piece: its frame with a handle, and the tools under the stage.

use super::Director;
use super::new;
use crate::dom;
use crate::page::admin::icon::{Icon, icon};
use crate::store::stage::OnStage;
use leptos::{ev, html, prelude::*};
use nowcast_shared::id::PieceId;
use nowcast_shared::stage::{MIN_WIDTH, MOST_TEXT, Piece, PieceChange};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

impl Director {
    fn is_chosen(self, id: &PieceId) -> bool {
        self.chosen.with(|chosen| chosen.as_ref() == Some(id))
    }

    /// Gives a piece another width.
    fn resize(self, id: &PieceId, width: f64) {
        self.put(id.clone(), PieceChange { width: Some(width), ..PieceChange::default() });
    }
}

/// The element of a piece.
fn element_of(id: &PieceId) -> Option<HtmlElement> {
    dom::find(&format!(".stage > [data-piece='{id}']")).map(JsCast::unchecked_into)
}

/// Shows a piece at a width that it may get.
fn preview(id: &PieceId, width: f64) {
    if let Some(element) = element_of(id) {
        dom::set_number(&element, "--w", width);
    }
}

/// A hand at the handle.
#[derive(Clone, Copy)]
struct Pull {
    from: f64,
    width: f64,
    /// How much wider the piece gets with a pixel.
    share: f64,
}

/// The frame of a piece while it is chosen.
pub(super) fn handle(director: Director, on: OnStage) -> AnyView {
    let (id, piece) = (StoredValue::new(on.id), RwSignal::from(on.piece));
    let chosen = move || id.with_value(|id| director.is_chosen(id));
    let pull = StoredValue::new(None::<Pull>);
    let now = StoredValue::new(None::<f64>);
    let down = move |event: ev::PointerEvent| {
        event.prevent_default();
        let target: HtmlElement = event.target().map(JsCast::unchecked_into).expect("an element");
        // Without it the hand just has to stay on the handle.
        let _ = target.set_pointer_capture(event.pointer_id());
        let stage =
            dom::find(".stage").map_or(1.0, |stage| stage.get_bounding_client_rect().width());
        let (x, width) = piece.with_untracked(|piece| (piece.x, piece.width));
        // A piece grows away from where it stands, so that its edge moves less than it grows.
        let share = 1.0 / (stage * (1.0 - x).max(0.25)).max(1.0);
        pull.set_value(Some(Pull { from: dom::pointer_at(&event).0, width, share }));
    };
    let go = move |event: ev::PointerEvent| {
        if let Some(pull) = pull.get_value() {
            let by = (dom::pointer_at(&event).0 - pull.from) * pull.share;
            let width = (pull.width + by).clamp(MIN_WIDTH, 1.0);
            now.set_value(Some(width));
            id.with_value(|id| preview(id, width));
        }
    };
    let end = move |_: ev::PointerEvent| {
        pull.set_value(None);
        if let Some(width) = now.try_update_value(Option::take).flatten() {
            id.with_value(|id| director.resize(id, width));
        }
    };
    view! {
        <Show when=chosen>
            <span class="stage-chosen">
                <button
                    type="button"
                    class="stage-handle"
                    tabindex="-1"
                    aria-hidden="true"
                    on:pointerdown=down
                    on:pointermove=go
                    on:lostpointercapture=end
                ></button>
            </span>
        </Show>
    }
    .into_any()
}

/// What can be done with the chosen piece.
#[component]
pub fn Chosen(
    /// Who has chosen it.
    director: Director,
) -> impl IntoView {
    let stage = director.desk.store.stage;
    // It may be removed by somebody else.
    let on = Memo::new(move |_| {
        let all = stage.pieces.get();
        let found = all.into_iter().find(|on| director.is_chosen(&on.id));
        found.map(|on| (on.id, on.piece))
    });
    view! {
        <div class="stage-tools" role="group" aria-label="The chosen piece">
            {move || match on.get() {
                Some((id, piece)) => view! { <Toolbar director id piece/> }.into_any(),
                None if stage.pieces.with(Vec::is_empty) => ().into_any(),
                None => view! { <p class="hint">"Choose a piece to change it."</p> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Toolbar(director: Director, id: PieceId, piece: ArcRwSignal<Piece>) -> impl IntoView {
    let piece: RwSignal<Piece> = piece.into();
    let id = StoredValue::new(id);
    let change = move |change: PieceChange| director.put(id.get_value(), change);
    let none = PieceChange::default;
    let locked = Memo::new(move |_| piece.with(|piece| piece.locked));
    let text = Memo::new(move |_| piece.with(|piece| piece.text.clone()));
    let percent = move || piece.with(|piece| (piece.width * 100.0).round());
    let label = match piece.with_untracked(|piece| piece.kind.clone()).as_str() {
        "image" => "What it shows",
        "pointer" => "Whose pointer",
        _ => "Text",
    };
    let slider = NodeRef::<html::Input>::new();
    let width = move || slider.get_untracked().map_or(0.15, |it| it.value_as_number() / 100.0);
    let on_text = move |event: ev::Event| {
        let text = event_target_value(&event).trim().to_owned();
        if !text.is_empty() {
            change(PieceChange { text: Some(text), ..none() });
        }
    };
    let raise = move |_| {
        let all = director.pieces();
        let z = piece.with_untracked(|piece| new::top(&all, Some(piece)));
        change(PieceChange { z: Some(z), ..none() });
    };
    view! {
        <label class="stage-text">
            <span>{label}</span>
            <input
                type="text"
                autocomplete="off"
                dir="auto"
                maxlength=MOST_TEXT.to_string()
                prop:value=text
                on:change=on_text
            />
        </label>
        <label class="stage-size">
            <span>"Size"</span>
            <input
                node_ref=slider
                type="range"
                min="2"
                max="100"
                prop:value=move || percent().to_string()
                aria-valuetext=move || format!("{} % of the stage", percent())
                on:input=move |_| id.with_value(|id| preview(id, width()))
                on:change=move |_| id.with_value(|id| director.resize(id, width()))
            />
        </label>
        <div class="stage-buttons">
            <button
                type="button"
                class="quiet small"
                aria-pressed=move || locked.get().to_string()
                on:click=move |_| {
                    change(PieceChange { locked: Some(!locked.get_untracked()), ..none() });
                }
            >
                {icon(Icon::Lock)}
                {move || if locked.get() { "Unlock" } else { "Lock" }}
            </button>
            <button type="button" class="quiet small" on:click=raise>
                {icon(Icon::Raise)}
                "To the front"
            </button>
            <button
                type="button"
                class="quiet small"
                on:click=move |_| director.remove(&piece.get_untracked())
            >
                {icon(Icon::Bin)}
                "Remove"
            </button>
        </div>
    }
}
