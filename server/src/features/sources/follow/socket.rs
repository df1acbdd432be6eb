//! A WebSocket whose messages are JSON.

use super::batch::Batch;
use super::client::{Client, MOST_REDIRECTS, Step, refused, tls};
use super::failure::Failure;
use super::{Course, FollowState, Listener, MOST_RECORD, Target};
use futures_util::{FutureExt, SinkExt, StreamExt};
use std::io;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::Url;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A message beyond this ends the connection; one beyond [`MOST_RECORD`] is skipped, since a stream
/// that is resumed would end at the same message again.
const MOST_MESSAGE: usize = 16 * MOST_RECORD;

/// Follows until the connection ends; why it did.
pub(super) async fn follow(
    client: &Client,
    target: &Target,
    cursor: &mut Option<String>,
    course: &mut Course,
    listener: &mut impl Listener,
) -> Failure {
    let mut socket = match open(client, target, cursor.as_deref()).await {
        Ok(socket) => socket,
        Err(failure) => return failure,
    };
    course.since = Some(Instant::now());
    listener.state(FollowState::Following).await;
    let mut batch = Batch::default();
    let silence = target.patience.silence;
    let mut alive = Instant::now();
    loop {
        // Asked for a sign of life, whoever lives gives one in time.
        let Ok(read) = timeout(silence / 3, socket.next()).await else {
            if alive.elapsed() >= silence {
                return Failure::Silent(silence);
            }
            match timeout(silence, socket.send(Message::Ping(Vec::new().into()))).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => return ended(&error),
                Err(_elapsed) => return Failure::Silent(silence),
            }
        };
        let end = batch.fill(
            read,
            || socket.next().now_or_never(),
            |read, batch| match read {
                Some(Ok(message)) => {
                    take(&message, target, batch);
                    None
                }
                Some(Err(error)) => Some(ended(&error)),
                None => Some(Failure::Ended),
            },
        );
        course.heard |= batch.hand_over(cursor, listener).await;
        if let Some(failure) = end {
            return failure;
        }
        alive = Instant::now();
    }
}

fn take(message: &Message, target: &Target, batch: &mut Batch) {
    let bytes = match message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(bytes) => bytes,
        _ => return,
    };
    if bytes.len() > MOST_RECORD {
        batch.malformed();
    } else {
        batch.json(bytes, target.resume.as_ref());
    }
}

fn ended(error: &Error) -> Failure {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => Failure::Ended,
        Error::Capacity(_) => {
            Failure::Broken("A message has more bytes than anything should have.".to_owned())
        }
        error => Failure::of(error),
    }
}

/// Connects, through redirects, to where the guard lets it.
async fn open(client: &Client, target: &Target, cursor: Option<&str>) -> Result<Socket, Failure> {
    let mut step = Step::first(target, cursor)?;
    for _ in 0..=MOST_REDIRECTS {
        let connected = connect(client, target, &step).await?;
        let error = match timeout(target.patience.answer, connected).await {
            Ok(Ok((socket, _answer))) => return Ok(socket),
            Ok(Err(error)) => error,
            Err(_elapsed) => return Err(Failure::Unanswered),
        };
        let Error::Http(answer) = error else { return Err(Failure::of(&error)) };
        let (status, headers) = (answer.status(), answer.headers());
        match status.as_u16() {
            301 | 302 | 303 | 307 | 308 => step = step.next(status, headers)?,
            200..=299 => {
                let why = "The service answers, but speaks no WebSocket at this address.";
                return Err(Failure::Unusable(why.to_owned()));
            }
            401 | 403 if step.stripped => return Err(step.moved()),
            _ => return Err(refused(status, headers)),
        }
    }
    Err(Failure::Unusable("The service redirects again and again.".to_owned()))
}

/// A handshake that is to be waited for, over a connection that is made.
async fn connect(
    client: &Client,
    target: &Target,
    step: &Step,
) -> Result<impl Future<Output = Result<(Socket, Answer), Error>>, Failure> {
    let url = websocket(&step.url)?;
    let mut request = url.as_str().into_client_request().map_err(|error| Failure::of(&error))?;
    for (name, value) in &step.headers {
        request.headers_mut().append(name, value.clone());
    }
    let stream = timeout(target.patience.connect, plain(client, &url)).await;
    let stream = stream.map_err(|_elapsed| Failure::Unanswered)?;
    let stream = stream.map_err(|error| Failure::of(&error))?;
    let tls = Connector::Rustls(tls().map_err(Failure::Unusable)?);
    let config = WebSocketConfig::default()
        .max_message_size(Some(MOST_MESSAGE))
        .max_frame_size(Some(MOST_MESSAGE));
    Ok(client_async_tls_with_config(request, stream, Some(config), Some(tls)))
}

type Answer = axum::http::Response<Option<Vec<u8>>>;

/// A plain connection to the first address that takes one.
async fn plain(client: &Client, url: &Url) -> io::Result<TcpStream> {
    let mut refused = io::Error::new(io::ErrorKind::NotFound, "The name has no address.");
    for address in client.guard.addresses(url).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// The address as a WebSocket has it.
fn websocket(url: &Url) -> Result<Url, Failure> {
    let mut url = url.clone();
    let scheme = if matches!(url.scheme(), "https" | "wss") { "wss" } else { "ws" };
    url.set_fragment(None);
    match url.set_scheme(scheme) {
        Ok(()) => Ok(url),
        Err(()) => Err(Failure::Unusable("This is no address of a WebSocket.".to_owned())),
    }
}
