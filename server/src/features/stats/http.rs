//! What is answered to requests.

use super::figures::Figures;
use super::read::{self, Asked};
use super::{Stats, csv, viewers};
use crate::app::App;
use crate::clock;
use crate::error::Problem;
use crate::http::extract::{Asks, InRoom, Named, query};
use crate::log::Room;
use crate::policy::Action;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use std::collections::HashMap;
use std::sync::Arc;

/// The span that a request asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
}

impl Span {
    /// `?from=&to=`, in Unix milliseconds; either may be left out.
    pub(super) fn read(uri: &Uri) -> Result<Self, Problem> {
        let span = Self { from: time(uri, "from")?, to: time(uri, "to")? };
        if let Self { from: Some(from), to: Some(to) } = span
            && from >= to
        {
            return Err(Problem::new(Code::BadQuery, "`from` must be before `to`."));
        }
        Ok(span)
    }
}

/// The year 9999 ends there.
const LATEST: i64 = 253_402_300_800_000;

fn time(uri: &Uri, name: &str) -> Result<Option<i64>, Problem> {
    let Some(text) = query(uri, name)? else { return Ok(None) };
    let time = text.parse().ok().filter(|time| (0..=LATEST).contains(time));
    let bad = || {
        let detail = format!("`{name}` must be a time in Unix milliseconds, a whole number.");
        Problem::new(Code::BadQuery, detail)
    };
    time.map(Some).ok_or_else(bad)
}

/// The room in the address, of which whoever asks may read the statistics. Who may not does not learn
/// which rooms there are.
pub(super) struct Readable(pub(super) Arc<Room>);

impl FromRequestParts<App> for Readable {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Named(name) = Named::from_request_parts(parts, app).await?;
        Self::read(app, parts, &name).await
    }
}

impl Readable {
    /// The room of this name.
    pub(super) async fn read(
        app: &App,
        parts: &mut Parts,
        name: &RoomName,
    ) -> Result<Self, Problem> {
        let asks = Asks::from_request_parts(parts, app).await?;
        asks.may(app, Action::Settings, name)?;
        let InRoom(room) = InRoom::read(app, parts, name).await?;
        Ok(Self(room))
    }
}

/// All answers for a room and a span.
pub(super) async fn figures(
    app: &App,
    stats: &Stats,
    room: &Room,
    span: Span,
) -> Result<Figures, Problem> {
    let (id, collecting) = (room.id(), stats.collects && room.counts());
    let figures = app
        .db
        .read(move |connection| {
            // One moment: totals and lists belong together.
            let moment = connection.transaction()?;
            let asked = Asked::new(&moment, id, span.from, span.to, clock::now())?;
            let mut figures = read::log(&moment, &asked)?;
            viewers::add(&moment, &asked, &mut figures)?;
            figures.collecting = collecting;
            Ok(figures)
        })
        .await?;
    Ok(figures)
}

/// `GET …/stats`: everything as JSON.
pub(super) async fn show(
    State(app): State<App>,
    Extension(stats): Extension<Stats>,
    Readable(room): Readable,
    uri: Uri,
) -> Result<Response, Problem> {
    let figures = figures(&app, &stats, &room, Span::read(&uri)?).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(figures)).into_response())
}

/// `GET …/stats/{table}.csv`: one table.
pub(super) async fn table(
    State(app): State<App>,
    Extension(stats): Extension<Stats>,
    Readable(room): Readable,
    Path(path): Path<HashMap<String, String>>,
    uri: Uri,
) -> Result<Response, Problem> {
    let span = Span::read(&uri)?;
    let name = path.get("table").and_then(|name| name.strip_suffix(".csv")).unwrap_or_default();
    if !csv::TABLES.contains(&name) {
        let detail = format!("There is no such table. There are {}.", csv::TABLES.join(", "));
        return Err(Problem::new(Code::NotFound, detail));
    }
    let figures = figures(&app, &stats, &room, span).await?;
    let table = csv::table(name, &figures).map(|table| table.csv()).unwrap_or_default();
    let file = format!("attachment; filename=\"{}-{name}.csv\"", room.name());
    let mut response = ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], table).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(file) = HeaderValue::try_from(file) {
        headers.insert(header::CONTENT_DISPOSITION, file);
    }
    Ok(response)
}
