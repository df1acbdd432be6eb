//! What happened in a room, counted: of its log, and of who came.

pub mod visits;

use crate::app::App;
use axum::Router;
use clap::Args;
use std::time::Duration;

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
pub async fn start(app: &App, flags: &Flags, grace: u64) -> anyhow::Result<Router<App>> {
    visits::start(app, Duration::from_millis(grace), !flags.no_statistics).await
}
