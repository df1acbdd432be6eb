//! Shared variables: setting and unsetting them.

use super::{Caller, Done, keep};
use crate::app::App;
use crate::error::Problem;
use crate::log::{Change, Expect, Once, Room, VariableChange};
use crate::policy::{Action, may};
use nowcast_shared::error::Code;
use nowcast_shared::offset::Offset;
use nowcast_shared::variable::{MOST_NAME, is_listed, is_name};
use serde_json::Value;
use std::sync::Arc;

/// What a command's `version` asks for.
pub(super) fn expect(version: Option<u64>) -> Expect {
    match version {
        None => Expect::Anything,
        Some(0) => Expect::Nothing,
        Some(version) => Expect::Version(Offset(version)),
    }
}

/// Gives a variable a value, if what is expected is so.
pub async fn set(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    (name, value): (String, Value),
    expect: Expect,
    once: Option<Once>,
) -> Result<Done, Problem> {
    allowed(app, room, caller, &name)?;
    let value = serde_json::value::to_raw_value(&value)
        .map_err(|_| Problem::new(Code::BadJson, "This value cannot be written as JSON."))?;
    let change = VariableChange::Set { name, value, expect };
    keep(app, room, caller, Change::Variable(change), once).await
}

/// Takes a variable away, if what is expected is so.
pub async fn unset(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    name: String,
    expect: Expect,
    once: Option<Once>,
) -> Result<Done, Problem> {
    allowed(app, room, caller, &name)?;
    let change = VariableChange::Unset { name, expect };
    keep(app, room, caller, Change::Variable(change), once).await
}

/// Refuses who may not write this variable, and what is no name of one.
pub fn allowed(app: &App, room: &Room, caller: &Caller<'_>, name: &str) -> Result<(), Problem> {
    let listed = is_listed(name, &room.settings().variables);
    may(caller.actor, Action::Variable { listed }, room.name(), app.open)?;
    check_name(name)
}

/// Refuses what is no name of a variable.
pub fn check_name(name: &str) -> Result<(), Problem> {
    if is_name(name) {
        return Ok(());
    }
    let detail =
        format!("A variable's name has 1 to {MOST_NAME} characters of A-Z, a-z, 0-9, _, . and -.");
    Err(Problem::new(Code::BadVariable, detail))
}
