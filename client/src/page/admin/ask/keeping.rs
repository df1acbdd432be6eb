//! How long a room keeps what happened in it.

use super::{at, unreadable};
use crate::api::{self, Problem};
use crate::page::admin::rooms::keeping_form::{Keeping, Kept};
use crate::read;
use crate::write::Object;
use nowcast_shared::id::RoomName;
use wasm_bindgen::JsValue;

/// What a room is to keep, and what it keeps now.
pub async fn keeping(room: &RoomName) -> Result<(Keeping, Kept), Problem> {
    read_keeping(&api::get(&at(room, "/keeping")).await?).ok_or_else(unreadable)
}

/// Sets what a room is to keep.
pub async fn keep(room: &RoomName, keeping: Keeping) -> Result<(Keeping, Kept), Problem> {
    let answer = api::put(&at(room, "/keeping"), &write_keeping(keeping)).await?;
    read_keeping(&answer).ok_or_else(unreadable)
}

fn write_keeping(keeping: Keeping) -> String {
    let number = |limit: Option<u64>| limit.map_or("null".to_owned(), |it| it.to_string());
    Object::new()
        .json("days", &number(keeping.days))
        .json("events", &number(keeping.events))
        .json("bytes", &number(keeping.bytes))
        .flag("statistics", keeping.statistics)
        .end()
}

/// Reads what a room is to keep and what it keeps.
pub fn read_keeping(value: &JsValue) -> Option<(Keeping, Kept)> {
    let kept = read::get(value, "kept");
    let keeping = Keeping {
        days: read::whole(value, "days"),
        events: read::whole(value, "events"),
        bytes: read::whole(value, "bytes"),
        statistics: read::get(value, "statistics").as_bool()?,
    };
    let kept = Kept {
        events: read::whole(&kept, "events").unwrap_or_default(),
        bytes: read::whole(&kept, "bytes").unwrap_or_default(),
        oldest: read::whole(&kept, "oldest").and_then(|at| at.try_into().ok()),
    };
    Some((keeping, kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeping_is_what_the_contract_says() {
        let keeping = Keeping { days: Some(30), events: None, bytes: Some(1), statistics: true };
        assert_eq!(
            write_keeping(keeping),
            r#"{"days":30,"events":null,"bytes":1,"statistics":true}"#
        );
    }
}
