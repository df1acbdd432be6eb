//! An event as it goes over the wire: what the log keeps in memory and the hub hands around.

use bytes::Bytes;
use nowcast_shared::offset::Offset;

/// An event with its place, encoded once as the JSON text of its frame.
#[derive(Debug)]
pub struct Record {
    /// Its place in the room's log.
    pub offset: Offset,
    /// `{"t":"event",…}`, UTF-8 without line breaks.
    pub frame: Bytes,
}

impl Record {
    /// Puts the frame together from its parts, of which `author` and `event` are JSON.
    pub fn new(offset: Offset, at: i64, author: &str, event: &str) -> Self {
        let frame =
            format!(r#"{{"t":"event","offset":{offset},"at":{at},"by":{author},"event":{event}}}"#);
        Self { offset, frame: frame.into() }
    }
}
