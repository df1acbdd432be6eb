//! What scripts beside the page hear: those of whoever embeds it, or adds to it.
//!
//! Events of the window, `nowcast:push` `{id, data}`, `nowcast:variable` `{name, value, version}`
//! (without a value, it is gone) and `nowcast:variables` `{name: {value, version}}`. A frame around
//! the page hears them too if it is of the same origin; to another, nothing is told.
//!
//! Events of the document are offers: `nowcast:item` `{item, element}` for each custom item that is
//! drawn. A script that calls `preventDefault()` shows the item in `element` itself, and hears
//! `nowcast:item-removed` of the same detail when that element is not needed any more.

use crate::dom;
use crate::read::parse;
use crate::store::News;
use crate::write::{self, Object};
use js_sys::Reflect;
use nowcast_shared::frame::Variable;
use wasm_bindgen::prelude::*;
use web_sys::{CustomEvent, CustomEventInit, Element, EventTarget, Window};

/// Tells them.
pub fn tell(news: News<'_>) {
    let (name, detail) = match news {
        News::Push { id, data } => {
            ("nowcast:push", Object::new().text("id", id).json("data", &data.0).end())
        }
        News::Variable { name, variable: now } => {
            let object = Object::new().text("name", name);
            let object = match now {
                Some(Variable { value, version }) => {
                    object.json("value", &value.0).number_if("version", Some(*version))
                }
                None => object,
            };
            ("nowcast:variable", object.end())
        }
        News::Variables(all) => ("nowcast:variables", write::variables(all)),
        News::Held(_) | News::Queued(_) => return,
    };
    let detail = parse(&detail).unwrap_or(JsValue::NULL);
    let window = dom::window();
    dispatch(&window, name, &detail);
    let parent = window.parent().ok().flatten().filter(|parent| *parent != window);
    if let Some(parent) = parent.filter(|parent| origin(parent) == origin(&window)) {
        dispatch(&parent, name, &detail);
    }
}

/// Offers an item to the scripts of the page, with the element to show it in, which is not on the
/// page yet. `None`: nobody took it.
pub fn offer(item: &JsValue, element: &Element) -> Option<Taken> {
    let detail = js_sys::Object::new();
    for (name, value) in [("item", item), ("element", element.as_ref())] {
        // It fails for nothing that was just made.
        let _ = Reflect::set(&detail, &name.into(), value);
    }
    let untouched = dispatch(&dom::document(), "nowcast:item", &detail);
    (!untouched).then(|| Taken(detail.into()))
}

/// An item that a script shows. It is told when this is dropped.
pub struct Taken(JsValue);

impl Drop for Taken {
    fn drop(&mut self) {
        let detail = self.0.clone();
        // Not in the middle of what takes the item away.
        dom::spawn(async move {
            dispatch(&dom::document(), "nowcast:item-removed", &detail);
        });
    }
}

/// `None` if that is not this page's business.
fn origin(window: &Window) -> Option<String> {
    // Another origin's window refuses to say.
    let location = Reflect::get(window, &"location".into()).ok()?;
    Reflect::get(&location, &"origin".into()).ok()?.as_string()
}

/// Tells an event; false if somebody prevented what follows from it.
fn dispatch(target: &EventTarget, name: &str, detail: &JsValue) -> bool {
    let init = CustomEventInit::new();
    init.set_detail(detail);
    init.set_cancelable(true);
    let event = CustomEvent::new_with_event_init_dict(name, &init);
    // It only fails for an event that is being dispatched already.
    event.and_then(|event| target.dispatch_event(&event)).unwrap_or(true)
}
