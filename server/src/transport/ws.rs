//! WebSocket (RFC 6455): one JSON frame in each text frame.

use super::{FAREWELL, Joining};
use crate::app::App;
use crate::connection::Peer;
use crate::error::Problem;
use crate::hub::Transport;
use crate::session::{self, Due, Inbox, Session};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use nowcast_shared::error::{Code, Reason};
use nowcast_shared::frame::SUBPROTOCOL;
use std::time::Duration;
use tokio::sync::mpsc;

/// After how much silence the server asks for a sign of life.
const PING: Duration = Duration::from_secs(25);

/// How long it waits for one.
const PATIENCE: Duration = Duration::from_secs(8);

/// Where a message is cut off that is far beyond what any frame may be, in bytes; what is only too
/// large gets an answer.
const HARD_LIMIT: usize = 1024 * 1024;

/// How long the other side may take to close after a goodbye. Closing while it still sends would
/// reset the connection and could take the goodbye with it.
const CLOSING: Duration = Duration::from_secs(1);

/// `GET …/ws`.
pub async fn connect(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    joining: Joining,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| {
        Problem::new(Code::UpgradeRequired, "This address speaks WebSocket; /sse and /poll do not.")
    })?;
    let limit = app.limits.max_frame.max(HARD_LIMIT);
    Ok(upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(async move |socket| serve(&app, socket, joining, &peer).await))
}

/// Serves one page until either side ends.
async fn serve(app: &App, socket: WebSocket, joining: Joining, peer: &Peer) {
    let (session, inbox) = joining.open(app, Transport::WebSocket);
    let Some(inbox) = inbox else { return };
    let (sink, stream) = socket.split();
    let (pings, pinged) = mpsc::channel(1);
    // The half that reads goes on while the other is stuck on a page that does not.
    let mut write = std::pin::pin!(write(session, sink, pinged, peer));
    let mut read = std::pin::pin!(read(inbox, stream, pings));
    tokio::select! {
        () = &mut write => {
            let _ = tokio::time::timeout(CLOSING, read).await;
        }
        ended = &mut read => if ended == Ended::ByUs {
            // The goodbye is on its way.
            let _ = tokio::time::timeout(FAREWELL, write).await;
        },
    }
}

/// Who ended the reading half.
#[derive(PartialEq, Eq)]
enum Ended {
    ByPage,
    ByUs,
}

async fn read(
    mut inbox: Inbox,
    mut stream: SplitStream<WebSocket>,
    pings: mpsc::Sender<()>,
) -> Ended {
    let mut asked = false;
    loop {
        let patience = if asked { PATIENCE } else { PING };
        let message = match tokio::time::timeout(patience, stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(None) => return Ended::ByPage,
            // Not what the protocol allows; or the connection broke, and nobody hears the goodbye.
            Ok(Some(Err(_))) => {
                inbox.close(Reason::BadFrame);
                return Ended::ByUs;
            }
            Err(_) if asked => {
                inbox.close(Reason::TimedOut);
                return Ended::ByUs;
            }
            Err(_) => {
                asked = true;
                // A full channel has one on its way already.
                let _ = pings.try_send(());
                continue;
            }
        };
        asked = false;
        match message {
            Message::Text(text) => {
                inbox.receive(text.as_bytes()).await;
                // A page that sends without end must not keep others from this thread.
                tokio::task::yield_now().await;
            }
            Message::Binary(_) => {
                inbox.refuse(Problem::new(Code::BadRequest, "Frames are text here, not binary."));
            }
            Message::Close(_) => {
                // Reading on sends our answer to it.
                let _ = tokio::time::timeout(CLOSING, stream.next()).await;
                return Ended::ByPage;
            }
            Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}

async fn write(
    mut session: Session,
    mut sink: SplitSink<WebSocket, Message>,
    mut pinged: mpsc::Receiver<()>,
    peer: &Peer,
) {
    loop {
        let due = tokio::select! {
            due = session.next() => due,
            Some(()) = pinged.recv() => {
                if sink.send(Message::Ping(Bytes::new())).await.is_err() {
                    return;
                }
                continue;
            }
        };
        let over = due.is_empty() || due.iter().any(|due| matches!(due, Due::Goodbye(_)));
        let mut sending = std::pin::pin!(send(&mut sink, due));
        let sent = tokio::select! {
            sent = &mut sending, if !over => Some(sent),
            // The page gets a last chance to hear why.
            () = ending(&session, over) => tokio::time::timeout(FAREWELL, sending).await.ok(),
        };
        if sent.is_none() {
            peer.cut();
        }
        if over || !matches!(sent, Some(Ok(()))) {
            return;
        }
    }
}

/// Ready when what is sent now is the last, or is to be.
async fn ending(session: &Session, over: bool) {
    if !over {
        session.closed().await;
    }
}

/// The socket takes no more.
struct Stuck;

async fn send(sink: &mut SplitSink<WebSocket, Message>, due: Vec<Due>) -> Result<(), Stuck> {
    for due in due {
        let message = match due {
            Due::Event(record) => text(record.frame.clone()),
            Due::Frame(frame) => text(frame),
            Due::Goodbye(reason) => {
                sink.feed(text(session::goodbye(reason))).await.map_err(|_| Stuck)?;
                let code = reason.close_code();
                let reason = Utf8Bytes::from_static(reason.as_str());
                Message::Close(Some(CloseFrame { code, reason }))
            }
        };
        sink.feed(message).await.map_err(|_| Stuck)?;
    }
    sink.flush().await.map_err(|_| Stuck)
}

fn text(frame: Bytes) -> Message {
    // Frames are JSON that we wrote: always UTF-8.
    Message::Text(Utf8Bytes::try_from(frame).unwrap_or_default())
}
