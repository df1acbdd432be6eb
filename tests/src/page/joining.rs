//! How a page is opened: where, as whom, from which position, over which transport.

pub use nowcast_sdk::Transport;

use super::Page;
use crate::api::{self, Api, Credential, Problem};
use crate::wait::in_time;
use nowcast_sdk::Error;
use nowcast_sdk::wire::{Address, Http, Link};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Shorter than a test's patience, so that a poll that is answered with nothing is seen as that.
const WAIT: u64 = 10;

/// A page that is to be opened.
#[derive(Clone, Debug)]
pub struct Joining {
    pub(super) transport: Transport,
    pub(super) address: Address,
}

impl Joining {
    /// A new page in the main room.
    ///
    /// # Panics
    /// When the origin is none.
    pub fn new(transport: Transport, origin: impl Into<String>) -> Self {
        let address = Address::new(http(&origin.into(), Credential::None), "main").wait(WAIT);
        Self { transport, address: address.saying("client", new_client_id()) }
    }

    /// Over another transport.
    #[must_use]
    pub fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    fn changed(self, change: impl FnOnce(Address) -> Address) -> Self {
        Self { address: change(self.address), ..self }
    }

    /// From another address.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn at(self, origin: impl Into<String>) -> Self {
        let http = http(&origin.into(), self.address.http().credential().clone());
        self.changed(|address| address.by(http))
    }

    /// In another room.
    #[must_use]
    pub fn room(self, room: impl Into<String>) -> Self {
        self.changed(|address| address.room(room))
    }

    /// From where it left off.
    #[must_use]
    pub fn since(self, since: impl fmt::Display) -> Self {
        self.changed(|address| address.since(Some(since.to_string())))
    }

    /// From the beginning, as after a reload.
    #[must_use]
    pub fn anew(self) -> Self {
        self.changed(|address| address.since(None))
    }

    /// Whether it continues what it has seen.
    pub fn resumes(&self) -> bool {
        self.address.position().is_some()
    }

    /// With this client id instead of a new one.
    #[must_use]
    pub fn client(self, client: impl Into<String>) -> Self {
        self.saying("client", client)
    }

    /// As this sort of page (`feed`, `admin`, `probe`).
    #[must_use]
    pub fn role(self, role: &'static str) -> Self {
        self.changed(|address| address.page(role))
    }

    /// With a parameter in its query.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        self.saying(name, value)
    }

    /// Saying this in its query, whatever it said there before: `person`, `name`, `token`, `id`.
    #[must_use]
    pub fn saying(self, name: &str, value: impl Into<String>) -> Self {
        self.changed(|address| address.saying(name, value))
    }

    /// As if it had seen this push last.
    #[must_use]
    pub fn pushed(self, id: impl Into<String>) -> Self {
        self.changed(|address| address.pushed(Some(id.into())))
    }

    /// With the credential of whoever this is.
    ///
    /// # Panics
    /// When that is no credential.
    #[must_use]
    pub fn as_who(self, api: &Api) -> Self {
        let http = self.address.http().with(api.credential().clone()).expect("a credential");
        self.changed(|address| address.by(http))
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
        let opening = Link::open(self.transport, &self.address);
        let link = match in_time("a page is opened", opening).await {
            Ok(link) => link,
            Err(Error::Refused(problem)) => return Err(problem),
            Err(Error::Unreachable(why)) => return Err(api::unreachable(&why)),
            Err(other) => panic!("{self:?} cannot be opened: {other}"),
        };
        if let Link::Sse(stream) = &link {
            let cached =
                stream.headers().get("cache-control").and_then(|value| value.to_str().ok());
            let cached = cached.unwrap_or_default();
            assert!(cached.contains("no-store") || cached.contains("no-cache"), "{cached:?}");
        }
        Page::begin(self, link).await
    }

    /// Where it is opened by `endpoint` (`ws`, `sse`, `poll`), for readers of a test's own.
    pub fn address(&self, endpoint: &str) -> String {
        format!("{}{}", self.address.http().server(), self.address.path(endpoint))
    }
}

fn http(origin: &str, credential: Credential) -> Http {
    Http::new(origin, credential).expect("an origin and a credential")
}

/// A client id that no other page has, made as a page would: nobody can tell it from a random one.
pub fn new_client_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("client-of-a-test_{}_{count}", std::process::id())
}
