//! The browser's side: the few of its abilities that more than one module needs.

use js_sys::Function;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Document, Event, EventTarget, Window};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: f64) -> i32;
    #[wasm_bindgen(js_name = setInterval)]
    fn set_interval(callback: &Function, milliseconds: f64) -> i32;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: i32);

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_name = requestAnimationFrame)]
    fn request_animation_frame(callback: &Function) -> i32;

    /// A pointer's event, whose place has fractions of a pixel.
    type Pointed;
    #[wasm_bindgen(method, getter, js_name = clientX)]
    fn exact_x(this: &Pointed) -> f64;
    #[wasm_bindgen(method, getter, js_name = clientY)]
    fn exact_y(this: &Pointed) -> f64;

    /// A style whose properties are set to numbers as the browser writes them.
    type Style;
    #[wasm_bindgen(method, js_name = setProperty)]
    fn set_number(this: &Style, name: &str, value: f64);

    /// An element that can be focused with options.
    type Focusable;
    #[wasm_bindgen(method, js_name = focus)]
    fn focus_with(this: &Focusable, options: &js_sys::Object);
}

/// The window. A page has one.
///
/// # Panics
/// Outside of a page, for example in a worker.
pub fn window() -> Window {
    web_sys::window().expect("a page has a window")
}

/// The document.
///
/// # Panics
/// Outside of a page.
pub fn document() -> Document {
    window().document().expect("a page has a document")
}

/// Now, in Unix milliseconds.
#[cfg(target_arch = "wasm32")]
pub fn now() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number far below 2^53")]
    let now = js_sys::Date::now() as i64;
    now
}

/// Milliseconds since some moment, with their fractions; they never go back.
pub fn clock() -> f64 {
    performance_now()
}

/// Where in the window a pointer is, in CSS pixels and their fractions.
pub fn pointer_at(event: &web_sys::PointerEvent) -> (f64, f64) {
    let event = event.unchecked_ref::<Pointed>();
    (event.exact_x(), event.exact_y())
}

/// Sets a property of an element's style to a number.
pub fn set_number(element: &web_sys::HtmlElement, name: &str, value: f64) {
    element.style().unchecked_ref::<Style>().set_number(name, value);
}

/// Now, in Unix milliseconds, where there is no browser: in native tests.
#[cfg(not(target_arch = "wasm32"))]
pub fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

/// Whether somebody can see the page: its tab is in front.
pub fn visible() -> bool {
    !document().hidden()
}

/// Listens to an event until it is dropped.
pub struct Listener {
    target: EventTarget,
    name: &'static str,
    ahead: bool,
    closure: Closure<dyn Fn(Event)>,
}

impl Listener {
    /// Calls `then` at every event of that name.
    pub fn on(target: &EventTarget, name: &'static str, then: impl Fn(Event) + 'static) -> Self {
        Self::boxed(target, name, Box::new(then), false)
    }

    /// As [`Self::on`], but for everything inside of `target`, before it gets there. So events are
    /// heard that do not bubble.
    pub fn ahead(target: &EventTarget, name: &'static str, then: impl Fn(Event) + 'static) -> Self {
        Self::boxed(target, name, Box::new(then), true)
    }

    /// One copy of the machinery for all closures.
    fn boxed(
        target: &EventTarget,
        name: &'static str,
        then: Box<dyn Fn(Event)>,
        ahead: bool,
    ) -> Self {
        let closure = Closure::wrap(then);
        let callback = closure.as_ref().unchecked_ref();
        // It only fails for a callback that is none.
        let _ = target.add_event_listener_with_callback_and_bool(name, callback, ahead);
        Self { target: target.clone(), name, ahead, closure }
    }

    /// Listens as long as the page lives.
    pub fn forever(self) {
        std::mem::forget(self);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.closure.as_ref().unchecked_ref();
        let _ = self
            .target
            .remove_event_listener_with_callback_and_bool(self.name, callback, self.ahead);
    }
}

/// An alarm clock that can be set again and again. It knows one moment at a time.
pub struct Timer {
    set: Rc<Cell<Option<i32>>>,
    closure: Closure<dyn Fn()>,
}

impl Timer {
    /// A timer that calls `then` whenever the moment has come that was set last.
    pub fn new(then: impl Fn() + 'static) -> Rc<Self> {
        Self::boxed(Box::new(then))
    }

    fn boxed(then: Box<dyn Fn()>) -> Rc<Self> {
        let set = Rc::new(Cell::new(None));
        let rung = set.clone();
        let closure = callback(Box::new(move || {
            rung.set(None);
            then();
        }));
        Rc::new(Self { set, closure })
    }

    /// Sets the moment, in milliseconds from now, in place of the one before.
    pub fn after(&self, milliseconds: f64) {
        self.stop();
        // Browsers take more than 24.8 days as none at all.
        let id = set_timeout(self.closure.as_ref().unchecked_ref(), milliseconds.min(1e9));
        self.set.set(Some(id));
    }

    /// Whether a moment is set.
    pub fn is_set(&self) -> bool {
        self.set.get().is_some()
    }

    /// Forgets the moment.
    pub fn stop(&self) {
        if let Some(id) = self.set.take() {
            clear_timeout(id);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Does something before every paint, as long as there is something to do.
pub struct Frames {
    asked: Cell<bool>,
    closure: Closure<dyn Fn()>,
}

impl Frames {
    /// Calls `then` before each paint after [`Self::ask`], until it says false.
    pub fn new(then: impl Fn() -> bool + 'static) -> Rc<Self> {
        Self::boxed(Box::new(then))
    }

    fn boxed(then: Box<dyn Fn() -> bool>) -> Rc<Self> {
        Rc::new_cyclic(|this: &std::rc::Weak<Self>| {
            let this = this.clone();
            let closure = callback(Box::new(move || {
                let frames = this.upgrade();
                if let Some(frames) = frames.as_ref() {
                    frames.asked.set(false);
                    if then() {
                        frames.ask();
                    }
                }
            }));
            Self { asked: Cell::new(false), closure }
        })
    }

    /// Asks to be called before the next paint.
    pub fn ask(&self) {
        if !self.asked.replace(true) {
            request_animation_frame(self.closure.as_ref().unchecked_ref());
        }
    }
}

/// What JavaScript can call. (One copy of the machinery for all closures.)
fn callback(then: Box<dyn Fn()>) -> Closure<dyn Fn()> {
    Closure::wrap(then)
}

/// Does something again and again, as long as the page lives.
pub fn every(milliseconds: f64, then: impl Fn() + 'static) {
    let closure = callback(Box::new(then));
    set_interval(closure.as_ref().unchecked_ref(), milliseconds);
    closure.forget();
}

/// Runs a future. Boxed, so that the machinery behind it is compiled once.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    let future: std::pin::Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    wasm_bindgen_futures::spawn_local(future);
}

/// Waits.
pub async fn sleep(milliseconds: f64) {
    let promise = js_sys::Promise::new(&mut |done, _| {
        set_timeout(&done, milliseconds);
    });
    // This promise is never refused.
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

/// Twenty-four characters that nobody can guess, of those that a client id may have.
pub fn random_id() -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0; 24];
    if let Ok(crypto) = window().crypto() {
        // It only fails for more than 64 KiB.
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])).collect()
}

/// Watches whether an element is in view, until it is dropped.
pub struct Watch {
    observer: web_sys::IntersectionObserver,
    element: web_sys::Element,
    _closure: Closure<dyn Fn(js_sys::Array)>,
}

impl Watch {
    /// Tells at once, and whenever it changes, whether `element` is in view or closer to it than
    /// `margin` (as in CSS, for example `600px`). `None` in a browser that cannot do that.
    pub fn on(
        element: &web_sys::Element,
        margin: &str,
        then: impl Fn(bool) + 'static,
    ) -> Option<Self> {
        let closure: Closure<dyn Fn(js_sys::Array)> =
            Closure::new(move |entries: js_sys::Array| {
                // The last one is how it is now.
                let now: web_sys::IntersectionObserverEntry = entries.pop().unchecked_into();
                then(now.is_intersecting());
            });
        let options = web_sys::IntersectionObserverInit::new();
        options.set_root_margin(margin);
        let callback = closure.as_ref().unchecked_ref();
        let observer = web_sys::IntersectionObserver::new_with_options(callback, &options).ok()?;
        observer.observe(element);
        Some(Self { observer, element: element.clone(), _closure: closure })
    }

    /// Tells it again, once.
    pub fn again(&self) {
        self.observer.unobserve(&self.element);
        self.observer.observe(&self.element);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Gives an element the keyboard, and leaves everything where it is.
pub fn focus(element: &web_sys::Element) {
    let options = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&options, &"preventScroll".into(), &JsValue::TRUE);
    element.unchecked_ref::<Focusable>().focus_with(&options);
}

/// The row beside this one, the next if there is one, if the row has the keyboard: for the keyboard to
/// go on there when the row goes.
pub fn beside_focused(row: &web_sys::Element) -> Option<web_sys::HtmlElement> {
    let active = document().active_element()?;
    let held = row.contains(Some(&active));
    let next = row.next_element_sibling().or_else(|| row.previous_element_sibling());
    next.filter(|_| held)?.dyn_into().ok()
}

/// The first element that fits.
pub fn find(selector: &str) -> Option<web_sys::Element> {
    document().query_selector(selector).ok().flatten()
}

/// Whether whoever looks at the page wants nothing to move on its own.
pub fn calm() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    query.is_some_and(|query| query.matches())
}

/// Brings an element to the top of the view, gently where that is wanted.
pub fn scroll_to(element: &web_sys::Element) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Start);
    options.set_behavior(if calm() {
        web_sys::ScrollBehavior::Instant
    } else {
        web_sys::ScrollBehavior::Smooth
    });
    element.scroll_into_view_with_scroll_into_view_options(&options);
}
