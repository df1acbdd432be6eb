//! A connection's part in one room: a session of the delivery engine, carried both ways.

use super::connection::{Connection, Ended, Frames, Slot};
use super::handshake;
use super::outgoing::{Moved, Telling, Told};
use super::outlet::{self, Gone};
use super::packet;
use crate::error::Problem;
use crate::transport::bridge::{Bridge, WayIn};
use engineioxide::Socket;
use nowcast_shared::id::RoomName;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long what a page sent before it left may take.
const LEAVING: Duration = Duration::from_secs(5);

/// What a session begins with.
pub(super) struct Beginning {
    pub(super) namespace: String,
    /// Which of the connection's sessions it is.
    pub(super) session: u64,
    pub(super) room: RoomName,
    pub(super) auth: Map<String, Value>,
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
    serve(&connection, &socket, beginning).await;
    connection.finished();
}

async fn serve(connection: &Connection, socket: &Arc<Socket<Slot>>, beginning: Beginning) {
    let Beginning { namespace, session, room, auth } = beginning;
    let moved = Moved::default();
    let mut bridge = match join(connection, socket, &room, &auth).await {
        Ok(bridge) => bridge,
        Err(problem) => {
            connection.app.metrics.refused.add(1);
            connection.forget(&namespace, Some(session));
            // A connection that is gone needs no answer.
            let _ = outlet::send(socket, packet::connect_error(&namespace, &problem)).await;
            return;
        }
    };
    let Some(frames) = connection.joined(&namespace, session, &moved) else {
        bridge.way_in().leave();
        return;
    };
    let mut telling = Telling::new(namespace.clone(), moved);
    let way_in = bridge.way_in();
    let end = tokio::select! {
        ended = connection.ended() => match ended {
            Ended::Left => End::Left,
            Ended::Broken => End::Broken,
        },
        end = tell(socket, &namespace, &mut bridge, &mut telling) => end.unwrap_or(End::Broken),
        () = feed(frames, &way_in) => End::Left,
    };
    match end {
        End::Over { reconnect: true } => connection.end(),
        // Pages come back to a namespace only where the connection itself ends.
        End::Over { reconnect: false } => {
            connection.forget(&namespace, Some(session));
            let _ = outlet::send(socket, packet::disconnected(&namespace)).await;
        }
        End::Left => {
            way_in.leave();
            let done = async { while bridge.next().await.is_some() {} };
            let _ = timeout(LEAVING, done).await;
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

/// Hands the page's commands to its session, until the page leaves.
async fn feed(mut frames: Frames, way_in: &WayIn) {
    while let Some(frame) = frames.next().await {
        way_in.send(frame).await;
    }
}
