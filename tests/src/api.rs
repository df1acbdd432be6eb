//! HTTP as a program, a visitor or the admin speaks it.

pub use nowcast_sdk::Problem;
pub use nowcast_sdk::wire::Credential;

use crate::request::{self, RequestBuilder};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use std::fmt;

/// Somebody who asks a server.
#[derive(Clone, Debug)]
pub struct Api {
    http: Client,
    origin: String,
    credential: Credential,
}

/// The answer to a publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The new item's name.
    pub id: String,
    /// Its place in the log.
    pub offset: u64,
    /// When, in Unix milliseconds.
    pub at: i64,
}

/// What a page makes of no answer at all.
pub fn unreachable(why: &(impl fmt::Display + ?Sized)) -> Problem {
    let code = "unreachable".to_owned();
    Problem { status: 0, code, detail: why.to_string(), retry_after: None }
}

impl Api {
    /// Somebody with this credential.
    ///
    /// # Panics
    /// When there can be no HTTP client at all.
    pub fn new(origin: String, credential: Credential) -> Self {
        request::prepare();
        // Encodings are asked for by the tests that are about them.
        let http = Client::builder().no_brotli().no_gzip().build().expect("an HTTP client");
        Self { http, origin, credential }
    }

    /// The server's origin, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The credential, to give to a page.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The session cookie as `name=value`.
    ///
    /// # Panics
    /// When this is not somebody who logged in.
    pub fn cookie(&self) -> &str {
        match &self.credential {
            Credential::Cookie(cookie) => cookie,
            other => panic!("{other:?} is no cookie"),
        }
    }

    /// A request for this path, with the credential.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = format!("{}{path}", self.origin);
        let request = RequestBuilder::new(&self.http, method, address);
        match &self.credential {
            Credential::None => request,
            Credential::Token(token) => request.bearer_auth(token),
            // A browser that sends a cookie says where from.
            Credential::Cookie(cookie) => {
                request.header("cookie", cookie).header("origin", &self.origin)
            }
        }
    }

    /// A GET.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A PUT.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A DELETE.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Logs in; what comes back asks with the session's cookie.
    ///
    /// # Panics
    /// When the login fails.
    pub async fn login(&self, password: &str) -> Self {
        let answer = self.post("/api/login").json(&json!({"password": password})).send().await;
        let answer = expect_status(answer.expect("an answer to the login"), 204).await;
        let cookie = answer.headers()["set-cookie"].to_str().expect("a cookie is ASCII");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Self::new(self.origin.clone(), Credential::Cookie(cookie))
    }

    /// Publishes an item in a room; a new one, so 201.
    ///
    /// # Panics
    /// When the server does not take it.
    pub async fn publish_in(&self, room: &str, kind: &str, data: Value) -> Published {
        let request = self.post(&format!("/api/rooms/{room}/items"));
        let answer = request.json(&json!({"kind": kind, "data": data})).send().await;
        let answer = expect_status(answer.expect("an answer to the publish"), 201).await;
        Published::read(&answer.json().await.expect("a JSON body"))
    }

    /// Publishes an item in the main room.
    ///
    /// # Panics
    /// When the server does not take it.
    pub async fn publish(&self, kind: &str, data: Value) -> Published {
        self.publish_in("main", kind, data).await
    }

    /// Publishes a message in the main room.
    ///
    /// # Panics
    /// When the server does not take it.
    pub async fn say(&self, text: impl Into<String>) -> Published {
        self.publish("message", json!({"text": text.into()})).await
    }

    /// Sends a command by POST, as a program does.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn command(&self, command: Value) -> Response {
        let request = self.post("/api/rooms/main/commands").json(&json!({"command": command}));
        request.send().await.expect("an answer to the command")
    }

    /// The JSON at this path.
    ///
    /// # Panics
    /// When the answer is not 200 with JSON.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).send().await.expect("an answer");
        expect_status(answer, 200).await.json().await.expect("a JSON body")
    }
}

impl Published {
    /// Reads `{"id","offset","at"}`.
    ///
    /// # Panics
    /// When it is something else.
    pub fn read(body: &Value) -> Self {
        let read = || {
            Some(Self {
                id: body["id"].as_str()?.to_owned(),
                offset: body["offset"].as_u64()?,
                at: body["at"].as_i64()?,
            })
        };
        read().unwrap_or_else(|| panic!("{body} is not what a publish is answered with"))
    }
}

/// The same answer, if its status is this one.
///
/// # Panics
/// When it is another; the message has the body.
pub async fn expect_status(answer: Response, status: u16) -> Response {
    if answer.status() == StatusCode::from_u16(status).expect("a status") {
        return answer;
    }
    let (was, url) = (answer.status(), answer.url().clone());
    let body = answer.text().await.unwrap_or_default();
    panic!("{url} answered {was} instead of {status}: {body}");
}

/// Reads an error, and makes sure that it is one in every respect.
///
/// # Panics
/// When the answer is no problem document, or not a good one.
pub async fn problem(answer: Response) -> Problem {
    let status = answer.status().as_u16();
    let url = answer.url().clone();
    let content_type = answer.headers().get("content-type").cloned();
    let body = answer.text().await.expect("a body");
    assert!((400..600).contains(&status), "{url} answered {status}: {body}");
    let kind = content_type.as_ref().and_then(|value| value.to_str().ok());
    Problem::read(status, kind, body.as_bytes())
        .unwrap_or_else(|told| panic!("{url} answered with no problem document: {told}"))
}

/// Makes sure that an answer is the error that was expected.
///
/// # Panics
/// When it is not.
pub async fn expect_problem(answer: Response, status: u16, code: &str) -> Problem {
    let url = answer.url().clone();
    let problem = problem(answer).await;
    assert_eq!((problem.status, problem.code.as_str()), (status, code), "{url}: {problem}");
    problem
}
