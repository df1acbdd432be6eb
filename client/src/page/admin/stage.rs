//! The stage at the desk: the same surface as viewers have, and what only an admin may do with it.
//!
//! - [`new`]: what is put on it, purely. [`add`]: how. [`chosen`]: what can be done with a piece.

pub mod add;
pub mod chosen;
pub mod new;

use super::desk::Desk;
use super::desk::Panel;
use super::me::Right;
use crate::link::Link;
use crate::page::stage::{Tools, stage};
use crate::read::Json;
use add::Add;
use chosen::{Chosen, handle};
use leptos::prelude::*;
use nowcast_shared::command::Command;
use nowcast_shared::id::PieceId;
use nowcast_shared::item::Role;
use nowcast_shared::room::Who;
use nowcast_shared::stage::{Piece, PieceChange};
use std::sync::Arc;

/// What is done to the stage from here.
#[derive(Clone, Copy)]
pub struct Director {
    desk: Desk,
    link: StoredValue<Link, LocalStorage>,
    /// The piece that the tools are for.
    pub chosen: RwSignal<Option<PieceId>>,
}

impl Director {
    /// Changes a piece, or puts a new one.
    pub fn put(self, piece: PieceId, change: PieceChange) {
        self.give(&Command::Put { piece, change }, |_| {});
    }

    /// Takes a piece away; it can be put back as it was.
    pub fn remove(self, piece: &Piece) {
        let again = new::again(piece);
        let name = crate::store::stage::called(piece).to_owned();
        self.chosen.set(None);
        let command = Command::Remove { piece: piece.id.clone() };
        self.give(&command, move |desk| {
            let undo = super::desk::Undo::Give(again, format!("{name} is back."));
            desk.tell(format!("{name} is off the stage."), Some(undo));
        });
    }

    fn give(self, command: &Command<Json>, then: impl FnOnce(Desk) + 'static) {
        let desk = self.desk;
        self.link.with_value(|link| {
            link.send(command, move |answer| match answer {
                Ok(_) => then(desk),
                Err(problem) => desk.tell(problem.detail, None),
            });
        });
    }

    /// All pieces, as they are now.
    fn pieces(self) -> Vec<Piece> {
        let all = self.desk.store.stage.pieces.get_untracked();
        all.iter().map(|on| on.piece.get_untracked()).collect()
    }
}

/// The panel with the stage.
#[component]
pub fn StagePanel(
    /// By which moves go.
    link: Link,
) -> impl IntoView {
    let desk = Desk::here();
    let chosen = RwSignal::new(None);
    let director = Director { desk, link: StoredValue::new_local(link.clone()), chosen };
    provide_context(director);
    // What an open server lets everybody do, a guest may do here as well.
    let all = Signal::derive(move || {
        desk.me.with(|me| me.as_ref().is_some_and(|me| me.role == Role::Admin || me.open))
    });
    let tools = Tools { all, chosen, on_piece: Arc::new(move |on| handle(director, on)) };
    let empty = move || desk.store.stage.pieces.with(Vec::is_empty);
    view! {
        <section class="panel stage-desk" aria-labelledby="stage-title">
            <header class="panel-head">
                <h2 id="stage-title">"Stage"</h2>
                <p class="hint wide-only">{move || who(desk.store.settings.with(|settings| settings.drag))}</p>
            </header>
            <Show when=move || all.get()>
                <Add director/>
            </Show>
            <div class="stage-frame">
                {stage(desk.store, link, Some(tools))}
                <Show when=empty>
                    <p class="stage-empty">
                        <strong>"Nothing on the stage yet"</strong>
                        "Add a picture, a text or a pointer. Viewers see the stage as soon as there is something on it."
                    </p>
                </Show>
            </div>
            <Show when=move || all.get()>
                <Chosen director/>
            </Show>
        </section>
    }
}

/// Who may drag, in a sentence.
fn who(drag: Who) -> &'static str {
    match drag {
        Who::Everyone => "Everyone in the room can drag what is not locked.",
        Who::Users => "Registered users can drag what is not locked.",
        Who::Nobody => "Only admins can drag.",
    }
}

/// What a wide desk is for: publishing, the stage, and what is followed elsewhere.
#[component]
pub fn Modes() -> impl IntoView {
    let desk = Desk::here();
    let mode = move |panel: Panel, name: &'static str| {
        let here = move || match desk.panel.get() {
            now @ (Panel::Stage | Panel::Sources) => now == panel,
            _ => panel == Panel::Board,
        };
        view! {
            <button
                type="button"
                class="quiet"
                aria-pressed=move || here().to_string()
                on:click=move |_| desk.panel.set(panel)
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="modes wide-only" role="group" aria-label="What the desk is for">
            {mode(Panel::Board, "Publish")}
            {mode(Panel::Stage, "Stage")}
            <Show when=move || desk.may(Right::Settings)>{mode(Panel::Sources, "Sources")}</Show>
        </div>
    }
}
