//! What happened in a room, counted: of its log, and of who came.

use crate::app::App;
use axum::Router;
use clap::Args;

/// Flags of what is counted.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Flags {
    /// Counts nothing: no statistics are collected.
    #[arg(long, env = "NOWCAST_NO_STATISTICS")]
    pub no_statistics: bool,
}

/// Starts counting; the addresses where it is read.
///
/// # Errors
/// If what is counted already cannot be read.
#[expect(clippy::unused_async, reason = "what is kept is read first")]
pub async fn start(_app: &App, _flags: &Flags) -> anyhow::Result<Router<App>> {
    Ok(Router::new())
}
