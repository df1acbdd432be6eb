//! A connection's part in one room: a session of the delivery engine, carried both ways.

use super::connection::{Connection, Ended, Frames, Slot};
use super::handshake;
use super::moved::Moved;
use super::outgoing::{Telling, Told};
use super::outlet::{self, Gone};
use super::packet;
use crate::error::Problem;
use crate::transport::bridge::{Bridge, WayIn};
use engineioxide::Socket;
use nowcast_shared::id::RoomName;
use serde_json::{Map, Value};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long what a session was given last before the page left may take.
const LEAVING: Duration = Duration::from_secs(5);

/// What a session begins with.
pub(super) struct Beginning {
    pub(super) namespace: String,
    /// Which of the connection's sessions it is.
    pub(super) session: u64,
    pub(super) room: RoomName,
    pub(super) auth: Map<String, Value>,
    /// Ends when the session before it in this room is gone, which carries out what the page sent
    /// to it.
    pub(super) before: Option<oneshot::Receiver<()>>,
    /// Dropped when this one is gone.
    pub(super) present: oneshot::Sender<()>,
}

/// How a session ended.
enum End {
    /// The session is over; whether the page should come back.
    Over { reconnect: bool },
    /// The page left the room, or ended the connection as one should.
    Left,
    /// The connection broke.
    Broken,
}

/// Joins, carries frames until either side ends, and says why.
pub(super) async fn run(
    connection: Arc<Connection>,
    socket: Arc<Socket<Slot>>,
    beginning: Beginning,
) {
    let (namespace, session) = (beginning.namespace.clone(), beginning.session);
    serve(&connection, &socket, beginning).await;
    connection.finished(&namespace, session);
}

async fn serve(connection: &Connection, socket: &Arc<Socket<Slot>>, beginning: Beginning) {
    let Beginning { namespace, session, room, auth, before, present: _present } = beginning;
    if let Some(before) = before {
        // It says nothing; that it is gone says it.
        let _ = before.await;
    }
    if !connection.wants(&namespace, session) {
        return;
    }
    let moved = Moved::default();
    let mut bridge = match join(connection, socket, &room, &auth).await {
        Ok(bridge) => bridge,
        Err(problem) => {
            connection.app.metrics.refused.add(1);
            if connection.forget(&namespace, session) {
                // A connection that is gone needs no answer.
                let _ = outlet::send(socket, packet::connect_error(&namespace, &problem)).await;
            }
            return;
        }
    };
    let way_in = bridge.way_in();
    let Some(mut frames) = connection.joined(&namespace, session, &moved) else {
        way_in.leave();
        return;
    };
    let mut telling = Telling::new(namespace.clone(), moved);
    let left = frames.left();
    let mut leaving = pin!(feed(frames, &way_in));
    let end = tokio::select! {
        // Whoever has left hears nothing more: it may be in the room by the next session already.
        biased;
        ended = connection.ended() => match ended {
            Ended::Left => End::Left,
            Ended::Broken => End::Broken,
        },
        () = left => End::Left,
        () = &mut leaving => End::Broken,
        end = tell(socket, &namespace, &mut bridge, &mut telling) => end.unwrap_or(End::Broken),
    };
    match end {
        End::Over { reconnect: true } => connection.end(),
        // Pages come back to a namespace only where the connection itself ends.
        End::Over { reconnect: false } => {
            if connection.forget(&namespace, session) {
                let _ = outlet::send(socket, packet::disconnected(&namespace)).await;
            }
        }
        End::Left => {
            tokio::select! {
                () = leaving => {}
                () = async { while bridge.next().await.is_some() {} } => {}
            }
        }
        End::Broken => {}
    }
}

async fn join(
    connection: &Connection,
    socket: &Socket<Slot>,
    room: &RoomName,
    auth: &Map<String, Value>,
) -> Result<Bridge, Problem> {
    let app = &connection.app;
    let (room, parts) = handshake::enter(app, room, &socket.req_parts, auth).await?;
    Bridge::join(app, room, &parts).await
}

/// Tells the page what its session says, as fast as it reads.
async fn tell(
    socket: &Socket<Slot>,
    namespace: &str,
    bridge: &mut Bridge,
    telling: &mut Telling,
) -> Result<End, Gone> {
    outlet::send(socket, packet::connected(namespace, socket.id.as_str())).await?;
    while let Some(frame) = bridge.next().await {
        match telling.tell(&frame) {
            Told::Packets(packets) => {
                for packet in packets {
                    outlet::send(socket, packet).await?;
                }
            }
            Told::Over { packets, reconnect } => {
                for packet in packets {
                    outlet::send(socket, packet).await?;
                }
                return Ok(End::Over { reconnect });
            }
        }
    }
    // A session ends with a goodbye, but for one whose shard is gone.
    Ok(End::Over { reconnect: true })
}

/// Hands the page's commands to its session until the page leaves, which the session hears when it
/// has them all. Returns when it has had its time to carry out the last.
async fn feed(mut frames: Frames, way_in: &WayIn) {
    while let Some(frame) = frames.next().await {
        way_in.send(frame).await;
    }
    way_in.leave();
    sleep(LEAVING).await;
}
