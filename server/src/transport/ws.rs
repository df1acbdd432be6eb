//! WebSocket (RFC 6455): one JSON frame in each text frame.

use super::Joining;
use crate::app::App;
use crate::connection::Connection;
use crate::engine::mailbox::{Mailbox, Message, SessionId};
use crate::engine::member::Way;
use crate::engine::pipe::{Drain, pipe};
use crate::error::Problem;
use crate::hub::Transport;
use crate::websocket::handshake::{self, Refusal};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::BytesMut;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use nowcast_shared::error::Code;
use nowcast_shared::frame::SUBPROTOCOL;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// How much a tunnel reads at once, in bytes.
const PIECE: usize = 16 * 1024;

/// How long a page may take to close after the last byte went to it through a tunnel.
const CLOSING: Duration = Duration::from_secs(1);

/// `GET …/ws`.
pub async fn connect(
    State(app): State<App>,
    joining: Joining,
    mut request: Request,
) -> Result<Response, Problem> {
    let handshake =
        handshake::read(request.headers(), &[SUBPROTOCOL]).map_err(|refusal| match refusal {
            Refusal::NoUpgrade | Refusal::Version => Problem::new(
                Code::UpgradeRequired,
                "This address speaks WebSocket, version 13; /sse and /poll do not.",
            ),
            refusal => Problem::new(Code::BadRequest, format!("No WebSocket: {refusal}.")),
        })?;
    let upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or_else(|| {
        Problem::new(Code::UpgradeRequired, "This connection cannot be upgraded.")
    })?;
    let deflate = handshake.deflate.is_some();
    tokio::spawn(async move {
        // How a connection ends is the peer's business.
        if let Ok(upgraded) = upgrade.await {
            serve(&app, joining, upgraded, deflate).await;
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = handshake.headers();
    Ok(response)
}

/// Takes the socket back from the HTTP server and hands it to a shard. Where it is not a plain
/// socket, its bytes go through a tunnel.
async fn serve(app: &App, joining: Joining, upgraded: Upgraded, deflate: bool) {
    match upgraded.downcast::<TokioIo<Connection>>() {
        Ok(parts) => {
            let stream = parts.io.into_inner().into_stream();
            let Some(Ok(stream)) = stream.map(TcpStream::into_std) else { return };
            joining.open(app, Transport::WebSocket, |_, _| Way::Socket {
                stream,
                received: parts.read_buf,
                deflate,
            });
        }
        Err(upgraded) => {
            let (pipe, drain) = pipe();
            let mut mailbox = None;
            let id = joining.open(app, Transport::WebSocket, |shard, _| {
                mailbox = Some(shard.clone());
                Way::Tunnel { pipe, deflate }
            });
            if let Some(mailbox) = mailbox {
                tunnel(upgraded, drain, mailbox, id).await;
            }
        }
    }
}

/// Carries a session's bytes both ways until either side ends.
async fn tunnel(upgraded: Upgraded, mut drain: Drain, mailbox: Mailbox, id: SessionId) {
    drain.tell(mailbox.clone(), id);
    let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded));
    let read = async {
        let mut piece = BytesMut::with_capacity(PIECE);
        while reader.read_buf(&mut piece).await.is_ok_and(|length| length > 0) {
            let (more, taken) = oneshot::channel();
            mailbox.send(Message::Received(id, piece.split().into(), more));
            // An error: the sender is dropped when the shard is ready for more.
            let _ = taken.await;
            piece.reserve(PIECE);
        }
    };
    let write = async {
        while let Some(bytes) = drain.next().await {
            if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
                return;
            }
        }
        let _ = writer.shutdown().await;
    };
    let mut read = std::pin::pin!(read);
    tokio::select! {
        () = &mut read => {}
        () = write => {
            // The page's own closing; closing before it would reset the connection.
            let _ = tokio::time::timeout(CLOSING, read).await;
        }
    }
}
