//! Hands on pieces: listens to pointers and keys on the stage, asks [`Drag`] what they mean, and
//! carries that out in the store and over the link.

use super::motion::Motion;
use crate::api::Problem;
use crate::dom::{self, Listener, Timer};
use crate::drag::{Do, Drag, FRAME, Input, Pixels};
use crate::link::Link;
use crate::link::plan::{Status, Way};
use crate::page::part::effect;
use crate::read::Json;
use crate::store::live::Live;
use crate::store::stage::{Spot, called};
use crate::store::{Store, signal};
use leptos::prelude::*;
use nowcast_shared::command::Command;
use nowcast_shared::error::Code;
use nowcast_shared::id::PieceId;
use nowcast_shared::offset::Offset;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, PointerEvent};

/// Where each move is a request of its own, in milliseconds.
const REQUESTS: f64 = 100.0;
/// How far an arrow key moves a piece, as a fraction of its free way; with Shift more.
const STEP: f64 = 0.01;
const STRIDE: f64 = 0.05;
/// How long it is said why a piece could not be moved, in milliseconds.
const SAY: f64 = 4_000.0;

/// The hands of this page on one stage.
pub(super) struct Hands {
    this: Weak<Self>,
    store: Store,
    link: Link,
    drag: RefCell<Drag>,
    timer: Rc<Timer>,
    quiet: Rc<Timer>,
    pub(super) motion: Rc<Motion>,
    /// Why a piece was not let go where it was wanted.
    pub(super) said: Live<String>,
    listeners: RefCell<Vec<Listener>>,
}

impl Hands {
    pub(super) fn new(store: Store, link: Link) -> Rc<Self> {
        let said = signal(String::new());
        Rc::new_cyclic(|this: &Weak<Self>| {
            let later = this.clone();
            Self {
                this: this.clone(),
                store,
                link,
                drag: RefCell::default(),
                timer: Timer::new(move || {
                    if let Some(hands) = later.upgrade() {
                        hands.tell(Input::Tick);
                    }
                }),
                quiet: Timer::new(move || said.set(String::new())),
                motion: Motion::new(),
                said,
                listeners: RefCell::default(),
            }
        })
    }

    /// Gives the drag one thing, and does what it says.
    pub(super) fn tell(&self, input: Input) {
        let todo = self.drag.borrow_mut().handle(dom::clock(), input);
        for one in todo {
            self.carry_out(one);
        }
        let wake_at = self.drag.borrow().wake_at();
        match wake_at {
            Some(at) => self.timer.after((at - dom::clock()).max(0.0)),
            None => self.timer.stop(),
        }
    }

    fn carry_out(&self, one: Do) {
        let stage = self.store.stage;
        match one {
            Do::Show(piece, spot) => stage.hold(&piece, spot),
            Do::LetGo(piece) => stage.let_go(&piece),
            Do::Say(why) => {
                self.said.set(why);
                self.quiet.after(SAY);
            }
            Do::Move(piece, Spot { x, y }) => {
                let about = piece.as_str().to_owned();
                self.link.hint(&about, &Command::Move { piece, x, y });
            }
            Do::Grab(piece, turn) => {
                let command = Command::Grab { piece: piece.clone() };
                self.ask(&command, piece, turn, |_, _, _| {});
            }
            Do::Drop(piece, spot, turn) => {
                stage.drop(&piece, spot);
                let command = Command::Drop { piece: piece.clone(), x: spot.x, y: spot.y };
                self.ask(&command, piece, turn, |store, piece, at| match at {
                    Some(at) => {
                        let now = store.feed.position().map(|position| position.offset);
                        store.stage.dropped(piece, at, now);
                    }
                    None => store.stage.let_go(piece),
                });
            }
        }
    }

    /// Asks the server; a refusal ends what the hand does.
    fn ask(&self, command: &Command<Json>, piece: PieceId, turn: u32, then: Taken) {
        let this = self.this.clone();
        self.link.send(command, move |answer| {
            let Some(hands) = this.upgrade() else { return };
            match answer {
                Ok(taken) => then(hands.store, &piece, taken.offset),
                Err(problem) => {
                    let why = hands.who_has(&piece, &problem).unwrap_or(problem.detail);
                    hands.tell(Input::Refused { piece, turn, why });
                }
            }
        });
    }

    /// Who has the piece that this page could not have, by name.
    fn who_has(&self, piece: &PieceId, problem: &Problem) -> Option<String> {
        let on = self.store.stage.find(piece).filter(|_| problem.is(Code::PieceHeld))?;
        let name = on.holder.with_untracked(|holder| holder.as_ref()?.name.clone())?;
        Some(on.piece.with_untracked(|piece| format!("{name} is moving {}.", called(piece))))
    }

    /// Listens to a stage.
    pub(super) fn listen(&self, stage: &HtmlElement) {
        let area = stage.clone();
        self.on(stage, "pointerdown", move |hands, event| {
            hands.down(&area, event.unchecked_ref());
        });
        let area = stage.clone();
        self.on(stage, "pointermove", move |hands, event| {
            if hands.drag.borrow().is_busy()
                && let Some((_, element)) = piece_of(event)
            {
                let event: &PointerEvent = event.unchecked_ref();
                let (at, free) = measure(&area, &element, event);
                hands.tell(Input::Move { pointer: event.pointer_id(), at, free });
            }
        });
        // The capture is lost at the end of every drag, whatever ends it.
        for end in ["pointerup", "pointercancel", "lostpointercapture"] {
            self.on(stage, end, |hands, event| {
                let pointer = event.unchecked_ref::<PointerEvent>().pointer_id();
                hands.tell(Input::Up { pointer });
            });
        }
        self.on(stage, "keydown", |hands, event| hands.key(event.unchecked_ref()));
        self.on(stage, "focusout", |hands, event| {
            if let Some((piece, _)) = piece_of(event) {
                hands.tell(Input::Blur { piece });
            }
        });
    }

    /// Tells which piece a hand or the keyboard came to; `None` where a hand came to the bare stage.
    pub(super) fn choose(&self, stage: &HtmlElement, chosen: impl Fn(Option<PieceId>) + 'static) {
        let chosen = Rc::new(chosen);
        for name in ["pointerdown", "focusin"] {
            let chosen = chosen.clone();
            self.on(stage, name, move |_, event| {
                let tool = target(event).is_none_or(|at| at.closest(TOOLS) != Ok(None));
                if !tool {
                    chosen(piece_of(event).map(|(piece, _)| piece));
                }
            });
        }
    }

    fn on(&self, stage: &HtmlElement, name: &'static str, then: impl Fn(&Self, &Event) + 'static) {
        let this = self.this.clone();
        let listener = Listener::on(stage, name, move |event| {
            if let Some(hands) = this.upgrade() {
                then(&hands, &event);
            }
        });
        self.listeners.borrow_mut().push(listener);
    }

    /// Follows the link: how fast it takes moves, and when it is back.
    pub(super) fn follow_link(self: &Rc<Self>) {
        let (this, status) = (Rc::downgrade(self), self.store.status);
        effect(move || {
            let pace = match status.get() {
                Status::Live(Way::WebSocket) => FRAME,
                Status::Live(_) => REQUESTS,
                _ => return,
            };
            if let Some(hands) = this.upgrade() {
                hands.drag.borrow_mut().set_pace(pace);
                hands.tell(Input::Live);
            }
        });
    }

    fn down(&self, stage: &HtmlElement, event: &PointerEvent) {
        let Some((piece, element)) = piece_of(event).filter(|(_, element)| is_free(element)) else {
            return;
        };
        let Some(on) = self.store.stage.find(&piece).filter(|_| event.button() == 0) else {
            return;
        };
        // Without it, a pointer that leaves the stage is simply not heard of any more.
        let _ = element.set_pointer_capture(event.pointer_id());
        let (at, free) = measure(stage, &element, event);
        let seen = on.seen.get_untracked().spot();
        self.tell(Input::Down { pointer: event.pointer_id(), piece, at, free, seen });
    }

    fn key(&self, event: &KeyboardEvent) {
        let Some((piece, element)) = piece_of(event) else { return };
        let step = if event.shift_key() { STRIDE } else { STEP };
        let (x, y) = match event.key().as_str() {
            "ArrowLeft" => (-step, 0.0),
            "ArrowRight" => (step, 0.0),
            "ArrowUp" => (0.0, -step),
            "ArrowDown" => (0.0, step),
            "Escape" if self.drag.borrow().holds(&piece) => {
                event.prevent_default();
                return self.tell(Input::Escape { piece });
            }
            _ => return,
        };
        let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key());
        if let Some(on) = self.store.stage.find(&piece).filter(|_| plain && is_free(&element)) {
            event.prevent_default();
            let seen = on.seen.get_untracked().spot();
            self.tell(Input::Key { piece, by: Spot { x, y }, seen });
        }
    }
}

/// What to do when the server has taken something: where its event stands, if it made one.
type Taken = fn(Store, &PieceId, Option<Offset>);

/// What the desk puts into a piece.
const TOOLS: &str = "button, input";

fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// The piece that something happened to: itself, not what the desk puts into it.
fn piece_of(event: &Event) -> Option<(PieceId, HtmlElement)> {
    let target = target(event)?;
    if target.closest(TOOLS).ok()?.is_some() {
        return None;
    }
    let element: HtmlElement = target.closest(".piece").ok()??.unchecked_into();
    Some((element.get_attribute("data-piece")?.try_into().ok()?, element))
}

/// Whether this page may move it.
fn is_free(element: &HtmlElement) -> bool {
    element.class_list().contains("free")
}

/// Where a pointer is, from the stage's corner, and how much larger the stage is than the piece.
fn measure(stage: &HtmlElement, piece: &HtmlElement, event: &PointerEvent) -> (Pixels, Pixels) {
    let (all, one) = (stage.get_bounding_client_rect(), piece.get_bounding_client_rect());
    let (x, y) = dom::pointer_at(event);
    let at = Pixels { x: x - all.left(), y: y - all.top() };
    (at, Pixels { x: all.width() - one.width(), y: all.height() - one.height() })
}
