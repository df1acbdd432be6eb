//! Pages of other sites: which of them may read what the server answers, by the origins that its
//! owner allows (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! That they may read gives them no rights: cookies do not count for them, allowed or not (see
//! [`Site`](crate::auth::Site)), and no answer ever says that credentials may go along. Browsers
//! ask for none of this where a page opens a WebSocket; so the server looks at its origin itself.

use super::extract::is_same_site;
use crate::app::{App, Reach};
use crate::error::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nowcast_shared::error::Code;
use std::str::FromStr;
use url::{Origin as WebOrigin, Url};

/// What a page may send beside the headers that need no permission.
const SENT: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, token",
);

/// What a page may ask by.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");

/// What a page may read beside the headers that need no permission.
const READ: HeaderValue = HeaderValue::from_static(
    "etag, location, nowcast-next, nowcast-recovered, retry-after, www-authenticate",
);

/// For how many seconds a browser may remember a permission.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// An origin whose pages may read, as `--allow-origin` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `*`: every one.
    Any,
    /// This one, as browsers write it.
    One(String),
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let bad = || format!("`{text}` is no origin: scheme://host, with the port if it has one");
        let url = Url::parse(text).map_err(|_| bad())?;
        let bare =
            matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none();
        if !bare || !nobody || !url.has_host() {
            return Err(bad());
        }
        Ok(Self::One(match url.origin() {
            origin @ WebOrigin::Tuple(..) => origin.ascii_serialization(),
            // Those of browser extensions.
            WebOrigin::Opaque(_) => text.trim_end_matches('/').to_owned(),
        }))
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    any: bool,
    listed: Vec<String>,
}

impl Origins {
    /// As the flags name them.
    pub fn new(origins: &[Origin]) -> Self {
        let listed = origins.iter().filter_map(|origin| match origin {
            Origin::One(origin) => Some(origin.clone()),
            Origin::Any => None,
        });
        Self { any: origins.contains(&Origin::Any), listed: listed.collect() }
    }

    /// What a page of this origin is told of whether it may read; `None` if it may not.
    fn permission(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        if self.any {
            return Some(HeaderValue::from_static("*"));
        }
        let origin = origin?;
        self.listed
            .iter()
            .any(|listed| listed.as_bytes() == origin.as_bytes())
            .then(|| origin.clone())
    }
}

/// What a request asks of this, noted before it is answered.
pub(super) struct Asked {
    permission: Option<HeaderValue>,
    /// Whether the answer would be another one for other origins.
    varies: bool,
}

impl Asked {
    /// Looks at a request.
    pub(super) fn read(app: &App, headers: &HeaderMap) -> Self {
        let origins = &app.origins;
        let permission = origins.permission(headers.get(header::ORIGIN));
        Self { permission, varies: !origins.any && !origins.listed.is_empty() }
    }

    /// The answer to a request that is about permission alone, or is refused for lack of it.
    pub(super) fn answer(&self, app: &App, request: &Request) -> Option<Response> {
        let headers = request.headers();
        if let Some(permission) = &self.permission
            && request.method() == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        {
            let mut response = StatusCode::NO_CONTENT.into_response();
            response.headers_mut().extend([
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, permission.clone()),
                (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT),
                (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
            ]);
            return Some(response);
        }
        let refused = self.permission.is_none()
            && app.openness() != Reach::Everywhere
            && is_websocket(headers)
            && is_from_another_website(headers);
        refused.then(|| {
            let detail = "This server does not let pages of that site read it. Whoever runs it can \
                          allow them by --allow-origin.";
            Problem::new(Code::ForeignOrigin, detail).into_response()
        })
    }

    /// Says in the answer who may read it.
    pub(super) fn note(self, response: &mut Response) {
        let headers = response.headers_mut();
        if self.varies {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        // Some files are for everybody, and say so.
        let said = headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        if let Some(permission) = self.permission.filter(|_| !said) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, permission);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, READ);
        }
    }
}

/// What lets pages of every site load something, also those that are apart from all others
/// (COEP, <https://html.spec.whatwg.org/#coep>).
pub const FOR_EVERYBODY: [(HeaderName, HeaderValue); 2] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    ),
];

fn is_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|upgrade| upgrade.to_str().ok());
    upgrade.is_some_and(|upgrade| upgrade.to_ascii_lowercase().contains("websocket"))
}

/// Whether a page of another website asks. An extension of the browser is none: its person has
/// installed it, and has told it where to go.
fn is_from_another_website(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin = origin.to_str().unwrap_or("null");
    let website =
        origin == "null" || origin.starts_with("http://") || origin.starts_with("https://");
    website && !is_same_site(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_as_browsers_write_it() {
        let read = |text: &str| text.parse::<Origin>();
        let one = |text: &str| Ok(Origin::One(text.to_owned()));
        assert_eq!(read("*"), Ok(Origin::Any));
        assert_eq!(read("https://News.Example:443/"), one("https://news.example"));
        assert_eq!(read(" http://127.0.0.1:8000"), one("http://127.0.0.1:8000"));
        assert_eq!(read("chrome-extension://abc"), one("chrome-extension://abc"));
        for bad in
            ["", "news.example", "https://a/b", "https://a?b", "https://u@a", "null", "data:x"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn who_is_listed_is_told_so_by_name() {
        let value = HeaderValue::from_static;
        let listed = Origins::new(&[Origin::One("https://a.example".to_owned())]);
        let a = value("https://a.example");
        assert_eq!(listed.permission(Some(&a)), Some(a.clone()));
        for other in
            ["https://a.example.evil", "http://a.example", "https://a.example:8443", "null"]
        {
            assert_eq!(listed.permission(Some(&value(other))), None, "{other}");
        }
        assert_eq!(listed.permission(None), None);
        assert_eq!(Origins::new(&[Origin::Any]).permission(Some(&a)), Some(value("*")));
        assert_eq!(Origins::default().permission(Some(&a)), None);
    }
}
