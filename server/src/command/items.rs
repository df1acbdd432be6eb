//! Publishing, editing and deleting items.

use super::{Caller, Done, keep};
use crate::app::App;
use crate::error::Problem;
use crate::item;
use crate::log::{Change, Once, Room};
use crate::policy::{Action, may};
use nowcast_shared::id::ItemId;
use nowcast_shared::item::NewItem;
use serde_json::Value;
use std::sync::Arc;

pub(super) async fn publish(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    item: NewItem<Value>,
    once: Option<Once>,
) -> Result<Done, Problem> {
    may(caller.actor, Action::Publish, room.name(), app.open)?;
    let item::Content { kind, data, html } = item::check(item, app.limits.max_item).await?;
    keep(app, room, caller, Change::Publish { kind, data, html }, once).await
}

pub(super) async fn edit(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    item: ItemId,
    data: Value,
    once: Option<Once>,
) -> Result<Done, Problem> {
    // Strangers are sent away before anything is looked up.
    may(caller.actor, Action::Publish, room.name(), app.open)?;
    let Some(head) = app.log.item(room, &item).await? else {
        return gone(app, room, caller, item, once).await;
    };
    may(caller.actor, Action::Change { owner: &head.owner }, room.name(), app.open)?;
    let new = NewItem { kind: head.kind, data };
    let item::Content { data, html, .. } = item::check(new, app.limits.max_item).await?;
    keep(app, room, caller, Change::Edit { item, data, html }, once).await
}

pub(super) async fn delete(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    item: ItemId,
    once: Option<Once>,
) -> Result<Done, Problem> {
    may(caller.actor, Action::Publish, room.name(), app.open)?;
    let Some(head) = app.log.item(room, &item).await? else {
        return gone(app, room, caller, item, once).await;
    };
    may(caller.actor, Action::Change { owner: &head.owner }, room.name(), app.open)?;
    keep(app, room, caller, Change::Delete { item }, once).await
}

/// The item is not there. A repeat finds the answer to the first, which may have been the last of
/// this item; anything else is refused.
async fn gone(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    item: ItemId,
    once: Option<Once>,
) -> Result<Done, Problem> {
    if once.is_none() {
        return Err(Problem::unknown_item());
    }
    keep(app, room, caller, Change::Delete { item }, once).await
}
