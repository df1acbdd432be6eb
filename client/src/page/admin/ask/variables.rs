//! Shared variables. (They are set and deleted by commands, and heard of by events.)

use super::at;
use crate::api::{self, Problem};
use crate::read::{self, Json};
use nowcast_shared::frame::Variable;
use nowcast_shared::id::RoomName;
use std::collections::BTreeMap;

/// The variables of a room as they are now.
pub async fn variables(room: &RoomName) -> Result<BTreeMap<String, Variable<Json>>, Problem> {
    let answer = api::get(&at(room, "/vars")).await?;
    Ok(read::chat::variables(&read::get(&answer, "variables")))
}
