//! Accepting connections and speaking HTTP/1.1 on them.

use crate::connection::{Connection, Peer};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

/// How long a request's headers may take to come, and an idle connection to send the next.
const HEADERS: Duration = Duration::from_secs(30);

/// Serves until `shutdown` is ready; then accepts nothing more and returns when every request is
/// answered. Upgraded connections are on their own.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let connection = open(stream);
                let peer = connection.peer(address);
                let service = answer(router.clone(), peer);
                let connection =
                    http.serve_connection_with_upgrades(TokioIo::new(connection), service);
                let connection = graceful.watch(connection.into_owned());
                // How a connection ends is the peer's business.
                tokio::spawn(async { drop(connection.await) });
            }
            Err(error) => {
                // Mostly: too many open files. Trying again at once would only turn in circles.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

fn open(stream: TcpStream) -> Connection {
    // Frames are small and must not wait for more to come.
    let _ = stream.set_nodelay(true);
    Connection::new(stream)
}

fn answer(
    router: Router,
    peer: Peer,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send,
> {
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        // The router is always ready.
        router.clone().call(request.map(Body::new))
    })
}
