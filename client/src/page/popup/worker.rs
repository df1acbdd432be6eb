//! The extension's storage and its service worker.

use super::status::Status;
use crate::dom::{self, Timer};
use crate::read;
use crate::store::apply::{Applied, apply};
use crate::store::live::Live;
use crate::store::{Store, set};
use js_sys::{Array, Function, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["chrome", "storage", "local"], js_name = get)]
    fn get_stored(names: &Array) -> Promise;
    #[wasm_bindgen(js_namespace = ["chrome", "runtime"], js_name = openOptionsPage)]
    fn open_options_page();
    #[wasm_bindgen(js_namespace = ["chrome", "runtime"], js_name = connect)]
    fn connect() -> Port;

    /// One end of a line between two parts of an extension.
    #[derive(Clone)]
    type Port;
    #[wasm_bindgen(method, js_name = postMessage)]
    fn post(this: &Port, message: &JsValue);
    #[wasm_bindgen(method, getter, js_name = onMessage)]
    fn on_message(this: &Port) -> Listeners;
    #[wasm_bindgen(method, getter, js_name = onDisconnect)]
    fn on_disconnect(this: &Port) -> Listeners;

    type Listeners;
    #[wasm_bindgen(method, js_name = addListener)]
    fn add(this: &Listeners, listener: &Function);
}

/// A worker that ended is called again after this long, in milliseconds; the call starts it.
const CALL_AGAIN: f64 = 300.0;

/// The settings, and what was kept of the room.
pub(super) async fn stored() -> JsValue {
    let names = Array::of2(&"settings".into(), &"kept".into());
    JsFuture::from(get_stored(&names)).await.unwrap_or(JsValue::UNDEFINED)
}

/// Shows the settings, in a tab of their own.
pub(super) fn open_options() {
    open_options_page();
}

/// Takes in what the worker tells, as long as the popup is open.
pub(super) fn follow(store: Store, status: Live<Status>) {
    let line: Rc<RefCell<Option<Port>>> = Rc::default();
    let heard: Closure<dyn Fn(JsValue)> = {
        let line = line.clone();
        Closure::new(move |message: JsValue| {
            if hear(store, status, &message) == Applied::Gap
                && let Some(port) = line.borrow().as_ref()
            {
                port.post(&JsValue::NULL);
            }
        })
    };
    let call = Rc::new(RefCell::new(None::<Rc<Timer>>));
    let again = call.clone();
    let lost: Closure<dyn Fn()> = Closure::new(move || {
        if let Some(timer) = again.borrow().as_ref() {
            timer.after(CALL_AGAIN);
        }
    });
    let timer = Timer::new(move || {
        let port = connect();
        port.on_message().add(heard.as_ref().unchecked_ref());
        port.on_disconnect().add(lost.as_ref().unchecked_ref());
        *line.borrow_mut() = Some(port);
    });
    timer.after(0.0);
    *call.borrow_mut() = Some(timer);
}

fn hear(store: Store, status: Live<Status>, message: &JsValue) -> Applied {
    if read::truth(message, "again") {
        // It is about another room now, so that nothing of this view holds any more.
        let _ = dom::window().location().reload();
    }
    let now = read::get(message, "status");
    if now.is_object() {
        set(status, Status::read(&now));
    }
    read::text(message, "frame").map_or(Applied::Fine, |frame| apply(store, read::frame(&frame)))
}
