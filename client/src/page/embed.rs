//! What scripts beside the page hear: those of whoever embeds it, or adds to it.
//!
//! Events of the window, `nowcast:push` `{id, data}`, `nowcast:variable` `{name, value, version}`
//! (without a value, it is gone) and `nowcast:variables` `{name: {value, version}}`. A frame around
//! the page hears them too if it is of the same origin; to another, nothing is told.

use crate::dom;
use crate::read::parse;
use crate::store::News;
use crate::write::{self, Object};
use nowcast_shared::frame::Variable;
use wasm_bindgen::prelude::*;
use web_sys::{CustomEvent, CustomEventInit, Window};

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
        News::Held(_) => return,
    };
    let window = dom::window();
    dispatch(&window, name, &detail);
    let parent = window.parent().ok().flatten().filter(|parent| *parent != window);
    if let Some(parent) = parent.filter(|parent| origin(parent) == origin(&window)) {
        dispatch(&parent, name, &detail);
    }
}

/// `None` if that is not this page's business.
fn origin(window: &Window) -> Option<String> {
    // Another origin's window refuses to say.
    let location = js_sys::Reflect::get(window, &"location".into()).ok()?;
    js_sys::Reflect::get(&location, &"origin".into()).ok()?.as_string()
}

fn dispatch(window: &Window, name: &str, detail: &str) {
    let init = CustomEventInit::new();
    init.set_detail(&parse(detail).unwrap_or(JsValue::NULL));
    if let Ok(event) = CustomEvent::new_with_event_init_dict(name, &init) {
        // It only fails for an event that is being dispatched already.
        let _ = window.dispatch_event(&event);
    }
}
