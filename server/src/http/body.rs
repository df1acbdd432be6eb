//! Bodies: read up to a limit, then as JSON or as a form.

use crate::error::Problem;
use crate::json;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use nowcast_shared::error::Code;
use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::str::Utf8Error;
use std::time::Duration;
use tokio::time::Instant;

/// How long a body may pause, and how long it may take altogether.
const PAUSE: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_mins(5);

/// What a body claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `application/json` and `…+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// Anything else, or nothing.
    Other,
}

/// What the headers say of the body.
pub(crate) fn kind(headers: &HeaderMap) -> Kind {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mime = text.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match mime.to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Kind::Form,
        "multipart/form-data" => Kind::Multipart,
        mime if mime == "application/json" || mime.ends_with("+json") => Kind::Json,
        _ => Kind::Other,
    }
}

/// The whole body.
///
/// # Errors
/// `too_large` past `limit` bytes; the rest is not read.
pub(crate) async fn bytes(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut body = Limited::new(body, limit);
    let mut whole = Vec::new();
    let deadline = Instant::now() + WHOLE;
    loop {
        let patience = deadline.min(Instant::now() + PAUSE);
        let frame = tokio::time::timeout_at(patience, body.frame())
            .await
            .map_err(|_| Problem::new(Code::TimedOut, "The body took too long to come."))?;
        match frame {
            None => return Ok(whole.into()),
            Some(Ok(frame)) => whole.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
            Some(Err(error)) if error.is::<LengthLimitError>() => {
                return Err(Problem::too_large("The body", limit));
            }
            Some(Err(_)) => {
                let detail = "The body ended before it was whole.";
                return Err(Problem::new(Code::BadRequest, detail));
            }
        }
    }
}

/// The body as JSON of a certain shape.
pub(crate) async fn json<T: DeserializeOwned>(
    request: Request,
    limit: usize,
) -> Result<T, Problem> {
    match kind(request.headers()) {
        Kind::Json | Kind::Other => {}
        Kind::Form | Kind::Multipart => {
            let detail = "Send JSON here, as Content-Type: application/json.";
            return Err(Problem::new(Code::UnsupportedType, detail));
        }
    }
    parse(&bytes(request.into_body(), limit).await?)
}

/// The body as any JSON.
pub(crate) async fn value(request: Request, limit: usize) -> Result<Value, Problem> {
    if let Kind::Form | Kind::Multipart = kind(request.headers()) {
        let detail = "Send JSON here, as Content-Type: application/json.";
        return Err(Problem::new(Code::UnsupportedType, detail));
    }
    any(&bytes(request.into_body(), limit).await?)
}

fn any(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
    json::read(text)
}

/// Bytes as JSON of a certain shape.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = any(bytes)?;
    // Sequences would do for structs, but nobody should come to rely on it.
    if !value.is_object() {
        return Err(Problem::new(Code::BadRequest, "A JSON object is asked for here."));
    }
    serde_json::from_value(value).map_err(|error| Problem::new(Code::BadRequest, shape(&error)))
}

/// What is wrong with the shape of a JSON value, in words that say nothing of our code.
pub(crate) fn shape(error: &serde_json::Error) -> String {
    let told = error.to_string();
    if told.contains("struct") || told.contains("variant") || told.contains("enum") {
        "This JSON is not what is asked for here.".to_owned()
    } else {
        format!("This JSON is not what is asked for here: {told}.")
    }
}

/// A form's fields as text, by either of the two ways in which browsers send them.
pub async fn form(request: Request, limit: usize) -> Result<Map<String, Value>, Problem> {
    let fields: Map<_, _> = if kind(request.headers()) == Kind::Multipart {
        multipart(request, limit).await?
    } else {
        let bytes = bytes(request.into_body(), limit).await?;
        let pairs = pairs(&bytes).map_err(|_| not_utf8())?;
        pairs.into_iter().map(|(key, value)| (key, Value::String(value))).collect()
    };
    // As JSON it would be something else.
    if fields.contains_key(json::RAW) {
        return Err(Problem::new(Code::BadForm, "A field of this form has a name of our own."));
    }
    Ok(fields)
}

async fn multipart(request: Request, limit: usize) -> Result<Map<String, Value>, Problem> {
    let bad = || Problem::new(Code::BadForm, "This form cannot be read.");
    let (parts, body) = request.into_parts();
    let body = bytes(body, limit).await?;
    let request = Request::from_parts(parts, Body::from(body));
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| bad())?;
    let mut fields = Map::new();
    while let Some(field) = form.next_field().await.map_err(|_| bad())? {
        let name = field.name().unwrap_or_default().to_owned();
        let value = field.bytes().await.map_err(|_| bad())?;
        let value = String::from_utf8(value.into()).map_err(|_| not_utf8())?;
        fields.insert(name, value.into());
    }
    Ok(fields)
}

fn not_utf8() -> Problem {
    Problem::new(Code::BadUtf8, "The body is not UTF-8.")
}

/// The pairs of a query or a form (<https://url.spec.whatwg.org/#urlencoded-parsing>), but with
/// bytes that are not UTF-8 refused instead of replaced.
pub(crate) fn pairs(text: &[u8]) -> Result<Vec<(String, String)>, Utf8Error> {
    let decode = |part: &[u8]| -> Result<String, Utf8Error> {
        let spaced: Vec<u8> =
            part.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        Ok(percent_decode(&spaced).decode_utf8()?.into_owned())
    };
    let parts = text.split(|&byte| byte == b'&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let middle = part.iter().position(|&byte| byte == b'=').unwrap_or(part.len());
            let value = part.get(middle + 1..).unwrap_or_default();
            Ok((decode(&part[..middle])?, decode(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let pairs = pairs(b"kind=message&text=a+b%26c%C3%A4&&empty=&bare").unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(
            pairs,
            [("kind", "message"), ("text", "a b&c\u{e4}"), ("empty", ""), ("bare", "")]
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        assert!(pairs(b"text=%ff").is_err());
        assert!(pairs(b"%c3=x").is_err());
        assert!(pairs(b"text=\xff").is_err());
    }

    #[test]
    fn the_wrong_shape_is_told_from_no_json() {
        assert_eq!(parse::<Vec<u8>>(b"[").unwrap_err().code, Code::BadJson);
        assert_eq!(parse::<Vec<u8>>(b"{}").unwrap_err().code, Code::BadRequest);
        assert_eq!(parse::<Vec<u8>>(b"[1]").unwrap_err().code, Code::BadRequest);
        assert_eq!(parse::<Vec<u8>>(b"\xff").unwrap_err().code, Code::BadUtf8);
    }
}
