//! An event as it goes over the wire: what the log keeps in memory and the hub hands around.

use crate::encoded::Encoded;
use nowcast_shared::offset::Offset;
use std::time::Instant;

/// An event with its place, encoded once for each wire format.
#[derive(Debug)]
pub struct Record {
    /// Its place in the room's log.
    pub offset: Offset,
    /// When it came in, if that was just now and not in an earlier life.
    pub came: Option<Instant>,
    /// `{"t":"event",…}`.
    pub encoded: Encoded,
}

impl Record {
    /// Puts the frame together from its parts, of which `author` and `event` are JSON.
    pub fn new(offset: Offset, at: i64, author: &str, event: &str) -> Self {
        let head = format!(r#"{{"t":"event","offset":{offset},"at":{at},"by":"#);
        let encoded = Encoded::new(&[&head, author, r#","event":"#, event, "}"]);
        Self { offset, came: None, encoded }
    }

    /// The same, that came in at this moment.
    #[must_use]
    pub fn at(self, came: Instant) -> Self {
        Self { came: Some(came), ..self }
    }

    /// The length of its JSON text, in bytes.
    pub fn size(&self) -> usize {
        self.encoded.json().len()
    }
}
