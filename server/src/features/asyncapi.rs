//! `GET /api/asyncapi.json`: what the frames look like and which address carries them, made of the
//! very types that are written and read.

use crate::app::App;
use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use nowcast_shared::schema::asyncapi;
use std::sync::LazyLock;

/// Made when it is asked for the first time.
static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| asyncapi::document(env!("CARGO_PKG_VERSION")).to_string());

/// The address.
pub(super) fn router() -> Router<App> {
    Router::new().route("/api/asyncapi.json", get(show))
}

async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}
