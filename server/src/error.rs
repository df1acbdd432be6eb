//! Refusals: made anywhere, turned into `application/problem+json` (RFC 9457) in one place.

use crate::db::{DbError, Fault};
use crate::log::{AppendError, Refusal};
use crate::websocket::handshake;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nowcast_shared::error::Code;
use serde_json::json;
use std::borrow::Cow;

/// Why a request is refused: a stable code and a sentence for people, never an internal message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    /// For programs.
    pub code: Code,
    /// For people.
    pub detail: Cow<'static, str>,
    /// After how many seconds to try again, where that is known.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A refusal with this sentence.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), retry_after: None }
    }

    /// The same, with the advice to wait.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        // Why nothing was committed the writer has logged once, however many wait for it.
        if !matches!(error, DbError::Fault(..)) {
            tracing::error!(%error, "a request failed");
        }
        let (code, detail) = match error.fault() {
            Some(Fault::Full) => (
                Code::StoreFull,
                "Nothing was kept: the server's disk is full, or it may not write more. Try again \
                 when there is room.",
            ),
            Some(Fault::Locked) => (
                Code::StoreLocked,
                "Nothing was kept: another program holds the server's store. Try again in a moment.",
            ),
            Some(Fault::ReadOnly) => (
                Code::StoreReadOnly,
                "Nothing was kept: the server may not write to its data folder. Try again when \
                 that is mended.",
            ),
            Some(Fault::Failed) => (
                Code::StoreFailed,
                "The server's disk does not do what it should. Try again when that is mended.",
            ),
            None => {
                (Code::Unavailable, "The store cannot be used right now. Try again in a moment.")
            }
        };
        Self::new(code, detail).retry_after(1)
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::UnknownItem => Self::unknown_item(),
            AppendError::Refused(refusal) => refusal.into(),
            AppendError::Mismatch => Self::new(
                Code::IdempotencyMismatch,
                "This key was used before for something else. Use a new one.",
            ),
            AppendError::Db(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (code, detail) = match refusal {
            Refusal::UnknownPiece => (Code::UnknownPiece, "There is no such piece on the stage."),
            Refusal::PieceLocked => {
                (Code::PieceLocked, "This piece is locked: only an admin moves it.")
            }
            Refusal::PieceHeld => (Code::PieceHeld, "Somebody else holds this piece."),
            Refusal::IncompletePiece => (
                Code::BadPiece,
                "A new piece needs a `look`, an image a `url`, and a text its `text`.",
            ),
            Refusal::StageFull => (Code::StageFull, "The stage is full. Take a piece off first."),
            Refusal::UnknownVariable => (Code::UnknownVariable, "There is no such variable."),
            Refusal::VersionMismatch => {
                (Code::VersionMismatch, "The variable was changed meanwhile. Read it again.")
            }
            Refusal::VariablesFull => (
                Code::VariablesFull,
                "The room's variables are as many, or as large, as they may be.",
            ),
            Refusal::UnknownSaid => return Self::unknown_said(),
            Refusal::SlowMode { seconds } => {
                let detail = format!("The chat is in slow mode. Wait another {seconds} s.");
                return Self::new(Code::SlowMode, detail).retry_after(seconds);
            }
            Refusal::HeldShare => {
                let detail = "As many of your words wait for approval as may. Try again when some \
                              were looked at.";
                return Self::new(Code::RateLimited, detail).retry_after(60);
            }
            Refusal::HeldFull => {
                let detail = "Too many words wait for approval. Try again later.";
                return Self::new(Code::Unavailable, detail).retry_after(60);
            }
        };
        Self::new(code, detail)
    }
}

impl Problem {
    /// There is no such item.
    pub fn unknown_item() -> Self {
        Self::new(Code::UnknownItem, "There is no such item here, or it was deleted.")
    }

    /// There are no such words.
    pub fn unknown_said() -> Self {
        Self::new(Code::UnknownSaid, "There are no such words in the chat, or not any more.")
    }

    /// Larger than `limit` bytes.
    pub fn too_large(what: &str, limit: usize) -> Self {
        Self::new(Code::TooLarge, format!("{what} is too large: at most {limit} bytes."))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is not read, so that nothing can follow it (RFC 9110, section
            // 15.5.14): whoever keeps connections should not use this one again.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::UPGRADE_REQUIRED {
            // What to come back with (RFC 9110, section 15.5.22; RFC 6455, section 4.2.2).
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            let version = HeaderValue::from_static(handshake::VERSION);
            headers.insert(header::SEC_WEBSOCKET_VERSION, version);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
