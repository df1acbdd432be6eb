//! The HTTP side's own description, held against everything that the journeys ask and are answered.
//!
//! The first request asks a server for its `/api/openapi.json`; from then on each answer has to be
//! one that is described there: the address and its method, the status, the type, the body, the
//! code of a refusal. What was asked has to be as well, where it was answered well.

use crate::wait::LIMIT;
use jsonschema::Validator;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY};
use reqwest::{Body, Client, IntoUrl, Method, Response, ResponseBuilderExt};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Names the algorithms of TLS, without which `reqwest` makes no client once the server's own use of it
/// is compiled beside it. Done by whatever comes first in a test: a server or an [`Api`](crate::api::Api).
pub fn prepare() {
    // Whoever was first named the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A request that is being made, as with [`reqwest::RequestBuilder`], whose answer is looked at.
#[derive(Debug)]
pub struct RequestBuilder(reqwest::RequestBuilder);

impl RequestBuilder {
    /// A request of this client.
    pub fn new(client: &Client, method: Method, url: impl IntoUrl) -> Self {
        Self(client.request(method, url))
    }

    /// Adds a header.
    #[must_use]
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        Self(self.0.header(name, value))
    }

    /// Replaces headers.
    #[must_use]
    pub fn headers(self, headers: HeaderMap) -> Self {
        Self(self.0.headers(headers))
    }

    /// With a token.
    #[must_use]
    pub fn bearer_auth(self, token: impl Display) -> Self {
        Self(self.0.bearer_auth(token))
    }

    /// With a name and a password.
    #[must_use]
    pub fn basic_auth(self, name: impl Display, password: Option<impl Display>) -> Self {
        Self(self.0.basic_auth(name, password))
    }

    /// Adds to the query.
    #[must_use]
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self {
        Self(self.0.query(query))
    }

    /// With a limit to how long it may take.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        Self(self.0.timeout(limit))
    }

    /// With a body.
    #[must_use]
    pub fn body(self, body: impl Into<Body>) -> Self {
        Self(self.0.body(body))
    }

    /// With JSON.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(self, json: &T) -> Self {
        Self(self.0.json(json))
    }

    /// With a form.
    #[must_use]
    pub fn form<T: Serialize + ?Sized>(self, form: &T) -> Self {
        Self(self.0.form(form))
    }

    /// Sends it, and holds the answer against the description.
    ///
    /// # Errors
    /// As [`reqwest::RequestBuilder::send`].
    ///
    /// # Panics
    /// When question or answer are not as described.
    pub async fn send(self) -> reqwest::Result<Response> {
        let (client, request) = self.0.build_split();
        let request = request?;
        let (method, url) = (request.method().clone(), request.url().clone());
        let kind = mime(request.headers());
        let body = request.body().and_then(|body| body.as_bytes().map(<[u8]>::to_vec));
        let answer = client.execute(request).await?;
        let ours = answer.headers().contains_key(REFERRER_POLICY);
        let endless = mime(answer.headers()).as_deref() == Some("text/event-stream");
        // What a proxy in between says in its own words is not described.
        let Some(contract) = Contract::of(&url.origin().ascii_serialization()).await else {
            return Ok(answer);
        };
        if !ours || endless {
            return Ok(answer);
        }
        let status = answer.status();
        let headers = answer.headers().clone();
        let bytes = answer.bytes().await?;
        let asked = Message { kind, body: body.as_deref().unwrap_or_default() };
        let given = Message { kind: mime(&headers), body: &bytes };
        if let Err(wrong) = contract.check(&method, url.path(), &asked, status.as_u16(), &given) {
            let body = String::from_utf8_lossy(&bytes);
            panic!(
                "{method} {url} answered {status}, which is not as described: {wrong}\n{body:.2000}"
            );
        }
        // The same answer again: its body was read.
        let mut again = http::Response::builder().status(status).url(url);
        if let Some(all) = again.headers_mut() {
            *all = headers;
        }
        Ok(again.body(bytes).expect("it was an answer").into())
    }
}

/// What goes one way.
pub struct Message<'b> {
    /// Its type without parameters.
    pub kind: Option<String>,
    /// All of its body.
    pub body: &'b [u8],
}

/// A description that messages can be held against.
pub struct Contract {
    document: Value,
    /// Those schemas that were used already.
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// The description of the servers that this program tests, once one could be asked.
    pub async fn of(origin: &str) -> Option<&'static Self> {
        static CONTRACT: OnceCell<Contract> = OnceCell::const_new();
        let fetched = CONTRACT.get_or_try_init(|| async {
            let client = Client::builder().timeout(LIMIT).build().map_err(drop)?;
            let answer = client.get(format!("{origin}/api/openapi.json")).send().await;
            let document: Value = answer.map_err(drop)?.json().await.map_err(drop)?;
            document["paths"].as_object().ok_or(())?;
            Ok::<_, ()>(Self::new(document))
        });
        fetched.await.ok()
    }

    /// From an OpenAPI document.
    pub fn new(document: Value) -> Self {
        Self { document, compiled: Mutex::default() }
    }

    /// The document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Whether a question and its answer are as described.
    ///
    /// # Errors
    /// What is not.
    pub fn check(
        &self,
        method: &Method,
        path: &str,
        asked: &Message<'_>,
        status: u16,
        given: &Message<'_>,
    ) -> Result<(), String> {
        if method == Method::OPTIONS {
            return Ok(());
        }
        let Some((template, methods)) = self.path(path) else {
            let file = !path.starts_with("/api/") && matches!(status, 200 | 304);
            return match status {
                404 | 405 => Ok(()),
                _ if file => Ok(()),
                _ => Err("there is no such address".to_owned()),
            };
        };
        let head = method == Method::HEAD;
        let name = if head { "get".to_owned() } else { method.as_str().to_lowercase() };
        let Some(operation) = methods.get(&name) else {
            let refused = matches!(status, 404 | 405);
            return if refused { Ok(()) } else { Err(format!("{template} has no such method")) };
        };
        if head && status == 405 {
            return Ok(());
        }
        let id = operation["operationId"].as_str().unwrap_or_default();
        let answers = &operation["responses"];
        let answer = answers.get(status.to_string()).ok_or_else(|| {
            let known: Vec<_> = answers.as_object().into_iter().flat_map(Map::keys).collect();
            format!("{id} has the statuses {known:?}")
        })?;
        match answer["content"].as_object() {
            None if given.body.is_empty() => {}
            None => return Err(format!("{id} {status} has no body")),
            Some(_) if head || given.body.is_empty() && answer.get("content").is_none() => {}
            Some(contents) => self.fits(&format!("{id} {status}"), contents, given)?,
        }
        match operation["requestBody"]["content"].as_object() {
            // What is refused may be anything, and some addresses take any type for theirs.
            Some(contents) if (200..300).contains(&status) && find(contents, asked).is_some() => {
                self.fits(&format!("{id} asked"), contents, asked)
            }
            _ => Ok(()),
        }
    }

    /// The described address that this is one of: those without parameters come first.
    fn path(&self, path: &str) -> Option<(&str, &Value)> {
        let paths = self.document["paths"].as_object()?;
        let exact = paths.get_key_value(path);
        let found = exact.or_else(|| {
            let fits = |template: &str| {
                let (mut parts, mut given) = (template.split('/'), path.split('/'));
                loop {
                    match (parts.next(), given.next()) {
                        (None, None) => return true,
                        (Some(part), Some(given))
                            if part == given || part.starts_with('{') && !given.is_empty() => {}
                        _ => return false,
                    }
                }
            };
            let few = |template: &&String| template.matches('{').count();
            let all = paths.keys().filter(|template| fits(template));
            all.min_by_key(few).and_then(|template| paths.get_key_value(template))
        });
        found.map(|(template, methods)| (template.as_str(), methods))
    }

    fn fits(
        &self,
        what: &str,
        contents: &Map<String, Value>,
        message: &Message<'_>,
    ) -> Result<(), String> {
        let Some((media, content)) = find(contents, message) else {
            let known: Vec<_> = contents.keys().collect();
            return Err(format!("{what} is of the types {known:?}, not {:?}", message.kind));
        };
        let value = if media.ends_with("json") {
            let read = serde_json::from_slice::<Value>(message.body);
            read.map_err(|error| format!("{what} is no JSON: {error}"))?
        } else if media == "application/x-www-form-urlencoded" {
            let pairs = url::form_urlencoded::parse(message.body);
            pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect()
        } else {
            return Ok(());
        };
        let Some(schema) = content.get("schema") else { return Ok(()) };
        let validator = self.validator(&format!("{what} {media}"), schema);
        let wrong: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{} at {:?}", error, error.instance_path().to_string()))
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("{what}: {}", wrong.join("; "))) }
    }

    fn validator(&self, name: &str, schema: &Value) -> Arc<Validator> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let known = compiled.entry(name.to_owned()).or_insert_with(|| {
            let whole = json!({"components": self.document["components"], "allOf": [schema]});
            let made = jsonschema::validator_for(&whole);
            Arc::new(made.unwrap_or_else(|error| panic!("the schema of {name}: {error}")))
        });
        Arc::clone(known)
    }
}

/// The described type that a message is of.
fn find<'c>(
    contents: &'c Map<String, Value>,
    message: &Message<'_>,
) -> Option<(&'c str, &'c Value)> {
    let kind = message.kind.as_deref()?;
    let fits = |media: &str| match media.strip_suffix('*') {
        Some(beginning) => kind.starts_with(beginning),
        None => media == kind,
    };
    let found = contents.iter().find(|(media, _)| fits(media));
    found.map(|(media, content)| (media.as_str(), content))
}

fn mime(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(kind.split(';').next()?.trim().to_ascii_lowercase())
}
