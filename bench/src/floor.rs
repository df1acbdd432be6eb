//! The bare epoll loop: accepts, answers the handshake, and writes each body that is posted to it to
//! every page, one `send` a frame a socket. It checks nothing and keeps nothing. A server that does
//! its work can only be dearer, unless it sends several frames at once.

mod connection;

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::Result;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};

use crate::frame;
use crate::load::say;
use connection::Connection;

const LISTENER: Token = Token(usize::MAX - 1);
/// How many connections may wait to be accepted.
const BACKLOG: i32 = 4096;

/// Serves until the process ends, having printed where it listens.
pub(crate) fn run(listen: SocketAddr) -> Result<()> {
    let listener = bind(listen)?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    Floor::new(listener)?.serve()
}

/// Begins to listen.
pub(crate) fn bind(listen: SocketAddr) -> Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(listen), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&listen.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// The server.
pub(crate) struct Floor {
    poll: Poll,
    listener: TcpListener,
    /// By the numbers of their tokens, which are given again.
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    buffer: Vec<u8>,
}

impl Floor {
    pub(crate) fn new(mut listener: TcpListener) -> Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let (connections, free) = (Vec::new(), Vec::new());
        Ok(Self { poll, listener, connections, free, buffer: vec![0; 64 * 1024] })
    }

    /// Serves until the process ends.
    pub(crate) fn serve(mut self) -> Result<()> {
        let mut events = Events::with_capacity(4096);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(index) => self.look(index, event.is_writable(), event.is_readable()),
                }
            }
        }
    }

    fn accept(&mut self) -> Result<()> {
        while let Ok((mut stream, _)) = self.listener.accept() {
            let index = self.free.pop().unwrap_or(self.connections.len());
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(index), both)?;
            if index == self.connections.len() {
                self.connections.push(None);
            }
            self.connections[index] = Some(Connection::new(stream));
        }
        Ok(())
    }

    /// Sees to a connection on which something has happened.
    fn look(&mut self, index: usize, is_writable: bool, is_readable: bool) {
        let Some(connection) = &mut self.connections[index] else { return };
        let flushed = if is_writable { connection.flush() } else { Ok(()) };
        let read = match flushed {
            Ok(()) if is_readable => connection.read(&mut self.buffer),
            Ok(()) => Ok(None),
            Err(error) => Err(error.into()),
        };
        match read {
            Ok(Some(body)) => {
                self.broadcast(&frame::from_server(&body));
                if let Some(publisher) = &mut self.connections[index] {
                    // A publisher that has gone is seen at its next event.
                    let _ = publisher.send(b"HTTP/1.1 204 No Content\r\n\r\n");
                }
            }
            Ok(None) => {}
            Err(_) => {
                self.connections[index] = None;
                self.free.push(index);
            }
        }
    }

    fn broadcast(&mut self, frame: &[u8]) {
        let connections = self.connections.iter_mut().flatten();
        for page in connections.filter(|connection| connection.is_page()) {
            // A page that has gone is seen at its next event.
            let _ = page.send(frame);
        }
    }
}
