//! Where a page is opened and as whom.

use super::Http;
use crate::error::Error;
use nowcast_link::plan::Way;
use std::fmt;
use url::{Url, form_urlencoded};

/// By which way a page is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

    /// Its name: `websocket`, `sse` or `poll`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::LongPoll => "poll",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Way> for Transport {
    fn from(way: Way) -> Self {
        match way {
            Way::WebSocket => Self::WebSocket,
            Way::EventSource => Self::Sse,
            Way::LongPoll => Self::LongPoll,
        }
    }
}

/// How a request says who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Not at all.
    None,
    /// `Authorization: Bearer …`, as programs do.
    Token(String),
    /// A session cookie, `name=value`, as an admin's browser does.
    Cookie(String),
}

/// Without the secret: what is printed ends up in logs.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Token(_) => "Token(…)",
            Self::Cookie(_) => "Cookie(…)",
        })
    }
}

/// Where a page is opened, as whom, and what it has seen. What is in it is taken as it is: it is
/// the server that refuses.
#[derive(Clone)]
pub struct Address {
    http: Http,
    room: String,
    /// The query of every request, without what changes from one connection to the next.
    query: Vec<(String, String)>,
    since: Option<String>,
    pushed: Option<String>,
    page: Option<String>,
    wait: u64,
}

/// Without the query, which has secrets.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { http, room, since, pushed, page, .. } = self;
        f.debug_struct("Address")
            .field("http", http)
            .field("room", room)
            .field("since", since)
            .field("pushed", pushed)
            .field("page", page)
            .finish_non_exhaustive()
    }
}

impl Address {
    /// How long the server may hold a poll, in seconds, if nothing else is said.
    const WAIT: u64 = 25;

    /// A page of this room that has seen nothing yet.
    pub fn new(http: Http, room: impl Into<String>) -> Self {
        Self {
            http,
            room: room.into(),
            query: Vec::new(),
            since: None,
            pushed: None,
            page: None,
            wait: Self::WAIT,
        }
    }

    /// Says this in the query of every request, whatever it said there before: `client`, `person`,
    /// `name`, `token`, `id`, `invitation`.
    #[must_use]
    pub fn saying(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.retain(|(known, _)| known != name);
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// In another room.
    #[must_use]
    pub fn room(self, room: impl Into<String>) -> Self {
        Self { room: room.into(), ..self }
    }

    /// By requests like these.
    #[must_use]
    pub fn by(self, http: Http) -> Self {
        Self { http, ..self }
    }

    /// From after this position; from the room as it is if there is none.
    #[must_use]
    pub fn since(self, since: Option<String>) -> Self {
        Self { since, ..self }
    }

    /// As one that has seen this push last.
    #[must_use]
    pub fn pushed(self, pushed: Option<String>) -> Self {
        Self { pushed, ..self }
    }

    /// As this sort of page: `feed`, `admin` or `probe`.
    #[must_use]
    pub fn page(self, page: impl Into<String>) -> Self {
        Self { page: Some(page.into()), ..self }
    }

    /// With polls that wait so many seconds.
    #[must_use]
    pub fn wait(self, wait: u64) -> Self {
        Self { wait, ..self }
    }

    /// How it asks.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// The room's name.
    pub fn room_name(&self) -> &str {
        &self.room
    }

    /// What it has seen, as it says it.
    pub fn position(&self) -> Option<&str> {
        self.since.as_deref()
    }

    /// The newest push that it has seen.
    pub fn newest_push(&self) -> Option<&str> {
        self.pushed.as_deref()
    }

    /// What it says as this in its query.
    pub fn said(&self, name: &str) -> Option<&str> {
        let said = self.query.iter().find(|(known, _)| known == name);
        said.map(|(_, value)| value.as_str())
    }

    /// The path and query of one of the transports' addresses: `ws`, `sse`, `poll`.
    pub fn path(&self, end: &str) -> String {
        let mut path = self.start(end);
        for (name, value) in
            [("since", &self.since), ("page", &self.page), ("pushed", &self.pushed)]
        {
            if let Some(value) = value {
                add(&mut path, name, value);
            }
        }
        if end == "poll" {
            add(&mut path, "wait", &self.wait.to_string());
        }
        path
    }

    /// The path and query that the page's commands go to.
    pub fn commands(&self) -> String {
        self.start("commands")
    }

    fn start(&self, end: &str) -> String {
        let mut path = format!("/api/rooms/{}/{end}", self.room);
        for (name, value) in &self.query {
            add(&mut path, name, value);
        }
        path
    }

    /// As one that goes on without waiting.
    pub(super) fn at_once(&self) -> Self {
        Self { wait: 0, ..self.clone() }
    }

    /// Has seen this.
    pub(super) fn seen(&mut self, position: Option<String>) {
        self.since = position;
    }

    /// Was pushed this.
    pub(super) fn was_pushed(&mut self, id: String) {
        self.pushed = Some(id);
    }
}

/// Adds a parameter to an address.
fn add(path: &mut String, name: &str, value: &str) {
    path.push(if path.contains('?') { '&' } else { '?' });
    path.push_str(name);
    path.push('=');
    path.extend(form_urlencoded::byte_serialize(value.as_bytes()));
}

/// The address of a server as people write it, without a slash at its end.
pub(crate) fn server(text: &str) -> Result<String, Error> {
    let invalid = |why: &str| Error::Invalid(format!("{text} is no server's address: {why}"));
    let url: Url =
        text.trim().parse().map_err(|error: url::ParseError| invalid(&error.to_string()))?;
    let secure = url.scheme() == "https";
    if !secure && url.scheme() != "http" {
        return Err(invalid("it begins with http:// or https://"));
    }
    if secure && cfg!(not(feature = "tls")) {
        return Err(invalid("this program was built without TLS"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("it ends before any ? or #"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Invalid(
            "A server's address has no name and password in it.".to_owned(),
        ));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::new(Http::new("http://127.0.0.1:1", Credential::None).unwrap(), "main")
    }

    #[test]
    fn a_page_says_who_it_is_and_what_it_has_seen() {
        let page =
            address().saying("client", "c").saying("name", "Ana & Ben").saying("client", "d");
        assert_eq!(page.path("sse"), "/api/rooms/main/sse?name=Ana+%26+Ben&client=d");
        let page = page.since(Some("e1:5".to_owned())).pushed(Some("0".to_owned())).page("probe");
        let path = "/api/rooms/main/poll?name=Ana+%26+Ben&client=d&since=e1%3A5&page=probe&pushed=0&wait=25";
        assert_eq!(page.path("poll"), path);
        assert_eq!(page.commands(), "/api/rooms/main/commands?name=Ana+%26+Ben&client=d");
    }

    #[test]
    fn what_is_printed_has_no_secrets() {
        let secret = "a-secret-of-this-page";
        for credential in [Credential::Token(secret.into()), Credential::Cookie(secret.into())] {
            let http = Http::new("http://127.0.0.1:1", credential).unwrap();
            let page = Address::new(http, "main").saying("client", secret).saying("token", secret);
            assert!(!format!("{page:?}").contains(secret));
        }
    }

    #[test]
    fn a_servers_address_is_read_as_people_write_it() {
        assert_eq!(server("http://127.0.0.1:8080/").unwrap(), "http://127.0.0.1:8080");
        assert_eq!(server(" http://example.org/live/ ").unwrap(), "http://example.org/live");
        for bad in
            ["", "example.org", "ftp://example.org", "http://", "http://a/?b", "http://a:b@c"]
        {
            assert!(matches!(server(bad), Err(Error::Invalid(_))), "{bad}");
        }
        assert_eq!(server("https://example.org").is_ok(), cfg!(feature = "tls"));
    }
}
