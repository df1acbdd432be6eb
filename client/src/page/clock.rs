//! Times that keep themselves fresh, by one timer for the whole page.

use crate::dom::{self, Listener};
use crate::page::part::words;
use crate::store::live::Live;
use crate::store::signal;
use crate::time;
use leptos::prelude::*;
use std::cell::Cell;

/// How often relative times are looked at again, in milliseconds.
const TICK: f64 = 10_000.0;

thread_local! {
    /// The page's clock. (A context would bring a hash map that the page needs for nothing else.)
    static CLOCK: Cell<Option<Clock>> = const { Cell::new(None) };
}

/// What time it is for everything on the page.
#[derive(Clone, Copy)]
pub struct Clock(Live<i64>);

impl Clock {
    /// Starts the page's clock for all views to come. It rests while nobody looks.
    pub fn start() {
        let clock = Self(signal(dom::now()));
        let tick = move || {
            if dom::visible() {
                clock.0.set(dom::now());
            }
        };
        Listener::on(&dom::document(), "visibilitychange", move |_| tick()).forever();
        dom::every(TICK, tick);
        CLOCK.set(Some(clock));
    }

    /// What time it is, in Unix milliseconds; followed where a clock was started.
    pub fn now() -> i64 {
        CLOCK.get().map_or_else(dom::now, |clock| clock.0.get())
    }
}

/// A moment: relative for the eye, exact on hover, for screen readers and for programs.
///
/// It stays fresh where a [`Clock`] was started.
#[component]
pub fn Time(
    /// In Unix milliseconds.
    at: i64,
) -> impl IntoView {
    let exact = time::exact(at);
    let title = exact.clone();
    view! {
        <time datetime=time::iso(at) title=title>
            <span aria-hidden="true">{words(move || time::relative(at, Clock::now()))}</span>
            <span class="sr-only">{exact}</span>
        </time>
    }
}
