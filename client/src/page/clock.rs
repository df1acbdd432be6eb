//! Times that keep themselves fresh, by one timer for the whole page.

use crate::dom::{self, Listener};
use crate::page::part::words;
use crate::store::signal;
use crate::time;
use leptos::prelude::*;

/// How often relative times are looked at again, in milliseconds.
const TICK: f64 = 10_000.0;

/// What time it is for everything on the page.
#[derive(Clone, Copy)]
pub struct Clock(RwSignal<i64>);

impl Clock {
    /// Starts the page's clock and provides it to all views below. It rests while nobody looks.
    pub fn start() {
        let clock = Self(signal(dom::now()));
        let tick = move || {
            if dom::visible() {
                clock.0.set(dom::now());
            }
        };
        Listener::on(&dom::document(), "visibilitychange", move |_| tick()).forever();
        dom::every(TICK, tick);
        provide_context(clock);
    }
}

/// A moment: relative for the eye, exact on hover, for screen readers and for programs.
///
/// Needs a [`Clock`] above it.
#[component]
pub fn Time(
    /// In Unix milliseconds.
    at: i64,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let exact = time::exact(at);
    let title = exact.clone();
    view! {
        <time datetime=time::iso(at) title=title>
            <span aria-hidden="true">{words(move || time::relative(at, clock.0.get()))}</span>
            <span class="sr-only">{exact}</span>
        </time>
    }
}
