//! Frames over a WebSocket.

use super::{Ear, Heard, Transport};
use crate::dom::Listener;
use crate::read;
use nowcast_shared::frame::SUBPROTOCOL;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, WebSocket};

pub(super) struct Socket {
    socket: WebSocket,
    _listeners: [Listener; 2],
}

impl Socket {
    /// Begins to connect; `None` if the browser has no `WebSocket` or refuses the address.
    pub(super) fn open(url: &str, ear: &Ear) -> Option<Self> {
        let socket = if cfg!(debug_assertions) {
            // The proxy of `trunk serve` drops the subprotocol from the server's answer, and a
            // browser that asked for one takes that for a refusal.
            WebSocket::new(url)
        } else {
            WebSocket::new_with_str(url, SUBPROTOCOL)
        };
        let socket = socket.ok()?;
        let (frames, end) = (ear.clone(), ear.clone());
        let listeners = [
            Listener::on(&socket, "message", move |event| {
                if let Some(text) = event.unchecked_ref::<MessageEvent>().data().as_string() {
                    frames(Heard::Frame(read::frame(&text)));
                }
            }),
            // An error is always followed by this.
            Listener::on(&socket, "close", move |_| end(Heard::Lost)),
        ];
        Some(Self { socket, _listeners: listeners })
    }
}

impl Transport for Socket {
    fn ping(&self) {
        // Where it is not open, the answer that does not come says so.
        self.send(r#"{"t":"ping"}"#);
    }

    fn send(&self, frame: &str) -> bool {
        self.socket.send_with_str(frame).is_ok()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // It only fails for a code or reason that is not allowed.
        let _ = self.socket.close();
    }
}
