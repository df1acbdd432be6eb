//! The display buttons: a grid of tiles, each of which shows its item at once.

use super::arrange::{Arranged, Dragged};
use super::broken::Broken;
use super::desk::{Board as State, Desk, Editing, LoginReason};
use super::draft::Draft;
use super::icon::{Icon, icon};
use super::keys::key_of;
use super::me::Right;
use super::tile::{Color, Face, Outcome, Tile, summary};
use leptos::prelude::*;

/// What the panel shows.
#[derive(Clone, PartialEq)]
enum Shown {
    Loading,
    Failed(String),
    Empty,
    Tiles,
}

/// The panel with the display buttons.
#[component]
pub fn Board() -> impl IntoView {
    let desk = Desk::here();
    let may_change = move || desk.may(Right::Buttons);
    let shown = Memo::new(move |_| {
        desk.board.with(|board| match board {
            State::Loading => Shown::Loading,
            State::Failed(why) => Shown::Failed(why.clone()),
            State::Here(tiles) if tiles.is_empty() => Shown::Empty,
            State::Here(_) => Shown::Tiles,
        })
    });
    let any = move || shown.with(|shown| *shown == Shown::Tiles);
    let again = Callback::new(move |()| {
        desk.board.set(State::Loading);
        desk.load_board();
    });
    view! {
        <section class="panel board" aria-labelledby="board-title">
            <header class="panel-head">
                <h2 id="board-title">"Buttons"</h2>
                <div class="panel-tools">
                    <Show when=move || may_change() && any()>
                        <button
                            type="button"
                            class="quiet"
                            aria-pressed=move || desk.arranging.get().to_string()
                            on:click=move |_| desk.arranging.update(|on| *on = !*on)
                        >
                            {move || if desk.arranging.get() { "Done" } else { "Arrange" }}
                        </button>
                    </Show>
                    <Show when=may_change>
                        <button type="button" class="quiet" on:click=move |_| make(desk)>
                            {icon(Icon::Plus)}
                            "New"
                        </button>
                    </Show>
                </div>
            </header>
            {move || match shown.get() {
                Shown::Loading => view! { <Waiting/> }.into_any(),
                Shown::Failed(why) => {
                    view! { <Broken what="The buttons could not be fetched." why again/> }.into_any()
                }
                Shown::Empty => view! { <Empty/> }.into_any(),
                Shown::Tiles => view! { <Tiles/> }.into_any(),
            }}
        </section>
    }
}

/// Opens the editor for a new display button.
fn make(desk: Desk) {
    let face = Face::of(String::new(), Color::default(), &Draft::default(), None);
    desk.editing.set(Some(Editing { id: None, face }));
}

/// Places for tiles that are on their way.
#[component]
fn Waiting() -> impl IntoView {
    view! {
        <div class="tiles" role="status" aria-label="Fetching the buttons">
            {(0..4).map(|_| view! { <div class="tile ghost"></div> }).collect_view()}
        </div>
    }
}

#[component]
fn Empty() -> impl IntoView {
    let desk = Desk::here();
    let log_in = move |_| desk.login.set(Some(LoginReason::Asked));
    view! {
        <div class="blank">
            <p>"No buttons yet."</p>
            <p class="faint">
                "A button holds something you prepared. One click shows it on every page."
            </p>
            <Show
                when=move || desk.may(Right::Buttons)
                fallback=move || {
                    view! {
                        <button type="button" class="quiet" on:click=log_in>
                            "Log in to make one"
                        </button>
                    }
                }
            >
                <button type="button" class="quiet" on:click=move |_| make(desk)>
                    "Make the first one"
                </button>
            </Show>
        </div>
    }
}

#[component]
fn Tiles() -> impl IntoView {
    let desk = Desk::here();
    Dragged::provide();
    let tiles = Memo::new(move |_| desk.board.with(|board| board.tiles().to_vec()));
    let arranging = move || desk.arranging.get() && desk.may(Right::Buttons);
    // A tile that was changed is another one to the list; where it stands is asked for by itself,
    // so that tiles that only move are not made anew.
    let key = |tile: &Tile| format!("{}{:?}", tile.id, tile.face);
    view! {
        <ol class="tiles" class:arranging=arranging>
            <For each=move || tiles.get() key=key let:tile>
                <li>
                    {move || {
                        let tile = tile.clone();
                        if arranging() {
                            view! { <Arranged tile/> }.into_any()
                        } else {
                            view! { <Live tile/> }.into_any()
                        }
                    }}
                </li>
            </For>
        </ol>
    }
}

/// A tile that fires.
#[component]
fn Live(tile: Tile) -> impl IntoView {
    let desk = Desk::here();
    let Tile { id, face } = tile;
    let key = {
        let id = id.clone();
        Memo::new(move |_| desk.place_of(&id).and_then(key_of))
    };
    let outcome = {
        let id = id.clone();
        Memo::new(move |_| desk.outcomes.with(|all| all.get(&id).cloned().unwrap_or_default()))
    };
    let state = move || match outcome.get() {
        Outcome::Idle => "idle",
        Outcome::Sending => "sending",
        Outcome::Out(_) => "out",
        Outcome::Failed(_) => "failed",
    };
    let said = summary(&face);
    let line = move || match outcome.get() {
        Outcome::Idle => said.clone(),
        Outcome::Sending => "On its way".to_owned(),
        Outcome::Out(at) => format!("Out {at}"),
        Outcome::Failed(why) => format!("Not out. {why}"),
    };
    let shortcut = move || key.get().map(String::from);
    view! {
        <button
            type="button"
            class="tile"
            data-color=face.color.name()
            data-state=state
            aria-keyshortcuts=shortcut
            on:click=move |_| desk.fire(&id)
        >
            <span class="tile-top">
                {icon(Icon::of_kind(&face.kind))}
                <kbd class="tile-key" aria-hidden="true">{key}</kbd>
            </span>
            <span class="tile-label" dir="auto">{face.label.clone()}</span>
            <span class="tile-line" dir="auto">{line}</span>
        </button>
    }
}
