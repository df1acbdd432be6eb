//! A frame for many pages: its JSON text, and that text as each wire format carries it, made once
//! and shared by reference count.

use crate::websocket;
use crate::websocket::deflate;
use bytes::Bytes;
use nowcast_shared::offset::{Epoch, Offset};
use std::sync::OnceLock;

/// From how many bytes on a WebSocket frame is compressed. Smaller ones fit one packet either way,
/// and inflating them costs a page more than it saves.
const WORTH_DEFLATING: usize = 1024;

/// A frame in every wire format.
#[derive(Debug)]
pub struct Encoded {
    /// JSON text, UTF-8 without line breaks, and a line break. They share their bytes with
    /// `websocket`.
    line: Bytes,
    json: Bytes,
    websocket: Bytes,
    /// The same, compressed; absent where that does not pay.
    deflated: OnceLock<Option<Bytes>>,
    event_stream: OnceLock<Bytes>,
}

impl Encoded {
    /// Takes JSON text in pieces that are joined.
    pub fn new(pieces: &[&str]) -> Self {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        let mut frame = Vec::with_capacity(length + websocket::frame::LONGEST_HEAD + 1);
        websocket::encode::header(websocket::Opcode::Text, false, length, &mut frame);
        let start = frame.len();
        for piece in pieces {
            frame.extend_from_slice(piece.as_bytes());
        }
        let end = frame.len();
        frame.push(b'\n');
        let whole = Bytes::from(frame);
        let (line, json) = (whole.slice(start..), whole.slice(start..end));
        let websocket = whole.slice(..end);
        Self { line, json, websocket, deflated: OnceLock::new(), event_stream: OnceLock::new() }
    }

    /// The JSON text: an element of a long poll's answer.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The same, as a line.
    pub fn line(&self) -> &Bytes {
        &self.line
    }

    /// A WebSocket text frame.
    pub fn websocket(&self) -> &Bytes {
        &self.websocket
    }

    /// A WebSocket text frame for pages that understand permessage-deflate.
    pub fn deflated(&self) -> &Bytes {
        let deflated = self.deflated.get_or_init(|| deflated(&self.json));
        deflated.as_ref().unwrap_or(&self.websocket)
    }

    /// A chunk of an event stream, with the position as its id if it is an event.
    pub fn event_stream(&self, position: Option<(&Epoch, Offset)>) -> &Bytes {
        self.event_stream.get_or_init(|| event_stream(&self.json, position))
    }
}

/// A compressed WebSocket text frame, if that is smaller.
pub fn deflated(json: &[u8]) -> Option<Bytes> {
    if json.len() < WORTH_DEFLATING {
        return None;
    }
    let body = deflate::compress(json);
    (body.len() < json.len()).then(|| websocket::encode::compressed_text(&body))
}

/// A chunk of an event stream; `position` is its id.
pub fn event_stream(json: &[u8], position: Option<(&Epoch, Offset)>) -> Bytes {
    let mut chunk = Vec::with_capacity(json.len() + 64);
    if let Some((epoch, offset)) = position {
        chunk.extend_from_slice(format!("id: {epoch}:{offset}\n").as_bytes());
    }
    chunk.extend_from_slice(b"data: ");
    chunk.extend_from_slice(json);
    chunk.extend_from_slice(b"\n\n");
    chunk.into()
}
