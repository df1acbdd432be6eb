//! How a page is opened: where, as whom, from which position, over which transport.

use super::{Link, Page, event_stream, long_poll, websocket};
use crate::api::{Api, Credential, Problem};
use crate::wait::in_time;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// By which way a page is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket.
    WebSocket,
    /// A server-sent event stream, with commands by POST.
    Sse,
    /// One long poll after the other, with commands by POST.
    LongPoll,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Sse, Self::LongPoll];
}

/// A page that is to be opened.
#[derive(Clone, Debug)]
pub struct Joining {
    pub(super) transport: Transport,
    pub(super) origin: String,
    pub(super) room: String,
    pub(super) client: String,
    pub(super) since: Option<String>,
    role: Option<&'static str>,
    /// More of its query, as `&name=value`, also where it sends commands by POST.
    pub(super) more: String,
    /// The newest push that it has seen.
    pub(super) pushed: Option<String>,
    pub(super) credential: Credential,
}

impl Joining {
    /// A new page in the main room.
    pub fn new(transport: Transport, origin: impl Into<String>) -> Self {
        Self {
            transport,
            origin: origin.into(),
            room: "main".to_owned(),
            client: new_client_id(),
            since: None,
            role: None,
            more: String::new(),
            pushed: None,
            credential: Credential::None,
        }
    }

    /// Over another transport.
    #[must_use]
    pub fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// From another address.
    #[must_use]
    pub fn at(self, origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), ..self }
    }

    /// In another room.
    #[must_use]
    pub fn room(self, room: impl Into<String>) -> Self {
        Self { room: room.into(), ..self }
    }

    /// From where it left off.
    #[must_use]
    pub fn since(self, since: impl fmt::Display) -> Self {
        Self { since: Some(since.to_string()), ..self }
    }

    /// From the beginning, as after a reload.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { since: None, ..self }
    }

    /// Whether it continues what it has seen.
    pub fn resumes(&self) -> bool {
        self.since.is_some()
    }

    /// With this client id instead of a new one.
    #[must_use]
    pub fn client(self, client: impl Into<String>) -> Self {
        Self { client: client.into(), ..self }
    }

    /// As this sort of page (`feed`, `admin`, `probe`).
    #[must_use]
    pub fn role(self, role: &'static str) -> Self {
        Self { role: Some(role), ..self }
    }

    /// With one more parameter in its query; the value is one that needs no encoding.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.more.extend(["&", name, "=", value]);
        self
    }

    /// Saying this in its query, whatever it said there before: `person`, `name`, `token`, `id`.
    #[must_use]
    pub fn saying(mut self, name: &str, value: impl Into<String>) -> Self {
        let said = format!("{name}=");
        let others = self.more.split('&').filter(|pair| !pair.starts_with(&said));
        // Each begins with its `&`, and so there is nothing before the first.
        self.more = others.collect::<Vec<_>>().join("&");
        let value: String = url::form_urlencoded::byte_serialize(value.into().as_bytes()).collect();
        self.with(name, &value)
    }

    /// As if it had seen this push last.
    #[must_use]
    pub fn pushed(self, id: impl Into<String>) -> Self {
        Self { pushed: Some(id.into()), ..self }
    }

    /// With the credential of whoever this is.
    #[must_use]
    pub fn as_who(self, api: &Api) -> Self {
        Self { credential: api.credential().clone(), ..self }
    }

    /// Opens it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open(self) -> Page {
        match self.clone().try_open().await {
            Ok(page) => page,
            Err(problem) => panic!("{self:?} was refused: {problem}"),
        }
    }

    /// Opens it, or says why the server does not let it. A server that is not there, or goes away
    /// before the session has begun, is a problem with the status 0.
    ///
    /// # Panics
    /// When the server answers neither with a session nor with a problem.
    pub async fn try_open(self) -> Result<Page, Problem> {
        let opening = async {
            Ok(match self.transport {
                Transport::WebSocket => Link::WebSocket(websocket::Link::open(&self).await?),
                Transport::Sse => Link::Sse(event_stream::Link::open(&self).await?),
                Transport::LongPoll => Link::LongPoll(long_poll::Link::open(&self).await?),
            })
        };
        let link = in_time("a page is opened", opening).await?;
        Page::begin(self, link).await
    }

    /// Where it is opened by `endpoint` (`ws`, `sse`, `poll`), for readers of a test's own.
    pub fn address(&self, endpoint: &str) -> String {
        format!("{}{}", self.origin, self.path(endpoint))
    }

    /// The path and query of a transport's address.
    pub(super) fn path(&self, endpoint: &str) -> String {
        let mut path = format!("/api/rooms/{}/{endpoint}?client={}", self.room, self.client);
        if let Some(since) = &self.since {
            path.push_str("&since=");
            path.push_str(since);
        }
        if let Some(role) = self.role {
            path.push_str("&page=");
            path.push_str(role);
        }
        path.push_str(&self.more);
        if let Some(pushed) = &self.pushed {
            path.push_str("&pushed=");
            path.push_str(pushed);
        }
        path
    }

    pub(super) fn api(&self) -> Api {
        Api::new(self.origin.clone(), self.credential.clone())
    }
}

/// A client id that no other page has, made as a page would: nobody can tell it from a random one.
pub fn new_client_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("client-of-a-test_{}_{count}", std::process::id())
}
