//! What can go wrong.

use nowcast_shared::error::{Code, Reason};
use serde::Deserialize;
use std::fmt;

/// Why something did not come to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server does not want it, and says why.
    #[error("{0}")]
    Refused(Problem),
    /// The server could not be reached, or did not answer in time.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The same, and what answers in the server's place asks to come back later.
    #[error("the server cannot be reached: {why}")]
    Busy {
        /// What it said.
        why: String,
        /// After how many seconds.
        retry_after: u64,
    },
    /// What answers does not speak as a Nowcast server does.
    #[error("that is no answer of a Nowcast server: {0}")]
    Broken(String),
    /// What was asked for cannot even be sent.
    #[error("{0}")]
    Invalid(String),
    /// The server ended the room for this program, for good.
    #[error("the server ended it: {0}")]
    Ended(Reason),
    /// The room was closed before there was an answer.
    #[error("the room was closed before there was an answer")]
    Closed,
}

impl Error {
    /// Why the server refused it, if it did and this version knows the code.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused(problem) => problem.known(),
            _ => None,
        }
    }

    /// After how many seconds to try again, if that was said.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy { retry_after, .. } => Some(*retry_after),
            Self::Refused(problem) => problem.retry_after,
            _ => None,
        }
    }

    /// Whether the same may succeed a little later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Busy { .. } => true,
            Self::Refused(problem) => matches!(problem.status, 408 | 429 | 502..=504),
            _ => false,
        }
    }
}

/// A refusal, as RFC 9457 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status, or the one that goes with the code.
    pub status: u16,
    /// Which one it is, for programs; see [`Code`].
    pub code: String,
    /// Which one it is, for people.
    pub detail: String,
    /// After how many seconds the same may be let through, if the server said so.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// The code, if this version knows it.
    pub fn known(&self) -> Option<Code> {
        Code::from_name(&self.code)
    }

    /// Reads the answer to a request that was refused; what is wrong with it, if it is not what a
    /// Nowcast server says.
    ///
    /// # Errors
    /// If it is no such document, or lacks something; the text is for people.
    pub fn read(status: u16, kind: Option<&str>, body: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document {
            r#type: String,
            title: String,
            status: u16,
            code: String,
            detail: String,
        }
        let told = || format!("{status} {}", excerpt(body));
        if kind != Some("application/problem+json") {
            return Err(told());
        }
        let read: Document = serde_json::from_slice(body).map_err(|_| told())?;
        let Document { r#type, title, status: again, code, detail } = read;
        let whole = [&r#type, &title, &code, &detail].iter().all(|text| !text.is_empty());
        if !whole || again != status {
            return Err(told());
        }
        Ok(Self { status, code, detail, retry_after: None })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)
    }
}

/// The beginning of an answer, for a message.
pub(crate) fn excerpt(body: &[u8]) -> String {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(body);
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Option<&str> = Some("application/problem+json");

    #[test]
    fn a_problem_is_read_whole_or_not_at_all() {
        let body = br#"{"type":"about:blank","title":"Forbidden","status":403,"code":"forbidden","detail":"No."}"#;
        let problem = Problem::read(403, KIND, body).unwrap();
        assert_eq!(problem.known(), Some(Code::Forbidden));
        assert_eq!(Error::Refused(problem.clone()).code(), Some(Code::Forbidden));
        assert_eq!(problem.to_string(), "403 forbidden: No.");
        assert!(Problem::read(404, KIND, body).is_err(), "another status");
        assert!(Problem::read(403, Some("text/html"), body).is_err(), "another type");
        assert!(Problem::read(403, KIND, br#"{"status":403,"code":"forbidden"}"#).is_err());
        assert!(Problem::read(403, KIND, b"\xff").is_err());
    }

    #[test]
    fn an_excerpt_is_short_whatever_it_is_of() {
        assert_eq!(excerpt(b"short"), "short");
        assert!(excerpt("ä".repeat(5_000).as_bytes()).len() < 500);
    }
}
