//! One connection of the floor: a page, or a program that publishes.

use std::io::{self, ErrorKind, Read as _, Write as _};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use memchr::memmem;
use mio::net::TcpStream;
use sha1::{Digest as _, Sha1};

pub(super) struct Connection {
    stream: TcpStream,
    is_page: bool,
    /// What of a request has come.
    request: Vec<u8>,
    /// What the socket did not take.
    unsent: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        // One that has gone already is seen at its first event.
        let _ = stream.set_nodelay(true);
        Self { stream, is_page: false, request: Vec::new(), unsent: Vec::new() }
    }

    /// Whether it has opened a WebSocket.
    pub(super) fn is_page(&self) -> bool {
        self.is_page
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut sent = 0;
        if self.unsent.is_empty() {
            match self.stream.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => sent = other?,
            }
        }
        self.unsent.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Sends what the socket did not take before.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let unsent = std::mem::take(&mut self.unsent);
        if unsent.is_empty() { Ok(()) } else { self.send(&unsent) }
    }

    /// Reads what has come; the body when it is a whole publish.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<Option<Vec<u8>>> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => bail!("closed"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            // What pages say is of no interest.
            if !self.is_page {
                self.request.extend_from_slice(&buffer[..count]);
                if let Some(body) = self.answer()? {
                    return Ok(Some(body));
                }
            }
            if count < buffer.len() {
                return Ok(None);
            }
        }
    }

    /// Answers a handshake; takes a publish.
    fn answer(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(end) = memmem::find(&self.request, b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&self.request[..end])?;
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        if let Some(key) = field("sec-websocket-key") {
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
                accept(key)
            );
            self.is_page = true;
            self.request = Vec::new();
            self.send(answer.as_bytes())?;
            return Ok(None);
        }
        let length: usize = field("content-length").context("a publish has a length")?.parse()?;
        let start = end + 4;
        let Some(body) = self.request.get(start..start.saturating_add(length)) else {
            return Ok(None);
        };
        let body = body.to_vec();
        self.request.drain(..start + length);
        Ok(Some(body))
    }
}

/// The answer to a page's key (RFC 6455, section 4.2.2).
fn accept(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64_STANDARD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_key_of_the_rfc_gets_the_answer_of_the_rfc() {
        let answer = super::accept("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
