//! Parts of views, boxed.
//!
//! Leptos compiles its machinery once for every type of closure and element that it is given.
//! Behind one boxed type there is one copy of it, and the page that viewers load stays small. What
//! is drawn once needs none of this; neither does the desk.

use crate::dom;
use leptos::html::div;
use leptos::prelude::*;
use leptos::tachys::html::InertElement;
use std::rc::Rc;
use std::sync::Arc;
use web_sys::{Element, MouseEvent};

/// A part of a view that is redrawn when a signal changes that it reads.
pub type Part = Box<dyn FnMut() -> AnyView + Send>;

/// Makes a [`Part`].
pub fn part(draw: impl FnMut() -> AnyView + Send + 'static) -> Part {
    Box::new(draw)
}

/// Words that change. They are set only where they differ from those on the page.
pub fn words(say: impl Fn() -> String + Send + 'static) -> Box<dyn FnMut() -> String + Send> {
    Box::new(say)
}

/// Does something now and whenever a signal changes that it reads.
pub fn effect(then: impl FnMut() + 'static) {
    let mut then: Box<dyn FnMut()> = Box::new(then);
    Effect::new(move |_| then());
}

/// A row of a list whose rows keep their places on the page.
#[derive(Clone)]
pub struct Keyed {
    /// As long as the key is the same, the row is not drawn again.
    pub key: u64,
    /// Draws the row.
    pub draw: Arc<dyn Fn() -> AnyView + Send + Sync>,
}

/// A list of rows with keys. (One copy of the machinery for all lists.)
pub fn keyed(rows: impl Fn() -> Vec<Keyed> + Send + 'static) -> AnyView {
    let rows: Box<dyn Fn() -> Vec<Keyed> + Send> = Box::new(rows);
    let key: fn(&Keyed) -> u64 = |row| row.key;
    let draw: fn(Keyed) -> AnyView = |row| (row.draw)();
    For(ForProps::builder().each(rows).key(key).children(draw).build()).into_any()
}

/// Nothing.
pub fn nothing() -> AnyView {
    ().into_any()
}

/// What never changes, as markup. Not for anything that comes from outside.
pub fn fixed(markup: &'static str) -> AnyView {
    InertElement::new(markup).into_any()
}

/// A paragraph of one sentence, with a button behind it if there is something to do about it.
pub fn sentence(class: &'static str, words: String, act: Option<AnyView>) -> AnyView {
    view! { <p class=class>{words} {act}</p> }.into_any()
}

/// An element whose inside is made by hand, anew with every change. For what comes in more shapes
/// than there should be views.
pub fn built(class: &'static str, fill: impl Fn(&Element) + 'static) -> AnyView {
    let fill: Rc<dyn Fn(&Element)> = Rc::new(fill);
    let fill = move |place: Element| {
        place.set_text_content(None);
        fill(&place);
    };
    div().class(class).directive(fill, ()).into_any()
}

/// An element that is not on the page yet.
///
/// # Panics
/// For a name that no element can have.
pub fn make(name: &str, class: &str) -> Element {
    let element = dom::document().create_element(name).expect("a name of HTML");
    if !class.is_empty() {
        element.set_class_name(class);
    }
    element
}

/// Puts an element with a text at the end of another.
pub fn append(place: &Element, name: &str, class: &str, text: &str) -> Element {
    let element = make(name, class);
    element.set_text_content(Some(text));
    // It fails for no element that was just made.
    let _ = place.append_child(&element);
    element
}

/// A button.
pub fn button(words: String, then: impl Fn() + 'static) -> AnyView {
    let then: Box<dyn FnMut(MouseEvent)> = Box::new(move |_| then());
    view! { <button on:click=then>{words}</button> }.into_any()
}
