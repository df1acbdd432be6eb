//! Parts of views, boxed.
//!
//! Leptos compiles its machinery once for every type of closure and element that it is given.
//! Behind one boxed type there is one copy of it, and the page that viewers load stays small. What
//! is drawn once needs none of this; neither does the desk.

use leptos::prelude::*;
use leptos::tachys::html::InertElement;
use std::sync::Arc;
use web_sys::MouseEvent;

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

/// A button.
pub fn button(words: String, then: impl Fn() + 'static) -> AnyView {
    let then: Box<dyn FnMut(MouseEvent)> = Box::new(move |_| then());
    view! { <button on:click=then>{words}</button> }.into_any()
}
