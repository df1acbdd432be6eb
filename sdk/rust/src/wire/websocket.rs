//! Frames over a WebSocket.

use super::address::Address;
use super::{Incoming, http};
use crate::error::Error;
use crate::tls;
use futures_util::{SinkExt, StreamExt};
use nowcast_shared::frame::SUBPROTOCOL;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(super) async fn open(address: &Address) -> Result<Self, Error> {
        let http = address.http();
        let url = format!("{}{}", http.server(), address.path("ws")).replacen("http", "ws", 1);
        let mut request =
            url.into_client_request().map_err(|error| Error::Invalid(error.to_string()))?;
        let headers = request.headers_mut();
        headers.extend(http.headers()?);
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        match Box::pin(tls::socket(request)).await {
            // It makes sure that the server takes the subprotocol that was offered.
            Ok(stream) => Ok(Self { stream }),
            Err(SocketError::Http(answer)) => {
                let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
                let wait = text(header::RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
                let body = answer.body().as_deref().unwrap_or_default();
                let kind = text(header::CONTENT_TYPE);
                Err(http::refused(answer.status().as_u16(), kind, wait, body))
            }
            // Cut in between.
            Err(error @ SocketError::Protocol(ProtocolError::HandshakeIncomplete)) => {
                Err(Error::Unreachable(error.to_string()))
            }
            Err(error @ (SocketError::Protocol(_) | SocketError::Utf8(_))) => {
                Err(Error::Broken(error.to_string()))
            }
            Err(error) => Err(Error::Unreachable(error.to_string())),
        }
    }

    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            return match self.stream.next().await {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(frame) => Incoming::Frame(frame, text.len()),
                    Err(error) => Incoming::Broken(format!("a text that is no JSON: {error}")),
                },
                Some(Ok(Message::Binary(_))) => {
                    Incoming::Broken("the server sends no binary frames".to_owned())
                }
                Some(Ok(Message::Close(frame))) => {
                    Incoming::End { close_code: frame.map(|frame| frame.code.into()) }
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Incoming::End { close_code: None },
            };
        }
    }

    /// Sends a text; false if the connection is gone.
    pub async fn send_text(&mut self, text: &str) -> bool {
        self.stream.send(Message::text(text)).await.is_ok()
    }

    /// Sends bytes, which no server of ours understands; false if the connection is gone.
    pub async fn send_binary(&mut self, bytes: &[u8]) -> bool {
        self.stream.send(Message::binary(bytes.to_vec())).await.is_ok()
    }

    /// Says that the page leaves, and waits until the server has heard it.
    pub async fn close(mut self) {
        // One that the server has closed already is as good.
        let _ = self.stream.close(None).await;
        while let Some(Ok(_)) = self.stream.next().await {}
    }
}
