//! The first frame of a session. Its snapshot is encoded once, for all who join at its offset.

use super::batch::Format;
use super::outbox::Entry;
use crate::encoded;
use crate::log::{Room, Snapshot};
use crate::websocket::{self, Opcode, deflate};
use bytes::Bytes;
use nowcast_shared::frame::PROTOCOL;
use nowcast_shared::id::PublicId;
use nowcast_shared::offset::Offset;
use nowcast_shared::signal::PresenceState;
use serde_json::json;

/// What a welcome tells.
pub(super) struct Welcome<'a> {
    pub(super) room: &'a Room,
    pub(super) you: &'a PublicId,
    /// Where the session begins.
    pub(super) offset: Offset,
    /// The room as of then, for who does not continue.
    pub(super) snapshot: Option<&'a Snapshot>,
    pub(super) presence: PresenceState,
    /// Whether anyone may publish.
    pub(super) open: bool,
    /// Whether clicks are counted.
    pub(super) counts: bool,
}

impl Welcome<'_> {
    /// The frame as this format writes it, in parts of which the largest is shared.
    pub(super) fn entries(&self, format: Format) -> Vec<Entry> {
        let (head, tail) = self.around();
        let Some(snapshot) = self.snapshot else {
            return vec![own(format, (head + &tail).as_bytes())];
        };
        let parts = |head: Vec<u8>, body: &Bytes, tail: Vec<u8>| {
            let (head, body) = (Entry::part(head.into()), Entry::part(body.clone()));
            vec![head, body, Bytes::from(tail).into()]
        };
        let length = head.len() + snapshot.fields.len() + tail.len();
        match format {
            Format::WebSocket => {
                let mut begin = Vec::with_capacity(head.len() + websocket::frame::LONGEST_HEAD);
                websocket::encode::header(Opcode::Text, false, length, &mut begin);
                begin.extend_from_slice(head.as_bytes());
                parts(begin, &snapshot.fields, tail.into_bytes())
            }
            Format::Deflated => {
                // Blocks that were compressed apart make one message; its last four bytes are
                // left out (RFC 7692, section 7.2.1).
                let head = deflate::block(head.as_bytes());
                let body = snapshot.deflated();
                let mut tail = deflate::block(tail.as_bytes());
                tail.truncate(tail.len().saturating_sub(deflate::TAIL.len()));
                let mut begin = Vec::with_capacity(head.len() + websocket::frame::LONGEST_HEAD);
                let length = head.len() + body.len() + tail.len();
                websocket::encode::header(Opcode::Text, true, length, &mut begin);
                begin.extend_from_slice(&head);
                parts(begin, body, tail)
            }
            Format::EventStream => {
                let begin = [b"data: ", head.as_bytes()].concat();
                parts(begin, &snapshot.fields, [tail.as_bytes(), b"\n\n"].concat())
            }
            Format::Lines => {
                parts(head.into_bytes(), &snapshot.fields, [tail.as_bytes(), b"\n"].concat())
            }
            Format::Poll => {
                let fields = &snapshot.fields[..];
                let whole = [head.as_bytes(), fields, tail.as_bytes()].concat();
                vec![Bytes::from(whole).into()]
            }
        }
    }

    /// The JSON before and after the fields of the snapshot.
    fn around(&self) -> (String, String) {
        let mut head = json!({
            "t": "welcome",
            "protocol": PROTOCOL,
            "room": self.room.name(),
            "you": self.you,
            "epoch": self.room.epoch(),
            "offset": self.offset,
            "recovered": self.snapshot.is_none(),
        })
        .to_string();
        head.pop();
        let mut tail = String::new();
        if self.snapshot.is_some() {
            head.push_str(r#","snapshot":{"#);
            let presence = json!(self.presence).to_string();
            tail.extend([r#","presence":"#, &presence, "}"]);
        } else {
            head.push_str(r#","snapshot":null"#);
        }
        if self.open {
            tail.push_str(r#","open":true"#);
        }
        if self.counts {
            tail.push_str(r#","counts":true"#);
        }
        tail.push('}');
        (head, tail)
    }
}

/// A frame for one session alone, of JSON text.
pub(super) fn own(format: Format, json: &[u8]) -> Entry {
    bytes(format, json).into()
}

/// The same, as bytes.
pub(super) fn bytes(format: Format, json: &[u8]) -> Bytes {
    let plain = || websocket::encode::text(json);
    match format {
        Format::WebSocket => plain(),
        Format::Deflated => encoded::deflated(json).unwrap_or_else(plain),
        Format::EventStream => encoded::event_stream(json, None),
        Format::Poll => Bytes::copy_from_slice(json),
        Format::Lines => [json, b"\n"].concat().into(),
    }
}
