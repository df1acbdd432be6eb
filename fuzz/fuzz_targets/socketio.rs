//! What a page sends that speaks Socket.IO: packets, and the events in them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nowcast::command;
use nowcast::features::socketio::{incoming, packet};
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(packet) = packet::read(text) else { return };
    assert!(packet.namespace.starts_with('/') && text.ends_with(packet.data));
    let Ok(wish) = incoming::read(packet.data) else { return };
    // What an event becomes is read as any page's frame, or refused as such.
    let frame = json!({"t": "command", "command": wish.command}).to_string();
    let _ = command::read(frame.as_bytes(), None);
    if let Some(number) = packet.ack {
        let answer = packet::ack(packet.namespace, number, "null");
        let again = packet::read(&answer).expect("what was written can be read");
        assert_eq!((again.namespace, again.ack), (packet.namespace, Some(number)));
    }
});
