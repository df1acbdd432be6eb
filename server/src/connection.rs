//! Accepted connections, each with a handle that cuts it.
//!
//! A response body is only asked for more when the socket took what there was. Whoever wants to be
//! rid of a peer that reads nothing at all has to reach past it, to the socket.

use futures_util::task::AtomicWaker;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long a peer may take no byte of what is to be sent.
const PATIENCE: Duration = Duration::from_secs(30);

/// A TCP stream until it is cut; then every read and write fails, and closing it resets it.
pub struct Connection {
    /// Absent once it was taken back.
    stream: Option<TcpStream>,
    cut: Arc<Cut>,
    /// Runs while a write waits for the peer; an idle connection has none.
    stalled: Option<Pin<Box<Sleep>>>,
}

/// Who is at the other end, for handlers.
#[derive(Clone)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    cut: Arc<Cut>,
}

impl Peer {
    /// Resets the connection, whatever is still to be sent.
    pub fn cut(&self) {
        self.cut.done.store(true, Ordering::Release);
        self.cut.waker.wake();
    }
}

#[derive(Default)]
struct Cut {
    done: AtomicBool,
    /// Of the task that serves the connection.
    waker: AtomicWaker,
}

impl Connection {
    /// A connection that nobody has cut.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream: Some(stream), cut: Arc::default(), stalled: None }
    }

    /// The handle for handlers.
    pub fn peer(&self, address: SocketAddr) -> Peer {
        Peer { address, cut: Arc::clone(&self.cut) }
    }

    /// The stream itself, for whoever speaks something else than HTTP from now on. Cutting has no
    /// effect any more.
    pub fn into_stream(mut self) -> Option<TcpStream> {
        self.stream.take()
    }

    /// Gives up on a peer that takes nothing for too long.
    fn patiently<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        ready!(stalled.as_mut().poll(context));
        self.cut.done.store(true, Ordering::Release);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// The stream, unless it was cut.
    fn whole(&mut self, context: &Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        // Registered before looking, so that no cut goes unnoticed.
        self.cut.waker.register(context.waker());
        if self.cut.done.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(stream))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.cut.done.load(Ordering::Acquire) {
            // Closing now resets: the kernel does not go on trying to send.
            let _ = self.stream.as_ref().map(TcpStream::set_zero_linger);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.whole(context)?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.whole(context)?.poll_write(context, bytes);
        self.patiently(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.whole(context)?.poll_write_vectored(context, buffers);
        self.patiently(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(TcpStream::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole(context)?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole(context)?.poll_shutdown(context)
    }
}
