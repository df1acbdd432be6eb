//! Sources and the approval queue, over HTTP. For admins alone.

use super::queue;
use super::settings::Told;
use super::status::Status;
use super::tables::{self, Row};
use super::vault::{Locked, Secrets};
use super::wanted::{Wanted, check};
use super::{MOST, Source, Sources, formats, to_its_end};
use crate::app::App;
use crate::error::Problem;
use crate::http::body;
use crate::http::extract::{Asks, InRoom, query};
use crate::log::Appended;
use crate::policy::{Action, may};
use crate::random;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use nowcast_shared::error::Code;
use nowcast_shared::id::{BadId, RoomName};
use nowcast_shared::item::Role;
use serde_json::{Value, json};
use std::sync::Arc;

/// The largest settings, in bytes.
pub(super) const LIMIT: usize = 512 * 1024;

type All = Extension<Arc<Sources>>;

/// Refuses whoever is no admin of the room.
pub(super) fn admin(app: &App, asks: &Asks, room: &RoomName) -> Result<(), Problem> {
    asks.may(app, Action::Settings, room)
}

/// Refuses whoever is no admin of any room.
pub(super) fn somewhere(app: &App, asks: &Asks) -> Result<(), Problem> {
    if asks.actor.role() == Role::Admin {
        return Ok(());
    }
    admin(app, asks, &RoomName::main())
}

/// The source of this name, if whoever asks may know of it.
pub(super) fn find(
    app: &App,
    sources: &Sources,
    asks: &Asks,
    id: &str,
) -> Result<Arc<Source>, Problem> {
    somewhere(app, asks)?;
    let source = sources.find(id).ok_or_else(unknown)?;
    admin(app, asks, &source.settings.room)?;
    Ok(source)
}

/// There is no such source.
pub(super) fn unknown() -> Problem {
    Problem::new(Code::UnknownSource, "There is no such source, or not any more.")
}

impl From<Locked> for Problem {
    fn from(locked: Locked) -> Self {
        tracing::warn!(%locked, "secrets of sources cannot be used");
        Self::new(Code::SecretsLocked, locked.to_string())
    }
}

fn tell(source: &Source) -> Value {
    let mut told = source.settings.tell(if source.has_secret { Told::Kept } else { Told::None });
    told["id"] = source.id.clone().into();
    told["running"] = source.is_running().into();
    told["state"] = source.status.tell();
    told
}

/// `GET /api/sources?room=`: `{"sources":[…]}`, in the order in which they were made.
pub(super) async fn list(
    State(app): State<App>,
    Extension(sources): All,
    asks: Asks,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    let room = query(&uri, "room")?.map(|room| room.parse::<RoomName>()).transpose();
    let room = room.map_err(|error: BadId| Problem::new(Code::BadRoom, error.to_string()))?;
    match &room {
        Some(room) => admin(&app, &asks, room)?,
        None => somewhere(&app, &asks)?,
    }
    let all = sources.list();
    let shown = all.iter().filter(|source| {
        let here = &source.settings.room;
        room.as_ref().is_none_or(|room| room == here)
            && may(&asks.actor, Action::Settings, here, app.open).is_ok()
    });
    Ok(Json(json!({"sources": shown.map(|source| tell(source)).collect::<Vec<_>>()})))
}

/// `GET /api/sources/formats`: `{"formats":[{"format","title","map"}]}`.
pub(super) async fn formats(State(app): State<App>, asks: Asks) -> Result<Json<Value>, Problem> {
    somewhere(&app, &asks)?;
    Ok(Json(formats::list()))
}

/// `GET /api/sources/{id}`.
pub(super) async fn show(
    State(app): State<App>,
    Extension(sources): All,
    asks: Asks,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(tell(&*find(&app, &sources, &asks, &id)?)))
}

/// `POST /api/sources`: 201.
pub(super) async fn make(
    State(app): State<App>,
    Extension(sources): All,
    asks: Asks,
    request: Request,
) -> Result<Response, Problem> {
    somewhere(&app, &asks)?;
    let wanted = check(body::value(request, LIMIT).await?, None)?;
    in_room(&app, &asks, &wanted).await?;
    to_its_end(async move {
        let _alone = sources.arranging.lock().await;
        if sources.list().len() >= MOST {
            let detail = format!("There are {MOST} sources already. Delete one first.");
            return Err(Problem::new(Code::SourcesFull, detail));
        }
        let id = random::name("s", 16);
        let row = row(&sources, &id, wanted, false)?;
        tables::keep(&sources.db, row.clone(), true).await?;
        let source = Source::new(row, Arc::new(Status::new(super::reason::Counts::default())));
        sources.put(&id, Some(Arc::clone(&source)));
        if source.is_running() {
            sources.run(Arc::clone(&source)).await;
        }
        Ok((StatusCode::CREATED, Json(tell(&source))).into_response())
    })
    .await
}

/// `PUT /api/sources/{id}`: all settings anew; secrets that are not given stay.
pub(super) async fn change(
    State(app): State<App>,
    Extension(sources): All,
    asks: Asks,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    find(&app, &sources, &asks, &id)?;
    let given = body::value(request, LIMIT).await?;
    to_its_end(async move {
        let _alone = sources.arranging.lock().await;
        let before = find(&app, &sources, &asks, &id)?;
        let wanted = check_change(&sources, &before, given)?;
        in_room(&app, &asks, &wanted).await?;
        let row = row(&sources, &id, wanted, before.is_running())?;
        let continues = row.settings.continues(&before.settings);
        let was_running = before.is_running();
        sources.halt(&before).await;
        let row = Row { counts: before.status.counts(), ..row };
        if let Err(error) = tables::keep(&sources.db, row.clone(), continues).await {
            // Nothing is changed, so what ran goes on.
            if was_running {
                sources.run(before).await;
            }
            return Err(error.into());
        }
        let source = Source::new(row, Arc::clone(&before.status));
        sources.put(&id, Some(Arc::clone(&source)));
        if source.is_running() {
            sources.run(Arc::clone(&source)).await;
        }
        Ok(Json(tell(&source)))
    })
    .await
}

/// What a source is to be instead of what it is.
pub(super) fn check_change(
    sources: &Sources,
    before: &Source,
    given: Value,
) -> Result<Wanted, Problem> {
    match sources.secrets(before) {
        Ok(secrets) => check(given, Some((&before.settings, &secrets))),
        // Whoever enters them again does not need the old ones.
        Err(locked) => {
            check(given, Some((&before.settings, &Secrets::default()))).map_err(|_| locked.into())
        }
    }
}

/// Makes sure that there is the room, and that whoever asks is an admin of it.
async fn in_room(app: &App, asks: &Asks, wanted: &Wanted) -> Result<(), Problem> {
    let room = &wanted.settings.room;
    admin(app, asks, room)?;
    match app.log.room(room).await? {
        Some(_) => Ok(()),
        None => Err(Problem::new(Code::UnknownRoom, super::worker::no_room(room.as_str()))),
    }
}

/// A source as it is to be kept.
fn row(sources: &Sources, id: &str, wanted: Wanted, running: bool) -> Result<Row, Problem> {
    let Wanted { settings, secrets, running: asked } = wanted;
    let sealed = if secrets.is_empty() { None } else { Some(sources.vault.seal(id, &secrets)?) };
    Ok(Row {
        id: id.to_owned(),
        settings,
        sealed,
        has_secret: secrets.secret.is_some(),
        running: asked.unwrap_or(running),
        counts: super::reason::Counts::default(),
    })
}

/// `DELETE /api/sources/{id}`: 204.
pub(super) async fn delete(
    State(app): State<App>,
    Extension(sources): All,
    asks: Asks,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    to_its_end(async move {
        let _alone = sources.arranging.lock().await;
        let source = find(&app, &sources, &asks, &id)?;
        sources.halt(&source).await;
        tables::delete(&sources.db, &id).await?;
        sources.put(&id, None);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `POST /api/sources/{id}/start`, and one that runs begins anew; `POST /api/sources/{id}/stop`.
pub(super) async fn set_running<const RUNNING: bool>(
    State(app): State<App>,
    Extension(sources): All,
    asks: Asks,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    to_its_end(async move {
        let _alone = sources.arranging.lock().await;
        let source = find(&app, &sources, &asks, &id)?;
        tables::set_running(&sources.db, &id, RUNNING).await?;
        sources.halt(&source).await;
        if RUNNING {
            sources.run(Arc::clone(&source)).await;
        }
        Ok(Json(tell(&source)))
    })
    .await
}

/// `GET /api/rooms/{room}/queue`: `{"waiting":[…],"count":n}`, oldest first.
pub(super) async fn queue(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
) -> Result<Json<Value>, Problem> {
    asks.may(&app, Action::Moderate, room.name())?;
    let waiting = queue::list(&app.db, room.name()).await?;
    Ok(Json(json!({"count": waiting.len(), "waiting": waiting})))
}

/// `POST /api/rooms/{room}/queue/{id}`: it is published now; 201 as for what is published at once, 200
/// where it was before.
pub(super) async fn approve(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    asks.may(&app, Action::Moderate, room.name())?;
    let published = to_its_end(async move { queue::publish(&app, &room, &id).await }).await?;
    let Appended { offset, at, id, repeated } = published;
    let status = if repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(json!({"id": id, "offset": offset, "at": at}))).into_response())
}

/// `DELETE /api/rooms/{room}/queue/{id}`: it is never shown.
pub(super) async fn turn_down(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    Path((_, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    asks.may(&app, Action::Moderate, room.name())?;
    to_its_end(async move { queue::turn_down(&app, &room, &id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/rooms/{room}/queue`: none of them is.
pub(super) async fn turn_all_down(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
) -> Result<StatusCode, Problem> {
    asks.may(&app, Action::Moderate, room.name())?;
    to_its_end(async move { queue::turn_all_down(&app, &room).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
