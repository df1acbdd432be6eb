//! Sources: which there are and how they fare, changing them, and a look at what one would bring.

use super::unreadable;
use crate::api::{self, Payload, Problem};
use crate::page::admin::sources::source::{
    AuthKind, Filter, Followed, Format, Kind, Map, Phase, Source, State, TopicsAs,
};
use crate::read::{self, Json};
use js_sys::Object;
use nowcast_shared::id::RoomName;
use nowcast_shared::item::Body;
use wasm_bindgen::{JsCast, JsValue};

/// How many records a test shows.
pub const SHOWN: usize = 5;
/// How long a test may take, in milliseconds: the server itself gives up after some fifteen seconds.
const PATIENCE_FOR_TESTS: f64 = 45_000.0;

/// What would become of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Would {
    /// It would be shown at once.
    Publish,
    /// It would wait for approval.
    Hold,
    /// It would be left out.
    Drop,
}

/// A record as it would be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What it would be.
    pub data: Body,
    /// The HTML that viewers would see, where the kind has any.
    pub html: Option<String>,
    /// The record as it came, where it makes no item.
    pub record: Option<Json>,
    /// What would become of it.
    pub would: Would,
    /// Why it would be left out.
    pub why: Option<String>,
}

/// What a test came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Whether there was a connection.
    pub connected: bool,
    /// How many records came.
    pub seen: u64,
    /// How many of what came could not be read.
    pub malformed: u64,
    /// The first of them.
    pub items: Vec<Tried>,
    /// What went wrong.
    pub error: Option<String>,
    /// Nothing more came for a while.
    pub timed_out: bool,
}

/// The sources of a room.
pub async fn sources(room: &RoomName) -> Result<Vec<Followed>, Problem> {
    Ok(read_sources(&api::get(&format!("/api/sources?room={room}")).await?))
}

/// The maps that formats bring along.
pub async fn formats() -> Result<Vec<(Format, Map)>, Problem> {
    Ok(read_formats(&api::get("/api/sources/formats").await?))
}

/// Makes a source, or changes the one with this id; `body` is JSON of what it is set to.
pub async fn save(id: &str, body: &str) -> Result<Followed, Problem> {
    let answer = if id.is_empty() {
        api::post("/api/sources", body).await?
    } else {
        api::put(&at(id, ""), body).await?
    };
    read_source(&answer).ok_or_else(unreadable)
}

/// Deletes a source.
pub async fn delete(id: &str) -> Result<(), Problem> {
    api::delete(&at(id, "")).await.map(drop)
}

/// Lets a source follow, or not any more.
pub async fn run(id: &str, running: bool) -> Result<(), Problem> {
    api::post(&at(id, if running { "/start" } else { "/stop" }), "{}").await.map(drop)
}

/// Looks at what a source with these settings would bring; nothing of it is published.
pub async fn test(body: &str) -> Result<Trial, Problem> {
    let url = format!("/api/sources/test?count={SHOWN}");
    let answer = api::text("POST", &url, Payload::Json(body), PATIENCE_FOR_TESTS).await?;
    read::parse(&answer).as_ref().map(read_trial).ok_or_else(unreadable)
}

/// The address of a source. Its id is legal there as it is.
fn at(id: &str, rest: &str) -> String {
    format!("/api/sources/{id}{rest}")
}

/// Reads the sources of a room; what cannot be read is left out.
pub fn read_sources(value: &JsValue) -> Vec<Followed> {
    read::list(value, "sources", read_source)
}

fn read_source(value: &JsValue) -> Option<Followed> {
    let text = |name| read::text(value, name).unwrap_or_default();
    let auth = read::get(value, "auth");
    let source = Source {
        id: read::text(value, "id")?,
        name: text("name"),
        kind: Kind::from_name(&text("kind"))?,
        url: text("url"),
        format: Format::from_name(&text("format")).unwrap_or(Format::Own),
        map: read_map(&read::get(value, "map")),
        auth: AuthKind::from_name(&read::text(&auth, "kind").unwrap_or_default())
            .unwrap_or_default(),
        user: read::text(&auth, "user").unwrap_or_default(),
        has_secret: read::truth(value, "has_secret"),
        headers: read::list(value, "headers", |header| read::text(header, "name")),
        topics: texts(value, "topics"),
        topics_as: TopicsAs::from_name(&text("topics_as")).unwrap_or_default(),
        topics_field: text("topics_field"),
        filter: read_filter(&read::get(value, "filter")),
        approval: read::truth(value, "approval"),
        per_minute: read::whole(value, "per_minute"),
        every: read::whole(value, "every"),
        running: read::truth(value, "running"),
    };
    Some(Followed { source, state: read_state(&read::get(value, "state")) })
}

fn texts(value: &JsValue, name: &str) -> Vec<String> {
    read::list(value, name, JsValue::as_string)
}

fn read_filter(value: &JsValue) -> Filter {
    Filter {
        words: texts(value, "words"),
        languages: texts(value, "languages"),
        blocked: texts(value, "blocked"),
        repeats: read::truth(value, "repeats"),
    }
}

fn read_map(value: &JsValue) -> Map {
    let text = |name| read::text(value, name).unwrap_or_default();
    let fields = read::get(value, "fields");
    let place = |name: String| Some((name.clone(), read::text(&fields, &name)?));
    Map {
        kind: text("kind"),
        fields: names(&fields).into_iter().filter_map(place).collect(),
        id: text("id"),
        at: text("at"),
        lang: text("lang"),
        author: text("author"),
    }
}

/// The names of an object's fields, in their order.
fn names(value: &JsValue) -> Vec<String> {
    let Some(object) = value.dyn_ref::<Object>() else { return Vec::new() };
    Object::keys(object).iter().filter_map(|name| name.as_string()).collect()
}

fn read_state(value: &JsValue) -> State {
    let number = |name| read::whole(value, name).unwrap_or_default();
    let moment = |value: &JsValue, name: &str| {
        read::whole(value, name).and_then(|at| i64::try_from(at).ok())
    };
    let dropped = read::get(value, "dropped");
    let reason = |name: String| Some((name.clone(), read::whole(&dropped, &name)?));
    let error = read::get(value, "error");
    State {
        phase: read::text(value, "state")
            .and_then(|name| Phase::from_name(&name))
            .unwrap_or_default(),
        next: moment(value, "next"),
        per_minute: read::get(value, "per_minute").as_f64().unwrap_or_default(),
        lag: read::whole(value, "lag"),
        last_at: moment(value, "last_at"),
        seen: number("seen"),
        published: number("published"),
        held: number("held"),
        dropped: names(&dropped).into_iter().filter_map(reason).collect(),
        error: read::text(&error, "text")
            .map(|text| (text, moment(&error, "at").unwrap_or_default())),
    }
}

/// Reads the maps that formats bring along: a list, or an object by their names.
pub fn read_formats(value: &JsValue) -> Vec<(Format, Map)> {
    read::list(value, "formats", |format| {
        let name = read::text(format, "format")?;
        Some((Format::from_name(&name)?, read_map(&read::get(format, "map"))))
    })
}

/// Reads what a test came to.
pub fn read_trial(value: &JsValue) -> Trial {
    Trial {
        connected: read::truth(value, "connected"),
        seen: read::whole(value, "seen").unwrap_or_default(),
        malformed: read::whole(value, "malformed").unwrap_or_default(),
        items: read::list(value, "items", read_tried),
        error: read::text(value, "error").filter(|error| !error.is_empty()),
        timed_out: read::truth(value, "timed_out"),
    }
}

fn read_tried(value: &JsValue) -> Option<Tried> {
    let kind = read::text(value, "kind");
    let data = read::get(value, "data");
    Some(Tried {
        record: if kind.is_none() { read::json(&data) } else { None },
        data: read::body(&kind.unwrap_or_default(), &data),
        html: read::text(value, "html"),
        would: match read::text(value, "would")?.as_str() {
            "publish" => Would::Publish,
            "hold" => Would::Hold,
            "drop" => Would::Drop,
            _ => return None,
        },
        why: read::text(value, "why"),
    })
}
