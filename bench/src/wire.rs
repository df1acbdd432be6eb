//! A TCP stream that never waits, and what of the last read was not a whole message yet.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

/// How much one read takes at most; a message has to fit in.
pub(crate) const BUFFER: usize = 256 * 1024;

/// One connection to the server. It is reset when this is dropped, so that thousands of them leave
/// no port behind that has to wait.
pub(crate) struct Wire {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Wire {
    /// Begins to connect; the registry's poll tells when it is writable.
    pub(crate) fn connect(address: SocketAddr, registry: &Registry, token: Token) -> Result<Self> {
        let mut stream = TcpStream::connect(address).context("no connection can be begun")?;
        stream.set_nodelay(true)?;
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, rest: Vec::new() })
    }

    /// Sends what is short enough to fit into an idle socket's buffer.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match self.stream.write(bytes) {
            Ok(count) if count == bytes.len() => Ok(()),
            Ok(_) => bail!("the server does not take a short message"),
            Err(error) => Err(error).context("the server cannot be sent to"),
        }
    }

    /// Reads what has come and hands it to `take`, which tells how much of it were whole messages;
    /// the rest is handed to it again with what comes next.
    pub(crate) fn read(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&mut TcpStream, &[u8]) -> Result<usize>,
    ) -> Result<()> {
        loop {
            let kept = self.rest.len();
            let (before, room) = buffer.split_at_mut(kept);
            if room.is_empty() {
                bail!("a message of more than {BUFFER} bytes");
            }
            let asked = room.len();
            let count = match self.stream.read(room) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("the connection is broken"),
            };
            before.copy_from_slice(&self.rest);
            self.rest.clear();
            let bytes = &buffer[..kept + count];
            let taken = take(&mut self.stream, bytes)?;
            self.rest.extend_from_slice(&bytes[taken..]);
            // Less than was asked for: there was no more, and the poll will tell of what comes.
            if count < asked {
                return Ok(());
            }
        }
    }
}
