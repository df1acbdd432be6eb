//! Rooms: which there are, what they are set to, and who is invited.

use super::{at, unreadable};
use crate::api::{self, Problem};
use crate::page::admin::rooms::settings_form::RoomState;
use crate::read;
use crate::write::Object;
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use wasm_bindgen::JsValue;

/// A room, as the list of them has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its address.
    pub name: RoomName,
    /// What it is called.
    pub title: String,
    /// Whether one has to be invited.
    pub private: bool,
    /// How many have its page open.
    pub viewers: u64,
}

/// Every room.
pub async fn rooms() -> Result<Vec<Room>, Problem> {
    Ok(read_rooms(&api::get("/api/rooms").await?))
}

/// Makes a room of this title.
pub async fn make_room(room: &RoomName, title: &str) -> Result<(), Problem> {
    set_room(room, &Object::new().text("title", title).end()).await.map(drop)
}

/// Whether there is such a room already.
pub async fn is_there(room: &RoomName) -> Result<bool, Problem> {
    match api::get(&at(room, "")).await {
        Ok(_) => Ok(true),
        Err(problem) if problem.is(Code::UnknownRoom) => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Sets a room otherwise; `patch` is JSON of what is to change.
pub async fn set_room(room: &RoomName, patch: &str) -> Result<RoomState, Problem> {
    let answer = api::put(&at(room, ""), patch).await?;
    read_room_state(&answer).ok_or_else(unreadable)
}

/// The path of the invitation that lets people in, if there is one.
pub async fn invitation(room: &RoomName) -> Result<Option<String>, Problem> {
    Ok(read_invitation(&api::get(&at(room, "/invitation")).await?))
}

/// Makes a new invitation; the one before no longer works.
pub async fn invite_anew(room: &RoomName) -> Result<Option<String>, Problem> {
    Ok(read_invitation(&api::post(&at(room, "/invitation"), "{}").await?))
}

/// Takes the invitation away.
pub async fn uninvite(room: &RoomName) -> Result<(), Problem> {
    api::delete(&at(room, "/invitation")).await.map(drop)
}

/// Reads the list of rooms; what cannot be read is left out.
pub fn read_rooms(value: &JsValue) -> Vec<Room> {
    read::list(value, "rooms", |room| {
        Some(Room {
            name: read::text(room, "room")?.parse().ok()?,
            title: read::text(room, "title").unwrap_or_default(),
            private: read::truth(&read::get(room, "settings"), "private"),
            viewers: read::whole(room, "viewers").unwrap_or_default(),
        })
    })
}

fn read_room_state(value: &JsValue) -> Option<RoomState> {
    Some(RoomState {
        title: read::text(value, "title")?,
        settings: read::settings(&read::get(value, "settings")),
    })
}

fn read_invitation(value: &JsValue) -> Option<String> {
    read::text(value, "url").filter(|url| !url.is_empty())
}
