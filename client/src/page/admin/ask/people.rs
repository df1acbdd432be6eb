//! People: who is here, who may not speak, what waits for approval, and a word to one of them.

use super::at;
use crate::api::{self, Problem};
use crate::read;
use crate::write::Object;
use nowcast_shared::id::{PublicId, RoomName, SaidId};
use wasm_bindgen::JsValue;

/// Somebody who is here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Somebody {
    /// Their public id.
    pub id: PublicId,
    /// What they go by; empty for none.
    pub name: String,
    /// As which user they are registered.
    pub user: Option<String>,
}

/// What an admin does to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SanctionKind {
    /// They may not speak.
    Mute,
    /// They may not be here.
    Block,
}

/// What somebody may not do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sanction {
    /// Who.
    pub person: PublicId,
    /// What.
    pub kind: SanctionKind,
    /// What they went by.
    pub name: Option<String>,
    /// Until when, in Unix milliseconds; for good if absent.
    pub until: Option<i64>,
}

/// The people of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Who is here.
    pub people: Vec<Somebody>,
    /// Who may not speak or not be here.
    pub sanctions: Vec<Sanction>,
}

/// Words that wait for approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Their name.
    pub id: SaidId,
    /// When they were said, in Unix milliseconds.
    pub at: i64,
    /// Who said them.
    pub by: PublicId,
    /// What that somebody goes by.
    pub name: String,
    /// Plain text.
    pub text: String,
}

/// Who is here, and who may not.
pub async fn roster(room: &RoomName) -> Result<Roster, Problem> {
    Ok(read_roster(&api::get(&at(room, "/people")).await?))
}

/// The words that wait for approval, oldest first.
pub async fn held(room: &RoomName) -> Result<Vec<Waiting>, Problem> {
    Ok(read_held(&api::get(&at(room, "/chat/held")).await?))
}

/// Lets words be said that waited.
pub async fn approve(room: &RoomName, id: &SaidId) -> Result<(), Problem> {
    api::post(&at(room, &format!("/chat/held/{id}")), "{}").await.map(drop)
}

/// Drops words that waited.
pub async fn turn_down(room: &RoomName, id: &SaidId) -> Result<(), Problem> {
    api::delete(&at(room, &format!("/chat/held/{id}"))).await.map(drop)
}

/// Sends something to one user in this room: how many pages it reached. `data` is JSON.
pub async fn push(room: &RoomName, to: &str, data: &str, keep: bool) -> Result<u64, Problem> {
    let answer = api::post("/api/push", &write_push(room, to, data, keep)).await?;
    Ok(read::whole(&answer, "delivered").unwrap_or_default())
}

fn write_push(room: &RoomName, to: &str, data: &str, keep: bool) -> String {
    Object::new()
        .text("destination", to)
        .json("data", data)
        .text("room", room.as_str())
        .flag_if("store", keep.then_some(true))
        .end()
}

/// Reads who is here; what cannot be read is left out.
pub fn read_roster(value: &JsValue) -> Roster {
    let people = read::list(value, "people", |somebody| {
        Some(Somebody {
            id: PublicId(read::text(somebody, "id")?),
            name: read::text(somebody, "name").unwrap_or_default(),
            user: read::text(somebody, "user").filter(|user| !user.is_empty()),
        })
    });
    let sanctions = read::list(value, "sanctions", |sanction| {
        Some(Sanction {
            person: PublicId(read::text(sanction, "person")?),
            kind: match read::text(sanction, "kind")?.as_str() {
                "mute" => SanctionKind::Mute,
                "block" => SanctionKind::Block,
                _ => return None,
            },
            name: read::text(sanction, "name").filter(|name| !name.is_empty()),
            until: read::whole(sanction, "until").and_then(|until| until.try_into().ok()),
        })
    });
    Roster { people, sanctions }
}

/// Reads the words that wait; what cannot be read is left out.
pub fn read_held(value: &JsValue) -> Vec<Waiting> {
    read::list(value, "held", |waiting| {
        let by = read::get(waiting, "by");
        Some(Waiting {
            id: SaidId(read::text(waiting, "id")?),
            at: read::whole(waiting, "at").and_then(|at| at.try_into().ok()).unwrap_or_default(),
            by: PublicId(by.as_string().or_else(|| read::text(&by, "id")).unwrap_or_default()),
            name: read::text(waiting, "name").unwrap_or_default(),
            text: read::text(waiting, "text")?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_what_the_contract_says() {
        let room = "main".parse().unwrap();
        assert_eq!(
            write_push(&room, "ana", "\"Come to the \\\"desk\\\"\"", true),
            r#"{"destination":"ana","data":"Come to the \"desk\"","room":"main","store":true}"#
        );
        assert_eq!(
            write_push(&room, "ana", "{\"seat\":7}", false),
            r#"{"destination":"ana","data":{"seat":7},"room":"main"}"#
        );
    }
}
