//! The report: a page with charts of what happened, that stays true while it is open, or one still
//! file to keep or print.
//!
//! - [`page`]: the frame around it. [`sections`]: what stands in it, in order; each chart with a
//!   table of the same behind it. [`series`]: what columns are made of.
//!   [`visitors`]: those of who came. [`results`]: polls and questions.
//! - [`timeline`], [`ranking`]: the two kinds of charts; [`chart`]: what they are drawn with.

mod chart;
mod page;
mod ranking;
mod results;
mod sections;
mod series;
mod timeline;
mod visitors;

use super::calendar::Zone;
use super::http::{self, Readable, Span};
use super::{Stats, bucket};
use crate::app::App;
use crate::clock;
use crate::error::Problem;
use crate::http::extract::query;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;

/// What time the report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The last hour, up to now.
    Hour,
    /// Since midnight.
    Today,
    /// Everything.
    All,
    /// From one time to another.
    Own,
}

/// How a report is asked for.
#[derive(Clone, Copy, Debug)]
struct Wish {
    choice: Choice,
    zone: Zone,
    span: Span,
    /// Whether it is to be a file that stays as it is.
    still: bool,
}

impl Wish {
    /// `?span=hour|today|all|own&since=&until=&zone=&download`; the times of an own span are such as
    /// fields of a form have, in the zone, which is in minutes east of UTC.
    fn read(uri: &Uri, now: i64) -> Result<Self, Problem> {
        let zone = query(uri, "zone")?.and_then(|zone| zone.parse().ok()).unwrap_or(0);
        let zone = Zone::new(zone);
        let field = |name| Ok::<_, Problem>(query(uri, name)?.and_then(|text| zone.read(&text)));
        let (since, until) = (field("since")?, field("until")?);
        let choice = match query(uri, "span")?.as_deref() {
            Some("hour") => Choice::Hour,
            Some("today") => Choice::Today,
            Some("own") => Choice::Own,
            _ => Choice::All,
        };
        let span = match choice {
            Choice::Hour => Span { from: Some(now - 60 * bucket::MINUTE), to: None },
            Choice::Today => Span { from: Some(zone.midnight(now)), to: None },
            Choice::All => Span::default(),
            // What makes no sense is put right rather than refused: people type it.
            Choice::Own => {
                let to = until.filter(|until| since.is_none_or(|since| since < *until));
                Span { from: since, to }
            }
        };
        let pairs = uri.query().unwrap_or_default().split('&');
        let still = pairs.map(|pair| pair.split('=').next()).any(|name| name == Some("download"));
        Ok(Self { choice, zone, span, still })
    }
}

/// `GET /statistics`: the report on the room `main`.
pub(super) async fn main(
    State(app): State<App>,
    Extension(stats): Extension<Stats>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let answered = report(&app, &stats, &mut parts, RoomName::main()).await;
    answered.unwrap_or_else(|problem| refused(problem, &RoomName::main()))
}

/// `GET /r/{room}/statistics`.
pub(super) async fn of(
    State(app): State<App>,
    Extension(stats): Extension<Stats>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let name = parts.uri.path().split('/').nth(2).unwrap_or_default();
    let Ok(name) = name.parse::<RoomName>() else {
        let problem = Problem::new(Code::UnknownRoom, "There is no such room.");
        return refused(problem, &RoomName::main());
    };
    let answered = report(&app, &stats, &mut parts, name.clone()).await;
    answered.unwrap_or_else(|problem| refused(problem, &name))
}

async fn report(
    app: &App,
    stats: &Stats,
    parts: &mut Parts,
    name: RoomName,
) -> Result<Response, Problem> {
    let Readable(room) = Readable::read(app, parts, &name).await?;
    let now = clock::now();
    let wish = Wish::read(&parts.uri, now)?;
    let figures = http::figures(app, stats, &room, wish.span).await?;
    let work = move || page::page(&figures, wish.choice, wish.zone, wish.still, now);
    // Drawing takes some milliseconds.
    let drawn = tokio::task::spawn_blocking(work).await;
    let page = drawn.map_err(|_| Problem::new(Code::Internal, "The report could not be drawn."))?;
    let mut response = answer(StatusCode::OK, page.html, page.policy);
    if wish.still {
        let file = format!("attachment; filename=\"{name}-statistics.html\"");
        if let Ok(file) = HeaderValue::try_from(file) {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, file);
        }
    }
    Ok(response)
}

/// A page that says why somebody gets no report, and what to do. What is wrong with the request or
/// with the server is told as everywhere.
fn refused(problem: Problem, room: &RoomName) -> Response {
    let status = match problem.code.status() {
        401 => StatusCode::UNAUTHORIZED,
        403 => StatusCode::FORBIDDEN,
        404 => StatusCode::NOT_FOUND,
        _ => return problem.into_response(),
    };
    let page = page::refused(&problem, room);
    answer(status, page.html, page.policy)
}

fn answer(status: StatusCode, html: String, policy: String) -> Response {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = (status, [(header::CONTENT_TYPE, kind)], html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nothing = HeaderValue::from_static("default-src 'none'");
    let policy = HeaderValue::try_from(policy).unwrap_or(nothing);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// What stands in a report.
#[cfg(test)]
pub(super) fn drawn(figures: &super::figures::Figures) -> String {
    sections::all(figures, Zone::default(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(query: &str) -> Wish {
        let uri = format!("/statistics?{query}").parse().unwrap();
        Wish::read(&uri, 1_790_000_000_000).unwrap()
    }

    #[test]
    fn spans_are_those_of_the_clock_of_whoever_asks() {
        let today = wish("span=today&zone=180");
        assert_eq!(today.zone.clock(today.span.from.unwrap()), "00:00");
        let own = wish("span=own&since=2026-09-21T10%3A00&until=2026-09-21T12%3A00&zone=-60");
        let (from, to) = (own.span.from.unwrap(), own.span.to.unwrap());
        assert_eq!(to - from, 2 * 3_600_000);
        assert_eq!(own.zone.clock(from), "10:00");
        assert!(wish("download&span=hour").still && !wish("span=hour").still);
    }

    #[test]
    fn what_makes_no_sense_is_put_right() {
        let turned = wish("span=own&since=2026-09-21T12:00&until=2026-09-21T10:00");
        assert!(turned.span.from.is_some() && turned.span.to.is_none());
        assert_eq!(wish("span=x&zone=x").choice, Choice::All);
        assert_eq!(wish("zone=99999999").zone.minutes(), 14 * 60);
    }
}
