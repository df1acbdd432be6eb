//! What went wrong with a connection, in words for whoever set the source up.

use super::guard::Private;
use reqwest::StatusCode;
use std::error::Error;
use std::time::Duration;

/// Why a connection ended, or none was made.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The address may not be followed.
    #[error(transparent)]
    Private(#[from] Private),
    /// The service refuses.
    #[error("The service answers {}{}.", status.as_u16(), meaning(*status))]
    Refused {
        /// What it answers.
        status: StatusCode,
        /// How long it asks to wait.
        retry: Option<Duration>,
    },
    /// Nothing can be made of what is there.
    #[error("{0}")]
    Unusable(String),
    /// What is there cannot be read now.
    #[error("{0}")]
    Unreadable(String),
    /// No connection was made, or it broke.
    #[error("{0}")]
    Broken(String),
    /// The service took too long to answer.
    #[error("The service did not answer in time.")]
    Unanswered,
    /// Nothing came for too long.
    #[error("Nothing came for {} seconds, not even a sign of life.", .0.as_secs())]
    Silent(Duration),
    /// The service ended it.
    #[error("The service ended the connection.")]
    Ended,
}

/// What a status means for a source, where its name does not say it.
fn meaning(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => ": it wants other credentials",
        403 => ": these credentials may not follow it",
        404 | 410 => ": there is nothing at this address",
        420 | 429 => ": it is asked too often",
        204 => ": there is nothing more to follow",
        500..=599 => ": it has a problem of its own",
        _ => "",
    }
}

impl Failure {
    /// What an error of the HTTP client means. Its own words are left out where they name
    /// addresses: these can hold secrets.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        let mut last = error;
        while let Some(error) = cause {
            if error.is::<Private>() || error.downcast_ref().is_some_and(holds_private) {
                return Self::Private(Private);
            }
            if let Some(error) = error.downcast_ref::<reqwest::Error>()
                && error.is_timeout()
            {
                return Self::Unanswered;
            }
            last = error;
            cause = error.source();
        }
        Self::Broken(format!("The connection failed: {last}."))
    }
}

/// Errors of IO do not name what is in them as their source.
fn holds_private(error: &std::io::Error) -> bool {
    matches!(error.get_ref(), Some(inner) if inner.is::<Private>())
}
