//! Single requests to the server: JSON there, JSON or a problem (RFC 9457) back.

use crate::{dom, read};
use nowcast_shared::error::Code;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Blob, Headers, RequestInit, Response};

/// Why a request did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status; 0 if there was no answer at all.
    pub status: u16,
    /// The name of what went wrong, stable; empty if the answer did not come from Nowcast.
    pub code: String,
    /// For people.
    pub detail: String,
    /// How many seconds to wait before asking again, if the server said so.
    pub wait: Option<u32>,
}

impl Problem {
    /// There was no answer.
    pub fn unreachable() -> Self {
        let detail = "The server cannot be reached. Check your network and try again.".to_owned();
        Self { status: 0, code: String::new(), detail, wait: None }
    }

    /// There was no answer in time.
    pub fn unanswered() -> Self {
        let detail = "The server did not answer. Check your network and try again.".to_owned();
        Self { status: 0, code: String::new(), detail, wait: None }
    }

    /// Reads the answer to a request that was refused.
    pub fn read(status: u16, body: &JsValue, wait: Option<u32>) -> Self {
        let detail = read::text(body, "detail")
            .unwrap_or_else(|| "The server could not do that. Try again in a moment.".to_owned());
        Self { status, code: read::text(body, "code").unwrap_or_default(), detail, wait }
    }

    /// Whether the server, or what stands before it, is away for a moment, so that the same may be
    /// asked again.
    pub fn is_away(&self) -> bool {
        matches!(self.status, 0 | 502..=504) && (self.code.is_empty() || self.is(Code::Unavailable))
    }

    /// Whether it is this one.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.as_str()
    }
}

/// How long an answer may take, in milliseconds.
pub const PATIENCE: f64 = 15_000.0;
/// How long it may take when a file goes along.
const PATIENCE_FOR_FILES: f64 = 300_000.0;

/// What goes along with a request.
pub enum Payload<'a> {
    /// Nothing.
    Nothing,
    /// JSON, written already.
    Json(&'a str),
    /// A file as it is.
    File(&'a Blob),
}

/// GETs JSON.
pub async fn get(url: &str) -> Result<JsValue, Problem> {
    send("GET", url, Payload::Nothing, None).await
}

/// POSTs JSON; `null` where the answer has no body.
pub async fn post(url: &str, json: &str) -> Result<JsValue, Problem> {
    send("POST", url, Payload::Json(json), None).await
}

/// PUTs JSON.
pub async fn put(url: &str, json: &str) -> Result<JsValue, Problem> {
    send("PUT", url, Payload::Json(json), None).await
}

/// DELETEs.
pub async fn delete(url: &str) -> Result<JsValue, Problem> {
    send("DELETE", url, Payload::Nothing, None).await
}

/// Sends any request. It ends early, as unreachable, when `signal` says so; without one, when the
/// answer takes too long.
pub async fn send(
    method: &str,
    url: &str,
    payload: Payload<'_>,
    signal: Option<&AbortSignal>,
) -> Result<JsValue, Problem> {
    let patience = if matches!(payload, Payload::File(_)) { PATIENCE_FOR_FILES } else { PATIENCE };
    let text = ask(method, url, payload, signal, patience).await?;
    Ok(read::parse(&text).unwrap_or(JsValue::NULL))
}

/// Sends a request whose answer is JSON, and leaves that as its text, for whoever has to keep it to
/// the letter. The answer may take `patience` milliseconds.
pub async fn text(
    method: &str,
    url: &str,
    payload: Payload<'_>,
    patience: f64,
) -> Result<String, Problem> {
    ask(method, url, payload, None, patience).await
}

async fn ask(
    method: &str,
    url: &str,
    payload: Payload<'_>,
    signal: Option<&AbortSignal>,
    patience: f64,
) -> Result<String, Problem> {
    let init = RequestInit::new();
    init.set_method(method);
    let limit = if signal.is_none() { AbortController::new().ok() } else { None };
    let own_signal = limit.as_ref().map(AbortController::signal);
    init.set_signal(signal.or(own_signal.as_ref()));
    // It is stopped when this function ends, and what it has held until then is let go.
    let _timer = limit.map(|limit| {
        let timer = dom::Timer::new(move || limit.abort());
        timer.after(patience);
        timer
    });
    let silence = |_| match &own_signal {
        Some(signal) if signal.aborted() => Problem::unanswered(),
        _ => Problem::unreachable(),
    };
    match payload {
        Payload::Nothing => {}
        Payload::File(file) => init.set_body(file),
        Payload::Json(json) => {
            init.set_body(&JsValue::from_str(json));
            if let Ok(headers) = Headers::new() {
                // It only fails for a name or value that is not legal.
                let _ = headers.set("content-type", "application/json");
                init.set_headers(&headers);
            }
        }
    }
    let response = JsFuture::from(dom::window().fetch_with_str_and_init(url, &init)).await;
    let response: Response = response.and_then(JsCast::dyn_into).map_err(silence)?;
    let body = response.text().map_err(silence)?;
    let body = JsFuture::from(body).await.map_err(silence)?;
    let body = body.as_string().unwrap_or_default();
    if response.ok() {
        return Ok(body);
    }
    let body = read::parse(&body).unwrap_or(JsValue::NULL);
    let wait = response.headers().get("retry-after").ok().flatten();
    Err(Problem::read(response.status(), &body, wait.and_then(|wait| wait.parse().ok())))
}
