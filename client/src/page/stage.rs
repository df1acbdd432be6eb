//! The stage: a surface with pieces that people drag, the same for viewers and at the desk.
//!
//! - `hands`: pointers and keys, made into drags by [`crate::drag`].
//! - `motion` and `glide`: how pieces move between the places that are known of them.

mod glide;
mod hands;
mod motion;

use super::item::safe;
use super::part::{effect, nothing, part, sentence, words};
use crate::dom;
use crate::drag::Input;
use crate::link::Link;
use crate::people_color::color_of;
use crate::store::Store;
use crate::store::stage::{Holder, OnStage, called};
use hands::Hands;
use leptos::prelude::*;
use nowcast_shared::id::{PieceId, PublicId};
use nowcast_shared::room::Who;
use nowcast_shared::stage::Piece;
use std::rc::Rc;
use std::sync::Arc;
use web_sys::HtmlElement;

/// What the desk adds to the stage. The viewers' page has none.
#[derive(Clone)]
pub struct Tools {
    /// Whether whoever sits there may move everything.
    pub all: Signal<bool>,
    /// Which piece was chosen.
    pub chosen: RwSignal<Option<PieceId>>,
    /// What lies on each piece.
    pub on_piece: Arc<dyn Fn(OnStage) -> AnyView + Send + Sync>,
}

/// The stage of a room.
pub fn stage(store: Store, link: Link, tools: Option<Tools>) -> AnyView {
    let hands = Hands::new(store, link);
    hands.follow_link();
    let said = hands.said;
    let hands = StoredValue::new_local(hands);
    let chosen = tools.as_ref().map(|tools| tools.chosen);
    effect(move || {
        if let Some(area) = find(".stage") {
            hands.with_value(|hands| {
                hands.listen(&area);
                if let Some(chosen) = chosen {
                    hands.choose(&area, move |piece| chosen.set(piece));
                }
            });
        }
    });
    let pieces = move || store.stage.pieces.get();
    view! {
        <div class="stage" role="group" aria-label="Stage" aria-describedby="stage-keys">
            <For each=pieces key=|on| on.id.clone() let:on>
                {piece(store, hands, on, tools.clone())}
            </For>
            <p class="stage-said" role="status">
                {words(move || said.get())}
            </p>
        </div>
        <p class="stage-hint">
            {words(move || {
                let anyone = store.settings.with(|settings| settings.drag == Who::Everyone);
                if anyone { "Drag a piece. Everyone sees it move." } else { "" }.to_owned()
            })}
        </p>
        <p id="stage-keys" hidden>
            "Arrow keys move a piece, with Shift in larger steps. Escape takes the move back."
        </p>
        <p class="sr-only" aria-live="polite">
            {words(moved(store))}
        </p>
    }
    .into_any()
}

fn find(selector: &str) -> Option<HtmlElement> {
    use wasm_bindgen::JsCast;
    dom::find(selector).map(JsCast::unchecked_into)
}

/// What somebody else has moved, for those who listen to the page.
fn moved(store: Store) -> impl Fn() -> String + Send + 'static {
    move || {
        store.stage.moved.with(|moved| match moved {
            Some(moved) => format!("{}, moved by {}", moved.piece, name(moved.by.as_deref())),
            None => String::new(),
        })
    }
}

fn name(name: Option<&str>) -> &str {
    name.unwrap_or("someone")
}

/// Whether this page may move a piece.
fn may_move(store: Store, tools: Option<&Tools>, piece: &Piece) -> bool {
    if let Some(tools) = tools {
        return tools.all.get();
    }
    let may = store.settings.with(|settings| match settings.drag {
        Who::Everyone => true,
        Who::Users => store.me.user.with(Option::is_some),
        Who::Nobody => false,
    });
    !piece.locked && (may || store.open.get())
}

fn piece(
    store: Store,
    hands: StoredValue<Rc<Hands>, LocalStorage>,
    on: OnStage,
    tools: Option<Tools>,
) -> AnyView {
    let OnStage { id, piece, holder, seen, .. } = on.clone();
    let find_it = {
        let selector = format!(".stage > [data-piece='{id}']");
        move || find(&selector)
    };
    // What it looks like inside changes rarely; a picture is not loaded anew for its size.
    let looks = RwSignal::new(Look::default());
    let (shown, who, mine) = (piece.clone(), holder.clone(), id.clone());
    let (it, extra) = (find_it.clone(), tools.clone());
    effect(move || {
        let Some(element) = it() else { return };
        shown.with(|piece| {
            let look = Look::of(piece);
            if looks.with_untracked(|now| *now != look) {
                looks.set(look);
            }
            let free = may_move(store, extra.as_ref(), piece);
            let holder = who.get();
            dress(&element, piece, free, holder.as_ref());
            let piece = || mine.clone();
            hands.with_value(|hands| match (free, &holder) {
                (false, _) => hands.tell(Input::Taken { piece: piece() }),
                (true, Some(_)) => hands.tell(Input::Doubted { piece: piece() }),
                _ => {}
            });
        });
    });
    let aimed = id.clone();
    effect(move || {
        let seen = seen.get();
        if let Some(element) = find_it() {
            hands.with_value(|hands| hands.motion.aim(&aimed, &element, seen));
        }
    });
    let gone = id.clone();
    on_cleanup(move || {
        // The page itself may be gone.
        hands.try_with_value(|hands| {
            hands.motion.forget(&gone);
            hands.tell(Input::Taken { piece: gone });
        });
    });
    view! {
        <div data-piece=id.to_string()>
            {part(move || looks.with(Look::draw))}
            {part(move || tag(holder.get().as_ref()))}
            {tools.map(|tools| (tools.on_piece)(on))}
        </div>
    }
    .into_any()
}

/// The name of whoever has a piece in hand.
fn tag(holder: Option<&Holder>) -> AnyView {
    match holder {
        Some(Holder { id, name }) => {
            let class = format!("tag {}", color_of(id));
            let name = name.clone().unwrap_or_else(|| "Someone".to_owned());
            view! { <span class=class aria-hidden="true" dir="auto">{name}</span> }.into_any()
        }
        None => nothing(),
    }
}

/// Everything about a piece but its place and what is inside of it.
fn dress(element: &HtmlElement, piece: &Piece, free: bool, holder: Option<&Holder>) {
    let mut class = format!("piece {}", Look::of(piece).kind);
    for (is, name) in [
        (free, " free"),
        (piece.locked, " locked"),
        (holder.is_some(), " held"),
        (element.class_list().contains("mine"), " mine"),
    ] {
        if is {
            class.push_str(name);
        }
    }
    if let Some(Holder { id, .. }) = holder {
        class.push(' ');
        class.push_str(color_of(id));
    }
    element.set_class_name(&class);
    let mut label = called(piece).to_owned();
    if piece.locked {
        label.push_str(", locked");
    }
    if let Some(holder) = holder {
        label.push_str(", held by ");
        label.push_str(name(holder.name.as_deref()));
    }
    let set = |name, value: &str| {
        // It only fails for a name that is none.
        let _ = element.set_attribute(name, value);
    };
    set("aria-label", &label);
    set("role", if free { "button" } else { "img" });
    if free {
        set("aria-roledescription", "movable piece");
        set("tabindex", "0");
    } else {
        let _ = element.remove_attribute("aria-roledescription");
        let _ = element.remove_attribute("tabindex");
    }
    dom::set_number(element, "--w", piece.width);
    dom::set_number(element, "z-index", piece.z.into());
}

/// What is inside of a piece.
#[derive(Clone, Default, PartialEq)]
struct Look {
    kind: &'static str,
    /// Whose colour a pointer has.
    id: String,
    text: String,
    url: String,
}

impl Look {
    fn of(piece: &Piece) -> Self {
        let kind = match piece.kind.as_str() {
            "image" => "image",
            "pointer" => "pointer",
            _ => "text",
        };
        let (id, text) = (piece.id.to_string(), piece.text.clone());
        Self { kind, id, text, url: piece.url.clone().unwrap_or_default() }
    }

    fn draw(&self) -> AnyView {
        let text = self.text.clone();
        match self.kind {
            "image" => match safe(&self.url).map(ToOwned::to_owned) {
                Some(src) => view! {
                    <figure>
                        <img src=src alt="" draggable="false" />
                        <p dir="auto">{text}</p>
                    </figure>
                }
                .into_any(),
                None => sentence("", text, None),
            },
            "pointer" => {
                let class = color_of(&PublicId(self.id.clone()));
                view! {
                    <span class=class>
                        <i class="dart"></i>
                        <b dir="auto">{text}</b>
                    </span>
                }
                .into_any()
            }
            _ => view! { <p dir="auto">{text}</p> }.into_any(),
        }
    }
}
