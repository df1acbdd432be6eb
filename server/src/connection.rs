//! Accepted connections, each with a handle that cuts it.
//!
//! A response body is only asked for more when the socket took what there was. Whoever wants to be
//! rid of a peer that reads nothing at all has to reach past it, to the socket.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A listener whose connections can be cut.
pub struct Accepting(pub TcpListener);

impl Listener for Accepting {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Frames are small and must not wait for more to come.
        let _ = stream.set_nodelay(true);
        (Connection { stream, cut: Arc::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A TCP stream until it is cut; then every read and write fails, and closing it resets it.
pub struct Connection {
    stream: TcpStream,
    cut: Arc<Cut>,
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

impl Connected<IncomingStream<'_, Accepting>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Accepting>) -> Self {
        Self { address: *stream.remote_addr(), cut: Arc::clone(&stream.io().cut) }
    }
}

#[derive(Default)]
struct Cut {
    done: AtomicBool,
    /// Of the task that serves the connection.
    waker: AtomicWaker,
}

impl Connection {
    /// The stream, unless it was cut.
    fn whole(&mut self, context: &Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        // Registered before looking, so that no cut goes unnoticed.
        self.cut.waker.register(context.waker());
        if self.cut.done.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(Pin::new(&mut self.stream))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.cut.done.load(Ordering::Acquire) {
            // Closing now resets: the kernel does not go on trying to send.
            let _ = self.stream.set_zero_linger();
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
        self.whole(context)?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.whole(context)?.poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole(context)?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole(context)?.poll_shutdown(context)
    }
}
