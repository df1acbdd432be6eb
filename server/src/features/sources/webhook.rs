//! What others deliver: `POST /api/sources/{id}`, signed as GitHub does it, or with a token or a
//! password.

use super::settings::{Auth, Kind};
use super::status::Phase;
use super::vault::Secrets;
use super::worker::{Over, Tally, Worker};
use super::{Source, Sources, api};
use crate::error::Problem;
use crate::http::body;
use crate::json;
use crate::limiter::Limiter;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use nowcast_shared::error::Code;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// The largest delivery, in bytes.
const LIMIT: usize = 1024 * 1024;
/// How many records one may bring.
const RECORDS: usize = 1000;
/// How many may be on their way at once, for all sources: each may hold as much as is allowed.
pub(super) const AT_ONCE: usize = 64;
/// How many of them to one source: whoever knows its address, and no secret, keeps nobody from the
/// others.
pub(super) const EACH: usize = 8;
/// How long one may take to come.
const WHOLE: Duration = Duration::from_secs(10);
/// How many a second a source takes, and how many at once.
const RATE: (u32, u32) = (20, 100);

/// What the tests of a source hear of what is delivered to it.
#[derive(Clone, Debug)]
pub(super) enum Delivery {
    /// These records, each maybe with a name beside what it says.
    Records(Arc<Vec<(Value, Option<String>)>>),
    /// Something that cannot be read.
    Malformed,
}

/// How many deliveries may wait for a test to look at them. No delivery waits for that: where a test
/// does not keep up, it misses some.
pub(super) const UNSEEN: usize = 8;

/// How many deliveries a source takes.
pub(super) fn limiter() -> Limiter {
    Limiter::new(RATE.0, RATE.1)
}

/// `POST /api/sources/{id}`: `{"published":n,"held":n,"dropped":n}`, when it is kept; 202 where a test
/// alone has it.
pub(super) async fn deliver(
    Extension(sources): Extension<Arc<Sources>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let source = sources.find(&id).filter(|source| source.settings.kind == Kind::Webhook);
    let source = source.ok_or_else(api::unknown)?;
    let secrets = sources.secrets(&source)?;
    // Whoever shows a secret in the headers is known before anything is read.
    let by_headers = shows_secret(&source, &secrets, request.headers())?;
    let slow = || Problem::new(Code::RateLimited, "Too many deliveries. Slow down.").retry_after(1);
    let own = Arc::clone(&source.arriving).try_acquire_owned().map_err(|_| slow())?;
    let place = Arc::clone(&sources.deliveries).try_acquire_owned().map_err(|_| slow())?;
    let headers = request.headers().clone();
    let read = tokio::time::timeout(WHOLE, body::bytes(request.into_body(), LIMIT)).await;
    let late = || Problem::new(Code::TimedOut, "The body took too long to come.");
    let bytes = read.map_err(|_| late())??;
    if !by_headers && !is_signed(&secrets, &headers, &bytes) {
        let detail = "The signature in X-Hub-Signature-256 is not that of this body and the source's secret.";
        return Err(Problem::new(Code::BadSignature, detail));
    }
    if !super::lock(&source.deliveries).admit() {
        return Err(slow());
    }
    let records = match records(&headers, &bytes) {
        Ok(records) => records,
        Err(problem) => {
            source.status.malformed(1);
            // That nobody listens is no failure.
            let _ = source.tests.send(Delivery::Malformed);
            return Err(problem);
        }
    };
    // What whoever delivers calls it, unless the map finds a name in it.
    let name = name(&headers).filter(|_| records.len() == 1);
    let records: Vec<_> = records.into_iter().map(|record| (record, name.clone())).collect();
    let records = Arc::new(records);
    let tested = source.tests.send(Delivery::Records(Arc::clone(&records))).is_ok();
    // Whoever does not wait for the answer delivers it once more; by then it is known what it was.
    super::to_its_end(async move {
        let _places = (own, place);
        let mut desk = source.desk.lock().await;
        match desk.as_mut() {
            Some(worker) => take(&source, worker, &records).await.map(IntoResponse::into_response),
            None if tested && sources.is_stopped(&source.id) => {
                let tally = Tally { dropped: records.len() as u64, ..Tally::default() };
                Ok((StatusCode::ACCEPTED, tell(tally)).into_response())
            }
            None => {
                let detail = "This source does not run. Start it first.";
                Err(Problem::new(Code::Unavailable, detail).retry_after(60))
            }
        }
    })
    .await
}

/// Has these dealt with.
async fn take(
    source: &Source,
    worker: &mut Worker,
    records: &[(Value, Option<String>)],
) -> Result<Json<Value>, Problem> {
    match worker.take(records).await {
        Ok(tally) => {
            // What was in its way is not any more.
            source.status.turn(Phase::Following);
            Ok(tell(tally))
        }
        Err(Over::Failed) => {
            let detail = "This source cannot publish: its state says why.";
            Err(Problem::new(Code::Unavailable, detail).retry_after(60))
        }
        Err(Over::Ending) => {
            Err(Problem::new(Code::Unavailable, "The server is stopping.").retry_after(1))
        }
    }
}

fn tell(Tally { published, held, dropped }: Tally) -> Json<Value> {
    Json(json!({"published": published, "held": held, "dropped": dropped}))
}

/// Whether the headers show the secret; false if the body's signature has to.
///
/// # Errors
/// `unauthorized` where they should and do not, `bad_signature` without a signature.
fn shows_secret(source: &Source, secrets: &Secrets, headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(secret) = &secrets.secret else {
        return Err(Problem::new(
            Code::Unauthorized,
            "This source takes nothing without a secret.",
        ));
    };
    let given = headers.get(header::AUTHORIZATION).map(axum::http::HeaderValue::as_bytes);
    let (shown, detail) = match &source.settings.auth {
        Auth::Hmac | Auth::None if headers.contains_key(SIGNATURE) => return Ok(false),
        Auth::Hmac | Auth::None => {
            let detail = "Sign the body: X-Hub-Signature-256: sha256=… (HMAC-SHA256 with the source's secret).";
            return Err(Problem::new(Code::BadSignature, detail));
        }
        Auth::Bearer => (
            given
                .and_then(|given| after(given, b"bearer "))
                .is_some_and(|token| same(token, secret.as_bytes())),
            "Send the source's secret as Authorization: Bearer SECRET.",
        ),
        Auth::Basic { user } => {
            let pair = given.and_then(|given| STANDARD.decode(after(given, b"basic ")?).ok());
            let wanted = format!("{user}:{secret}");
            (
                pair.is_some_and(|pair| same(&pair, wanted.as_bytes())),
                "Send the source's user and secret as Authorization: Basic.",
            )
        }
    };
    if shown { Ok(true) } else { Err(Problem::new(Code::Unauthorized, detail)) }
}

/// What follows a scheme, whose case does not matter.
fn after<'v>(value: &'v [u8], scheme: &[u8]) -> Option<&'v [u8]> {
    let (start, rest) = value.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then(|| rest.trim_ascii())
}

/// Whether both are the same. Of two hashes nobody learns how far they agree from how long it takes.
fn same(one: &[u8], two: &[u8]) -> bool {
    Sha256::digest(one) == Sha256::digest(two)
}

/// The signature, as GitHub calls it.
const SIGNATURE: &str = "x-hub-signature-256";

/// Whether the body is signed with the secret.
fn is_signed(secrets: &Secrets, headers: &HeaderMap, body: &[u8]) -> bool {
    let given = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let given = given.and_then(|given| from_hex(given.trim().strip_prefix("sha256=")?));
    let secret = secrets.secret.as_ref().map(String::as_bytes);
    let (Some(given), Some(secret)) = (given, secret) else { return false };
    // A key may be of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    mac.update(body);
    // In constant time.
    mac.verify_slice(&given).is_ok()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

/// What the delivery itself is called.
fn name(headers: &HeaderMap) -> Option<String> {
    let names = ["x-github-delivery", "idempotency-key", "webhook-id"];
    let found = names.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    found.filter(|name| !name.is_empty() && name.len() <= 200).map(str::to_owned)
}

/// The records of a delivery: JSON, a list of them each for itself, or a form with JSON as `payload`.
fn records(headers: &HeaderMap, bytes: &[u8]) -> Result<Vec<Value>, Problem> {
    let not_utf8 = || Problem::new(Code::BadUtf8, "The body is not UTF-8.");
    let value = match body::kind(headers) {
        body::Kind::Form => {
            let pairs = body::pairs(bytes).map_err(|_| not_utf8())?;
            let payload = pairs.into_iter().find(|(name, _)| name == "payload");
            let lacking =
                || Problem::new(Code::BadForm, "The form lacks a field `payload` with JSON.");
            json::read(&payload.ok_or_else(lacking)?.1)?
        }
        body::Kind::Multipart => {
            let detail = "Deliver JSON, or a form with JSON as `payload`.";
            return Err(Problem::new(Code::UnsupportedType, detail));
        }
        body::Kind::Json | body::Kind::Other => {
            json::read(std::str::from_utf8(bytes).map_err(|_| not_utf8())?)?
        }
    };
    match value {
        Value::Array(all) if all.len() > RECORDS => {
            let detail = format!("A delivery has at most {RECORDS} records.");
            Err(Problem::new(Code::BadRequest, detail))
        }
        Value::Array(all) => Ok(all),
        one => Ok(vec![one]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn secrets(secret: &str) -> Secrets {
        Secrets { secret: Some(secret.to_owned()), ..Secrets::default() }
    }

    /// GitHub's own example ("Validating webhook deliveries").
    #[test]
    fn a_signature_is_made_as_github_makes_it() {
        let given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secret = secrets("It's a Secret to Everybody");
        let signed =
            |given: &str, body: &[u8]| is_signed(&secret, &headers(&[(SIGNATURE, given)]), body);
        assert!(signed(given, b"Hello, World!"));
        assert!(signed(&given.to_uppercase().replace("SHA256", "sha256"), b"Hello, World!"));
        assert!(!signed(given, b"Hello, World"));
        assert!(!signed(&given.replace("757", "758"), b"Hello, World!"));
        for odd in ["", "sha256=", "sha1=757107", &given[..70], &given.replace('7', "+")] {
            assert!(!signed(odd, b"Hello, World!"), "{odd}");
        }
        let none = Secrets::default();
        assert!(!is_signed(&none, &headers(&[(SIGNATURE, given)]), b"Hello, World!"));
    }

    #[test]
    fn records_come_as_json_lists_and_forms() {
        let json = headers(&[("content-type", "application/json")]);
        let form = headers(&[("content-type", "application/x-www-form-urlencoded")]);
        assert_eq!(records(&json, b"{\"a\":1}").unwrap(), [json!({"a": 1})]);
        assert_eq!(records(&HeaderMap::new(), b"[1,2]").unwrap(), [json!(1), json!(2)]);
        assert_eq!(records(&form, b"payload=%7B%22a%22%3A1%7D").unwrap(), [json!({"a": 1})]);
        let code = |headers: &HeaderMap, body: &[u8]| records(headers, body).unwrap_err().code;
        assert_eq!(code(&json, b"{"), Code::BadJson);
        assert_eq!(code(&json, b"\xff"), Code::BadUtf8);
        assert_eq!(code(&form, b"text=x"), Code::BadForm);
        assert_eq!(
            code(&json, format!("[{}1]", "1,".repeat(RECORDS)).as_bytes()),
            Code::BadRequest
        );
    }

    #[test]
    fn schemes_are_read_whatever_their_case() {
        assert_eq!(after(b"Bearer  abc", b"bearer "), Some(&b"abc"[..]));
        assert_eq!(after(b"BEARER abc", b"bearer "), Some(&b"abc"[..]));
        assert_eq!(after(b"Basic abc", b"bearer "), None);
        assert_eq!(after(b"b", b"bearer "), None);
    }

    proptest! {
        #[test]
        fn hexadecimal_is_read_back(bytes in prop::array::uniform32(0..=255_u8)) {
            prop_assert_eq!(from_hex(&crate::hex(&bytes)), Some(bytes));
        }

        #[test]
        fn nothing_that_is_sent_as_a_signature_panics(text in "\\PC{0,80}") {
            let _ = from_hex(&text);
        }
    }
}
