//! A page's WebSocket.

use super::{Incoming, Joining};
use crate::api::{Credential, Problem};
use futures_util::{SinkExt, StreamExt};
use nowcast_shared::frame::SUBPROTOCOL;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(super) struct Link {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Link {
    pub(super) async fn open(joining: &Joining) -> Result<Self, Problem> {
        let address = format!("{}{}", joining.origin, joining.path("ws")).replacen("http", "ws", 1);
        let mut request = address.into_client_request().expect("an address");
        let mut header = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).expect("a header's value");
            request.headers_mut().insert(HeaderName::from_static(name), value);
        };
        header("sec-websocket-protocol", SUBPROTOCOL);
        header("origin", &joining.origin);
        match &joining.credential {
            Credential::None => {}
            Credential::Token(token) => header("authorization", &format!("Bearer {token}")),
            Credential::Cookie(cookie) => header("cookie", cookie),
        }
        match connect_async(request).await {
            Ok((stream, answer)) => {
                let chosen = answer.headers().get("sec-websocket-protocol");
                assert_eq!(
                    chosen.and_then(|value| value.to_str().ok()),
                    Some(SUBPROTOCOL),
                    "the server takes the subprotocol that was offered"
                );
                Ok(Self { stream })
            }
            Err(Error::Http(answer)) => Err(refusal(&answer)),
            Err(error) => Err(Problem::unreachable(&error)),
        }
    }

    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text);
                    return Incoming::Frame(frame.expect("a text frame is JSON"));
                }
                Some(Ok(Message::Close(frame))) => {
                    return Incoming::End { close_code: frame.map(|frame| frame.code.into()) };
                }
                Some(Ok(Message::Binary(_))) => panic!("the server sends no binary frames"),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Incoming::End { close_code: None },
            }
        }
    }

    pub(super) async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("the WebSocket is open");
    }

    pub(super) async fn close(mut self) {
        // One that the server has closed already is as good.
        let _ = self.stream.close(None).await;
        while let Some(Ok(_)) = self.stream.next().await {}
    }

    pub(super) async fn send_binary(&mut self, bytes: &[u8]) {
        let message = Message::binary(bytes.to_vec());
        self.stream.send(message).await.expect("the WebSocket is open");
    }
}

fn refusal(answer: &tokio_tungstenite::tungstenite::http::Response<Option<Vec<u8>>>) -> Problem {
    let body = answer.body().as_deref().unwrap_or_default();
    let fields: Value = serde_json::from_slice(body).unwrap_or_else(|_| {
        panic!("refused with {} {}", answer.status(), String::from_utf8_lossy(body))
    });
    let text = |field: &str| fields[field].as_str().unwrap_or_default().to_owned();
    Problem { status: answer.status().as_u16(), code: text("code"), detail: text("detail") }
}
