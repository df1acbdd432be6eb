//! How the servers differ: where pages join and programs publish, what a publish says, and when a
//! page is open. Everything else is the same for all.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use memchr::memmem;

use crate::http::Answer;
use crate::marker::{self, Markers};
use crate::options::{Kind, Server, Transport};

/// What Socket.IO puts around the text: `42["m","…"]`.
const SOCKETIO_AROUND: usize = r#"42["m",""]"#.len();

/// A server under test, as it is talked to.
pub(crate) struct Target {
    pub kind: Kind,
    pub address: SocketAddr,
    /// A publish, and where in it the sign of the marker stands.
    pub publish: Vec<u8>,
    pub place: usize,
    /// Makes the ids of this run's pages differ from those of any other.
    run: u32,
}

/// Where a page of ours is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub epoch: String,
    pub offset: u64,
}

/// What a frame that is not a publish means to the page that gets it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The page is open from now on.
    Open,
    /// The page has to send this text.
    Say(&'static [u8]),
    /// Nothing that matters here.
    Nothing,
}

impl Target {
    pub(crate) fn new(server: &Server) -> Result<Self> {
        let address = server.address;
        let (path, head, body) = match server.kind_of_body() {
            Body::Nowcast => {
                let text = marker::text();
                let body = format!(r#"{{"kind":"message","data":{{"text":"{text}"}}}}"#);
                let head = format!(
                    "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
                    server.token
                );
                ("/api/rooms/main/items", head, body)
            }
            Body::Text(size) => {
                let mut body = marker::text().to_owned();
                body.extend(std::iter::repeat_n('.', size.saturating_sub(body.len())));
                ("/publish", "Content-Type: text/plain\r\n".to_owned(), body)
            }
        };
        let length = body.len();
        let publish = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\n{head}Content-Length: {length}\r\n\r\n{body}"
        );
        let publish = publish.into_bytes();
        let place = Markers::new().place(&publish).context("the text has no marker")?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        Ok(Self { kind: server.target, address, publish, place, run: now.subsec_nanos() })
    }

    /// What a page asks first. A long poll asks again and again; `since` tells from where, in the
    /// words of [`Target::after`].
    pub(crate) fn ask(&self, page: usize, transport: Transport, since: &str) -> String {
        let Self { address, run, .. } = self;
        let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bm93Y2FzdC1iZW5jaC4uLg==\r\n";
        let path = match (self.kind, transport) {
            (Kind::Nowcast, Transport::Ws) => "/api/rooms/main/ws",
            (Kind::Nowcast, Transport::Sse) => "/api/rooms/main/sse",
            (Kind::Nowcast, Transport::Poll) => "/api/rooms/main/poll",
            (Kind::Socketio, _) => "/socket.io/?EIO=4&transport=websocket",
            (_, Transport::Ws) => "/ws",
            (_, Transport::Sse) => "/sse",
            (_, Transport::Poll) => "/poll",
        };
        let query = match self.kind {
            Kind::Nowcast if since.is_empty() => format!("?client=bench-{run:08x}-{page:06}"),
            Kind::Nowcast => format!("?client=bench-{run:08x}-{page:06}&since={since}"),
            _ => String::new(),
        };
        let fields = match (self.kind, transport) {
            (Kind::Nowcast, Transport::Ws) => {
                format!("{upgrade}Sec-WebSocket-Protocol: nowcast.v1\r\n")
            }
            (_, Transport::Ws) => upgrade.to_owned(),
            (_, Transport::Sse) => "Accept: text/event-stream\r\n".to_owned(),
            (Kind::Nchan, Transport::Poll) => since.to_owned(),
            (_, Transport::Poll) => String::new(),
        };
        format!("GET {path}{query} HTTP/1.1\r\nHost: {address}\r\n{fields}\r\n")
    }

    /// Where a long poll goes on after an answer: `{epoch}:{offset}`, or Nchan's two fields.
    pub(crate) fn after(&self, answer: &Answer<'_>) -> Option<String> {
        if self.kind == Kind::Nowcast {
            let end = answer.body.len().saturating_sub(128);
            return between(&answer.body[end..], br#""next":""#, b'"').map(str::to_owned);
        }
        let (time, tag) = (answer.field("last-modified")?, answer.field("etag")?);
        Some(format!("If-Modified-Since: {time}\r\nIf-None-Match: {tag}\r\n"))
    }

    /// Whether a page is open as soon as its stream is.
    pub(crate) fn opens_at_once(&self) -> bool {
        matches!(self.kind, Kind::Plain | Kind::Nchan)
    }

    /// What a frame without a marker, or one that came before the page was open, means.
    pub(crate) fn meaning(&self, payload: &[u8]) -> Meaning {
        match self.kind {
            Kind::Nowcast if memmem::find(payload, br#""t":"welcome""#).is_some() => Meaning::Open,
            // Engine.IO: `0{…}` is its handshake, after which the namespace is asked for; `40` says
            // that it is joined; `2` is a ping.
            Kind::Socketio if payload.starts_with(b"0") => Meaning::Say(b"40"),
            Kind::Socketio if payload.starts_with(b"40") => Meaning::Open,
            Kind::Socketio if payload == b"2" => Meaning::Say(b"3"),
            _ => Meaning::Nothing,
        }
    }
}

/// What is posted.
enum Body {
    Nowcast,
    /// So many bytes of text.
    Text(usize),
}

impl Server {
    fn kind_of_body(&self) -> Body {
        match self.target {
            Kind::Nowcast => Body::Nowcast,
            Kind::Socketio => Body::Text(self.frame_bytes.saturating_sub(SOCKETIO_AROUND)),
            Kind::Plain | Kind::Nchan => Body::Text(self.frame_bytes),
        }
    }
}

/// The position in our `welcome`: `"epoch":"…","offset":N`.
pub(crate) fn welcomed_at(payload: &[u8]) -> Option<Position> {
    let epoch = between(payload, br#""epoch":""#, b'"')?;
    let offset = memmem::find(payload, br#""offset":"#)? + br#""offset":"#.len();
    let digits = payload[offset..].iter().take_while(|byte| byte.is_ascii_digit());
    let offset = digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(Position { epoch: epoch.to_owned(), offset })
}

fn between<'b>(bytes: &'b [u8], before: &[u8], after: u8) -> Option<&'b str> {
    let rest = &bytes[memmem::find(bytes, before)? + before.len()..];
    let end = memchr::memchr(after, rest)?;
    std::str::from_utf8(&rest[..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: Kind, frame_bytes: usize) -> Target {
        let address = ([127, 0, 0, 1], 1).into();
        let token = "secret".to_owned();
        let server = Server { address, target: kind, frame_bytes, token, patience: 1 };
        Target::new(&server).expect("the text has a marker")
    }

    #[test]
    fn a_publish_says_how_long_it_is_and_has_its_marker_in_the_body() {
        for kind in [Kind::Nowcast, Kind::Plain, Kind::Socketio, Kind::Nchan] {
            let publish = String::from_utf8(target(kind, 300).publish).expect("it is text");
            let (head, body) = publish.split_once("\r\n\r\n").expect("it has both");
            assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
            assert_eq!(&publish[target(kind, 300).place..][..4], "seq-");
        }
        let publish = String::from_utf8(target(Kind::Plain, 300).publish).expect("it is text");
        assert_eq!(publish.rsplit("\r\n").next().map(str::len), Some(300));
    }

    #[test]
    fn socketio_puts_its_own_letters_around_a_shorter_text() {
        let publish = String::from_utf8(target(Kind::Socketio, 300).publish).expect("it is text");
        let text = publish.rsplit("\r\n").next().unwrap_or_default();
        assert_eq!(format!(r#"42["m","{text}"]"#).len(), 300);
    }

    #[test]
    fn positions_are_read_from_our_frames() {
        let welcome = br#"{"t":"welcome","protocol":1,"you":"p1","epoch":"e7","offset":41,"x":1}"#;
        let at = Position { epoch: "e7".to_owned(), offset: 41 };
        assert_eq!(welcomed_at(welcome), Some(at));
        let answer =
            b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{\"frames\":[],\"next\":\"e7:41\"}";
        let answer = crate::http::answer(answer).expect("it is well formed").expect("it is whole");
        assert_eq!(target(Kind::Nowcast, 0).after(&answer).as_deref(), Some("e7:41"));
    }

    #[test]
    fn a_long_poll_of_nchan_goes_on_from_a_time_and_a_tag() {
        let answer =
            b"HTTP/1.1 200 OK\r\nLast-Modified: now\r\nEtag: 3\r\nContent-Length: 0\r\n\r\n";
        let answer = crate::http::answer(answer).expect("it is well formed").expect("it is whole");
        let target = target(Kind::Nchan, 300);
        let since = target.after(&answer).expect("it has both");
        let ask = target.ask(0, Transport::Poll, &since);
        assert!(ask.contains("If-Modified-Since: now\r\nIf-None-Match: 3\r\n\r\n"), "{ask}");
    }

    #[test]
    fn a_page_of_ours_comes_back_from_where_it_was() {
        let ask = target(Kind::Nowcast, 0).ask(3, Transport::Ws, "e7:41");
        assert!(ask.starts_with("GET /api/rooms/main/ws?client=bench-"), "{ask}");
        assert!(ask.contains("-000003&since=e7:41 HTTP/1.1\r\n"), "{ask}");
    }
}
