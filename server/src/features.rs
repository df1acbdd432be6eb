//! What knows the core and is not known by it: each a cargo feature, on by default. A module here
//! brings addresses of its own, and works on what the [`App`] leads to like any other part.

#[cfg(feature = "asyncapi")]
mod asyncapi;

use crate::app::App;
use crate::config::Serve;
use axum::Router;

/// Starts what is compiled in and asked for; its addresses.
///
/// # Errors
/// If something of it cannot be started.
#[expect(clippy::unused_async, reason = "what a feature keeps has to be read first")]
pub async fn start(_app: &App, _config: &Serve) -> anyhow::Result<Router<App>> {
    let router = Router::new();
    #[cfg(feature = "asyncapi")]
    let router = router.merge(asyncapi::router());
    Ok(router)
}
