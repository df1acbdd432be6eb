//! What the HTTP side is, for programs and for people: `GET /api/openapi.json` (OpenAPI 3.1) and
//! `GET /api/docs`, the same as a page.
//!
//! - [`operation`]: how an address with a method is described. [`paths`]: all of them.
//! - [`document`]: the whole, with the schemas that `nowcast-shared` makes of its types
//!   and [`schemas`] of what only HTTP has.
//! - [`page`]: the document as HTML.
//!
//! Tests hold it to the routes and codes of this crate; the journeys hold every answer that they
//! get to it.

mod document;
mod operation;
mod page;
mod paths;
mod schemas;

use crate::app::App;
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::LazyLock;

/// Both made when one is asked for the first time.
static DOCUMENT: LazyLock<serde_json::Value> = LazyLock::new(document::document);
static TEXT: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());
static PAGE: LazyLock<(String, HeaderValue)> = LazyLock::new(|| page::page(&DOCUMENT));

/// The addresses.
pub(super) fn router() -> Router<App> {
    Router::new().route("/api/openapi.json", get(show)).route("/api/docs", get(read))
}

async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

async fn read() -> Response {
    let (html, policy) = &*PAGE;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy.clone()),
    ];
    (headers, html.as_str()).into_response()
}

#[cfg(test)]
mod tests;
