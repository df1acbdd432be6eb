//! Server-sent events out of bytes that the network split anywhere, as the HTML standard reads them
//! (section 9.2.6 there).

use std::borrow::Cow;
use std::time::Duration;

/// The bytes that an id may have. Each record carries it, and so does the next request.
pub(super) const MOST_ID: usize = 1024;

/// Reads a stream of events. Its memory is bounded by the longest event that is allowed.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each remembers another thing of what was read")]
pub struct Events {
    most: usize,
    line: Vec<u8>,
    data: Vec<u8>,
    name: String,
    id: Option<String>,
    /// The last byte was a `\r`, whose `\n` may follow.
    after_return: bool,
    /// Nothing but what may be a byte order mark was read.
    first: bool,
    /// The line has too many bytes; its rest is thrown away.
    long_line: bool,
    /// The event has a line, or lines, with too many bytes.
    long_event: bool,
}

/// What a stream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// An event.
    Event {
        /// Its name; `message` if it has none.
        name: &'a str,
        /// Its data.
        data: Cow<'a, str>,
        /// The id that the stream is at now; nothing where none was said.
        id: Option<&'a str>,
    },
    /// How long to wait before the next connection.
    Retry(Duration),
    /// An event had more bytes than are allowed.
    TooLong,
}

impl Events {
    /// For events of at most this many bytes.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            line: Vec::new(),
            data: Vec::new(),
            name: String::new(),
            id: None,
            after_return: false,
            first: true,
            long_line: false,
            long_event: false,
        }
    }

    /// As [`Self::new`], of a stream that goes on after this id.
    pub fn resumed(most: usize, id: Option<String>) -> Self {
        Self { id, ..Self::new(most) }
    }

    /// Takes bytes in, and tells what is complete with them. An event that never ends is never told.
    pub fn feed(&mut self, mut bytes: &[u8], tell: &mut impl FnMut(Told<'_>)) {
        loop {
            if self.after_return && !bytes.is_empty() {
                self.after_return = false;
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                return self.hold(bytes);
            };
            self.hold(&bytes[..end]);
            self.after_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            self.end_line(tell);
        }
    }

    /// Keeps a part of a line.
    fn hold(&mut self, bytes: &[u8]) {
        if self.long_line {
            return;
        }
        // The name of the field, and the mark before the first, are not of the event's bytes.
        if self.line.len() + bytes.len() > self.most.saturating_add(16) {
            self.line = Vec::new();
            self.long_line = true;
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self, tell: &mut impl FnMut(Told<'_>)) {
        let line = std::mem::take(&mut self.line);
        let marked = std::mem::take(&mut self.first) && line.starts_with(b"\xef\xbb\xbf");
        let text = if marked { &line[3..] } else { &line[..] };
        if std::mem::take(&mut self.long_line) {
            self.long_event = true;
        } else if text.is_empty() {
            self.end_event(tell);
        } else {
            self.field(text, tell);
        }
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, line: &[u8], tell: &mut impl FnMut(Told<'_>)) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" if self.long_event || self.data.len() + value.len() >= self.most => {
                self.long_event = true;
                self.data = Vec::new();
            }
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            // One that is too long is none: it goes on from the one before.
            b"id" if value.len() <= MOST_ID && !value.contains(&0) => {
                self.id = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let time = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                tell(Told::Retry(Duration::from_millis(time.unwrap_or(u64::MAX))));
            }
            // Comments have no name at all.
            _ => {}
        }
    }

    fn end_event(&mut self, tell: &mut impl FnMut(Told<'_>)) {
        let name = std::mem::take(&mut self.name);
        if std::mem::take(&mut self.long_event) {
            self.data.clear();
            tell(Told::TooLong);
        } else if self.data.pop().is_some() {
            tell(Told::Event {
                name: if name.is_empty() { "message" } else { &name },
                data: String::from_utf8_lossy(&self.data),
                id: self.id.as_deref().filter(|id| !id.is_empty()),
            });
            self.data.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, most: usize) -> Vec<String> {
        let mut events = Events::new(most);
        let mut told = Vec::new();
        for piece in pieces {
            events.feed(piece, &mut |each| {
                told.push(match each {
                    Told::Event { name, data, id } => {
                        format!("{name}|{data}|{}", id.unwrap_or("-"))
                    }
                    Told::Retry(time) => format!("retry {}", time.as_millis()),
                    Told::TooLong => "too long".to_owned(),
                });
            });
            assert!(events.line.len() <= most + 16 && events.data.len() <= most);
        }
        told
    }

    #[test]
    fn the_examples_of_the_standard_are_read_as_it_says() {
        let stocks = "data: YHOO\ndata: +2\ndata: 10\n\n";
        assert_eq!(read([stocks.as_bytes()], 99), ["message|YHOO\n+2\n10|-"]);
        let ids = ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
        let told = ["message|first event|1", "message|second event|-", "message| third event|-"];
        assert_eq!(read([ids.as_bytes()], 99), told);
        assert_eq!(read([&b"data\n\ndata\ndata\n\ndata:"[..]], 99), ["message||-", "message|\n|-"]);
        assert_eq!(read([&b"data:test\n\ndata: test\n\n"[..]], 99), ["message|test|-"; 2]);
    }

    #[test]
    fn every_end_of_a_line_and_every_field_is_known() {
        let text = "\u{feff}event: update\rid: 7\r\ndata: a\r\r\nretry: 1500\nretry: x\nid: a\0b\nevent: x\n\ndata: b\n\n";
        assert_eq!(read([text.as_bytes()], 99), ["update|a|7", "retry 1500", "message|b|7"]);
    }

    #[test]
    fn an_id_that_is_too_long_is_none() {
        let (fits, long) = ("i".repeat(MOST_ID), "i".repeat(MOST_ID + 1));
        let text = format!("id: 7\nid: {long}\ndata: a\n\nid: {fits}\ndata: b\n\n");
        let told = ["message|a|7".to_owned(), format!("message|b|{fits}")];
        assert_eq!(read([text.as_bytes()], 9999), told);
    }

    #[test]
    fn an_event_that_is_too_long_costs_only_itself() {
        let text = "data: 12345\n\ndata: 12345678901234567890123456789\ndata: 1\n\ndata: 123\ndata: 456\ndata: 7\n\ndata: ok\n\n";
        assert_eq!(
            read([text.as_bytes()], 8),
            ["message|12345|-", "too long", "too long", "message|ok|-"]
        );
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same(
            parts in proptest::collection::vec(prop_oneof![
                Just("\n"), Just("\r"), Just("\r\n"), Just("data: ä€😀"), Just("data"), Just("id: 5"),
                Just("event: e"), Just("retry: 9"), Just(":"), Just("\u{feff}"), Just("x"),
            ], 0..40),
            cuts in proptest::collection::vec(0..400_usize, 0..8),
            most in 4..40_usize,
        ) {
            let text = parts.concat().into_bytes();
            let mut pieces = Vec::new();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for to in cuts.into_iter().chain([text.len()]) {
                pieces.push(&text[from..to]);
                from = to;
            }
            prop_assert_eq!(read(pieces, most), read([&text[..]], most));
        }
    }
}
