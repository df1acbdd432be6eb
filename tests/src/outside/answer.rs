//! What the service answers.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) way: Way,
}

/// How an answer goes on after its head.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// With a body of known length.
    Whole(Vec<u8>),
    /// With what the test says while it is open, compressed or not.
    Live { gzip: bool },
    /// As a WebSocket.
    WebSocket,
    /// Not at all: the connection is cut instead of an answer.
    Cut,
    /// Not at all, and the connection stays open.
    Silent,
}

impl Answer {
    fn new(status: u16, way: Way) -> Self {
        Self { status, headers: Vec::new(), way }
    }

    /// Only a status.
    pub fn status(status: u16) -> Self {
        Self::new(status, Way::Whole(Vec::new()))
    }

    /// A body as it is.
    pub fn body(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, Way::Whole(body.into())).header("content-type", content_type)
    }

    /// To another address.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// A body that goes on as the test says, through [`super::Outside::live`].
    pub fn live(content_type: &str) -> Self {
        Self::new(200, Way::Live { gzip: false }).header("content-type", content_type)
    }

    /// A WebSocket, through [`super::Outside::live`].
    pub fn websocket() -> Self {
        Self::new(101, Way::WebSocket)
    }

    /// The connection is cut instead of an answer.
    pub fn cut() -> Self {
        Self::new(0, Way::Cut)
    }

    /// No answer comes.
    pub fn silence() -> Self {
        Self::new(0, Way::Silent)
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this version: whoever knows it by `If-None-Match` gets 304.
    #[must_use]
    pub fn etag(self, etag: &str) -> Self {
        self.header("etag", etag)
    }

    /// Compressed. Of a live answer, every piece can be read as soon as it arrives.
    #[must_use]
    pub fn gzip(mut self) -> Self {
        self.way = match self.way {
            Way::Whole(body) => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                // A vector takes everything.
                let _ = encoder.write_all(&body);
                Way::Whole(encoder.finish().unwrap_or_default())
            }
            Way::Live { .. } => Way::Live { gzip: true },
            way => way,
        };
        self.header("content-encoding", "gzip")
    }
}
