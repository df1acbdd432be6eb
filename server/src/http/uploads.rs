//! Pictures: uploaded by who may publish, shown to everybody.

use super::body::{self, Kind};
use super::cors;
use super::extract::{Asks, InRoom};
use crate::app::App;
use crate::error::Problem;
use crate::policy::Action;
use crate::uploads::Upload;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use nowcast_shared::error::Code;
use std::io;
use tokio::io::AsyncReadExt;

/// How much of a picture is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// What a multipart body may weigh beside its picture, in bytes.
const ENVELOPE: usize = 8 * 1024;

/// `POST …/uploads`: the picture itself, or a form with one file.
pub(super) async fn keep(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    request: Request,
) -> Result<(StatusCode, Json<Upload>), Problem> {
    asks.may(&app, Action::Publish, room.name())?;
    let limit = app.uploads.limit();
    let picture = match body::kind(request.headers()) {
        Kind::Multipart => file(request, limit + ENVELOPE).await?,
        _ => body::bytes(request.into_body(), limit).await?,
    };
    Ok((StatusCode::CREATED, Json(app.uploads.keep(&picture).await?)))
}

/// The first file of a form.
async fn file(request: Request, limit: usize) -> Result<Bytes, Problem> {
    let bad = || Problem::new(Code::BadForm, "This form cannot be read.");
    let (parts, body) = request.into_parts();
    let body = body::bytes(body, limit).await?;
    let request = Request::from_parts(parts, Body::from(body));
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| bad())?;
    while let Some(field) = form.next_field().await.map_err(|_| bad())? {
        if field.file_name().is_some() {
            return field.bytes().await.map_err(|_| bad());
        }
    }
    Err(Problem::new(Code::BadForm, "The form has no file."))
}

/// `GET /uploads/{name}`.
pub(super) async fn show(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let (file, size, mime) = app
        .uploads
        .open_file(&name)
        .await
        .ok_or_else(|| Problem::new(Code::NotFound, "There is no such picture."))?;
    let fixed = HeaderValue::from_static;
    let headers = [
        (header::CONTENT_TYPE, fixed(mime)),
        // The name is made of the content: it never changes.
        (header::CACHE_CONTROL, fixed("public, max-age=31536000, immutable")),
        (header::CONTENT_SECURITY_POLICY, fixed("default-src 'none'; sandbox")),
    ];
    // In pieces: many slow readers of a large picture must not each hold all of it in memory.
    let pieces = stream::try_unfold(file, |mut file| async {
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        Ok::<_, io::Error>((read > 0).then(|| (piece.freeze(), file)))
    });
    let size = [(header::CONTENT_LENGTH, HeaderValue::from(size))];
    // Pages of other sites show them, too.
    let everybody = cors::FOR_EVERYBODY;
    Ok((headers, everybody, size, Body::from_stream(pieces)).into_response())
}
