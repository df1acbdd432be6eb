//! Frames as server-sent events.
//!
//! The browser would reconnect by itself, but after its own mind and without end; the plan decides
//! about that for all ways alike. So a stream that breaks is closed.

use super::{Ear, Heard, Transport};
use crate::dom::Listener;
use crate::read;
use wasm_bindgen::prelude::*;
use web_sys::{EventSource, MessageEvent};

pub(super) struct Stream {
    source: EventSource,
    _listeners: [Listener; 2],
}

impl Stream {
    /// Begins to connect; `None` if the browser refuses the address.
    pub(super) fn open(url: &str, ear: &Ear) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let (frames, end) = (ear.clone(), ear.clone());
        let broken = source.clone();
        let listeners = [
            Listener::on(&source, "message", move |event| {
                if let Some(text) = event.unchecked_ref::<MessageEvent>().data().as_string() {
                    frames(Heard::Frame(read::frame(&text)));
                }
            }),
            Listener::on(&source, "error", move |_| {
                broken.close();
                end(Heard::Lost);
            }),
        ];
        Some(Self { source, _listeners: listeners })
    }
}

impl Transport for Stream {}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}
