//! Every URL, on one page.

mod admin;
mod batch;
pub mod body;
mod buttons;
mod chat;
mod commands;
pub mod cors;
pub mod extract;
mod invitation;
pub(crate) mod items;
mod keeping;
mod people;
mod pieces;
mod push;
mod rooms;
mod uploads;
mod vars;

use crate::app::App;
use crate::assets;
use crate::error::Problem;
use crate::transport;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use tower_service::Service;

/// All that the server answers, with the addresses of the [features](crate::features).
fn router(app: App, features: Router<App>) -> Router {
    Router::new()
        // Pages, over any transport.
        .route("/api/rooms/{room}/ws", get(transport::ws::connect))
        .route("/api/rooms/{room}/sse", get(transport::sse::connect))
        .route("/api/rooms/{room}/poll", get(transport::poll::poll))
        .route("/api/rooms/{room}/commands", post(commands::run))
        // Programs and the feed's past.
        .route("/api/rooms/{room}/items", get(items::list).post(items::publish))
        .route("/api/rooms/{room}/items/batch", post(batch::publish))
        .route("/api/rooms", get(rooms::list))
        .route("/api/rooms/{room}", get(rooms::show).put(rooms::set))
        .route(
            "/api/rooms/{room}/invitation",
            get(invitation::show).post(invitation::renew).delete(invitation::withdraw),
        )
        .route("/api/rooms/{room}/keeping", get(keeping::show).put(keeping::set))
        .route("/api/rooms/{room}/people", get(people::list))
        .route("/api/rooms/{room}/vars", get(vars::list))
        .route("/api/rooms/{room}/vars/{name}", get(vars::show).put(vars::set).delete(vars::unset))
        // The chat, also with nothing but curl.
        .route("/api/rooms/{room}/chat", get(chat::list).post(chat::say))
        .route("/api/rooms/{room}/chat/lines", get(chat::lines))
        .route("/api/rooms/{room}/chat/held", get(chat::held))
        .route("/api/rooms/{room}/chat/held/{held}", post(chat::approve).delete(chat::turn_down))
        // One user alone.
        .route("/api/push", post(push::push))
        // The admin page.
        .route("/api/login", post(admin::login))
        .route("/api/logout", post(admin::logout))
        .route("/api/me", get(admin::me).put(admin::rename))
        .route("/api/rooms/{room}/preview", post(items::preview))
        .route("/api/rooms/{room}/uploads", post(uploads::keep))
        .route(
            "/api/rooms/{room}/buttons",
            get(buttons::list).post(buttons::make).put(buttons::order),
        )
        .route("/api/rooms/{room}/buttons/{button}", put(buttons::change).delete(buttons::remove))
        // Whoever runs it.
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        // Files.
        .route("/uploads/{name}", get(uploads::show))
        .route("/", get(assets::page))
        .route("/index.html", get(assets::page))
        .route("/admin", get(assets::page))
        .route("/admin/", get(assets::page))
        .route("/r/{room}", get(invitation::page))
        .route("/r/{room}/", get(invitation::page))
        .route("/r/{room}/admin", get(assets::page))
        .merge(features)
        .fallback(assets::file)
        .method_not_allowed_fallback(wrong_method)
        // Every body is read up to a limit of its own; see `body`.
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

/// Answers requests.
#[derive(Clone)]
pub struct Http {
    app: App,
    router: Router,
}

impl Http {
    /// With every URL, those of the [features](crate::features) among them.
    pub fn new(app: App, features: Router<App>) -> Self {
        Self { router: router(app.clone(), features), app }
    }

    /// The answer to a request, with what every answer says.
    pub async fn answer(self, request: Request) -> Response {
        let asked = cors::Asked::read(&self.app, request.headers());
        let mut response = match asked.answer(&self.app, &request) {
            Some(response) => finish(&self.app, true, response),
            None => self.route(request).await,
        };
        asked.note(&mut response);
        pieces::in_pieces(response)
    }

    async fn route(mut self, request: Request) -> Response {
        let api = request.uri().path().starts_with("/api/");
        let response = match polled(&request) {
            // As the router would, at less cost: pages poll all the time.
            Some(room) => {
                let (parts, _) = request.into_parts();
                transport::poll::answer(&self.app, &parts, &room).await.into_response()
            }
            None => match self.router.call(request).await {
                Ok(response) => response,
            },
        };
        finish(&self.app, api, response)
    }
}

/// The room of a poll, if the request is one and the name is written plainly.
fn polled(request: &Request) -> Option<RoomName> {
    let path = request.uri().path().strip_prefix("/api/rooms/")?.strip_suffix("/poll")?;
    if request.method() == Method::GET { path.parse().ok() } else { None }
}

async fn wrong_method() -> Problem {
    Problem::new(Code::MethodNotAllowed, "This address does not know that method.")
}

async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    if *app.stopping.borrow() {
        return Err(Problem::new(Code::Unavailable, "The server is stopping."));
    }
    // Reading works as long as the file is there; it is writing that may not.
    app.db.writable().await?;
    Ok("ready\n")
}

async fn metrics(State(app): State<App>) -> Response {
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, text)], app.metrics.render(&app.hub, &app.log)).into_response()
}

/// What every answer says, and what is counted of it.
fn finish(app: &App, api: bool, mut response: Response) -> Response {
    const SAME: [(HeaderName, HeaderValue); 2] = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    ];
    let refused = response.status().is_client_error() || response.status().is_server_error();
    if refused {
        app.metrics.refused.add(1);
    }
    // What a library refused in its own words gets ours.
    let ours = response.headers().get(header::CONTENT_TYPE);
    let ours = ours.is_some_and(|kind| kind == "application/problem+json");
    if api && refused && !ours {
        response = translate(response.status()).into_response();
    }
    let headers = response.headers_mut();
    headers.extend(SAME);
    if api {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

fn translate(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(Code::NotFound, "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(Code::MethodNotAllowed, "This address does not know that method.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::TooLarge, "That is too large."),
        StatusCode::UPGRADE_REQUIRED => {
            Problem::new(Code::UpgradeRequired, "This address speaks WebSocket.")
        }
        status if status.is_client_error() => {
            Problem::new(Code::BadRequest, "This request cannot be understood.")
        }
        _ => Problem::new(Code::Internal, "Something went wrong here. Try again in a moment."),
    }
}
