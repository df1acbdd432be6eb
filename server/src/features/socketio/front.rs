//! What is looked at before a request reaches the library, and how many connections there may be.
//!
//! The library bounds messages and waits; it does not bound how many connections there are, keeps
//! the head of the request that opened one, and reads bodies for as long as they take.

use super::connection::{Connection, Slot};
use crate::app::App;
use crate::engine::FAR_TOO_LARGE;
use crate::error::Problem;
use crate::http::body;
use crate::websocket::handshake;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engineioxide::config::EngineIoConfig;
use engineioxide::handler::EngineIoHandler;
use engineioxide::service::EngineIoService;
use engineioxide::socket::Sid;
use engineioxide::{DisconnectReason, Socket, Str};
use http_body_util::Full;
use hyper::upgrade::OnUpgrade;
use nowcast_shared::error::Code;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tower_service::Service as _;

/// How long the head of a request may be, in bytes.
const HEAD: usize = 16 * 1024;

/// How often a page is asked for a sign of life, and how long it has for that.
const PING: (Duration, Duration) = (Duration::from_secs(25), Duration::from_secs(20));

/// How long the upgrade to a WebSocket may take.
const UPGRADE: Duration = Duration::from_secs(10);

/// How much the library may put into the answer to a poll. [`outlet`] bounds what waits for a page;
/// this is never reached, since a packet that is too much for one answer is laid aside for the next
/// poll, and lost where the page goes on by WebSocket.
///
/// [`outlet`]: super::outlet
const ANSWER: u64 = u32::MAX as u64;

/// Answers requests.
#[derive(Clone)]
pub(super) struct Front {
    app: App,
    pages: Arc<Pages>,
    service: EngineIoService<Pages>,
}

/// All connections.
struct Pages {
    app: App,
    open: Mutex<HashMap<Sid, Arc<Connection>>>,
    /// How many there may be.
    most: usize,
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("open", &self.open().len()).finish_non_exhaustive()
    }
}

impl Pages {
    fn open(&self) -> MutexGuard<'_, HashMap<Sid, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EngineIoHandler for Pages {
    type Data = Slot;

    fn on_connect(self: Arc<Self>, socket: Arc<Socket<Slot>>) {
        Connection::open(&self.app, &socket);
        if let Some(connection) = socket.data.connection() {
            let mut open = self.open();
            open.insert(socket.id, Arc::clone(connection));
            // Of those that come at the same time each was told that there is room.
            let too_many = open.len() > self.most;
            drop(open);
            if too_many {
                socket.close(DisconnectReason::ClosingServer);
            }
        }
    }

    fn on_disconnect(&self, socket: Arc<Socket<Slot>>, reason: DisconnectReason) {
        if let Some(connection) = self.open().remove(&socket.id) {
            connection.closed(&reason);
        }
    }

    fn on_message(self: &Arc<Self>, text: Str, socket: Arc<Socket<Slot>>) {
        if let Some(connection) = socket.data.connection() {
            connection.heard(&socket, &text);
        }
    }

    fn on_binary(self: &Arc<Self>, _: Bytes, socket: Arc<Socket<Slot>>) {
        if let Some(connection) = socket.data.connection() {
            connection.heard_binary();
        }
    }
}

impl Front {
    /// For at most so many connections.
    pub(super) fn new(app: &App, most: usize) -> Self {
        let pages = Arc::new(Pages { app: app.clone(), open: Mutex::default(), most });
        let counted = Arc::downgrade(&pages);
        app.metrics.gauge("socketio_connections", "Socket.IO connections.", move || {
            counted.upgrade().map_or(0, |pages| pages.open().len())
        });
        let limit = limit(app);
        let config = EngineIoConfig::builder()
            .req_path("/socket.io")
            .ping_interval(PING.0)
            .ping_timeout(PING.1)
            .upgrade_timeout(UPGRADE)
            .max_buffer_size(super::outlet::PLACES)
            .max_payload(ANSWER)
            .ws_max_message_size(limit)
            .ws_max_frame_size(limit)
            .build();
        let service = EngineIoService::with_config(Arc::clone(&pages), config);
        Self { app: app.clone(), pages, service }
    }

    /// The answer to a request.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let mut response = self.pass(request).await.unwrap_or_else(IntoResponse::into_response);
        let headers = response.headers_mut();
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        response
    }

    async fn pass(&self, request: Request) -> Result<Response, Problem> {
        let (mut parts, body) = request.into_parts();
        let length: usize =
            parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        let uri = parts.uri.path_and_query().map_or(0, |uri| uri.as_str().len());
        if length + uri > HEAD {
            return Err(Problem::too_large("The request's head", HEAD));
        }
        let query = parts.uri.query().unwrap_or_default();
        let sid = parameter(query, "sid").map(str::to_owned);
        match parts.method {
            Method::GET => {
                if sid.is_none() {
                    self.admit()?;
                }
                if parameter(query, "transport") == Some("websocket") {
                    check_upgrade(&parts.headers)?;
                }
            }
            Method::POST => {}
            _ => {
                let detail = "This address is asked with GET and POST.";
                return Err(Problem::new(Code::MethodNotAllowed, detail));
            }
        }
        let body = if parts.method == Method::POST {
            let limit = limit(&self.app);
            body::bytes(body, limit).await.inspect_err(|problem| {
                if problem.code == Code::TooLarge {
                    self.tell_too_large(sid.as_deref(), limit);
                }
            })?
        } else {
            Bytes::new()
        };
        let opens = sid.is_none() && parts.method == Method::GET;
        // The library keeps what it is given for as long as the connection lasts.
        let upgrade = parts.extensions.remove::<OnUpgrade>();
        parts.extensions.clear();
        let mut request = Request::from_parts(parts, Full::new(body));
        if let Some(upgrade) = upgrade {
            request.extensions_mut().insert(upgrade);
        }
        let Ok::<_, Infallible>(response) = self.service.clone().call(request).await;
        let response = response.map(Body::new);
        if opens && response.status().is_success() {
            return self.announced(response).await;
        }
        Ok(response)
    }

    /// The packet that opens a connection by polls, which says how much a page may send at once: as
    /// much as is read here, not as much as the library would.
    async fn announced(&self, response: Response) -> Result<Response, Problem> {
        let failed = || Problem::new(Code::Internal, "Something went wrong here. Try again.");
        let (mut parts, body) = response.into_parts();
        let packet = axum::body::to_bytes(body, HEAD).await.map_err(|_| failed())?;
        let packet = packet.strip_prefix(b"0").ok_or_else(failed)?;
        let mut open: Map<String, Value> = serde_json::from_slice(packet).map_err(|_| failed())?;
        open.insert("maxPayload".to_owned(), limit(&self.app).into());
        parts.headers.remove(header::CONTENT_LENGTH);
        Ok(Response::from_parts(parts, Body::from(format!("0{}", Value::Object(open)))))
    }

    /// May one more connection be opened?
    fn admit(&self) -> Result<(), Problem> {
        if *self.app.stopping.borrow() {
            let problem = Problem::new(Code::Unavailable, "The server is stopping. Come back.");
            return Err(problem.retry_after(1));
        }
        if self.pages.open().len() >= self.pages.most {
            let detail = "There are as many Socket.IO connections as there may be.";
            return Err(Problem::new(Code::Unavailable, detail).retry_after(30));
        }
        Ok(())
    }

    /// What was sent is not read to its end: the page hears of it, if it still listens.
    fn tell_too_large(&self, sid: Option<&str>, limit: usize) {
        let sid = sid.and_then(|sid| sid.parse().ok());
        let connection = sid.and_then(|sid: Sid| self.pages.open().get(&sid).cloned());
        if let Some(connection) = connection {
            connection.heard_too_much(limit);
        }
    }
}

/// A parameter as the library reads it, which decodes nothing: whoever read it otherwise would let
/// pass what the library takes for something else.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let value = |pair: &'a str| pair.strip_prefix(name)?.strip_prefix('=');
    query.split('&').find_map(value).map(|value| value.split('=').next().unwrap_or_default())
}

/// How large a request or a message may be; what is larger than a frame, but not by far, gets an
/// answer.
fn limit(app: &App) -> usize {
    app.limits.max_frame.saturating_mul(FAR_TOO_LARGE)
}

/// The library takes any request with a key for a handshake.
fn check_upgrade(headers: &HeaderMap) -> Result<(), Problem> {
    handshake::read(headers, &[])
        .map(|_| ())
        .map_err(|refusal| Problem::new(Code::UpgradeRequired, format!("No WebSocket: {refusal}.")))
}

/// `GET /socket.io/socket.io.js` and the like.
pub(super) async fn no_script() -> Problem {
    let detail = "The client's script is not served here: take socket.io-client from npm or a CDN.";
    Problem::new(Code::NotFound, detail)
}
