//! Frames as server-sent events.

use super::address::Address;
use super::{Incoming, http};
use crate::error::Error;
use http_body_util::BodyExt;
use hyper::header::{self, HeaderMap};
use hyper::{Method, body};
use serde_json::Value;
use std::collections::VecDeque;

/// The longest line that is read: a welcome has a whole snapshot in one.
const LONGEST: usize = 64 * 1024 * 1024;

/// A stream of server-sent events.
#[derive(Debug)]
pub struct Stream {
    headers: HeaderMap,
    body: body::Incoming,
    reader: Reader,
}

impl Stream {
    pub(super) async fn open(address: &Address) -> Result<Self, Error> {
        let accept = (header::ACCEPT, "text/event-stream");
        let answer =
            address.http().send(Method::GET, &address.path("sse"), &[accept], None).await?;
        if !answer.status().is_success() {
            return Err(http::refusal(answer).await);
        }
        let (parts, body) = answer.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return Err(Error::Broken(format!("{kind:?} instead of an event stream")));
        }
        Ok(Self { headers: parts.headers, body, reader: Reader::default() })
    }

    /// What the server said before the first event.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            if let Some(incoming) = self.reader.ready.pop_front() {
                return incoming;
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Some(bytes) = frame.data_ref() {
                        self.reader.feed(bytes);
                    }
                }
                Some(Err(_)) | None => return Incoming::End { close_code: None },
            }
        }
    }
}

/// From bytes to frames.
#[derive(Debug, Default)]
struct Reader {
    /// What has come and is not yet a whole line.
    rest: Vec<u8>,
    /// The fields of the event that is being read.
    id: Option<String>,
    data: Option<String>,
    ready: VecDeque<Incoming>,
    epoch: String,
}

impl Reader {
    fn feed(&mut self, bytes: &[u8]) {
        let before = self.rest.len();
        self.rest.extend_from_slice(bytes);
        if self.rest.len() > LONGEST {
            self.rest = Vec::new();
            return self.broken("a line that does not end");
        }
        let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n') else { return };
        let rest = self.rest.split_off(before + last + 1);
        match String::from_utf8(std::mem::replace(&mut self.rest, rest)) {
            Ok(lines) => lines.lines().for_each(|line| self.line(line)),
            Err(_) => self.broken("a stream that is not UTF-8"),
        }
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) => data.extend(["\n", value]),
                None => self.data = Some(value.to_owned()),
            },
            "id" => self.id = Some(value.to_owned()),
            // A comment, or advice on when to retry.
            "" | "retry" => {}
            // A page's EventSource would not hear it.
            other => self.broken(&format!("an event with a field {other}")),
        }
    }

    fn dispatch(&mut self) {
        let (id, data) = (self.id.take(), self.data.take());
        let Some(data) = data else { return };
        let frame: Value = match serde_json::from_str(&data) {
            Ok(frame) => frame,
            Err(error) => return self.broken(&format!("data that is no JSON: {error}")),
        };
        if frame["t"] == "welcome" {
            frame["epoch"].as_str().unwrap_or_default().clone_into(&mut self.epoch);
        }
        // A browser sends this back as `Last-Event-ID`.
        if frame["t"] == "event" && id != Some(format!("{}:{}", self.epoch, frame["offset"])) {
            return self.broken(&format!("an event {} called {id:?}", frame["offset"]));
        }
        self.ready.push_back(Incoming::Frame(frame, data.len()));
    }

    fn broken(&mut self, why: &str) {
        self.ready.push_back(Incoming::Broken(why.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const STREAM: &str = ": hello\nretry: 1000\n\ndata: {\"t\":\"welcome\",\"epoch\":\"e1\"}\n\n\
                          id: e1:1\ndata: {\"t\":\"event\",\ndata: \"offset\":1}\n\ndata:{\"t\":\"pong\"}\r\n\r\n";

    #[test]
    fn frames_are_the_same_however_the_bytes_are_split() {
        for size in 1..STREAM.len() {
            let mut reader = Reader::default();
            STREAM.as_bytes().chunks(size).for_each(|chunk| reader.feed(chunk));
            let frames: Vec<_> = reader.ready.into_iter().collect();
            let expected = [
                (json!({"t": "welcome", "epoch": "e1"}), 28),
                (json!({"t": "event", "offset": 1}), 25),
                (json!({"t": "pong"}), 12),
            ];
            let expected = expected.map(|(frame, size)| Incoming::Frame(frame, size));
            assert_eq!(frames, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_stream_of_ours_is_called_so() {
        for bad in [
            "event: news\n",
            "data: no\n\n",
            "id: e1:2\ndata: {\"t\":\"event\",\"offset\":1}\n\n",
            "data: {\"t\":\"event\",\"offset\":1}\n\n",
        ] {
            let mut reader = Reader::default();
            reader.feed(bad.as_bytes());
            assert!(matches!(reader.ready.pop_front(), Some(Incoming::Broken(_))), "{bad}");
        }
        let mut reader = Reader::default();
        reader.feed(b"data: \xff\n");
        assert!(matches!(reader.ready.pop_front(), Some(Incoming::Broken(_))));
    }
}
