//! One connection to the service: one request, and its answer.

use super::answer::Way;
use super::live::Say;
use super::{Asked, Live, Service};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{SinkExt, StreamExt};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

type Saying = mpsc::Receiver<(Say, oneshot::Sender<()>)>;

pub(super) async fn serve(mut stream: TcpStream, service: Arc<Service>) {
    let _ = stream.set_nodelay(true);
    let Some(asked) = Asked::read(&mut stream).await else { return };
    let mut answer = service.answer(&asked);
    let etag =
        answer.headers.iter().find(|(name, _)| name == "etag").map(|(_, etag)| etag.as_str());
    if etag.is_some() && etag == asked.header("if-none-match") {
        answer.status = 304;
        answer.way = Way::Whole(Vec::new());
    }
    let mut head = format!("HTTP/1.1 {} As Scripted\r\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let (saying, said) = mpsc::channel(1);
    let (told, hearing) = mpsc::unbounded_channel();
    let path = asked.path.clone();
    let key = asked.header("sec-websocket-key").map(|key| derive_accept_key(key.as_bytes()));
    let live = Live { asked, saying, hearing };
    match answer.way {
        Way::Whole(body) => whole(stream, head, &body).await,
        Way::Live { gzip } => {
            head.push_str("transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
            if stream.write_all(head.as_bytes()).await.is_ok() {
                service.open(&path, live);
                body(stream, said, gzip).await;
            }
        }
        Way::WebSocket => {
            let Some(key) = key else {
                return whole(stream, "HTTP/1.1 426 No WebSocket\r\n".to_owned(), &[]).await;
            };
            head.push_str("upgrade: websocket\r\nconnection: upgrade\r\n");
            let _ = write!(head, "sec-websocket-accept: {key}\r\n\r\n");
            if stream.write_all(head.as_bytes()).await.is_ok() {
                let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
                service.open(&path, live);
                websocket(socket, said, told).await;
            }
        }
        Way::Cut => {}
        Way::Silent => {
            let mut nothing = [0; 64];
            while stream.read(&mut nothing).await.is_ok_and(|count| count > 0) {}
        }
    }
}

async fn whole(mut stream: TcpStream, mut head: String, body: &[u8]) {
    let _ = write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
}

/// A chunked body, until the test ends it or the client leaves.
async fn body(mut stream: TcpStream, mut said: Saying, gzip: bool) {
    let mut encoder = gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let mut nothing = [0; 64];
    loop {
        let next = tokio::select! {
            next = said.recv() => next,
            read = stream.read(&mut nothing) => match read {
                Ok(count) if count > 0 => continue,
                _ => return,
            },
        };
        let Some((say, done)) = next else { return };
        let (mut bytes, last) = match say {
            Say::Bytes(bytes) => (bytes, false),
            Say::Text(text) => (text.into_bytes(), false),
            Say::Ping => continue,
            Say::End => (Vec::new(), true),
        };
        if let Some(encoder) = &mut encoder {
            // A vector takes everything.
            let _ = encoder.write_all(&bytes);
            let _ = if last { encoder.try_finish() } else { encoder.flush() };
            bytes = std::mem::take(encoder.get_mut());
        }
        let mut piece = Vec::new();
        if !bytes.is_empty() {
            piece = format!("{:x}\r\n", bytes.len()).into_bytes();
            piece.extend(bytes);
            piece.extend(b"\r\n");
        }
        if last {
            piece.extend(b"0\r\n\r\n");
        }
        if stream.write_all(&piece).await.is_err() || last {
            return;
        }
        let _ = done.send(());
    }
}

/// A WebSocket, until the test ends it or the client leaves.
async fn websocket(
    mut socket: WebSocketStream<TcpStream>,
    mut said: Saying,
    told: mpsc::UnboundedSender<String>,
) {
    loop {
        let next = tokio::select! {
            next = said.recv() => next,
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let _ = told.send(text.to_string());
                    continue;
                }
                Some(Ok(_)) => continue,
                _ => return,
            },
        };
        let Some((say, done)) = next else { return };
        let sent = match say {
            Say::Bytes(bytes) => socket.send(Message::Binary(bytes.into())).await,
            Say::Text(text) => socket.send(Message::text(text)).await,
            Say::Ping => socket.send(Message::Ping(Vec::new().into())).await,
            Say::End => {
                let _ = socket.close(None).await;
                return;
            }
        };
        if sent.is_err() {
            return;
        }
        let _ = done.send(());
    }
}
