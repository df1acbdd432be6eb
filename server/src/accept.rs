//! Accepting connections and speaking HTTP/1.1 on them.

use crate::connection::{Connection, Peer};
use crate::http::Http;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::Future;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// How long a request's headers may take to come, and an idle connection to send the next.
const HEADERS: Duration = Duration::from_secs(30);

/// How long what was sent may go without the peer's acknowledgement.
#[cfg(target_os = "linux")]
const VANISHED: Duration = Duration::from_mins(1);

/// Serves until `shutdown` is ready; then accepts nothing more and returns when every request is
/// answered. Upgraded connections are on their own.
pub async fn serve(listener: TcpListener, http: Http, shutdown: impl Future<Output = ()>) {
    let mut builder = Builder::new();
    // Answers and chunks are small: copied behind their head they cost a tenth less to send.
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).writev(false);
    let stop = watch::Sender::new(false);
    // Closed when the last connection has dropped its half.
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    let mut shutdown = std::pin::pin!(shutdown);
    let mut failing = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let connection = open(stream);
                let peer = connection.peer(address);
                let service = answer(http.clone(), peer);
                let connection = builder.serve_connection(TokioIo::new(connection), service);
                let (mut stop, alive) = (stop.subscribe(), alive.clone());
                tokio::spawn(async move {
                    let mut connection = std::pin::pin!(connection.with_upgrades());
                    // How a connection ends is the peer's business.
                    tokio::select! {
                        _ = connection.as_mut() => {}
                        () = told(&mut stop) => {
                            connection.as_mut().graceful_shutdown();
                            let _ = connection.await;
                        }
                    }
                    drop(alive);
                });
            }
            Err(error) => {
                // Mostly: too many open files. Trying again at once would only turn in circles.
                if failing.is_none_or(|since: Instant| since.elapsed() > Duration::from_mins(1)) {
                    failing = Some(Instant::now());
                    tracing::warn!(%error, "connections cannot be accepted; see ulimit -n for the limit on open files");
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    drop(alive);
    stop.send_replace(true);
    let _ = all_gone.recv().await;
}

async fn told(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone has stopped as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn open(stream: TcpStream) -> Connection {
    // Frames are small and must not wait for more to come.
    let _ = stream.set_nodelay(true);
    // A peer that vanished takes nothing any more, and does not say so.
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(VANISHED));
    Connection::new(stream)
}

fn answer(
    http: Http,
    peer: Peer,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send,
> {
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        let answering = http.clone().answer(request.map(Body::new));
        async move { Ok(answering.await) }
    })
}
