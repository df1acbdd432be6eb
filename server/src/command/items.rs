//! Publishing, editing and deleting items.

use super::{Caller, Done, Key, digest, keep};
use crate::app::App;
use crate::door;
use crate::error::Problem;
use crate::item;
use crate::log::{Appended, Change, Draft, Once, Room};
use crate::policy::{Action, may};
use nowcast_shared::command::Command;
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

/// An item, with what a repeat of it is recognised by.
pub type Keyed = (NewItem<Value>, Option<Key>);

/// Publishes many, kept in their order; what came of each.
pub async fn publish_all(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    items: Vec<Result<Keyed, Problem>>,
) -> Result<Vec<Result<Appended, Problem>>, Problem> {
    door::not_blocked(app, room, caller.actor)?;
    may(caller.actor, Action::Publish, room.name(), app.open)?;
    let (by, owner) = (app.auth.author(caller.actor), caller.actor.subject());
    let mut queued = Vec::with_capacity(items.len());
    for item in items {
        let draft = async {
            let (item, key) = item?;
            // As of a single one, so that a repeat is one whichever way it comes.
            let once = key.map(|key| key.once(digest(&Command::Publish { item: item.clone() })));
            let item::Content { kind, data, html } = item::check(item, app.limits.max_item).await?;
            let change = Change::Publish { kind, data, html };
            Ok(Draft { by: by.clone(), owner: owner.clone(), change, once })
        };
        queued.push(match draft.await {
            Ok(draft) => app.log.queue(room, draft).await.map_err(Problem::from),
            Err(problem) => Err(problem),
        });
    }
    let mut done = Vec::with_capacity(queued.len());
    for queued in queued {
        done.push(match queued {
            Ok(kept) => kept.await.map_err(Problem::from),
            Err(problem) => Err(problem),
        });
    }
    Ok(done)
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
