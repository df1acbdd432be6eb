//! Items that wait for approval.

use super::at;
use crate::api::{self, PATIENCE, Payload, Problem};
use crate::page::admin::json;
use crate::read::{self, Json};
use nowcast_shared::id::{ItemId, RoomName};
use nowcast_shared::item::Body;

/// An item that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its name in the queue.
    pub id: String,
    /// Since when it waits, in Unix milliseconds.
    pub at: i64,
    /// What the source is called that brought it.
    pub source: String,
    /// Of which kind it will be.
    pub kind: String,
    /// What viewers will see.
    pub body: Body,
    /// The HTML of that, where the kind has any.
    pub html: Option<String>,
    /// The same to the letter, so that nothing is lost where it is published later after all.
    pub data: Json,
}

/// What waits, and how much of it there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Oldest first.
    pub waiting: Vec<Queued>,
    /// How many there are in all.
    pub count: u64,
}

/// What waits, oldest first.
pub async fn queue(room: &RoomName) -> Result<Queue, Problem> {
    let answer = api::text("GET", &at(room, "/queue"), Payload::Nothing, PATIENCE).await?;
    Ok(read_queue(&answer))
}

/// Publishes what waited: the item that came of it.
pub async fn approve(room: &RoomName, id: &str) -> Result<Option<ItemId>, Problem> {
    let answer = api::post(&at(room, &format!("/queue/{id}")), "{}").await?;
    Ok(read::text(&answer, "id").map(ItemId))
}

/// Turns down what waited.
pub async fn turn_down(room: &RoomName, id: &str) -> Result<(), Problem> {
    api::delete(&at(room, &format!("/queue/{id}"))).await.map(drop)
}

/// Turns down all that waits.
pub async fn turn_all_down(room: &RoomName) -> Result<(), Problem> {
    api::delete(&at(room, "/queue")).await.map(drop)
}

/// Reads what waits from the text of an answer; what cannot be read is left out.
pub fn read_queue(answer: &str) -> Queue {
    let waiting: Vec<Queued> =
        json::elements(answer, &["waiting"]).iter().filter_map(|it| read_queued(it)).collect();
    let count = read::parse(answer).and_then(|value| read::whole(&value, "count"));
    Queue { count: count.unwrap_or(waiting.len() as u64), waiting }
}

fn read_queued(answer: &str) -> Option<Queued> {
    let value = read::parse(answer)?;
    let kind = read::text(&value, "kind")?;
    Some(Queued {
        id: read::text(&value, "id")?,
        at: read::whole(&value, "at").and_then(|at| at.try_into().ok()).unwrap_or_default(),
        source: read::text(&read::get(&value, "source"), "name").unwrap_or_default(),
        body: read::body(&kind, &read::get(&value, "data")),
        html: read::text(&value, "html"),
        data: Json(json::inside(answer, &["data"])?),
        kind,
    })
}
