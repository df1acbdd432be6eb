//! Streams from outside that are followed, and what matters of them published into rooms.

pub mod follow;

use crate::app::App;
use axum::Router;
use clap::Args;

/// Flags of what is followed outside.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Flags {
    /// Lets sources follow addresses of this machine and of private networks.
    #[arg(long, env = "NOWCAST_ALLOW_PRIVATE_SOURCES")]
    pub allow_private_sources: bool,
}

/// Starts those that were running; the addresses of all.
///
/// # Errors
/// If what is kept of them cannot be read.
#[expect(clippy::unused_async, reason = "what is kept is read first")]
pub async fn start(_app: &App, _flags: &Flags) -> anyhow::Result<Router<App>> {
    Ok(Router::new())
}
