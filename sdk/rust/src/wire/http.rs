//! Requests: publishing, commands, and what event streams and polls are made of.

use super::address::{Credential, server};
use crate::error::{Error, Problem};
use crate::tls;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use nowcast_shared::error::Code;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::ItemId;
use nowcast_shared::offset::Offset;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;
use tokio::time::timeout;

/// How long an answer that waits for nothing may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest answer that is read: a poll may bring a whole snapshot.
const LARGEST: usize = 64 * 1024 * 1024;

/// Asks one server, with one credential. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Http {
    client: Client<tls::Connector, Full<Bytes>>,
    server: String,
    credential: Credential,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, credential, .. } = self;
        f.debug_struct("Http").field("server", server).field("credential", credential).finish()
    }
}

/// What a publisher is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Published {
    /// The new item's name.
    pub id: ItemId,
    /// Its place in the log.
    pub offset: Offset,
    /// When it was kept, in Unix milliseconds.
    pub at: i64,
    /// Whether it had been published by an earlier request with the same key.
    #[serde(skip)]
    pub repeated: bool,
}

/// An item that is to be published once under a key of the caller's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewKeyed {
    /// The idempotency key.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// Its data.
    pub data: Value,
}

impl Http {
    /// For the server at this address, as in `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// If it is no address of a server, or the credential cannot stand in a header.
    pub fn new(address: &str, credential: Credential) -> Result<Self, Error> {
        let server = server(address)?;
        let client = Client::builder(TokioExecutor::new()).build(tls::connector()?);
        let this = Self { client, server, credential };
        this.headers()?;
        Ok(this)
    }

    /// The same, with another credential.
    ///
    /// # Errors
    /// If that cannot stand in a header.
    pub fn with(&self, credential: Credential) -> Result<Self, Error> {
        let this = Self { credential, ..self.clone() };
        this.headers()?;
        Ok(this)
    }

    /// Where the server is, without a slash at the end.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// As whom it asks.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// What says who asks.
    pub(super) fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
        let value = |text: &str| {
            let mut value = HeaderValue::from_str(text).map_err(|_| {
                Error::Invalid("The token has characters that no token has.".to_owned())
            })?;
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(match &self.credential {
            Credential::None => Vec::new(),
            Credential::Token(token) => {
                vec![(header::AUTHORIZATION, value(&format!("Bearer {token}"))?)]
            }
            // A browser that sends a cookie says where from.
            Credential::Cookie(cookie) => {
                vec![(header::COOKIE, value(cookie)?), (header::ORIGIN, value(&self.server)?)]
            }
        })
    }

    /// Sends a request; the answer, whatever it is.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        more: &[(HeaderName, &str)],
        body: Option<String>,
    ) -> Result<Response<Incoming>, Error> {
        let invalid = |error: &dyn fmt::Display| Error::Invalid(error.to_string());
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.server));
        for (name, value) in self.headers()? {
            request = request.header(name, value);
        }
        for (name, value) in more {
            request = request.header(name, *value);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = Full::new(Bytes::from(body.unwrap_or_default()));
        let request = request.body(body).map_err(|error| invalid(&error))?;
        self.client.request(request).await.map_err(|error| unreachable(&error))
    }

    /// Publishes an item, and says at once what came of it. The same key makes the same item once,
    /// however often it is sent.
    ///
    /// # Errors
    /// If the server does not take it or does not answer.
    pub async fn publish(
        &self,
        room: &str,
        key: &str,
        kind: &str,
        data: &Value,
    ) -> Result<Published, Error> {
        let path = format!("/api/rooms/{room}/items");
        let key = (HeaderName::from_static("idempotency-key"), key);
        let body = json!({"kind": kind, "data": data}).to_string();
        let answer = self.ask(&path, &[key], body).await?;
        let repeated = answer.status() == StatusCode::OK;
        let published: Published = read(answer).await?;
        Ok(Published { repeated, ..published })
    }

    /// Publishes many items, each under its key, in their order; what came of each.
    ///
    /// # Errors
    /// If the server does not take them or does not answer.
    pub async fn publish_all(
        &self,
        room: &str,
        items: &[NewKeyed],
    ) -> Result<Vec<Result<Published, Problem>>, Error> {
        #[derive(Deserialize)]
        struct Told {
            items: Vec<One>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum One {
            Published {
                #[serde(flatten)]
                published: Published,
                repeated: bool,
            },
            Refused {
                code: String,
                detail: String,
            },
        }
        let path = format!("/api/rooms/{room}/items/batch");
        let answer = self.ask(&path, &[], json!({"items": items}).to_string()).await?;
        let told: Told = read(answer).await?;
        if told.items.len() != items.len() {
            return Err(Error::Broken("it says nothing of some items".to_owned()));
        }
        let read = |one| match one {
            One::Published { published, repeated } => Ok(Published { repeated, ..published }),
            One::Refused { code, detail } => {
                let status = Code::from_name(&code).map_or(422, Code::status);
                Err(Problem { status, code, detail, retry_after: None })
            }
        };
        Ok(told.items.into_iter().map(read).collect())
    }

    /// Sends a page's or program's frame to the address of its commands; the frame that answers it.
    ///
    /// # Errors
    /// If the server refuses the command or does not answer.
    pub async fn command(&self, path: &str, frame: String) -> Result<ServerFrame<Value>, Error> {
        read(self.ask(path, &[], frame).await?).await
    }

    /// Posts JSON; the answer, if it is no refusal.
    async fn ask(
        &self,
        path: &str,
        more: &[(HeaderName, &str)],
        body: String,
    ) -> Result<Response<Incoming>, Error> {
        let sending = self.send(Method::POST, path, more, Some(body));
        let answer = timeout(PATIENCE, sending).await.map_err(|_| late())??;
        if answer.status().is_success() { Ok(answer) } else { Err(refusal(answer).await) }
    }
}

/// Reads an answer that is JSON.
async fn read<T: for<'a> Deserialize<'a>>(answer: Response<Incoming>) -> Result<T, Error> {
    let body = timeout(PATIENCE, whole(answer)).await.map_err(|_| late())??;
    serde_json::from_slice(&body).map_err(|_| Error::Broken(crate::error::excerpt(&body)))
}

/// The whole of an answer's body.
pub(super) async fn whole(answer: Response<Incoming>) -> Result<Bytes, Error> {
    let body = Limited::new(answer.into_body(), LARGEST).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|error| unreachable(&*error))
}

/// Why a request was refused.
pub(super) async fn refusal(answer: Response<Incoming>) -> Error {
    let status = answer.status().as_u16();
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let wait = retry_after(&answer);
    match timeout(PATIENCE, whole(answer)).await {
        Ok(Ok(body)) => {
            let kind = kind.as_ref().and_then(|kind| kind.to_str().ok());
            refused(status, kind, wait, &body)
        }
        Ok(Err(error)) => error,
        Err(_) => late(),
    }
}

/// What a refusal's status, type and body mean. A proxy in between that cannot reach the server
/// answers in words of its own.
pub(super) fn refused(status: u16, kind: Option<&str>, wait: Option<u64>, body: &[u8]) -> Error {
    match Problem::read(status, kind, body) {
        Ok(problem) => Error::Refused(Problem { retry_after: wait, ..problem }),
        Err(why) if matches!(status, 502..=504) => match wait {
            Some(retry_after) => Error::Busy { why, retry_after },
            None => Error::Unreachable(why),
        },
        Err(told) => Error::Broken(told),
    }
}

fn retry_after(answer: &Response<Incoming>) -> Option<u64> {
    answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

fn late() -> Error {
    Error::Unreachable("no answer came in time".to_owned())
}

/// What there was instead of an answer, down to the cause: "connection refused" says more than
/// "client error".
fn unreachable(error: &(dyn std::error::Error + 'static)) -> Error {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Error::Unreachable(cause.to_string())
}
