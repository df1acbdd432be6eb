//! The bare epoll loop: accepts, answers the handshake, and writes each body that is posted to it to
//! every page, one `send` a frame a socket. It checks nothing and keeps nothing. A server that does
//! its work can only be dearer, unless it sends several frames at once.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use memchr::memmem;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sha1::{Digest as _, Sha1};
use socket2::{Domain, Protocol, Socket, Type};

use crate::frame;
use crate::load::say;

const LISTENER: Token = Token(usize::MAX - 1);
/// How many connections may wait to be accepted.
const BACKLOG: i32 = 4096;

struct Connection {
    stream: TcpStream,
    is_page: bool,
    /// What of a request has come.
    request: Vec<u8>,
    /// What the socket did not take.
    unsent: Vec<u8>,
}

/// Serves until it is ended.
pub(crate) fn run(listen: SocketAddr) -> Result<()> {
    let socket = Socket::new(Domain::for_address(listen), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&listen.into())?;
    socket.listen(BACKLOG)?;
    let mut listener = TcpListener::from_std(socket.into());
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    say(&format!("listening on http://{}", listener.local_addr()?));

    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free = Vec::new();
    let mut events = Events::with_capacity(4096);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        }
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let index = free.pop().unwrap_or(connections.len());
                    let both = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(index), both)?;
                    let connection = Connection {
                        stream,
                        is_page: false,
                        request: Vec::new(),
                        unsent: Vec::new(),
                    };
                    if index == connections.len() {
                        connections.push(None);
                    }
                    connections[index] = Some(connection);
                }
                continue;
            }
            let Token(index) = event.token();
            let Some(connection) = &mut connections[index] else { continue };
            let mut alive = !event.is_writable() || connection.flush().is_ok();
            let mut posted = None;
            if alive && event.is_readable() {
                match connection.read(&mut buffer) {
                    Ok(body) => posted = body,
                    Err(_) => alive = false,
                }
            }
            if !alive {
                connections[index] = None;
                free.push(index);
            }
            if let Some(body) = posted {
                broadcast(&mut connections, &frame::from_server(&body));
                if let Some(publisher) = &mut connections[index] {
                    // A publisher that has gone is seen at its next event.
                    let _ = publisher.send(b"HTTP/1.1 204 No Content\r\n\r\n");
                }
            }
        }
    }
}

fn broadcast(connections: &mut [Option<Connection>], frame: &[u8]) {
    for connection in connections.iter_mut().flatten().filter(|connection| connection.is_page) {
        // A page that has gone is seen at its next event.
        let _ = connection.send(frame);
    }
}

impl Connection {
    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let sent = if self.unsent.is_empty() {
            match self.stream.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                other => other?,
            }
        } else {
            0
        };
        self.unsent.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let unsent = std::mem::take(&mut self.unsent);
        if unsent.is_empty() { Ok(()) } else { self.send(&unsent) }
    }

    /// Reads what has come; the body when it is a whole publish.
    fn read(&mut self, buffer: &mut [u8]) -> Result<Option<Vec<u8>>> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => anyhow::bail!("closed"),
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

    fn answer(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(end) = memmem::find(&self.request, b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&self.request[..end])?;
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        if let Some(key) = field("sec-websocket-key") {
            let accept = accept(key);
            self.is_page = true;
            self.request = Vec::new();
            self.send(
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                     Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
                )
                .as_bytes(),
            )?;
            return Ok(None);
        }
        let length: usize = field("content-length").context("a publish has a length")?.parse()?;
        let whole = end + 4 + length;
        if self.request.len() < whole {
            return Ok(None);
        }
        let body = self.request[end + 4..whole].to_vec();
        self.request.drain(..whole);
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
        assert_eq!(super::accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
