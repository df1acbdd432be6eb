//! What knows the core and is not known by it: each a cargo feature, on by default. A module here
//! brings addresses of its own, and works on what the [`App`] leads to like any other part.

#[cfg(feature = "asyncapi")]
mod asyncapi;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "compat")]
pub mod compat;
#[cfg(feature = "openapi")]
mod openapi;
#[cfg(feature = "socketio")]
pub mod socketio;
#[cfg(feature = "sources")]
pub mod sources;
#[cfg(feature = "stats")]
pub mod stats;

use crate::app::App;
use crate::config::Serve;
#[cfg(feature = "sources")]
use crate::config::data_folder;
use crate::store::check::Part;
use axum::Router;
use clap::Args;

/// Flags of what is compiled in.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Flags {
    #[cfg(feature = "compat")]
    #[command(flatten)]
    /// Of the addresses that older real-time pages ask.
    pub compat: compat::Flags,

    #[cfg(feature = "socketio")]
    #[command(flatten)]
    /// Of Socket.IO.
    pub socketio: socketio::Flags,

    #[cfg(feature = "sources")]
    #[command(flatten)]
    /// Of what is followed outside.
    pub sources: sources::Flags,

    #[cfg(feature = "stats")]
    #[command(flatten)]
    /// Of what is counted.
    pub stats: stats::Flags,
}

/// What of the database belongs to them, for who looks whether all is well.
pub fn parts() -> Vec<Part> {
    vec![
        #[cfg(feature = "sources")]
        sources::PART,
        #[cfg(feature = "stats")]
        stats::PART,
    ]
}

/// Starts what is compiled in and asked for; its addresses.
///
/// # Errors
/// If something of it cannot be started.
#[cfg_attr(
    not(any(feature = "compat", feature = "sources", feature = "stats")),
    expect(clippy::unused_async, reason = "what a feature keeps is read first")
)]
#[cfg_attr(
    not(any(feature = "compat", feature = "socketio", feature = "sources", feature = "stats")),
    expect(unused_variables, reason = "for what is compiled in")
)]
pub async fn start(app: &App, config: &Serve) -> anyhow::Result<Router<App>> {
    let router = Router::new();
    #[cfg(feature = "asyncapi")]
    let router = {
        app.offer("asyncapi");
        router.merge(asyncapi::router())
    };
    #[cfg(feature = "openapi")]
    let router = {
        app.offer("openapi");
        router.merge(openapi::router())
    };
    #[cfg(feature = "socketio")]
    let router = {
        app.offer("socketio");
        router.merge(socketio::start(app, &config.features.socketio))
    };
    #[cfg(feature = "compat")]
    let router = match &config.features.compat {
        flags if flags.compat => {
            app.offer("compat");
            router.merge(compat::start(app, flags).await?)
        }
        _ => router,
    };
    #[cfg(feature = "sources")]
    let router = {
        app.offer("sources");
        let folder = data_folder(config.data.clone())?;
        router.merge(sources::start(app, &config.features.sources, &folder).await?)
    };
    #[cfg(feature = "stats")]
    let router = {
        app.offer("stats");
        router.merge(stats::start(app, &config.features.stats, config.presence_grace).await?)
    };
    Ok(router)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::http::Http;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::StatusCode;
    use clap::Parser;
    use http_body_util::BodyExt;
    use serde_json::Value;

    #[tokio::test]
    async fn pages_are_told_what_is_served_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap();
        let config = Config::parse_from(["nowcast", "--data", data]).serve;
        let (app, _) = App::open(folder.path(), &config).await.unwrap();
        let features = start(&app, &config).await.unwrap();
        let http = Http::new(app, features);
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            http.clone().answer(request).await
        };
        let me = ask("/api/me").await.into_body().collect().await.unwrap().to_bytes();
        let me: Value = serde_json::from_slice(&me).unwrap();
        let told = me["features"].as_array().unwrap();
        for (name, path) in [
            ("asyncapi", "/api/asyncapi.json"),
            ("compat", "/real_time_feed"),
            ("openapi", "/api/openapi.json"),
            ("socketio", "/socket.io/"),
            ("sources", "/api/sources"),
            ("stats", "/statistics"),
        ] {
            let served = ask(path).await.status() != StatusCode::NOT_FOUND;
            assert_eq!(told.contains(&name.into()), served, "{name} of {told:?}");
        }
    }
}
